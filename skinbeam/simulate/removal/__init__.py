"""Pulses that remove skin, full-field or in columns."""
