"""The front door: sign-in with password and one-time code, or with a passkey, and sign-out."""

from fastapi import Request
from fastapi.responses import Response

from skinbeam.app.clinic.door.cookies import BROWSER, LANGUAGE, SESSION, drop_cookie, held, set_cookie
from skinbeam.app.clinic.door.site import passkeys_work
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, as_json, status_of
from skinbeam.app.language import asked_language
from skinbeam.errors import InputError
from skinbeam.messages import LANGUAGES, text
from skinbeam.records.kept import SignedIn
from skinbeam.records.people.accounts import clinics

__all__ = ["add_front", "chosen_language"]


def chosen_language(request: Request) -> str:
    """Return the language that was chosen in this browser, or else the one it asks for."""
    chosen = held(request, LANGUAGE)
    return chosen if chosen in LANGUAGES else asked_language(request)


def add_front(gate: Gate) -> None:
    """Open the routes of the front door."""
    gate.add("GET", "/sign-in", _sign_in_page)
    gate.add("POST", "/sign-in", _sign_in)
    gate.add("GET", "/sign-in/code", lambda visit: visit.page("code.html"))
    gate.add("POST", "/sign-in/code", _code)
    gate.add("POST", "/sign-out", _sign_out)
    gate.add("POST", "/language", _language)
    gate.add("POST", "/sign-in/passkey/challenge", _passkey_challenge)
    gate.add("POST", "/sign-in/passkey", _passkey)


def _sign_in_page(visit: Visit, error: InputError | None = None) -> Response:
    """The names of clinics are nobody's business where there are several."""
    known = clinics(visit.house.database)
    visit.who = None  # the page stands outside, also for who is signed in
    status = 200 if error is None else status_of(error)
    said = {"house": visit.said("house"), "name": visit.said("name"), "only": known[0] if len(known) == 1 else ""}
    return visit.page("sign-in.html", status, error=error, passkeys_here=passkeys_work(visit.request), **said)


def _sign_in(visit: Visit) -> Response:
    browser = held(visit.request, BROWSER)
    try:
        signed = visit.house.door.sign_in(visit.said("house"), visit.said("name"), visit.raw("password"), browser)
    except InputError as error:
        return _sign_in_page(visit, error)
    return _signed_in(visit, signed)


def _code(visit: Visit) -> Response:
    try:
        signed = visit.house.door.confirm(visit.signed.token, visit.said("code"))
    except InputError as error:
        return visit.page("code.html", status_of(error), error=error)
    return _signed_in(visit, signed)


def _passkey_challenge(visit: Visit) -> Response:
    return as_json(visit.house.passkeys.ask(visit.site))


def _passkey(visit: Visit) -> Response:
    try:
        signed = visit.house.passkeys.sign_in(visit.site, visit.said("answer"))
    except InputError as error:
        return _sign_in_page(visit, error)
    return _signed_in(visit, signed)


def _sign_out(visit: Visit) -> Response:
    visit.house.door.sign_out(visit.signed.token)
    gone = visit.go("/sign-in")
    drop_cookie(visit.request, gone, SESSION)
    return gone


def _language(visit: Visit) -> Response:
    """Keep a choice with the browser, where it holds before the sign-in too, and for whoever uses it."""
    chosen = visit.said("language")
    if chosen not in LANGUAGES:
        raise InputError(
            "unknown-language",
            text("clinic-fault.language"),
            field="language",
            hint=text("clinic-fault.language-hint", {"names": list(LANGUAGES.values())}),
        )
    inside = visit.who is not None and not visit.who.code_due
    response = visit.go("/account" if inside else "/sign-in" if visit.who is None else "/sign-in/code")
    set_cookie(visit.request, response, LANGUAGE, chosen)
    return response


def _signed_in(visit: Visit, signed: SignedIn) -> Response:
    """Give the browser its session, which ends the one that it had, and note that this member has been here."""
    if before := held(visit.request, SESSION):
        visit.house.door.sign_out(before)
    answer = visit.go("/sign-in/code" if signed.code_due else "/")
    set_cookie(visit.request, answer, SESSION, signed.token)
    known = visit.house.door.remember(held(visit.request, BROWSER), signed.member)
    set_cookie(visit.request, answer, BROWSER, known)
    return answer
