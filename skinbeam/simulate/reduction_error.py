"""How far vessels about an axis, in the light of their depth, lie from vessels in full: `simulate.vessel_full`.

`data/vessel_reduction.toml` holds what was found on a few skins, vessels and pulses (`make reduction-error`). It is an
error of the computation alone; that of the model against experiments is `model_error`.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from skinbeam.units import UM

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["reduction_error", "reduction_error_of"]


@cache
def _found() -> Mapping[str, Mapping[str, Any]]:
    file = resources.files("skinbeam") / "data" / "vessel_reduction.toml"
    found: Mapping[str, Mapping[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["endpoint"]
    return found


def reduction_error(endpoint: str, diameter_um: float | None = None) -> float:
    """Return the geometric error of the reduction at an endpoint of a vessel; 1 where no vessel decides.

    Between the diameters that were compared its logarithm is interpolated over that of the diameter; beyond them that
    of the nearest is returned, and without a diameter that of all vessels that were compared.
    """
    if endpoint not in _found():
        return 1.0
    entry = _found()[endpoint]
    if diameter_um is None:
        return float(entry["geometric_error"])
    errors = {float(one): error for one, error in entry["error_by_diameter_um"].items()}
    diameters = sorted(errors)
    logs = np.log([errors[one] for one in diameters])
    return float(np.exp(np.interp(np.log(diameter_um), np.log(diameters), logs)))


def reduction_error_of(endpoint: str, skin: "xr.Dataset") -> float:
    """Return `reduction_error` for the first vessel of the middle skin, if there is one."""
    if "vessel_diameter_m" not in skin or skin.sizes.get("vessel", 0) == 0:
        return reduction_error(endpoint)
    return reduction_error(endpoint, float(skin["vessel_diameter_m"].values[0, 0]) / UM)
