"""The card in a photograph: the common chart of 24 patches is found by itself, and its colours correct the picture."""
