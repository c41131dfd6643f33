"""Appointments of a clinic, the visits that a plan asks for, and calendar feeds."""
