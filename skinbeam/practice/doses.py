"""How far each published dose lies above what the model computes to burn such people, person by person."""

from collections.abc import Iterator
from dataclasses import dataclass
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

__all__ = ["OverComputed", "over_computed", "responses"]

Floats = NDArray[np.float64]

_DRAWS: Final = 480  # over all ways in which a row may have been carried out
_FEWEST: Final = 64
_SEED: Final = 0


@dataclass(frozen=True)
class OverComputed:
    """ln(dose given / computed dose that burns) of the people of a row, had it been carried out in one way.

    Parameters
    ----------
    mean, spread : mean and standard deviation over the people.
    """

    spot_mm: float
    mean: float
    spread: float


def over_computed(row: PracticeRow) -> tuple[OverComputed, ...]:
    """Return how far the doses of a row lie above computed ones, for each way in which it may have been carried out.

    Of a range of doses the skin that stands more got more, as every clinic does: doses evenly spread in the logarithm,
    in the order of the computed ones.
    """
    ways = poses(row)
    draws = max(_FEWEST, _DRAWS // len(ways))
    found = []
    for way in ways:
        low, high = way.fluence_J_cm2
        logs = np.log(np.geomspace(low, high, draws)) - np.log(np.sort(_burns_at_J_cm2(way, draws)))
        assert way.beam.spot_mm is not None  # no microbeams are posed
        found.append(OverComputed(way.beam.spot_mm, float(logs.mean()), float(logs.std())))
    return tuple(found)


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
