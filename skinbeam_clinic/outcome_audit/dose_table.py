"""Export the doses that a clinic fired, and the harms that it counted, with the columns of `practice.csv`."""

from collections.abc import Iterator
from functools import partial

from skinbeam.published_doses.rows import COOLING_KINDS, HARM_KINDS, PRACTICE_FILE, SKIN_INJURIES
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.outcome_audit.comparison import ClinicOutcomes, CourseComparison
from skinbeam_clinic.outcome_audit.release import (
    NOTE,
    CourseGroup,
    ReleaseTable,
    TableRow,
    count_harmed,
    group_courses,
    list_people,
    write_table,
)
from skinbeam_clinic.outcome_audit.released_device import release_device
from skinbeam_clinic.outcome_audit.repository import FiredSettings

__all__ = ["make_practice_table"]

_COUNTED_HARMS = ("blister", "pih")  # reported also with a count of zero
_RANGE_COLUMNS = {  # name of a setting → columns
    "fluence_J_cm2": ("fluence_low_J_cm2", "fluence_high_J_cm2"),
    "pulse_ms": ("pulse_low_ms", "pulse_high_ms"),
    "spot_mm": ("spot_low_mm", "spot_high_mm"),
    "energy_mJ": ("microbeam_low_mJ", "microbeam_high_mJ"),
    "density_per_cm2": ("density_low_per_cm2", "density_high_per_cm2"),
}


def make_practice_table(read: ClinicOutcomes, source: str) -> ReleaseTable:
    """Return the doses of all audited courses by condition, device and light, with a row for each counted harm."""
    groups, left_out = group_courses(read.comparisons, partial(_dose_key, read.devices))
    rows = [
        {"row": f"{source}/{number}", "source": source, **row}
        for number, row in enumerate(
            (row for of_area in groups.values() for group in of_area for row in _harm_rows(read.devices, group)), 1
        )
    ]
    people = list_people(course for of_area in groups.values() for group in of_area for course in group.courses)
    return ReleaseTable(write_table(PRACTICE_FILE, rows), len(rows), len(people), len(left_out))


def _dose_key(devices: ClinicDevices, comparison: CourseComparison) -> tuple[str, str, float] | None:
    """Return condition, device and wavelength; None where they differ within a course, or where nothing was fired."""
    lights = {(area.device, _light_nm(devices, area)) for area in comparison.course.fired}
    if len(lights) != 1:
        return None
    ((device, light),) = lights
    return None if light is None else (comparison.prediction.condition, device, light)


def _light_nm(devices: ClinicDevices, fired: FiredSettings) -> float | None:
    stated = fired.settings.wavelength_nm
    return release_device(devices, fired.device).only_light_nm if stated is None else stated


def _harm_rows(devices: ClinicDevices, group: CourseGroup) -> Iterator[TableRow]:
    shared, of = _dose_columns(devices, group), len(list_people(group.courses))
    seen = {name for course in group.courses for name in course.course.harms}
    injured = [name for name in SKIN_INJURIES if name in seen]
    counted = injured or ["blister"]
    counted += [name for name in HARM_KINDS if name in seen | set(_COUNTED_HARMS) and name not in SKIN_INJURIES]
    others = sorted(seen - set(HARM_KINDS))
    noted = "".join(f" Also {name}: {count_harmed(group.courses, name)} of {of}." for name in others)
    for name in counted:
        yield {
            **shared,
            "harm": name,
            "harm_count": count_harmed(group.courses, name),
            "harm_of": of,
            "harm_unit": "patients",
            "harm_origin": "printed",
            "note": f"{NOTE}{noted}",
        }


def _dose_columns(devices: ClinicDevices, group: CourseGroup) -> dict[str, str | int]:
    """Return the columns that all rows of a group share: patients and settings."""
    fired = [area for course in group.courses for area in course.course.fired]
    first, sessions = group.courses[0], [course.course.sessions for course in group.courses]
    device, light = release_device(devices, fired[0].device), _light_nm(devices, fired[0])
    row: dict[str, str | int] = {
        "grade": "full-text",
        "kind": "tolerated",
        "condition": first.prediction.condition,
        "site": ", ".join(sorted({course.prediction.site for course in group.courses})),
        "phototype": group.phototypes,
        "patients": len(list_people(group.courses)),
        "treatments": sum(sessions),
        "sessions_low": min(sessions),
        "sessions_high": max(sessions),
        "device": device.title,
    }
    row["band_low_nm" if device.is_lamp and light else "wavelength_nm"] = _describe_value(light or 0.0)
    for name, (low, high) in _RANGE_COLUMNS.items():
        values = [value for area in fired if (value := getattr(area.settings, name)) is not None]
        row |= {low: _describe_value(min(values)), high: _describe_value(max(values))} if values else {}
    doses = [dose for area in fired if (dose := area.settings.fluence_J_cm2) is not None]
    row |= {"fluence_mean_J_cm2": _describe_value(sum(doses) / len(doses))} if doses else {}
    passes = [area.passes for area in fired if area.passes]
    row |= {"passes_low": min(passes), "passes_high": max(passes)} if passes else {}
    # The same kind in every area, or none is given: an empty column means unknown, not none.
    kinds = {area.cooling for area in fired}
    if len(kinds) == 1 and (kind := kinds.pop()) in COOLING_KINDS:
        row["cooling"] = str(kind)
    row |= {"density_of": "pass"} if "density_low_per_cm2" in row else {}
    return row


def _describe_value(value: float) -> str:
    return f"{value:.4g}"
