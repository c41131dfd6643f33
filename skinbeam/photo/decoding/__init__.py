"""Brings a photograph in: decoded apart from everything else, upright, in sRGB, without its metadata."""
