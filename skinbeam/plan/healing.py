"""The reaction to seek, the signs that stop treatment, and the days after, by modality and in words."""

from collections.abc import Mapping
from typing import Any

from skinbeam.messages import Message, catalogue
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


def immediate(modality: str, light: str) -> dict[str, Any]:
    """Return `seek`, `stop_at` and `first_pulses` of a laser modality; `light` is that of the pulses, in words."""
    used(_waits()["source"])
    return {
        "seek": Message(f"immediate.seek-{modality}"),
        "stop_at": [Message(f"immediate.stop-{sign}") for sign in _STOP[modality]],
        "first_pulses": Message("immediate.first-pulses", {"light": light, "minutes": _waits()[modality]}),
    }


def healing_days(modality: str) -> list[dict[str, Any]]:
    """Return what the days after a session look like, by day, in order."""
    used(_HEALING_SOURCE)
    prefix = f"healing-day.{modality}-"
    days = sorted(int(key.removeprefix(prefix)) for key in catalogue() if key.startswith(prefix))
    return [{"day": day, "text": Message(f"{prefix}{day}"), "source": _HEALING_SOURCE} for day in days]
