"""Published settings of clinics and makers: the rows of `data/practice.csv` that describe treatments of a condition.

Rows about harm, thresholds and first-line advice are left out, and doses of which nobody saw an effect, which nobody
would choose; rows of the validation set are reserved for validation.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property

from skinbeam.model.package_data import load_package_table
from skinbeam.model.units import J_CM2, MM
from skinbeam.model.vocabulary import phototype_range
from skinbeam.published_doses.rows import PracticeRow, PrintedSpan, practice_rows, wavelength_from_name_nm

__all__ = [
    "TREATMENT_KINDS",
    "PrintedColumns",
    "PublishedSetting",
    "published_settings",
    "pulse_energy_J",
    "settings_from_rows",
    "source_phototypes",
]

TREATMENT_KINDS = ("recommended", "used", "tolerated")
_SAME_WAVELENGTH_RATIO = 1.02  # ratio of the ends of a band of a single laser, such as a dye laser of 595 to 600 nm


@dataclass(frozen=True)
class PrintedColumns:
    """Energies of microbeams as sources print them, mJ, and the diameters of the beams, um: the least and the greatest.

    A diameter that is not printed is the usual one of machines with that energy.
    """

    low_mJ: float
    high_mJ: float
    low_um: float
    high_um: float

    def join(self, other: "PrintedColumns") -> "PrintedColumns":
        """Return the ranges that contain these and the others."""
        return PrintedColumns(
            min(self.low_mJ, other.low_mJ),
            max(self.high_mJ, other.high_mJ),
            min(self.low_um, other.low_um),
            max(self.high_um, other.high_um),
        )


@dataclass(frozen=True)
class PublishedSetting:
    """The settings of a row or trial arm. Values, and ends of spans, that are not printed are None.

    Parameters
    ----------
    wavelength_nm : of a laser; of a `lamp` the cut-off of its filter.
    microbeams : whether untreated skin was left between columns.
    lens_array : whether an optic split the spot into small beams, of which no energy is known.
    pulse_class : class of the pulse if its length is not printed, `ps` or `ns`, or empty.
    phototypes : lowest and highest, 1 to 6.
    site : treated site, in the words of the source or by the names of sites; empty if it is not printed.
    from_manual : whether the maker of the machine recommends the settings in its manual.
    density_per_cm2 : of all passes of a session together; a figure without a statement is taken as that.
    coverage_pct : share of the skin under microbeams.
    device_class : class of the light, such as `qs-532`; None where it is not known.
    is_cooled : whether the source says that the skin was cooled.
    columns : the energies as printed, where those of the setting are as deep in other beams; else None.
    """

    row: str
    source: str
    condition: str
    wavelength_nm: float | None
    lamp: bool
    microbeams: bool
    pulse_class: str
    phototypes: tuple[int, int] | None
    pulse_ms: PrintedSpan | None
    spot_mm: PrintedSpan | None
    fluence_J_cm2: PrintedSpan | None
    microbeam_mJ: PrintedSpan | None
    density_per_cm2: PrintedSpan | None
    passes: PrintedSpan | None
    site: str = ""
    from_manual: bool = False
    coverage_pct: PrintedSpan | None = None
    device_class: str | None = None
    is_cooled: bool = False
    columns: PrintedColumns | None = None
    lens_array: bool = False

    @cached_property
    def pulse_energy_J(self) -> PrintedSpan | None:
        """Energy of a pulse in a round spot. Wide spots are used with low doses, so the ends of ranges are paired
        crosswise.
        """
        if self.fluence_J_cm2 is None or self.spot_mm is None or None in (*self.fluence_J_cm2, *self.spot_mm):
            return None
        (low, high), (narrow, wide) = self.fluence_J_cm2, self.spot_mm
        ends = sorted((pulse_energy_J(high or 0.0, narrow or 0.0), pulse_energy_J(low or 0.0, wide or 0.0)))
        return ends[0], ends[1]


def pulse_energy_J(fluence_J_cm2: float, spot_mm: float) -> float:
    """Return the energy of a pulse in a round spot."""
    return fluence_J_cm2 * J_CM2 * math.pi / 4.0 * (spot_mm * MM) ** 2


@cache
def published_settings() -> tuple[PublishedSetting, ...]:
    """Return the settings of every row outside the validation set whose light is known."""
    return settings_from_rows(row for row in practice_rows() if row.role != "validation")


def settings_from_rows(rows: Iterable[PracticeRow]) -> tuple[PublishedSetting, ...]:
    """Return the settings of rows on a treatment that had an effect, with a lamp or a laser of known wavelength."""
    return tuple(
        _setting_from_row(row)
        for row in rows
        if row.kind in TREATMENT_KINDS and row.effect_count != 0 and (row.lamp or _laser_wavelength_nm(row) is not None)
    )


def source_phototypes(phototype: str, ethnic_group: str) -> tuple[int, int] | None:
    """Return the lowest and highest phototype of a source; if none is printed, those of the people that it names."""
    words = phototype or load_package_table("data/practice.toml")["peoples"].get(ethnic_group)
    return phototype_range(words) if words else None


def _setting_from_row(row: PracticeRow) -> PublishedSetting:
    cut_off = row.band_nm[0] if row.band_nm is not None else None
    return PublishedSetting(
        row=row.row,
        source=row.source,
        condition=row.condition,
        wavelength_nm=cut_off if row.lamp else _laser_wavelength_nm(row),
        lamp=row.lamp,
        microbeams=row.microbeams,
        pulse_class=row.pulse_class,
        phototypes=source_phototypes(row.phototype, row.ethnic_group),
        pulse_ms=row.pulse_ms,
        spot_mm=row.spot_mm,
        fluence_J_cm2=row.fluence_J_cm2,
        microbeam_mJ=row.microbeam_mJ,
        density_per_cm2=_row_density_per_cm2(row),
        passes=row.passes,
        site=row.site,
        from_manual=row.grade == "manual",
        coverage_pct=row.coverage_pct,
        device_class=row.device_class,
        is_cooled=row.cooling not in ("", "none"),
        lens_array=row.lens_array,
    )


def _laser_wavelength_nm(row: PracticeRow) -> float | None:
    """Return the wavelength of a laser, or the lower end of the band of a single laser; None for several lasers."""
    if row.wavelength_nm is not None or row.band_nm is None:
        return row.wavelength_nm or wavelength_from_name_nm(row.device)
    low, high = row.band_nm
    return low if low is not None and high is not None and high <= _SAME_WAVELENGTH_RATIO * low else None


def _row_density_per_cm2(row: PracticeRow) -> PrintedSpan | None:
    if row.density_per_cm2 is None or row.density_of != "pass":
        return row.density_per_cm2
    if row.passes is None:
        return None
    ends = zip(row.density_per_cm2, row.passes, strict=True)
    low, high = (None if density is None or passes is None else density * passes for density, passes in ends)
    return low, high
