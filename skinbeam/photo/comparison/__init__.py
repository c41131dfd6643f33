"""Comparison of two photographs of one face: registration, matching of illumination, and changes between them."""
