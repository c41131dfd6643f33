"""Figures of reports, of the commands that compute curves, and of the outcome audit."""
