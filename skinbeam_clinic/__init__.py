"""The clinic's app: sign-in, people, patients, consultations, plans, consent, trail. Holds no rule and no formula."""
