"""Thresholds of time: how long a bath, or light of constant irradiance, takes to reach an endpoint."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.physics.damage import Kinetics, omega
from skinbeam.simulate.damage_model import CELL_DEATH, sampled_kinetics
from skinbeam.simulate.endpoints import named_endpoint
from skinbeam.simulate.places import basal_layer, papillary_bottom
from skinbeam.simulate.pulse import Illumination, Place, Response, respond
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
# Heat that stays after a pulse does most of the damage of a short one. The pulse that suffices is then shorter, by less
# than this: from 10 ns to 10 ms of hold the temperature of damage falls by half of its rise above the skin's.
SHORTER = 8.0
APART = 0.14  # of ln(pulse) between runs: ln Ω is straight between them to a tenth, of a slope of ten and more
TINY = 1e-300


def exposure_thresholds(scene: Scene, skins: "xr.Dataset", endpoint: str) -> tuple[Floats, Floats]:
    """Return the exposure at which each draw reaches an endpoint, s, and the weights.

    After light, damage goes on while the skin cools, and is counted. After a bath it is not: seconds in contact leave
    the epidermis little more.

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
    lit = scene.light(skins)
    processes = sampled_kinetics(CELL_DEATH, skins)
    for length in _LENGTHS_S if scene.beam is not None else _LENGTHS_S[1:]:
        response, dose = _held(scene, skins, lit, length)
        place = places[endpoint](response)
        history = place.base_K + dose * place.unit_K
        found = _time_of_unit_omega(history, response.schedule.step_s, response.schedule.power_on, processes)
        times = np.where(np.isfinite(times), times, found)
        if np.isfinite(times).all():
            break
    if lit is not None:
        times = _counting_after(scene, skins, lit, places[endpoint], processes, times)
    return times, weights


def _counting_after(
    scene: Scene,
    skins: "xr.Dataset",
    lit: Illumination,
    place_of: Callable[[Response], Place],
    processes: Kinetics,
    during_s: Floats,
) -> Floats:
    """Pulse length at which Ω is 1 after cooling too, (sample,), s; `during_s` counts the pulse alone and is longer."""
    sought = np.isfinite(during_s) & (during_s > 0)
    if not sought.any():
        return during_s
    ends = np.log(during_s[sought].min() / SHORTER), np.log(during_s[sought].max())
    lengths = np.linspace(*ends, 1 + int(np.ceil((ends[1] - ends[0]) / APART)))
    damage = []
    for length in np.exp(lengths):
        assert scene.beam is not None  # there is light
        pulse = replace(scene.beam, pulse_ms=length / MS, pulses=1, passes=1)
        response = respond(skins, pulse, scene.cooling, lit=lit)
        place = place_of(response)
        history = place.base_K + _irradiance(scene) * length * place.unit_K
        damage.append(np.log(np.maximum(omega(history, response.schedule.step_s, processes), TINY)))
    over = np.stack(damage, axis=1)
    after = np.clip(np.argmax(over >= 0, axis=1), 1, lengths.size - 1)
    row = np.arange(len(over))
    low, high = over[row, after - 1], over[row, after]
    share = np.clip(-low / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    found = np.exp(lengths[after - 1] + share * (lengths[after] - lengths[after - 1]))
    return np.where(sought, np.minimum(found, during_s), during_s)


def _irradiance(scene: Scene) -> float:
    """Irradiance on the axis, W/m²."""
    beam = scene.beam
    assert beam is not None  # exposure_s is refused without bath or beam
    if beam.fluence_J_cm2 is None:
        raise InputError(
            "missing-key",
            '"fluence_J_cm2" is missing, nothing was read',
            field="settings.fluence_J_cm2",
            hint="With exposure_s the irradiance stays at fluence over pulse length: give both.",
        )
    return axis_ratio(beam) * beam.fluence_J_cm2 * J_CM2 / (beam.pulse_ms * MS)


def _held(scene: Scene, skins: "xr.Dataset", lit: Illumination | None, length_s: float) -> tuple[Response, float]:
    """The response to an exposure of `length_s`, and the dose that keeps the irradiance."""
    if scene.bath is not None:
        return respond(skins, None, scene.cooling, schedule=bath_schedule(scene.bath[0], length_s)), 0.0
    response = respond(skins, scene.beam, scene.cooling, lit=lit, schedule=held_schedule(scene.cooling, length_s))
    return response, _irradiance(scene) * length_s


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
