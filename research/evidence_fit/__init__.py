"""Fits the evidence model: `make evidence`, `make evidence-report`. Nothing here runs in a consultation."""
