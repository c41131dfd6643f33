"""Routes of sign-in and sign-out, of a member's own account, of the list of members, and of the audit log."""

import re
from dataclasses import dataclass

import segno
from fastapi import Request
from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, render_message
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.clinic_contact import LONGEST_PHONE, LONGEST_PLACE
from skinbeam_clinic.accounts.passwords import measure_strength
from skinbeam_clinic.accounts.repository import TEMPORARY_LIFE, list_clinics
from skinbeam_clinic.audit_log.views import list_entry_views
from skinbeam_clinic.database.columns import canonical_json
from skinbeam_clinic.errors import ConflictError, catalogue_error, clinic_error
from skinbeam_clinic.models import MemberSession, Passkey, SignInStep
from skinbeam_clinic.web.client import (
    BROWSER_COOKIE,
    LANGUAGE_COOKIE,
    SESSION_COOKIE,
    are_passkeys_available,
    drop_cookie,
    read_cookie,
    set_cookie,
)
from skinbeam_clinic.web.request import ClinicRequest, json_response, sign_in_page
from skinbeam_clinic.web.routing import ClinicRouter
from skinbeam_clinic.web.security import preferred_language

__all__ = [
    "add_account_routes",
    "add_member_routes",
    "add_sign_in_routes",
    "select_language",
    "show_account",
    "show_members",
    "show_sign_in",
]


# A path of this server; browsers take `//` and `/\\` at its beginning for another server.
_LOCAL_PATH = re.compile(r"/(?![/\\])[!-~]*")


def select_language(request: Request) -> str:
    """Return the language that was chosen in this browser, or else the one that it requests."""
    chosen = read_cookie(request, LANGUAGE_COOKIE)
    return chosen if chosen in LANGUAGES else preferred_language(request)


def add_sign_in_routes(router: ClinicRouter) -> None:
    """Add the routes of sign-in, sign-out and language."""
    router.add("GET", "/sign-in", show_sign_in)
    router.add("POST", "/sign-in", _sign_in, form=show_sign_in)
    router.add("GET", "/sign-in/code", _show_code_form)
    router.add("POST", "/sign-in/code", _confirm_code, form=_show_code_form)
    router.add("POST", "/sign-out", _sign_out)
    router.add("POST", "/language", _save_language)
    router.add("POST", "/sign-in/passkey/challenge", _sign_in_challenge)
    router.add("POST", "/sign-in/passkey", _sign_in_by_passkey, form=show_sign_in)


def show_sign_in(request: ClinicRequest, error: InputError | None = None) -> Response:
    """Show the sign-in page.

    The clinic's name is filled in only where there is just one, since others' names are nobody's business.
    """
    known = list_clinics(request.services.database)
    signed = request.session
    request.session = None  # the page is rendered as for somebody who is not signed in
    entered = {
        "house": request.text("house"),
        "name": request.text("name"),
        "only": known[0] if len(known) == 1 else "",
    }
    return request.page(
        "sign-in.html",
        error=error,
        passkeys_here=are_passkeys_available(request.http_request),
        provider=request.provider_title,
        passkey_due=signed.member.clinic if signed is not None and signed.step_due is SignInStep.PASSKEY else "",
        **entered,
    )


def _sign_in(request: ClinicRequest) -> Response:
    browser = read_cookie(request.http_request, BROWSER_COOKIE)
    signed = request.services.sign_in.sign_in(
        request.text("house"), request.text("name"), request.raw_text("password"), browser
    )
    return _begin_browser_session(request, signed)


def _show_code_form(request: ClinicRequest, error: InputError | None = None) -> Response:
    return request.page("code.html", error=error)


def _confirm_code(request: ClinicRequest) -> Response:
    signed = request.services.sign_in.confirm_code(request.member_session.token, request.text("code"))
    return _begin_browser_session(request, signed)


def _sign_in_challenge(request: ClinicRequest) -> Response:
    return json_response(request.services.passkeys.authentication_options(request.site))


def _sign_in_by_passkey(request: ClinicRequest) -> Response:
    signed = request.services.passkeys.sign_in(request.site, request.text("answer"))
    return _begin_browser_session(request, signed)


def _sign_out(request: ClinicRequest) -> Response:
    request.services.sign_in.sign_out(request.member_session.token)
    gone = request.redirect("/sign-in")
    drop_cookie(request.http_request, gone, SESSION_COOKIE)
    return gone


def _save_language(request: ClinicRequest) -> Response:
    """Store the language in a cookie, so that it applies before the sign-in too, and to anybody at this browser."""
    chosen = request.text("language")
    if chosen not in LANGUAGES:
        known = {"names": list(LANGUAGES.values())}
        raise catalogue_error("unknown-language", "clinic-fault.language", "language", known)
    inside = request.session is not None and request.session.step_due is None
    response = request.redirect(
        "/account" if inside else sign_in_page(request.session.step_due if request.session else None)
    )
    set_cookie(request.http_request, response, LANGUAGE_COOKIE, chosen)
    return response


def _switch_names(request: ClinicRequest) -> Response:
    """Hide the names of patients in this session or show them, and return to the page with the switch."""
    request.services.sign_in.set_names_hidden(request.member_session.token, hidden=request.text("names") == "hidden")
    back = request.text("back")
    return request.redirect(back if _LOCAL_PATH.fullmatch(back) else "/")


def _begin_browser_session(request: ClinicRequest, signed: MemberSession) -> Response:
    """Set the session cookie, end the browser's previous session, and record that this member has used the browser."""
    if before := read_cookie(request.http_request, SESSION_COOKIE):
        request.services.sign_in.sign_out(before)
    answer = request.redirect(sign_in_page(signed.step_due) if signed.step_due else "/")
    set_cookie(request.http_request, answer, SESSION_COOKIE, signed.token)
    known = request.services.sign_in.remember_browser(read_cookie(request.http_request, BROWSER_COOKIE), signed.member)
    set_cookie(request.http_request, answer, BROWSER_COOKIE, known)
    return answer


# The member's own account: password, one-time codes with recovery codes, and passkeys.


def add_account_routes(router: ClinicRouter) -> None:
    """Add the routes of the member's own account."""
    router.add("GET", "/account", show_account)
    router.add("POST", "/account/password", _change_password, form=show_account)
    router.add("POST", "/account/password/strength", _judge_password)
    router.add("POST", "/account/codes", _set_codes, form=show_account)
    router.add("POST", "/account/recovery", _new_recovery_codes, form=show_account)
    router.add("POST", "/account/sessions/end", _end_other_sessions, form=show_account)
    router.add("POST", "/account/notices", _mark_notices_read)
    router.add("POST", "/account/names", _switch_names)
    router.add("POST", "/account/passkeys", _add_passkey, form=show_account)
    router.add("POST", "/account/passkeys/challenge", _new_passkey_challenge)
    router.add("POST", "/account/passkeys/{passkey}/remove", _remove_passkey, form=show_account)


@dataclass(frozen=True)
class _SecondFactors:
    """The second factors of a member as the pages have them.

    Parameters
    ----------
    address, picture : of a new key for one-time codes, and its QR code; empty where it is too long for one.
    left : recovery codes. passkeys_here : whether passkeys can be added at this address.
    """

    has_codes: bool
    address: str
    picture: str
    left: int
    passkeys: tuple[Passkey, ...]
    passkeys_here: bool


def show_account(request: ClinicRequest, error: InputError | None = None) -> Response:
    """Show the member's own account, after a change that failed with its error.

    Of a member who must choose their own password or set up a second factor first, it is nothing but where they do so.
    """
    member = request.member_session.member
    provider = request.provider_title
    if request.member_session.step_due is SignInStep.PASSWORD:
        temporary = request.accounts.has_temporary_password()
        return request.page("own-password.html", error=error, provider=provider, temporary=temporary)
    address = request.text("address") or request.accounts.new_codes_address()
    factors = vars(
        _SecondFactors(
            has_codes=member.has_one_time_codes,
            address=address,
            picture=_qr_code(address),
            left=request.accounts.recovery_codes_left(),
            passkeys=request.passkeys.all(),
            passkeys_here=are_passkeys_available(request.http_request),
        )
    )
    if request.member_session.step_due is not None:
        return request.page("second-factor.html", error=error, clinic=member.clinic, provider=provider, **factors)
    return request.page(
        "account.html",
        error=error,
        **factors,
        sessions=request.services.sign_in.open_sessions(request.member_session.token),
        provider=provider,
        identities=request.identities.own(),
        notices=request.repositories.notices.list_unread(),
    )


def _qr_code(address: str) -> str:
    """Return a QR code of the address as a data URI; empty where it is too long for one, as of a very long name."""
    try:
        code = segno.make_qr(address, error="m")
    except segno.DataOverflowError:
        return ""
    return code.svg_data_uri(scale=4, dark="#000", light="#fff")  # many telephones cannot read white on black


def _change_password(request: ClinicRequest) -> Response:
    old, new, with_keys = request.raw_text("old"), request.raw_text("new"), request.text("with_keys") == "true"
    codes = request.accounts.change_password(old, new, with_keys=with_keys)
    if not codes:
        return request.redirect("/sign-in")
    request.session = None  # it has ended
    return request.page("recovery.html", codes=codes)


def _judge_password(request: ClinicRequest) -> Response:
    """Answer how strong a typed password is; nothing of it is stored."""
    member = request.member_session.member
    score, text = measure_strength(request.raw_text("password"), member.name, member.clinic)
    return json_response(canonical_json({"score": score, "text": render_message(f"clinic-strength.{text}")}))


def _set_codes(request: ClinicRequest) -> Response:
    """Store one-time codes once the telephone shows a right one; until then the key is in the page and nowhere else."""
    address, token = request.text("address"), request.member_session.token
    codes = request.accounts.set_codes(address, request.text("code"), request.raw_text("password"), token=token)
    request.session = request.services.sign_in.find_session(token)  # what the clinic required of it before is done
    return request.page("recovery.html", codes=codes)


def _new_recovery_codes(request: ClinicRequest) -> Response:
    codes = request.accounts.new_recovery_codes(request.raw_text("password"))
    return request.page("recovery.html", codes=codes)


def _end_other_sessions(request: ClinicRequest) -> Response:
    request.accounts.confirm_password(request.raw_text("password"))
    request.services.sign_in.end_other_sessions(request.member_session.token)
    return request.redirect("/account")


def _mark_notices_read(request: ClinicRequest) -> Response:
    request.repositories.notices.mark_read(set(request.text("notices").split()))
    return request.redirect("/")


def _new_passkey_challenge(request: ClinicRequest) -> Response:
    return json_response(
        request.passkeys.registration_options(request.site, request.text("name"), request.raw_text("password"))
    )


def _add_passkey(request: ClinicRequest) -> Response:
    name, answer, token = request.text("name"), request.text("answer"), request.member_session.token
    request.passkeys.add(request.site, name, answer, token=token)
    return request.redirect("/account")


def _remove_passkey(request: ClinicRequest) -> Response:
    request.passkeys.remove(request.path_parameter("passkey"))
    return request.redirect("/account")


# Members of a clinic and their roles, and the audit log. Before a change the owner repeats the own password: whoever
# finds an open screen must not give themselves access.


def add_member_routes(router: ClinicRouter) -> None:
    """Add the routes of members and of the audit log."""
    router.add("GET", "/people", show_members)
    router.add("POST", "/people", _add_member, form=show_members)
    router.add("POST", "/people/second-factor", _set_second_factor, form=show_members)
    router.add("POST", "/people/contact", _save_contact, form=show_members)
    router.add("POST", "/people/{member}/role", _set_role, form=show_members)
    router.add("POST", "/people/{member}/in", _set_access, form=show_members)
    router.add("POST", "/people/{member}/password", _reset_password, form=show_members)
    router.add("GET", "/trail", _show_audit_log)


def show_members(request: ClinicRequest, error: InputError | None = None) -> Response:
    """Show the members, after a change that failed with its error."""
    sent, people = {"name": request.text("name"), "role": request.text("role")}, request.accounts.all()
    contact, typed = request.repositories.clinic_contact.get(), [name for name, _ in request.fields]
    entered = {name: request.text(name) if name in typed else getattr(contact, name) for name in ("place", "phone")}
    enabled = [member for member in people if member.disabled_at is None]
    return request.page(
        "people.html",
        error=error,
        people=people,
        factor_required=request.repositories.second_factors.is_required(),
        enabled=len(enabled),
        without_factor=sum(not (member.has_one_time_codes or member.passkey_count) for member in enabled),
        sent=sent,
        provider=request.provider_title,
        identities=request.identities.all(),
        password_days=TEMPORARY_LIFE.days,
        contact=contact,
        contact_version=contact.version
        if isinstance(error, ConflictError)
        else request.text("version") or contact.version,
        entered=entered,
        server_contact={"place": request.services.reminders.place, "phone": request.services.outside_contact.phone},
        longest={"place": LONGEST_PLACE, "phone": LONGEST_PHONE},
    )


def _add_member(request: ClinicRequest) -> Response:
    request.confirm_own_password()
    request.accounts.add(request.text("name"), _submitted_role(request), request.raw_text("password"), temporary=True)
    return request.redirect("/people")


def _set_second_factor(request: ClinicRequest) -> Response:
    request.confirm_own_password()
    required, checked = request.text("required") == "true", request.member_session.factor_checked
    request.repositories.second_factors.set_required(required=required, checked=checked)
    return request.redirect("/people")


def _save_contact(request: ClinicRequest) -> Response:
    place, phone = request.text("place"), request.text("phone")
    request.repositories.clinic_contact.save(place=place, phone=phone, version=request.text("version"))
    return request.redirect("/people#contact")


def _set_role(request: ClinicRequest) -> Response:
    member = request.accounts.member(request.path_parameter("member"))  # who is not there has no role
    request.confirm_own_password()
    request.accounts.set_role(member.id, _submitted_role(request), previous=request.text("previous"))
    return request.redirect("/people")


def _set_access(request: ClinicRequest) -> Response:
    allowed = request.text("allowed") == "true"
    if allowed:
        request.confirm_own_password()
    request.accounts.set_access(request.path_parameter("member"), allowed=allowed)
    return request.redirect("/people")


def _reset_password(request: ClinicRequest) -> Response:
    member, password = request.path_parameter("member"), request.raw_text("password")
    request.confirm_own_password()
    request.accounts.reset_password(member, password, temporary=member != request.member_session.member.id)
    return request.redirect("/people")


def _submitted_role(request: ClinicRequest) -> Role:
    """Return the role that was chosen.

    Raises
    ------
    InputError : none was chosen, or one that does not exist.
    """
    role = request.text("role")
    if role not in set(Role):
        raise clinic_error("no-role", "role")
    return Role(role)


def _show_audit_log(request: ClinicRequest) -> Response:
    asked = request.http_request.query_params.get("before", "")
    before = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= _MOST_DIGITS else None
    entries = list_entry_views(request.repositories.audit_log.newest(AUDIT_LOG_ENTRIES, before=before))
    earlier = entries[-1].seq if len(entries) == AUDIT_LOG_ENTRIES and entries[-1].seq > 1 else None
    return request.page("trail.html", entries=entries, most=AUDIT_LOG_ENTRIES, before=before, earlier=earlier)


AUDIT_LOG_ENTRIES = 200
_MOST_DIGITS = 18  # of the number of an entry
