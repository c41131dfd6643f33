"""Accounts: members of a clinic, passwords, one-time codes, passkeys, sessions and API tokens."""
