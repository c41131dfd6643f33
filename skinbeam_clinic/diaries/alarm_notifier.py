"""Notify the clinic of diary alarms by mail until an alarm is answered, with settings from the environment.

The notifier reads no data of patients.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, render_message, use_language
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.follow_up_tables import AlarmRow
from skinbeam_clinic.database.tables import ClinicRow
from skinbeam_clinic.database.transaction import open_transaction
from skinbeam_clinic.jobs.queue import ALARM_JOB, JobQueue
from skinbeam_clinic.mail_server import MailServer, is_mail_address, message_id, send_mail
from skinbeam_clinic.models import Job, JobProgress
from skinbeam_clinic.polling_thread import PollingThread

__all__ = [
    "ADDRESS_VARIABLE",
    "MAIL_VARIABLE",
    "PHONE_VARIABLE",
    "RECEIVERS_VARIABLE",
    "SENDER_VARIABLE",
    "AlarmNotifier",
    "ContactSettings",
    "notification_id",
    "read_contact_settings",
]


class _AlarmLookup:
    """Looks up alarms of all clinics by their ids, without data of patients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_waiting_clinic(self, clinic_id: str, alarm_id: str) -> str:
        """Return the name of the clinic if an alarm is still unanswered; empty if it is not."""
        with self._database.reading() as session:
            row, clinic = session.get(AlarmRow, (clinic_id, alarm_id)), session.get(ClinicRow, clinic_id)
            return clinic.name if clinic is not None and row is not None and row.answered_at is None else ""

    def log_sent(self, clinic_id: str, alarm_id: str) -> None:
        """Record in the audit log that a notification of an alarm was sent."""
        with open_transaction(self._database, clinic_id, "worker") as work:
            work.log("alarm.sent", f"{ALARM_JOB}/{alarm_id}")


# Settings from the environment: the public address, the telephone, and the mail server.

ADDRESS_VARIABLE, PHONE_VARIABLE = "SKINBEAM_ADDRESS", "SKINBEAM_PHONE"
MAIL_VARIABLE, SENDER_VARIABLE, RECEIVERS_VARIABLE = "SKINBEAM_SMTP", "SKINBEAM_ALARM_FROM", "SKINBEAM_ALARM_TO"
_PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}


@dataclass(frozen=True)
class ContactSettings:
    """The public address, the telephone and the mail server of the clinic.

    Parameters
    ----------
    address : at which patients reach the app, such as https://laser.clinic.example; empty: that of the request.
    phone : of clinics that have not entered their own, for patients with an invalid link, or with a plan that names no
        telephone.
    mail : None where no notifications are sent.
    """

    address: str = ""
    phone: str = ""
    mail: MailServer | None = None


def read_contact_settings(environment: Mapping[str, str]) -> ContactSettings:
    """Return the settings of the environment.

    Raises
    ------
    InputError : `bad-outside`, with the variable.
    """
    address = environment.get(ADDRESS_VARIABLE, "").strip().rstrip("/")
    if address and (urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc):
        raise _setting_error(ADDRESS_VARIABLE)
    return ContactSettings(address, environment.get(PHONE_VARIABLE, "").strip(), _read_mail_server(environment))


def _read_mail_server(environment: Mapping[str, str]) -> MailServer | None:
    written = environment.get(MAIL_VARIABLE, "").strip()
    if not written:
        return None
    try:
        url = urlsplit(written)
        port = url.port
    except ValueError:
        raise _setting_error(MAIL_VARIABLE) from None
    if url.scheme not in _PORTS or not url.hostname:
        raise _setting_error(MAIL_VARIABLE)
    receivers = tuple(
        address.strip() for address in environment.get(RECEIVERS_VARIABLE, "").split(",") if address.strip()
    )
    for name, given in (
        (SENDER_VARIABLE, (environment.get(SENDER_VARIABLE, "").strip(),)),
        (RECEIVERS_VARIABLE, receivers),
    ):
        if not given or not all(map(is_mail_address, given)):
            raise _setting_error(name)
    return MailServer(
        kind=url.scheme,
        host=url.hostname,
        port=port or _PORTS[url.scheme],
        user=unquote(url.username or ""),
        password=unquote(url.password or ""),
        sender=environment[SENDER_VARIABLE].strip(),
        receivers=receivers,
    )


def _setting_error(variable: str) -> InputError:
    return InputError(
        "bad-outside",
        render_message("diary-outside.bad"),
        field=variable,
        hint=render_message(f"diary-outside.{variable.lower()}"),
    )


# Notifications of alarms: by mail, repeated until an alarm is answered.
#
# A message contains no health data and no name except the clinic's. Notifications are jobs of the queue, so that they
# survive a restart; failed ones are retried, and the pages of the clinic display a warning in the meantime.

_POLL_S = 2.0
_JOIN_TIMEOUT_S = 3.0
_RETRY_WAITS = tuple(
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15)
)  # after the first failures; then the last
_REMINDER_WAITS = tuple(
    timedelta(minutes=minutes) for minutes in (15, 30, 60, 240)
)  # while nobody answers; then the last
_log = logging.getLogger(__name__)

SendMail = Callable[[MailServer, str, str, str], None]


class AlarmNotifier(PollingThread):
    """A thread that sends notifications of the alarms of all clinics of a database.

    Parameters
    ----------
    send : sends a notification, given the mail server, the name of the clinic, the address to open, and the
        `notification_id`.
    """

    def __init__(self, database: Database, settings: ContactSettings, send: SendMail | None = None) -> None:
        self._settings = settings
        self._queue = JobQueue(database)
        self._lookup = _AlarmLookup(database)
        self._send = send or _send_alarm
        super().__init__("pager", defect="defect while telling of an alarm", poll_s=_POLL_S, join_s=_JOIN_TIMEOUT_S)

    def process_next(self) -> bool:
        """Process the due notification that has waited longest; return False if there is none.

        Raises
        ------
        UnreachableError : the database does not answer.
        """
        job = self._queue.take(ALARM_JOB)
        if job is None:
            return False
        clinic = self._lookup.find_waiting_clinic(job.clinic_id, job.payload["alarm"])
        if not clinic:
            self._queue.finish(job)
        elif self._settings.mail is None:
            self._queue.postpone(job, _RETRY_WAITS[-1], _failure_progress(job, "no way"))
        else:
            self._notify(job, clinic, self._settings.mail)
        return True

    def _notify(self, job: Job, clinic: str, mail: MailServer) -> None:
        try:
            id = notification_id(job.payload["alarm"], job.progress.sent)
            self._send(mail, clinic, f"{self._settings.address}/alarms", id)
        except (OSError, ValueError) as error:
            _log.warning("word of an alarm was not sent: %s", type(error).__name__)
            failed = _failure_progress(job, type(error).__name__)
            self._queue.postpone(job, _nth_wait(_RETRY_WAITS, failed.failed - 1), failed)
            return
        self._lookup.log_sent(job.clinic_id, job.payload["alarm"])
        sent = job.progress.sent + 1
        self._queue.postpone(job, _nth_wait(_REMINDER_WAITS, sent - 1), JobProgress(sent=sent))


def notification_id(alarm_id: str, number: int) -> str:
    """Return what identifies a notification of an alarm, and names nothing of it.

    A program that was killed after the mail server had taken a message sends it again. As it is the same message then,
    mail servers and programs can show it once.

    Parameters
    ----------
    number : how many of this alarm were sent before.
    """
    return hashlib.sha256(f"{alarm_id}/{number}".encode()).hexdigest()[:32]


def _send_alarm(mail: MailServer, clinic: str, address: str, id: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.receivers)
    message["Subject"] = render_message("alarm.mail", {"clinic": clinic})
    message["Message-ID"] = message_id(id, mail.sender)
    message["Importance"] = "high"
    message.set_content("\n\n".join(_alarm_text(language, clinic, address) for language in LANGUAGES))
    send_mail(mail, message)


def _alarm_text(language: str, clinic: str, address: str) -> str:
    with use_language(language):
        return f"{render_message('alarm.mail', {'clinic': clinic})}.\n{address}"


def _failure_progress(job: Job, why: str) -> JobProgress:
    return replace(job.progress, fault=why, failed=job.progress.failed + 1)


def _nth_wait(waits: tuple[timedelta, ...], number: int) -> timedelta:
    return waits[min(number, len(waits) - 1)]
