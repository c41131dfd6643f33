"""A vessel cools as d²/16κ says in a medium of its own, and more slowly in one that conducts worse."""

import numpy as np
import pytest
from scipy.special import i0e, i1e

from skinbeam.physics.targets.vessel import REMAINING_RISE, cylinder_relaxation_time, lumen_relaxation_time

BLOOD = (0.52, 3.8e6)
KAPPA = BLOOD[0] / BLOOD[1]


def uniform_mean(time_s: float, radius_m: float, kappa: float) -> float:
    """Mean rise left of a uniform cylinder in a uniform medium, heated at once (Carslaw and Jaeger)."""
    x = radius_m**2 / (2 * kappa * time_s)
    return 1 - float(i0e(x) + i1e(x))


def test_what_is_left_is_that_of_a_cylinder_after_d_squared_over_16_kappa():
    assert pytest.approx(uniform_mean(1e-4**2 / (16 * KAPPA), 0.5e-4, KAPPA), rel=1e-12) == REMAINING_RISE


@pytest.mark.parametrize("diameter_m", [10e-6, 100e-6, 1e-3])
def test_in_a_medium_of_its_own_it_is_the_usual_time(diameter_m):
    found = lumen_relaxation_time(diameter_m, blood=BLOOD, dermis=(BLOOD[0], BLOOD[1]))
    # Steps of 1.9 % in time with first-order damping, and ten cells over the radius: below 2 %.
    assert found == pytest.approx(cylinder_relaxation_time(diameter_m, KAPPA), rel=0.02)


def test_dermis_that_conducts_worse_keeps_it_warm_for_longer_but_not_as_long_as_dermis_alone():
    dermis = np.array([0.3, 0.37, 0.45])
    found = lumen_relaxation_time(1e-4, blood=BLOOD, dermis=(dermis, np.full(3, BLOOD[1])))
    assert np.all(np.diff(found) < 0)
    assert np.all(found > cylinder_relaxation_time(1e-4, KAPPA))
    assert np.all(found < cylinder_relaxation_time(1e-4, dermis / BLOOD[1]))


def test_a_diameter_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        lumen_relaxation_time(0.0, blood=BLOOD, dermis=BLOOD)
