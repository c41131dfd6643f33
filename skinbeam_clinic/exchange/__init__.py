"""Exchange of a clinic's records: FHIR, DICOM, a patient's copy, and tables for statistics."""
