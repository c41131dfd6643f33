"""Consents to a plan: what was explained, signed, withdrawn."""
