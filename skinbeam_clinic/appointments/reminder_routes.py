"""Routes of reminders: the appointments of the next working days of which patients are to be reminded."""

from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, current_language, text_direction, use_language
from skinbeam_clinic.appointments.reminder_texts import ReminderText, mail_link, reminder_text, reminder_until
from skinbeam_clinic.appointments.reminders import ReminderEntry, ReminderList
from skinbeam_clinic.appointments.times import time_formats
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries.views import dialable_number
from skinbeam_clinic.patients.contact_details import ReminderWay
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_reminder_routes"]


@dataclass(frozen=True)
class _ReminderRow:
    """An appointment for display: the link by which the patient is reached, and what to say, in its language."""

    entry: ReminderEntry
    link: str
    text: ReminderText
    language: str
    direction: str

    @property
    def is_done(self) -> bool:
        """Whether the patient was reminded."""
        return self.entry.reminder is not None and self.entry.reminder.is_done


def add_reminder_routes(router: ClinicRouter) -> None:
    """Open the routes of reminders."""
    router.add("GET", "/reminders", _show_reminders, only_reads=True)
    router.add("POST", "/appointments/{appointment}/reminder", _mark_reminded, form=_show_reminders)


@skips_altered_rows
def _show_reminders(request: ClinicRequest, error: InputError | None = None) -> Response:
    """List who is to be reminded; where names are hidden in this session, no contact details are read."""
    settings, hidden = request.services.reminders, request.member_session.names_hidden
    until = reminder_until(now(), settings.days, request.repositories.closed_days.list_all())
    reminders = ReminderList((), 0) if hidden else request.repositories.reminders.list_ahead(until)
    rows = [_reminder_row(request, entry) for entry in reminders.entries]
    return request.page(
        "course/reminders.html",
        error=error,
        hidden=hidden,
        days=settings.days,
        waiting=[row for row in rows if not row.is_done],
        done=[row for row in rows if row.is_done],
        not_agreed=reminders.not_agreed,
        unread=reminders.unread,
        replaced=reminders.replaced,
        by_mail=bool(settings.sender) and request.services.outside_contact.mail is not None,
        **time_formats(),
    )


def _reminder_row(request: ClinicRequest, entry: ReminderEntry) -> _ReminderRow:
    settings = request.services.reminders
    known = (entry.language, settings.language, current_language())
    language = next(code for code in known if code in LANGUAGES)
    with use_language(language):
        text = reminder_text(
            entry.appointment.starts_at,
            clinic=request.member_session.member.clinic,
            place=request.clinic_contact.place,
            phone=request.clinic_contact.phone,
        )
        direction = text_direction()
    by_phone = entry.way is ReminderWay.PHONE
    link = f"tel:{dialable_number(entry.address)}" if by_phone else mail_link(entry.address, text)
    return _ReminderRow(entry, link, text, language, direction)


def _mark_reminded(request: ClinicRequest) -> Response:
    id, revision = request.path_parameter("appointment"), request.whole_number("revision") or 0
    request.repositories.reminders.mark(id, revision=revision)
    return request.redirect("/reminders")
