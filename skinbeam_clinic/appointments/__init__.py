"""Appointments of a clinic, the visits that a plan requires, and calendar feeds."""
