"""The clinic's own machines and their checks."""
