"""The makers of the computed tables."""
