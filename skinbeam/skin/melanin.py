"""Epidermal melanin from colour, and colour from what a person knows of their skin.

A measured ITA gives the volume fraction of melanosomes by a table made from measured spectra. A phototype gives an ITA only widely, nothing
at all gives the population's.
"""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.provenance import used
from skinbeam.schema.fields import PHOTOTYPES
from skinbeam.schema.fields import phototype_range as grade_ends
from skinbeam.skin.draws import Draws, spread
from skinbeam.skin.tables import sourced, table
from skinbeam.units import UM

__all__ = ["column_of_ita_m", "exposure_factor", "ita_prior_deg", "ita_range_deg", "phototype_range"]

Array = NDArray[np.float64]
# Resolution of the tabulated prior: far finer than any spread in it.
_GRID_DEG = np.linspace(-90.0, 90.0, 3601)


def ita_range_deg() -> tuple[float, float]:
    """Return the darkest and the lightest colour of the table; colours beyond are held at its ends."""
    ita = table("melanin")["by_ita"]["ita_deg"]
    return float(ita[0]), float(ita[-1])


def column_of_ita_m(ita_deg: ArrayLike, shift: ArrayLike = 0.0) -> Array:
    """Return melanosome volume per area of skin, m: volume fraction times thickness of epidermis, at an ITA.

    What a spectrum fixes is this product, not the fraction alone: a thinner epidermis of the same colour is fuller. The logarithm is
    interpolated between class centres.

    Parameters
    ----------
    ita_deg : individual typology angle, degrees.
    shift : how many standard deviations of the inversion, that is of its disagreement between data and scattering models.
    """
    entry = table("melanin")["by_ita"]
    used(entry["source"])
    logs = np.log(np.asarray(entry["fractions"], dtype=np.float64))
    ita = np.asarray(entry["ita_deg"], dtype=np.float64)
    asked = np.asarray(ita_deg, dtype=np.float64)
    centre = np.interp(asked, ita, logs[:, 0])
    deviation = np.interp(asked, ita, logs.std(axis=1, ddof=1))
    return np.asarray(np.exp(centre + deviation * np.asarray(shift)) * entry["epidermis_um"] * UM)


def ita_prior_deg(draws: Draws, phototype: str | None) -> Array:
    """Return draws of the constitutive ITA, degrees, (count,), given a phototype, a range such as `III-IV`, or nothing."""
    used(table("melanin")["phototype"]["source"])
    if phototype is None:
        used(table("melanin")["population"]["source"])
    return np.asarray(np.interp(draws.uniform("constitutive colour"), _prior_cdf(phototype), _GRID_DEG))


@cache
def _prior_cdf(phototype: str | None) -> Array:
    """The share of such people with an ITA below each grid point: a mixture of normals, one a phototype."""
    entry, shares = table("melanin")["phototype"], np.array(table("melanin")["population"]["shares"])
    if phototype is not None:
        low, high = grade_ends(phototype)
        inside = (np.arange(1, len(PHOTOTYPES) + 1) >= low) & (np.arange(1, len(PHOTOTYPES) + 1) <= high)
        shares = np.where(inside, shares, 0.0)
    centre, deviation = np.array(entry["ita_deg"])[:, None], np.array(entry["spread_deg"])[:, None]
    density = np.exp(-0.5 * ((_GRID_DEG - centre) / deviation) ** 2) / deviation
    cumulative = np.cumsum(shares @ density)
    return np.asarray((cumulative - cumulative[0]) / (cumulative[-1] - cumulative[0]))


def phototype_range(ita_deg: float) -> str:
    """Return the phototypes that a colour fits, e.g. `I-III`: wide, because colour and phototype agree poorly (osto2022)."""
    entry = table("melanin")["phototype"]
    used(entry["source"], "osto2022")
    distance = np.abs(ita_deg - np.array(entry["ita_deg"])) / np.array(entry["spread_deg"])
    fitting = np.flatnonzero(distance <= entry["fits_within"])
    if fitting.size == 0:
        fitting = np.array([int(np.argmin(distance))])
    low, high = PHOTOTYPES[fitting[0]], PHOTOTYPES[fitting[-1]]
    return low if low == high else f"{low}-{high}"


def exposure_factor(draws: Draws, *, exposed: bool, tan: str) -> Array:
    """Return how much more melanin the skin holds than its constitutive colour says, (count,)."""
    entry = table("melanin")["exposure"]
    if exposed:
        return spread(draws, "exposure", sourced(entry["exposed"]))
    if tan != "none":
        return spread(draws, "exposure", sourced(entry["tan"]))
    return np.ones(draws.count)
