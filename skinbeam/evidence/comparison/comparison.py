"""Records of the comparison of two treatments (`skinbeam.compare/1`), and the sentences that describe it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from skinbeam.evidence.comparison.network import ComparisonLink, TrialNetwork
from skinbeam.evidence.expectation.estimates import inline_title, study_keys
from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.improvement_law import HALF_PCT
from skinbeam.model.document import DocumentResult
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.text import Message

__all__ = [
    "Comparison",
    "DirectComparison",
    "ExcludedStudy",
    "comparison_sentences",
    "no_connection_reason",
]


@dataclass(frozen=True)
class DirectComparison:
    """A study of both treatments, and the difference that it found.

    Parameters
    ----------
    patients : on both sides, each person counted once.
    difference : of the share of people who improve by at least `cut_pct` per cent, a minus b.
    printed : counts of people, or mean improvements, which are converted to shares by the model's law of patients.
    same_people, randomised : whether each person had both treatments, and whether they were allocated at random.
    """

    study: str
    patients: int
    difference: Estimate
    printed: Literal["counts", "means"]
    cut_pct: float
    same_people: bool
    randomised: bool


@dataclass(frozen=True)
class ExcludedStudy:
    """A study of both treatments that cannot be used as a comparison, with the reason."""

    study: str
    reason: Message


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Comparison(DocumentResult):
    """Two treatments of a condition; differences are a minus b.

    Parameters
    ----------
    difference : in the same new clinics, of the share of people who improve by at least half.
    pih_difference : likewise, of the share of people with dark marks.
    chain, pih_chain : the shortest chain of trials that connects the two, for either difference; empty where there is
        none.
    """

    schema: ClassVar[str] = "skinbeam.compare/1"

    condition: str
    a: str
    b: str
    direct: tuple[DirectComparison, ...]
    difference: Value
    pih_difference: Value
    chain: tuple[ComparisonLink, ...]
    pih_chain: tuple[ComparisonLink, ...]
    left_out: tuple[ExcludedStudy, ...]
    in_words: tuple[Message, ...]


# Sentences of a comparison: the trials behind it, which treatment helps more people, which leaves more dark marks.


def no_connection_reason(
    id: str, condition: str, network: TrialNetwork, arms: Sequence[Arm], pair: tuple[str, str]
) -> Message:
    """Return why no difference is estimated: the treatments that each of the two was compared with, if any."""
    of_a, of_b = (_comparator_message(treatment, network, arms) for treatment in pair)
    return Message(id, {"condition": inline_title("condition", condition), "of_a": of_a, "of_b": of_b})


def comparison_sentences(comparison: Comparison) -> tuple[Message, ...]:
    """Return the sentences that describe a comparison."""
    left_out = [
        Message("compare.left-out", {"study": study.study, "reason": study.reason}) for study in comparison.left_out
    ]
    return (*_improvement_sentences(comparison), *_dark_mark_sentences(comparison), *left_out)


def _comparator_message(treatment: str, network: TrialNetwork, arms: Sequence[Arm]) -> Message:
    name, studies = (
        inline_title("modality", treatment),
        len(study_keys([arm for arm in arms if arm.modality == treatment])),
    )
    others = [inline_title("modality", neighbour) for neighbour in network.neighbours(treatment)]
    if not studies:
        return Message("compare.no-study", {"treatment": name})
    if not others:
        return Message("compare.alone", {"treatment": name, "studies": studies})
    return Message("compare.compared-with", {"treatment": name, "studies": studies, "others": others})


def _improvement_sentences(comparison: Comparison) -> Iterator[Message]:
    """Yield the trials behind the answer, which treatment helps more people, and trials that counted at another cut."""
    if isinstance(comparison.difference, Unknown):
        yield Message("compare.unknown", {"reason": comparison.difference.reason})
    else:
        yield _basis_message(comparison.chain, "compare.direct", "compare.chain")
        yield _difference_message(comparison, comparison.difference, "helps")
    for trial in comparison.direct:
        if trial.cut_pct != HALF_PCT:
            yield Message("compare.another-cut", {"study": trial.study, "cut": trial.cut_pct})


def _dark_mark_sentences(comparison: Comparison) -> Iterator[Message]:
    """Yield which treatment leaves dark marks on more people, and the trials behind that."""
    if isinstance(comparison.pih_difference, Unknown):
        yield Message("compare.unknown-marks", {"reason": comparison.pih_difference.reason})
        return
    yield _difference_message(comparison, comparison.pih_difference, "marks")
    yield _basis_message(comparison.pih_chain, "compare.marks-direct", "compare.marks-chain")


def _basis_message(chain: Sequence[ComparisonLink], direct: str, through: str) -> Message:
    """Return the trials of both treatments, or the chain of trials that connects the two, with their number."""
    count = len({study for link in chain for study in link.studies})
    if len(chain) == 1:
        return Message(direct, {"count": count, "studies": list(chain[0].studies)})
    links = [Message("compare.link", _titles(*link.between) | {"studies": list(link.studies)}) for link in chain]
    return Message(through, {"count": count, "links": links})


def _difference_message(comparison: Comparison, difference: Estimate, name: str) -> Message:
    """Return the difference in people of 100, the treatment with the surely larger share first, if one has it."""
    likely, low, high = (round(100.0 * share) for share in (difference.median, difference.low, difference.high))
    pair = _titles(comparison.a, comparison.b)
    if high < 0:
        pair, (likely, low, high) = _titles(comparison.b, comparison.a), (-likely, -high, -low)
    if low > 0:
        return Message(f"compare.{name}-more", pair | {"likely": likely, "low": low, "high": high})
    return Message(f"compare.{name}-open", pair | {"fewer": -low, "more": high})


def _titles(a: str, b: str) -> dict[str, str]:
    return {"a": inline_title("modality", a), "b": inline_title("modality", b)}
