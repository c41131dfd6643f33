"""Appointments of a clinic, the visits that a plan requires, calendar feeds, and reminders."""
