"""A telephone with an app for one-time codes (RFC 6238)."""

import time

import pyotp

__all__ = ["Telephone"]


class Telephone:
    """Shows codes of the key that it read last, each of them once.

    A code that was used is not taken again, and the next one comes only after half a minute. The app takes codes of a
    telephone that is a step of 30 s ahead, so this one is, when it was asked for two codes in a row.
    """

    def __init__(self) -> None:
        self._codes = pyotp.TOTP(pyotp.random_base32())
        self._last_step = 0

    def scan(self, key: str) -> None:
        """Read a key from the screen."""
        self._codes, self._last_step = pyotp.TOTP(key), 0

    def code(self) -> str:
        """Return the next code."""
        self._last_step = max(self._last_step + 1, int(time.time()) // self._codes.interval)
        return self._codes.at(self._last_step * self._codes.interval)
