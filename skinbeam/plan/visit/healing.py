"""The reaction to seek, the signs that stop treatment, and the days after, by modality and in words."""

from collections.abc import Mapping
from typing import Any

from skinbeam.messages import Message, catalogue
from skinbeam.plan.records import HealingDay, Immediate
from skinbeam.plan.search.goals import is_field_pigment
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table

__all__ = ["healing_days", "immediate"]

_HEALING_SOURCE = "skinbeam-judgement-healing"
_STOP: Mapping[str, tuple[str, ...]] = {
    "vascular": ("blister", "grey", "pain", "spread"),
    "pigment-short-pulse": ("blister", "white", "pain", "spread"),
    "field-pigment": ("whitening", "petechiae", "blister", "pain", "spread"),
    "pigment-long-pulse": ("blister", "grey", "pain", "spread"),
    "non-ablative-fractional": ("blister", "grey", "pain", "spread"),
    "fractional-ablative": ("char", "pain", "spread"),
    "ablative": ("char", "pain", "spread"),
}


def _waits() -> Mapping[str, Any]:
    waits: Mapping[str, Any] = shipped_table("data/limits.toml")["first_pulse"]
    return waits


def immediate(modality: str, condition: str, light: str) -> Immediate:
    """Return what is seen at once with a laser modality; `light` is that of the pulses, in words."""
    used(_waits()["source"])
    seen = _seen_as(modality, condition)
    return Immediate(
        Message(f"immediate.seek-{seen}"),
        tuple(Message(f"immediate.stop-{sign}") for sign in _STOP[seen]),
        Message("immediate.first-pulses", {"light": light, "minutes": _waits()[modality]}),
    )


def healing_days(modality: str, condition: str) -> tuple[HealingDay, ...]:
    """Return what the days after a session look like, by day, in order."""
    used(_HEALING_SOURCE)
    prefix = f"healing-day.{_seen_as(modality, condition)}-"
    days = sorted(int(key.removeprefix(prefix)) for key in catalogue() if key.startswith(prefix))
    return tuple(HealingDay(day, Message(f"{prefix}{day}"), _HEALING_SOURCE) for day in days)


def _seen_as(modality: str, condition: str) -> str:
    """The words that describe a modality: a field whose colour is faded looks unlike a spot that is whitened."""
    return "field-pigment" if is_field_pigment(modality, condition) else modality
