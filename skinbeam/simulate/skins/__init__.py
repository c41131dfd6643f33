"""Sampled skins: cached draws, depth grids, tissue kinetics and summaries of weighted draws."""
