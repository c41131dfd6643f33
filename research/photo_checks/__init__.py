"""Checks of photo analysis: accuracy by skin colour, and a sheet of portraits for inspection by eye."""
