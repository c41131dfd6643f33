"""How far vessels about an axis, in the light of their depth, lie from vessels in full: `simulate.vessel_full`.

`data/vessel_reduction.toml` holds what was found on a few skins, vessels and pulses (`make reduction-error`). It is an
error of the computation alone; that of the model against experiments is `model_error`.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

__all__ = ["reduction_error"]


@cache
def _found() -> Mapping[str, Mapping[str, Any]]:
    file = resources.files("skinbeam") / "data" / "vessel_reduction.toml"
    found: Mapping[str, Mapping[str, Any]] = tomllib.loads(file.read_text(encoding="utf-8"))["endpoint"]
    return found


def reduction_error(endpoint: str) -> float | None:
    """Return the geometric error of the reduction at an endpoint of vessels; None where no vessel decides."""
    found = _found().get(endpoint)
    return None if found is None else float(found["geometric_error"])
