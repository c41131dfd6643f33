"""Password rules, hashing and checking, without revealing which names exist.

Length is what counts, and no rule about kinds of characters is made (NIST SP 800-63B, section 5.1.1.2); what is known
from leaks is refused. Argon2id makes each guess cost memory and time; a name that does not exist costs the same. What
is hashed is a signature of the password with the database's own secret, which lies there sealed, as that section
recommends: whoever has the hashes without the key of the records can check no guess at all.
"""

import os
import threading
import unicodedata

from pwdlib import PasswordHash
from zxcvbn import zxcvbn

from skinbeam_clinic.database.encryption import DatabaseSecret
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "PasswordHasher",
    "check_password",
    "display_name",
    "is_easy",
    "is_unsigned",
    "measure_strength",
    "normalize_name",
]

_SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128
_LONGEST_CHECKED = 1024  # characters; earlier versions accepted passwords of this length
_JUDGED_LENGTH = 72  # characters; the time of an estimate grows with the square
STRONGEST = 4  # score of 10¹⁰ guesses and more; each costs a thief of the database one slow hash
_OUR_NAME = "skinbeam"
LONGEST_NAME = 100
_SIGNED_FIRST = "signed:"  # before hashes of a signature
_PARALLEL_HASHES = max(1, (os.cpu_count() or 1) // 4)  # each check takes 64 MB and four processors; further ones wait


class PasswordHasher:
    """Hashes and checks passwords; names that do not exist are checked against a dummy hash."""

    def __init__(self) -> None:
        self._hasher = PasswordHash.recommended()
        self._turn = threading.BoundedSemaphore(_PARALLEL_HASHES)
        self._dummy_hash = _SIGNED_FIRST + self._hasher.hash("nobody has this password")

    def hash(self, password: str, secret: DatabaseSecret) -> str:
        """Return the hash to store."""
        with self._turn:
            return _SIGNED_FIRST + self._hasher.hash(_sign_password(password, secret))

    def verify(self, password: str, hashed: str | None, secret: DatabaseSecret) -> bool:
        """Return whether a password fits the stored hash; without one the check takes as long and fails."""
        if len(password) > _LONGEST_CHECKED:
            return False
        stored = hashed or self._dummy_hash
        known = _normalize_password(password) if is_unsigned(stored) else _sign_password(password, secret)
        with self._turn:
            right = self._hasher.verify(known, stored.removeprefix(_SIGNED_FIRST))
        return right and hashed is not None


def is_unsigned(hashed: str) -> bool:
    """Return whether a hash is that of the password alone, as earlier versions stored it."""
    return not hashed.startswith(_SIGNED_FIRST)


def check_password(password: str, *names: str) -> None:
    """Refuse a password that is too easy to guess.

    Parameters
    ----------
    names : of the member and of the clinic.

    Raises
    ------
    InputError : too short, too long, or guessed soon from names and from what leaks and keyboards hold.
    """
    if not _SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise clinic_error(
            "password-length", "password", hint={"shortest": _SHORTEST_PASSWORD, "longest": LONGEST_PASSWORD}
        )
    if is_easy(password, *names):
        raise clinic_error("password-easy", "password")


def is_easy(password: str, *names: str) -> bool:
    """Return whether a password is guessed soon from names and from what leaks and keyboards hold.

    Parameters
    ----------
    names : as for `check_password`.
    """
    return _score(password, *names) < STRONGEST


def measure_strength(password: str, *names: str) -> tuple[int, str]:
    """Return how strong a new password is, up to `STRONGEST` where it would be accepted, and the end of a message id.

    Parameters
    ----------
    names : as for `check_password`.
    """
    score = _score(password, *names) if password else 0
    if not _SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return min(score, STRONGEST - 1), "short" if len(password) < _SHORTEST_PASSWORD else "long"
    return score, "easy" if score < STRONGEST else "good"


def _score(password: str, *names: str) -> int:
    judged = _normalize_password(password)[:_JUDGED_LENGTH]
    score: int = zxcvbn(judged, user_inputs=[*map(normalize_name, names), _OUR_NAME])["score"]
    return score


def display_name(name: str, *, field: str = "name") -> str:
    """Return a name as it was typed, without surrounding spaces.

    Parameters
    ----------
    field : what was named, for the error: `name` of a member, `clinic`.

    Raises
    ------
    InputError : it is empty, too long, or contains unprintable characters.
    """
    shown = unicodedata.normalize("NFKC", name).strip()
    if not shown or len(shown) > LONGEST_NAME or not shown.isprintable():
        raise clinic_error("bad-name", field, hint={"longest": LONGEST_NAME})
    return shown


def normalize_name(name: str) -> str:
    """Return a name in small letters, for comparison.

    Raises
    ------
    InputError : as for `display_name`.
    """
    return display_name(name).casefold()


def _normalize_password(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _sign_password(password: str, secret: DatabaseSecret) -> str:
    return secret.signature("password", _normalize_password(password).encode("utf-8", "surrogatepass"))
