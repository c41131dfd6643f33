"""Recovery codes: ten, each good for one sign-in when the telephone with the one-time codes is lost.

A code has 60 random bits and is kept as a signature with the database's own secret, so that neither a guess nor a
stolen table finds it; a slow hash is for passwords, which people make up.
"""

import base64
import hmac
import secrets
from collections.abc import Sequence

from skinbeam.records.store import tables
from skinbeam.records.store.columns import now
from skinbeam.records.store.keys import Secret
from skinbeam.records.store.work import Work

__all__ = ["fresh_codes", "keep_codes", "spend_code"]

_COUNT = 10
_CHARACTERS, _GROUP = 12, 4


def fresh_codes() -> tuple[str, ...]:
    """Return new codes as a person writes them down."""
    plain = (base64.b32encode(secrets.token_bytes(10)).decode().lower()[:_CHARACTERS] for _ in range(_COUNT))
    return tuple("-".join(code[i : i + _GROUP] for i in range(0, _CHARACTERS, _GROUP)) for code in plain)


def keep_codes(work: Work, secret: Secret, member_id: str, codes: Sequence[str]) -> None:
    """Keep new codes of a member; those before are good for nothing."""
    signatures = [_signature(secret, member_id, code) for code in codes]
    row = _row(work, member_id) or tables.Recovery(clinic_id=work.clinic_id, id=member_id)
    row.signatures, row.made_at = signatures, now()
    work.keep(row, "recovery.made")


def spend_code(work: Work, secret: Secret, member_id: str, code: str) -> bool:
    """Return whether this is a code of the member's; it is none from now on."""
    row, sent = _row(work, member_id), _signature(secret, member_id, code)
    left = [] if row is None else [one for one in row.signatures if not hmac.compare_digest(one, sent)]
    if row is None or len(left) == len(row.signatures):
        return False
    row.signatures = left
    work.keep(row, "sign-in.recovery")
    return True


def _row(work: Work, member_id: str) -> tables.Recovery | None:
    found = work.rows(tables.Recovery, tables.Recovery.id == member_id)
    return found[0] if found else None


def _signature(secret: Secret, member_id: str, code: str) -> str:
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())
    return secret.signature("recovery", f"{member_id}\n{plain}".encode())
