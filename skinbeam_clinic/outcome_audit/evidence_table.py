"""What came of a clinic's courses, under the columns of `studies.csv`, the table of trial arms."""

from collections import Counter
from collections.abc import Iterable

from skinbeam.app.clinic.learning.judged import Judged, Read
from skinbeam.app.clinic.learning.released import NOTE, Group, Table, grouped, people_of, with_harm, written
from skinbeam.evidence.studies.arm import grades
from skinbeam.evidence.studies.table import FILE, HARMS
from skinbeam.laser.device import devices
from skinbeam.schema.names import PHOTOTYPES, SEVERITIES

__all__ = ["evidence_table"]

_CUTS = (75, 50, 25)
_DARK_FROM = PHOTOTYPES.index("IV")


def evidence_table(read: Read, source: str) -> Table:
    """Return the graded courses by condition, treatment, device and who graded, an arm for each group."""
    graded = [one for one in read.judged if one.course.improved is not None]
    groups, _ = grouped(graded, _alike)
    arms = [group for mine in groups.values() for group in mine]
    rows = [{"row": f"{source}/{number}"} | _arm(group, source, number) for number, group in enumerate(arms, 1)]
    people = people_of(one for group in arms for one in group.courses)
    return Table(written(FILE, rows), len(rows), len(people), len(people_of(read.judged) - people))


def _alike(one: Judged) -> tuple[str, str, str, str] | None:
    """Condition, modality, device and whose grade; None where several devices treated."""
    used = {area.device for area in one.course.fired}
    if len(used) != 1 or one.course.improved is None:
        return None
    return one.told.condition, one.told.modality, used.pop(), one.course.improved.rater


def _arm(group: Group, source: str, number: int) -> dict[str, object]:
    first, people, graded = group.courses[0], people_of(group.courses), len(group.courses)
    device = devices().get(first.course.fired[0].device)
    sessions = [one.course.sessions for one in group.courses]
    severities = [one.told.severity for one in group.courses if isinstance(one.told.severity, str)]
    assert first.course.improved is not None
    return {
        "study": source,
        "arm": number,
        "cohort": f"{source}-{number}",
        "condition": first.told.condition,
        "modality": first.told.modality,
        "sites": " ".join(sorted({one.told.site for one in group.courses})),
        "severity": _severity(severities) if len(severities) == graded else "",
        "phototype": group.phototypes,
        "dark_fraction": f"{sum(map(_dark, group.courses)) / graded:.3g}",
        "wavelength_nm": f"{device.wavelengths_nm[0]:g}" if device and len(device.wavelengths_nm) == 1 else "",
        "device": device.title if device else first.course.fired[0].device,
        "design": "retrospective completers",
        "rater": first.course.improved.rater,
        "patients": len(people),
        "unit": "patients" if graded == len(people) else "areas",
        "units": "" if graded == len(people) else graded,
        "sessions_low": min(sessions),
        "sessions_high": max(sessions),
        "followup_months": f"{sum(one.course.months_after or 0.0 for one in group.courses) / graded:.2g}",
        "bins": _bins(group.courses),
        "pih": with_harm(group.courses, "pih"),
        "pih_of": len(people),
        "harms": ";".join(f"{name}:{with_harm(group.courses, name)}/{len(people)}" for name in HARMS),
        "location": "records of the clinic",
        "grade": "full-text",
        "note": NOTE,
    } | _fired(group)


def _fired(group: Group) -> dict[str, object]:
    """The settings that were fired, as one value or a range."""
    fired = [area.settings for one in group.courses for area in one.course.fired]
    found: dict[str, object] = {}
    for name, column in (("fluence_J_cm2", "fluence_J_cm2"), ("energy_mJ", "microbeam_mJ")):
        if values := [float(settings[name]) for settings in fired if name in settings]:
            found[column] = f"{min(values):g}-{max(values):g}"
    for name in ("pulse_ms", "spot_mm"):
        used = {float(settings[name]) for settings in fired if name in settings}
        found |= {name: f"{used.pop():g}"} if len(used) == 1 else {}
    return found


def _bins(courses: Iterable[Judged]) -> str:
    """Counts by the quarter of improvement, from the best down."""
    lows = [one.course.improved.low_pct for one in courses if one.course.improved is not None]
    counts = Counter(next((str(cut) for cut in _CUTS if low >= cut), "low") for low in lows)
    return ";".join(f"{name}:{counts[name]}" for name in (*map(str, _CUTS), "low"))


def _severity(words: Iterable[str]) -> str:
    places = [place for word in words for place in grades(word, SEVERITIES)]
    low, high = SEVERITIES[min(places)], SEVERITIES[max(places)]
    return low if low == high else f"{low}-{high}"


def _dark(one: Judged) -> bool:
    """Whether somebody has phototype IV or darker; of a range, whether its middle is."""
    assert isinstance(one.told.phototype, str)
    low, high = grades(one.told.phototype, PHOTOTYPES)
    return (low + high) / 2 >= _DARK_FROM
