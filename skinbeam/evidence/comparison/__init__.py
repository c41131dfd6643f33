"""Comparison of two treatments: direct comparisons in trials, and the predicted difference in new clinics."""
