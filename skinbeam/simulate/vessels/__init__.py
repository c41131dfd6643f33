"""Vessels in a pulse: lumen and wall, blood that heats, and the ends of a vessel."""
