"""The calibrated error: a probability that grows with the dose, spread by what is not known, and told where it ends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from skinbeam.derived import derived_table
from skinbeam.practice.calibration import BURN, burn_calibration, covers

RUBY = burn_calibration(694.0, 1e-3)


@given(st.floats(0.01, 50.0), st.floats(1.001, 3.0))
def test_more_light_burns_no_fewer(ratio: float, more: float) -> None:
    less, greater = RUBY.p_reached([ratio, more * ratio])
    assert 0.0 <= less <= greater <= 1.0


def test_the_ends_are_certain() -> None:
    assert RUBY.p_reached(0.0) == 0.0  # no dose, or a computed dose without end
    assert RUBY.p_reached(np.inf) == 1.0


def test_a_share_is_the_mean_over_the_draws() -> None:
    entry = derived_table("burn_calibration")[BURN]
    bias, between, people = (np.array(entry[name]) for name in ("bias", "between", "people"))
    shift = np.array(entry["slope"]) * np.log(694.0 / entry["reference_nm"])
    for ratio in (0.5, 2.0, 8.0):
        direct = ndtr((np.log(ratio) - bias - shift) / np.hypot(between, people)).mean()
        # Linear between points a hundredth apart: an eighth of 1e-4 times a curvature of at most 1/(0.3² sqrt(2 pi e)).
        assert RUBY.p_reached(ratio) == pytest.approx(direct, abs=1e-4)


def test_ratios_of_normals_have_these_shares() -> None:
    normals = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    np.testing.assert_allclose(RUBY.p_reached(RUBY.ratio(normals)), ndtr(normals), atol=1e-6)
    assert RUBY.bias == pytest.approx(float(RUBY.ratio(0.0)))
    assert RUBY.spread > 1.0


def test_where_no_published_dose_is_near_the_computed_dose_stands_more_widely() -> None:
    assert covers(755.0, 3e-3)
    for wavelength_nm, pulse_s in ((1540.0, 3e-3), (532.0, 6e-9), (450.0, 1e-2)):
        assert not covers(wavelength_nm, pulse_s)
        found = burn_calibration(wavelength_nm, pulse_s)
        assert (found.rows, found.sources) == (0, 0)
        assert found.bias == pytest.approx(1.0, rel=1e-3)


def test_doses_that_are_only_recommended_can_be_left_out() -> None:
    without = burn_calibration(694.0, 1e-3, recommended=False)
    assert without.rows < RUBY.rows
    assert without.sources < RUBY.sources


def test_published_doses_are_foretold_as_often_as_promised() -> None:
    """80 % intervals of sources that a fit has not seen hold seven to nine counts of ten (docs/practice.md)."""
    checks = derived_table("practice_checks")
    counted = [row for side in ("left_out", "kept_aside") for row in checks[side] if row["kind"] == "counted"]
    assert len(counted) >= 15
    assert 0.7 <= sum(row["holds"] for row in counted) / len(counted) <= 0.9
