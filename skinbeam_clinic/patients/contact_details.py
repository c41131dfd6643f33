"""Check typed contact details: a date of birth that exists, a telephone number, an e-mail address, an age that fits."""

import datetime
import re
from collections.abc import Mapping
from enum import StrEnum

from skinbeam.model.errors import InputError
from skinbeam.text import LANGUAGES, Formatter, to_local_time
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "EMAIL",
    "LANGUAGE",
    "OLDEST_YEARS",
    "REMINDER_WAY",
    "ReminderWay",
    "check_age",
    "check_contact_details",
    "describe_birth",
    "is_phone_number",
    "is_possible_birth",
]

REMINDER_WAY, LANGUAGE = "remind_by", "language"  # details that a form offers as lists; empty: not asked, not known

OLDEST_YEARS = 130
_MAIL_SIGN = r"""[^@\s,;:<>()\[\]\\"]"""  # mail programs read none of the others as a part of one address
EMAIL = re.compile(rf"{_MAIL_SIGN}+@{_MAIL_SIGN}+\.{_MAIL_SIGN}+")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)  # dots: written so only with the day first


class ReminderWay(StrEnum):
    """How a patient may be reminded of an appointment, if they have agreed; each is the detail by which it is done."""

    PHONE = "phone"
    EMAIL = "email"


def check_contact_details(details: Mapping[str, str]) -> dict[str, str]:
    """Return contact details with the date of birth as ISO text.

    Raises
    ------
    InputError : `bad-born`, `bad-phone`, `bad-email`, `bad-language`, or `bad-remind`: the way of reminders is unknown,
        or the patient cannot be reached by it.
    """
    phone = details.get("phone", "")
    if phone and not is_phone_number(phone):
        raise clinic_error("bad-phone", "phone", read=phone)
    email = details.get("email", "")
    if email and EMAIL.fullmatch(email) is None:
        raise clinic_error("bad-email", "email", read=email)
    language, way = details.get(LANGUAGE, ""), details.get(REMINDER_WAY, "")
    if language and language not in LANGUAGES:
        raise clinic_error("bad-language", LANGUAGE, read=language)
    if way and (way not in set(ReminderWay) or not details.get(way)):
        raise clinic_error("bad-remind", REMINDER_WAY)
    return dict(details) | ({"born": _parse_birth(details["born"])} if details.get("born") else {})


def check_age(age_years: float, year_of_birth: int | None) -> None:
    """Check a typed age against the year of birth, if it is known: where they differ, it may be another person's form.

    Raises
    ------
    InputError : `age-differs`.
    """
    if year_of_birth is None:
        return
    turning = to_local_time(now()).year - year_of_birth
    if not turning - 1 <= age_years < turning + 1:
        hint = {"first": str(max(turning - 1, 0)), "last": str(turning)}
        raise clinic_error("age-differs", "patient.age_years", age=age_years, year=str(year_of_birth), hint=hint)


def is_phone_number(text: str) -> bool:
    """Return whether a text can be dialled: it has a digit; how a country writes its numbers is not checked."""
    return any(map(str.isdigit, text))


def is_possible_birth(born: datetime.date, today: datetime.date) -> bool:
    """Return whether somebody who is alive may be born on a day."""
    return today.year - OLDEST_YEARS <= born.year and born <= today


def _parse_birth(text: str) -> str:
    match = _DAY_FIRST.fullmatch(text)
    try:
        born = (
            datetime.date.fromisoformat(text)
            if match is None
            else datetime.date(int(match[3]), int(match[2]), int(match[1]))
        )
    except ValueError:
        raise _birth_error(text) from None
    if not is_possible_birth(born, to_local_time(now()).date()):
        raise _birth_error(text)
    return born.isoformat()


def _birth_error(text: str) -> InputError:
    return clinic_error("bad-born", "born", read=text, hint={"first": str(to_local_time(now()).year - OLDEST_YEARS)})


def describe_birth(born: str) -> str:
    """Return a date of birth in words; what an earlier version stored otherwise, as it is."""
    try:
        return Formatter().date(datetime.date.fromisoformat(born))
    except ValueError:
        return born
