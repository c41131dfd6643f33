"""Fit the evidence model: `make evidence`, `make evidence-report`. It is not needed for a consultation."""
