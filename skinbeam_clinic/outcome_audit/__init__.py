"""Outcome audit: a clinic's observed outcomes compared with the predictions of its plans."""
