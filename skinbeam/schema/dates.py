"""Whether the dates of a case can be: after the birth of the person, and not after today.

Asked when a case is loaded and nowhere later, so that the bytes of a plan do not hang on the day it is made.
"""

import datetime
import math
from collections.abc import Iterator

from skinbeam.errors import InputError
from skinbeam.schema.case import Case

__all__ = ["check_dates", "today"]


def check_dates(case: Case, today: datetime.date, *, file: str) -> None:
    """Refuse a date that lies after `today`, or before the earliest day on which this person can have been born.

    Raises
    ------
    InputError : the first such date.
    """
    born = None if case.patient is None else _earliest_birth(case.patient.age_years, today)
    for field, date in _dates(case):
        if date > today:
            hint = f"A date up to today, {today.isoformat()} by this machine's clock."
            raise InputError("date-in-future", f"lies in the future, read {date}", field=field, hint=hint, file=file)
        if born is not None and date < born:
            hint = f"A date from {born.isoformat()} on: with the age that was given, the person was not born before."
            raise InputError("date-before-birth", f"lies before birth, read {date}", field=field, hint=hint, file=file)


def today() -> datetime.date:
    """Return the day by this machine's clock."""
    return datetime.date.today()


def _dates(case: Case) -> Iterator[tuple[str, datetime.date]]:
    for index, concern in enumerate(case.concern):
        if concern.diagnosis_date is not None:
            yield f"concern[{index}].diagnosis_date", concern.diagnosis_date
    if case.patient is not None and case.patient.keloid_decision is not None:
        yield "patient.keloid_decision.date", case.patient.keloid_decision.date


def _earliest_birth(age_years: float, today: datetime.date) -> datetime.date:
    """A person of 42 years is not yet 43."""
    year = today.year - math.floor(age_years) - 1
    try:
        return today.replace(year=year) + datetime.timedelta(days=1)
    except ValueError:  # the 29th of February, in a year without one
        return datetime.date(year, 3, 1)
