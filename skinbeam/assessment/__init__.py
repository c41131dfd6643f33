"""Assessment of a person: answers to the questionnaire, medicines, risks, photograph, and weighted draws of skin."""
