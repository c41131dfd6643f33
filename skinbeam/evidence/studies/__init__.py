"""Trials of laser treatment: the table of their arms, and what each counted."""
