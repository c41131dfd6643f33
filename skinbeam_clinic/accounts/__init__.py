"""Accounts: members of a clinic, passwords, one-time codes, passkeys, OpenID Connect, sessions and API tokens."""
