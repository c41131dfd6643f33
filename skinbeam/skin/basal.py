"""Where in its depth the living epidermis holds melanin: two layers, alike but for their melanin.

Cells of the basal layer keep most of the melanin that they were given (joly2018); those above hold next to none in
skin that is not tanned, and as much in skin that is (nielsen2006). What matters is heat: a layer of one cell loses it
within milliseconds, an epidermis within a tenth of a second.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skinbeam.provenance import used
from skinbeam.skin.tables import number, table

__all__ = ["with_basal_layer"]

Array = NDArray[np.float64]


def with_basal_layer(layered: Mapping[str, Array], at: int, basal_m: Array, above: Array) -> dict[str, Array]:
    """Return layers with the lowest part of layer `at` as one more below it, fuller of melanin: (skin 11).

    Parameters
    ----------
    layered : quantities by name, (sample, layer), among them `thickness_m` and `melanosome_fraction`.
    at : index of the living epidermis.
    basal_m : height of the basal cells, (sample,), m; more where they cannot hold the melanin.
    above : what the cells above hold over what they would hold were melanin even, (sample,): 0 none, 1 as much.
    """
    used("joly2018", "nielsen2006")
    by_depth = table("melanin")["by_depth"]
    living = layered["thickness_m"][:, at]
    melanin = layered["melanosome_fraction"][:, at]
    most, held = number(by_depth["basal_most"]), number(by_depth["fullest"]) - above * melanin
    kept = (1.0 - above) * melanin
    # Of an epidermis fuller than that, all would be basal: `most` holds it there.
    with np.errstate(divide="ignore", invalid="ignore"):
        fullest = np.where(kept < held, kept / held, 1.0)
    share = np.minimum(np.maximum(basal_m / living, fullest), most)
    split = {name: np.insert(values, at, values[:, at], axis=1) for name, values in layered.items()}
    split["thickness_m"][:, at], split["thickness_m"][:, at + 1] = living * (1.0 - share), living * share
    split["melanosome_fraction"][:, at] = above * melanin
    split["melanosome_fraction"][:, at + 1] = np.minimum(above * melanin + kept / share, 1.0)
    return split
