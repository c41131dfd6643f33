"""Compare treatments of a condition: two side by side, or several in the same new clinics.

In the comparison of two treatments (the body of `skinbeam.compare/1`), `direct` is what each trial of both treatments
found. `difference` is the estimate from the network of trials: simulated new clinics do both treatments, with the same
clinic deviation, raters and patients on both sides. Differences that trials found between the two treatments therefore
count, and differences between the people of separate trials cancel. The estimate exists only where a chain of trials of
this condition that compared treatments connects the two; the same holds for dark marks, among the trials that counted
them.

The choice between treatments (`joint_shares`) also uses the same new clinics: how many people a clinic helps by half
depends on the clinic more than on the treatment, and a person is treated in one clinic, so the difference is known more
precisely than either share.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from skinbeam.evidence.comparison.comparison import (
    Comparison,
    DirectComparison,
    ExcludedStudy,
    comparison_sentences,
    no_connection_reason,
)
from skinbeam.evidence.comparison.direct import direct_difference
from skinbeam.evidence.comparison.network import ComparisonLink, TrialNetwork, study_sides
from skinbeam.evidence.expectation.applicability import widening
from skinbeam.evidence.expectation.estimates import estimate_from_draws, study_keys
from skinbeam.evidence.expectation.expect import abstention
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.studies.trial_arm import Arm, parse_grades
from skinbeam.evidence.synthesis.counts import CountQuestion, draw_shares
from skinbeam.evidence.synthesis.design import Features, fitted_arms, similar_arms
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.evidence.synthesis.improvement_law import HALF_PCT
from skinbeam.evidence.synthesis.new_clinic import draw_new_clinics
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES, resolve_name
from skinbeam.text import Message

__all__ = [
    "compare",
    "compare_connected",
    "helps_significantly_more",
    "joint_shares",
    "treatment_studies",
]


def compare(condition: str, a: str, b: str, *, seed: int = 0) -> Comparison:
    """Compare treatment a with treatment b, from the published trials.

    Parameters
    ----------
    condition, a, b : names or everyday words.
    seed : of the new clinics that are drawn.

    Raises
    ------
    InputError : an unknown name, or the same treatment twice.
    """
    condition = resolve_name("condition", condition, field="condition")
    a, b = resolve_name("modality", a, field="a"), resolve_name("modality", b, field="b")
    if a == b:
        raise InputError("same-treatment", f'"{b}" is the same treatment as a', field="b", hint="Another treatment.")
    # The two are always drawn in alphabetical order, so that b against a is exactly minus a against b.
    comparison = _make_comparison(condition, *sorted((a, b)), seed=seed)
    comparison = comparison if a < b else _swap_sides(comparison)
    return replace(comparison, in_words=comparison_sentences(comparison))


def compare_connected(condition: str, a: str, b: str, *, seed: int = 0) -> Comparison:
    """Return the comparison of two treatments that trials connect; arguments and errors as in `compare`.

    Raises
    ------
    NotAvailable : no chain of trials connects the two; `body` is the document, which contains every key.
    """
    comparison = compare(condition, a, b, seed=seed)
    if isinstance(comparison.difference, Unknown) and isinstance(comparison.pih_difference, Unknown):
        left_out = [message.text for message in comparison.in_words if message.id == "compare.left-out"]
        raise NotAvailable(" ".join([comparison.difference.reason, *left_out]), answer=comparison)
    return comparison


def _question_sha256(condition: str, a: str, b: str) -> str:
    return sha256_hex({"condition": condition, "a": a, "b": b})


def _make_comparison(condition: str, a: str, b: str, *, seed: int) -> Comparison:
    arms = [arm for arm in fitted_arms() if arm.condition == condition]
    marked = [row.arm for row in outcome_counts() if (row.outcome, row.condition) == ("pih", condition)]
    network, of_marks = TrialNetwork.from_arms(arms), TrialNetwork.from_arms(marked)
    direct, left_out = _direct_differences(arms, a, b, seed)
    return Comparison(
        case_sha256=_question_sha256(condition, a, b),
        seed=seed,
        condition=condition,
        a=a,
        b=b,
        direct=direct,
        difference=_improvement_difference(condition, network, arms, (a, b), seed),
        pih_difference=_pih_difference(condition, of_marks, marked, (a, b), seed),
        chain=network.chain(a, b),
        pih_chain=of_marks.chain(a, b),
        left_out=left_out,
        in_words=(),
    )


def _direct_differences(
    arms: Sequence[Arm], a: str, b: str, seed: int
) -> tuple[tuple[DirectComparison, ...], tuple[ExcludedStudy, ...]]:
    """Return the difference that each study of both treatments found, and the studies that cannot be compared."""
    direct, left_out = [], []
    for both in study_sides(arms, a, b):
        difference = direct_difference(both, seed=seed) if both.is_comparable else None
        if difference is not None:
            cite_sources(both.study)
            direct.append(difference)
        else:
            reason = "compare.printed-apart" if both.is_comparable else "compare.added-to-one"
            left_out.append(ExcludedStudy(both.study, Message(reason)))
    return tuple(direct), tuple(left_out)


def _improvement_difference(
    condition: str,
    network: TrialNetwork,
    arms: Sequence[Arm],
    pair: tuple[str, str],
    seed: int,
) -> Value:
    chain = network.chain(*pair)
    if not chain:
        return Unknown(no_connection_reason("compare.nothing-connects", condition, network, arms, pair).text)
    courses = [Features.from_question(EvidenceQuestion(condition, modality)) for modality in pair]
    a, b = (clinics.share_above(HALF_PCT) for clinics in draw_new_clinics(courses, seed=seed))
    basis = _basis(arms, pair, chain)
    cite_sources(*basis, evidence_settings().source)
    return estimate_from_draws(a - b, basis)


def _pih_difference(
    condition: str,
    network: TrialNetwork,
    marked: Sequence[Arm],
    pair: tuple[str, str],
    seed: int,
) -> Value:
    """Return the difference in the share of people with dark marks.

    Trials of one treatment had patients of other phototypes than trials of the other; the same range is assumed for
    both.
    """
    chain = network.chain(*pair)
    if not chain:
        return Unknown(no_connection_reason("compare.no-marks-connect", condition, network, marked, pair).text)
    people = parse_grades(evidence_settings().unknown_phototype, PHOTOTYPES)
    asked = [CountQuestion("pih", modality, condition, phototypes=people) for modality in pair]
    a, b = draw_shares(asked, seed=seed)
    basis = _basis(marked, pair, chain)
    cite_sources(*basis, evidence_settings().source)
    return estimate_from_draws(a - b, basis)


def _basis(arms: Sequence[Arm], pair: tuple[str, str], chain: Sequence[ComparisonLink]) -> tuple[str, ...]:
    """Return the studies of either treatment, and those of the chain between them."""
    between = {study for link in chain for study in link.studies}
    return study_keys([arm for arm in arms if arm.modality in pair or arm.study in between])


def _swap_sides(comparison: Comparison) -> Comparison:
    """Return the comparison of b with a."""
    return replace(
        comparison,
        case_sha256=_question_sha256(comparison.condition, comparison.b, comparison.a),
        a=comparison.b,
        b=comparison.a,
        direct=tuple(replace(trial, difference=trial.difference.negated()) for trial in comparison.direct),
        difference=_negate(comparison.difference),
        pih_difference=_negate(comparison.pih_difference),
        chain=_reverse_chain(comparison.chain),
        pih_chain=_reverse_chain(comparison.pih_chain),
    )


def _negate(value: Value) -> Value:
    return value.negated() if isinstance(value, Estimate) else value


def _reverse_chain(chain: Sequence[ComparisonLink]) -> tuple[ComparisonLink, ...]:
    return tuple(ComparisonLink((link.between[1], link.between[0]), link.studies) for link in reversed(chain))


# Several treatments of one condition in the same new clinics, so that differences between clinics cancel.


def joint_shares(questions: Sequence[EvidenceQuestion], *, seed: int = 0) -> list[Floats | None]:
    """Return for each question the share of people with at least half improvement, (clinic,), in the same clinics.

    The entry is None where the evidence abstains.
    """
    answered = [abstention(question) is None for question in questions]
    asked = list(compress(questions, answered))
    clinics = iter(
        draw_new_clinics(
            [Features.from_question(question) for question in asked],
            seed=seed,
            widen=[widening(question) for question in asked],
        )
    )
    return [next(clinics).share_above(HALF_PCT) if is_answered else None for is_answered in answered]


def helps_significantly_more(a: Floats, b: Floats) -> bool:
    """Return whether a helps more people than b: the central interval of the difference, (clinic,), is above 0."""
    return estimate_from_draws(a - b, ()).low > 0.0


def treatment_studies(question: EvidenceQuestion) -> tuple[str, ...]:
    """Return the studies of the condition with this treatment; with a setting, only those with similar light."""
    return study_keys(similar_arms(question))
