"""Statistics that compare predicted with observed outcomes of a clinic's patients: pure functions of frozen records."""
