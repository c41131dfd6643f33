"""Expected results in a new clinic: improvement, harms, durability, warnings, and reasons for abstaining."""
