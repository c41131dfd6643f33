"""Render the cooling of a treated area or a test spot in words, and how it differed from the plan."""

from skinbeam.report.formatting import display_value, join_items
from skinbeam.text import render_message
from skinbeam_clinic.used_cooling import COOLING_SETTINGS, CoolingChange, UsedCooling

__all__ = ["describe_cooling", "describe_cooling_change", "describe_cooling_settings", "describe_further_cooling"]

_UNITS = {name: "°C" if name == "temperature_C" else "ms" for name in COOLING_SETTINGS}


def describe_cooling(cooling: UsedCooling | None) -> str:
    """Return a cooling with its settings, such as "cryogen spray, 40 ms before the pulse"; also that of no record."""
    if cooling is None:
        return render_message("clinic-cooling.not-recorded")
    kind, *settings = describe_cooling_settings(cooling).items()
    parts = (render_message(f"clinic-cooling.with-{name}", {"value": value}) for name, value in settings)
    words = ", ".join([kind[1], *parts])
    if not cooling.also:
        return words
    return render_message("clinic-cooling.beside", {"cooling": words, "also": describe_further_cooling(cooling)})


def describe_further_cooling(cooling: UsedCooling) -> str:
    """Return the kinds that were used beside the one whose settings are recorded."""
    return join_items([render_message(f"clinic-cooling.kind-{kind}") for kind in cooling.also])


def describe_cooling_settings(cooling: UsedCooling) -> dict[str, str]:
    """Return the kind of a cooling and each setting that is known in words, by name."""
    known = {name: display_value(round(value, 1), _UNITS[name]).text for name, value in cooling.numbers().items()}
    return {"kind": render_message(f"clinic-cooling.kind-{cooling.kind}"), **known}


def describe_cooling_change(change: CoolingChange, planned: UsedCooling | None, used: UsedCooling | None) -> str:
    """Return how the cooling differed from the plan, in a sentence."""
    about = {"planned": planned, "used": used}
    named = _NAMED.get(change, about)
    return render_message(f"clinic-cooling.change-{change}", {name: describe_cooling(about[name]) for name in named})


_NAMED = {CoolingChange.OMITTED: ("planned",), CoolingChange.ADDED: ("used",)}  # of the others both
