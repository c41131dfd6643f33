"""Where skin, laser and physics meet: one pulse on many sampled skins."""
