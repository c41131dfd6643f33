"""Network of the treatments that trials of one condition compared, and chains of trials that connect two of them.

A trial compares two treatments where it has arms of both. An additional treatment has to be the same on both sides:
laser with cream against cream measures the effect of the laser alone only if the cream adds nothing to it, so arms
without a counterpart are left out. No treatment, vehicle and sham are one treatment among the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, permutations

from skinbeam.evidence.studies.trial_arm import Arm

__all__ = ["ComparisonLink", "StudySides", "TrialNetwork", "study_sides"]


@dataclass(frozen=True)
class StudySides:
    """The arms of two treatments in one study; a side is empty where the study has no comparable arm of it."""

    study: str
    a: tuple[Arm, ...]
    b: tuple[Arm, ...]

    @property
    def is_comparable(self) -> bool:
        """Whether both sides have arms that may be compared."""
        return bool(self.a and self.b)

    @property
    def same_people(self) -> bool:
        """Whether the same people had both treatments, for example on the halves of a face."""
        return {arm.cohort for arm in self.a} == {arm.cohort for arm in self.b}

    @property
    def randomised(self) -> bool:
        """Whether the treatments were allocated at random."""
        return all("randomised" in arm.design for arm in (*self.a, *self.b))


@dataclass(frozen=True)
class ComparisonLink:
    """Two treatments and the studies that compared them."""

    between: tuple[str, str]
    studies: tuple[str, ...]


@dataclass(frozen=True)
class TrialNetwork:
    """The comparisons of one condition: treatment → treatment that it was compared with → studies, in table order."""

    comparisons: Mapping[str, Mapping[str, tuple[str, ...]]]

    @staticmethod
    def from_arms(arms: Sequence[Arm]) -> "TrialNetwork":
        """Return the network of the arms of a condition."""
        compared: dict[str, dict[str, tuple[str, ...]]] = {}
        for study in dict.fromkeys(arm.study for arm in arms):
            rows = [arm for arm in arms if arm.study == study]
            for a, b in permutations(sorted({arm.modality for arm in rows}), 2):
                if _sides_in_study(study, rows, a, b).is_comparable:
                    others = compared.setdefault(a, {})
                    others[b] = (*others.get(b, ()), study)
        return TrialNetwork(compared)

    def neighbours(self, treatment: str) -> tuple[str, ...]:
        """Return the treatments that a treatment was compared with."""
        return tuple(self.comparisons.get(treatment, {}))

    def chain(self, a: str, b: str) -> tuple[ComparisonLink, ...]:
        """Return the shortest chain of comparisons from a to b, empty where there is none.

        Among chains of equal length it is the one whose treatments are first in the table.
        """
        ways: dict[str, tuple[str, ...]] = {a: (a,)}
        queue = [a]
        for treatment in queue:  # breadth-first search: the queue grows during the loop
            for to in self.neighbours(treatment):
                if to not in ways:
                    ways[to] = (*ways[treatment], to)
                    queue.append(to)
        return tuple(ComparisonLink((x, y), self.comparisons[x][y]) for x, y in pairwise(ways.get(b, ())))


def study_sides(arms: Sequence[Arm], a: str, b: str) -> tuple[StudySides, ...]:
    """Return both sides of each study of `arms` that has arms of two treatments, in the order of the table.

    Of several rows of the same people under one treatment (later visits, other raters) only the first is used.
    """
    both = []
    for study in dict.fromkeys(arm.study for arm in arms):
        rows = [arm for arm in arms if arm.study == study]
        if {a, b} <= {arm.modality for arm in rows}:
            both.append(_sides_in_study(study, rows, a, b))
    return tuple(both)


def _sides_in_study(study: str, rows: Sequence[Arm], a: str, b: str) -> StudySides:
    of_a, of_b = ([arm for arm in rows if arm.modality == name] for name in (a, b))
    added = {arm.combined_with for arm in of_a} & {arm.combined_with for arm in of_b}
    return StudySides(
        study, *(_first_row_per_cohort([arm for arm in side if arm.combined_with in added]) for side in (of_a, of_b))
    )


def _first_row_per_cohort(rows: Sequence[Arm]) -> tuple[Arm, ...]:
    first: dict[str, Arm] = {}
    for arm in rows:
        first.setdefault(arm.cohort, arm)
    return tuple(first.values())
