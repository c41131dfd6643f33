"""How many weeks skin still rests, counted from today, after earlier sessions whose time the case knows."""

import math
from collections.abc import Collection
from dataclasses import dataclass

from skinbeam.assessment.earlier_sessions import sessions_on_skin, weeks_since
from skinbeam.course.resurfacing import ablates_again, weeks_before_ablation
from skinbeam.model.case import Case
from skinbeam.model.consultation import EarlierSession
from skinbeam.suitability.course_rules import course_rules
from skinbeam.suitability.session_response import session_modalities
from skinbeam.text import Message

__all__ = ["Rest", "has_undated_session", "rest_before"]


@dataclass(frozen=True)
class Rest:
    """The earlier session that decides when a course may begin.

    Parameters
    ----------
    weeks_ago : when it took place.
    needed : weeks between it and the first session of the course.
    for_ablation : whether the rule on skin that was resurfaced asks for them.
    """

    weeks_ago: float
    needed: int
    for_ablation: bool

    @property
    def weeks_left(self) -> int:
        """Weeks from today, 0 where it is long enough ago."""
        return max(math.ceil(self.needed - self.weeks_ago), 0)

    @property
    def message(self) -> Message:
        """How long ago it was, and when the course begins; only where it still waits."""
        params = {"ago": round(self.weeks_ago), "weeks": self.needed, "begins": self.weeks_left}
        return Message("course.rests-since-last", params)


def rest_before(case: Case, sites: Collection[str], modalities: Collection[str], least_weeks: int) -> Rest | None:
    """Return the rest of some sites after the session that asks for the most; None where the time of none is known.

    A session with such a laser is followed after the least weeks that its sources allow, one with another after the
    least weeks of any course, and ablation waits for skin that was resurfaced.

    Parameters
    ----------
    modalities : of the course.
    least_weeks : between two of its sessions.
    """
    found: list[Rest] = []
    for done in sessions_on_skin(case, sites):
        ago = weeks_since(case, done)
        if ago is not None:
            found.append(_rest_after(case, done, ago, modalities, least_weeks))
    return max(found, key=lambda rest: (rest.weeks_left, -rest.weeks_ago), default=None)


def has_undated_session(case: Case, sites: Collection[str]) -> bool:
    """Return whether nobody knows how long ago one of the sessions on some sites was."""
    return any(weeks_since(case, done) is None for done in sessions_on_skin(case, sites))


def _rest_after(case: Case, session: EarlierSession, ago: float, modalities: Collection[str], least_weeks: int) -> Rest:
    used = session_modalities(case, session)
    needed = course_rules().least_weeks if set(used).isdisjoint(modalities) else least_weeks
    for_ablation = ablates_again(modalities, used) and weeks_before_ablation() > needed
    return Rest(ago, weeks_before_ablation() if for_ablation else needed, for_ablation)
