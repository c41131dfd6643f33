"""Records of the expected results of a treatment, from which the JSON of `skinbeam.expect/1` is made.

Every number is an estimate, or an unknown with its reason; an answer that abstains has every field, unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Literal

from skinbeam.model.document import dataclass_fields
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.json_fields import json_entries
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "INTERVAL_LEVELS",
    "CountInterval",
    "DosePlacement",
    "Expectation",
    "NaturalCourse",
    "PatientShare",
    "Prediction",
    "StudyShare",
    "SunProtection",
]

INTERVAL_LEVELS = ("50", "80", "95")  # levels of the central intervals of a count, in per cent
CountInterval = tuple[int, int]  # both ends included


@dataclass(frozen=True)
class PatientShare:
    """The share of a new clinic's patients who have an outcome, and the resulting count among the question's patients.

    Parameters
    ----------
    p : the share.
    pmf : probability of 0, 1, ... of the patients; None in a shortened share.
    intervals : level in per cent → central interval of the count; None in a shortened share that is unknown.
    """

    p: Value
    pmf: tuple[float, ...] | Unknown | None
    intervals: Mapping[str, CountInterval | Unknown] | None

    @staticmethod
    def unknown(reason: Unknown) -> "PatientShare":
        """Return a share with every field unknown."""
        return PatientShare(reason, reason, dict.fromkeys(INTERVAL_LEVELS, reason))

    def shortened(self) -> "PatientShare":
        """Return the share without the distribution of the count; an unknown share has its reason once."""
        return replace(self, pmf=None, intervals=None if isinstance(self.p, Unknown) else self.intervals)


@dataclass(frozen=True)
class Prediction:
    """How many of `patients` improve by at least `threshold` per cent; `pmf` and `intervals` as in `PatientShare`."""

    patients: int
    threshold: int
    pmf: tuple[float, ...] | Unknown
    intervals: Mapping[str, CountInterval | Unknown]


@dataclass(frozen=True)
class DosePlacement:
    """Where a setting is among those of the trials: in words, with the studies whose doses it was compared with."""

    where: Literal["inside", "outside", "far-outside", "unknown"]
    text: Message
    studies: tuple[str, ...] = ()


@dataclass(frozen=True)
class SunProtection:
    """The effect of daily sunscreen on the ageing of skin."""

    ageing_odds_ratio: Estimate
    text: Message


@dataclass(frozen=True)
class StudyShare:
    """A study behind an answer: its patients, and `weight`, its share of the information, 0 to 1."""

    study: str
    patients: int
    weight: float


# The sentence, or false where nothing prevents an answer.
_ABSTENTION: Final = json_entries(lambda message: (("abstains", False if message is None else message.document_text),))


@dataclass(frozen=True)
class NaturalCourse:
    """The results of no treatment that a plan stores with each option; fields as in `Expectation`.

    The other values of an untreated course stand once, in the option without treatment.
    """

    p_at_least: Mapping[str, Value]
    predict: Prediction
    mean_improvement_pct: Value
    pih: PatientShare
    downtime_days: Value
    durability: Mapping[str, Value]
    studies: tuple[StudyShare, ...]
    abstains: Message | None = field(metadata=_ABSTENTION)


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """The results that a new clinic's patients may expect of a treatment.

    Parameters
    ----------
    p_at_least : improvement in per cent → share of patients with at least that.
    net_of_untreated_pct : mean improvement beyond that without treatment.
    harms : name → share of patients; `pih`, darkening after inflammation, is a separate field.
    durability : months → share of the gain that remains.
    abstains : why the evidence cannot predict the improvement; None where it can.
    untreated : the natural course of the same condition, shortened in a plan; None in that course itself.
    warnings : limits of the answer.
    person_improvement_pct : improvement of one patient of a new clinic, below 0 where it becomes worse: 9 of 10 improve
        by more than its low end, 1 of 10 by more than its high end. None in a plan of an earlier release.
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
    abstains: Message | None = field(metadata=_ABSTENTION)
    in_words: tuple[Message, ...]
    untreated: "Expectation | NaturalCourse | None" = None
    warnings: tuple[DocumentWarning, ...] = ()
    person_improvement_pct: Value | None = None

    def as_record(self) -> dict[str, Any]:
        """Return the JSON form that a plan stores.

        The untreated course has neither `untreated` nor `warnings`.
        """
        record = dataclass_fields(self)
        if self.untreated is None:
            del record["warnings"]
        return record

    def shortened(self) -> "Expectation":
        """Return what a plan stores with each option: harms and satisfaction without the distribution of counts, and
        the main results of the untreated course.
        """
        untreated = self.untreated
        if isinstance(untreated, Expectation):
            untreated = NaturalCourse(**{field.name: getattr(untreated, field.name) for field in fields(NaturalCourse)})
        return replace(
            self,
            satisfaction=self.satisfaction.shortened(),
            harms={name: share.shortened() for name, share in self.harms.items()},
            untreated=untreated,
        )
