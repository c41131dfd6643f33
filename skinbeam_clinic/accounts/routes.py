"""Routes of sign-in and sign-out, of a member's own account, of the list of members, and of the audit log."""

import contextlib
from collections.abc import Callable

import segno
from fastapi import Request
from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.repository import list_clinics
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import MemberSession
from skinbeam_clinic.web.client import (
    BROWSER_COOKIE,
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    are_passkeys_available,
    drop_cookie,
    read_cookie,
    set_cookie,
)
from skinbeam_clinic.web.request import ClinicRequest, error_status, json_response
from skinbeam_clinic.web.routing import ClinicRouter
from skinbeam_clinic.web.security import preferred_language

__all__ = [
    "add_account_routes",
    "add_member_routes",
    "add_sign_in_routes",
    "select_language",
]


def select_language(request: Request) -> str:
    """Return the language that was chosen in this browser, or else the one that it requests."""
    chosen = read_cookie(request, LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else preferred_language(request)


def add_sign_in_routes(gate: ClinicRouter) -> None:
    """Add the routes of sign-in, sign-out and language."""
    gate.add("GET", "/sign-in", _show_sign_in)
    gate.add("POST", "/sign-in", _sign_in)
    gate.add("GET", "/sign-in/code", lambda visit: visit.page("code.html"))
    gate.add("POST", "/sign-in/code", _confirm_code)
    gate.add("POST", "/sign-out", _sign_out)
    gate.add("POST", "/language", _save_language)
    gate.add("POST", "/sign-in/passkey/challenge", _sign_in_challenge)
    gate.add("POST", "/sign-in/passkey", _sign_in_by_passkey)


def _show_sign_in(visit: ClinicRequest, error: InputError | None = None) -> Response:
    """Show the sign-in page.

    The clinic's name is filled in only where there is just one, since others' names are nobody's business.
    """
    known = list_clinics(visit.house.database)
    visit.who = None  # the page is rendered as for somebody who is not signed in
    status = 200 if error is None else error_status(error)
    said = {"house": visit.said("house"), "name": visit.said("name"), "only": known[0] if len(known) == 1 else ""}
    return visit.page("sign-in.html", status, error=error, passkeys_here=are_passkeys_available(visit.request), **said)


def _sign_in(visit: ClinicRequest) -> Response:
    browser = read_cookie(visit.request, BROWSER_COOKIE)
    try:
        signed = visit.house.door.sign_in(visit.said("house"), visit.said("name"), visit.raw("password"), browser)
    except InputError as error:
        return _show_sign_in(visit, error)
    return _begin_browser_session(visit, signed)


def _confirm_code(visit: ClinicRequest) -> Response:
    try:
        signed = visit.house.door.confirm(visit.signed.token, visit.said("code"))
    except InputError as error:
        return visit.page("code.html", error_status(error), error=error)
    return _begin_browser_session(visit, signed)


def _sign_in_challenge(visit: ClinicRequest) -> Response:
    return json_response(visit.house.passkeys.ask(visit.site))


def _sign_in_by_passkey(visit: ClinicRequest) -> Response:
    try:
        signed = visit.house.passkeys.sign_in(visit.site, visit.said("answer"))
    except InputError as error:
        return _show_sign_in(visit, error)
    return _begin_browser_session(visit, signed)


def _sign_out(visit: ClinicRequest) -> Response:
    visit.house.door.sign_out(visit.signed.token)
    gone = visit.redirect("/sign-in")
    drop_cookie(visit.request, gone, SESSION_COOKIE)
    return gone


def _save_language(visit: ClinicRequest) -> Response:
    """Store the language in a cookie, so that it applies before the sign-in too, and to anybody at this browser."""
    chosen = visit.said("language")
    if chosen not in LANGUAGES:
        raise InputError(
            "unknown-language",
            render_message("clinic-fault.language"),
            field="language",
            hint=render_message("clinic-fault.language-hint", {"names": list(LANGUAGES.values())}),
        )
    inside = visit.who is not None and not visit.who.code_due
    response = visit.redirect("/account" if inside else "/sign-in" if visit.who is None else "/sign-in/code")
    set_cookie(visit.request, response, LANGUAGE_COOKIE, chosen)
    return response


def _begin_browser_session(visit: ClinicRequest, signed: MemberSession) -> Response:
    """Set the session cookie, end the browser's previous session, and record that this member has used the browser."""
    if before := read_cookie(visit.request, SESSION_COOKIE):
        visit.house.door.sign_out(before)
    answer = visit.redirect("/sign-in/code" if signed.code_due else "/")
    set_cookie(visit.request, answer, SESSION_COOKIE, signed.token)
    known = visit.house.door.remember(read_cookie(visit.request, BROWSER_COOKIE), signed.member)
    set_cookie(visit.request, answer, BROWSER_COOKIE, known)
    return answer


# The member's own account: password, one-time codes with recovery codes, and passkeys.


def add_account_routes(gate: ClinicRouter) -> None:
    """Add the routes of the member's own account."""
    gate.add("GET", "/account", _show_account)
    gate.add("POST", "/account/password", _change_password)
    gate.add("POST", "/account/codes", _set_codes)
    gate.add("POST", "/account/recovery", _new_recovery_codes)
    gate.add("POST", "/account/passkeys", _add_passkey)
    gate.add("POST", "/account/passkeys/challenge", _new_passkey_challenge)
    gate.add("POST", "/account/passkeys/{passkey}/remove", _remove_passkey)


def _show_account(visit: ClinicRequest, error: InputError | None = None, address: str = "") -> Response:
    address = address or visit.accounts.new_codes()
    return visit.page(
        "account.html",
        200 if error is None else error_status(error),
        error=error,
        address=address,
        picture=_qr_code(address),
        left=visit.accounts.recovery_codes_left(),
        passkeys=visit.passkeys.all(),
        passkeys_here=are_passkeys_available(visit.request),
    )


def _qr_code(address: str) -> str:
    """Return a QR code of the address as a data URI; empty where it is too long for one, as of a very long name."""
    try:
        code = segno.make_qr(address, error="m")
    except segno.DataOverflowError:
        return ""
    return code.svg_data_uri(scale=4, dark="#000", light="#fff")  # many telephones cannot read white on black


def _change_password(visit: ClinicRequest) -> Response:
    return _change_account(
        visit, lambda: visit.accounts.change_password(visit.raw("old"), visit.raw("new")), "/sign-in"
    )


def _set_codes(visit: ClinicRequest) -> Response:
    """Store one-time codes once the telephone shows a right one; until then the key is in the page and nowhere else."""
    address = visit.said("address")
    try:
        codes = visit.accounts.set_codes(address, visit.said("code"))
    except InputError as error:
        return _show_account(visit, error, address)
    visit.house.door.note_code(visit.signed.token)
    return visit.page("recovery.html", codes=codes)


def _new_recovery_codes(visit: ClinicRequest) -> Response:
    try:
        codes = visit.accounts.new_recovery_codes()
    except InputError as error:
        return _show_account(visit, error)
    return visit.page("recovery.html", codes=codes)


def _new_passkey_challenge(visit: ClinicRequest) -> Response:
    return json_response(visit.passkeys.ask(visit.site, visit.said("name"), visit.raw("password")))


def _add_passkey(visit: ClinicRequest) -> Response:
    return _change_account(visit, lambda: visit.passkeys.add(visit.site, visit.said("name"), visit.said("answer")))


def _remove_passkey(visit: ClinicRequest) -> Response:
    visit.passkeys.remove(visit.path("passkey"))
    return visit.redirect("/account")


def _change_account(visit: ClinicRequest, change: Callable[[], object], then: str = "/account") -> Response:
    """Make a change and redirect, or show the account again with the error."""
    try:
        change()
    except InputError as error:
        return _show_account(visit, error)
    return visit.redirect(then)


# Members of a clinic and their roles, and the audit log.


def add_member_routes(gate: ClinicRouter) -> None:
    """Add the routes of members and of the audit log."""
    gate.add("GET", "/people", _show_members)
    gate.add("POST", "/people", _add_member)
    gate.add("POST", "/people/{member}/role", _set_role)
    gate.add("POST", "/people/{member}/in", _set_access)
    gate.add("POST", "/people/{member}/password", _reset_password)
    gate.add("GET", "/trail", _show_audit_log)


def _show_members(visit: ClinicRequest, error: InputError | None = None) -> Response:
    status = 200 if error is None else error_status(error)
    return visit.page("people.html", status, error=error, people=visit.accounts.all(), name=visit.said("name"))


def _add_member(visit: ClinicRequest) -> Response:
    return _change_members(
        visit, lambda: visit.accounts.add(visit.said("name"), _submitted_role(visit), visit.raw("password"))
    )


def _set_role(visit: ClinicRequest) -> Response:
    return _change_members(visit, lambda: visit.accounts.set_role(visit.path("member"), _submitted_role(visit)))


def _set_access(visit: ClinicRequest) -> Response:
    return _change_members(
        visit, lambda: visit.accounts.set_access(visit.path("member"), allowed=visit.said("allowed") == "true")
    )


def _reset_password(visit: ClinicRequest) -> Response:
    return _change_members(visit, lambda: visit.accounts.reset(visit.path("member"), visit.raw("password")))


def _change_members(visit: ClinicRequest, change: Callable[[], object]) -> Response:
    """Make a change and redirect to the members, or show them again with the error."""
    try:
        change()
    except InputError as error:
        return _show_members(visit, error)
    return visit.redirect("/people")


def _submitted_role(visit: ClinicRequest) -> Role:
    with contextlib.suppress(ValueError):
        return Role(visit.said("role"))
    raise clinic_error("absent", "role")


def _show_audit_log(visit: ClinicRequest) -> Response:
    return visit.page("trail.html", entries=visit.desk.trail.last(AUDIT_LOG_ENTRIES), most=AUDIT_LOG_ENTRIES)


AUDIT_LOG_ENTRIES = 200
