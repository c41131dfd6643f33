"""The rules of a course: order and spacing of treatments, and the wait of resurfaced skin."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.suitability.table import Rule, load_rules
from skinbeam.text import Message

__all__ = [
    "DARK_MARKS",
    "FRACTIONAL_ABLATION",
    "FULL_FIELD_ABLATION",
    "MELASMA",
    "RESURFACING",
    "CourseRules",
    "FirstCreams",
    "ablates_again",
    "ablation_rule",
    "course_rules",
    "first_creams",
    "fresh_skin_rule",
    "suitability_rule",
    "weeks_before_ablation",
]

FULL_FIELD_ABLATION: Final = "ablative"
FRACTIONAL_ABLATION: Final = "fractional-ablative"
MELASMA: Final = "melasma"
DARK_MARKS: Final = "post-inflammatory-hyperpigmentation"
RESURFACING: Final = (FULL_FIELD_ABLATION, FRACTIONAL_ABLATION)
_WEEKS_PER_MONTH: Final = 365.25 / 12 / 7


@dataclass(frozen=True)
class CourseRules:
    """Order and spacing of treatments in a course, and when it stops.

    Parameters
    ----------
    order : modalities, those first that are done first.
    one_visit : modalities that leave skin closed, whose single targets one device treats in one visit.
    background : conditions of a whole field, which lines and single spots of the same field come before.
    least_weeks, least_weeks_between_craters : between two sessions; between two that remove columns of skin, where no
        source gives an interval.
    longest_wait : how many times its least weeks a session may wait for the visits of another course, where no source
        gives an interval.
    unknown_sessions : planned where nobody counted sessions.
    beside_source : of light and columns in one visit, on fields that touch.
    stop_after_sessions, stop_below_pct : a course that has improved less by then is not repeated of itself.
    dose_step : the share by which a clinic raises a dose that left no harm and did too little.
    new_course_after_weeks : so long after the last session another one begins a new course.
    """

    order: tuple[str, ...]
    one_visit: tuple[str, ...]
    background: tuple[str, ...]
    least_weeks: int
    least_weeks_between_craters: int
    longest_wait: float
    unknown_sessions: int
    stop_after_sessions: int
    stop_below_pct: float
    dose_step: float
    new_course_after_weeks: float
    source: str
    beside_source: str


@cache
def course_rules() -> CourseRules:
    """Return the rules of `data/limits.toml`."""
    table = load_package_table("data/limits.toml")["course"]
    lists = {key: tuple(table[key]) for key in ("order", "one_visit", "background")}
    return CourseRules(**{**table, **lists})


@dataclass(frozen=True)
class FirstCreams:
    """How long creams come first.

    Parameters
    ----------
    least : of a unit, weeks or months, as the source prints it.
    """

    least: float
    unit: str
    source: str

    @property
    def message(self) -> Message:
        """How long, in words."""
        return Message(f"course.creams-{self.unit}", {"least": self.least})

    def weeks_left(self, used_months: float, *, at_most_weeks: float = math.inf) -> int:
        """Return how many more weeks they come first, after the months for which they were used.

        Parameters
        ----------
        at_most_weeks : of those months, the weeks that count.
        """
        weeks = self.least * (_WEEKS_PER_MONTH if self.unit == "months" else 1.0)
        return max(math.ceil(weeks - min(used_months * _WEEKS_PER_MONTH, at_most_weeks)), 0)


def first_creams(condition: str) -> FirstCreams | None:
    """Return how long creams come before light on a condition; None where they need not."""
    table = load_package_table("data/facts.toml")["creams_first"]
    if condition not in table:
        return None
    cite_sources(table[condition]["source"])
    return FirstCreams(**table[condition])


def suitability_rule(id: str) -> Rule:
    """Return a rule of suitability by its id."""
    (rule,) = (rule for rule in load_rules("suitability") if rule.id == id)
    return rule


def ablation_rule() -> Rule:
    """Return the rule on how long skin that was resurfaced waits before it is ablated again."""
    rule = suitability_rule("recent-resurfacing")
    cite_sources(rule.source)
    return rule


def ablates_again(modalities: Collection[str], earlier: Iterable[str]) -> bool:
    """Return whether a treatment resurfaces what earlier ones resurfaced, and one of them removes a whole field."""
    resurfaced = {modality for modality in earlier if modality in RESURFACING}
    resurfaces = {modality for modality in modalities if modality in RESURFACING}
    return bool(resurfaces) and bool(resurfaced) and FULL_FIELD_ABLATION in resurfaced | resurfaces


def fresh_skin_rule() -> Rule:
    """Return the rule on how long light that leaves the skin closed waits after a recent resurfacing."""
    return suitability_rule("recent-resurfacing-gentle")


def weeks_before_ablation() -> int:
    """Return the weeks that resurfaced skin waits before it is ablated again: the least that the rule asks for."""
    months: float = ablation_rule().message.params["low_months"]
    return math.ceil(months * _WEEKS_PER_MONTH)
