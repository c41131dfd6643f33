"""Encryption keys of the records, and the database's secret, which names files and signs the audit log.

Everything sealed is AES-256-GCM, an encryption that also refuses altered text (NIST SP 800-38D), with its place as
associated data: what was sealed for one patient does not open at another's place. The key is in the environment, or in
a file that it names, and never beside the data that it protects. Of several keys, separated by commas, the first seals
and all open, so that a key can be replaced while the records stay readable.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skinbeam_clinic.errors import clinic_error

__all__ = [
    "KEY_BYTES",
    "KEY_FILE_VARIABLE",
    "KEY_VARIABLE",
    "DatabaseSecret",
    "EncryptionKeys",
    "generate_key",
    "read_keys",
]

KEY_VARIABLE = "SKINBEAM_KEY"
KEY_FILE_VARIABLE = (
    "SKINBEAM_KEY_FILE"  # names a file that holds it, as systemd and container engines hand secrets over
)
KEY_BYTES = 32
_FORMAT = b"\x01"  # of what is sealed: form, name of the key, nonce, then ciphertext with its tag
_NAME_BYTES, _NONCE_BYTES = 4, 12


class EncryptionKeys:
    """Encrypts (seals) and decrypts (opens) data.

    Parameters
    ----------
    keys : of 32 bytes each; the first one seals.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._ciphers = {_key_name(key): AESGCM(key) for key in keys}
        self._first = _key_name(keys[0])

    def seal(self, data: bytes, place: str) -> bytes:
        """Return `data` encrypted, so that it opens only with this key and at this place."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + self._first + nonce + self._ciphers[self._first].encrypt(nonce, data, place.encode())

    def is_current(self, sealed: bytes) -> bool:
        """Return whether data were sealed as `seal` does it now; its first bytes are enough."""
        return sealed.startswith(_FORMAT + self._first)

    def open(self, sealed: bytes, place: str) -> bytes:
        """Return the decrypted data that was sealed for `place`.

        Raises
        ------
        WrongKeyError : none of these keys has sealed it.
        InputError : `altered-data`: it was altered after it was sealed, or was sealed for another place.
        """
        head = len(_FORMAT) + _NAME_BYTES
        form, name = sealed[: len(_FORMAT)], sealed[len(_FORMAT) : head]
        if form == _FORMAT and name not in self._ciphers:
            raise clinic_error("wrong-key", KEY_VARIABLE)
        try:
            if form != _FORMAT:
                raise InvalidTag
            nonce = sealed[head : head + _NONCE_BYTES]
            return self._ciphers[name].decrypt(nonce, sealed[head + _NONCE_BYTES :], place.encode())
        except (InvalidTag, ValueError):
            raise clinic_error("altered-data", place) from None


class DatabaseSecret:
    """The secret of one database, itself sealed by the key, from which file names and audit-log signatures are derived.

    Neither changes when the key is replaced, and nobody who has the database without the key can make either.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def signature(self, purpose: str, data: bytes) -> str:
        """Return the HMAC-SHA256 of `data` for one purpose, in hex."""
        own = hmac.digest(self._secret, purpose.encode(), hashlib.sha256)
        return hmac.new(own, data, hashlib.sha256).hexdigest()


def generate_key() -> str:
    """Return a new random key in the form for the environment variable."""
    return base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def read_keys(environment: Mapping[str, str]) -> EncryptionKeys:
    """Return the keys of an environment.

    Raises
    ------
    InputError : there is none, its file cannot be read, or one is not 32 bytes in urlsafe base64.
        The hint contains a fresh one.
    """
    written = environment.get(KEY_VARIABLE, "").strip() or _read_key_file(environment.get(KEY_FILE_VARIABLE, ""))
    if not written:
        raise clinic_error("no-key", KEY_VARIABLE, hint={"line": f"export {KEY_VARIABLE}={generate_key()}"})
    try:
        keys = [base64.b64decode(key.strip(), altchars=b"-_", validate=True) for key in written.split(",")]
    except (binascii.Error, ValueError):
        keys = [b""]
    if any(len(key) != KEY_BYTES for key in keys):
        raise clinic_error("bad-key", KEY_VARIABLE, hint={"line": f"export {KEY_VARIABLE}={generate_key()}"})
    return EncryptionKeys(keys)


def _read_key_file(path: str) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise clinic_error("no-key-file", KEY_FILE_VARIABLE, reason=reason) from None


def _key_name(key: bytes) -> bytes:
    return hashlib.sha256(b"skinbeam name of key" + key).digest()[:_NAME_BYTES]
