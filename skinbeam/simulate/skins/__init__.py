"""Draws of skin: their summaries, their grids, the kinetics drawn with them, and how they look."""
