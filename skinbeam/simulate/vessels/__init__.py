"""Vessels in a pulse: temperatures of lumen and wall, heated blood, and the endpoints of vessels."""
