"""What trials say of a question, as frozen records. Here alone they become the JSON of `skinbeam.expect/1`.

Every number is an estimate or an unknown with its reason; an answer that abstains has every field, unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "INTERVAL_LEVELS",
    "CountInterval",
    "DosePlacement",
    "Expectation",
    "PatientShare",
    "Prediction",
    "StudyShare",
    "SunProtection",
]

INTERVAL_LEVELS = ("50", "80", "95")  # levels of the central intervals of a count, in per cent
CountInterval = tuple[int, int]  # both ends included


@dataclass(frozen=True)
class PatientShare:
    """The share of a new clinic's patients whom an outcome meets, and how many of the patients asked about that makes.

    Parameters
    ----------
    p : the share.
    pmf : probability of 0, 1, ... of the patients.
    intervals : level in per cent → central interval of the count.
    """

    p: Value
    pmf: tuple[float, ...] | Unknown
    intervals: Mapping[str, CountInterval | Unknown]

    @staticmethod
    def unknown(reason: Unknown) -> "PatientShare":
        """Return a share of which nothing is known."""
        return PatientShare(reason, reason, dict.fromkeys(INTERVAL_LEVELS, reason))


@dataclass(frozen=True)
class Prediction:
    """How many of `patients` improve by at least `threshold` per cent; `pmf` and `intervals` as in `PatientShare`."""

    patients: int
    threshold: int
    pmf: tuple[float, ...] | Unknown
    intervals: Mapping[str, CountInterval | Unknown]


@dataclass(frozen=True)
class DosePlacement:
    """Where a setting lies among those of the trials: in words, and the studies whose doses it was held against."""

    where: Literal["inside", "outside", "far-outside", "unknown"]
    text: Message
    studies: tuple[str, ...] = ()


@dataclass(frozen=True)
class SunProtection:
    """What daily sunscreen does to the ageing of skin."""

    ageing_odds_ratio: Estimate
    text: Message


@dataclass(frozen=True)
class StudyShare:
    """A study behind an answer: its patients, and `weight`, its share of the information, 0 to 1."""

    study: str
    patients: int
    weight: float


@dataclass(frozen=True)
class Expectation:
    """What a new clinic's patients may expect of a treatment.

    Parameters
    ----------
    p_at_least : improvement in per cent → share of patients with at least that.
    net_of_untreated_pct : mean improvement beyond what comes without treatment.
    harms : name → share of patients; `pih`, darkening after inflammation, stands alone.
    durability : months → share of the gain that is kept.
    abstains : why the evidence cannot say what improves; None where it can.
    untreated : the natural course of the same condition; None in that course itself.
    warnings : what the answer does not hold.
    person_improvement_pct : what one patient of a new clinic improves by, below 0 where it becomes worse: 9 of 10
        improve by more than its low end, 1 of 10 by more than its high end. None in a plan of an earlier release.
    """

    p_at_least: Mapping[str, Value]
    predict: Prediction
    mean_improvement_pct: Value
    net_of_untreated_pct: Value
    pih: PatientShare
    satisfaction: PatientShare
    harms: Mapping[str, PatientShare]
    pain_0_10: Value
    downtime_days: Value
    would_repeat: Unknown
    durability: Mapping[str, Value]
    sun_protection: SunProtection | Unknown
    dose: DosePlacement | Unknown
    studies: tuple[StudyShare, ...]
    abstains: Message | None
    in_words: tuple[Message, ...]
    untreated: "Expectation | None" = None
    warnings: tuple[DocumentWarning, ...] = ()
    person_improvement_pct: Value | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape, as it stands in a plan: every key; in the untreated course neither of the last two."""
        record = {field.name: getattr(self, field.name) for field in fields(self)}
        record["abstains"] = False if self.abstains is None else self.abstains.english
        if self.untreated is None:
            del record["untreated"], record["warnings"]
        if self.person_improvement_pct is None:
            del record["person_improvement_pct"]
        return record
