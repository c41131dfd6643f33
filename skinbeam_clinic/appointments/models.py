"""Immutable records of appointments, bookings, clashes and calendar feeds."""

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
    """The purpose of an appointment."""

    CONSULTATION = "consultation"
    TEST_SPOT = "test-spot"
    READING = "reading"
    SESSION = "session"
    FOLLOW_UP = "follow-up"


class AppointmentState(StrEnum):
    """The state of an appointment."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    ATTENDED = "kept"
    MISSED = "missed"


@dataclass(frozen=True)
class BookableMember:
    """A member of the clinic who can be booked; `may_treat`: also for sessions and test spots."""

    id: str
    name: str
    may_treat: bool


@dataclass(frozen=True)
class Booking:
    """A request for an appointment."""

    patient_id: str
    member_id: str
    purpose: Purpose
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    machine_id: str | None = None
    consultation_id: str | None = None


@dataclass(frozen=True)
class Appointment:
    """A stored appointment with the names of patient, member and machine; the next change must name its `revision`.

    Parameters
    ----------
    treatment_id : id of the treatment that was begun in it; None without one.
    is_plan_replaced : whether it is booked for a plan that a later plan of its consultation has replaced.
    is_consent_withdrawn : whether it is a booked session of a plan of which no consent is left, since every one was
        withdrawn.
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
    is_plan_replaced: bool = False
    is_consent_withdrawn: bool = False


@dataclass(frozen=True)
class BookingClash:
    """A conflict of a requested booking with another appointment.

    Parameters
    ----------
    index : index of the booking among those requested, from 0.
    resource : the resource that is already in use.
    appointment_id : id of the conflicting appointment; empty if it is a booking of the same request.
    """

    index: int
    resource: BookingResource
    appointment_id: str


@dataclass(frozen=True)
class AppointmentFeed:
    """A calendar feed, from which a member's own calendar program reads their appointments; without its token.

    Parameters
    ----------
    ended_at : when it was ended before it expired; None where it was not.
    """

    id: str
    member_id: str
    member: str
    created_at: datetime.datetime
    expires_at: datetime.datetime
    ended_at: datetime.datetime | None
