"""How far the model may lie from the truth at an endpoint, as published experiments show it.

`data/derived/model_error.toml` holds what the comparison with experiments found. An endpoint that stands on fewer
than `least_sources()` independent sources, or on none, is taken to be good to `default_factor()`
(`data/comparison.toml`).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.derived import derived_table
from skinbeam.shipped import shipped_table
from skinbeam.sources import Sourced

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Side", "default_factor", "error_factor", "experiments", "least_sources", "model_error"]

Floats = NDArray[np.float64]
Side = Literal["effect", "harm"]


def _found() -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = derived_table("model_error").get("endpoint", {})
    return found


def least_sources() -> int:
    """Return how many independent sources an endpoint needs before what they show counts as its error."""
    return int(_counted("least_sources"))


def default_factor() -> float:
    """Return the error of an endpoint with fewer sources."""
    return _counted("default_factor")


def _counted(name: str) -> float:
    return Sourced.from_table(shipped_table("data/comparison.toml")["model_error"][name]).value


def model_error(endpoint: str) -> float:
    """Return the geometric error of an endpoint, or of a size of `skinbeam.simulate/1` by its dotted name; above 1."""
    found = _found().get(endpoint)
    return float(found["geometric_error"]) if found is not None else default_factor()


def experiments(endpoint: str) -> tuple[int, int]:
    """Return how many independent experiments stand behind `model_error`, and from how many sources."""
    found = _found().get(endpoint, {"rows": 0, "sources": 0})
    return int(found["rows"]), int(found["sources"])


def error_factor(endpoint: str, skins: "xr.Dataset", side: Side) -> Floats:
    """Return what a computed dose or size is off by, (sample,): lognormal about 1, drawn apart for effect and harm."""
    z = np.asarray(skins.variables[f"{side}_error_shift"].values, dtype=np.float64)
    factor: Floats = np.exp(np.log(model_error(endpoint)) * z)
    return factor
