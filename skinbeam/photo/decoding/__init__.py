"""Decode photographs in a separate process, and return them upright, in sRGB and without metadata."""
