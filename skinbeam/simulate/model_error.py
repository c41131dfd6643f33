"""How far the model may lie from the truth at an endpoint, as published experiments show it.

`data/derived/model_error.toml` holds what the comparison with experiments found. An endpoint that stands on fewer
than `LEAST_ROWS` experiments, or on none, is taken to be good to a factor of two.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["DEFAULT_FACTOR", "LEAST_ROWS", "Side", "error_factor", "model_error"]

Floats = NDArray[np.float64]
Side = Literal["effect", "harm"]

DEFAULT_FACTOR: Final = 2.0
LEAST_ROWS: Final = 5


def _found() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = derived_table("model_error").get("endpoint", {})
    return found


def model_error(endpoint: str) -> float:
    """Return the geometric error of an endpoint, or of a size of `skinbeam.simulate/1` by its dotted name; above 1."""
    found = _found().get(endpoint)
    return float(found["geometric_error"]) if found is not None else DEFAULT_FACTOR


def error_factor(endpoint: str, skins: "xr.Dataset", side: Side) -> Floats:
    """Return what a computed dose or size is off by, (sample,): lognormal about 1, drawn apart for effect and harm."""
    z = np.asarray(skins[f"{side}_error_shift"].values, dtype=np.float64)
    factor: Floats = np.exp(np.log(model_error(endpoint)) * z)
    return factor
