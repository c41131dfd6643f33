"""One-time codes by the clock (RFC 6238): six digits, a new one every 30 seconds, each good for one use."""

import hmac
import time

import pyotp

__all__ = ["step_of"]

_EITHER_SIDE = 1  # steps that the clock of a telephone may be off


def step_of(secret: str, code: str, *, after: int | None) -> int | None:
    """Return the time step that a code belongs to; None where it is wrong, or not later than the step `after`."""
    codes = pyotp.TOTP(secret)
    current = int(time.time()) // codes.interval
    written = "".join(code.split())
    for step in range(current - _EITHER_SIDE, current + _EITHER_SIDE + 1):
        fits = hmac.compare_digest(codes.at(step * codes.interval).encode(), written.encode())
        if fits and (after is None or step > after):
            return step
    return None
