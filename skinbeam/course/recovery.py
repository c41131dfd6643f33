"""List the normal days and the warning signs after a session, for a patient's diary.

A plan describes some days of healing; for a day in between, the last description before it applies. Warning signs are a
list of questions (`data/diary.toml`), each with the rules of the plan that name it.
"""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.plan_records.plan import Advice, HealingDayText, Option, Plan

__all__ = [
    "PAIN_RANGE",
    "REDNESS_GRADES",
    "SIGN_NAMES",
    "DayExpectation",
    "WarningSign",
    "count_diary_days",
    "count_healing_days",
    "expectation_on_day",
    "sign_advice",
    "warning_signs",
]

PAIN_RANGE = (0, 10)


@dataclass(frozen=True)
class WarningSign:
    """A question whose answer yes means a call to the clinic; `is_emergency`: now, not the same day."""

    name: str
    rules: tuple[str, ...]
    is_emergency: bool


@dataclass(frozen=True)
class DayExpectation:
    """Normal appearance on a day, from the days that the plan describes.

    Parameters
    ----------
    current : the last description that begins on that day or before; None before the first, or where the plan has none.
    following : the one after it.
    is_over : whether the day is after every visible change that the plan predicts.
    """

    current: HealingDayText | None
    following: HealingDayText | None
    is_over: bool


@cache
def _load_signs() -> tuple[WarningSign, ...]:
    signs = load_package_table("data/diary.toml")["sign"]
    return tuple(
        WarningSign(name, tuple(values["rules"]), values.get("at_once", False)) for name, values in signs.items()
    )


SIGN_NAMES = tuple(sign.name for sign in _load_signs())
REDNESS_GRADES = tuple(load_package_table("data/diary.toml")["redness"])


def warning_signs(pain: int, redness: str, sign_names: Collection[str]) -> tuple[WarningSign, ...]:
    """Return the warning signs of a diary entry, in the order of the questions; empty where there are none.

    Raises
    ------
    ValueError : pain is not 0 to 10, or a word is none of the questions'.
    """
    if (
        not PAIN_RANGE[0] <= pain <= PAIN_RANGE[1]
        or redness not in REDNESS_GRADES
        or not set(sign_names) <= set(SIGN_NAMES)
    ):
        raise ValueError("no answer to these questions")
    table = load_package_table("data/diary.toml")
    return (
        *(sign for sign in _load_signs() if sign.name in sign_names),
        *(
            WarningSign("redness", tuple(degree["rules"]), False)
            for degree in [table["redness"][redness]]
            if degree["warns"]
        ),
        *([WarningSign("pain", ("call-same-day",), False)] if pain >= table["pain"]["severe"]["value"] else ()),
    )


def sign_advice(plan: Plan, signs: Collection[WarningSign]) -> tuple[Advice, ...]:
    """Return the plan's advice to clinicians on such signs, each sentence once."""
    named = {rule for sign in signs for rule in sign.rules}
    advice = tuple(complication for complication in plan.complications if complication.rule in named)
    cite_sources(*(part.source for part in advice))
    return advice


def expectation_on_day(option: Option, day: int) -> DayExpectation:
    """Return the normal appearance on a day after a session, counted from 0."""
    begun = [text for text in option.healing if text.day <= day]
    later = [text for text in option.healing if text.day > day]
    return DayExpectation(begun[-1] if begun else None, later[0] if later else None, day > count_healing_days(option))


def count_healing_days(option: Option) -> int:
    """Return the last day on which the plan predicts a visible change; 0 where it predicts none."""
    return math.ceil(max(_duration_ends(option), default=0.0))


def count_diary_days(option: Option) -> int:
    """Return the number of days after a session on which a diary is open: until healing is over, and a margin."""
    table = {name: int(values["value"]) for name, values in load_package_table("data/diary.toml")["link"].items()}
    return min(max(count_healing_days(option) + table["margin_days"], table["least_days"]), table["most_days"])


def _duration_ends(option: Option) -> Iterator[float]:
    if not isinstance(option.shows_days, Unknown):
        yield option.shows_days.high
    if isinstance(option.downtime_days, Estimate):
        yield option.downtime_days.high
    if option.purpura_days is not None:
        yield option.purpura_days.high
    yield from (float(text.day) for text in option.healing)
