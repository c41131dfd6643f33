"""Read bookings from form fields, and explain a clash: which appointments conflict, and the next free times."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.model.errors import InputError
from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.appointments.models import Appointment, BookableMember, Booking, BookingClash, Purpose
from skinbeam_clinic.appointments.plan_visits import USUAL_MINUTES
from skinbeam_clinic.appointments.times import HORIZON, find_free_times, parse_moment, span_days
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import ClashError, catalogue_error
from skinbeam_clinic.treatments.models import ClinicMachine
from skinbeam_clinic.typed_numbers import read_whole_number
from skinbeam_clinic.web.request import ClinicRequest, check_name

__all__ = ["BookingChoices", "BookingRefusal", "explain_clash", "list_choices", "read_booking"]

_FREE_TIMES = 3  # times that are proposed
_YEARS_AHEAD = 3
_MOST_MINUTES = 1440  # above the longest appointment


@dataclass(frozen=True)
class BookingChoices:
    """The members and machines that can be booked."""

    members: tuple[BookableMember, ...]
    machines: tuple[ClinicMachine, ...]


@dataclass(frozen=True)
class BookingRefusal:
    """The reasons why a requested time is taken, and the next free times.

    Parameters
    ----------
    conflicts : sentence and conflicting appointment each; None for an appointment of the same request.
    """

    conflicts: tuple[tuple[str, Appointment | None], ...]
    booking: Booking
    free_times: tuple[datetime.datetime, ...]


def list_choices(request: ClinicRequest, appointment: Appointment | None = None) -> BookingChoices:
    """Return who may be booked and the machines in use, and those of an appointment as it is."""
    members = request.repositories.appointments.list_bookable_members()
    machines = request.repositories.machines.list_all()
    if appointment is not None and appointment.member_id not in {each.id for each in members}:
        members = (*members, BookableMember(appointment.member_id, appointment.member, may_treat=False))
    machine_id = None if appointment is None else appointment.machine_id
    return BookingChoices(members, tuple(each for each in machines if each.retired_at is None or each.id == machine_id))


def read_booking(fields: Mapping[str, str], patient_id: str, *, minutes: int = 0) -> Booking:
    """Return the booking requested by the fields of a form.

    Parameters
    ----------
    minutes : default duration; the usual duration of the purpose if 0.

    Raises
    ------
    InputError : `no-such-time`, `out-of-days`, `number-not-whole`, or `no-purpose`.
    """
    if fields["purpose"] not in set(Purpose):
        raise _booking_error("no-purpose", "purpose")
    starts_at, purpose = parse_moment(fields["day"], fields["time"]), Purpose(fields["purpose"])
    if (
        not span_days(to_local_time(now()).date())[0]
        <= starts_at
        <= now() + datetime.timedelta(days=366 * _YEARS_AHEAD)
    ):
        raise _booking_error("out-of-days", "day", years=_YEARS_AHEAD)
    length = minutes or USUAL_MINUTES[purpose]
    if typed := fields["minutes"]:
        length = min(read_whole_number(typed, "minutes", render_message("appointment.minutes")), _MOST_MINUTES)
    return Booking(
        patient_id=patient_id,
        member_id=check_name(fields["member"]),
        purpose=purpose,
        starts_at=starts_at,
        ends_at=starts_at + datetime.timedelta(minutes=length),
        machine_id=check_name(fields["machine"]) or None,
        consultation_id=check_name(fields["consultation"]) or None,
    )


def explain_clash(
    request: ClinicRequest, error: ClashError, bookings: Sequence[Booking], *, except_id: str = ""
) -> BookingRefusal:
    """Return the reasons for the first clash, and the next free times for its booking.

    Parameters
    ----------
    except_id : id of the appointment that is about to be moved.
    """
    place = error.clashes[0].index
    here = [clash for clash in error.clashes if clash.index == place]
    booking = bookings[place]
    taken = request.repositories.appointments.list_taken_spans(
        booking, booking.starts_at + HORIZON, except_id=except_id
    )
    return BookingRefusal(
        tuple(_describe_clash(request, clash) for clash in here), booking, find_free_times(booking, taken, _FREE_TIMES)
    )


def _describe_clash(request: ClinicRequest, clash: BookingClash) -> tuple[str, Appointment | None]:
    other = request.repositories.appointments.get(clash.appointment_id) if clash.appointment_id else None
    return render_message(f"appointment-taken.{clash.resource}"), other


def _booking_error(code: str, field: str, **about: int) -> InputError:
    return catalogue_error(code, f"clinic-fault.{code}", field, about)
