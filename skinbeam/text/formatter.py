"""Format numbers, intervals, dates and lists in the current language."""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.text.catalogues import ENGLISH, current_language, message_template, to_local_time
from skinbeam.text.translation import translate

__all__ = ["Formatter"]

SMALLEST_PRINTED = 0.0001  # smaller ends of an interval are printed as less than this
_GROUP_FROM = 10_000  # thousands are separated from here on, so that a wavelength of 1064 nm is not


class Formatter:
    """Format numbers, intervals and dates by the conventions of the current language."""

    def number(self, value: float, digits: int = 3) -> str:
        """Return `value` with at most `digits` significant digits; whole numbers keep all of theirs."""
        if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6):
            return _localise_number(f"{int(value):,}" if abs(value) >= _GROUP_FROM else str(int(value)))
        rounded = float(f"{value:.{digits - 1}e}")
        if rounded.is_integer() and abs(rounded) < 1e6:
            return str(int(rounded))
        return _localise_number(f"{rounded:.{digits}g}" if abs(rounded) < 1000 else f"{rounded:.0f}")

    def numbers(self, values: Iterable[float]) -> str:
        """Return numbers in one line; their separator differs from the decimal sign of the language."""
        return message_template("number.between")[0].join(map(self.number, values))

    def interval(self, value: Estimate | Unknown) -> str:
        """Return `median (low to high)`, rounded according to the width of the interval, or "unknown"."""
        if isinstance(value, Unknown):
            return _render_template("number.unknown", reason=translate(value.reason))
        width = value.high - value.low
        scale = max(abs(value.high), abs(value.low), abs(value.median))
        digits = 2 if scale == 0 or width == 0 or width / scale > 0.1 else 3
        low, median, high = (
            _render_template("number.below", least=_localise_number(str(SMALLEST_PRINTED)))
            if 0 < abs(x) < SMALLEST_PRINTED
            else self.number(x, digits)
            for x in (value.low, value.median, value.high)
        )
        return _render_template("number.interval", median=median, low=low, high=high)

    def date(self, value: datetime.date) -> str:
        """Return e.g. 2 November 2026."""
        if current_language() == ENGLISH:
            return f"{value.day} {value:%B %Y}"
        from babel.dates import format_date

        return str(format_date(value, "long", current_language()))

    def day_of_year(self, value: datetime.date) -> str:
        """Return e.g. 2 November."""
        if current_language() == ENGLISH:
            return f"{value.day} {value:%B}"
        from babel.dates import format_skeleton

        return str(format_skeleton("MMMMd", value, locale=current_language()))

    def weekday(self, value: datetime.date) -> str:
        """Return e.g. Monday."""
        if current_language() == ENGLISH:
            return f"{value:%A}"
        from babel.dates import format_date

        return str(format_date(value, "EEEE", current_language()))

    def clock(self, value: datetime.datetime) -> str:
        """Return the time of day of a moment in the current time zone, e.g. 14:05."""
        return f"{to_local_time(value):%H:%M}"

    def moment(self, value: datetime.datetime) -> str:
        """Return a moment in the current time zone, e.g. 2 November 2026, 14:05 CET."""
        here = to_local_time(value)
        return _render_template("number.moment", date=self.date(here.date()), time=self.clock(value), zone=f"{here:%Z}")

    def value(self, value: Any) -> str:
        """Format any parameter of a message."""
        if isinstance(value, bool | str):
            return str(value)
        if isinstance(value, Integral):  # NumPy integers too
            return self.number(int(value))
        if isinstance(value, Real):
            return self.number(float(value))
        if isinstance(value, Estimate | Unknown):
            return self.interval(value)
        if isinstance(value, datetime.datetime):
            return self.moment(value)
        if isinstance(value, datetime.date):
            return self.date(value)
        if isinstance(value, list | tuple):
            counted = all(isinstance(item, Real) for item in value)
            return self.numbers(value) if counted else ", ".join(self.value(item) for item in value)
        if hasattr(value, "params"):  # a message
            return str(value.text)
        raise TypeError(f"a message cannot hold {type(value).__name__}")


def _localise_number(english: str) -> str:
    """Return a number in English notation by the conventions of the current language."""
    if current_language() == ENGLISH:
        return english
    from babel.numbers import format_decimal

    number, grouped = Decimal(english.replace(",", "")), "," in english
    return str(format_decimal(number, locale=current_language(), decimal_quantization=False, group_separator=grouped))


def _render_template(id: str, **params: str) -> str:
    return message_template(id)[0].format(**params)
