"""Every route of the clinic's app and who may ask for it: the table that the gate obeys.

What does not stand here cannot be added (`gate.Gate.add`), so that nothing is open because it was forgotten.
"""

from collections.abc import Mapping
from enum import StrEnum

from skinbeam.records.roles import MAY, Act, Role

__all__ = ["QUIET", "ROUTES", "Door", "admitted"]


class Door(StrEnum):
    """Who comes in whatever their role."""

    ANYBODY = "anybody"
    MACHINE = "machine"  # what watches the server: no sign-in is looked at, and nothing of anybody is told
    CODE_DUE = "code due"  # the password was right, and the one-time code is still asked for, or not
    MEMBER = "member"
    TOKEN = "token"  # another program, which shows a token and no cookie
    LINK = "link"  # a patient, whose address is the key to one diary; no sign-in is looked at


ROUTES: Mapping[tuple[str, str], Door | Act] = {
    ("GET", "/health"): Door.MACHINE,
    ("GET", "/metrics"): Door.MACHINE,
    ("GET", "/sign-in"): Door.ANYBODY,
    ("POST", "/sign-in"): Door.ANYBODY,
    ("GET", "/sign-in/code"): Door.CODE_DUE,
    ("POST", "/sign-in/code"): Door.CODE_DUE,
    ("POST", "/sign-in/passkey"): Door.ANYBODY,
    ("POST", "/sign-in/passkey/challenge"): Door.ANYBODY,
    ("POST", "/sign-out"): Door.CODE_DUE,
    ("POST", "/language"): Door.ANYBODY,
    ("GET", "/account"): Door.MEMBER,
    ("POST", "/account/password"): Door.MEMBER,
    ("POST", "/account/codes"): Door.MEMBER,
    ("POST", "/account/recovery"): Door.MEMBER,
    ("POST", "/account/passkeys"): Door.MEMBER,
    ("POST", "/account/passkeys/challenge"): Door.MEMBER,
    ("POST", "/account/passkeys/{passkey}/remove"): Door.MEMBER,
    ("GET", "/people"): Act.PEOPLE,
    ("POST", "/people"): Act.PEOPLE,
    ("POST", "/people/{member}/role"): Act.PEOPLE,
    ("POST", "/people/{member}/in"): Act.PEOPLE,
    ("POST", "/people/{member}/password"): Act.PEOPLE,
    ("GET", "/machines"): Act.PEOPLE,
    ("POST", "/machines"): Act.PEOPLE,
    ("POST", "/machines/{machine}"): Act.PEOPLE,
    ("POST", "/machines/{machine}/use"): Act.PEOPLE,
    ("GET", "/"): Act.READ,
    ("POST", "/search"): Act.READ,
    ("POST", "/patients"): Act.WRITE,
    ("GET", "/patients/{patient}"): Act.READ,
    ("GET", "/patients/{patient}/contact"): Act.CONTACT,
    ("POST", "/patients/{patient}/contact"): Act.CONTACT,
    ("POST", "/patients/{patient}/consultations"): Act.WRITE,
    ("POST", "/patients/{patient}/case"): Act.WRITE,
    ("POST", "/patients/{patient}/copy"): Act.EXPORT,
    ("GET", "/erasures"): Act.ERASE,
    ("GET", "/patients/{patient}/erasure"): Act.ERASE,
    ("POST", "/patients/{patient}/erasure"): Act.ERASE,
    ("POST", "/suitability"): Act.READ,
    ("GET", "/consultations/{consultation}"): Act.READ,
    ("POST", "/consultations/{consultation}/answers"): Act.WRITE,
    ("POST", "/consultations/{consultation}/plan"): Act.TREAT,
    ("GET", "/consultations/{consultation}/case.toml"): Act.EXPORT,
    ("POST", "/consultations/{consultation}/suggestions"): Act.TREAT,
    ("POST", "/consultations/{consultation}/suggestions/{suggestion}/kept"): Act.TREAT,
    ("POST", "/consultations/{consultation}/suggestions/{suggestion}/dismissed"): Act.TREAT,
    ("POST", "/consultations/{consultation}/closing"): Act.TREAT,
    ("POST", "/consultations/{consultation}/opening"): Act.TREAT,
    ("GET", "/consultations/{consultation}/test-spots"): Act.READ,
    ("POST", "/consultations/{consultation}/test-spots"): Act.TREAT,
    ("POST", "/test-spots/{spot}/reading"): Act.WRITE,
    ("GET", "/jobs/{job}"): Act.READ,
    ("GET", "/jobs/{job}/events"): Act.READ,
    ("POST", "/jobs/{job}/cancel"): Act.TREAT,
    ("GET", "/photographs/{photograph}"): Act.READ,
    ("GET", "/photographs/{photograph}/uses"): Act.READ,
    ("POST", "/photographs/{photograph}/uses"): Act.WRITE,
    ("GET", "/plans/{plan}"): Act.READ,
    ("GET", "/plans/{plan}/files/{name}"): Act.READ,
    ("GET", "/plans/{plan}/leaflet/{language}"): Act.READ,
    ("POST", "/plans/{plan}/choice"): Act.TREAT,
    ("GET", "/plans/{plan}/consent/{option}"): Act.READ,
    ("GET", "/plans/{plan}/consent/{option}/form.pdf"): Act.READ,
    ("POST", "/plans/{plan}/consent/{option}/talk"): Act.TREAT,
    ("POST", "/plans/{plan}/consent/{option}/told-back"): Act.TREAT,
    ("POST", "/plans/{plan}/consent/{option}/signature"): Act.TREAT,
    ("POST", "/plans/{plan}/consent/{option}/withdrawal"): Act.WRITE,
    ("GET", "/consents/{consent}/document"): Act.READ,
    ("GET", "/plans/{plan}/appointments"): Act.WRITE,
    ("POST", "/plans/{plan}/appointments"): Act.WRITE,
    ("GET", "/appointments"): Act.READ,
    ("GET", "/appointments.ics"): Act.WRITE,
    ("GET", "/appointments/{appointment}.ics"): Act.WRITE,
    ("GET", "/calendar.ics"): Door.ANYBODY,  # whose address holds the token of a feed
    ("GET", "/feeds"): Act.WRITE,
    ("POST", "/feeds"): Act.WRITE,
    ("POST", "/feeds/{feed}/end"): Act.WRITE,
    ("GET", "/appointments/{appointment}"): Act.READ,
    ("POST", "/appointments/{appointment}/time"): Act.WRITE,
    ("POST", "/appointments/{appointment}/state"): Act.WRITE,
    ("GET", "/patients/{patient}/appointments"): Act.READ,
    ("POST", "/patients/{patient}/appointments"): Act.WRITE,
    ("GET", "/learning"): Act.LEARN,
    ("POST", "/consents/{consent}/treatments"): Act.WRITE,
    ("GET", "/treatments/{treatment}"): Act.READ,
    ("GET", "/treatments/{treatment}/aftercare"): Act.READ,
    ("POST", "/treatments/{treatment}/machine"): Act.WRITE,
    ("POST", "/treatments/{treatment}/checklist"): Act.WRITE,
    ("POST", "/treatments/{treatment}/decision"): Act.TREAT,
    ("POST", "/treatments/{treatment}/start"): Act.TREAT,
    ("POST", "/treatments/{treatment}/areas"): Act.TREAT,
    ("POST", "/treatments/{treatment}/events"): Act.TREAT,
    ("POST", "/treatments/{treatment}/notes"): Act.WRITE,
    ("POST", "/treatments/{treatment}/end"): Act.TREAT,
    ("POST", "/adverse-events/{event}/end"): Act.TREAT,
    ("GET", "/due"): Act.READ,
    ("GET", "/patients/{patient}/follow-ups"): Act.READ,
    ("POST", "/treatments/{treatment}/follow-ups"): Act.WRITE,
    ("GET", "/follow-ups/{follow_up}"): Act.READ,
    ("POST", "/follow-ups/{follow_up}/opening"): Act.TREAT,
    ("GET", "/follow-ups/{follow_up}/patient"): Act.WRITE,
    ("POST", "/follow-ups/{follow_up}/patient"): Act.WRITE,
    ("POST", "/follow-ups/{follow_up}/handing"): Act.WRITE,
    ("GET", "/asked"): Door.ANYBODY,
    ("POST", "/asked"): Door.ANYBODY,
    ("GET", "/follow-ups/{follow_up}/grade"): Act.TREAT,
    ("POST", "/follow-ups/{follow_up}/grade"): Act.TREAT,
    ("POST", "/follow-ups/{follow_up}/events"): Act.TREAT,
    ("POST", "/follow-ups/{follow_up}/events/{event}/end"): Act.TREAT,
    ("POST", "/follow-ups/{follow_up}/pairs"): Act.WRITE,
    ("POST", "/follow-ups/{follow_up}/pairs/{pair}/parting"): Act.WRITE,
    ("GET", "/trail"): Act.TRAIL,
    ("GET", "/diary/{link}"): Door.LINK,
    ("POST", "/diary/{link}"): Door.LINK,
    ("GET", "/treatments/{treatment}/diary"): Act.READ,
    ("POST", "/treatments/{treatment}/diary/link"): Act.WRITE,
    ("POST", "/treatments/{treatment}/diary/ending"): Act.WRITE,
    ("POST", "/treatments/{treatment}/diary/reading"): Act.WRITE,
    ("GET", "/alarms"): Act.READ,
    ("GET", "/alarms/banner"): Act.READ,
    ("POST", "/alarms/{alarm}/answer"): Act.WRITE,
    ("POST", "/alarms/{alarm}/decision"): Act.TREAT,
    ("GET", "/tokens"): Act.PEOPLE,
    ("POST", "/tokens"): Act.PEOPLE,
    ("POST", "/tokens/{token}/end"): Act.PEOPLE,
    ("GET", "/fhir"): Door.ANYBODY,
    ("GET", "/fhir/metadata"): Door.ANYBODY,
    ("GET", "/fhir/openapi.json"): Door.ANYBODY,
    ("GET", "/fhir/{kind}"): Door.TOKEN,
    ("GET", "/fhir/{kind}/{resource}"): Door.TOKEN,
    ("GET", "/fhir/Patient/{patient}/$everything"): Door.TOKEN,
}

# What a page asks by itself, which is no use of a session: one that nobody uses ends all the same.
QUIET = frozenset({("GET", "/alarms/banner")})


def admitted(door: Door | Act) -> frozenset[Role]:
    """Return the roles that a door opens for."""
    if door is Door.TOKEN:
        return frozenset()
    return MAY[door] if isinstance(door, Act) else frozenset(Role)
