"""How long resurfaced skin waits before it is ablated again, and before light that leaves it closed."""

import math
from collections.abc import Collection, Iterable
from typing import Final

from skinbeam.model.sources import cite_sources
from skinbeam.model.units import WEEKS_PER_MONTH
from skinbeam.model.vocabulary import ABLATIVE_MODALITIES
from skinbeam.suitability.table import Rule, suitability_rule

__all__ = [
    "FRACTIONAL_ABLATION",
    "FULL_FIELD_ABLATION",
    "ablates_again",
    "ablation_rule",
    "fresh_skin_rule",
    "weeks_before_ablation",
]

FULL_FIELD_ABLATION: Final = "ablative"
FRACTIONAL_ABLATION: Final = "fractional-ablative"


def ablation_rule() -> Rule:
    """Return the rule on how long skin that was resurfaced waits before it is ablated again."""
    rule = suitability_rule("recent-resurfacing")
    cite_sources(rule.source)
    return rule


def ablates_again(modalities: Collection[str], earlier: Iterable[str]) -> bool:
    """Return whether a treatment resurfaces what earlier ones resurfaced, and one of them removes a whole field."""
    resurfaced = {modality for modality in earlier if modality in ABLATIVE_MODALITIES}
    resurfaces = {modality for modality in modalities if modality in ABLATIVE_MODALITIES}
    return bool(resurfaces) and bool(resurfaced) and FULL_FIELD_ABLATION in resurfaced | resurfaces


def fresh_skin_rule() -> Rule:
    """Return the rule on how long light that leaves the skin closed waits after a recent resurfacing."""
    return suitability_rule("recent-resurfacing-gentle")


def weeks_before_ablation() -> int:
    """Return the weeks that resurfaced skin waits before it is ablated again: the least that the rule asks for."""
    months: float = ablation_rule().message.params["low_months"]
    return math.ceil(months * WEEKS_PER_MONTH)
