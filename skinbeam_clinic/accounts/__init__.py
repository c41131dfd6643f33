"""Who may come in: members of a clinic, their passwords and one-time codes, their sessions."""
