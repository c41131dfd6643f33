"""Ends of pigment: the radiant exposure at which melanosomes of a sampled skin break."""

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.physics.melanosome import heat_kept, in_range, nucleation, threshold_exposure
from skinbeam.simulate.ablation import spread
from skinbeam.simulate.places import middle_of_epidermis, onset_of
from skinbeam.simulate.pulse import Illumination, Response
from skinbeam.skin.properties import melanosome_mua
from skinbeam.units import ZERO_CELSIUS_K

__all__ = ["melanosome_disruption"]

Floats = NDArray[np.float64]

DARK_1_M = 1e-200  # where no light arrives the dose is beyond any range


def melanosome_disruption(response: Response) -> Floats:
    """Return the dose at which half of the melanosomes of the epidermis break, or the one in water, (sample,), J/m².

    Raises
    ------
    NotAvailable : pulses out of the range of the thermal threshold, or skins without an epidermis.
    """
    lit = response.lit
    assert lit is not None  # an endpoint is asked with a beam
    pulse_s = response.schedule.pulse_s
    if not bool(in_range(pulse_s)):
        raise NotAvailable(text("endpoint.melanosome-pulse"))
    if response.skins.attrs["preset"] == "melanosome":
        return _isolated_melanosome(response, lit)
    # Half of the melanosomes lie above the middle of the epidermis, half below, and light falls with depth.
    cell = middle_of_epidermis(response)
    heat = response.heat
    layer = int(response.grid.layer[cell])
    capacity, conductivity = heat.heat_capacity_vol[:, layer], heat.conductivity[:, layer]
    diameter = np.asarray(response.skins["melanosome_diameter_m"].values, dtype=np.float64)
    kept = heat_kept(pulse_s, diameter, conductivity / capacity)
    kind = response.skins.attrs["melanosome"]
    inside = np.sum(
        [
            line.share * line.light.fluence_rate_ratio[:, cell] * melanosome_mua(line.wavelength_nm, kind)
            for line in lit.lines
        ],
        axis=0,
    )
    dose = threshold_exposure(
        nucleation_K=spread(nucleation("cutaneous_C"), response.skins, "nucleation_shift") + ZERO_CELSIUS_K,
        start_K=response.base_K[:, onset_of(response), cell],
        heat_capacity_vol=capacity,
        mua=np.maximum(inside, DARK_1_M),
        fluence_ratio=1.0,
        kept=kept,
    )
    if "melanosome_fraction" not in response.skins:
        return dose
    # Skin without melanosomes has none to break.
    return np.where(response.skins["melanosome_fraction"].values[:, layer] > 0, dose, np.inf)


def _isolated_melanosome(response: Response, lit: Illumination) -> Floats:
    """One melanosome in water, in the light that falls on the dish."""
    capacity = nucleation("heat_capacity_J_m3K").value
    diffusivity = response.heat.conductivity[:, 0] / response.heat.heat_capacity_vol[:, 0]
    diameter = np.asarray(response.skins["melanosome_diameter_m"].values, dtype=np.float64)
    kind = response.skins.attrs["melanosome"]
    return threshold_exposure(
        nucleation_K=spread(nucleation("isolated_C"), response.skins, "nucleation_shift") + ZERO_CELSIUS_K,
        start_K=response.base_K[:, onset_of(response), 0],
        heat_capacity_vol=capacity,
        mua=sum(line.share * melanosome_mua(line.wavelength_nm, kind) for line in lit.lines),
        fluence_ratio=1.0,
        kept=heat_kept(response.schedule.pulse_s, diameter, diffusivity),
    )
