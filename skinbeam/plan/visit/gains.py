"""What each session of a course is expected to bring, where trials tell, and what this skin's response makes of it."""

from collections.abc import Sequence

from skinbeam.estimate import Unknown
from skinbeam.evidence.expectation.sessions import half_better_after, kept_place
from skinbeam.messages import Message
from skinbeam.plan.expected import question_of
from skinbeam.plan.records import ConcernPlan, Notice
from skinbeam.plan.rules.response import response_of
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.visit.sessions import planned_sessions
from skinbeam.plan.visits import Gain
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern

__all__ = ["gains_of", "response_notices"]


def gains_of(case: Case, concern: Concern, planned: ConcernPlan, trial: Trial | None) -> tuple[Gain, ...]:
    """Return the gain after each session that is still to come; none where trials are silent."""
    if planned.first_laser is None or trial is None:
        return ()
    option, _ = planned.first_laser
    response = response_of(case, concern.condition)
    left = max(planned_sessions(option.sessions) - response.sessions, 1)
    counts = [response.sessions + number for number in range(1, left + 1)]
    question = question_of(case, concern, option.modality, trial)
    shares = half_better_after(question, counts)
    if isinstance(shares, Unknown):
        return ()
    kept: Sequence[float | None] = [None] * len(counts)
    if response.sessions and response.improved_pct is not None:
        kept = kept_place(question, response.sessions, response.improved_pct, counts) or kept
    return tuple(Gain(planned.place, count, share, pct) for count, share, pct in zip(counts, shares, kept, strict=True))


def response_notices(case: Case, gains: Sequence[Gain]) -> tuple[Notice, ...]:
    """Return what earlier responses changed: the next session's result, or that the course stops."""
    found = []
    for concern in case.concern:
        response = response_of(case, concern.condition)
        if response.improved_pct is None:
            continue
        params = {"sessions": response.sessions, "improved": response.improved_pct}
        following = next((g for g in gains if g.treats.startswith(f"{concern.condition} at ")), None)
        if response.too_little:
            found.append(Notice("response", Message("response.too-little", params).text))
        elif following is None or following.if_place_kept_pct is None:
            found.append(Notice("response", Message("response.untold", params).text))
        else:
            share = 100.0 * following.p_half.median if not isinstance(following.p_half, Unknown) else 0.0
            told = {"next": following.sessions, "kept": round(following.if_place_kept_pct), "half": round(share)}
            found.append(Notice("response", Message("response.next", params | told).text))
    return tuple(found)
