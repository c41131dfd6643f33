"""Exposure times at which sampled skins reach an endpoint, in a bath or under light of constant irradiance.

For most endpoints of light, the length of one pulse of constant irradiance is searched whose own dose reaches the
endpoint. A longer pulse delivers a higher dose and needs a higher dose, but the delivered dose always grows faster:
ln(dose needed / dose delivered) falls with the length, and the pulse suffices where it is 0. All draws share the time
steps of a pulse, so the length of each draw is interpolated between lengths that all draws share.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.units import MS
from skinbeam.physics.damage.arrhenius import Kinetics, omega
from skinbeam.simulate.endpoints.bath import bath_pain_times, bath_times
from skinbeam.simulate.endpoints.crater import endpoint_fluence_with_removal
from skinbeam.simulate.endpoints.registry import endpoint_function
from skinbeam.simulate.light.illumination import Illumination, axis_exposure
from skinbeam.simulate.pulse.damage_dose import DOSE_RANGE_J_M2, first_times, unit_omega_time
from skinbeam.simulate.pulse.locations import basal_layer_response, dermis_cells, papillary_border_response
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse, simulate_pulse
from skinbeam.simulate.pulse.schedule import constant_beam_schedule
from skinbeam.simulate.scene import PulseScene
from skinbeam.simulate.skins.tissue_kinetics import (
    CELL_DEATH_KINETICS,
    COAGULATED_WIDTH_M,
    COLLAGEN_KINETICS,
    sample_kinetics,
)
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "exposure_thresholds",
    "pulse_length_for_endpoint",
]

Floats = NDArray[np.float64]

# Step of ln(length) between pulses. The dose needed is a power of the length that changes by a few tenths in a decade,
# so that a straight line between two pulses is right to a few thousandths.
LN_LENGTH_STEP = 0.4


def pulse_length_for_endpoint(scene: PulseScene, skins: SkinSample, endpoint: str, irradiance_W_m2: float) -> Floats:
    """Return the length of a pulse that reaches `endpoint`, (sample,), s; inf where no dose in the searched range does.

    Raises
    ------
    NotAvailable : the endpoint is not modelled for such skin, for such light, or for pulses as short as it would take.
    """

    def missing(of: SkinSample, log_length: float) -> Floats:
        assert scene.beam is not None  # there is light
        length = float(np.exp(log_length))
        pulse = replace(scene.beam.with_flat_pulse(length / MS), pulses=1, passes=1)
        needed = endpoint_fluence_with_removal(
            endpoint, simulate_pulse(of, pulse, scene.cooling, illumination=scene.illuminate(of)), pulse
        )
        return np.asarray(np.log(np.maximum(needed, 1e-300)) - np.log(irradiance_W_m2 * length))

    low, high = np.log(np.array(DOSE_RANGE_J_M2) / irradiance_W_m2)
    lengths = np.linspace(low, high, 1 + int(np.ceil((high - low) / LN_LENGTH_STEP)))
    first = _first_sufficient(lengths, lambda at: float(missing(scene.median_skin, at)[0]))
    known = {index: missing(skins, lengths[index]) for index in (max(first - 1, 0), first)}
    while min(known) > 0 and (known[min(known)] < 0).any():
        known[min(known) - 1] = missing(skins, lengths[min(known) - 1])
    while max(known) < lengths.size - 1 and (known[max(known)] > 0).any():
        known[max(known) + 1] = missing(skins, lengths[max(known) + 1])
    order = sorted(known)
    return _crossing_length(lengths[order], np.stack([known[index] for index in order], axis=1))


def _first_sufficient(lengths: Floats, log_deficit: Callable[[float], float]) -> int:
    """Return the index of the first length that suffices, by bisection; the last index where none does."""
    low, high, reason = 0, lengths.size - 1, None
    while low < high:
        middle = (low + high) // 2
        try:
            enough = log_deficit(lengths[middle]) <= 0
        except NotAvailable as error:
            # Not modelled for pulses so short: the answer, if there is one, is a longer pulse.
            enough, reason = False, error
        low, high = (low, middle) if enough else (middle + 1, high)
    if reason is not None:
        log_deficit(lengths[max(low - 1, 0)])  # raises if the model ends just below the answer
    return low


def _crossing_length(lengths: Floats, log_deficit: Floats) -> Floats:
    """Return the length at which `log_deficit`, (sample, length), falls to 0, (sample,), s; inf where it never does."""
    enough = log_deficit <= 0
    after = np.argmax(enough, axis=1)
    before, row = np.maximum(after - 1, 0), np.arange(len(log_deficit))
    above, below = log_deficit[row, before], log_deficit[row, after]
    # If no dose in the range suffices at the shorter length, the answer is still between the two lengths.
    known = np.isfinite(above) & (above > below)
    fall = np.subtract(above, below, out=np.ones(len(log_deficit)), where=known)
    share = np.where(known, above / fall, 1.0)
    found = np.exp(lengths[before] + np.clip(share, 0.0, 1.0) * (lengths[after] - lengths[before]))
    return np.where(enough.any(axis=1), found, np.inf)


# Lengths of successive runs. From a millionth of a run on, a step is an eighth of the elapsed time, so that a run
# resolves the five decades before its end.
_LENGTHS_S = (1e-3, 1.0, 100.0, 1e4, 1e5)
# Most of the damage of a short pulse is done by the heat that remains after it. The pulse that suffices is therefore
# shorter, by less than this factor: from 10 ns to 100 s of hold, the temperature of cell death falls from 320 to 17 K
# above that of the skin.
MAX_SHORTENING = 20.0
LN_PULSE_STEP = 0.14  # of ln(pulse) between runs: ln Ω is straight between them to a tenth, of a slope of six and more
TINY_OMEGA = 1e-300


_CELL_DEATH_PLACES: Final = {
    "epidermal-necrosis": basal_layer_response,
    "minimum-visible-lesion": basal_layer_response,
    "dermal-necrosis": papillary_border_response,
}


def exposure_thresholds(scene: PulseScene, skins: SkinSample, endpoint: str) -> tuple[Floats, Floats]:
    """Return the exposure at which each draw reaches an endpoint, s, and the weights of the draws.

    Damage that is done while the skin cools after the light or the bath is included.

    Raises
    ------
    NotAvailable : an endpoint that is not modelled for the time of a bath, or as `pulse_length_for_endpoint`.
    """
    endpoint_function(endpoint)
    weights = skins["weight"]
    if scene.bath is not None:
        return _bath_exposure(skins, endpoint, scene.bath[0], scene.cooling.air_temperature_C), weights
    return _beam_exposure(scene, skins, endpoint), weights


def _bath_exposure(skins: SkinSample, endpoint: str, temperature_C: float, air_C: float) -> Floats:
    if endpoint == "pain":
        return bath_pain_times(skins, temperature_C, air_C)
    if endpoint == "collagen-coagulation":
        collagen = sample_kinetics(COLLAGEN_KINETICS, skins)
        return bath_times(skins, temperature_C, air_C, _coagulation_end, collagen)
    if endpoint not in _CELL_DEATH_PLACES:
        raise NotAvailable(render_message("simulate.not-by-time"))
    processes = sample_kinetics(CELL_DEATH_KINETICS, skins)
    return bath_times(skins, temperature_C, air_C, _CELL_DEATH_PLACES[endpoint], processes)


def _beam_exposure(scene: PulseScene, skins: SkinSample, endpoint: str) -> Floats:
    irradiance_W_m2 = _irradiance(scene)
    if endpoint not in _CELL_DEATH_PLACES:
        return pulse_length_for_endpoint(scene, skins, endpoint, irradiance_W_m2)
    locate, processes = _CELL_DEATH_PLACES[endpoint], sample_kinetics(CELL_DEATH_KINETICS, skins)
    lit = scene.illuminate(skins)
    assert lit is not None  # there is a beam

    def times_of_run(length_s: float) -> Floats:
        schedule = constant_beam_schedule(scene.cooling, length_s)
        place = locate(simulate_pulse(skins, scene.beam, scene.cooling, illumination=lit, schedule=schedule))
        history = place.base_K + irradiance_W_m2 * length_s * place.unit_K
        return unit_omega_time(history, schedule.step_s, schedule.power_on, processes)

    times = first_times(skins.count, _LENGTHS_S, times_of_run)
    found = _length_with_cooling(scene, skins, lit, locate, processes, times)
    if endpoint != "minimum-visible-lesion":
        return found
    # Another visible mark may appear before the epidermis dies.
    return np.minimum(found, pulse_length_for_endpoint(scene, skins, endpoint, irradiance_W_m2))


def _coagulation_end(response: PulseResponse) -> LocalResponse:
    """Return the temperature of the cell at the lower end of a zone of coagulated collagen at the top of the dermis.

    Heat of a bath enters from above, so that the zone grows downwards. If the dermis is thinner than the zone, its last
    cell is used.

    Raises
    ------
    NotAvailable : such skins have no dermis.
    """
    cells = dermis_cells(response)
    covered = np.cumsum(response.grid.widths[:, cells], axis=1)
    last = cells[np.minimum((covered < COAGULATED_WIDTH_M).sum(axis=1), cells.size - 1)]
    row = np.arange(len(last))
    return LocalResponse(response.base_K[row, :, last], response.unit_K[row, :, last])


def _length_with_cooling(
    scene: PulseScene,
    skins: SkinSample,
    illumination: Illumination,
    locate: Callable[[PulseResponse], LocalResponse],
    processes: Kinetics,
    length_without_cooling_s: Floats,
) -> Floats:
    """Return the pulse length at which Ω is 1 including the cooling afterwards, (sample,), s.

    `length_without_cooling_s` is the length without the damage after the pulse, which is longer.
    """
    sought = np.isfinite(length_without_cooling_s) & (length_without_cooling_s > 0)
    if not sought.any():
        return length_without_cooling_s
    ends = (
        np.log(length_without_cooling_s[sought].min() / MAX_SHORTENING),
        np.log(length_without_cooling_s[sought].max()),
    )
    lengths = np.linspace(*ends, 1 + int(np.ceil((ends[1] - ends[0]) / LN_PULSE_STEP)))
    damage = []
    for length in np.exp(lengths):
        assert scene.beam is not None  # there is light
        pulse = replace(scene.beam.with_flat_pulse(length / MS), pulses=1, passes=1)
        response = simulate_pulse(skins, pulse, scene.cooling, illumination=illumination)
        place = locate(response)
        history = place.base_K + _irradiance(scene) * length * place.unit_K
        damage.append(np.log(np.maximum(omega(history, response.schedule.step_s, processes), TINY_OMEGA)))
    over = np.stack(damage, axis=1)
    after = np.clip(np.argmax(over >= 0, axis=1), 1, lengths.size - 1)
    row = np.arange(len(over))
    low, high = over[row, after - 1], over[row, after]
    share = np.clip(-low / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    found = np.exp(lengths[after - 1] + share * (lengths[after] - lengths[after - 1]))
    return np.where(sought, np.minimum(found, length_without_cooling_s), length_without_cooling_s)


def _irradiance(scene: PulseScene) -> float:
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
