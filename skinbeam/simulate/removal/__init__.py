"""Pulses that remove or coagulate skin: full-field ablation and the microlesions of fractional beams."""
