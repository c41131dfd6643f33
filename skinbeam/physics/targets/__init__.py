"""Absorbing targets of light in skin: blood vessels and melanosomes."""
