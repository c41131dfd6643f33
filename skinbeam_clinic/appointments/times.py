"""Parse and format times of appointments in the clinic's local time, and find free times."""

import datetime
import re
from collections.abc import Iterator, Sequence
from typing import Any

from skinbeam.text import Formatter, from_local_time, to_local_time
from skinbeam_clinic.appointments.models import Booking
from skinbeam_clinic.errors import catalogue_error

__all__ = [
    "HORIZON",
    "YEARS",
    "TimeSpan",
    "find_free_times",
    "find_monday",
    "parse_day",
    "parse_moment",
    "skip_weekend",
    "span_days",
    "time_formats",
]

TimeSpan = tuple[datetime.datetime, datetime.datetime]

HORIZON = datetime.timedelta(days=90)  # how far ahead free times are searched
# Range of proposed times; any other time can be typed.
_OPENING_TIME, _CLOSING_TIME = datetime.time(8), datetime.time(18)
YEARS = range(2000, 2200)  # of days that are typed
_WEEKEND = frozenset({5, 6})
_STEP = datetime.timedelta(minutes=15)
_DAY = datetime.timedelta(days=1)
# A browser sends 14:05, or with seconds; people also type 14.05, which ISO 8601 reads as a part of an hour.
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d\d))?(?::\d\d)?", re.ASCII)


def parse_day(text: str, default: datetime.date) -> datetime.date:
    """Return the day of an address, such as 2026-11-23; the default if it is invalid or its year out of range."""
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return default
    return day if day.year in YEARS else default


def parse_moment(day: str, time: str) -> datetime.datetime:
    """Return the moment of a typed day and time, in the clinic's local time.

    Raises
    ------
    InputError : `no-such-time`: they cannot be read, or clocks skip this time when summer time begins.
    """
    clock = _CLOCK.fullmatch(time)
    try:
        if clock is None:
            raise ValueError(time)
        shown = datetime.time(int(clock[1]), int(clock[2] or 0))
        return from_local_time(datetime.datetime.combine(datetime.date.fromisoformat(day), shown))
    except (ValueError, OverflowError):
        raise catalogue_error("no-such-time", "clinic-fault.no-such-time", "time") from None


def find_monday(day: datetime.date) -> datetime.date:
    """Return the Monday of a day's week."""
    return day - day.weekday() * _DAY


def skip_weekend(day: datetime.date) -> datetime.date:
    """Return the Monday after a day of the weekend, and any other day itself."""
    return find_monday(day) + 7 * _DAY if day.weekday() in _WEEKEND else day


def span_days(day: datetime.date, days: int = 1) -> TimeSpan:
    """Return the start of a day and the end of the last of `days` days, in the clinic's local time."""
    return _start_of_day(day), _start_of_day(day + days * _DAY)


def find_free_times(booking: Booking, taken: Sequence[TimeSpan], limit: int) -> tuple[datetime.datetime, ...]:
    """Return the next free start times for a booking, at least its length apart.

    They are from Monday to Friday and from 8 to 18 hours, extended to the requested weekday and hour.

    Parameters
    ----------
    taken : spans in which a resource of the booking is taken.
    limit : how many times are returned at most.
    """
    length = booking.ends_at - booking.starts_at
    free_times: list[datetime.datetime] = []
    for starts_at in _candidate_times(booking, taken):
        ends_at = starts_at + length
        if free_times and starts_at < free_times[-1] + length:
            continue
        if all(ends_at <= first or until <= starts_at for first, until in taken):
            free_times.append(starts_at)
            if len(free_times) == limit:
                break
    return tuple(free_times)


def time_formats() -> dict[str, Any]:
    """Return the functions with which templates of appointments format times."""
    write = Formatter()
    return {
        "clock": write.clock,
        "date": lambda moment: write.date(to_local_time(moment).date()),
        "typed": lambda moment: (f"{to_local_time(moment):%Y-%m-%d}", write.clock(moment)),
    }


def _candidate_times(booking: Booking, taken: Sequence[TimeSpan]) -> Iterator[datetime.datetime]:
    """Yield every quarter of an hour within the proposed range and every end of a taken span, in order."""
    asked, until = to_local_time(booking.starts_at), to_local_time(booking.ends_at)
    first = min(_OPENING_TIME, asked.time())
    last = max(_CLOSING_TIME, until.time()) if until.date() == asked.date() else datetime.time.max
    ends = [end for _, end in taken]
    for number in range(HORIZON // _DAY):
        day = asked.date() + number * _DAY
        if day.weekday() in _WEEKEND - {asked.weekday()}:
            continue
        opens, closes = _clock_moment(day, first), _clock_moment(day, last)
        quarters = (opens + step * _STEP for step in range((closes - opens) // _STEP + 1))
        within = (end for end in ends if opens <= end <= closes)
        for starts_at in sorted({*quarters, *within}):
            if starts_at >= booking.starts_at and starts_at + (booking.ends_at - booking.starts_at) <= closes:
                yield starts_at


def _start_of_day(day: datetime.date) -> datetime.datetime:
    return _clock_moment(day, datetime.time.min)


def _clock_moment(day: datetime.date, time: datetime.time) -> datetime.datetime:
    """Return the moment at which clocks show a time; the first one after it if they skip the time."""
    shown = datetime.datetime.combine(day, time)
    while True:
        try:
            return from_local_time(shown)
        except ValueError:
            shown += _STEP
