"""Blood in a cuvette whose absorption rises as it heats, and its endpoints: coagulation and vaporisation.

Blood absorbs far more than it scatters, so light is attenuated along its way by absorption: the power that blood of
layers of different temperatures absorbs is that of an equivalent thickness of cold blood,

    power between z1 and z2 = A(s(z2)) - A(s(z1)),   s(z) = integral of mu_a(T) / mu_a,cold dz    (cuvette 1)

with A the power that cold blood absorbs down to a depth, including the effect of scattering. Energy is conserved. Heat
flows along the depth only.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.physics.heat.cells import HeatSource, RobinBoundary
from skinbeam.physics.heat.conduction_1d import HeatProblem1D, conduct_1d
from skinbeam.physics.heat.linear_conduction import LinearConduction
from skinbeam.simulate.light.illumination import SpectralLine
from skinbeam.simulate.pulse.damage_dose import DOSE_RANGE_J_M2, damage_dose
from skinbeam.simulate.pulse.locations import cell_response
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.skins.tissue_kinetics import BLOOD_KINETICS, sample_kinetics
from skinbeam.simulate.vessels.heated_blood import heated_factor, heated_mua, self_consistent_dose, unheated_reason
from skinbeam.simulate.vessels.vessel_endpoints import COLDEST_RISE_K, blood_vapour_K
from skinbeam.text import render_message

__all__ = [
    "blood_coagulation_dose",
    "blood_vaporisation_dose",
    "cuvette_at_dose",
    "has_rising_absorption",
]

Floats = NDArray[np.float64]


def has_rising_absorption(response: PulseResponse) -> bool:
    """Return whether a response is of blood in a cuvette whose absorption rises as it heats."""
    lit_blood = response.layers == ["blood"] and response.illumination is not None
    return lit_blood and response.heated_blood and unheated_reason(response) is None


def cuvette_at_dose(response: PulseResponse, dose: Floats | float) -> PulseResponse:
    """Return the response at a dose, a number or (sample,) J/m², divided by it: it is valid at that dose only.

    The light is the average of the heating light over the pulse. Other responses are returned unchanged.
    """
    if not has_rising_absorption(response):
        return response
    lit, plan, grid = response.illumination, response.schedule, response.grid
    assert lit is not None  # checked by `has_rising_absorption`
    sample_dose = np.broadcast_to(np.asarray(dose, dtype=np.float64), (response.skins.count,))[:, None]
    rise = np.zeros(grid.centres.shape)
    surface, steps = [np.zeros(len(sample_dose))], [rise]
    energy = np.zeros((len(lit.spectral_lines), *rise.shape))
    material = grid.material(response.heat)
    for step, seconds in enumerate(plan.step_s):
        on = plan.power_on[..., step : step + 1]
        ahead = rise
        # Predictor with the temperature at the start of the step, corrector with that half way through it.
        for _ in range(2 if np.any(on) else 1):
            power = _absorbed_per_depth(response, response.base_K[:, step] + (rise + ahead) / 2)
            source = HeatSource(power.sum(axis=0) * _heated_fraction(response) * sample_dose / plan.pulse_s, on)
            film = RobinBoundary(response.surface_conditions.h_W_m2K[..., step : step + 1], np.zeros((1, 1)))
            march = HeatProblem1D(
                grid.cells,
                material,
                rise,
                np.array([seconds]),
                source,
                film,
                grid.lower_boundary(0 * sample_dose[:, 0]),
            )
            history = conduct_1d(march, LinearConduction())
            ahead = np.maximum(history.cell_temperature[:, 1], 0.0)
        rise = ahead
        energy += power * on * seconds / plan.pulse_s
        steps.append(rise)
        surface.append(np.maximum(history.surface[:, 1], 0.0))
    lines = tuple(_equivalent_line(line, energy[i], grid.layer) for i, line in enumerate(lit.spectral_lines))
    return replace(
        response,
        illumination=replace(lit, spectral_lines=lines),
        unit_K=np.stack(steps, axis=1) / sample_dose[..., None],
        surface_unit_K=np.stack(surface, axis=1) / sample_dose,
    )


def _absorbed_per_depth(response: PulseResponse, temperature_K: Floats) -> Floats:
    """Return the absorption per depth of each line in blood at a temperature per cell, (line, sample, cell), 1/m."""
    assert response.illumination is not None  # only for lit blood
    skins, widths = response.skins, response.grid.widths
    haematocrit, oxygenation = (skins[f"blood_{name}"][:, None] for name in ("haematocrit", "oxygenation"))
    factor = heated_factor(response, temperature_K)
    parts = []
    for line in response.illumination.spectral_lines:
        hot, cold = (
            heated_mua(line.wavelength_nm, haematocrit, oxygenation, heating_factor)
            for heating_factor in (factor, np.ones_like(factor))
        )
        depth, seen = (_sum_above(values * widths) for values in (np.ones_like(widths), hot / cold))
        within = _sum_above(
            line.energy_share * line.optics.mua[:, response.grid.layer] * line.light.fluence_rate_ratio * widths
        )
        taken = np.stack([np.interp(s, z, a) for s, z, a in zip(seen, depth, within, strict=True)])
        parts.append(np.diff(taken, axis=1) / widths)
    return np.stack(parts)


def _sum_above(values: Floats) -> Floats:
    """Sum of the cells above each face, (sample, face)."""
    return np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)


def _heated_fraction(response: PulseResponse) -> Floats | float:
    """Return the share of absorbed light that heats, (sample, 1)."""
    assert response.illumination is not None  # only for lit blood
    return 1.0 if response.illumination.heated_share is None else response.illumination.heated_share[:, None]


def _equivalent_line(line: SpectralLine, absorbed: Floats, layer: NDArray[np.int64]) -> SpectralLine:
    """Return a line with the light from which cold blood would absorb the same power."""
    ratio = absorbed / (line.energy_share * line.optics.mua[:, layer])
    return replace(line, light=replace(line.light, fluence_rate_ratio=ratio))


def blood_coagulation_dose(response: PulseResponse) -> Floats:
    """Return the dose at which the first blood coagulates, (sample,), J/m².

    Raises
    ------
    NotAvailable : no blood in a cuvette.
    """
    return _cuvette_dose(response, _coagulation_dose)


def blood_vaporisation_dose(response: PulseResponse) -> Floats:
    """Return the dose at which the first vapour forms, (sample,), J/m²: before any audible pop or ejection.

    Raises
    ------
    NotAvailable : no blood in a cuvette.
    """
    return _cuvette_dose(response, _vapour_dose)


def _cuvette_dose(response: PulseResponse, endpoint_dose: Callable[[PulseResponse], Floats]) -> Floats:
    """Return the dose of an endpoint; with heated blood, the dose whose own response reaches the endpoint."""
    linear = endpoint_dose(response)
    if not has_rising_absorption(response):
        return linear
    return self_consistent_dose(linear, lambda dose: endpoint_dose(cuvette_at_dose(response, dose)))


def _coagulation_dose(response: PulseResponse) -> Floats:
    processes = sample_kinetics(BLOOD_KINETICS, response.skins)
    doses = [damage_dose(response, cell_response(response, int(cell)), processes) for cell in _blood_cells(response)]
    return np.asarray(np.min(doses, axis=0))


def _vapour_dose(response: PulseResponse) -> Floats:
    cells = _blood_cells(response)
    base, unit = response.base_K[:, :, cells], np.maximum(response.unit_K[:, :, cells], COLDEST_RISE_K)
    dose = np.maximum(((blood_vapour_K(response)[:, None, None] - base) / unit).min(axis=(1, 2)), 0.0)
    return np.where(dose > DOSE_RANGE_J_M2[1], np.inf, dose)


def _blood_cells(response: PulseResponse) -> NDArray[np.int64]:
    if "blood" not in response.layers:
        raise NotAvailable(render_message("endpoint.blood-in-a-cuvette"))
    return np.flatnonzero(response.grid.layer == response.layers.index("blood"))
