"""Patients of a clinic: list, history, timeline, and erasure."""
