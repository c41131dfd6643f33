"""Compute epidermal melanin from skin colour, and draw skin colour from phototype and sun exposure.

A measured ITA determines the volume of melanosomes per area: the one that gives the skin of that body site this colour,
or, where the site is not known, the one that measured spectra of mixed sites give. A phototype narrows the ITA only
widely; without any information the distribution of the population is used.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.model.exposure import Lesion
from skinbeam.model.package_data import load_derived_table
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import UM
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.model.vocabulary import phototype_range as grade_ends
from skinbeam.skin.draws import StandardDraws, draw_value
from skinbeam.skin.tables import read_sourced, tissue_table
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "colour_warnings",
    "draw_constitutive_ita_deg",
    "draw_sun_exposure_factor",
    "ita_of_melanin_deg",
    "ita_range_deg",
    "lesion_melanin_ratio",
    "matching_phototypes",
    "melanin_column_m",
]

Array = NDArray[np.float64]
# Resolution of the tabulated prior: far finer than any spread in it.
_GRID_DEG = np.linspace(-90.0, 90.0, 3601)


def ita_range_deg() -> tuple[float, float]:
    """Return the darkest and the lightest colour of the table, degrees; colours beyond get the values at its ends."""
    ita = tissue_table("melanin")["by_ita"]["ita_deg"]
    return float(ita[0]), float(ita[-1])


def melanin_column_m(ita_deg: ArrayLike, shift: ArrayLike = 0.0, site: str | None = None) -> Array:
    """Return melanosome volume per area of skin, m: volume fraction times thickness of epidermis, at an ITA.

    A spectrum determines this product, not the fraction alone: a thinner epidermis of the same colour has a larger
    fraction. The logarithm is interpolated between class centres, and between the colours tabulated for a site.

    Parameters
    ----------
    ita_deg : individual typology angle, degrees.
    shift : number of standard deviations of the inversion: of its disagreement between data and scattering models.
    site : body site of people whose skin has this colour; None for the mixed sites of the spectra.
    """
    entry, found = tissue_table("melanin")["by_ita"], load_derived_table("melanin_by_colour")
    cite_sources(found["source"])
    logs = np.log(np.asarray(found["fractions"], dtype=np.float64))
    ita = np.asarray(entry["ita_deg"], dtype=np.float64)
    asked = np.asarray(ita_deg, dtype=np.float64)
    centre = np.interp(asked, ita, logs[:, 0])
    if site is not None:
        of_site = load_derived_table("melanin_by_site")
        cite_sources(of_site["source"])
        columns = np.asarray(of_site["column_um"][site], dtype=np.float64)
        centre = np.interp(asked, of_site["ita_deg"], np.log(columns / entry["epidermis_um"]))
    deviation = np.interp(asked, ita, logs.std(axis=1, ddof=1))
    return np.asarray(np.exp(centre + deviation * np.asarray(shift)) * entry["epidermis_um"] * UM)


def ita_of_melanin_deg(column_m: float, site: str | None = None) -> float:
    """Return the ITA at which skin of a site has a melanosome volume per area, degrees: the inverse of the above.

    A volume beyond the ends of the table gives the colour at its end.
    """
    darkest, lightest = ita_range_deg()
    angles = np.arange(darkest, lightest + 1.0)
    columns = melanin_column_m(angles, site=site)
    return float(np.interp(-column_m, -columns, angles))


def draw_constitutive_ita_deg(draws: StandardDraws, phototype: str | None) -> Array:
    """Return draws of the constitutive ITA, degrees, (count,).

    Parameters
    ----------
    phototype : a single phototype, a range such as `III-IV`, or None for any.
    """
    cite_sources(tissue_table("melanin")["phototype"]["source"])
    if phototype is None:
        cite_sources(tissue_table("melanin")["population"]["source"])
    return np.asarray(np.interp(draws.uniform("constitutive colour"), _prior_cdf(phototype), _GRID_DEG))


@cache
def _prior_cdf(phototype: str | None) -> Array:
    """Return the cumulative probability of the ITA of people with these phototypes at each grid point.

    The distribution is a mixture of normals, with one component for each phototype.
    """
    entry, shares = tissue_table("melanin")["phototype"], np.array(tissue_table("melanin")["population"]["shares"])
    if phototype is not None:
        low, high = grade_ends(phototype)
        inside = (np.arange(1, len(PHOTOTYPES) + 1) >= low) & (np.arange(1, len(PHOTOTYPES) + 1) <= high)
        shares = np.where(inside, shares, 0.0)
    centre, deviation = np.array(entry["ita_deg"])[:, None], np.array(entry["spread_deg"])[:, None]
    density = np.exp(-0.5 * ((_GRID_DEG - centre) / deviation) ** 2) / deviation
    cumulative = np.cumsum(shares @ density)
    return np.asarray((cumulative - cumulative[0]) / (cumulative[-1] - cumulative[0]))


def matching_phototypes(ita_deg: float) -> str:
    """Return the phototypes that fit a colour, e.g. `I-III`: wide, because the two agree poorly (osto2022)."""
    entry = tissue_table("melanin")["phototype"]
    cite_sources(entry["source"], "osto2022")
    distance = np.abs(ita_deg - np.array(entry["ita_deg"])) / np.array(entry["spread_deg"])
    fitting = np.flatnonzero(distance <= entry["fits_within"])
    if fitting.size == 0:
        fitting = np.array([int(np.argmin(distance))])
    low, high = PHOTOTYPES[fitting[0]], PHOTOTYPES[fitting[-1]]
    return low if low == high else f"{low}-{high}"


def draw_sun_exposure_factor(draws: StandardDraws, *, sun_exposed: bool, tan: str) -> Array:
    """Return draws of the skin's melanin over that of its constitutive colour, (count,)."""
    entry = tissue_table("melanin")["exposure"]
    if sun_exposed:
        return draw_value(draws, "exposure", read_sourced(entry["exposed"]))
    if tan != "none":
        return draw_value(draws, "exposure", read_sourced(entry["tan"]))
    return np.ones(draws.count)


def lesion_melanin_ratio(lesions: Sequence[Lesion]) -> tuple[SourcedValue | None, list[DocumentWarning]]:
    """Return the melanin ratio of the first lesion that states one, and warnings for lesions that do not."""
    known = tissue_table("melanin")["lesion_ratio"]
    warnings: list[DocumentWarning] = []
    ratio: SourcedValue | None = None
    for lesion in lesions:
        found: SourcedValue | None = None
        if lesion.melanin_ratio is not None:
            given = lesion.melanin_ratio
            found = SourcedValue(given, given, given, "fixed", known["lentigo"]["source"], "given in the case")
        elif lesion.kind in known:
            found = read_sourced(known[lesion.kind])
        elif lesion.kind in ("naevus-of-ota", "undiagnosed"):
            message = Message("skin.lesion_without_melanin", {"kind": lesion.kind})
            warnings.append(DocumentWarning("lesion-without-melanin", message))
        ratio = ratio or found
    return ratio, warnings


def colour_warnings(ita: float | None, phototype: str | None) -> list[DocumentWarning]:
    """Return warnings for a measured colour that is outside the table or contradicts the phototype."""
    warnings: list[DocumentWarning] = []
    if ita is None:
        return warnings
    low, high = ita_range_deg()
    if not low <= ita <= high:
        message = Message("skin.ita_at_end", {"ita_deg": ita, "low_deg": low, "high_deg": high})
        warnings.append(DocumentWarning("ita-at-end", message))
    if phototype is not None:
        fitting = matching_phototypes(ita)
        (first, last), (lightest, darkest) = grade_ends(phototype), grade_ends(fitting)
        if last < lightest or first > darkest:
            params = {"ita_deg": ita, "phototype": phototype, "fitting": fitting}
            warnings.append(DocumentWarning("colour-conflict", Message("skin.colour_conflict", params)))
    return warnings
