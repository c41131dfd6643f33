"""Published experiments, posed to the model and judged."""
