"""Error of the reduced model of vessels with a lit and a dark side against the full one of `vessels.cross_section`.

`data/derived/vessel_reduction.toml` holds the results for a few skins, vessels and pulses. It is an error of the
computation alone; that of the model against experiments is `model_error`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from skinbeam.model.package_data import load_derived_table
from skinbeam.model.units import UM, ZERO_CELSIUS_K
from skinbeam.simulate.vessels.heated_blood import absorption_factor, heated_mua
from skinbeam.skin.properties import blood_mua
from skinbeam.skin.sample import SkinSample
from skinbeam.skin.tables import read_number, tissue_table

__all__ = ["ReductionError", "first_vessel_mua", "median_reduction_error", "reduction_error"]


@dataclass(frozen=True)
class ReductionError:
    """Geometric error of the reduction at an endpoint: of all comparisons, and by absorption and diameter."""

    geometric_error: float
    by_mua_per_m: Mapping[float, Mapping[float, float]]


@cache
def _reduction_errors() -> Mapping[str, ReductionError]:
    return {
        endpoint: ReductionError(
            entry["geometric_error"],
            {
                light["mua_per_m"]: {float(size): error for size, error in light["error_by_diameter_um"].items()}
                for light in entry["light"]
            },
        )
        for endpoint, entry in load_derived_table("vessel_reduction")["endpoint"].items()
    }


def reduction_error(endpoint: str, diameter_um: float | None = None, mua_per_m: float | None = None) -> float:
    """Return the geometric error of the reduction at an endpoint of a vessel; 1 for endpoints without vessels.

    Its logarithm is interpolated in the logarithms of the diameter and of the absorption of blood; beyond the compared
    values that of the nearest is returned, and without a vessel that of all comparisons.

    Parameters
    ----------
    mua_per_m : absorption of the blood in the vessel.
    """
    entry = _reduction_errors().get(endpoint)
    if entry is None:
        return 1.0
    if diameter_um is None or mua_per_m is None:
        return entry.geometric_error
    by_mua = {mua: _interpolate_log(diameter_um, errors) for mua, errors in entry.by_mua_per_m.items()}
    return _interpolate_log(mua_per_m, by_mua)


def _interpolate_log(position: float, values: Mapping[float, float]) -> float:
    """Interpolate positive values linearly in the logarithms of position and value."""
    rising = sorted(values)
    return float(np.exp(np.interp(np.log(position), np.log(rising), np.log([values[place] for place in rising]))))


def median_reduction_error(endpoint: str, skin: SkinSample, spectrum: Sequence[tuple[float, float]]) -> float:
    """Return `reduction_error` for the first vessel of the median skin, if there is one, in light of a spectrum.

    The errors were computed with unheated blood, and are looked up by the absorption of blood heated half way to
    boiling.
    """
    if not spectrum or skin.vessel_count == 0:
        return reduction_error(endpoint)
    diameter, haematocrit, oxygenation = (
        skin[name][0, 0] for name in ("vessel_diameter_m", "haematocrit", "oxygenation")
    )
    half_way_K = read_number(tissue_table("vessels")["heated_blood"]["half_way_C"]) + ZERO_CELSIUS_K
    factor = absorption_factor(np.array(half_way_K))
    mua = sum(share * float(heated_mua(nm, haematocrit, oxygenation, factor)) for nm, share in spectrum)
    return reduction_error(endpoint, float(diameter) / UM, mua)


def first_vessel_mua(skin: SkinSample, spectrum: Sequence[tuple[float, float]]) -> float:
    """Return the absorption of unheated blood in the first vessel of the first skin, 1/m, averaged over the energy."""
    haematocrit, oxygenation = (float(skin[name][0, 0]) for name in ("haematocrit", "oxygenation"))
    return float(sum(share * blood_mua(nm, haematocrit, oxygenation) for nm, share in spectrum))
