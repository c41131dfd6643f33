"""Find how long an option waits after the last session that was recorded on the same skin."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from skinbeam.assessment.questionnaire import sites_overlap
from skinbeam.course.course_rules import course_rules
from skinbeam.model.consultation import EarlierSession
from skinbeam.model.estimate import Unknown
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam_clinic.patients.history import HistoryFact

__all__ = ["LastSession", "find_last_session", "interval_range"]


@dataclass(frozen=True)
class LastSession:
    """The last recorded session for a concern, and when the next one may follow.

    Parameters
    ----------
    shortest_weeks, planned_weeks : ends of the sources' range of intervals; both the least of a plan without a source.
    """

    fact: HistoryFact
    shortest_weeks: float
    planned_weeks: float

    @property
    def next_allowed(self) -> datetime.datetime:
        """The earliest moment of the next session."""
        return self.fact.fired_at + datetime.timedelta(weeks=self.shortest_weeks)

    @property
    def next_planned(self) -> datetime.datetime:
        """When the next session would be planned."""
        return self.fact.fired_at + datetime.timedelta(weeks=self.planned_weeks)


def find_last_session(facts: Sequence[HistoryFact], concern: ConcernPlan, option: Option) -> LastSession | None:
    """Return the last recorded session for this condition on skin of this site, under any plan; None without one.

    Parameters
    ----------
    facts : the patient's records, oldest first.
    """
    for fact in reversed(facts):
        is_session = isinstance(fact.row, EarlierSession) and fact.row.treats == concern.condition
        if is_session and sites_overlap(fact.site, concern.site):
            return LastSession(fact, *interval_range(option))
    return None


def interval_range(option: Option) -> tuple[float, float]:
    """Return the sources' range of weeks between two sessions; without a source, both ends are the least of a plan."""
    weeks, least = option.interval_weeks, course_rules().least_weeks
    return (least, least) if isinstance(weeks, Unknown) else (weeks.low, weeks.high)
