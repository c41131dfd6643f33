"""An atlas of settings: what a plan chooses for each skin, beside what is published for all skins alike."""
