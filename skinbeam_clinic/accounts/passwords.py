"""Passwords: how long, how hashed, how checked without telling who exists.

Length is what counts, and no rule about kinds of characters is made (NIST SP 800-63B, section 5.1.1.2). Argon2id makes
each guess cost memory and time; a check of a name that nobody has costs the same.
"""

import os
import threading
import unicodedata

from pwdlib import PasswordHash

from skinbeam.records.faults import fault

__all__ = ["SHORTEST", "Passwords", "check_password", "plain_name", "shown_name"]

SHORTEST, LONGEST = 12, 1024
LONGEST_NAME = 100
_AT_ONCE = max(1, (os.cpu_count() or 1) // 4)  # each check takes 64 MB and four processors; others wait for their turn


class Passwords:
    """Hashes and checks; holds a hash that belongs to nobody, for names that nobody has."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)
        self._nobodys = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash to keep."""
        with self._turn:
            return self._hasher.hash(_plain(password))

    def fits(self, password: str, kept: str | None) -> bool:
        """Tell whether a password is the one whose hash was kept; None takes as long and is never right."""
        if len(password) > LONGEST:
            return False
        with self._turn:
            right = self._hasher.verify(_plain(password), kept or self._nobodys)
        return right and kept is not None


def check_password(password: str, name: str) -> None:
    """Refuse a password that is too easy to guess.

    Raises
    ------
    InputError : too short, too long, or built on the name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise fault("password-length", "password", hint={"shortest": SHORTEST, "longest": LONGEST})
    rest = _plain(password).casefold().replace(plain_name(name), "")
    if len(rest) < SHORTEST // 2 or len(set(rest)) < SHORTEST // 3:
        raise fault("password-easy", "password")


def shown_name(name: str) -> str:
    """Return a name as it was typed, without the spaces around it.

    Raises
    ------
    InputError : it is empty, too long, or holds signs that do not show.
    """
    shown = unicodedata.normalize("NFKC", name).strip()
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise fault("bad-name", "name", hint={"longest": LONGEST_NAME})
    return shown


def plain_name(name: str) -> str:
    """Return a name as it is compared, in small letters.

    Raises
    ------
    InputError : as for `shown_name`.
    """
    return shown_name(name).casefold()


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
