"""Search for the dose of a setting: targets, limits, published practice, drawn skins, and candidates."""
