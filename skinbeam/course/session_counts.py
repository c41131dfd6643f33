"""How many sessions a treatment needs and how far apart: in trials, by a rule, and how many a course reserves."""

import math
from collections.abc import Callable
from statistics import median, quantiles

from skinbeam.assessment.earlier_sessions import TreatedPlace
from skinbeam.assessment.questionnaire import FactValue
from skinbeam.course import aftercare
from skinbeam.course.resurfacing import FULL_FIELD_ABLATION
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.studies.trial_table import treatment_arms
from skinbeam.evidence.synthesis.regime import pulse_class
from skinbeam.laser.device_class import INFRARED_FROM_NM
from skinbeam.model.case import Case
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import RAISED_SCARS
from skinbeam.plan_records.course import DeviceSetup, SourceRange
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.dose_bars import LightFacts
from skinbeam.suitability.session_response import count_sessions_of_course, count_sessions_with
from skinbeam.suitability.table import INFRARED, suitability_rule
from skinbeam.text import Message

__all__ = [
    "count_given_sessions",
    "expected_interval",
    "expected_sessions",
    "planned_sessions",
    "sessions_left",
    "sessions_until_enough",
]

_LEAST_TRIALS = 2  # one trial may have set its visits for its own ends
_PULSES_IN_TRIALS = {"nanosecond": "ns", "picosecond": "ps"}


def expected_sessions(modality: str, condition: str, site: str, pulse: str = "") -> SourceRange | Unknown:
    """Return the expected number of sessions as a range: of at least two trials, else of a rule, else of one trial.

    A trial reports how many sessions its people had, and many stop after one to measure it. So a plan gives the middle
    half of the trials, and prepares for their median, which is never the least of the range. The range is never a
    promise. Picosecond and nanosecond pulses, and infrared light on raised scars, are each counted in their own
    trials; `pulse` is one of `PULSE_CLASSES` of the rules, or empty where it does not matter.
    """
    counts = _trial_means(modality, condition, pulse, _arm_sessions)
    by_rule = aftercare.session_range(modality, condition, site=site, pulse=pulse)
    if not counts or (len(counts) == 1 and not isinstance(by_rule, Unknown)):
        return by_rule if isinstance(by_rule, Unknown) else by_rule.record
    cite_sources(*counts)
    means = list(counts.values())
    low, high = _middle_half(means)
    usual = float(math.ceil(median(means)))
    low, high = float(math.floor(low)), float(math.ceil(high))
    least, most = float(math.floor(min(means))), float(math.ceil(max(means)))
    counted = Message("course.sessions-counted-alike", {"trials": len(means), "each": means[0]})
    if min(means) < max(means):
        params = {"trials": len(means), "least": least, "most": most, "usual": usual}
        counted = Message("course.sessions-counted", params)
        if (least, most) != (low, high) and low < high:
            counted = Message("course.sessions-counted-half", params | {"low": low, "high": high})
    return SourceRange(low, high, "sessions", None, counted, usual)


def expected_interval(modality: str, condition: str, site: str, pulse: str = "") -> SourceRange | Unknown:
    """Return the weeks between two sessions as a range: of a rule, else the middle half of at least two trials.

    `pulse` as of `expected_sessions`.
    """
    by_rule = aftercare.interval_range(modality, condition, site=site, pulse=pulse)
    if not isinstance(by_rule, Unknown):
        return by_rule.record
    counts = _trial_means(modality, condition, pulse, lambda arm: arm.interval_weeks)
    if len(counts) < _LEAST_TRIALS:
        return by_rule
    cite_sources(*counts)
    weeks = list(counts.values())
    counted = Message("course.interval-counted-alike", {"trials": len(weeks), "each": weeks[0]})
    if min(weeks) < max(weeks):
        params = {"trials": len(weeks), "least": min(weeks), "most": max(weeks)}
        counted = Message("course.interval-counted", params)
    low, high = (float(math.floor(end + 0.5)) for end in _middle_half(weeks))  # a month is 4 weeks, not 5
    return SourceRange(low, high, "weeks", None, counted)


def planned_sessions(span: SourceRange | Unknown, modality: str) -> int:
    """Return the number of sessions that a course reserves.

    Two where nobody counted, so that the first is judged; one of them where skin of a whole field is removed.
    """
    if isinstance(span, Unknown):
        return 1 if modality == FULL_FIELD_ABLATION else course_rules().unknown_sessions
    usual = math.ceil((span.low + span.high) / 2.0 if span.usual is None else span.usual)
    return max(usual, int(span.low) + 1) if span.high > span.low else max(usual, 1)


def sessions_left(span: SourceRange | Unknown, modality: str, given_sessions: int, most_sessions: int | None) -> int:
    """Return the number of sessions still to reserve after those done with such a laser.

    It is at least one, which is judged like any other.

    Parameters
    ----------
    most_sessions : that may still be given (`sessions_until_enough`); None without such a bound.
    """
    left = max(planned_sessions(span, modality) - given_sessions, 1)
    return left if most_sessions is None else min(left, most_sessions)


def sessions_until_enough(case: Case | None, place: TreatedPlace, modality: str) -> int | None:
    """Return how many more sessions of short pulses the pigment of a field may get in a lifetime, at least one.

    None where no such bound holds. Sessions of an earlier course count, however long ago it was.
    """
    rule = suitability_rule("toning-enough")
    most = int(rule.message.params["most"])
    facts: dict[str, FactValue] = {"condition": place.condition, "sessions_done": float(most)}
    if modality not in rule.modalities or rule.when.holds(facts) is not True:
        return None
    done = 0 if case is None else count_sessions_with(case, place, modality)
    return max(most - done, 1)


def count_given_sessions(case: Case, place: TreatedPlace, modality: str, setup: DeviceSetup) -> int:
    """Return how many sessions of the course of a light have been done on a condition at a site."""
    light = LightFacts.of_pulse(setup.wavelength_nm, setup.settings.pulse_ms, lamp=setup.lamp)
    return count_sessions_of_course(case, place, modality, light)


def _arm_sessions(arm: Arm) -> float | None:
    return None if arm.sessions is None else sum(arm.sessions) / 2.0


def _trial_means(modality: str, condition: str, pulse: str, value: Callable[[Arm], float | None]) -> dict[str, float]:
    """Return a value of each study that gives it, averaged over its arms; arms of other pulses are left out."""
    found: dict[str, list[float]] = {}
    for arm in treatment_arms(condition, modality):
        its_class = arm.pulse_class or pulse_class(arm.pulse_ms)
        is_alike = its_class in ("", _PULSES_IN_TRIALS.get(pulse, its_class))
        if pulse == INFRARED and condition in RAISED_SCARS:  # it heats them through, for as long as they shrink
            is_alike = arm.wavelength_nm is not None and arm.wavelength_nm > INFRARED_FROM_NM
        if is_alike and (given := value(arm)) is not None:
            found.setdefault(arm.study, []).append(given)
    return {study: sum(each) / len(each) for study, each in found.items()}


def _middle_half(means: list[float]) -> tuple[float, float]:
    """Return the ends of the middle half of the trials."""
    low, _, high = quantiles(means, n=4, method="inclusive") if len(means) > 1 else (means[0],) * 3
    return low, high
