"""Fit the error of computed burn doses to published doses, and check the fit. Not shipped."""
