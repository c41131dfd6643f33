"""Thermal damage: Arrhenius rates, their combination, damage thresholds, and blood flow that stops with damage."""
