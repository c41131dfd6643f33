"""The course of a treatment in the app: machines, and what is done at the patient after consent."""
