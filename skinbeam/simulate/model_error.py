"""Error of the model at each endpoint, from the comparison with published experiments.

`data/derived/model_error.toml` holds the results of that comparison. An endpoint with fewer than `min_sources()`
independent sources, or with none, is given the error `default_error_factor()` (`data/comparison.toml`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.package_data import load_derived_table, load_package_table
from skinbeam.model.sources import SourcedValue
from skinbeam.skin.sample import SkinSample

__all__ = ["ErrorSide", "count_experiments", "default_error_factor", "draw_error_factor", "min_sources", "model_error"]

Floats = NDArray[np.float64]
ErrorSide = Literal["effect", "harm"]


@dataclass(frozen=True)
class _EndpointError:
    """The geometric error of an endpoint, and the numbers of experiments and sources behind it."""

    geometric_error: float
    rows: int
    sources: int


def _endpoint_error(endpoint: str) -> _EndpointError:
    """Return the error of an endpoint; the default one where nothing was compared."""
    error = load_derived_table("model_error").get("endpoint", {}).get(endpoint)
    if error is None:
        return _EndpointError(default_error_factor(), 0, 0)
    return _EndpointError(error["geometric_error"], error["rows"], error["sources"])


def min_sources() -> int:
    """Return the number of independent sources that an endpoint needs before its own error is used."""
    return int(_read_model_error_number("least_sources"))


def default_error_factor() -> float:
    """Return the geometric error that is used for an endpoint with fewer sources."""
    return _read_model_error_number("default_factor")


def _read_model_error_number(name: str) -> float:
    return SourcedValue.from_table(load_package_table("data/comparison.toml")["model_error"][name]).value


def model_error(endpoint: str) -> float:
    """Return the geometric error, above 1, of an endpoint or of a quantity of `skinbeam.simulate/1` by dotted name."""
    return _endpoint_error(endpoint).geometric_error


def count_experiments(endpoint: str) -> tuple[int, int]:
    """Return the number of independent experiments behind `model_error`, and the number of their sources."""
    error = _endpoint_error(endpoint)
    return error.rows, error.sources


def draw_error_factor(endpoint: str, skins: SkinSample, side: ErrorSide) -> Floats:
    """Return the error factor of a computed dose or size in each draw, (sample,).

    It is lognormal about 1, and drawn independently for effect and harm.
    """
    z = skins[f"{side}_error_shift"]
    factor: Floats = np.exp(np.log(model_error(endpoint)) * z)
    return factor
