"""What the page of outcomes shows: each figure with its sentence, and small groups only together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from skinbeam.estimate import Estimate, Unknown
from skinbeam.learning.covered import ClinicCount, Coverage, clinic_count, coverage
from skinbeam.learning.enough import FEWEST
from skinbeam.learning.funnel import Funnel, funnel
from skinbeam.learning.outcome import Outcome, half_better, harm, stated_days, stated_pain
from skinbeam.learning.reliability import Brier, Group, brier, reliability
from skinbeam.learning.slope import Calibration, calibration
from skinbeam.messages import Formatter, catalogue, retold, text
from skinbeam.schema.names import table

__all__ = ["HarmRow", "Kind", "Learnt", "Place", "harm_title", "kinds_of", "learnt"]


@dataclass(frozen=True)
class Kind:
    """A condition treated in one way, by its names in the plan, with enough people to be shown by itself."""

    condition_name: str
    modality_name: str
    people: int

    @property
    def name(self) -> str:
        """Both names in one."""
        return f"{self.condition_name}.{self.modality_name}"

    @property
    def condition(self) -> str:
        """The condition in words."""
        return _title("condition", self.condition_name)

    @property
    def modality(self) -> str:
        """The way of treatment in words."""
        return _title("modality", self.modality_name)


@dataclass(frozen=True)
class Place:
    """Where the clinic lies among those that were foretold, for one kind of treatment."""

    kind: Kind
    told: ClinicCount


@dataclass(frozen=True)
class HarmRow:
    """What was foretold and seen of one harm."""

    title: str
    told: Calibration

    @property
    def ratio(self) -> str:
        """Seen over foretold in words."""
        return Formatter().interval(self.told.ratio)


@dataclass(frozen=True)
class Learnt:
    """All that the page shows of some outcomes.

    Parameters
    ----------
    untold : titles of harms that were noted and of which no plan had told a share.
    """

    half: Calibration
    groups: tuple[Group, ...] | Unknown
    score: Brier | Unknown
    places: tuple[Place, ...]
    harms: tuple[HarmRow, ...]
    untold: tuple[str, ...]
    days: tuple[Coverage, ...]
    pain: tuple[Coverage, ...]
    funnel: Funnel | Unknown

    @property
    def verdict(self) -> str:
        """How what was seen of getting better compares: `fits`, `less` or `more`; empty where it is not known."""
        told = self.half.odds if isinstance(self.half.odds, Estimate) else self.half.ratio
        if not isinstance(told, Estimate):
            return ""
        return "less" if told.high < 1.0 else "more" if told.low > 1.0 else "fits"


def kinds_of(outcomes: Sequence[Outcome]) -> tuple[tuple[Kind, ...], int, int]:
    """Return the kinds of treatment that are shown by themselves; how many are not, and how many people those have."""
    counts: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in outcomes:
        counts[one.condition, one.modality].add(one.person)
    shown = tuple(
        Kind(condition, modality, len(people))
        for (condition, modality), people in sorted(counts.items())
        if len(people) >= FEWEST
    )
    few = [people for people in counts.values() if len(people) < FEWEST]
    return shown, len(few), len(set().union(*few))


def learnt(outcomes: Sequence[Outcome], kinds: Sequence[Kind]) -> Learnt:
    """Return what the page shows of these outcomes."""
    better = half_better(outcomes)
    names = sorted({name for one in outcomes for name in one.foretold.harms})
    rows = [(name, harm(outcomes, name)) for name in names]
    seen = {name for one in outcomes for name in one.seen.harms}
    told = {name for name, forecasts in rows if forecasts}
    return Learnt(
        half=calibration(better),
        groups=reliability(better),
        score=brier(better),
        places=tuple(_places(outcomes, kinds)),
        harms=tuple(
            HarmRow(harm_title(name), calibration(forecasts)) for name, forecasts in rows if len(forecasts) >= FEWEST
        ),
        untold=tuple(sorted(map(harm_title, seen - told))),
        days=coverage(stated_days(outcomes)),
        pain=coverage(stated_pain(outcomes)),
        funnel=funnel(outcomes),
    )


def harm_title(name: str) -> str:
    """Return a harm in words; a name that is not in the catalogue stands as it is."""
    for id in (f"leaflet_harm.{name}", f"reaction.{name}"):
        if id in catalogue():
            return text(id)
    return name


def _places(outcomes: Sequence[Outcome], kinds: Sequence[Kind]) -> list[Place]:
    by_kind: dict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        by_kind[f"{one.condition}.{one.modality}"].append(one)
    told = ((kind, clinic_count(half_better(by_kind[kind.name]))) for kind in kinds)
    return [Place(kind, count) for kind, count in told if isinstance(count, ClinicCount)]


def _title(kind: Literal["condition", "modality"], name: str) -> str:
    known = table(kind)
    return retold(str(known[name]["title"])) if name in known else name
