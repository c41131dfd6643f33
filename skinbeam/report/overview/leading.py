"""Which reasons of a decision lead: first what changes what is done, so that a page in a hurry says it.

What refuses stands before what refers, that before what waits, that before what is done before the first pulse, that
before what changes a setting; other cautions follow. Of several rules that begin alike the first one leads.
"""

from collections.abc import Sequence
from typing import Final

from skinbeam.plan.rules.reason import Reason, severity

__all__ = ["LEADING", "led", "weight"]

LEADING: Final = 3

_WAITS: Final = frozenset(
    {"isotretinoin-six-months", "isotretinoin-year-full-field", "isotretinoin-deep-peel", "earlier-unread"}
)
_BEFORE: Final = frozenset(
    {
        "anaesthetic-risk",
        "antithrombotic",
        "antiviral-around-mouth",
        "antiviral-history",
        "cold-sores-without-laser",
        "corneal-shields",
        "dark-marks-topicals-first",
        "earlier-injury",
        "earlier-sign",
        "eyewear-around-eyes",
        "herpes-other-lasers",
        "keloid-first-line",
        "keloid-other-lasers",
        "medication-not-checked",
        "melasma-topicals-first",
        "photosensitiser-cautioned",
        "raised-scars",
        "tattoo",
    }
)


def weight(spoke: Reason) -> tuple[int, int]:
    """Return the place of a reason, the least first."""
    does = 0 if spoke.rule in _WAITS else 1 if spoke.rule in _BEFORE else 2 if spoke.bounds else 3
    return -severity(spoke.decision), does


def led(begins: Sequence[str], deciding: int) -> list[int]:
    """Return the places of the reasons that lead.

    Parameters
    ----------
    begins : how each reason begins, by weight.
    deciding : how many of the first ones refuse or refer: they all lead.
    """
    topics: dict[str, int] = {}
    for place, begin in enumerate(begins):
        topics.setdefault(begin.partition(":")[0], place)
    fill = [place for place in topics.values() if place >= deciding][: max(0, LEADING - deciding)]
    return [*range(deciding), *fill]
