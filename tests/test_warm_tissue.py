"""Tissue whose heat properties follow its temperature: the linear model comes back, and doses hardly move."""

from pathlib import Path

import numpy as np
import pytest

from skinbeam.physics.cells import cylinder
from skinbeam.physics.damage import kinetics, omega
from skinbeam.physics.heat import time_steps
from skinbeam.physics.heat_warm import Slopes, conduct_warm
from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, parse
from skinbeam.simulate.boiled import at_dose
from skinbeam.simulate.places import papillary_bottom
from skinbeam.simulate.pulse import respond
from skinbeam.simulate.scene import scene_of
from skinbeam.simulate.warm_tissue import NO_SLOPES, at_dose_warm, tissue_slopes, warm_dose_ratio
from skinbeam.skin.tables import table
from skinbeam.units import J_CM2, UM


def response(pulse_ms: float, wavelength_nm: float = 595.0, **more: object):  # type: ignore[no-untyped-def]
    tables = {
        "skin": {"preset": "human"},
        "laser": {"wavelength_nm": wavelength_nm},
        "settings": {"fluence_J_cm2": 1.0, "pulse_ms": pulse_ms, "spot_mm": 10.0},
    }
    scene = scene_of(LoadedCase(parse(Case, tables | more, file="test"), Path(), "test"))
    return respond(scene.skin.sample(6, 0), scene.beam, scene.cooling)


def test_without_slopes_the_linear_model_comes_back() -> None:
    spray = {"kind": "spray", "cryogen": "R134a", "before_ms": 30.0, "delay_ms": 20.0}
    lit = response(1.0, cooling=spray)
    dose = 1.5 * J_CM2  # which brings no draw to boiling
    warm, plain = at_dose_warm(lit, dose, NO_SLOPES), at_dose(lit, dose)
    # The unit response cuts off what an implicit step undershoots; 1e-3 K is far above that and far below a degree.
    np.testing.assert_allclose(warm.base_K, plain.base_K, atol=1e-3)


def test_wet_tissue_conducts_better_when_warm_and_fat_worse() -> None:
    lit = response(1.0)
    slopes = tissue_slopes(lit.skins, lit.grid.layer)
    fat = np.isin(lit.grid.layer, [i for i, name in enumerate(lit.skins["material"].to_numpy()) if "fat" in str(name)])
    assert fat.any()
    assert (np.asarray(slopes.conductivity)[fat] < 0).all()
    assert (np.asarray(slopes.conductivity)[~fat] > 0).all()
    low, high = (tissue_slopes(lit.skins, lit.grid.layer, end) for end in ("low", "high"))
    assert (np.asarray(low.conductivity) <= slopes.conductivity).all()
    assert (np.asarray(high.conductivity) >= slopes.conductivity).all()


@pytest.mark.parametrize("pulse_ms", [1.0, 100.0, 1e4])
@pytest.mark.parametrize("wavelength_nm", [595.0, 1540.0])
def test_burning_doses_change_by_two_hundredths_and_by_four_at_most(pulse_ms: float, wavelength_nm: float) -> None:
    """What `docs/methods/heat.md` says: heat that leaves faster raises doses a little."""
    lit = response(pulse_ms, wavelength_nm)
    middle, most = (warm_dose_ratio(lit, tissue_slopes(lit.skins, lit.grid.layer, end)) for end in ("value", "high"))
    assert (middle > 1.0).all()
    assert (most > middle).all()
    assert middle.max() < 1.02
    assert most.max() < 1.04


def test_a_dose_that_does_not_exist_has_no_ratio() -> None:
    unlit = at_dose(response(1.0), 0.0)  # its change by a dose is 0
    ratio = warm_dose_ratio(unlit, NO_SLOPES, where=papillary_bottom)
    assert np.isnan(ratio).all()


@pytest.mark.parametrize(("diameter_um", "pulse_s", "least", "most"), [(30, 0.04, 1.02, 1.08), (300, 0.01, 0.99, 1.02)])
def test_narrow_vessels_in_long_pulses_need_some_per_cent_more(
    diameter_um: float, pulse_s: float, least: float, most: float
) -> None:
    """A vessel as hot as its surroundings let it become feels what they conduct; one that keeps its heat does not."""
    radius = diameter_um * UM / 2
    cells = cylinder(np.concatenate([np.linspace(0, radius, 21), radius + np.geomspace(radius / 20, 2e-3, 80)]))
    blood = cells.centres[0] < radius
    edge = int(blood.sum()) - 1
    steps, phase = time_steps([pulse_s, 1.0], first_fraction=0.01, growth=1.1)
    wet = table("warm")["wet"]

    def dose(which: str | None) -> float:
        slopes = [0.0 if which is None else wet[name][which] for name in ("conductivity_1_K", "heat_capacity_1_K")]
        low, high = np.log(1e6), np.log(1e10)  # J/m³
        for _ in range(30):
            middle = (low + high) / 2
            history = conduct_warm(
                cells,
                Slopes(306.0, *slopes),
                conductivity=np.where(blood, 0.52, 0.37),
                heat_capacity_vol=3.8e6,
                initial=307.0,
                step_s=steps,
                power_density=np.where(blood, np.exp(middle) / pulse_s, 0.0),
                power_on=(phase == 0).astype(np.float64),
            )
            done = omega(history.recorded[:, :, edge], steps, kinetics("blood"))[0] >= 1.0
            low, high = (low, middle) if done else (middle, high)
        return float(np.exp((low + high) / 2))

    constant = dose(None)
    assert least < dose("value") / constant < dose("high") / constant < most
