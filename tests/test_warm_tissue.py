"""Tissue whose heat properties follow its temperature: the linear model comes back, and doses hardly move."""

from pathlib import Path

import numpy as np
import pytest

from skinbeam.schema.case import Case
from skinbeam.schema.load import LoadedCase, parse
from skinbeam.simulate.boiled import at_dose
from skinbeam.simulate.places import papillary_bottom
from skinbeam.simulate.pulse import respond
from skinbeam.simulate.scene import scene_of
from skinbeam.simulate.warm_tissue import NO_SLOPES, at_dose_warm, tissue_slopes, warm_dose_ratio
from skinbeam.units import J_CM2


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
def test_burning_doses_change_by_a_hundredth_and_by_two_at_most(pulse_ms: float, wavelength_nm: float) -> None:
    """What `docs/methods/heat.md` says: heat that leaves faster raises doses a little."""
    lit = response(pulse_ms, wavelength_nm)
    middle, most = (warm_dose_ratio(lit, tissue_slopes(lit.skins, lit.grid.layer, end)) for end in ("value", "high"))
    assert (middle > 1.0).all()
    assert (most > middle).all()
    assert middle.max() < 1.012
    assert most.max() < 1.022


def test_a_dose_that_does_not_exist_has_no_ratio() -> None:
    unlit = at_dose(response(1.0), 0.0)  # its change by a dose is 0
    ratio = warm_dose_ratio(unlit, NO_SLOPES, where=papillary_bottom)
    assert np.isnan(ratio).all()
