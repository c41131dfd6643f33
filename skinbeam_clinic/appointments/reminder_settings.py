"""Settings of reminders, from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, render_message
from skinbeam_clinic.mail_server import MailServer, is_mail_address

__all__ = ["DAYS_VARIABLE", "SENDER_VARIABLE", "ReminderSettings", "read_reminder_settings"]

DAYS_VARIABLE: Final = "SKINBEAM_REMINDER_DAYS"
SENDER_VARIABLE: Final = "SKINBEAM_REMINDER_FROM"
_PLACE_VARIABLE = "SKINBEAM_REMINDER_PLACE"
_LANGUAGE_VARIABLE = "SKINBEAM_REMINDER_LANGUAGE"
_MOST_DAYS = 14


@dataclass(frozen=True)
class ReminderSettings:
    """How a clinic reminds patients of their appointments.

    Parameters
    ----------
    days : how many working days ahead; the default is a rule of this house and follows from no evidence.
    place : the address, as patients read it, of clinics that have not entered their own; empty: the name of the
        clinic alone.
    language : of patients whose own is unknown; empty: that of the page, and of a mail every one.
    sender : the sender of mails that the server sends by itself; empty: it sends none.
    """

    days: int = 2
    place: str = ""
    language: str = ""
    sender: str = ""


def read_reminder_settings(environment: Mapping[str, str], mail: MailServer | None) -> ReminderSettings:
    """Return the settings of the environment.

    Parameters
    ----------
    mail : the mail server that is configured; None for none.

    Raises
    ------
    InputError : `bad-outside`, with the variable: it cannot be read, or a sender is set without a mail server.
    """
    written = {
        name: environment.get(name, "").strip()
        for name in (DAYS_VARIABLE, SENDER_VARIABLE, _PLACE_VARIABLE, _LANGUAGE_VARIABLE)
    }
    days, sender, language = written[DAYS_VARIABLE], written[SENDER_VARIABLE], written[_LANGUAGE_VARIABLE]
    if days and days not in map(str, range(1, _MOST_DAYS + 1)):
        raise _setting_error(DAYS_VARIABLE)
    if sender and (mail is None or not is_mail_address(sender)):
        raise _setting_error(SENDER_VARIABLE)
    if language and language not in LANGUAGES:
        raise _setting_error(_LANGUAGE_VARIABLE)
    if not written[_PLACE_VARIABLE].isprintable():
        raise _setting_error(_PLACE_VARIABLE)
    return ReminderSettings(int(days or ReminderSettings.days), written[_PLACE_VARIABLE], language, sender)


def _setting_error(variable: str) -> InputError:
    hint = render_message(f"clinic-reminder-setting.{variable.lower()}")
    return InputError("bad-outside", render_message("diary-outside.bad"), field=variable, hint=hint)
