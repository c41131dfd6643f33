"""Send reminders of appointments by e-mail, where the clinic has turned that on and the patient has agreed.

A reminder is recorded before its mail is handed over. If the program ends in between, nobody knows whether it was sent:
the list says so, and it is not sent again. A mail that a server has refused is tried again.
"""

import datetime
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage

from sqlalchemy import select

from skinbeam.text import LANGUAGES, to_local_time, use_language, use_time_zone
from skinbeam_clinic.accounts.clinic_contact import ClinicContact, read_clinic_contact
from skinbeam_clinic.appointments.closed_days import read_closed_days
from skinbeam_clinic.appointments.reminder_settings import ReminderSettings
from skinbeam_clinic.appointments.reminder_texts import reminder_text, reminder_until
from skinbeam_clinic.appointments.reminders import ReminderEntry, ReminderState, find_reminders, list_agreed
from skinbeam_clinic.appointments.times import span_days
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.tables import ClinicRow
from skinbeam_clinic.database.transaction import ClinicTransaction, open_transaction
from skinbeam_clinic.database.treatment_tables import AppointmentReminderRow
from skinbeam_clinic.errors import UnreachableError
from skinbeam_clinic.mail_server import MailInDoubtError, MailServer, message_id, send_mail
from skinbeam_clinic.patients.contact_details import EMAIL, ReminderWay
from skinbeam_clinic.polling_thread import PollingThread

__all__ = ["ReminderSender"]

_POLL_S = 30.0
_JOIN_TIMEOUT_S = 3.0
_WORKER_ACTOR = "worker"
_RETRY_WAITS = tuple(datetime.timedelta(minutes=minutes) for minutes in (5, 15, 60))  # after failures; then the last
_FIRST_HOUR, _LAST_HOUR = 8, 20  # by the clinic's clocks: a mail at night may wake somebody
_DAY = datetime.timedelta(days=1)
_log = logging.getLogger(__name__)

SendMail = Callable[[MailServer, EmailMessage], None]


@dataclass(frozen=True)
class _ClaimedReminder:
    """A reminder that is recorded as being sent; `id`: of its row, `contact`: what the clinic has entered."""

    id: str
    clinic_id: str
    clinic: str
    contact: ClinicContact
    entry: ReminderEntry


class ReminderSender(PollingThread):
    """A thread that sends the reminders of all clinics of a database but those of synthetic people.

    Parameters
    ----------
    phone : the telephone of clinics that have not entered their own; empty if it is not set.
    zone : the time zone of the clinic; that of this machine where it is None.
    """

    def __init__(
        self,
        database: Database,
        mail: MailServer,
        settings: ReminderSettings,
        *,
        phone: str,
        zone: datetime.tzinfo | None,
        send: SendMail = send_mail,
    ) -> None:
        self._database = database
        self._mail = mail
        self._settings = settings
        self._phone = phone
        self._zone = zone
        self._send = send
        defect = "defect while reminding of an appointment"
        super().__init__("reminders", defect=defect, poll_s=_POLL_S, join_s=_JOIN_TIMEOUT_S)

    def process_next(self) -> bool:
        """Send the reminder that is due first; return False if there is none.

        Raises
        ------
        UnreachableError : the database does not answer.
        """
        with use_time_zone(self._zone):
            if not _FIRST_HOUR <= to_local_time(now()).hour < _LAST_HOUR:
                return False
            for clinic_id in self._list_clinics():
                try:
                    claimed = self._claim_next(clinic_id)
                except UnreachableError:
                    raise
                except Exception:  # the other clinics go on
                    _log.exception("defect while looking for the reminders of a clinic")
                    continue
                if claimed is not None:
                    self._process(claimed)
                    return True
        return False

    def _list_clinics(self) -> list[str]:
        with self._database.reading() as session:
            return list(session.scalars(select(ClinicRow.id).where(ClinicRow.synthetic.is_(False))))

    def _claim_next(self, clinic_id: str) -> _ClaimedReminder | None:
        """Record the next reminder of a clinic as being sent; None if none is due."""
        with self._database.reading() as session:  # without the clinic's lock: mostly there is none
            clinic = session.get_one(ClinicRow, clinic_id)
            if self._find_due(ClinicTransaction(self._database, session, clinic, _WORKER_ACTOR)) is None:
                return None
        with open_transaction(self._database, clinic_id, _WORKER_ACTOR) as work:
            entry = self._find_due(work)
            if entry is None:
                return None
            appointment = entry.appointment
            row = find_reminders(work, [appointment.id]).get(appointment.id) or work.new_row(
                AppointmentReminderRow,
                appointment_id=appointment.id,
                patient_id=appointment.patient_id,
                starts_at=appointment.starts_at,
                way=ReminderWay.EMAIL.value,
                attempts=0,
            )
            row.state, row.attempts, row.retry_at = ReminderState.SENDING.value, row.attempts + 1, None
            row.noted_at, row.noted_by = now(), work.actor
            work.log("contact.seen", f"contact/{appointment.patient_id}")
            work.save(row, "reminder.sending")
            return _ClaimedReminder(row.id, clinic_id, work.clinic_name, read_clinic_contact(work), entry)

    def _find_due(self, work: ClinicTransaction) -> ReminderEntry | None:
        """Return the first appointment, from tomorrow on, of which a patient is to be reminded by mail now."""
        at = now()
        tomorrow, _ = span_days(to_local_time(at).date() + _DAY)
        until = reminder_until(at, self._settings.days, read_closed_days(work))
        agreed = list_agreed(work, tomorrow, until)
        by_mail = [entry for entry in agreed.entries if entry.way is ReminderWay.EMAIL]
        rows = find_reminders(work, [reminder.appointment.id for reminder in by_mail])
        for reminder in by_mail:
            row = rows.get(reminder.appointment.id)
            if row is None or (row.state == ReminderState.FAILED and (row.retry_at is None or row.retry_at <= at)):
                return reminder
        return None

    def _process(self, claimed: _ClaimedReminder) -> None:
        try:
            self._send(self._mail, self._write_message(claimed))
        except MailInDoubtError as error:
            self._finish(claimed, ReminderState.UNCLEAR, str(error))
        except (OSError, ValueError) as error:
            self._finish(claimed, ReminderState.FAILED, type(error).__name__)
        else:
            self._finish(claimed, ReminderState.SENT)

    def _finish(self, claimed: _ClaimedReminder, state: ReminderState, fault: str | None = None) -> None:
        """Record what became of a mail, unless a member has marked the reminder in the meantime."""
        if fault is not None:
            _log.warning("a reminder was not sent: %s", fault)
        with open_transaction(self._database, claimed.clinic_id, _WORKER_ACTOR) as work:
            row = work.find(AppointmentReminderRow, claimed.id)
            if row is None or row.state != ReminderState.SENDING:
                work.log(f"reminder.{state.value}", f"appointment_reminder/{claimed.id}")
                return
            row.state, row.fault, row.noted_at = state.value, fault, now()
            if state is ReminderState.FAILED:
                row.retry_at = now() + _RETRY_WAITS[min(row.attempts, len(_RETRY_WAITS)) - 1]
            work.save(row, f"reminder.{state.value}")

    def _write_message(self, claimed: _ClaimedReminder) -> EmailMessage:
        languages, own = self._languages(claimed.entry.language), claimed.contact
        place, phone = own.place or self._settings.place, own.phone or self._phone
        texts = []
        for language in languages:
            with use_language(language):
                about = {"clinic": claimed.clinic, "place": place, "phone": phone}
                texts.append(reminder_text(claimed.entry.appointment.starts_at, **about))
        message, sender = EmailMessage(), self._settings.sender
        message["From"], message["To"] = sender, _check_one_address(claimed.entry.address)
        message["Subject"] = " / ".join(text.subject for text in texts)
        # The same for every attempt, so that mail programs can show it once; it names nothing of the appointment.
        name = hashlib.sha256(claimed.id.encode()).hexdigest()[:32]
        message["Message-ID"] = message_id(name, sender)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content("\n\n".join(text.body for text in texts))
        return message

    def _languages(self, languages: str) -> tuple[str, ...]:
        """Return the language of a patient, or of the clinic; every one if neither is known."""
        language = languages if languages in LANGUAGES else self._settings.language
        return (language,) if language else tuple(LANGUAGES)


def _check_one_address(address: str) -> str:
    """Return the address of a patient.

    Raises
    ------
    ValueError : a mail program would read it as several, or as another one, of somebody else.
    """
    if EMAIL.fullmatch(address) is None:
        raise ValueError(f"not one address: {len(address)} characters")
    return address
