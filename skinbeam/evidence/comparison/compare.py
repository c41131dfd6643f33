"""Two treatments of a condition side by side: the body of `skinbeam.compare/1`.

`direct` is what each trial that did both found. `difference` is the network's answer: new clinics that do both, in
which the deviation of the clinic, its raters and its people are the same on both sides, so that what trials found
between two treatments carries it and what people of separate trials differ by does not. It stands only where a chain
of trials of this condition that compared treatments connects the two; the same holds of dark marks, among the trials
that counted them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from skinbeam.document import document, fields_of, sha256_of
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence.comparison.direct import difference_in
from skinbeam.evidence.comparison.network import Link, Network, sides
from skinbeam.evidence.comparison.records import Comparison, Direct, LeftOut
from skinbeam.evidence.comparison.words import in_words, nothing_connects
from skinbeam.evidence.expectation.parts import estimate, keys
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.arm import Arm, grades
from skinbeam.evidence.studies.outcomes import counted
from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis.clinic import new_clinics
from skinbeam.evidence.synthesis.counts import Asked, counted_shares
from skinbeam.evidence.synthesis.design import Features, fitted_arms
from skinbeam.evidence.synthesis.law import HALF_PCT
from skinbeam.evidence.synthesis.posterior import Posterior
from skinbeam.messages import Message
from skinbeam.provenance import used
from skinbeam.schema.names import PHOTOTYPES, resolve

__all__ = ["SCHEMA", "compare", "compare_document"]

SCHEMA = "skinbeam.compare/1"


def compare(condition: str, a: str, b: str, *, seed: int = 0, given: Posterior | None = None) -> Comparison:
    """Return what trials say of treatment a against treatment b.

    Parameters
    ----------
    condition, a, b : names or everyday words.
    seed : of the new clinics that are drawn.
    given : another posterior than the shipped one.

    Raises
    ------
    InputError : an unknown name, or the same treatment twice.
    """
    condition = resolve("condition", condition, field="--condition")
    a, b = resolve("modality", a, field="A"), resolve("modality", b, field="B")
    if a == b:
        raise InputError("same-treatment", f'"{b}" is the same treatment as A', field="B", hint="Another treatment.")
    # Draws are made in one order of the two, so that b against a is exactly minus a against b.
    found = _compared(condition, *sorted((a, b)), seed=seed, given=given)
    found = found if a < b else _turned(found)
    return replace(found, in_words=in_words(found))


def compare_document(condition: str, a: str, b: str, *, seed: int = 0) -> dict[str, Any]:
    """Return the whole document `skinbeam.compare/1`; arguments and errors as in `compare`.

    Raises
    ------
    NotAvailable : nothing connects the two; `body` is the document, which holds every key.
    """
    found = compare(condition, a, b, seed=seed)
    asked = {"condition": found.condition, "a": found.a, "b": found.b}
    whole = document(SCHEMA, case_sha256=sha256_of(asked), seed=seed, body=fields_of(found))
    if isinstance(found.difference, Unknown) and isinstance(found.pih_difference, Unknown):
        left_out = [said.text for said in found.in_words if said.id == "compare.left-out"]
        raise NotAvailable(" ".join([found.difference.reason, *left_out]), body=whole)
    return whole


def _compared(condition: str, a: str, b: str, *, seed: int, given: Posterior | None) -> Comparison:
    arms = [arm for arm in fitted_arms() if arm.condition == condition]
    marked = [row.arm for row in counted() if (row.outcome, row.condition) == ("pih", condition)]
    network, of_marks = Network.of_arms(arms), Network.of_arms(marked)
    direct, left_out = _direct(arms, a, b, seed, given)
    return Comparison(
        condition=condition,
        a=a,
        b=b,
        direct=direct,
        difference=_difference(condition, network, arms, (a, b), seed, given),
        pih_difference=_pih_difference(condition, of_marks, marked, (a, b), seed, given),
        chain=network.chain(a, b),
        pih_chain=of_marks.chain(a, b),
        left_out=left_out,
        in_words=(),
    )


def _direct(
    arms: Sequence[Arm], a: str, b: str, seed: int, given: Posterior | None
) -> tuple[tuple[Direct, ...], tuple[LeftOut, ...]]:
    """What each study of both found, and which cannot be read as a comparison."""
    direct, left_out = [], []
    for both in sides(arms, a, b):
        found = difference_in(both, seed=seed, given=given) if both.fair else None
        if found is not None:
            used(both.study)
            direct.append(found)
        else:
            reason = "compare.printed-apart" if both.fair else "compare.added-to-one"
            left_out.append(LeftOut(both.study, Message(reason)))
    return tuple(direct), tuple(left_out)


def _difference(
    condition: str, network: Network, arms: Sequence[Arm], pair: tuple[str, str], seed: int, given: Posterior | None
) -> Value:
    chain = network.chain(*pair)
    if not chain:
        return Unknown(nothing_connects("compare.nothing-connects", condition, network, arms, pair).text)
    courses = [Features.of_question(Question(condition, modality)) for modality in pair]
    a, b = (clinics.share(HALF_PCT) for clinics in new_clinics(courses, seed=seed, given=given))
    basis = _basis(arms, pair, chain)
    used(*basis, settings()["source"])
    return estimate(a - b, basis)


def _pih_difference(
    condition: str, network: Network, marked: Sequence[Arm], pair: tuple[str, str], seed: int, given: Posterior | None
) -> Value:
    """The same of dark marks. Trials of one treatment saw other skin than those of the other: here all are alike."""
    chain = network.chain(*pair)
    if not chain:
        return Unknown(nothing_connects("compare.no-marks-connect", condition, network, marked, pair).text)
    people = grades(settings()["rule"]["unknown_phototype"], PHOTOTYPES)
    asked = [Asked("pih", modality, condition, phototypes=people) for modality in pair]
    a, b = counted_shares(asked, seed=seed, given=given)
    basis = _basis(marked, pair, chain)
    used(*basis, settings()["source"])
    return estimate(a - b, basis)


def _basis(arms: Sequence[Arm], pair: tuple[str, str], chain: Sequence[Link]) -> tuple[str, ...]:
    """The studies of either treatment, and those of the chain between them."""
    between = {study for link in chain for study in link.studies}
    return keys([arm for arm in arms if arm.modality in pair or arm.study in between])


def _turned(found: Comparison) -> Comparison:
    """The same of b against a."""
    return replace(
        found,
        a=found.b,
        b=found.a,
        direct=tuple(replace(one, difference=one.difference.negated()) for one in found.direct),
        difference=_negated(found.difference),
        pih_difference=_negated(found.pih_difference),
        chain=_reversed(found.chain),
        pih_chain=_reversed(found.pih_chain),
    )


def _negated(value: Value) -> Value:
    return value.negated() if isinstance(value, Estimate) else value


def _reversed(chain: Sequence[Link]) -> tuple[Link, ...]:
    return tuple(Link((link.between[1], link.between[0]), link.studies) for link in reversed(chain))
