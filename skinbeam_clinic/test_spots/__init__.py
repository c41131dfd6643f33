"""Test spots: pulses that were fired and the reactions of the skin."""
