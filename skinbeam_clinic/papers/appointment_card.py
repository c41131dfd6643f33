"""Build the card of a patient's appointments that lie ahead, as PDF."""

import datetime
from collections.abc import Sequence

from skinbeam.report.letter_context import AppointmentCardPage, AppointmentCardRow
from skinbeam.text import Formatter, render_message, to_local_time
from skinbeam_clinic.accounts.clinic_contact import ClinicContact
from skinbeam_clinic.appointments.models import Appointment, AppointmentState

__all__ = ["appointment_card_page"]

_WORDS = ("title", "day", "time", "place", "cancel", "none")


def appointment_card_page(
    appointments: Sequence[Appointment], *, clinic: str, contact: ClinicContact, person: str, at: datetime.datetime
) -> AppointmentCardPage:
    """Return the page of a card with the booked appointments after a time, in the current language.

    Parameters
    ----------
    person : the name of the patient, or the pseudonym where no name is known.
    """
    ahead = [
        appointment
        for appointment in appointments
        if appointment.state is AppointmentState.BOOKED and appointment.starts_at > at
    ]
    return AppointmentCardPage(
        words={name: render_message(f"clinic-card.{name}") for name in _WORDS},
        clinic=clinic,
        place=contact.place,
        phone=contact.phone,
        person=person,
        rows=tuple(map(_card_row, ahead)),
    )


def _card_row(appointment: Appointment) -> AppointmentCardRow:
    write, date = Formatter(), to_local_time(appointment.starts_at).date()
    return AppointmentCardRow(
        f"{write.weekday(date)}, {write.date(date)}",
        f"{write.clock(appointment.starts_at)}–{write.clock(appointment.ends_at)}",
        ", ".join(part for part in (appointment.member, appointment.room) if part),
    )
