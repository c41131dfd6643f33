"""Detect and measure findings on the skin: kinds, counts, areas and contrasts."""
