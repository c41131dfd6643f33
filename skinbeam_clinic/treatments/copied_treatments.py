"""Summarize the treatments of a patient's copy in words."""

from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.treatments.models import AreaFiring, Treatment
from skinbeam_clinic.used_cooling import UsedCooling

__all__ = ["summarize_treatment"]


def summarize_treatment(treatment: Treatment) -> str:
    """Return a treatment in words: device, every valid row, adverse events."""
    about = {
        "number": treatment.number,
        "at": to_local_time(treatment.started_at or treatment.created_at).date().isoformat(),
        "state": treatment.state.value,
        "device": treatment.device or treatment.ordered.device,
        "serial": treatment.serial or "-",
        "rows": "; ".join(_firing_summary(area.fired) for area in treatment.valid_areas) or "-",
        "events": "; ".join(f"{event.kind}, {event.grade.value}" for event in treatment.events) or "-",
    }
    return render_message("records-copy.treatment", about)


def _firing_summary(firing: AreaFiring) -> str:
    settings = ", ".join(f"{name} {value:g}" for name, value in firing.settings.numbers().items())
    place = f"{firing.site} ({firing.side.value})"
    cooled = "" if firing.cooling is None else f", cooling {_cooling_summary(firing.cooling)}"
    return f"{place}: {settings}{cooled}, pulses {firing.pulses or '-'}, seen {firing.endpoint}"


def _cooling_summary(cooling: UsedCooling) -> str:
    settings = (f"{name} {value:g}" for name, value in cooling.numbers().items())
    return " ".join([cooling.kind.value, *settings, *(f"and {kind.value}" for kind in cooling.also)])
