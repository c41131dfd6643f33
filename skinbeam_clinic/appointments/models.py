"""What the records hand out of appointments: who comes when, to whom, for what, and to which machine."""

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = [
    "Appointment",
    "AppointmentFeed",
    "AppointmentState",
    "BookableMember",
    "Booking",
    "BookingClash",
    "BookingResource",
    "Purpose",
]

BookingResource = Literal["member", "machine", "patient"]


class Purpose(StrEnum):
    """What an appointment is for."""

    CONSULTATION = "consultation"
    TEST_SPOT = "test-spot"
    READING = "reading"
    SESSION = "session"
    FOLLOW_UP = "follow-up"


class AppointmentState(StrEnum):
    """How an appointment stands."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    KEPT = "kept"
    MISSED = "missed"


@dataclass(frozen=True)
class BookableMember:
    """Somebody of the clinic who can be booked; `treats`: for sessions and test spots, too."""

    id: str
    name: str
    treats: bool


@dataclass(frozen=True)
class Booking:
    """An appointment as it is asked for."""

    patient_id: str
    member_id: str
    purpose: Purpose
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    machine_id: str | None = None
    consultation_id: str | None = None


@dataclass(frozen=True)
class Appointment:
    """An appointment as it is kept, with what everybody in it is called; the next change names this `revision`.

    Parameters
    ----------
    treatment_id : of the treatment that was begun in it; None where there is none.
    """

    id: str
    patient_id: str
    pseudonym: str
    consultation_id: str | None
    member_id: str
    member: str
    machine_id: str | None
    machine: str
    room: str
    purpose: Purpose
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    state: AppointmentState
    revision: int
    created_at: datetime.datetime
    created_by: str
    treatment_id: str | None


@dataclass(frozen=True)
class BookingClash:
    """Who or what is taken at a time that was asked for.

    Parameters
    ----------
    place : of the time among those that were asked for, from 0.
    taken : of whom or what there is only one.
    by : name of the appointment that takes them; empty where it is one of those that were asked for with it.
    """

    place: int
    taken: BookingResource
    by: str


@dataclass(frozen=True)
class AppointmentFeed:
    """The address at which a member's own calendar program reads their appointments; who holds it is not told.

    Parameters
    ----------
    ended_at : when it was ended before its time; None where it was not.
    """

    id: str
    member_id: str
    member: str
    made_at: datetime.datetime
    until: datetime.datetime
    ended_at: datetime.datetime | None
