"""Patients' diaries after a treatment: the patient's page, the clinic's pages, and alarms with notification by mail."""
