"""Who this is: questionnaire, weighted draws of this skin, risks."""
