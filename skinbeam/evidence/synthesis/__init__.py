"""The hierarchical model of the trials: its design columns, its posterior draws, and predictions for new clinics."""
