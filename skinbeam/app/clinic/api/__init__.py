"""The API for other programs: a patient's records as FHIR R4B, read with a token and changed by nobody."""
