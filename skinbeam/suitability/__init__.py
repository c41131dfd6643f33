"""Rules of treatment: the rule table, the judgement of a case, bounds on settings, earlier reactions, explanations."""
