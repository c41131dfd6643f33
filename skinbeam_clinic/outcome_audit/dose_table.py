"""Doses that a clinic fired and the harms that it counted, under the columns of `practice.csv`."""

from collections.abc import Iterator
from typing import Any

from skinbeam.app.clinic.learning.judged import Judged, Read
from skinbeam.app.clinic.learning.released import NOTE, Group, Table, grouped, people_of, with_harm, written
from skinbeam.laser.device import devices
from skinbeam.practice.row import HARMS, SKIN_INJURIES
from skinbeam.practice.rows import FILE

__all__ = ["practice_table"]

_ALWAYS = ("blister", "pih")  # nobody with them is a count, too
_SPANS = {  # as fired → columns
    "fluence_J_cm2": ("fluence_low_J_cm2", "fluence_high_J_cm2"),
    "pulse_ms": ("pulse_low_ms", "pulse_high_ms"),
    "spot_mm": ("spot_low_mm", "spot_high_mm"),
    "energy_mJ": ("microbeam_low_mJ", "microbeam_high_mJ"),
    "density_per_cm2": ("density_low_per_cm2", "density_high_per_cm2"),
}


def practice_table(read: Read, source: str) -> Table:
    """Return the doses of all judged courses by condition, device and light, a row for each harm that was counted."""
    groups, left_out = grouped(read.judged, _alike)
    rows = [
        {"row": f"{source}/{number}", "source": source} | row
        for number, row in enumerate((row for mine in groups.values() for group in mine for row in _rows(group)), 1)
    ]
    people = people_of(one for mine in groups.values() for group in mine for one in group.courses)
    return Table(written(FILE, rows), len(rows), len(people), len(left_out))


def _alike(one: Judged) -> tuple[str, str, float] | None:
    """Condition, device and light; None where they differ within a course, or where nothing was fired."""
    lights = {(area.device, _light_nm(area.device, area.settings)) for area in one.course.fired}
    if len(lights) != 1:
        return None
    ((device, light),) = lights
    return None if light is None else (one.told.condition, device, light)


def _light_nm(device: str, settings: Any) -> float | None:
    if "wavelength_nm" in settings:
        return float(settings["wavelength_nm"])
    known = devices().get(device)
    return known.wavelengths_nm[0] if known and len(known.wavelengths_nm) == 1 else None


def _rows(group: Group) -> Iterator[dict[str, object]]:
    shared, of = _shared(group), len(people_of(group.courses))
    seen = {name for one in group.courses for name in one.course.harms}
    injured = [name for name in SKIN_INJURIES if name in seen]
    counted = injured or ["blister"]
    counted += [name for name in HARMS if name in seen | set(_ALWAYS) and name not in SKIN_INJURIES]
    others = sorted(seen - set(HARMS))
    noted = "".join(f" Also {name}: {with_harm(group.courses, name)} of {of}." for name in others)
    for name in counted:
        harm = {"harm": name, "harm_count": with_harm(group.courses, name), "harm_of": of}
        yield shared | harm | {"harm_unit": "patients", "harm_origin": "printed", "note": f"{NOTE}{noted}"}


def _shared(group: Group) -> dict[str, object]:
    """What all rows of a group have in common: who was treated, and with which settings."""
    fired = [area for one in group.courses for area in one.course.fired]
    first, sessions = group.courses[0], [one.course.sessions for one in group.courses]
    device = fired[0].device
    light = _light_nm(device, fired[0].settings)
    lamp = "lamp" in devices()[device].title.lower() if device in devices() else False
    row: dict[str, object] = {
        "grade": "full-text",
        "kind": "tolerated",
        "condition": first.told.condition,
        "site": ", ".join(sorted({one.told.site for one in group.courses})),
        "phototype": group.phototypes,
        "patients": len(people_of(group.courses)),
        "treatments": sum(sessions),
        "sessions_low": min(sessions),
        "sessions_high": max(sessions),
        "device": devices()[device].title if device in devices() else device,
    }
    row |= {"band_low_nm": _told(light)} if lamp and light else {"wavelength_nm": _told(light or 0.0)}
    for name, (low, high) in _SPANS.items():
        values = [float(area.settings[name]) for area in fired if name in area.settings]
        row |= {low: _told(min(values)), high: _told(max(values))} if values else {}
    doses = [float(area.settings["fluence_J_cm2"]) for area in fired if "fluence_J_cm2" in area.settings]
    row |= {"fluence_mean_J_cm2": _told(sum(doses) / len(doses))} if doses else {}
    passes = [area.passes for area in fired if area.passes]
    row |= {"passes_low": min(passes), "passes_high": max(passes)} if passes else {}
    row |= {"density_of": "pass"} if "density_low_per_cm2" in row else {}
    return row


def _told(value: float) -> str:
    return f"{value:.4g}"
