"""What the settings of a machine do in the skins of one person: goals, limits, thresholds, published ranges."""
