"""Consents to a plan: explanation, teach-back, signature, withdrawal."""
