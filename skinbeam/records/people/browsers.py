"""Browsers that members have signed in from before, each told by a text of ours that it holds.

A stranger who knows a name can use up no more than the attempts that all unknown browsers share: who has signed in from
a browser before has attempts of their own there (OWASP, "Slow down online guessing attacks with device cookies").
The text lets nobody in. It names nobody either: it is a random name of the browser, then a signature for each member.
"""

import hmac
import re
import secrets

from skinbeam.records.store.keys import Secret

__all__ = ["known_browser", "with_member"]

_MOST_MEMBERS = 10  # who signs in at one browser; who has not for longest is forgotten first
_NAME = re.compile(r"[0-9a-f]{32}")


def known_browser(secret: Secret, text: str, clinic: str, name: str) -> str:
    """Return the name of the browser that holds `text` if that member has signed in from it; else an empty one.

    Parameters
    ----------
    clinic, name : of the member, in small letters.
    """
    browser, *signatures = text.split(".")
    due = _signature(secret, browser, clinic, name).encode()
    return browser if any(hmac.compare_digest(due, one.encode()) for one in signatures[:_MOST_MEMBERS]) else ""


def with_member(secret: Secret, text: str, clinic: str, name: str) -> str:
    """Return what a browser shall hold after that member has signed in from it."""
    browser, *signatures = text.split(".")
    if not _NAME.fullmatch(browser):
        browser, signatures = secrets.token_hex(16), []
    mine = _signature(secret, browser, clinic, name)
    return ".".join([browser, mine, *(one for one in signatures if one != mine)][: 1 + _MOST_MEMBERS])


def _signature(secret: Secret, browser: str, clinic: str, name: str) -> str:
    return secret.signature("browser", "\n".join((browser, clinic, name)).encode())
