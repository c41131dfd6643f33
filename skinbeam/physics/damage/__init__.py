"""Thermal damage: rates of first-order processes, their combinations, and blood flow that stops."""
