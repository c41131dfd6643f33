"""One's own account: password, one-time codes with recovery codes, and passkeys."""

from collections.abc import Callable

import segno
from fastapi.responses import Response

from skinbeam.app.clinic.door.site import passkeys_work
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, as_json, status_of
from skinbeam.errors import InputError

__all__ = ["add_account"]


def add_account(gate: Gate) -> None:
    """Open the routes of the account."""
    gate.add("GET", "/account", _page)
    gate.add("POST", "/account/password", _password)
    gate.add("POST", "/account/codes", _codes)
    gate.add("POST", "/account/recovery", _recovery)
    gate.add("POST", "/account/passkeys", _add_passkey)
    gate.add("POST", "/account/passkeys/challenge", _passkey_challenge)
    gate.add("POST", "/account/passkeys/{passkey}/remove", _remove_passkey)


def _page(visit: Visit, error: InputError | None = None, address: str = "") -> Response:
    address = address or visit.accounts.new_codes()
    return visit.page(
        "account.html",
        200 if error is None else status_of(error),
        error=error,
        address=address,
        picture=_picture(address),
        left=visit.accounts.recovery_codes_left(),
        passkeys=visit.passkeys.all(),
        passkeys_here=passkeys_work(visit.request),
    )


def _picture(address: str) -> str:
    """The address for a telephone's camera; empty where it is too long for one, as of a very long name."""
    try:
        code = segno.make_qr(address, error="m")
    except segno.DataOverflowError:
        return ""
    return code.svg_data_uri(scale=4, dark="#000", light="#fff")  # telephones do not read white on black


def _password(visit: Visit) -> Response:
    return _done(visit, lambda: visit.accounts.change_password(visit.raw("old"), visit.raw("new")), "/sign-in")


def _codes(visit: Visit) -> Response:
    """Codes are kept once the telephone shows the right one; the key travels in the page and nowhere else."""
    address = visit.said("address")
    try:
        codes = visit.accounts.set_codes(address, visit.said("code"))
    except InputError as error:
        return _page(visit, error, address)
    visit.house.door.note_code(visit.signed.token)
    return visit.page("recovery.html", codes=codes)


def _recovery(visit: Visit) -> Response:
    try:
        codes = visit.accounts.new_recovery_codes()
    except InputError as error:
        return _page(visit, error)
    return visit.page("recovery.html", codes=codes)


def _passkey_challenge(visit: Visit) -> Response:
    return as_json(visit.passkeys.ask(visit.site, visit.said("name"), visit.raw("password")))


def _add_passkey(visit: Visit) -> Response:
    return _done(visit, lambda: visit.passkeys.add(visit.site, visit.said("name"), visit.said("answer")))


def _remove_passkey(visit: Visit) -> Response:
    visit.passkeys.remove(visit.path("passkey"))
    return visit.go("/account")


def _done(visit: Visit, change: Callable[[], object], then: str = "/account") -> Response:
    """Make a change, and go on, or show the account again with what was wrong."""
    try:
        change()
    except InputError as error:
        return _page(visit, error)
    return visit.go(then)
