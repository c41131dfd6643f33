"""Hand messages over to a mail server."""

import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from skinbeam_clinic.database.columns import now

__all__ = ["MailInDoubtError", "MailServer", "is_mail_address", "message_id", "send_mail"]

_TIMEOUT_S = 15.0  # shorter than the time for which a job is reserved


@dataclass(frozen=True)
class MailServer:
    """A mail server with its credentials, and the sender and receivers of notifications.

    Parameters
    ----------
    kind : smtps (encrypted), smtp+starttls (encrypted on request) or smtp (unencrypted: on this machine alone).
    """

    kind: str
    host: str
    port: int
    user: str
    password: str
    sender: str
    receivers: tuple[str, ...]


class MailInDoubtError(OSError):
    """The connection broke while a message was handed over: the server may have taken it, or not."""


def is_mail_address(text: str) -> bool:
    """Return whether a text can be the sender or a receiver of a message, with or without a name before the address."""
    return "@" in parseaddr(text)[1] and text.isprintable()


def message_id(name: str, sender: str) -> str:
    """Return the `Message-ID` of a message; the same for a message that is sent again, which programs show once.

    Parameters
    ----------
    name : of the message, which tells nothing of its content.
    """
    return f"<{name}@{parseaddr(sender)[1].rpartition('@')[2]}>"


def send_mail(mail: MailServer, message: EmailMessage) -> None:
    """Send a message, dated with the present.

    Raises
    ------
    MailInDoubtError : nobody knows whether the server has taken it.
    OSError : the server does not answer, or refuses the message or one of its receivers; every error of `smtplib` is
        one.
    ValueError : the message cannot be written as mail.
    """
    del message["Date"]
    message["Date"] = format_datetime(now())  # RFC 5322, section 3.6: without it some servers take a mail for spam
    server = _connect(mail)
    try:
        _hand_over(server, message)
        with suppress(OSError):  # it has the message by now
            server.quit()
    finally:
        server.close()


def _connect(mail: MailServer) -> smtplib.SMTP:
    """Return a connection on which a message may be sent."""
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if mail.kind == "smtps":
        server = smtplib.SMTP_SSL(mail.host, mail.port, timeout=_TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=_TIMEOUT_S)
    try:
        if mail.kind == "smtp+starttls":
            server.starttls(context=context)
        if mail.user:
            server.login(mail.user, mail.password)
    except OSError:
        server.close()
        raise
    return server


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        refused = server.send_message(message)
    except smtplib.SMTPServerDisconnected as error:
        raise MailInDoubtError(type(error).__name__) from None
    except smtplib.SMTPException:  # the server has said that it does not take it
        raise
    except OSError as error:
        raise MailInDoubtError(type(error).__name__) from None
    if refused:  # the others have it, but nobody else would see that this one has not
        raise smtplib.SMTPRecipientsRefused(refused)
