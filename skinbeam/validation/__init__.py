"""Comparison of the model with published experiments."""
