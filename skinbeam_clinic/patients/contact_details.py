"""Check typed contact details: a date of birth that exists, a telephone number, and an e-mail address that is one."""

import datetime
import re
from collections.abc import Mapping

from skinbeam.model.errors import InputError
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import clinic_error

__all__ = ["EMAIL", "OLDEST_YEARS", "check_contact_details", "is_phone_number", "is_possible_birth"]

OLDEST_YEARS = 130
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)  # dots: written so only with the day first


def check_contact_details(details: Mapping[str, str]) -> dict[str, str]:
    """Return contact details with the date of birth as ISO text.

    Raises
    ------
    InputError : `bad-born`, `bad-phone`, or `bad-email`.
    """
    phone = details.get("phone", "")
    if phone and not is_phone_number(phone):
        raise clinic_error("bad-phone", "phone", read=phone)
    email = details.get("email", "")
    if email and EMAIL.fullmatch(email) is None:
        raise clinic_error("bad-email", "email", read=email)
    return dict(details) | ({"born": _parse_birth(details["born"])} if details.get("born") else {})


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
    if not is_possible_birth(born, now().date()):
        raise _birth_error(text)
    return born.isoformat()


def _birth_error(text: str) -> InputError:
    return clinic_error("bad-born", "born", read=text, hint={"first": str(now().year - OLDEST_YEARS)})
