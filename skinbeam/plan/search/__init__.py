"""The search of one setting: targets, limits, skins, and the dose between what reaches and what harms."""
