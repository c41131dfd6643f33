"""The public demonstration form: plans without stored records."""
