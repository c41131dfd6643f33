"""The clinic's web application: sign-in, members, patients, consultations, plans, consents and the audit log.

It contains no medical rule and no formula; those are in `skinbeam`.
"""
