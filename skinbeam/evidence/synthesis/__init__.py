"""The hierarchical model of the trials: its columns, its posterior, and what a new clinic would see."""
