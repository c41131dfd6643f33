"""Export the outcomes of a clinic's courses with the columns of `studies.csv`, the table of trial arms."""

from collections import Counter
from collections.abc import Iterable

from skinbeam.evidence.studies.trial_arm import parse_grades
from skinbeam.evidence.studies.trial_table import HARM_COLUMNS, STUDIES_FILE
from skinbeam.model.vocabulary import PHOTOTYPES, SEVERITIES
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.outcome_audit.comparison import ClinicOutcomes, CourseComparison
from skinbeam_clinic.outcome_audit.release import (
    NOTE,
    CourseGroup,
    ReleaseTable,
    count_harmed,
    grade_range,
    group_courses,
    list_people,
    write_table,
)
from skinbeam_clinic.outcome_audit.released_device import release_device

__all__ = ["make_evidence_table"]

_CUTS = (75, 50, 25)
_DARK_FROM = PHOTOTYPES.index("IV")


def make_evidence_table(read: ClinicOutcomes, source: str) -> ReleaseTable:
    """Return the graded courses by condition, modality, device and rater, with an arm for each group."""
    graded = [comparison for comparison in read.comparisons if comparison.course.improvement is not None]
    groups, _ = group_courses(graded, _arm_key)
    arms = [group for of_area in groups.values() for group in of_area]
    rows = [
        {"row": f"{source}/{number}", **_arm(read.devices, group, source, number)}
        for number, group in enumerate(arms, 1)
    ]
    people = list_people(course for group in arms for course in group.courses)
    return ReleaseTable(
        write_table(STUDIES_FILE, rows), len(rows), len(people), len(list_people(read.comparisons) - people)
    )


def _arm_key(comparison: CourseComparison) -> tuple[str, str, str, str] | None:
    """Return condition, modality, device and rater; None where several devices were used."""
    used = {area.device for area in comparison.course.fired}
    if len(used) != 1 or comparison.course.improvement is None:
        return None
    return (
        comparison.prediction.condition,
        comparison.prediction.modality,
        used.pop(),
        comparison.course.improvement.rater,
    )


def _arm(devices: ClinicDevices, group: CourseGroup, source: str, number: int) -> dict[str, str | int]:
    first, people, graded = group.courses[0], list_people(group.courses), len(group.courses)
    device = release_device(devices, first.course.fired[0].device)
    sessions = [course.course.sessions for course in group.courses]
    severities = [course.prediction.severity for course in group.courses if isinstance(course.prediction.severity, str)]
    assert first.course.improvement is not None
    return {
        "study": source,
        "arm": number,
        "cohort": f"{source}-{number}",
        "condition": first.prediction.condition,
        "modality": first.prediction.modality,
        "sites": " ".join(sorted({course.prediction.site for course in group.courses})),
        "severity": grade_range(severities, SEVERITIES) if len(severities) == graded else "",
        "phototype": group.phototypes,
        "dark_fraction": f"{sum(map(_is_dark, group.courses)) / graded:.3g}",
        "wavelength_nm": "" if device.only_light_nm is None else f"{device.only_light_nm:g}",
        "device": device.title,
        "design": "retrospective completers",
        "rater": first.course.improvement.rater,
        "patients": len(people),
        "unit": "patients" if graded == len(people) else "areas",
        "units": "" if graded == len(people) else graded,
        "sessions_low": min(sessions),
        "sessions_high": max(sessions),
        "followup_months": f"{sum(course.course.months_after or 0.0 for course in group.courses) / graded:.2g}",
        "bins": _count_quarters(group.courses),
        "pih": count_harmed(group.courses, "pih"),
        "pih_of": len(people),
        "harms": ";".join(f"{name}:{count_harmed(group.courses, name)}/{len(people)}" for name in HARM_COLUMNS),
        "location": "records of the clinic",
        "grade": "full-text",
        "note": NOTE,
        **_fired_settings(group),
    }


def _fired_settings(group: CourseGroup) -> dict[str, str]:
    """Return the columns of the settings that were fired, as one value or a range."""
    fired = [area.settings.numbers() for course in group.courses for area in course.course.fired]
    columns: dict[str, str] = {}
    for name, column in (("fluence_J_cm2", "fluence_J_cm2"), ("energy_mJ", "microbeam_mJ")):
        if values := [settings[name] for settings in fired if name in settings]:
            columns[column] = f"{min(values):g}-{max(values):g}"
    for name in ("pulse_ms", "spot_mm"):
        used = {settings[name] for settings in fired if name in settings}
        columns |= {name: f"{used.pop():g}"} if len(used) == 1 else {}
    return columns


def _count_quarters(courses: Iterable[CourseComparison]) -> str:
    """Return counts by the quarter of improvement, from the best down."""
    lows = [course.course.improvement.low_pct for course in courses if course.course.improvement is not None]
    counts = Counter(next((str(cut) for cut in _CUTS if low >= cut), "low") for low in lows)
    return ";".join(f"{name}:{counts[name]}" for name in (*map(str, _CUTS), "low"))


def _is_dark(comparison: CourseComparison) -> bool:
    """Return whether somebody has phototype IV or darker; of a range, whether its middle is."""
    assert isinstance(comparison.prediction.phototype, str)
    low, high = parse_grades(comparison.prediction.phototype, PHOTOTYPES)
    return (low + high) / 2 >= _DARK_FROM
