"""Published evidence near a setting: tolerated doses, and counts of people with a blister, a crust or a burn."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from skinbeam.model.estimate import Unknown
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.published_doses.rows import GROWTHS, PracticeRow, practice_rows, wavelength_from_name_nm
from skinbeam.published_doses.settings import source_phototypes
from skinbeam.text import render_message

__all__ = [
    "HarmCount",
    "ToleratedDoses",
    "count_bruises_near",
    "count_harm_near",
    "count_harm_that_calibrates",
    "find_tolerated_doses",
    "uncooled_burn_threshold_J_cm2",
]

# Greatest ratio between a published dose and a setting: alexandrite and diode lasers differ by a sixteenth, and the
# dose that burns hardly depends on a factor of four in pulse length.
_WAVELENGTH_RATIO: Final = 1.05
_PULSE_RATIO: Final = 4.0
_SAME_PULSE_RATIO: Final = 1.5
_SPOT_RATIO: Final = 1.5
_NOT_STATED: Final = "not-stated"


class HarmCount(NamedTuple):
    """Numbers of harmed and of treated people, and of sources."""

    harmed: int
    treated: int
    sources: int


@dataclass(frozen=True)
class ToleratedDoses:
    """Published tolerated doses in J/cm², at which clinics looked for harm, and the harm that they counted.

    Parameters
    ----------
    low : least dose that was given; unknown where every row prints an upper end alone.
    high : greatest dose of a range, or the greatest upper end.
    bound : whether `high` is an upper end ("up to 40 J/cm²"), so that nobody counted who was given it.
    rows, sources : numbers of rows and sources.
    phototypes : lightest and darkest phototype of these rows, as in "I-V"; unknown where no row states the skin.
    mixed : whether these rows count such skin together with lighter skin, so that nothing is known about such skin
        alone.
    cooling : how the skin was cooled in these rows; `not-stated` where a row does not say it.
    grades : how much of the sources was read.
    harmed, of : people with a blister, a crust or a burn, of the people in rows that count them.
    """

    low: float | Unknown
    high: float
    bound: bool
    rows: int
    sources: int
    phototypes: str | Unknown
    mixed: bool
    cooling: tuple[str, ...]
    grades: tuple[str, ...]
    harmed: int
    of: int


def find_tolerated_doses(
    wavelength_nm: float,
    pulse_ms: float,
    spot_mm: float | None,
    phototypes: tuple[int, int] | None,
    *,
    cooling: str,
    lamp: bool = False,
) -> ToleratedDoses | None:
    """Return the doses that clinics report as tolerated near this light, pulse and spot on such skin, or None.

    Rows of the validation set are left out, and so are rows of growths that were burnt on purpose. Rows of such skin
    alone take precedence over rows that count it together with lighter skin.

    Parameters
    ----------
    wavelength_nm : of a lamp the cut-off of its filter.
    phototypes : lowest and highest possible phototype of the person, 1 to 6; None accepts every skin.
    cooling : kind of cooling. Doses of uncooled skin are those of rows that state it; cooled skin also tolerates what
        uncooled skin does, and rows that do not state the cooling are taken as cooled.
    """
    near = [
        row
        for row in practice_rows()
        if row.kind == "tolerated"
        and row.role != "validation"
        and row.lamp is lamp
        and not row.microbeams
        and row.condition not in GROWTHS
        and _span_ends(row.fluence_J_cm2)
        and _is_near(
            (row.wavelength_nm or wavelength_from_name_nm(row.device) or (row.band_nm or (None,))[0],),
            wavelength_nm,
            _WAVELENGTH_RATIO,
        )
        and _is_near(row.pulse_ms, pulse_ms, _PULSE_RATIO)
        and (spot_mm is None or not _span_ends(row.spot_mm) or _is_near(row.spot_mm, spot_mm, _SPOT_RATIO))
        and _is_cooled_alike(row, cooling)
        and _covers_phototypes(row, phototypes)
    ]
    alone = [row for row in near if phototypes is None or _is_of_such_skin(row, phototypes)]
    return _summarise_rows(alone or near, mixed=not alone) if near else None


def _summarise_rows(near: Sequence[PracticeRow], *, mixed: bool) -> ToleratedDoses:
    sources = sorted({row.source for row in near})
    cite_sources(*sources)
    spans = [row.fluence_J_cm2 for row in near if row.fluence_J_cm2 is not None]
    given = [low for low, _ in spans if low is not None]
    reached = [low if high is None else high for low, high in spans if low is not None]
    ends = [high for low, high in spans if low is None and high is not None]
    harms = [row.harm for row in near if row.harm is not None and row.harm.counts_skin_injury]
    people = [(harm.events, harm.total) for harm in harms if harm.unit == "patients"]
    skins = [span for row in near if (span := source_phototypes(row.phototype, row.ethnic_group)) is not None]
    return ToleratedDoses(
        low=min(given) if given else Unknown(render_message("burn.bound-alone")),
        high=max((*reached, *ends)),
        bound=max(ends, default=0.0) > max(reached, default=0.0),
        rows=len(near),
        sources=len(sources),
        phototypes=_skin_range(skins),
        mixed=mixed,
        cooling=tuple(sorted({row.cooling or _NOT_STATED for row in near})),
        grades=tuple(sorted({row.grade for row in near})),
        harmed=sum(events for events, _ in people if events is not None),
        of=sum(of for _, of in people if of is not None),
    )


def _skin_range(skins: Sequence[tuple[int, int]]) -> str | Unknown:
    """Return the phototypes from the lightest to the darkest, such as "I-V"."""
    if not skins:
        return Unknown(render_message("burn.skin-unstated"))
    lightest, darkest = min(low for low, _ in skins), max(high for _, high in skins)
    return "-".join(dict.fromkeys((PHOTOTYPES[lightest - 1], PHOTOTYPES[darkest - 1])))


def _is_cooled_alike(row: PracticeRow, cooling: str) -> bool:
    """Return whether what the skin tolerated in a row holds under such cooling."""
    return row.cooling == "none" or (cooling != "none" and row.cooling in ("", cooling))


def _is_of_such_skin(row: PracticeRow, phototypes: tuple[int, int]) -> bool:
    """Return whether the lightest people of a row are at most one phototype lighter than the person may be."""
    span = source_phototypes(row.phototype, row.ethnic_group)
    return span is not None and span[0] >= phototypes[0] - 1


def _span_ends(span: Iterable[float | None] | None) -> list[float]:
    return [end for end in span or () if end is not None]


def _is_near(span: Iterable[float | None] | None, value: float, ratio: float) -> bool:
    """Return whether a value is inside a printed range or within a ratio of it."""
    ends = _span_ends(span)
    return bool(ends) and min(ends) / ratio <= value <= max(ends) * ratio


def _covers_phototypes(row: PracticeRow, phototypes: tuple[int, int] | None) -> bool:
    """Return whether the phototypes of a row overlap; False if the row does not state the skin."""
    span = source_phototypes(row.phototype, row.ethnic_group)
    return phototypes is None or (span is not None and span[0] <= phototypes[1] and phototypes[0] <= span[1])


def count_harm_near(wavelength_nm: float, pulse_ms: float, *, lamp: bool = False) -> HarmCount | None:
    """Return the harm counted near this wavelength and pulse length, at any dose, or None.

    Lasers are compared with lasers and lamps with lamps, the latter by the mean wavelength of their light. Rows of the
    validation set are included, so that this may be reported, but must not set a probability.
    """
    return _sum_counts(_counted_rows_near(wavelength_nm, pulse_ms, lamp=lamp))


def count_harm_that_calibrates(
    wavelength_nm: float, pulse_ms: float, *, lamp: bool = False, least_log_dose: float = -math.inf
) -> HarmCount | None:
    """Return the harm of `count_harm_near` without the rows of the validation set, which judge what this sets.

    Parameters
    ----------
    least_log_dose : rows of lower doses are left out: ln(dose given / computed dose that burns), as a mean of people.
    """
    near = _counted_rows_near(wavelength_nm, pulse_ms, lamp=lamp)
    return _sum_counts([row for row in near if not row.kept_aside and row.log_dose >= least_log_dose])


class _CountedRow(NamedTuple):
    """A published dose at which people were counted, of the table that compares it with computed doses.

    `log_dose` is the mean of ln(dose given / computed dose) over people and the ways in which it may have been given.
    """

    source: str
    kept_aside: bool
    family: str
    wavelength_nm: float
    pulse_ms: float
    harmed: int
    of: int
    log_dose: float


def _counted_rows() -> tuple[_CountedRow, ...]:
    rows = load_derived_table("practice_doses")["row"].values()
    printed = _CountedRow._fields[:-1]
    return tuple(
        _CountedRow(**{name: row[name] for name in printed}, log_dose=float(np.mean(row["over_computed"])))
        for row in rows
        if row["kind"] == "counted"
    )


def _counted_rows_near(wavelength_nm: float, pulse_ms: float, *, lamp: bool) -> list[_CountedRow]:
    return [
        row
        for row in _counted_rows()
        if (row.family == "lamp") is lamp
        and abs(np.log(row.wavelength_nm / wavelength_nm)) < np.log(_WAVELENGTH_RATIO)
        and abs(np.log(row.pulse_ms / pulse_ms)) <= np.log(_PULSE_RATIO)
    ]


def _sum_counts(rows: Sequence[_CountedRow]) -> HarmCount | None:
    if not rows:
        return None
    sources = sorted({row.source for row in rows})
    cite_sources(*sources)
    return HarmCount(sum(row.harmed for row in rows), sum(row.of for row in rows), len(sources))


def uncooled_burn_threshold_J_cm2(wavelength_nm: float, pulse_ms: float) -> float | None:
    """Return the dose of a laser above which a source saw skin without cooling burn, or None.

    A pulse of another length would burn at another dose, so that it has to be nearly the same.
    """
    found = [
        (row.source, max(_span_ends(row.fluence_J_cm2)))
        for row in practice_rows()
        if row.role != "validation"
        and row.kind == "threshold"
        and row.cooling == "none"
        and row.harm is not None
        and row.harm.kind == "burn"
        and not row.lamp
        and _span_ends(row.fluence_J_cm2)
        and _is_near((row.wavelength_nm,), wavelength_nm, _WAVELENGTH_RATIO)
        and _is_near(row.pulse_ms, pulse_ms, _SAME_PULSE_RATIO)
    ]
    cite_sources(*(source for source, _ in found))
    return min((dose for _, dose in found), default=None)


def count_bruises_near(wavelength_nm: float, pulse_ms: float, *, lamp: bool = False) -> HarmCount | None:
    """Return the bruises counted near this wavelength and pulse length, at any dose, or None.

    Lamps are compared with lamps of any filter. A row that prints no pulse counts at every pulse. Rows of the
    validation set are left out: what is counted here decides whether a computed share is shown.
    """
    near = [
        (row.source, row.harm)
        for row in practice_rows()
        if row.role != "validation"
        and row.harm is not None
        and row.harm.kind == "purpura"
        and row.harm.unit == "patients"
        and row.lamp is lamp
        and (
            lamp
            or _is_near((row.wavelength_nm or wavelength_from_name_nm(row.device),), wavelength_nm, _WAVELENGTH_RATIO)
        )
        and (not _span_ends(row.pulse_ms) or _is_near(row.pulse_ms, pulse_ms, _PULSE_RATIO))
    ]
    counted = [(source, harm.events, harm.total) for source, harm in near if harm.events is not None and harm.total]
    if not counted:
        return None
    sources = {source for source, _, _ in counted}
    cite_sources(*sorted(sources))
    return HarmCount(sum(count[1] for count in counted), sum(count[2] or 0 for count in counted), len(sources))
