"""Drawn skins that are asked for again and again, as by cases that differ in the beam alone: drawn once.

Whoever reads a skin reads the one that others read, too, so its arrays cannot be written.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from skinbeam.provenance import remembered
from skinbeam.skin.model import Skin

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["kept_median", "kept_sample"]

_KEPT = 4  # skins, each of some 2 MB


def kept_sample(skin: Skin, n: int, seed: int, start: int) -> "xr.Dataset":
    """Return draws `start` to `start + n` of a skin, with `typical_m`, the layers of its middle, and `draw`, a number.

    With what is typical the grid of a draw is the same whatever draws lie beside it.
    """
    return _sample(_bare(skin), n, seed, start)


def kept_median(skin: Skin) -> "xr.Dataset":
    """Return the one skin in the middle of every distribution."""
    return _median(_bare(skin))


def _bare(skin: Skin) -> Skin:
    """The skin without its reading, which weighs draws and does not change them: its lists could be no key."""
    return replace(skin, reading=None)


@remembered(_KEPT)
def _sample(skin: Skin, n: int, seed: int, start: int) -> "xr.Dataset":
    typical = _median(skin)["thickness_m"].values[0]
    drawn = skin.sample(n, seed, start)
    return _locked(drawn.assign_coords(typical_m=("layer", typical), draw=("sample", np.arange(start, start + n))))


@remembered(_KEPT)
def _median(skin: Skin) -> "xr.Dataset":
    return _locked(skin.median())


def _locked(skins: "xr.Dataset") -> "xr.Dataset":
    for variable in skins.data_vars.values():
        variable.values.flags.writeable = False
    return skins
