"""Simulation of one laser pulse on many sampled skins: light, heat, damage, endpoints and threshold doses."""
