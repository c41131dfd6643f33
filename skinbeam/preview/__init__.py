"""Preview pictures of a planned treatment, computed from the findings of a photograph and the results of trials."""
