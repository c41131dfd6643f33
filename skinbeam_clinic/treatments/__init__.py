"""Treatments: checklist, orders, fired pulses, adverse events."""
