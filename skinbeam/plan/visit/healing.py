"""The reaction to seek, the signs that stop treatment, and the days after, by modality and in words."""

from collections.abc import Mapping
from typing import Any

from skinbeam.messages import Message, catalogue
from skinbeam.plan.records import HealingDay, Immediate
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table

__all__ = ["healing_days", "immediate"]

_HEALING_SOURCE = "skinbeam-judgement-healing"
_STOP: Mapping[str, tuple[str, ...]] = {
    "vascular": ("blister", "grey", "pain", "spread"),
    "pigment-short-pulse": ("blister", "white", "pain", "spread"),
    "pigment-long-pulse": ("blister", "grey", "pain", "spread"),
    "non-ablative-fractional": ("blister", "grey", "pain", "spread"),
    "fractional-ablative": ("char", "pain", "spread"),
    "ablative": ("char", "pain", "spread"),
}


def _waits() -> Mapping[str, Any]:
    waits: Mapping[str, Any] = shipped_table("data/limits.toml")["first_pulse"]
    return waits


def immediate(modality: str, light: str) -> Immediate:
    """Return what is seen at once with a laser modality; `light` is that of the pulses, in words."""
    used(_waits()["source"])
    return Immediate(
        Message(f"immediate.seek-{modality}"),
        tuple(Message(f"immediate.stop-{sign}") for sign in _STOP[modality]),
        Message("immediate.first-pulses", {"light": light, "minutes": _waits()[modality]}),
    )


def healing_days(modality: str) -> tuple[HealingDay, ...]:
    """Return what the days after a session look like, by day, in order."""
    used(_HEALING_SOURCE)
    prefix = f"healing-day.{modality}-"
    days = sorted(int(key.removeprefix(prefix)) for key in catalogue() if key.startswith(prefix))
    return tuple(HealingDay(day, Message(f"{prefix}{day}"), _HEALING_SOURCE) for day in days)
