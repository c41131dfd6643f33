"""Documents about patients: clinical notes, and attachments such as a referral letter or a laboratory result."""
