"""The law of one patient's improvement, against SciPy's integrals and what trials of spots and vessels say."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis.design import Features
from skinbeam.evidence.synthesis.improvement_law import ImprovementLaw, has_single_lesions
from skinbeam.evidence.synthesis.new_clinic import draw_new_clinics

THETA, SD = 70.0, 30.0


@pytest.mark.parametrize("cleared", [0.0, 0.3])
def test_moments_are_those_of_the_integral(cleared: float) -> None:
    x = np.linspace(THETA - 12 * SD, THETA + 12 * SD, 400_001)
    density = stats.norm.pdf(x, THETA, SD)
    density *= (1.0 - cleared) / density.sum()
    seen = np.minimum(x, 100.0)
    expected = (density * seen).sum() + cleared * 100.0
    mean, variance = ImprovementLaw(np.array([THETA]), np.array([SD]), np.array([cleared])).moments
    assert mean[0] == pytest.approx(expected, rel=1e-5)
    assert variance[0] == pytest.approx((density * seen**2).sum() + cleared * 100.0**2 - expected**2, rel=1e-4)


def test_shares_fall_from_everybody_to_nobody_with_those_who_are_cleared_at_the_last() -> None:
    law = ImprovementLaw(np.array([THETA]), np.array([SD]), np.array([0.3]))
    shares = [float(law.share_above(cut)[0]) for cut in (-np.inf, 25.0, 50.0, 75.0, 90.0, 100.0, np.inf)]
    assert shares[0] == 1.0
    assert shares[-1] == 0.0
    assert all(more > less for more, less in pairwise(shares))
    assert shares[-2] == pytest.approx(0.3 + 0.7 * stats.norm.sf(100.0, THETA, SD), abs=1e-6)


def test_more_are_cleared_where_others_improve_more_and_nobody_of_a_diffuse_colour() -> None:
    theta, g, h = np.array([20.0, 50.0, 80.0]), np.array(-1.0), np.array(2.0)
    cleared = ImprovementLaw.from_theta(theta, np.array(SD), True, g, h).cleared_share
    assert cleared[0] < cleared[1] < cleared[2]
    assert cleared[1] == pytest.approx(1.0 / (1.0 + np.e))
    assert not ImprovementLaw.from_theta(theta, np.array(SD), False, g, h).cleared_share.any()
    assert has_single_lesions("age-spots")
    assert not has_single_lesions("melasma")


def test_as_many_spider_angiomas_are_expected_to_clear_as_trials_counted() -> None:
    """Most of them clear: what all trials together counted lies where a new clinic is expected."""
    counted = [arm for arm in trial_arms() if arm.is_fitted and arm.condition == "spider-angioma" and 90.0 in arm.cuts]
    (clinics,) = draw_new_clinics([Features.from_question(EvidenceQuestion("spider-angioma", "vascular"))])
    low, high = np.quantile(clinics.share_above(90.0), (0.1, 0.9))
    together = sum(arm.count_reaching(90.0) for arm in counted) / sum(arm.graded_count for arm in counted)
    assert low < together < high
    assert np.median(clinics.share_above(90.0)) > 0.5
