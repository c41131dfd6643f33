"""Mean temperature rise of the whole skin under many fractional beams.

The distance between columns at a density n is 1/√n. After the time in which heat crosses half of that, t = 1/(4 n κ),
the heat of the columns has merged: the skin is then as warm as if the same energy had been delivered by a wide beam of
the radiant exposure n E. Passes add up, minus the heat lost between them.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.units import CM, MJ
from skinbeam.simulate.light.lighting import illuminate
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.simulate.removal.ablation import is_ablative
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = ["BOILING_C", "bulk_temperature_rise", "is_bulk_boiling"]

Floats = NDArray[np.float64]
BOILING_C = 100.0


def bulk_temperature_rise(skins: SkinSample, beam: Beam, cooling: CoolingPlan) -> Floats:
    """Return the greatest mean rise of temperature at any depth once the columns of the last pass have merged, K.

    If they do not merge within the simulated seconds, the rise at the end of the simulation is returned.

    Raises
    ------
    NotAvailable : craters, because the share of their heat that leaves with the removed tissue is not known.
    """
    micro = beam.microbeam
    assert micro is not None  # only for fractional beams
    assert micro.energy_mJ is not None  # a dose was required
    if is_ablative(beam):
        raise NotAvailable(render_message("not-apply.crater-heat"))
    wide = replace(beam, microbeam=None, spot_mm=None, fluence_J_cm2=None)
    response = simulate_pulse(skins, wide, cooling, illumination=illuminate(skins, wide.spectrum))
    density = micro.density_per_cm2 / CM**2
    diffusivity = response.heat.conductivity / response.heat.heat_capacity_vol
    merged_s = 1.0 / (4.0 * density * float(np.median(diffusivity)))
    end = np.concatenate([[0.0], np.cumsum(response.schedule.step_s)])
    last_pulse = end[1:][response.schedule.is_lit][-1]
    moment = min(int(np.searchsorted(end, last_pulse + merged_s)), end.size - 1)
    rise: Floats = density * micro.energy_mJ * MJ * response.unit_K[:, moment].max(axis=1)
    return rise


def is_bulk_boiling(rise_K: Floats | float | Unknown, median_skin: SkinSample) -> bool:
    """Return whether half of such skins would boil as a whole, which the model of single columns does not represent."""
    if isinstance(rise_K, Unknown):
        return False
    return bool(np.median(rise_K) + float(median_skin["temperature_C"][0]) > BOILING_C)
