"""What it does to a dose that tissue conducts and stores heat by its temperature: for Python, beside the linear model.

Doses are searched on the response to a unit dose, which needs properties that stay as they are. Here a dose is marched
with properties that change (`physics.heat_warm`), without blood flow and without boiling, and what the change does to
the dose that damages is told apart from all else: the dose with slopes over the dose without.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.physics.damage import Kinetics, omega
from skinbeam.physics.heat_warm import Slopes, conduct_warm
from skinbeam.simulate.damage_model import CELL_DEATH, sampled_kinetics
from skinbeam.simulate.dose_search import dose_at
from skinbeam.simulate.places import basal_layer
from skinbeam.simulate.pulse import Place, Response
from skinbeam.skin.tables import number, sourced, table
from skinbeam.units import ZERO_CELSIUS_K

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["NO_SLOPES", "at_dose_warm", "tissue_slopes", "warm_dose_ratio"]

Floats = NDArray[np.float64]

NO_SLOPES: Final = Slopes(0.0, 0.0, 0.0)
# A dose is sought within this factor of the linear one; each halving of the logarithm leaves half of the error.
_FACTOR: Final = 1.5
_HALVINGS: Final = 18


def tissue_slopes(
    skins: "xr.Dataset", layer: NDArray[np.int64], which: Literal["value", "low", "high"] = "value"
) -> Slopes:
    """Return how the properties of the cells change with temperature, (cell,), by the tables or an end of their spread.

    Parameters
    ----------
    layer : (cell,) index of the layer of each cell.
    """
    materials = [str(name) for name in skins["material"].to_numpy()]
    entries = [table("warm")["fat" if "fat" in name else "wet"] for name in materials]

    def cellwise(name: str) -> Floats:
        return np.array([getattr(sourced(entry[name]), which) for entry in entries])[layer]

    return Slopes(
        number(table("warm")["reference_C"]) + ZERO_CELSIUS_K,
        cellwise("conductivity_1_K"),
        cellwise("heat_capacity_1_K"),
    )


def at_dose_warm(response: Response, fluence_J_m2: ArrayLike, slopes: Slopes) -> Response:
    """Return the response at one dose, or one of each draw: its base is the history at this dose, its unit change is 0.

    Parameters
    ----------
    fluence_J_m2 : (sample,) or one for all, J/m² of one pulse.

    Raises
    ------
    ValueError : temperatures to which the slopes cannot be drawn out.
    """
    grid, heat, plan = response.grid, response.heat, response.schedule
    start = response.base_K[:, 0, :]
    power = 0.0 if response.lit is None else response.lit.heating_per_m / plan.pulse_s
    dose = np.broadcast_to(np.asarray(fluence_J_m2, dtype=np.float64), len(start))
    history = conduct_warm(
        grid.cells,
        slopes,
        conductivity=heat.conductivity[:, grid.layer],
        heat_capacity_vol=heat.heat_capacity_vol[:, grid.layer],
        initial=start,
        step_s=plan.step_s,
        power_density=power * dose[:, None],
        power_on=plan.power_on,
        h_surface=response.met.h_W_m2K,
        outside_surface=response.met.outside_K,
        h_bottom=0.0 if grid.ends else np.inf,
        outside_bottom=start[:, -1],
    )
    none = np.broadcast_to(0.0, history.recorded.shape)
    return replace(
        response,
        base_K=history.recorded,
        unit_K=none,
        surface_base_K=history.surface,
        surface_unit_K=np.broadcast_to(0.0, history.surface.shape),
    )


def warm_dose_ratio(
    response: Response,
    slopes: Slopes,
    *,
    where: Callable[[Response], Place] = basal_layer,
    model: str = CELL_DEATH,
) -> Floats:
    """Return the dose at which Ω is 1 with `slopes` over that without, (sample,); nan where the latter does not exist.

    Both are found in the same way, to 1e-6 of themselves, about the dose of the linear model.
    """
    processes = sampled_kinetics(model, response.skins)
    linear = dose_at(response, where(response), processes)
    known = np.isfinite(linear) & (linear > 0)
    begin = np.where(known, linear, 1.0)
    doses = [_unit_dose(response, each, begin, where, processes) for each in (slopes, NO_SLOPES)]
    ratio: Floats = np.where(known, doses[0] / doses[1], np.nan)
    return ratio


def _unit_dose(
    response: Response, slopes: Slopes, begin: Floats, where: Callable[[Response], Place], processes: Kinetics
) -> Floats:
    """The dose at which Ω is 1, (sample,), J/m²; an end of the range where it lies beside it."""
    low, high = np.log(begin / _FACTOR), np.log(begin * _FACTOR)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        place = where(at_dose_warm(response, np.exp(middle), slopes))
        done = omega(place.base_K[:, :, None], response.schedule.step_s, processes)[:, 0] >= 1.0
        low, high = np.where(done, low, middle), np.where(done, middle, high)
    result: Floats = np.exp((low + high) / 2)
    return result
