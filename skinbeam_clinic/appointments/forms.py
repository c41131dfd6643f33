"""A booking as a form asks for it, and what is told when its time is taken: by what, and when there is room."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.app.clinic.course.series import USUAL_MINUTES
from skinbeam.app.clinic.course.times import HORIZON, free_times, read_moment, span_of
from skinbeam.app.clinic.visit import Visit, name_sent
from skinbeam.errors import InputError
from skinbeam.messages import local, text
from skinbeam.records.booked import Appointment, Bookable, Booking, Clash, Purpose
from skinbeam.records.faults import ClashError
from skinbeam.records.store.columns import now
from skinbeam.records.treated import Machine

__all__ = ["Choices", "Refusal", "choices", "read_booking", "refused"]

_FREE = 3  # times that are proposed
_YEARS_AHEAD = 3


@dataclass(frozen=True)
class Choices:
    """Who and what can be booked."""

    members: tuple[Bookable, ...]
    machines: tuple[Machine, ...]


@dataclass(frozen=True)
class Refusal:
    """What takes a time that was asked for, and the next ones at which there is room.

    Parameters
    ----------
    taken : each with the appointment that does; None of one that was asked for with it.
    """

    taken: tuple[tuple[str, Appointment | None], ...]
    asked: Booking
    free: tuple[datetime.datetime, ...]


def choices(visit: Visit, one: Appointment | None = None) -> Choices:
    """Return who may be booked and the machines in use, and those of an appointment as it is."""
    members, machines = visit.desk.appointments.members(), visit.desk.machines.all()
    if one is not None and one.member_id not in {each.id for each in members}:
        members = (*members, Bookable(one.member_id, one.member, treats=False))
    held = None if one is None else one.machine_id
    return Choices(members, tuple(each for each in machines if each.retired_at is None or each.id == held))


def read_booking(sent: Mapping[str, str], patient_id: str, *, minutes: int = 0) -> Booking:
    """Return the booking that the fields of a form ask for.

    Parameters
    ----------
    minutes : how long it is where nobody says; as long as usual where it is 0.

    Raises
    ------
    InputError : `no-such-time`, `out-of-days`, `no-minutes`, or `no-purpose`.
    """
    if sent["purpose"] not in set(Purpose):
        raise _wrong("no-purpose", "purpose")
    starts_at, purpose = read_moment(sent["day"], sent["time"]), Purpose(sent["purpose"])
    if not span_of(local(now()).date())[0] <= starts_at <= now() + datetime.timedelta(days=366 * _YEARS_AHEAD):
        raise _wrong("out-of-days", "day", years=_YEARS_AHEAD)
    typed = sent["minutes"] or str(minutes or USUAL_MINUTES[purpose])
    if not (typed.isdecimal() and len(typed) <= len("1440")):
        raise _wrong("no-minutes", "minutes")
    return Booking(
        patient_id=patient_id,
        member_id=name_sent(sent["member"]),
        purpose=purpose,
        starts_at=starts_at,
        ends_at=starts_at + datetime.timedelta(minutes=int(typed)),
        machine_id=name_sent(sent["machine"]) or None,
        consultation_id=name_sent(sent["consultation"]) or None,
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
    return Refusal(tuple(_told(visit, clash) for clash in here), booking, free_times(booking, taken, _FREE))


def _told(visit: Visit, clash: Clash) -> tuple[str, Appointment | None]:
    return text(f"appointment-taken.{clash.taken}"), visit.desk.appointments.get(clash.by) if clash.by else None


def _wrong(code: str, field: str, **about: int) -> InputError:
    sentence, hint = text(f"clinic-fault.{code}"), text(f"clinic-fault.{code}-hint", about)
    return InputError(code, sentence, field=field, hint=hint)
