"""Share of a wide beam's light on the axis of a finite spot, from a precomputed table instead of Monte Carlo.

Light in skin is similar wherever lengths times reduced scattering, absorption over reduced scattering, and the
absorbance of the layers above the dermis are the same. `data/derived/spot_share.toml` holds y = -ln(1 - share) by
wavelength, radius and depth in a single skin, and the change of ln y with the absorbance of the layers above the
dermis, with the absorption of the dermis over its scattering, and with its thickness. Lengths are scaled by the
scattering of the requested skin over that of the table's. The remaining error is the `error_of_table`, measured against
Monte Carlo in other skins.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.units import MM, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.simulate.light.illumination import SpotShare
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.spot import WIDE_SPOT_M, median_medium
from skinbeam.skin.layers import DERMIS
from skinbeam.skin.sample import SkinSample

__all__ = [
    "LARGEST_SHARE",
    "SMALLEST_SHARE",
    "SpotRow",
    "SpreadParameters",
    "lookup_spot_share",
    "lookup_spot_shares",
    "read_spot_rows",
    "spread_parameters",
]

Floats = NDArray[np.float64]

SMALLEST_SHARE, LARGEST_SHARE = 1e-4, 1.0 - 1e-4
_TABLE_STEPS = 1000.0  # integer steps of the table per unit of ln y
# A Gaussian is a sum of top-hats: their radii over its 1/e² radius, and their weights.
_LAGUERRE_NODES, _LAGUERRE_WEIGHTS = np.polynomial.laguerre.laggauss(12)
_RADII = np.sqrt(_LAGUERRE_NODES / 2.0)


@dataclass(frozen=True)
class SpreadParameters:
    """Parameters of a skin that decide how far light spreads at a given depth.

    Parameters
    ----------
    scattering_per_m : reduced scattering of the dermis.
    above : absorption times thickness of the layers above the dermis.
    dermis : absorption of the dermis over its reduced scattering.
    thickness : of the dermis, times its reduced scattering.
    """

    scattering_per_m: float
    above: float
    dermis: float
    thickness: float


@compared_by_value
@dataclass(frozen=True)
class SpotRow:
    """A row of the table for one wavelength.

    It holds ln y, (radius, depth), and its changes, (factor, radius, depth), by the name of the parameter that changes,
    against the logarithm of that parameter over its value in the table's skin, `parameters`.
    """

    wavelength_nm: float
    parameters: SpreadParameters
    radius_m: Floats
    depth_m: Floats
    log_y: Floats
    changes: Mapping[str, tuple[Floats, Floats]]

    def compute_share(self, parameters: SpreadParameters, radius_m: float, profile: str, depth_m: Floats) -> Floats:
        """Return the share on the axis of a spot at depths (depth,) in a skin."""
        log_y = self.log_y.copy()
        for name, (logs, change) in self.changes.items():
            at = float(np.clip(np.log(getattr(parameters, name) / getattr(self.parameters, name)), logs[0], logs[-1]))
            upper = min(max(int(np.searchsorted(logs, at)), 1), logs.size - 1)
            part = (at - logs[upper - 1]) / (logs[upper] - logs[upper - 1])
            log_y += change[upper - 1] + part * (change[upper] - change[upper - 1])
        scale = parameters.scattering_per_m / self.parameters.scattering_per_m
        radii = radius_m * (_RADII if profile == "gaussian" else np.ones(1))
        by_radius = np.array([self._share_at_radius(log_y, radius * scale) for radius in radii])
        counts = _LAGUERRE_WEIGHTS if profile == "gaussian" else np.ones(1)
        return np.asarray(np.interp(depth_m * scale, self.depth_m, counts @ by_radius))

    def _share_at_radius(self, log_y: Floats, radius_m: float) -> Floats:
        """Return the share at the depths of the table, log-linear in radius and y.

        Below the smallest radius of the table y is proportional to the area of the spot.
        """
        logs, at = np.log(self.radius_m), np.log(radius_m)
        upper = min(max(int(np.searchsorted(logs, at)), 1), logs.size - 1)
        part = (min(max(at, logs[0]), logs[-1]) - logs[upper - 1]) / (logs[upper] - logs[upper - 1])
        share = log_y[upper - 1] + part * (log_y[upper] - log_y[upper - 1])
        return np.asarray(-np.expm1(-np.exp(share + 2.0 * min(at - logs[0], 0.0))))


def spread_parameters(medium: LayeredMedium, tissue: NDArray[np.str_]) -> SpreadParameters | None:
    """Return the spread parameters of a medium of layers of these tissues; None without a dermis below other layers."""
    mua, mus, g, _, thickness = medium.columns
    dermis = np.flatnonzero(tissue == DERMIS)
    if dermis.size == 0 or dermis[0] == 0 or not np.all(np.isfinite(thickness[dermis])):
        return None
    depth = thickness[dermis].sum()
    scattering = float((mus * (1.0 - g) * thickness)[dermis].sum() / depth)
    above = float((mua * thickness)[: dermis[0]].sum())
    absorption = float((mua * thickness)[dermis].sum() / depth)
    if min(scattering, above, absorption) <= 0.0:
        return None
    return SpreadParameters(scattering, above, absorption / scattering, float(depth * scattering))


def lookup_spot_shares(median_skin: SkinSample, beam: Beam) -> tuple[SpotShare, ...] | None:
    """Return the share of each line of the beam; None if the beam counts as wide, or is not in the table.

    Parameters
    ----------
    median_skin : the median skin, or draws, of whose properties the medians are used.
    """
    if beam.microbeam is not None or beam.spot_mm is None or beam.spot_mm * MM / 2.0 > WIDE_SPOT_M[beam.profile]:
        return None
    found = [
        lookup_spot_share(_spot_table(), median_skin, wavelength_nm, beam.spot_mm * MM, beam.profile)
        for wavelength_nm, _ in beam.spectrum
    ]
    known = tuple(share for share in found if share is not None)
    return known if len(known) == len(found) else None


def lookup_spot_share(
    table: Sequence[SpotRow], median_skin: SkinSample, wavelength_nm: float, spot_m: float, profile: str
) -> SpotShare | None:
    """Return the share of one wavelength, or None if the table does not cover such light or skin."""
    medium = median_medium(median_skin, wavelength_nm)
    like = spread_parameters(medium, np.array(median_skin.tissues))
    wavelengths = [row.wavelength_nm for row in table]
    if like is None or not wavelengths[0] <= wavelength_nm <= wavelengths[-1]:
        return None
    upper = max(bisect_left(wavelengths, wavelength_nm), 1)
    part = (wavelength_nm - wavelengths[upper - 1]) / (wavelengths[upper] - wavelengths[upper - 1])
    depth = table[upper].depth_m * table[upper].parameters.scattering_per_m / like.scattering_per_m
    cite_sources("wang1995", "woodcock1965", "henyey1941", "born1999")
    before, after = (row.compute_share(like, spot_m / 2.0, profile, depth) for row in table[upper - 1 : upper + 1])
    return SpotShare(depth, before + part * (after - before), medium)


@cache
def _spot_table() -> tuple[SpotRow, ...]:
    return read_spot_rows(load_derived_table("spot_share"))


def read_spot_rows(table: Mapping[str, Any]) -> tuple[SpotRow, ...]:
    """Return the rows of the shipped table, by wavelength."""
    radius, depth = np.array(table["radius_mm"]) * MM, np.array(table["depth_um"]) * UM
    return tuple(_read_row(row, table["factor"], radius, depth) for row in table["light"])


def _read_row(entry: Mapping[str, Any], factors: Mapping[str, list[float]], radius: Floats, depth: Floats) -> SpotRow:
    base = _read_grid(entry["log_y"])
    changes = {}
    for name, steps in factors.items():
        # The unchanged skin, with a factor of 1 and no change, is inserted between them.
        values = [_read_grid(rows) - base for rows in entry["log_y_by"][name]]
        middle = int(np.searchsorted(steps, 1.0))
        changes[name] = (
            np.log(np.insert(np.array(steps), middle, 1.0)),
            np.array([*values[:middle], np.zeros_like(base), *values[middle:]]),
        )
    return SpotRow(entry["wavelength_nm"], SpreadParameters(**entry["like"]), radius, depth, base, changes)


def _read_grid(rows: Sequence[str]) -> Floats:
    """Parse values by radius and depth; each line of the table holds those of one radius."""
    return np.array([row.split() for row in rows], dtype=np.float64) / _TABLE_STEPS
