"""Test spots: what was fired and how the skin answered."""
