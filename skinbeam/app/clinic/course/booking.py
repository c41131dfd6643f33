"""A booking as a form asks for it, and what is told when its time is taken: by what, and when there is room."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.app.clinic.course.times import HORIZON, free_times, read_moment, span_of
from skinbeam.app.clinic.visit import Visit
from skinbeam.errors import InputError
from skinbeam.messages import local, text
from skinbeam.records.booked import Appointment, Bookable, Booking, Clash, Purpose
from skinbeam.records.faults import ClashError
from skinbeam.records.store.columns import now
from skinbeam.records.treated import Machine

__all__ = ["USUAL_MINUTES", "Choices", "Refusal", "asked", "choices", "refused"]

# How long an appointment is that nobody gave a length; a judgement, and a session is as long as its plan says.
USUAL_MINUTES: Mapping[Purpose, int] = {
    Purpose.CONSULTATION: 30,
    Purpose.TEST_SPOT: 20,
    Purpose.READING: 10,
    Purpose.SESSION: 30,
    Purpose.FOLLOW_UP: 20,
}
_FREE = 3  # times that are proposed
_YEARS_AHEAD = 3


@dataclass(frozen=True)
class Choices:
    """Who and what can be booked."""

    members: tuple[Bookable, ...]
    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class Refusal:
    """What takes a time that was asked for, and the next ones at which there is room."""

    taken: tuple[tuple[str, Appointment], ...]
    free: tuple[datetime.datetime, ...]


def choices(visit: Visit, one: Appointment | None = None) -> Choices:
    """Return who may be booked and the machines in use, and those of an appointment as it is."""
    members, machines = visit.desk.appointments.members(), visit.desk.machines.all()
    if one is not None and one.member_id not in {each.id for each in members}:
        members = (*members, Bookable(one.member_id, one.member, treats=False))
    held = None if one is None else one.machine_id
    return Choices(members, tuple(each for each in machines if each.retired_at is None or each.id == held))


def asked(visit: Visit, patient_id: str, one: Appointment | None = None) -> Booking:
    """Return the booking that a form asks for.

    Parameters
    ----------
    one : the appointment that is about to be moved; what it is for stays.

    Raises
    ------
    InputError : `no-such-time`, `out-of-days`, `no-minutes`, or `no-purpose`.
    """
    starts_at = read_moment(visit.said("day"), visit.said("time"))
    if not span_of(local(now()).date())[0] <= starts_at <= now() + datetime.timedelta(days=366 * _YEARS_AHEAD):
        raise _wrong("out-of-days", "day", years=_YEARS_AHEAD)
    if one is None and visit.said("purpose") not in set(Purpose):
        raise _wrong("no-purpose", "purpose")
    purpose = Purpose(visit.said("purpose")) if one is None else one.purpose
    typed = visit.said("minutes") or str(USUAL_MINUTES[purpose])
    if not (typed.isdecimal() and len(typed) <= len("1440")):
        raise _wrong("no-minutes", "minutes")
    return Booking(
        patient_id=patient_id,
        member_id=visit.said("member"),
        purpose=purpose,
        starts_at=starts_at,
        ends_at=starts_at + datetime.timedelta(minutes=int(typed)),
        machine_id=visit.said("machine") or None,
        consultation_id=(visit.said("consultation") or None) if one is None else one.consultation_id,
    )


def refused(visit: Visit, error: ClashError, bookings: Sequence[Booking], *, but: str = "") -> Refusal:
    """Return what takes the time of the first booking that clashes, and when there is room for it.

    Parameters
    ----------
    but : name of the appointment that is about to be moved.
    """
    place = error.clashes[0].place
    here = [clash for clash in error.clashes if clash.place == place]
    booking = bookings[place]
    taken = visit.desk.appointments.taken(booking, booking.starts_at + HORIZON, but=but)
    return Refusal(tuple(_told(visit, clash) for clash in here), free_times(booking, taken, _FREE))


def _told(visit: Visit, clash: Clash) -> tuple[str, Appointment]:
    return text(f"appointment-taken.{clash.taken}"), visit.desk.appointments.get(clash.by)


def _wrong(code: str, field: str, **about: int) -> InputError:
    sentence, hint = text(f"clinic-fault.{code}"), text(f"clinic-fault.{code}-hint", about)
    return InputError(code, sentence, field=field, hint=hint)
