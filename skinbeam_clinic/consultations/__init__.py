"""Consultations: their form, answers, photographs and suggested concerns."""
