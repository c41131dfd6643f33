"""How many sessions a course has: a range from the trials' counts, else from a rule, and never a promise.

A trial says how many sessions its people had, and many stop after one to measure it. So a plan gives the middle half of
the trials, and prepares for their median, which is never the least of the range.
"""

import math
from statistics import median, quantiles

from skinbeam.estimate import Unknown
from skinbeam.evidence.studies.shipped import arms
from skinbeam.messages import Message
from skinbeam.plan import aftercare
from skinbeam.plan.spans import Range
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table

__all__ = ["planned_sessions", "sessions_of"]


def sessions_of(modality: str, condition: str, site: str) -> Range | Unknown:
    """Return how many sessions people had: of at least two trials, else what a rule says, else of one trial."""
    counts = _counts(modality, condition)
    told = aftercare.sessions(modality, condition, site=site)
    if not counts or (len(counts) == 1 and not isinstance(told, Unknown)):
        return told if isinstance(told, Unknown) else Range(told.low, told.high, told.unit, told.source, told.message)
    used(*counts)
    means = list(counts.values())
    low, _, high = quantiles(means, n=4, method="inclusive") if len(means) > 1 else (means[0],) * 3
    usual = float(math.ceil(median(means)))
    params = {"trials": len(means), "least": min(means), "most": max(means), "usual": usual}
    low, high = float(math.floor(low)), float(math.ceil(high))
    return Range(low, high, "sessions", None, Message("course.sessions-counted", params), usual)


def planned_sessions(span: Range | Unknown) -> int:
    """Return for how many sessions a course makes room; two where nobody counted, so that the first is judged."""
    if isinstance(span, Unknown):
        return int(shipped_table("data/limits.toml")["course"]["unknown_sessions"])
    usual = math.ceil((span.low + span.high) / 2.0 if span.usual is None else span.usual)
    return max(usual, int(span.low) + 1) if span.high > span.low else max(usual, 1)


def _counts(modality: str, condition: str) -> dict[str, float]:
    """Study → the sessions that its people had, the middle over its arms."""
    found: dict[str, list[float]] = {}
    for arm in arms():
        if (arm.condition, arm.modality) == (condition, modality) and arm.sessions is not None:
            found.setdefault(arm.study, []).append(sum(arm.sessions) / 2.0)
    return {study: sum(each) / len(each) for study, each in found.items()}
