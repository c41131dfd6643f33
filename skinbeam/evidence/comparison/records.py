"""What trials say of two treatments side by side, as frozen records. Here alone they become `skinbeam.compare/1`."""

from dataclasses import dataclass
from typing import Literal

from skinbeam.estimate import Estimate, Value
from skinbeam.evidence.comparison.network import Link
from skinbeam.messages import Message

__all__ = ["Comparison", "Direct", "LeftOut"]


@dataclass(frozen=True)
class Direct:
    """A study that did both, and the difference that it found.

    Parameters
    ----------
    patients : on both sides, each person once.
    difference : of the share of people who improve by at least `cut_pct` per cent, a minus b.
    printed : counts of people, or mean improvements, which the model's law of patients makes into shares.
    same_people, randomised : whether each person had both, and whether chance decided what came where.
    """

    study: str
    patients: int
    difference: Estimate
    printed: Literal["counts", "means"]
    cut_pct: float
    same_people: bool
    randomised: bool


@dataclass(frozen=True)
class LeftOut:
    """A study that did both and cannot be read as a comparison, with the reason."""

    study: str
    reason: Message


@dataclass(frozen=True)
class Comparison:
    """Two treatments of a condition, a minus b.

    Parameters
    ----------
    difference : in the same new clinics, of the share of people who improve by at least half.
    pih_difference : of the share of people with dark marks, likewise.
    chain, pih_chain : the shortest chain of trials that connects the two, for either; empty where there is none.
    """

    condition: str
    a: str
    b: str
    direct: tuple[Direct, ...]
    difference: Value
    pih_difference: Value
    chain: tuple[Link, ...]
    pih_chain: tuple[Link, ...]
    left_out: tuple[LeftOut, ...]
    in_words: tuple[Message, ...]
