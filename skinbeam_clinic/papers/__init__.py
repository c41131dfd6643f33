"""Papers for patients and their doctors: a card of appointments, and a letter to the family doctor."""
