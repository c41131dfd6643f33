"""What a patient says: asked by somebody of the clinic, or filled in alone on a tablet that was handed over.

Handing over ends the session of the browser: who holds the tablet reaches the questions and nothing else of the clinic.
"""

from typing import Any

from fastapi.responses import Response

from skinbeam.app.clinic.door.cookies import HANDED, SESSION, drop_cookie, held, set_cookie
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.records.desk.desk import Desk
from skinbeam.records.desk.handed import HandedOver
from skinbeam.records.desk.said import Asked, Told, asked_of
from skinbeam.records.faults import AbsentError, fault
from skinbeam.records.followed import Change, Felt, FollowUp, Moment, Quarter

__all__ = ["add_said"]


def add_said(gate: Gate) -> None:
    """Open the routes of what a patient says."""
    gate.add("GET", "/follow-ups/{follow_up}/patient", _page)
    gate.add("POST", "/follow-ups/{follow_up}/patient", _say)
    gate.add("POST", "/follow-ups/{follow_up}/handing", _hand)
    gate.add("GET", "/asked", _handed)
    gate.add("POST", "/asked", _say_alone)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    desk, one = visit.desk, visit.desk.follow_ups.get(visit.path("follow_up"))
    patient = desk.patients.get(desk.consultations.get(one.consultation_id).patient_id)
    here = f"/follow-ups/{one.id}"
    return _form(visit, _asked(desk, one), error, here=f"{here}/patient", follow_up=here, patient=patient)


def _form(visit: Visit, asked: Asked, error: InputError | None, **about: Any) -> Response:
    status = 200 if error is None else status_of(error)
    return visit.page(
        "followed/follow-up-patient.html", status, error=error, asked=asked, sent=dict(visit.sent), **about
    )


def _say(visit: Visit) -> Response:
    desk, one = visit.desk, visit.desk.follow_ups.get(visit.path("follow_up"))
    try:
        desk.follow_ups.say(one.id, _told(visit, _asked(desk, one)))
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _page(visit, error)
    return visit.go(f"/follow-ups/{one.id}")


def _hand(visit: Visit) -> Response:
    """Give the browser the questions, and take the session from it."""
    token = HandedOver(visit.house.database).hand(visit.signed.member, visit.path("follow_up"))
    visit.house.door.sign_out(visit.signed.token)
    answer = visit.go("/asked")
    drop_cookie(visit.request, answer, SESSION)
    set_cookie(visit.request, answer, HANDED, token)
    return answer


def _handed(visit: Visit, error: InputError | None = None) -> Response:
    """The questions that the browser was given; without any, that there is nothing to answer."""
    visit.who = None  # it stands outside, also for who is signed in
    try:
        asked = HandedOver(visit.house.database).asked(held(visit.request, HANDED))
    except AbsentError:
        return visit.page("followed/asked.html", answered=False)
    return _form(visit, asked, error, here="/asked")


def _say_alone(visit: Visit) -> Response:
    handed, token = HandedOver(visit.house.database), held(visit.request, HANDED)
    try:
        handed.say(token, _told(visit, handed.asked(token)))
    except AbsentError:
        return _handed(visit)
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _handed(visit, error)
    visit.who = None
    answer = visit.page("followed/asked.html", answered=True)
    drop_cookie(visit.request, answer, HANDED)
    return answer


def _asked(desk: Desk, one: FollowUp) -> Asked:
    """What is asked; what was before is asked afterwards where nobody did then."""
    return asked_of(one, desk.follow_ups.before(one.id) if one.moment is Moment.AFTER else None)


def _told(visit: Visit, asked: Asked) -> Told:
    """The answers; of after a treatment every choice is asked for.

    Raises
    ------
    InputError : `bad-answer`: one is missing, or none of those that were offered.
    """
    words = visit.said("words")
    if asked.moment is Moment.BEFORE:
        return Told(_felt(visit, "now"), words=words)
    try:
        quarter, change = Quarter(visit.said("quarter")), Change(_number(visit, "change"))
    except ValueError:
        raise fault("bad-answer", "quarter") from None
    before = _felt(visit, "before") if asked.remember and visit.said("before.confidence") else None
    return Told(_felt(visit, "now"), before, quarter, change, _number(visit, "satisfied"), words)


def _felt(visit: Visit, when: str) -> Felt:
    return Felt(_number(visit, f"{when}.confidence"), _number(visit, f"{when}.pain"))


def _number(visit: Visit, name: str) -> int:
    typed = visit.said(name)
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 2):
        raise fault("bad-answer", name)
    return int(typed)
