"""Make the table of melanin by body site and individual typology angle.

Melanin is added to the median skin of each site until an instrument would read the colour: with the site's own
thicknesses and blood, the loss at the port, and melanin distributed as in people. Blood is as its sources give it: one
angle cannot separate blood from melanin. It takes about a minute.
"""

from math import exp, log
from typing import Any, Final

from scipy.optimize import brentq

from research.derived_table import DerivedTable
from skinbeam.model.document import round_significant
from skinbeam.model.sources import SourcedValue
from skinbeam.model.units import UM
from skinbeam.simulate.appearance import median_ita_deg
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.melanin import melanin_column_m
from skinbeam.skin.tables import tissue_table

__all__ = ["MELANIN_BY_SITE", "COLOURS_deg", "melanin_column_um"]

# From the darkest class centre of the mean spectra to the lightest.
COLOURS_deg: Final = (-42.0, -30.0, -20.0, -10.0, 0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 58.0)
# The search range extends beyond the melanin of the lightest and the darkest skin known.
SEARCH_RANGE_um: Final = (0.2, 60.0)
DIGITS = 4

HEADER = """\
# Volume of melanosomes over an area, um, at which the middle skin of a body site has a colour, by `ita_deg`.
# Made by `make derived` from the layers, blood and optics of skin; not to be edited.
"""


def melanin_column_um(site: str, ita_deg: float) -> float:
    """Return the volume of melanosomes over an area at which the median skin of a site has an ITA, um.

    Raises
    ------
    ValueError : no amount within `SEARCH_RANGE_um` gives this colour.
    """
    # The current table only sets the scale: the skin is given a multiple of its value.
    given = float(melanin_column_m(ita_deg, site=site)) / UM

    def too_light(logarithm: float) -> float:
        ratio = exp(logarithm) / given
        melanin = SourcedValue(ratio, ratio, ratio, "fixed", "skinbeam2026skin", "sought")
        return median_ita_deg(SkinDistribution(site=site, ita_deg=ita_deg, melanin_ratio=melanin)) - ita_deg

    found = brentq(too_light, log(SEARCH_RANGE_um[0]), log(SEARCH_RANGE_um[1]), xtol=1e-5)
    return float(exp(found))


def _make_table() -> dict[str, Any]:
    found = {site: [melanin_column_um(site, ita) for ita in COLOURS_deg] for site in tissue_table("layers")["sites"]}
    return {
        "source": "skinbeam2026skin",
        "conditions": "in the full skin of each site, melanin where people have it, the loss at a port given",
        "ita_deg": COLOURS_deg,
        "column_um": {site: [round_significant(value, DIGITS) for value in values] for site, values in found.items()},
    }


MELANIN_BY_SITE = DerivedTable(
    name="melanin_by_site",
    header=HEADER,
    inputs=(
        *(f"data/tissue/{name}.toml" for name in ("layers", "melanin", "optics", "presets", "vessels")),
        "data/spectra/",
        "data/derived/melanin_by_colour.toml",
    ),
    version=1,
    make=_make_table,
)
