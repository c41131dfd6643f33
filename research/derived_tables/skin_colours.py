"""Make the table of skin colours in a camera by melanin and blood, with their spread between skins.

The median skin of a face is given melanin and blood, and its reflectance computed from 400 to 700 nm by the same exact
method as for every pulse. A camera with faithful colours (sRGB, IEC 61966-2-1) records the light that returns from
inside the skin, and a part of what its surface reflects: all of it where light falls from everywhere, none where a lamp
is at the side. A quarter is assumed. The spread is that of drawn skins of the same melanin and blood: their layers,
scattering, oxygen and vessels, and that part between none and all. It takes a minute.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from research.derived_table import DerivedTable
from skinbeam.model.document import round_significant
from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import UM
from skinbeam.photo.colour import TO_XYZ
from skinbeam.simulate.appearance import reflectance_parts
from skinbeam.skin.colour import (
    COLOUR_WAVELENGTHS_NM,
    lab_to_ita_deg,
    port_loss_fraction,
    spectrum_to_lab,
    spectrum_to_xyz,
)
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.layers import DERMIS
from skinbeam.skin.melanin import melanin_column_m
from skinbeam.skin.properties import optical_properties
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import tissue_table

__all__ = ["SKIN_COLOURS", "skin_spectra", "skin_with_pigment", "spectra_to_srgb"]

Array = NDArray[np.float64]
SITE: Final = "cheeks"
# Volume fractions: of melanosomes in an epidermis as thick as `by_ita` has it, of blood in the dermis. From a fifth of
# the lightest class to the densest packing of granules; from pallor to a port-wine stain.
MELANIN: Final = tuple(float(value) for value in np.geomspace(0.005, 0.64, 22))
BLOOD: Final = tuple(float(value) for value in np.geomspace(0.001, 0.2, 14))
SURFACE: Final = 0.25
SPREAD_MELANIN: Final = (0.01, 0.03, 0.08, 0.2, 0.5)
SPREAD_BLOOD: Final = (0.003, 0.0108, 0.04)
DRAWS: Final = 64
DIGITS: Final = 5

HEADER = """\
# Colour of the skin of a face by melanin and blood. `melanin`: volume fraction of melanosomes, averaged over an
# epidermis as thick as `by_ita` of tissue/melanin.toml has it. `blood`: volume fraction in the dermis. `light`:
# linear sRGB over that of a white surface, a quarter of the surface's reflection in it, [blood][melanin][channel].
# `ita_deg`: individual typology angle as an instrument reads it, [blood][melanin]. `spread`: covariance over drawn
# skins of ln(red/green) and ln(green/blue), [blood][melanin][rr, rg, gg] at its own nodes.
# Made by `make derived`; not to be edited.
"""


def skin_with_pigment(melanin: float, blood: float, *, draws: int = 0, seed: int = 0) -> SkinSample:
    """Return the median skin of a face, or drawn ones, with this melanin and blood (volume fractions)."""
    wanted_m = melanin * tissue_table("melanin")["by_ita"]["epidermis_um"] * UM
    ita = 20.0
    ratio = wanted_m / float(melanin_column_m(ita, site=SITE))
    skin = SkinDistribution(
        site=SITE, ita_deg=ita, melanin_ratio=SourcedValue(ratio, ratio, ratio, "fixed", "skinbeam2026skin", "")
    )
    ds = skin.sample(draws, seed) if draws else skin.median()
    thickness, melanosomes = ds["thickness_m"], ds["melanosome_fraction"]
    melanin_m = (np.where(np.isfinite(thickness), thickness, 0.0) * melanosomes).sum(axis=1, keepdims=True)
    dermis = np.array(ds.tissues) == DERMIS
    bloody = ds["blood_fraction"].copy()
    mean = np.average(bloody[:, dermis], weights=thickness[:, dermis], axis=1)[:, None]
    bloody[:, dermis] *= blood / mean
    return ds.with_arrays(melanosome_fraction=melanosomes * wanted_m / melanin_m, blood_fraction=bloody)


def skin_spectra(ds: SkinSample) -> tuple[Array, Array]:
    """Return the diffuse and the surface reflectance at `COLOUR_WAVELENGTHS_NM`, (sample, 31) each."""
    return reflectance_parts(ds, [optical_properties(ds, nm) for nm in COLOUR_WAVELENGTHS_NM])


def spectra_to_srgb(reflectance: Array) -> Array:
    """Return linear sRGB (..., 3) of spectra (..., 31) under D65; a perfect diffuser is (1, 1, 1).

    The package's observer is that of 10 degrees; its white is mapped to that of sRGB.
    """
    white = spectrum_to_xyz(np.ones(len(COLOUR_WAVELENGTHS_NM)))
    return np.asarray(spectrum_to_xyz(reflectance) / white * TO_XYZ.sum(axis=1) @ np.linalg.inv(TO_XYZ).T)


def _node(melanin: float, blood: float) -> tuple[Array, float]:
    """Return the colour of the median skin, (3,), and its ITA, degrees."""
    diffuse, surface = (part[0] for part in skin_spectra(skin_with_pigment(melanin, blood)))
    whole = float(lab_to_ita_deg(spectrum_to_lab(diffuse + surface)))
    read = spectrum_to_lab(diffuse * (1.0 - port_loss_fraction(whole)) + surface)
    return spectra_to_srgb(diffuse + SURFACE * surface), float(lab_to_ita_deg(read))


def _covariance(melanin: float, blood: float) -> list[float]:
    """Return the covariance over drawn skins of ln(red/green) and ln(green/blue)."""
    diffuse, surface = skin_spectra(skin_with_pigment(melanin, blood, draws=DRAWS))
    shares = np.random.default_rng(0).permutation((np.arange(DRAWS) + 0.5) / DRAWS)[:, None]
    ln = np.log(spectra_to_srgb(diffuse + shares * surface))
    found = np.cov(ln[:, 0] - ln[:, 1], ln[:, 1] - ln[:, 2])
    return [round_significant(float(value), DIGITS) for value in (found[0, 0], found[0, 1], found[1, 1])]


def _make_table() -> dict[str, Any]:
    nodes = [[_node(melanin, blood) for melanin in MELANIN] for blood in BLOOD]

    def rounded(value: float) -> float:
        return round_significant(float(value), DIGITS)

    return {
        "source": "skinbeam2026skin",
        "conditions": "middle skin of a cheek under D65; a quarter of the light that the surface returns is seen",
        "melanin": [rounded(value) for value in MELANIN],
        "blood": [rounded(value) for value in BLOOD],
        "light": [[[rounded(value) for value in colour] for colour, _ in row] for row in nodes],
        "ita_deg": [[rounded(ita) for _, ita in row] for row in nodes],
        "spread": {
            "melanin": SPREAD_MELANIN,
            "blood": SPREAD_BLOOD,
            "covariance": [[_covariance(melanin, blood) for melanin in SPREAD_MELANIN] for blood in SPREAD_BLOOD],
        },
    }


SKIN_COLOURS = DerivedTable(
    name="skin_colours",
    header=HEADER,
    inputs=(
        *(f"data/tissue/{name}.toml" for name in ("layers", "melanin", "optics", "presets", "vessels")),
        "data/spectra/",
        "data/derived/melanin_by_colour.toml",
        "data/derived/melanin_by_site.toml",
    ),
    version=1,
    make=_make_table,
)
