"""Endpoints of pigment: radiant exposures at which half or all of the melanosomes of a sampled skin are disrupted."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.physics.targets.melanosome import nucleation_value, retained_heat_in_train, threshold_exposure
from skinbeam.simulate.light.illumination import SpectralLine
from skinbeam.simulate.pulse.locations import pigmented_cells
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.properties import melanosome_mua
from skinbeam.text import render_message

__all__ = ["is_stress_confined", "melanosome_disruption_dose", "shortest_pulse_s", "whitening_dose"]

Floats = NDArray[np.float64]

PULSE_SLACK = 1e-6  # relative: the shortest pulse counts as inside


def melanosome_disruption_dose(response: PulseResponse) -> Floats:
    """Return the dose that disrupts half of the melanosomes of the epidermis, or a single melanosome in water.

    (sample,), J/m².

    Raises
    ------
    NotAvailable : pulses that confine stress, or skins without an epidermis.
    """
    if response.skins.preset == "melanosome":
        return _disruption_dose(response, np.array([0]), "isolated_C")[:, 0]
    cells = pigmented_cells(response)
    # The median melanosome in the order of disruption.
    doses, held = _disruption_dose(response, cells, "cutaneous_C"), _melanosome_volume(response, cells)
    # Cells without melanosomes are sorted last and have no weight.
    doses = np.where(held > 0, doses, doses.max(axis=1, where=held > 0, initial=0.0, keepdims=True))
    order = np.argsort(doses, axis=1)
    doses, held = (np.take_along_axis(of, order, axis=1) for of in (doses, held))
    whole = held.sum(axis=1, keepdims=True)
    middle = (np.cumsum(held, axis=1) - held / 2) / np.where(whole > 0, whole, 1.0)
    half = np.array([np.interp(0.5, share, dose) for share, dose in zip(middle, doses, strict=True)])
    return np.where((whole[:, 0] > 0) & np.isfinite(half), half, np.inf)


def whitening_dose(response: PulseResponse) -> Floats:
    """Return the dose at which vapour forms on every melanosome of the epidermis, (sample,), J/m².

    Raises
    ------
    NotAvailable : as `melanosome_disruption_dose`.
    """
    cells = pigmented_cells(response)
    doses: Floats = _disruption_dose(response, cells, "cutaneous_C")
    has_melanosomes = _melanosome_volume(response, cells) > 0
    # Cells without melanosomes do not count; skin without any never reaches the endpoint.
    return np.where(has_melanosomes.any(axis=1), doses.max(axis=1, where=has_melanosomes, initial=0.0), np.inf)


def _melanosome_volume(response: PulseResponse, cells: NDArray[np.int64]) -> Floats:
    """Return the volume of the melanosomes in each of `cells` per area, (sample, cell), m.

    Explicit layers are treated as evenly pigmented.
    """
    widths: Floats = response.grid.widths[:, cells]
    if "melanosome_fraction" not in response.skins:
        return widths
    return np.asarray(widths * response.skins["melanosome_fraction"][:, response.grid.layer[cells]])


def _disruption_dose(response: PulseResponse, cells: NDArray[np.int64], nucleation_key: str) -> Floats:
    """Return the dose that disrupts a melanosome in each of `cells` at the end of any pulse, (sample, cell), J/m²."""
    skins, lit, plan = response.skins, response.illumination, response.schedule
    assert lit is not None  # endpoints are computed for a beam
    layer = response.grid.layer[cells]
    if nucleation_key == "cutaneous_C" and not _has_melanosomes(response, layer):
        return np.full((skins.count, cells.size), np.inf)
    if is_stress_confined(response):
        raise NotAvailable(render_message("endpoint.melanosome-pulse"))
    capacity, conductivity = response.heat.heat_capacity_vol[:, layer], response.heat.conductivity[:, layer]
    # All cells have the same conductivity: layers of an epidermis differ in their melanin alone.
    diffusivity = conductivity[:, 0] / capacity[:, 0]
    if nucleation_key == "isolated_C":
        capacity = np.full_like(capacity, nucleation_value("heat_capacity_J_m3K").value)
    # Where a pulse has stopped blood flow, cells may end colder than without it: there, light heats no granule.
    warmed = np.maximum(response.unit_K, 0.0)
    # Absorption of the granule in excess of that of its layer, over all lines of the beam.
    over = np.sum(
        [
            line.energy_share * line.light.fluence_rate_ratio[:, cells] * _excess_absorption(response, line, layer)
            for line in lit.spectral_lines
        ],
        axis=0,
    )
    diameter = skins["melanosome_diameter_m"]
    vapour_K = (value_at_normal(nucleation_value(nucleation_key), skins["nucleation_shift"]) + ZERO_CELSIUS_K)[
        :, None, None
    ]
    doses: Floats = np.empty_like(over)
    for rows, power_on, lit_s in plan.by_train(len(diameter)):
        begins, ends, times = _pulse_intervals(power_on, plan.step_s)
        retained = retained_heat_in_train(begins, ends, lit_s, diameter[rows], diffusivity[rows])
        at = np.ix_(rows, times, cells)
        at_ends = threshold_exposure(
            nucleation_K=vapour_K[rows],
            layer_K=response.base_K[at],
            layer_K_m2_J=warmed[at],
            heat_capacity_vol=capacity[rows, None, :],
            excess_absorption_1_m=over[rows, None, :],
            retained_share=retained[:, :, None],
        ).min(axis=1)
        # A cell beside hotter cells may warm further after the light, when granules have the temperature of their
        # layer.
        later = np.ix_(rows, np.arange(int(times[0]) + 1, plan.step_s.size + 1), cells)
        doses[rows] = np.minimum(
            at_ends,
            threshold_exposure(
                nucleation_K=vapour_K[rows],
                layer_K=response.base_K[later],
                layer_K_m2_J=warmed[later],
                heat_capacity_vol=capacity[rows, None, :],
                excess_absorption_1_m=0.0,
            ).min(axis=1, initial=np.inf),
        )
    if "melanosome_fraction" not in skins or nucleation_key == "isolated_C":
        return doses
    # Skin without melanosomes has none to break.
    return np.where(skins["melanosome_fraction"][:, layer] > 0, doses, np.inf)


def shortest_pulse_s() -> float:
    """Return the shortest pulse that is not stress-confined in a melanosome.

    No source covers the disruption by shorter pulses.
    """
    return nucleation_value("pulse_shortest_s").value * (1 - PULSE_SLACK)


def is_stress_confined(response: PulseResponse) -> bool:
    """Return whether a pulse ends before sound has left a melanosome."""
    return bool(np.min(response.schedule.stretch_s) < shortest_pulse_s())


def _has_melanosomes(response: PulseResponse, layer: NDArray[np.int64]) -> bool:
    """Return whether any of the skins has melanosomes in these layers; explicit layers are assumed to."""
    skins = response.skins
    return "melanosome_fraction" not in skins or bool(np.any(skins["melanosome_fraction"][:, layer] > 0))


def _excess_absorption(response: PulseResponse, line: SpectralLine, layer: NDArray[np.int64]) -> Floats:
    """Return the absorption of a granule minus that of all granules averaged over its layer, (sample, cell), 1/m.

    Granules displace nothing (`skin.properties`): the water of the layer absorbs inside them as well. Explicit layers
    do not specify their absorbers; their absorption is attributed to granules.
    """
    skins = response.skins
    law = melanosome_mua(line.wavelength_nm, skins.melanosome)
    inside = skins["melanosome_density"][:, None] * law
    if "melanosome_fraction" in skins:
        return np.asarray(np.maximum(inside - skins["melanosome_fraction"][:, layer] * law, 0.0))
    return np.asarray(np.maximum(inside - line.optics.mua[:, layer], 0.0))


def _pulse_intervals(power_on: Floats, step_s: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return the start and end of each stretch of light, (pulse,), s, and the index of the time of its end."""
    time = np.concatenate([[0.0], np.cumsum(step_s)])
    change = np.diff(np.concatenate([[0.0], (power_on > 0).astype(np.float64), [0.0]]))
    last = np.flatnonzero(change < 0)
    return time[change > 0], time[last], last
