"""What a comparison says in words: what it rests on, which treatment helps more people, which marks more."""

from collections.abc import Iterator, Sequence
from typing import Any

from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.comparison.network import Link, Network
from skinbeam.evidence.comparison.records import Comparison
from skinbeam.evidence.expectation.parts import keys, title
from skinbeam.evidence.studies.arm import Arm
from skinbeam.evidence.synthesis.law import HALF_PCT
from skinbeam.messages import Message

__all__ = ["in_words", "nothing_connects"]


def nothing_connects(id: str, condition: str, network: Network, found: Sequence[Arm], pair: tuple[str, str]) -> Message:
    """Return why no difference is told: what each of the two was compared with, if anything."""
    of_a, of_b = (_compared_with(treatment, network, found) for treatment in pair)
    return Message(id, {"condition": title("condition", condition), "of_a": of_a, "of_b": of_b})


def in_words(found: Comparison) -> tuple[Message, ...]:
    """Return the sentences of a comparison."""
    left_out = [Message("compare.left-out", {"study": one.study, "reason": one.reason}) for one in found.left_out]
    return (*_improvement(found), *_marks(found), *left_out)


def _compared_with(treatment: str, network: Network, found: Sequence[Arm]) -> Message:
    name, studies = title("modality", treatment), len(keys([arm for arm in found if arm.modality == treatment]))
    others = [title("modality", other) for other in network.neighbours(treatment)]
    if not studies:
        return Message("compare.no-study", {"treatment": name})
    if not others:
        return Message("compare.alone", {"treatment": name, "studies": studies})
    return Message("compare.compared-with", {"treatment": name, "studies": studies, "others": others})


def _improvement(found: Comparison) -> Iterator[Message]:
    """What the answer rests on, which treatment helps more people, and which trials counted at another cut."""
    if isinstance(found.difference, Unknown):
        yield Message("compare.unknown", {"reason": found.difference.reason})
    else:
        yield _rests_on(found.chain, "compare.direct", "compare.chain")
        pair, (likely, low, high) = _ordered(found, found.difference)
        if low > 0:
            yield Message("compare.helps-more", pair | {"likely": likely, "low": low, "high": high})
        else:
            yield Message("compare.helps-open", pair | {"fewer": -low, "more": high})
    for one in found.direct:
        if one.cut_pct != HALF_PCT:
            yield Message("compare.another-cut", {"study": one.study, "cut": one.cut_pct})


def _marks(found: Comparison) -> Iterator[Message]:
    """Which treatment leaves dark marks on more people, and what that rests on."""
    if isinstance(found.pih_difference, Unknown):
        yield Message("compare.unknown-marks", {"reason": found.pih_difference.reason})
        return
    pair, (likely, low, high) = _ordered(found, found.pih_difference)
    if low > 0:
        yield Message("compare.marks-more", pair | {"likely": likely, "low": low, "high": high})
    else:
        yield Message("compare.marks-open", pair | {"fewer": -low, "more": high})
    yield _rests_on(found.pih_chain, "compare.marks-direct", "compare.marks-chain")


def _rests_on(chain: Sequence[Link], direct: str, through: str) -> Message:
    """Trials of both, or the chain of trials that connects the two, and how many they are."""
    count = len({study for link in chain for study in link.studies})
    if len(chain) == 1:
        return Message(direct, {"count": count, "studies": list(chain[0].studies)})
    links = [Message("compare.link", _titles(*link.between) | {"studies": list(link.studies)}) for link in chain]
    return Message(through, {"count": count, "links": links})


def _ordered(found: Comparison, difference: Estimate) -> tuple[dict[str, Any], tuple[int, int, int]]:
    """The two treatments, that first of which more people are surely met, and the difference in people of 100."""
    likely, low, high = (round(100.0 * share) for share in (difference.median, difference.low, difference.high))
    if high < 0:
        return _titles(found.b, found.a), (-likely, -high, -low)
    return _titles(found.a, found.b), (likely, low, high)


def _titles(a: str, b: str) -> dict[str, Any]:
    return {"a": title("modality", a), "b": title("modality", b)}
