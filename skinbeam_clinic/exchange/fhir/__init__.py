"""FHIR R4B: a patient's records as a Bundle, and back."""
