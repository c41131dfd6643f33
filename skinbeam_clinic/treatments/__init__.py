"""Treatments: checklist, orders, what was fired, adverse events."""
