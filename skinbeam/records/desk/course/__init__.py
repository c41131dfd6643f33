"""Drawers of what is done at the patient before and after consent."""
