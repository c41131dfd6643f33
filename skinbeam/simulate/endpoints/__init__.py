"""Endpoints of a pulse: for each, the dose or time at which sampled skins reach it."""
