"""Thresholds of time: how long a bath, or light of constant irradiance, takes to reach an endpoint."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.physics.damage import Kinetics, omega
from skinbeam.simulate.damage_model import CELL_DEATH, sampled_kinetics
from skinbeam.simulate.endpoints import basal_layer, named_endpoint, papillary_bottom
from skinbeam.simulate.pulse import Response, respond
from skinbeam.simulate.scene import Scene
from skinbeam.simulate.schedule import bath_schedule, pulse_schedule
from skinbeam.units import J_CM2, MS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["exposure_thresholds"]

Floats = NDArray[np.float64]

# Ends of successive runs: each is as long as it need be, so that short exposures keep fine steps.
_LENGTHS_S = (1.0, 100.0, 1e4, 1e5)


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
    for length in _LENGTHS_S:
        response, dose = _held(scene, skins, length)
        place = places[endpoint](response)
        history = place.base_K + dose * place.unit_K
        found = _time_of_unit_omega(history, response.schedule.step_s, processes)
        times = np.minimum(times, found)
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
    irradiance = beam.fluence_J_cm2 * J_CM2 / (beam.pulse_ms * MS)
    held = replace(beam, pulse_ms=length_s / MS, pulses=1, passes=1)
    full = pulse_schedule(held, scene.cooling)
    on = int(np.flatnonzero(full.power_on)[-1]) + 1
    during = replace(
        full,
        step_s=full.step_s[:on],
        power_on=full.power_on[:on],
        h_W_m2K=full.h_W_m2K[:on],
        outside_C=full.outside_C[:on],
    )
    return respond(skins, held, scene.cooling, schedule=during), irradiance * length_s


def _time_of_unit_omega(history_K: Floats, step_s: Floats, processes: Kinetics) -> Floats:
    """Time at which Ω passes 1, (sample,), s; inf when it does not. Linear in Ω within a step."""
    end = np.cumsum(step_s)
    parts = np.stack([omega(history_K[:, i : i + 2], step_s[i : i + 1], processes) for i in range(step_s.size)], axis=1)
    total = np.cumsum(parts, axis=1)
    reached = total >= 1
    first = np.argmax(reached, axis=1)
    row = np.arange(len(first))
    before = np.where(first > 0, total[row, first - 1], 0.0)
    share = (1 - before) / np.where(reached.any(axis=1), total[row, first] - before, 1.0)
    return np.where(reached.any(axis=1), end[first] - (1 - share) * step_s[first], np.inf)
