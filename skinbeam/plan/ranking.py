"""What the options of a concern are ordered by, and why one stands where it does, in words."""

from dataclasses import dataclass

from skinbeam.document import round_significant
from skinbeam.messages import Message
from skinbeam.plan.search.limits import target

__all__ = ["Standing", "chance", "rank_reason"]


@dataclass(frozen=True)
class Standing:
    """What a laser option is ranked by.

    Parameters
    ----------
    p_effective, p_harm : shares of the simulated skins that reach the target, and that break an injury limit.
    counted : the most frequent harm that trials counted, as its name and share; None where nobody counted any.
    studies, warned : trials of it on this concern, and limits that are near.
    untold : share of people with a scar in trials, where it is not told since this person scars more easily than they.
    """

    p_effective: float
    p_harm: float
    counted: tuple[str, float] | None
    studies: int
    warned: int
    untold: float = 0.0

    @property
    def spared(self) -> float:
        """The share that reaches the target and meets no harm, were these independent (plan 4).

        A target that is reached more often than is wanted is worth no harm, and harm that nobody counted is no comfort;
        nor is one that is not told, whose share in this person is no smaller than in trials.
        """
        p_counted = max(self.counted[1], self.untold) if self.counted is not None else 1.0
        return self._reached * (1.0 - p_counted) * (1.0 - self.p_harm)

    @property
    def place(self) -> tuple[float, ...]:
        """What options are sorted by, the best first; what nobody tried on this concern follows what was tried."""
        spared, reached = round(self.spared, 2), round(self._reached, 2)
        return self.studies == 0, -spared, -reached, self.warned > 0, round(self.p_harm, 2), -self.studies

    @property
    def _reached(self) -> float:
        return min(self.p_effective, target().wanted)


def rank_reason(standing: Standing, *, first: bool) -> Message:
    """Return why an option stands at its place; what nobody tried on the concern is never called best."""
    params = {
        "effective": chance(standing.p_effective),
        "harm": chance(standing.p_harm),
        "counted": _counted_in_words(standing.counted),
        "trials": _trials_in_words(standing.studies),
    }
    best = first and standing.studies > 0
    return Message("plan.rank-best" if best else "plan.rank-laser", params)


def _counted_in_words(counted: tuple[str, float] | None) -> Message:
    """Which harm trials met most often, and in how many of 100 people."""
    if counted is None:
        return Message("plan.counted-none")
    return Message("plan.counted-most", {"harm": Message(f"harm-name.{counted[0]}"), "share": chance(counted[1])})


def _trials_in_words(studies: int) -> Message:
    """How many trials stand behind an expected result."""
    if studies < 2:
        return Message("plan.trials-one" if studies else "plan.trials-none")
    return Message("plan.trials-many", {"studies": studies})


def chance(p: float) -> float:
    """Return a probability as a count of 100: whole people, a half upwards as tables round, and below one two digits.

    It is rounded as a document is first, so that a sentence and the table beside it count the same people.
    """
    whole = float(int(100 * round_significant(p) + 0.5))
    if whole == 100.0 and p < 1.0:  # tables do not say either that nobody is left out
        return round_significant(100 * p, 3)
    return whole if whole else round_significant(100 * p, 2)
