"""When live epidermis has closed over a column of coagulated skin: keratinocytes that move in from its rim.

The horny layer over such a column stays, so that the cells move as on moist ground and not below a crust. They set out
after a lag and meet in the middle,

    t = t_lag + w / (2 v),                                                                   (closure 1)

with the lag and the speed v of keratinocytes in culture and in suction blisters (`data/closure.toml`). Columns heal one
by one until they touch; how many there are then matters, and no time is told.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.shipped import shipped_table
from skinbeam.skin.spread import spread_at
from skinbeam.sources import Sourced

__all__ = ["closure_sources", "column_closure_h"]

Floats = NDArray[np.float64]

# Columns as wide as their distance in a square pattern cover it once or more, counted as if none overlapped.
_TOUCHING: Final = math.pi / 4


def column_closure_h(width_um: Floats, coverage_fraction: Floats, slowness: Floats) -> Floats:
    """Return (closure 1) of each draw, (sample,), h; inf where columns touch.

    Parameters
    ----------
    width_um, coverage_fraction : of the columns, (sample,).
    slowness : standard normals (sample,), high in people who heal slowly: their cells set out late and move slowly.
    """
    content = shipped_table("data/closure.toml")
    lag_h = spread_at(Sourced.from_table(content["lag_h"]), slowness)
    speed_um_h = spread_at(Sourced.from_table(content["speed_um_h"]), -slowness)
    # The share of skin under columns that lie at random (`physics.removal.microbeam.coverage`), turned back.
    laid = -np.log1p(-np.minimum(coverage_fraction, 1 - 1e-12))
    return np.where(laid < _TOUCHING, lag_h + width_um / (2 * speed_um_h), np.inf)


def closure_sources() -> tuple[str, ...]:
    """Return the sources behind `column_closure_h`."""
    entries = shipped_table("data/closure.toml").values()
    return tuple(dict.fromkeys(key for entry in entries for key in (entry["source"], *entry["also"])))
