"""The order of the options of a concern, laser or not, and why one stands where it does, in words.

One quantity orders them: the share of people with at least half improvement in trials of this condition and this kind
of light. What simulated skins do is a check that a setting is like that of the trials, and decides no place. Options
come in this order:

1. what guidelines say to begin with;
2. what has trials of its own on this condition, at doses like theirs; then what has not, whose numbers are borrowed;
3. what clinics usually do, then what is used where that fails;
4. the greater share of people. Options that trials cannot tell apart share a place, unless one left lasting marks in
   clearly more people: what helps no more and harms more stands behind. Of those that share a place the one with the
   fewest marks is written first, then the one with the most trials: their shares are what cannot tell them apart.

Doing nothing comes last: it is always a choice, and nobody improves by it beyond the natural course.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.comparison.compare import joint_shares, surely_helps_more, treatment_studies
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.document import round_significant
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.plan.search.goals import LaserUse
from skinbeam.text import Message

__all__ = ["OptionRank", "OptionStanding", "estimate_per_hundred", "per_hundred", "rank_options"]

_NO_TREATMENT: Final = "no-treatment"
_USE_ORDER: Final[tuple[LaserUse, ...]] = ("first", "usual", "possible")
# Shares of people with a lasting mark that are no reason to choose: trials know them to a few of 100 at best.
_SIMILAR_MARKS = 0.05


@dataclass(frozen=True)
class OptionStanding:
    """What an option is placed by.

    Parameters
    ----------
    title : of the option, as it stands inside a sentence.
    question : what the trials are asked of it, its setting too.
    use : how it is used for the condition.
    half : share of people with at least half improvement.
    marks : share of people with dark marks, light marks or scars, of whichever trials counted most; None where nobody
        counted any, which is no comfort.
    unlike : how the setting differs from what trials and clinics used; None where it does not.
    """

    title: str
    question: EvidenceQuestion
    use: LaserUse
    half: Value
    marks: float | None
    unlike: Message | None = None

    @cached_property
    def own(self) -> int:
        """How many studies treated this condition with this kind of treatment, or light."""
        return len(treatment_studies(self.question))

    @property
    def tier(self) -> int:
        """Which of the groups above it belongs to."""
        if self.question.modality == _NO_TREATMENT:
            return 4
        if self.use == "first":
            return 0
        if isinstance(self.half, Unknown):
            return 3
        return 1 if self.own and self.unlike is None else 2


@dataclass(frozen=True)
class OptionRank:
    """Which option stands at a place: its index among those given, its rank from 1, and why."""

    index: int
    rank: int
    reason: Message


def rank_options(standings: Sequence[OptionStanding], *, seed: int = 0) -> list[OptionRank]:
    """Return the options in order; tied ones share a rank, and the next rank counts them all.

    Parameters
    ----------
    seed : of the clinics in which options are compared.
    """
    shares = joint_shares([one.question for one in standings], seed=seed)
    ordered: list[OptionRank] = []
    for tied, lighter in _tied_groups(standings, shares):
        rank = len(ordered) + 1
        for index in tied:
            others = [standings[other].title for other in tied if other != index]
            ahead = standings[ordered[0].index].title if ordered else ""
            fewer = standings[lighter[index]].title if index in lighter else ""
            ordered.append(OptionRank(index, rank, _rank_reason(standings[index], rank, others, ahead, fewer)))
    return ordered


def _tied_groups(
    standings: Sequence[OptionStanding], shares: Sequence[NDArray[np.float64] | None]
) -> Iterator[tuple[list[int], dict[int, int]]]:
    """Groups of tied options, the best first; in each the fewest lasting marks first, then the most trials.

    With each goes which option its members would tie with if they left as few marks: index to index.
    """

    def line(index: int) -> tuple[int, int]:
        return standings[index].tier, _USE_ORDER.index(standings[index].use)

    def marked(index: int) -> tuple[float, int, float]:
        one = standings[index]
        marks = 1.0 if one.marks is None else one.marks
        return round(marks / _SIMILAR_MARKS), -one.own, -_median_share(one.half)

    for _, alike in groupby(sorted(range(len(standings)), key=line), key=line):
        left = sorted(alike, key=lambda index: -_median_share(standings[index].half))
        lighter: dict[int, int] = {}
        while left:
            best = shares[left[0]]
            tied = [left[0]]
            for index in left[1:]:
                share = shares[index]
                if (best is None) == (share is None) and (
                    best is None or share is None or not surely_helps_more(best, share)
                ):
                    tied.append(index)
            least = min(tied, key=marked)
            group = [index for index in tied if not _leaves_more_marks(standings[index], standings[least])]
            yield sorted(group, key=marked), lighter
            left = [index for index in left if index not in group]
            lighter = {index: least for index in tied if index not in group}


def _leaves_more_marks(one: OptionStanding, other: OptionStanding) -> bool:
    """Whether it left marks in so many more people that this is a reason; what nobody counted is none."""
    return one.marks is not None and other.marks is not None and one.marks - other.marks > _SIMILAR_MARKS


def _median_share(half: Value) -> float:
    return half.median if isinstance(half, Estimate) else -1.0


def _rank_reason(one: OptionStanding, rank: int, tied: Sequence[str], ahead: str, fewer: str) -> Message:
    """What trials found, and what that means for its place: two sentences that a patient can follow."""
    if one.question.modality == _NO_TREATMENT:
        return Message("plan.rank-none")
    if isinstance(one.half, Unknown):
        found = Message("plan.rank-uncounted")
    elif one.own:
        found = Message("plan.rank-counted", {**estimate_per_hundred(one.half), "studies": one.own})
    else:
        found = Message("plan.rank-borrowed", estimate_per_hundred(one.half))
    return Message("plan.rank", {"found": found, "place": _rank_message(one, rank, tied, ahead, fewer)})


def _rank_message(one: OptionStanding, rank: int, tied: Sequence[str], ahead: str, fewer: str) -> Message:
    if one.use == "first":
        return Message("plan.place-first-line")
    if one.unlike is not None:
        return Message("plan.place-unlike", {"unlike": one.unlike})
    if isinstance(one.half, Estimate) and not one.own:
        return Message("plan.place-borrowed")
    if isinstance(one.half, Unknown):
        return Message("plan.place-uncounted")
    if fewer:
        return Message("plan.place-marked", {"fewer": fewer})
    if tied:
        return Message("plan.place-tied", {"others": list(tied)})
    if rank == 1:
        return Message("plan.place-leads")
    return Message("plan.place-after", {"ahead": ahead})


def estimate_per_hundred(share: Estimate) -> dict[str, float]:
    """Return median, low and high of a share of people as counts of 100, by name."""
    return {name: per_hundred(getattr(share, name)) for name in ("median", "low", "high")}


def per_hundred(p: float) -> float:
    """Return a probability as a count of 100: whole people, a half upwards as tables round, and below one two digits.

    It is rounded as a document is first, so that a sentence and the table beside it count the same people.
    """
    whole = float(int(100 * round_significant(p) + 0.5))
    if whole == 100.0 and p < 1.0:  # tables do not say either that nobody is left out
        return round_significant(100 * p, 3)
    return whole if whole else round_significant(100 * p, 2)
