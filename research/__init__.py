"""Fits, makers of derived tables, virtual people, the atlas and checks of fairness; nothing here ships."""
