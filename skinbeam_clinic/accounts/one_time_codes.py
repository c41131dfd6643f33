"""One-time codes by the clock (RFC 6238) and recovery codes.

A one-time code has six digits and changes every 30 seconds; each is valid for one use. The ten recovery codes are each
valid for one sign-in, when the telephone with the one-time codes is lost. A recovery code has 120 random bits and is
stored as a signature with the database's own secret, so that neither a guess nor a stolen table finds it; slow hashes
are for passwords, which people make up.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Sequence

import pyotp

from skinbeam_clinic.database import tables
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.encryption import DatabaseSecret
from skinbeam_clinic.database.transaction import ClinicTransaction

__all__ = [
    "generate_recovery_codes",
    "match_time_step",
    "save_recovery_codes",
    "use_recovery_code",
]

_STEP_TOLERANCE = 1  # time steps by which the clock of a telephone may be wrong


def match_time_step(secret: str, code: str, *, after: int | None) -> int | None:
    """Return the time step that a code belongs to; None where it is wrong, or not later than the step `after`."""
    codes = pyotp.TOTP(secret)
    current = int(time.time()) // codes.interval
    written = "".join(code.split())
    for step in range(current - _STEP_TOLERANCE, current + _STEP_TOLERANCE + 1):
        fits = hmac.compare_digest(codes.at(step * codes.interval).encode(), written.encode())
        if fits and (after is None or step > after):
            return step
    return None


_CODE_COUNT = 10
_CODE_BYTES, _GROUP = 15, 4


def generate_recovery_codes() -> tuple[str, ...]:
    """Return new recovery codes in the form in which a person writes them down."""
    plain = (base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower() for _ in range(_CODE_COUNT))
    return tuple("-".join(code[i : i + _GROUP] for i in range(0, len(code), _GROUP)) for code in plain)


def save_recovery_codes(work: ClinicTransaction, secret: DatabaseSecret, member_id: str, codes: Sequence[str]) -> None:
    """Store new recovery codes of a member; earlier ones become invalid."""
    signatures = [_code_signature(secret, member_id, code) for code in codes]
    row = work.find(tables.RecoveryRow, member_id) or work.new_row(tables.RecoveryRow, id=member_id)
    row.signatures, row.made_at = signatures, now()
    work.save(row, "recovery.made")


def use_recovery_code(work: ClinicTransaction, secret: DatabaseSecret, member_id: str, code: str) -> bool:
    """Return whether this is an unused recovery code of the member, and mark it as used."""
    row, sent = work.find(tables.RecoveryRow, member_id), _code_signature(secret, member_id, code)
    left = (
        [] if row is None else [signature for signature in row.signatures if not hmac.compare_digest(signature, sent)]
    )
    if row is None or len(left) == len(row.signatures):
        return False
    row.signatures = left
    work.save(row, "sign-in.recovery")
    return True


def _code_signature(secret: DatabaseSecret, member_id: str, code: str) -> str:
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())
    return secret.signature("recovery", f"{member_id}\n{plain}".encode())
