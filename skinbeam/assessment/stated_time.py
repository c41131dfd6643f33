"""Read how long something stayed from the words of a clause: "gone after four months", "for 3 days"."""

import re
from typing import Final

__all__ = ["longest_time_h", "span_h", "without_times"]

_HOURS_PER_DAY: Final = 24.0
_DAYS_PER_MONTH: Final = 30.0
_UNIT_DAYS: Final = (
    (r"hours?|hrs?|h|stunden?|std", 1.0 / _HOURS_PER_DAY),
    (r"days?|tage?|tagen", 1.0),
    (r"weeks?|wks?|wochen?", 7.0),
    (r"months?|monate?|monaten", _DAYS_PER_MONTH),
    (r"years?|jahre?|jahren", 365.0),
)
_NUMBER_WORDS: Final = {
    word: float(number)
    for number, words in enumerate(
        (
            "a an one ein eine einem einen einer eines",
            "two zwei",
            "three drei",
            "four vier",
            "five fuenf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
            "eleven elf",
            "twelve zwoelf",
        ),
        start=1,
    )
    for word in words.split()
}
_UNIT: Final = "|".join(unit for unit, _ in _UNIT_DAYS)
_TIME: Final = re.compile(rf"(?:\b(?P<number>\w+) )?\b(?P<unit>{_UNIT})\b")
# "For more than three weeks" has no end, so that no such words stand between.
_APPROXIMATE: Final = "(?:(?:about|only|just|some|roughly|the|first|etwa|circa|ca|nur|die|ersten) )*"
_COUNT: Final = rf"(?:\d+|{'|'.join(_NUMBER_WORDS)})"
_RANGE: Final = rf"(?:{_COUNT} (?:(?:to|or|bis|oder) )?)?{_COUNT} (?:{_UNIT})\b"
_SPAN: Final = re.compile(
    rf"\b(?:for|lasted|lasting|fuer) {_APPROXIMATE}(?P<after>{_RANGE})|(?P<before>{_RANGE}) lang\b"
)


def longest_time_h(words: str) -> float | None:
    """Return the longest time that lower-case words name, in hours; None without any that has a number.

    Several months or years, of which nobody said how many, count as one.
    """
    times = (_time_h(named) for named in _TIME.finditer(words))
    return max((time for time in times if time is not None), default=None)


def without_times(words: str) -> str:
    """Return lower-case words without the times that `longest_time_h` counts."""
    rest = _TIME.sub(lambda named: named[0] if _time_h(named) is None else "", words)
    return " ".join(rest.split())


def _time_h(named: "re.Match[str]") -> float | None:
    """Return a time in hours; None of hours, days or weeks without a number."""
    days = next(days for unit, days in _UNIT_DAYS if re.fullmatch(unit, named["unit"]))
    number = _number(named["number"] or "")
    if number is None and days < _DAYS_PER_MONTH:
        return None
    return (1.0 if number is None else number) * days * _HOURS_PER_DAY


def span_h(words: str) -> float | None:
    """Return how long something stayed, in hours, where lower-case words say for how long: "for 3 days", "3 Tage lang".

    "After 3 days" says when it came, not for how long it stayed.
    """
    spans_h = [longest_time_h(named["after"] or named["before"]) for named in _SPAN.finditer(words)]
    return max((time for time in spans_h if time is not None), default=None)


def _number(word: str) -> float | None:
    return float(word) if word.isdecimal() else _NUMBER_WORDS.get(word)
