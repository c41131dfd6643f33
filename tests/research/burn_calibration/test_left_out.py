"""Burns over sessions, and the likelihood of a source over all that its clinic may choose and err."""

from typing import Any

import numpy as np
import pytest
from scipy.special import logsumexp, ndtr

from research.burn_calibration.left_out import source_log_likelihood
from research.burn_calibration.model import Observations, threshold_log_sd
from research.burn_calibration.posterior import burn_share

DRAW: dict[str, Any] = {
    **{"usual": 0.4, "margin": 1.0, "spot": -0.5, "chosen": 0.6, "rows": 0.25, "followed": 0.5, "clinics": 0.35},
    **{"people": 0.15, "lapse": 0.0, "family": np.zeros(6)},
}


def source(sessions: float = 1.0) -> Observations:
    """One source: a row with a dose in two ways and 4 of 60 burnt, and the dose at which its burns begin."""
    return Observations(
        names=("counted", "begins"),
        sources=("clinic",),
        source=np.array([0, 0]),
        family=np.array([1, 1]),
        over_computed=np.array([[0.9, 0.7], [1.4, 0.0]]),
        spread=np.array([[0.3, 0.25], [0.3, 0.0]]),
        spot=np.array([[0.0, -0.3], [0.0, 0.0]]),
        ways=np.log(np.array([[0.5, 0.5], [1.0, 1e-300]])),
        has_dose=np.array([True, True]),
        weight=np.array([1.0, 0.0]),
        has_count=np.array([True, False]),
        is_threshold=np.array([False, True]),
        harmed=np.array([4.0, 0.0]),
        treated=np.array([60.0, 0.0]),
        sessions=np.array([sessions, 1.0]),
    )


def shares(sessions: float, clinics: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    return burn_share(DRAW, source(sessions), 0, np.array([0.5, 0.45]), clinics)


def test_one_session_burns_by_the_variance_of_skins_and_people() -> None:
    clinics = np.array([-1.0, 0.0, 1.0])
    above = DRAW["followed"] * np.array([[0.5], [0.45]]) - DRAW["margin"] + DRAW["clinics"] * clinics
    closed = ndtr(above / np.sqrt(DRAW["people"] ** 2 + np.array([[0.3**2], [0.25**2]])))
    # 21 points of Hermite are exact to a tenth where a person's curve is half as wide as the spread of skins.
    assert shares(1.0, clinics) == pytest.approx(closed, rel=0.1)


def test_who_was_spared_once_is_likelier_to_be_spared_again() -> None:
    """The same skin comes to each session: five burn more people than one, and fewer than five groups of strangers."""
    clinics = np.linspace(-2.0, 2.0, 9)
    once, five = shares(1.0, clinics), shares(5.0, clinics)
    assert np.all(once < five)
    strangers = 1.0 - (1.0 - once) ** 5
    assert np.all(five < strangers)
    assert np.all((five < 0.85 * strangers)[once > 0.05])


def test_the_likelihood_of_a_source_is_its_mean_over_clinics() -> None:
    rng = np.random.default_rng(0)
    drawn, seen = 200_000, source(3.0)
    choice, clinic = rng.standard_normal((2, drawn))
    bold = seen.over_computed - DRAW["usual"] - DRAW["spot"] * seen.spot
    off = (bold[0][:, None] - DRAW["chosen"] * choice) / DRAW["rows"]
    of_way = np.log(0.5) - 0.5 * off**2 - np.log(DRAW["rows"])
    share = burn_share(DRAW, seen, 0, bold[0], clinic)
    of_way += 4.0 * np.log(share) + 56.0 * np.log1p(-share)
    own = (1.0 - DRAW["followed"]) * DRAW["chosen"] * choice - DRAW["clinics"] * clinic
    begins = -0.5 * ((bold[1, 0] - DRAW["margin"] - own) / threshold_log_sd()) ** 2
    drawn_mean = logsumexp(logsumexp(of_way, axis=0) + begins) - np.log(drawn)
    # The deviation of the mean of 200,000 draws is below 1 in 100.
    assert source_log_likelihood(DRAW, seen, 0) == pytest.approx(drawn_mean, abs=0.03)
