"""Patients: list, history, timeline, copies, erasure."""
