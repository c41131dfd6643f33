"""How far each published dose lies above what the model computes to burn such people, person by person."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.practice.posing import Pose, poses
from skinbeam.practice.row import PracticeRow
from skinbeam.simulate.light.lighting import illuminate, one_skin
from skinbeam.simulate.light.spot import spot_shares
from skinbeam.simulate.pulse.dose import cell_death_dose
from skinbeam.simulate.pulse.places import basal_layer
from skinbeam.simulate.pulse.response import Response, respond
from skinbeam.units import J_CM2

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["PLACES", "over_computed", "responses"]

Floats = NDArray[np.float64]

# Quantiles that stand for the people of a row: between them a share is smooth, since people differ beyond them too.
PLACES: Final = (np.arange(24) + 0.5) / 24
_DRAWS: Final = 480  # over all ways in which a row may have been carried out
_FEWEST: Final = 24
_SEED: Final = 0


def over_computed(row: PracticeRow) -> Floats:
    """Return ln(dose given / computed dose that burns) of the people of a row, at the quantiles of `PLACES`.

    The ways in which a row may have been carried out are mixed evenly. Of a range of doses the skin that stands more
    got more, as every clinic does: doses evenly spread in the logarithm, in the order of the computed ones.
    """
    ways = poses(row)
    draws = max(_FEWEST, _DRAWS // len(ways))
    found = []
    for way in ways:
        low, high = way.fluence_J_cm2
        given = np.geomspace(low, high, draws)
        found.append(np.log(given) - np.log(np.sort(_burns_at_J_cm2(way, draws))))
    quantiles: Floats = np.quantile(np.concatenate(found), PLACES)
    return quantiles


def responses(row: PracticeRow, draws: int) -> Iterator[Response]:
    """Yield what the light of each way in which a row may have been carried out does to so many people."""
    for way in poses(row):
        yield _response(way, draws)


def _burns_at_J_cm2(way: Pose, draws: int) -> Floats:
    """The computed doses at which the basal layer of so many people dies, (sample,)."""
    response = _response(way, draws)
    doses: Floats = cell_death_dose(response, basal_layer(response)) / J_CM2
    return doses


def _response(way: Pose, draws: int) -> Response:
    middle = way.skin.median()
    typical = middle["thickness_m"].values[0]
    skins: xr.Dataset = way.skin.sample(draws, _SEED).assign_coords(
        typical_m=("layer", typical), draw=("sample", np.arange(draws))
    )
    lit = illuminate(skins, way.beam.spectrum).narrowed(
        spot_shares(middle, way.beam), one_skin(middle, way.beam.spectrum)
    )
    return respond(skins, way.beam, way.cooling, lit=lit)
