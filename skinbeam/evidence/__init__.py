"""Evidence from published trials: what improvement, harms and satisfaction patients may expect."""
