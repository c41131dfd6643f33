"""Roles, access rights and the table of routes with who may use each.

Repositories check `PERMITTED_ROLES`. `ClinicRouter.add` refuses a route that is not in `ROUTES`, so that none is open
because it was forgotten.
"""

from collections.abc import Mapping
from enum import StrEnum

from skinbeam.model.errors import unknown_name_error
from skinbeam.text import render_message
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "BACKGROUND_ROUTES",
    "GET_ALONE_ROUTES",
    "GUEST_RIGHTS",
    "GUEST_ROUTES",
    "PERMITTED_ROLES",
    "ROUTES",
    "AccessRight",
    "Role",
    "RouteAccess",
    "allowed_roles",
    "parse_role",
    "require_right",
]


class Role(StrEnum):
    """The role of a member of a clinic; every member has exactly one."""

    OWNER = "owner"
    CLINICIAN = "clinician"
    ASSISTANT = "assistant"
    AUDITOR = "auditor"


class AccessRight(StrEnum):
    """A kind of work with the records, which some roles may do."""

    READ = "read"  # patients by pseudonym, consultations, plans, consents
    CONTACT = "contact"  # who a patient is and how to reach them
    WRITE = "write"  # patients, answers, photographs
    TREAT = "treat"  # plans, choices, consent: what a clinician answers for
    EXPORT = "export"  # a patient's copy of their records
    ERASE = "erase"
    MEMBERS = "people"  # members of the clinic
    AUDIT_LOG = "trail"  # the audit log: who read and changed what
    TRANSFER = "transfer"  # the whole clinic into or out of other programs
    OUTCOMES = "learn"  # all outcomes compared with their predictions, also by the clinician who treated


_CARE_ROLES = frozenset({Role.OWNER, Role.CLINICIAN})

PERMITTED_ROLES: Mapping[AccessRight, frozenset[Role]] = {
    AccessRight.READ: frozenset(Role),
    AccessRight.CONTACT: _CARE_ROLES | {Role.ASSISTANT},
    AccessRight.WRITE: _CARE_ROLES | {Role.ASSISTANT},
    AccessRight.TREAT: _CARE_ROLES,
    AccessRight.EXPORT: _CARE_ROLES,
    AccessRight.ERASE: frozenset({Role.OWNER}),
    AccessRight.MEMBERS: frozenset({Role.OWNER}),
    AccessRight.TRANSFER: frozenset({Role.OWNER}),
    AccessRight.AUDIT_LOG: frozenset({Role.OWNER, Role.AUDITOR}),
    AccessRight.OUTCOMES: _CARE_ROLES | {Role.AUDITOR},
}


def require_right(role: Role, right: AccessRight) -> None:
    """Raise an error unless a role has a right.

    Raises
    ------
    DeniedError : the role does not have this right.
    """
    if role not in PERMITTED_ROLES[right]:
        titles = {allowed: render_message(f"clinic-role.{allowed}") for allowed in Role}
        hint = {"roles": [titles[allowed] for allowed in Role if allowed in PERMITTED_ROLES[right]]}
        raise clinic_error("denied", "role", role=titles[role], act=render_message(f"clinic-right.{right}"), hint=hint)


def parse_role(name: str) -> Role:
    """Return the role with a name.

    Raises
    ------
    InputError : `unknown-role`, with the nearest.
    """
    if name not in set(Role):
        raise unknown_name_error("role", name, Role, field="--role")
    return Role(name)


class RouteAccess(StrEnum):
    """Who may use a route when that does not depend on a role."""

    ANYBODY = "anybody"
    MACHINE = "machine"  # monitoring of the server: no sign-in is checked, and the answer contains no personal data
    CODE_DUE = "code due"  # the password was right; the second factor may still be missing
    ACCOUNT = "account"  # members, also those whose account still lacks something
    PASSWORD_DUE = "password due"  # members, also those who must still choose their own password
    SETUP_DUE = "setup due"  # members, also those who must still set up the second factor that their clinic requires
    MEMBER = "member"
    TOKEN = "token"  # another program, which sends a token instead of a cookie
    LINK = "link"  # a patient, whose address contains the token of one diary; no sign-in is checked


ROUTES: Mapping[tuple[str, str], RouteAccess | AccessRight] = {
    ("GET", "/health"): RouteAccess.MACHINE,
    ("GET", "/metrics"): RouteAccess.MACHINE,
    ("GET", "/sign-in"): RouteAccess.ANYBODY,
    ("POST", "/sign-in"): RouteAccess.ANYBODY,
    ("GET", "/sign-in/code"): RouteAccess.CODE_DUE,
    ("POST", "/sign-in/code"): RouteAccess.CODE_DUE,
    ("POST", "/sign-in/passkey"): RouteAccess.ANYBODY,
    ("POST", "/sign-in/passkey/challenge"): RouteAccess.ANYBODY,
    ("POST", "/sign-in/oidc"): RouteAccess.ANYBODY,
    ("GET", "/sign-in/oidc/return"): RouteAccess.ANYBODY,  # the provider sends the browser there
    ("POST", "/sign-out"): RouteAccess.CODE_DUE,
    ("POST", "/language"): RouteAccess.ANYBODY,
    ("GET", "/account"): RouteAccess.ACCOUNT,
    ("POST", "/account/password"): RouteAccess.PASSWORD_DUE,
    ("POST", "/account/password/strength"): RouteAccess.ACCOUNT,
    ("POST", "/account/codes"): RouteAccess.SETUP_DUE,
    ("POST", "/account/recovery"): RouteAccess.MEMBER,
    ("POST", "/account/sessions/end"): RouteAccess.MEMBER,
    ("POST", "/account/notices"): RouteAccess.MEMBER,
    ("POST", "/account/names"): AccessRight.CONTACT,
    ("POST", "/account/passkeys"): RouteAccess.SETUP_DUE,
    ("POST", "/account/passkeys/challenge"): RouteAccess.SETUP_DUE,
    ("POST", "/account/passkeys/{passkey}/remove"): RouteAccess.MEMBER,
    ("POST", "/account/identities"): RouteAccess.MEMBER,
    ("POST", "/account/identities/{identity}/remove"): RouteAccess.MEMBER,
    ("GET", "/people"): AccessRight.MEMBERS,
    ("POST", "/people"): AccessRight.MEMBERS,
    ("POST", "/people/second-factor"): AccessRight.MEMBERS,
    ("POST", "/people/contact"): AccessRight.MEMBERS,
    ("POST", "/people/{member}/role"): AccessRight.MEMBERS,
    ("POST", "/people/{member}/in"): AccessRight.MEMBERS,
    ("POST", "/people/{member}/password"): AccessRight.MEMBERS,
    ("POST", "/people/{member}/identities"): AccessRight.MEMBERS,
    ("POST", "/people/{member}/identities/{identity}/remove"): AccessRight.MEMBERS,
    ("GET", "/imports"): AccessRight.TRANSFER,
    ("POST", "/imports"): AccessRight.TRANSFER,
    ("POST", "/imports/preview"): AccessRight.TRANSFER,
    ("POST", "/imports/{import}/undo"): AccessRight.TRANSFER,
    ("GET", "/machines"): AccessRight.MEMBERS,
    ("POST", "/machines/{machine}/upkeep"): AccessRight.MEMBERS,
    ("POST", "/machines"): AccessRight.MEMBERS,
    ("POST", "/machines/{machine}"): AccessRight.MEMBERS,
    ("POST", "/machines/{machine}/use"): AccessRight.MEMBERS,
    ("POST", "/own-devices"): AccessRight.MEMBERS,
    ("POST", "/own-devices/{device}/offer"): AccessRight.MEMBERS,
    ("GET", "/device-files/{device_name}"): AccessRight.MEMBERS,
    ("GET", "/texts"): AccessRight.READ,
    ("POST", "/texts"): AccessRight.TREAT,
    ("GET", "/texts/{text}"): AccessRight.READ,
    ("POST", "/texts/{text}"): AccessRight.TREAT,
    ("POST", "/texts/{text}/withdrawal"): AccessRight.TREAT,
    ("GET", "/"): AccessRight.READ,
    ("POST", "/search"): AccessRight.READ,
    ("POST", "/patients"): AccessRight.WRITE,
    ("GET", "/patients/{patient}"): AccessRight.READ,
    ("GET", "/patients/{patient}/contact"): AccessRight.CONTACT,
    ("POST", "/patients/{patient}/contact"): AccessRight.CONTACT,
    ("POST", "/patients/{patient}/pseudonym"): AccessRight.WRITE,
    ("POST", "/patients/{patient}/consultations"): AccessRight.WRITE,
    ("POST", "/patients/{patient}/case"): AccessRight.WRITE,
    ("POST", "/patients/{patient}/notes"): AccessRight.WRITE,
    ("POST", "/notes/{note}/striking"): AccessRight.WRITE,
    ("POST", "/patients/{patient}/attachments"): AccessRight.WRITE,
    ("GET", "/attachments/{attachment}"): AccessRight.CONTACT,  # a document from elsewhere mostly names the patient
    ("POST", "/attachments/{attachment}/striking"): AccessRight.WRITE,
    ("GET", "/patients/{patient}/duplicate"): AccessRight.TREAT,
    ("POST", "/patients/{patient}/duplicate"): AccessRight.TREAT,
    ("GET", "/patients/{duplicate}/duplicate/{kept}"): AccessRight.TREAT,
    ("POST", "/patients/{duplicate}/duplicate/{kept}"): AccessRight.TREAT,
    ("POST", "/patient-links/{patient_link}/undoing"): AccessRight.TREAT,
    ("POST", "/patients/{patient}/copy"): AccessRight.EXPORT,
    ("GET", "/erasures"): AccessRight.ERASE,
    ("GET", "/patients/{patient}/erasure"): AccessRight.ERASE,
    ("POST", "/patients/{patient}/erasure"): AccessRight.ERASE,
    ("POST", "/suitability"): AccessRight.READ,
    ("GET", "/consultations/{consultation}"): AccessRight.READ,
    ("POST", "/consultations/{consultation}/answers"): AccessRight.WRITE,
    ("POST", "/consultations/{consultation}/plan"): AccessRight.TREAT,
    ("GET", "/consultations/{consultation}/case.toml"): AccessRight.EXPORT,
    ("POST", "/consultations/{consultation}/suggestions"): AccessRight.TREAT,
    ("POST", "/consultations/{consultation}/suggestions/{suggestion}/kept"): AccessRight.TREAT,
    ("POST", "/consultations/{consultation}/suggestions/{suggestion}/dismissed"): AccessRight.TREAT,
    ("GET", "/consultations/{consultation}/camera"): AccessRight.WRITE,
    ("POST", "/consultations/{consultation}/camera"): AccessRight.WRITE,
    ("POST", "/consultations/{consultation}/closing"): AccessRight.TREAT,
    ("POST", "/consultations/{consultation}/opening"): AccessRight.TREAT,
    ("GET", "/consultations/{consultation}/test-spots"): AccessRight.READ,
    ("POST", "/consultations/{consultation}/test-spots"): AccessRight.TREAT,
    ("GET", "/consultations/{consultation}/test-spots/cooling"): AccessRight.READ,
    ("POST", "/test-spots/{spot}/reading"): AccessRight.WRITE,
    ("POST", "/test-spots/{spot}/striking"): AccessRight.TREAT,
    ("GET", "/jobs/{job}"): AccessRight.READ,
    ("GET", "/jobs/{job}/events"): AccessRight.READ,
    ("POST", "/jobs/{job}/cancel"): AccessRight.TREAT,
    ("GET", "/photographs/{photograph}"): AccessRight.READ,
    ("GET", "/photographs/{photograph}/uses"): AccessRight.READ,
    ("POST", "/photographs/{photograph}/uses"): AccessRight.WRITE,
    ("GET", "/photographs/{photograph}/erasure"): AccessRight.WRITE,
    ("POST", "/photographs/{photograph}/erasure"): AccessRight.WRITE,
    ("GET", "/plans/{plan}"): AccessRight.READ,
    ("GET", "/plans/{plan}/files/{name}"): AccessRight.READ,
    ("GET", "/plans/{plan}/leaflet/{language}"): AccessRight.READ,
    ("GET", "/plans/{plan}/letter"): AccessRight.EXPORT,
    ("GET", "/plans/{plan}/letter/{language}"): AccessRight.EXPORT,
    ("GET", "/plans/{plan}/what-if/{option}"): AccessRight.READ,
    ("POST", "/plans/{plan}/what-if/{option}"): AccessRight.TREAT,
    ("POST", "/plans/{plan}/choice"): AccessRight.TREAT,
    ("GET", "/plans/{plan}/consent/{option}"): AccessRight.READ,
    ("GET", "/plans/{plan}/consent/{option}/form.pdf"): AccessRight.READ,
    ("POST", "/plans/{plan}/consent/{option}/talk"): AccessRight.TREAT,
    ("POST", "/plans/{plan}/consent/{option}/told-back"): AccessRight.TREAT,
    ("POST", "/plans/{plan}/consent/{option}/signature"): AccessRight.TREAT,
    ("POST", "/plans/{plan}/consent/{option}/withdrawal"): AccessRight.WRITE,
    ("GET", "/consents/{consent}/document"): AccessRight.READ,
    ("GET", "/plans/{plan}/appointments"): AccessRight.WRITE,
    ("POST", "/plans/{plan}/appointments"): AccessRight.WRITE,
    ("GET", "/appointments"): AccessRight.READ,
    ("GET", "/appointments.ics"): AccessRight.WRITE,
    ("GET", "/appointments/{appointment}.ics"): AccessRight.WRITE,
    ("GET", "/calendar.ics"): RouteAccess.ANYBODY,  # its address contains the token of a feed
    ("GET", "/closed-days"): AccessRight.READ,
    ("POST", "/closed-days"): AccessRight.MEMBERS,
    ("POST", "/closed-days/{closed}/remove"): AccessRight.MEMBERS,
    ("GET", "/feeds"): AccessRight.WRITE,
    ("POST", "/feeds"): AccessRight.WRITE,
    ("POST", "/feeds/{feed}/end"): AccessRight.WRITE,
    ("GET", "/appointments/{appointment}"): AccessRight.READ,
    ("POST", "/appointments/{appointment}/time"): AccessRight.WRITE,
    ("POST", "/appointments/{appointment}/state"): AccessRight.WRITE,
    ("GET", "/reminders"): AccessRight.CONTACT,
    ("POST", "/appointments/{appointment}/reminder"): AccessRight.CONTACT,
    ("GET", "/patients/{patient}/appointments"): AccessRight.READ,
    ("GET", "/patients/{patient}/appointments.pdf"): AccessRight.CONTACT,
    ("GET", "/consultations/{consultation}/labels.pdf"): AccessRight.READ,
    ("POST", "/patients/{patient}/appointments"): AccessRight.WRITE,
    ("GET", "/learning"): AccessRight.OUTCOMES,
    ("POST", "/consents/{consent}/treatments"): AccessRight.WRITE,
    ("GET", "/treatments/{treatment}"): AccessRight.READ,
    ("GET", "/treatments/{treatment}/aftercare"): AccessRight.READ,
    ("GET", "/treatments/{treatment}/cooling"): AccessRight.READ,
    ("GET", "/treatments/{treatment}/letter"): AccessRight.EXPORT,
    ("GET", "/treatments/{treatment}/letter/{language}"): AccessRight.EXPORT,
    ("POST", "/treatments/{treatment}/machine"): AccessRight.WRITE,
    ("POST", "/treatments/{treatment}/checklist"): AccessRight.WRITE,
    ("POST", "/treatments/{treatment}/decision"): AccessRight.TREAT,
    ("POST", "/treatments/{treatment}/start"): AccessRight.TREAT,
    ("POST", "/treatments/{treatment}/areas"): AccessRight.TREAT,
    ("POST", "/treatments/{treatment}/events"): AccessRight.TREAT,
    ("POST", "/treatments/{treatment}/notes"): AccessRight.WRITE,
    ("POST", "/treatments/{treatment}/end"): AccessRight.TREAT,
    ("POST", "/adverse-events/{event}/end"): AccessRight.TREAT,
    ("GET", "/due"): AccessRight.READ,
    ("GET", "/patients/{patient}/follow-ups"): AccessRight.READ,
    ("POST", "/treatments/{treatment}/follow-ups"): AccessRight.WRITE,
    ("GET", "/follow-ups/{follow_up}"): AccessRight.READ,
    ("POST", "/follow-ups/{follow_up}/opening"): AccessRight.TREAT,
    ("GET", "/follow-ups/{follow_up}/patient"): AccessRight.WRITE,
    ("POST", "/follow-ups/{follow_up}/patient"): AccessRight.WRITE,
    ("POST", "/follow-ups/{follow_up}/handing"): AccessRight.WRITE,
    ("GET", "/asked"): RouteAccess.ANYBODY,
    ("POST", "/asked"): RouteAccess.ANYBODY,
    ("GET", "/follow-ups/{follow_up}/grade"): AccessRight.TREAT,
    ("POST", "/follow-ups/{follow_up}/grade"): AccessRight.TREAT,
    ("POST", "/follow-ups/{follow_up}/events"): AccessRight.TREAT,
    ("POST", "/follow-ups/{follow_up}/events/{event}/end"): AccessRight.TREAT,
    ("POST", "/follow-ups/{follow_up}/pairs"): AccessRight.WRITE,
    ("POST", "/follow-ups/{follow_up}/pairs/{pair}/parting"): AccessRight.WRITE,
    ("POST", "/follow-ups/{follow_up}/pairs/{pair}/analysis"): AccessRight.TREAT,
    ("GET", "/trail"): AccessRight.AUDIT_LOG,
    ("GET", "/diary/{link}"): RouteAccess.LINK,
    ("POST", "/diary/{link}"): RouteAccess.LINK,
    ("GET", "/treatments/{treatment}/diary"): AccessRight.READ,
    ("POST", "/treatments/{treatment}/diary/link"): AccessRight.WRITE,
    ("POST", "/treatments/{treatment}/diary/ending"): AccessRight.WRITE,
    ("POST", "/treatments/{treatment}/diary/reading"): AccessRight.WRITE,
    ("GET", "/alarms"): AccessRight.READ,
    ("GET", "/alarms/banner"): AccessRight.READ,
    ("POST", "/alarms/{alarm}/answer"): AccessRight.WRITE,
    ("POST", "/alarms/{alarm}/decision"): AccessRight.TREAT,
    ("GET", "/tokens"): AccessRight.MEMBERS,
    ("POST", "/tokens"): AccessRight.MEMBERS,
    ("POST", "/tokens/{token}/end"): AccessRight.MEMBERS,
    ("GET", "/fhir"): RouteAccess.ANYBODY,
    ("GET", "/fhir/metadata"): RouteAccess.ANYBODY,
    ("GET", "/fhir/openapi.json"): RouteAccess.ANYBODY,
    ("GET", "/fhir/{kind}"): RouteAccess.TOKEN,
    ("GET", "/fhir/{kind}/{resource}"): RouteAccess.TOKEN,
    ("GET", "/fhir/Patient/{patient}/$everything"): RouteAccess.TOKEN,
}

# Routes of a server without records, where guests plan; a server with records has no other routes than `ROUTES`.
GUEST_ROUTES: Mapping[tuple[str, str], RouteAccess | AccessRight] = {
    ("GET", "/"): RouteAccess.ANYBODY,
    ("POST", "/suitability"): RouteAccess.ANYBODY,
    ("POST", "/points"): RouteAccess.ANYBODY,
    ("POST", "/consult"): RouteAccess.ANYBODY,
    ("GET", "/plans/{plan}/answers"): AccessRight.READ,
    ("GET", "/plans/{plan}/{name}"): AccessRight.READ,
    **{
        route: ROUTES[route]
        for route in (
            ("GET", "/consultations/{consultation}"),
            ("POST", "/consultations/{consultation}/answers"),
            ("POST", "/consultations/{consultation}/plan"),
            ("GET", "/photographs/{photograph}"),
            ("GET", "/jobs/{job}"),
            ("GET", "/jobs/{job}/events"),
            ("POST", "/jobs/{job}/cancel"),
            ("GET", "/plans/{plan}"),
            ("GET", "/plans/{plan}/files/{name}"),
            ("GET", "/plans/{plan}/leaflet/{language}"),
            ("GET", "/plans/{plan}/what-if/{option}"),
            ("POST", "/plans/{plan}/what-if/{option}"),
        )
    },
}
# What a guest's pages offer; other rights of the repositories have no route.
GUEST_RIGHTS = frozenset({AccessRight.READ, AccessRight.WRITE, AccessRight.TREAT})

# Requests that a page sends by itself; they do not count as use of a session, so that an idle session still ends.
# Those of a part that waits for an answer (`web.client.is_poll`) do not count either.
BACKGROUND_ROUTES = frozenset({("GET", "/alarms/banner"), ("GET", "/jobs/{job}/events")})

# Addresses that use something up and so do not answer HEAD, which programs send to look at a link.
GET_ALONE_ROUTES = frozenset({"/sign-in/oidc/return"})


def allowed_roles(access: RouteAccess | AccessRight) -> frozenset[Role]:
    """Return the roles that may use a route with this kind of access."""
    if access is RouteAccess.TOKEN:
        return frozenset()
    return PERMITTED_ROLES[access] if isinstance(access, AccessRight) else frozenset(Role)
