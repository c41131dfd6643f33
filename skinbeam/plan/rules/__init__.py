"""Rules of treatment: the rule table, suitability, bounds on settings, earlier reactions, and explanations."""
