"""The whole course of a plan booked in one act: its appointments are proposed where there is room, looked at, kept."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi.responses import Response

from skinbeam.app.case import case_of
from skinbeam.app.clinic.answers import submission_of
from skinbeam.app.clinic.course.booking import Choices, Refusal, choices, read_booking, refused
from skinbeam.app.clinic.course.series import Due, due_of
from skinbeam.app.clinic.course.times import HORIZON, Span, free_times, read_day, read_moment, written
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.plans import Opened, opened
from skinbeam.app.clinic.visit import Visit, name_sent, status_of
from skinbeam.errors import InputError
from skinbeam.messages import local, retell
from skinbeam.records.booked import Booking, Purpose
from skinbeam.records.faults import ClashError
from skinbeam.records.store.columns import now

__all__ = ["add_courses"]

_DAY = datetime.timedelta(days=1)
_MOST = 60  # appointments of a course; none has half as many
_MORNING = "09:00"


@dataclass(frozen=True)
class _Row:
    """An appointment of a course, as it is proposed or was typed; `booked`: it is to be booked with the others."""

    purpose: str
    what: str
    day: str
    time: str
    minutes: str
    machine: str
    booked: bool = True


def add_courses(gate: Gate) -> None:
    """Open the routes of a course."""
    gate.add("GET", "/plans/{plan}/appointments", _propose)
    gate.add("POST", "/plans/{plan}/appointments", _book)


def _propose(visit: Visit) -> Response:
    plan, offered = opened(visit.desk, visit.path("plan")), choices(visit)
    asked = visit.request.query_params
    treats = [one.id for one in offered.members if one.treats]
    mine = visit.signed.member.id
    wanted = (asked.get("member"), mine, *treats)
    member = next((one for one in wanted if one in treats), "")
    start = _start(visit, plan, asked.get("day", ""))
    time = asked.get("time", _MORNING)
    try:
        begins, error = read_moment(start.isoformat(), time), None
    except InputError as wrong:
        begins, error, time = read_moment(start.isoformat(), _MORNING), wrong, _MORNING
    due = () if plan.outdated else _due(visit, plan)
    rows = _laid_out(visit, plan, due, begins, member, offered)
    return _page(visit, plan, offered, rows, {"day": start.isoformat(), "time": time, "member": member}, error)


def _page(
    visit: Visit,
    plan: Opened,
    offered: Choices,
    rows: Sequence[_Row],
    sent: dict[str, str],
    error: InputError | None = None,
    refusal: Refusal | None = None,
) -> Response:
    return visit.page(
        "course/series.html",
        200 if error is None else status_of(error),
        error=error,
        refusal=refusal,
        plan=plan.kept,
        outdated=plan.outdated,
        patient=visit.desk.patients.get(plan.consultation.patient_id),
        rows=rows,
        sent=sent,
        choices=offered,
        **written(),
    )


def _due(visit: Visit, plan: Opened) -> tuple[Due, ...]:
    """What the plan asks for, by what was chosen of it and by the answers, which tell of sessions that took place."""
    case = case_of(submission_of(plan.consultation.answers), Path()).case
    return due_of(retell(plan.records), visit.desk.plans.choices(plan.kept.id), case)


def _start(visit: Visit, plan: Opened, typed: str) -> datetime.date:
    """The day that was asked for; else tomorrow, or when a consent to the plan may be signed."""
    tomorrow = local(now()).date() + _DAY
    consents = visit.desk.consents.of(plan.kept.consultation_id)
    from_ = [local(one.not_before).date() for one in consents if one.plan_id == plan.kept.id and not one.void_reason]
    return max(read_day(typed, max([tomorrow, *from_[-1:]])), tomorrow - _DAY)


def _laid_out(
    visit: Visit, plan: Opened, due: Sequence[Due], begins: datetime.datetime, member: str, offered: Choices
) -> tuple[_Row, ...]:
    """Each appointment at the first time with room, never sooner after the one before than the plan has it."""
    rows: list[_Row] = []
    mine: list[Span] = []
    day, before = local(begins).date(), due[0].days if due else 0
    for one in due:
        day += (one.days - before) * _DAY
        before = one.days
        machine = next((each.id for each in offered.machines if each.device == one.device), None)
        asked = read_moment(day.isoformat(), f"{local(begins):%H:%M}")
        if mine and local(mine[-1][1]).date() == day:
            asked = max(asked, mine[-1][1])  # the next of the same visit
        length = datetime.timedelta(minutes=one.minutes)
        booking = Booking(plan.consultation.patient_id, member, one.purpose, asked, asked + length, machine)
        taken = [*mine, *visit.desk.appointments.taken(booking, asked + HORIZON)]
        starts_at = next(iter(free_times(booking, taken, 1)), asked)
        mine.append((starts_at, starts_at + length))
        shown = local(starts_at)
        day = shown.date()
        rows.append(_Row(one.purpose, one.what, day.isoformat(), f"{shown:%H:%M}", str(one.minutes), machine or ""))
    return tuple(rows)


def _book(visit: Visit) -> Response:
    plan, offered = opened(visit.desk, visit.path("plan")), choices(visit)
    rows = [_typed(visit, number) for number in range(_MOST) if visit.said(f"purpose-{number}") in set(Purpose)]
    member = name_sent(visit.said("member"))
    sent = {"day": rows[0].day if rows else "", "time": rows[0].time if rows else _MORNING, "member": member}
    bookings: list[Booking] = []
    try:
        for row in rows:
            if row.booked:
                patient, consultation = plan.consultation.patient_id, plan.kept.consultation_id
                bookings.append(read_booking(vars(row) | {"member": member, "consultation": consultation}, patient))
        visit.desk.appointments.book(*bookings)
    except ClashError as error:
        return _page(visit, plan, offered, rows, sent, error, refused(visit, error, bookings))
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _page(visit, plan, offered, rows, sent, error)
    return visit.go(f"/patients/{plan.consultation.patient_id}/appointments")


def _typed(visit: Visit, number: int) -> _Row:
    def said(name: str) -> str:
        return visit.said(f"{name}-{number}")

    return _Row(
        purpose=said("purpose"),
        what=said("what"),
        day=said("day"),
        time=said("time"),
        minutes=said("minutes"),
        machine=said("machine"),
        booked=said("book") == "true",
    )
