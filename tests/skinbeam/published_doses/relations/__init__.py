"""What a laser dermatologist expects of a plan, as relations: a sentence, its sources, its cases and a check."""
