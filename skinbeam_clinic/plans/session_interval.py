"""Find how long an option waits after the last session that was recorded on the same skin."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.course.interval import session_interval
from skinbeam.model.consultation import EarlierSession
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.response.goals import is_field_pigment
from skinbeam_clinic.patients.history import HistoryFact

__all__ = ["LastSession", "find_last_session", "shortest_interval"]


@dataclass(frozen=True)
class LastSession:
    """The last recorded session for a concern, and when the next one may follow.

    Parameters
    ----------
    shortest_weeks : that a plan allows between the two.
    """

    fact: HistoryFact
    shortest_weeks: int

    @property
    def next_allowed(self) -> datetime.datetime:
        """The earliest moment of the next session."""
        return self.fact.fired_at + datetime.timedelta(weeks=self.shortest_weeks)


def find_last_session(facts: Sequence[HistoryFact], concern: ConcernPlan, option: Option) -> LastSession | None:
    """Return the last recorded session for this condition on skin of this site, under any plan; None without one.

    Parameters
    ----------
    facts : the patient's records, oldest first.
    """
    for fact in reversed(facts):
        is_session = isinstance(fact.row, EarlierSession) and fact.row.treats == concern.condition
        if is_session and sites_overlap(fact.site, concern.site):
            return LastSession(fact, shortest_interval(concern, option))
    return None


def shortest_interval(concern: ConcernPlan, option: Option) -> int:
    """Return the least weeks that a plan allows between two sessions of an option.

    They are those after which a new plan begins, too; visits that several concerns share may be as close.
    """
    is_gentle = is_field_pigment(option.modality, concern.condition)
    return session_interval([option], is_gentle=is_gentle).least
