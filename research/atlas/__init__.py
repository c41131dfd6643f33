"""The atlas of settings: the planned setting for each skin, beside the textbook setting for all skins alike."""
