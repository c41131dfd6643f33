"""What is kept of a token that opens something: its hash.

A token has 256 random bits, so that nothing is gained by trying; a slow hash is for passwords, which people make up.
"""

import hashlib
import secrets

__all__ = ["hash_of", "random_token"]


def random_token() -> str:
    """Return what nobody can guess."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
