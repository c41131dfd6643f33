"""Make the table of the axial light share of a finite spot by wavelength, radius and depth, and its sensitivities.

The packets of one pencil beam give the share for every radius. Tracing them takes some minutes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from research.derived_table import DerivedTable
from skinbeam.model.case import Case
from skinbeam.model.document import round_significant
from skinbeam.model.input_files import parse_record
from skinbeam.model.units import MM, UM
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.simulate.light.medium import LayeredMedium
from skinbeam.simulate.light.montecarlo import MonteCarlo
from skinbeam.simulate.light.spot import PENCIL_BEAM, median_medium, ring_areas
from skinbeam.simulate.light.spot_table import (
    LARGEST_SHARE,
    SMALLEST_SHARE,
    SpotRow,
    lookup_spot_share,
    read_spot_rows,
    spread_parameters,
)
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.layers import DERMIS
from skinbeam.skin.sample import SkinSample

__all__ = ["SPOT_SHARE", "compare_with_packets", "draw_skin", "trace_share"]

Floats = NDArray[np.float64]

WAVELENGTHS_nm = (
    400,
    450,
    490,
    532,
    560,
    577,
    590,
    605,
    620,
    660,
    720,
    800,
    900,
    980,
    1064,
    1150,
    1250,
    1320,
    1390,
    1450,
    1600,
)
RADII_MM = (0.25, 0.5, 1.0, 1.5, 2.25, 3.25, 4.75, 7.0, 10.0, 14.0, 20.0, 27.0)
EDGES_M = np.array([0, 30, 70, 120, 180, 260, 370, 520, 740, 1050, 1500, 2200, 3200, 4700, 7000]) * UM
FACTORS = {"above": (0.25, 4.0), "dermis": (0.25, 0.5, 2.0, 4.0), "thickness": (0.5, 2.0)}
RING_M, RINGS = 0.25 * MM, 108
PHOTONS, PHOTONS_COMPARED = 100_000, 30_000
# Skins and beams of the comparison: sites with thin and thick dermis, light and dark, lines of lasers and lamps.
SITES, ITA_DEG = ("cheeks", "periorbital", "back"), (60.0, 20.0, -40.0)
BEAMS = (
    (515.0, 4.0),
    (583.0, 3.0),
    (595.0, 7.0),
    (612.0, 26.0),
    (650.0, 26.0),
    (755.0, 12.0),
    (850.0, 26.0),
    (1064.0, 3.0),
    (1064.0, 10.0),
)
DEEPEST_COMPARED_M = 1.5 * MM

HEADER = """\
# Share of the light of a wide beam that a top-hat spot has on its axis: 1000 ln y, y = -ln(1 - share), by radius and
# depth in the middle skin of a cheek (ITA 30), and the same where what a factor names is so many times as much.
# `error`: the share beside packets in other skins, relative, down to 1.5 mm.
# Made by `make derived`; not to be edited.
"""


def draw_skin(site: str, ita_deg: float, draws: int = 20) -> SkinSample:
    """Return draws of a skin, whose medians represent the middle."""
    return SkinDistribution.from_case(
        parse_record(Case, {"skin": {"site": site, "ita_deg": ita_deg}}, file="spot-share")
    ).sample(draws, 0)


def trace_share(medium: LayeredMedium, photons: int) -> Floats:
    """Return the traced share, (ring, depth): within 0.25 mm, 0.5 mm and so on; nan where no light arrives."""
    found = MonteCarlo(photons).compute_light(medium, PENCIL_BEAM, LightTally(EDGES_M, RING_M, RINGS))
    assert found.fluence_rate_rz is not None  # the tally has rings
    inside = np.cumsum(found.fluence_rate_rz * ring_areas(RING_M, RINGS), axis=1).T
    whole = np.where(found.fluence_rate_ratio > 0, found.fluence_rate_ratio, np.nan)
    return np.asarray(inside / whole)


def _log_y(medium: LayeredMedium) -> list[str]:
    share = trace_share(medium, PHOTONS)[[round(radius * MM / RING_M) - 1 for radius in RADII_MM]]
    for depth in range(1, share.shape[1]):  # where no packet arrived, the value of the depth above
        share[:, depth] = np.where(np.isnan(share[:, depth]), share[:, depth - 1], share[:, depth])
    y = -np.log1p(-np.clip(share, SMALLEST_SHARE, LARGEST_SHARE))
    return [" ".join(f"{1000 * value:.0f}" for value in row) for row in np.log(y)]


def _varied(medium: LayeredMedium, tissue: NDArray[np.str_], name: str, factor: float) -> LayeredMedium:
    """Return the medium with absorption above or in the dermis, or the dermis thickness, multiplied by a factor."""
    mua, _, _, _, thickness = (column.copy() for column in medium.columns)
    dermis = np.flatnonzero(tissue == DERMIS)
    if name == "above":
        mua[: dermis[0]] *= factor
    elif name == "dermis":
        mua[dermis] *= factor
    else:
        thickness[dermis] *= factor
    return replace(medium, mua_per_m=tuple(mua.tolist()), thickness_m=tuple(thickness.tolist()))


def _lights() -> Iterator[dict[str, Any]]:
    skin = draw_skin("cheeks", 30.0, 200)
    tissue = np.array(skin.tissues)
    for wavelength in WAVELENGTHS_nm:
        print(wavelength, flush=True)
        medium = median_medium(skin, wavelength)
        like = spread_parameters(medium, tissue)
        assert like is not None  # a cheek has a dermis
        yield {
            "wavelength_nm": float(wavelength),
            "like": {name: round_significant(value, 6) for name, value in asdict(like).items()},
            "log_y": _log_y(medium),
            "log_y_by": {
                name: [_log_y(_varied(medium, tissue, name, factor)) for factor in factors]
                for name, factors in FACTORS.items()
            },
        }


def compare_with_packets(table: Sequence[SpotRow], photons: int = PHOTONS_COMPARED) -> dict[str, float]:
    """Return the relative error of the table compared with traced packets, root mean square and greatest."""
    errors, middles = [], (EDGES_M[1:] + EDGES_M[:-1]) / 2
    seen = middles < DEEPEST_COMPARED_M
    for site, ita in product(SITES, ITA_DEG):
        skin = draw_skin(site, ita)
        full = {wavelength: trace_share(median_medium(skin, wavelength), photons) for wavelength, _ in BEAMS}
        for wavelength, spot_mm in BEAMS:
            found = lookup_spot_share(table, skin, wavelength, spot_mm * MM, "top-hat")
            assert found is not None  # within the table
            ring = round(spot_mm * MM / 2 / RING_M) - 1
            errors.append(found.at(middles[seen]) / full[wavelength][ring][seen] - 1)
            print(site, ita, wavelength, spot_mm, np.round(100 * errors[-1], 1), flush=True)
    every = np.concatenate(errors)
    return {
        "root_mean_square": round_significant(float(np.sqrt((every**2).mean())), 2),
        "greatest": round_significant(float(np.abs(every).max()), 2),
    }


def _make_table() -> Mapping[str, Any]:
    table = {
        "radius_mm": list(RADII_MM),
        "depth_um": ((EDGES_M[1:] + EDGES_M[:-1]) / 2 / UM).tolist(),
        "factor": {name: list(values) for name, values in FACTORS.items()},
        "light": list(_lights()),
    }
    return table | {"error": compare_with_packets(read_spot_rows(table))}


SPOT_SHARE = DerivedTable(
    name="spot_share",
    header=HEADER,
    inputs=(
        *(f"data/tissue/{name}.toml" for name in ("layers", "melanin", "optics", "presets")),
        "data/spectra/",
        "data/derived/melanin_by_colour.toml",
        "data/derived/melanin_by_site.toml",
    ),
    version=1,
    make=_make_table,
)
