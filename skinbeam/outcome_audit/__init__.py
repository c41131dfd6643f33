"""What a clinic's outcomes say of what was foretold to its patients: pure statistics over frozen records."""
