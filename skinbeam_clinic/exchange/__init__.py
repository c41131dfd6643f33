"""A clinic's records as standard documents and back: FHIR, DICOM, and tables for statistics."""
