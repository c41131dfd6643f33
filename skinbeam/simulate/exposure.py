"""Thresholds of time: how long a bath, or light of constant irradiance, takes to reach an endpoint."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.physics.damage import Kinetics, omega
from skinbeam.simulate.damage_model import CELL_DEATH, sampled_kinetics
from skinbeam.simulate.endpoints import basal_layer, named_endpoint, papillary_bottom
from skinbeam.simulate.pulse import Response, respond
from skinbeam.simulate.scene import Scene, axis_ratio
from skinbeam.simulate.schedule import bath_schedule, held_schedule
from skinbeam.units import J_CM2, MS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["exposure_thresholds"]

Floats = NDArray[np.float64]

# Ends of successive runs: each is as long as it need be, so that short exposures keep fine steps. A step is an eighth
# of the time gone by from a millionth of the run on, so a run resolves the five decades before its end.
_LENGTHS_S = (1e-3, 1.0, 100.0, 1e4, 1e5)


def exposure_thresholds(scene: Scene, skins: "xr.Dataset", endpoint: str) -> tuple[Floats, Floats]:
    """Return the time at which each draw reaches an endpoint while the exposure lasts, s, and the weights.

    Damage that goes on while the skin cools afterwards is not counted.

    Raises
    ------
    NotAvailable : an endpoint that is not judged by time.
    """
    named_endpoint(endpoint)
    places = {
        "epidermal-necrosis": basal_layer,
        "minimum-visible-lesion": basal_layer,
        "dermal-necrosis": papillary_bottom,
    }
    if endpoint not in places:
        raise NotAvailable(text("simulate.not-by-time"))
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    times = np.full(weights.size, np.inf)
    processes = sampled_kinetics(CELL_DEATH, skins)
    for length in _LENGTHS_S if scene.beam is not None else _LENGTHS_S[1:]:
        response, dose = _held(scene, skins, length)
        place = places[endpoint](response)
        history = place.base_K + dose * place.unit_K
        found = _time_of_unit_omega(history, response.schedule.step_s, response.schedule.power_on, processes)
        times = np.where(np.isfinite(times), times, found)
        if np.isfinite(times).all():
            break
    return times, weights


def _held(scene: Scene, skins: "xr.Dataset", length_s: float) -> tuple[Response, float]:
    """The response to an exposure of `length_s`, and the dose that keeps the irradiance."""
    if scene.bath is not None:
        return respond(skins, None, scene.cooling, schedule=bath_schedule(scene.bath[0], length_s)), 0.0
    beam = scene.beam
    assert beam is not None  # exposure_s is refused without either
    if beam.fluence_J_cm2 is None:
        raise InputError(
            "missing-key",
            '"fluence_J_cm2" is missing, nothing was read',
            field="settings.fluence_J_cm2",
            hint="With exposure_s the irradiance stays at fluence over pulse length: give both.",
        )
    irradiance = axis_ratio(beam) * beam.fluence_J_cm2 * J_CM2 / (beam.pulse_ms * MS)
    response = respond(skins, beam, scene.cooling, schedule=held_schedule(scene.cooling, length_s))
    return response, irradiance * length_s


def _time_of_unit_omega(history_K: Floats, step_s: Floats, power_on: Floats, processes: Kinetics) -> Floats:
    """Time at which Ω passes 1 since the beam came on, (sample,), s; 0 if it was before, inf if it never does.

    Within a step ln Ω is linear in the logarithm of time: exact for a held temperature (Ω ~ t), and Ω of a rising one
    is close to a power of time over a step.
    """
    end = np.cumsum(step_s)
    if power_on.any():
        end = np.maximum(end - step_s[power_on == 0].sum(), 0.0)
    parts = np.stack([omega(history_K[:, i : i + 2], step_s[i : i + 1], processes) for i in range(step_s.size)], axis=1)
    total = np.cumsum(parts, axis=1)
    reached = total >= 1
    first = np.argmax(reached, axis=1)
    row = np.arange(len(first))
    ever = reached.any(axis=1)
    after = np.where(ever, total[row, first], 1.0)
    before = np.where(ever & (first > 0), np.minimum(total[row, first - 1], 1.0), 0.0)
    start = np.maximum(end[first] - step_s[first], 0.0)
    usable = (before > 0) & (start > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(usable, -np.log(before) / (np.log(after) - np.log(before)), 1.0)
        inside = start * np.exp(power * (np.log(end[first]) - np.log(start)))
    return np.where(ever, np.where(usable, inside, end[first]), np.inf)
