"""Thresholds of time: how long a bath, or light of constant irradiance, takes to reach an endpoint."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.physics.damage.arrhenius import Kinetics, omega
from skinbeam.simulate.ends.bath import bath_pain_times, bath_times
from skinbeam.simulate.ends.endpoints import named_endpoint
from skinbeam.simulate.held_beam import length_for
from skinbeam.simulate.light.illumination import Illumination, axis_exposure
from skinbeam.simulate.pulse.places import basal_layer, dermis_cells, papillary_bottom
from skinbeam.simulate.pulse.response import Place, Response, respond
from skinbeam.simulate.pulse.schedule import held_schedule
from skinbeam.simulate.pulse.unit_omega import time_of_unit_omega
from skinbeam.simulate.scene import Scene
from skinbeam.simulate.skins.kinetics import (
    CELL_DEATH_KINETICS,
    COAGULATED_WIDTH_M,
    COLLAGEN_KINETICS,
    sampled_kinetics,
)
from skinbeam.units import MS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["exposure_thresholds"]

Floats = NDArray[np.float64]

# Ends of successive runs: each is as long as it need be, so that short exposures keep fine steps. A step is an eighth
# of the time gone by from a millionth of the run on, so a run resolves the five decades before its end.
_LENGTHS_S = (1e-3, 1.0, 100.0, 1e4, 1e5)
# Heat that stays after a pulse does most of the damage of a short one. The pulse that suffices is then shorter, by less
# than this: from 10 ns to 100 s of hold the temperature of cell death falls from 320 to 17 K above the skin's.
SHORTER = 20.0
APART = 0.14  # of ln(pulse) between runs: ln Ω is straight between them to a tenth, of a slope of six and more
TINY = 1e-300


def exposure_thresholds(scene: Scene, skins: "xr.Dataset", endpoint: str) -> tuple[Floats, Floats]:
    """Return the exposure at which each draw reaches an endpoint, s, and the weights.

    After light or a bath, damage goes on while the skin cools, and is counted.

    Raises
    ------
    NotAvailable : an endpoint that is not judged by the time of a bath, or as `held_beam.length_for`.
    """
    named_endpoint(endpoint)
    places = {
        "epidermal-necrosis": basal_layer,
        "minimum-visible-lesion": basal_layer,
        "dermal-necrosis": papillary_bottom,
    }
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    if scene.bath is not None and endpoint == "pain":
        return bath_pain_times(skins, scene.bath[0], scene.cooling.air_temperature_C), weights
    if scene.bath is not None and endpoint == "collagen-coagulation":
        collagen = sampled_kinetics(COLLAGEN_KINETICS, skins)
        return bath_times(skins, scene.bath[0], scene.cooling.air_temperature_C, _end_of_zone, collagen), weights
    if endpoint not in places:
        if scene.bath is not None:
            raise NotAvailable(text("simulate.not-by-time"))
        return length_for(scene, skins, endpoint, _irradiance(scene)), weights
    marked = endpoint == "minimum-visible-lesion"
    processes = sampled_kinetics(CELL_DEATH_KINETICS, skins)
    if scene.bath is not None:
        air_C = scene.cooling.air_temperature_C
        return bath_times(skins, scene.bath[0], air_C, places[endpoint], processes), weights
    assert scene.beam is not None  # exposure_s is refused without bath or beam
    times = np.full(weights.size, np.inf)
    lit = scene.light(skins)
    assert lit is not None  # there is a beam
    for length in _LENGTHS_S:
        schedule = held_schedule(scene.cooling, length)
        response = respond(skins, scene.beam, scene.cooling, lit=lit, schedule=schedule)
        place = places[endpoint](response)
        history = place.base_K + _irradiance(scene) * length * place.unit_K
        found = time_of_unit_omega(history, schedule.step_s, schedule.power_on, processes)
        times = np.where(np.isfinite(times), times, found)
        if np.isfinite(times).all():
            break
    found = _counting_after(scene, skins, lit, places[endpoint], processes, times)
    # A mark other than that of the epidermis may be first.
    return np.minimum(found, length_for(scene, skins, endpoint, _irradiance(scene))) if marked else found, weights


def _end_of_zone(response: Response) -> Place:
    """Return the temperature of the cell that ends a zone of coagulated collagen at the upper border of the dermis.

    Heat of a bath comes from above, so that the zone grows downwards. In a dermis thinner than it the last cell counts.

    Raises
    ------
    NotAvailable : such skins have no dermis.
    """
    cells = dermis_cells(response)
    covered = np.cumsum(response.grid.widths[:, cells], axis=1)
    last = cells[np.minimum((covered < COAGULATED_WIDTH_M).sum(axis=1), cells.size - 1)]
    row = np.arange(len(last))
    return Place(response.base_K[row, :, last], response.unit_K[row, :, last])


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
        pulse = replace(scene.beam.flat(length / MS), pulses=1, passes=1)
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
            hint="With exposure_s the irradiance stays at fluence over pulse length: give both, or power_W alone.",
        )
    return axis_exposure(beam) / (beam.pulse_ms * MS)
