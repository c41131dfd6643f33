"""What spots tell of the error at one light: a clean one lowers a risk and never to nothing, an injury raises it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.published_doses.calibration import BurnLight, burn_calibration, error_parts
from skinbeam.published_doses.personal_calibration import SpotObservation, calibrate_person, miss_probability

DYE = BurnLight(595.0, 6e-3, 7.0)
DOSES = np.array([2.0])  # over the computed dose: some 5 of 100 are burnt
QUARTER = 0.25


def p(*seen: SpotObservation, dose: float = 2.0) -> float:
    return float(calibrate_person(DYE, seen).p_reached(np.array([dose]))[0])


def clean(dose: float, untold: float = QUARTER) -> SpotObservation:
    return SpotObservation(np.array([dose]), injured=False, miss_probability=untold)


@pytest.mark.parametrize("light", [DYE, BurnLight(1064.0, 1e-2, 3.0), BurnLight(532.0, 6e-9, 3.0)])
@pytest.mark.parametrize("dose", [0.5, 1.0, 2.0, 5.0])
def test_without_a_spot_it_is_what_is_known_of_everybody(light: BurnLight, dose: float) -> None:
    """One deviation stands for the draws of that between people: the shares agree to a hundredth."""
    everybody = float(burn_calibration(light).p_reached(dose))
    assert calibrate_person(light, []).p_reached(np.array([dose]))[0] == pytest.approx(everybody, abs=0.01)


@given(st.floats(0.2, 4.0), st.floats(1.05, 2.0))
def test_the_greater_the_dose_that_was_borne_the_less_is_feared(dose: float, more: float) -> None:
    assert p(clean(dose * more)) <= p(clean(dose)) <= p() + 1e-9


def test_a_dose_that_injured_is_feared_at_lower_doses_too() -> None:
    injured = SpotObservation(DOSES, injured=True)
    assert p(injured) > 5.0 * p()
    assert p(injured, dose=1.5) > p(dose=1.5)


def test_no_number_of_clean_spots_takes_a_risk_below_what_they_do_not_foretell() -> None:
    assert p(*[clean(2.0)] * 50) > QUARTER * p()
    assert p(*[clean(8.0)] * 50) >= QUARTER * p() * (1.0 - 1e-9)  # they leave nothing else, but for rounding


def test_a_clean_session_is_the_field_and_tells_more_than_a_spot_but_does_not_rule_a_burn_out() -> None:
    session = clean(2.0, 0.0)
    assert 0.0 < p(session) < p(clean(2.0)) < p()
    assert 0.0 < p(*[session] * 50) < QUARTER * p()


@given(st.floats(0.01, 0.5))
def test_a_session_far_below_makes_no_more_of_clean_spots(low: float) -> None:
    """What the field bore is its own dose: the spots beside it may still miss what the field would show."""
    assert p(clean(2.0), clean(low, 0.0)) == pytest.approx(p(clean(2.0)), rel=0.05)
    assert p(*[clean(8.0)] * 50, clean(low, 0.0)) > 0.95 * QUARTER * p()


@given(st.floats(0.5, 4.0), st.floats(0.5, 4.0))
def test_a_clean_spot_after_a_clean_session_raises_no_risk(spot: float, session: float) -> None:
    """A ladder after a clean session promised more burns if every spot is clean than were feared before it."""
    known = calibrate_person(DYE, [clean(session, 0.0)])
    after = known.updated_with([clean(spot)])
    assert float(after.p_reached(DOSES)[0]) <= float(known.p_reached(DOSES)[0]) + 1e-9
    together = calibrate_person(DYE, [clean(session, 0.0), clean(spot)])
    assert float(after.p_reached(DOSES)[0]) == pytest.approx(float(together.p_reached(DOSES)[0]))


def test_a_spot_that_is_read_early_tells_less_and_before_a_day_nothing() -> None:
    assert miss_probability(1.0) is None
    day, three = miss_probability(24.0), miss_probability(72.0)
    assert day is not None
    assert three is not None
    assert day > three > 0.0
    assert p(clean(2.0, three)) < p(clean(2.0, day)) < p()


def test_an_injury_below_every_threshold_is_an_accident_and_no_contradiction() -> None:
    impossible = SpotObservation(np.array([0.0]), injured=True)
    assert 0.0 <= p(impossible) <= 1.0


def test_draws_that_the_dose_would_burn_lose_weight_to_a_clean_spot_and_gain_it_by_an_injury() -> None:
    over = np.array([0.5, 2.0, 8.0])  # of three skins, the darkest last
    spared = calibrate_person(DYE, [SpotObservation(over, False, QUARTER)]).likelihood
    burnt = calibrate_person(DYE, [SpotObservation(over, True)]).likelihood
    assert (np.diff(spared) < 0).all()
    assert (np.diff(burnt) > 0).all()
    assert (
        calibrate_person(DYE, [SpotObservation(over, False, QUARTER)]).first_draws(2).likelihood.tolist()
        == spared[:2].tolist()
    )


def test_a_draw_that_would_burn_without_light_is_ruled_out_by_a_clean_spot() -> None:
    learned = calibrate_person(DYE, [SpotObservation(np.array([np.inf, 2.0]), False, QUARTER)])
    assert learned.likelihood[0] == 0.0
    assert np.isfinite(learned.p_reached(np.array([np.inf, 2.0]))).all()


def test_the_truth_is_found_from_spots_of_people_whose_error_is_known() -> None:
    """Of 4,000 people drawn from the model, those with a clean spot are burnt as often as is told of them.

    Every clean spot tells (`miss_probability` 0). Three standard errors of some 3,700 people with a share of 2 %:
    0.007.
    """
    rng = np.random.default_rng(1)
    error = error_parts(DYE)
    of = rng.integers(error.means.size, size=4000)
    shared = rng.normal(error.means[of], error.error[of])
    spot, field = shared[:, None].T + rng.normal(0.0, error.people, (2, 4000))
    unharmed = np.log(2.0) <= spot
    burnt = float((np.log(2.0) > field)[unharmed].mean())
    assert p(clean(2.0, 0.0)) == pytest.approx(burnt, abs=0.007)
