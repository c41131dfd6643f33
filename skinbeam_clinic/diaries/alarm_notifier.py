"""Tells of alarms outside: by mail, again and again, until somebody has answered.

A message holds no word of health and no name but the clinic's. What it tells stands in the queue, so that it outlives
the program; what cannot be sent is tried again, and the pages of the clinic say so meanwhile.
"""

import logging
import smtplib
import ssl
import threading
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from email.utils import make_msgid

from skinbeam.app.clinic.diary.outside import Mail, Outside
from skinbeam.messages import LANGUAGES, speaking, text
from skinbeam.records.faults import UnreachableError
from skinbeam.records.kept import Job
from skinbeam.records.store.database import Database
from skinbeam.records.store.paging import Paging
from skinbeam.records.store.queue import ALARM, Queue

__all__ = ["Pager", "send"]

_LOOK_S = 2.0
_ANSWER_S = 15.0  # that a server of mail may take: less than a job is held for
_ENDING_S = 3.0
_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15))  # after the first failures; then the last
_REMIND = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60, 240))  # while nobody answers; then the last
_log = logging.getLogger(__name__)

Send = Callable[[Mail, str, str], None]


class Pager:
    """One thread that calls people of all clinics of a database.

    Parameters
    ----------
    send : sends word of a clinic with an address to open.
    """

    def __init__(self, database: Database, outside: Outside, send: Send | None = None) -> None:
        self._outside = outside
        self._queue = Queue(database)
        self._paging = Paging(database)
        self._send = send or _sent
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pager", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """End; what was not sent stands in the queue."""
        self._ended.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_ENDING_S)

    def work(self) -> bool:
        """Tell of the alarm that has waited longest and is due; False where none is.

        Raises
        ------
        UnreachableError : the database does not answer.
        """
        job = self._queue.take(ALARM)
        if job is None:
            return False
        clinic = self._paging.waits(job.clinic_id, job.payload["alarm"])
        if not clinic:
            self._queue.finish(job, {})
        elif self._outside.mail is None:
            self._queue.put_off(job, _AGAIN[-1], _failed(job, "no way"))
        else:
            self._tell(job, clinic, self._outside.mail)
        return True

    def _tell(self, job: Job, clinic: str, mail: Mail) -> None:
        try:
            self._send(mail, clinic, f"{self._outside.address}/alarms")
        except (OSError, smtplib.SMTPException, ValueError) as error:
            _log.warning("word of an alarm was not sent: %s", type(error).__name__)
            failed = _failed(job, type(error).__name__)
            self._queue.put_off(job, _of(_AGAIN, int(failed["failed"]) - 1), failed)
            return
        self._paging.note_sent(job.clinic_id, job.payload["alarm"])
        sent = job.progress.get("sent", 0) + 1
        self._queue.put_off(job, _of(_REMIND, sent - 1), {"sent": sent})

    def _run(self) -> None:
        while not self._ended.is_set():
            worked = False
            try:
                worked = self.work()
            except UnreachableError as error:
                _log.warning("%s", error)
            except Exception:
                _log.exception("defect while telling of an alarm")
            if not worked:
                self._ended.wait(_LOOK_S)


def send(mail: Mail, message: EmailMessage) -> None:
    """Send a message.

    Raises
    ------
    OSError, SMTPException : the server does not answer, or refuses.
    """
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if mail.kind == "smtps":
        server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_ANSWER_S, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_ANSWER_S)
    with server:
        if mail.kind == "smtp+starttls":
            server.starttls(context=context)
        if mail.user:
            server.login(mail.user, mail.password)
        server.send_message(message)


def _sent(mail: Mail, clinic: str, address: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = mail.sender, ", ".join(mail.receivers)
    message["Subject"] = text("alarm.mail", {"clinic": clinic})
    message["Message-ID"] = make_msgid(domain=mail.sender.rpartition("@")[2].rstrip(">") or None)
    message["Importance"] = "high"
    message.set_content("\n\n".join(_words(language, clinic, address) for language in LANGUAGES))
    send(mail, message)


def _words(language: str, clinic: str, address: str) -> str:
    with speaking(language):
        return f"{text('alarm.mail', {'clinic': clinic})}.\n{address}"


def _failed(job: Job, why: str) -> dict[str, int | str]:
    return {"fault": why, "failed": int(job.progress.get("failed", 0)) + 1, "sent": int(job.progress.get("sent", 0))}


def _of(waits: tuple[timedelta, ...], number: int | str) -> timedelta:
    return waits[min(int(number), len(waits) - 1)]
