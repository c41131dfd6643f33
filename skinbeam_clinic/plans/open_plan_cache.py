"""Cache the plans that members have open, so that a slider does not read the same records at every step.

A plan that was read is answered from here for a minute, to the same member, as long as nothing of the clinic was
written since: every change is an entry of its audit log, which one statement looks for. Whoever asks after that minute
reads the records again, so that the audit log says to the minute who has read a plan.
"""

from dataclasses import dataclass

from skinbeam_clinic.plans.minute_cache import MinuteCache
from skinbeam_clinic.plans.routes import OpenPlan, open_plan
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["OpenPlanCache"]

_MOST_PLANS = 256  # a few records each, beside the plans themselves


@dataclass(frozen=True)
class _CachedPlan:
    """A plan, and how many entries the clinic's audit log had when it was read."""

    plan: OpenPlan
    log_length: int


class OpenPlanCache:
    """The plans that were read last, for every thread of the server."""

    def __init__(self) -> None:
        self._plans = MinuteCache[tuple[str, str, str], _CachedPlan](_MOST_PLANS)

    def open(self, repositories: ClinicRepositories, id: str) -> OpenPlan:
        """Return a plan as `open_plan` does.

        Raises
        ------
        RecordNotFoundError : this clinic has no such record.
        """
        key = (repositories.member.clinic_id, repositories.member.id, id)
        cached = self._plans.get(key)
        if cached and not repositories.has_changed_since(cached.log_length):
            return cached.plan
        with repositories.reading_one_moment():
            read = _CachedPlan(open_plan(repositories, id), repositories.log_length())
        self._plans.add(key, read)
        return read.plan
