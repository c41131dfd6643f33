"""How many sessions a treatment needs: in trials, by a rule, and how many a course reserves."""

import math
from statistics import median, quantiles

from skinbeam.course import aftercare
from skinbeam.course.course_rules import FULL_FIELD_ABLATION, course_rules
from skinbeam.evidence.studies.trial_table import treatment_arms
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.plan_records.course import SourceRange
from skinbeam.text import Message

__all__ = ["expected_sessions", "planned_sessions", "sessions_left"]


def expected_sessions(modality: str, condition: str, site: str) -> SourceRange | Unknown:
    """Return the expected number of sessions as a range: of at least two trials, else of a rule, else of one trial.

    A trial reports how many sessions its people had, and many stop after one to measure it. So a plan gives the middle
    half of the trials, and prepares for their median, which is never the least of the range. The range is never a
    promise.
    """
    counts = _trial_session_counts(modality, condition)
    by_rule = aftercare.session_range(modality, condition, site=site)
    if not counts or (len(counts) == 1 and not isinstance(by_rule, Unknown)):
        return (
            by_rule
            if isinstance(by_rule, Unknown)
            else SourceRange(by_rule.low, by_rule.high, by_rule.unit, by_rule.source, by_rule.message)
        )
    cite_sources(*counts)
    means = list(counts.values())
    low, _, high = quantiles(means, n=4, method="inclusive") if len(means) > 1 else (means[0],) * 3
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


def planned_sessions(span: SourceRange | Unknown, modality: str) -> int:
    """Return the number of sessions that a course reserves.

    Two where nobody counted, so that the first is judged; one of them where skin of a whole field is removed.
    """
    if isinstance(span, Unknown):
        return 1 if modality == FULL_FIELD_ABLATION else course_rules().unknown_sessions
    usual = math.ceil((span.low + span.high) / 2.0 if span.usual is None else span.usual)
    return max(usual, int(span.low) + 1) if span.high > span.low else max(usual, 1)


def sessions_left(span: SourceRange | Unknown, modality: str, given_sessions: int) -> int:
    """Return the number of sessions still to reserve after those done with such a laser.

    It is at least one, which is judged like any other.
    """
    return max(planned_sessions(span, modality) - given_sessions, 1)


def _trial_session_counts(modality: str, condition: str) -> dict[str, float]:
    """Return the number of sessions of each study, averaged over its arms."""
    found: dict[str, list[float]] = {}
    for arm in treatment_arms(condition, modality):
        if arm.sessions is not None:
            found.setdefault(arm.study, []).append(sum(arm.sessions) / 2.0)
    return {study: sum(each) / len(each) for study, each in found.items()}
