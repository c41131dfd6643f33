"""What another cooling than planned does to the probability of a burn: bounds and order, for spray and for contact."""

import pytest
from consultations import loaded
from numpy.testing import assert_allclose

from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import AssessedPerson, assess_person
from skinbeam.what_if.asked_setting import AskedSetting, judge_asked_setting
from skinbeam.what_if.other_cooling import judge_other_cooling, resolve_other_cooling

DRAWS = 42  # the least with which a plan is made
COOLED = {"pulsed-dye-595": "spray", "ipl": "contact"}
CASE = """
title = "Another cooling is asked about"
[patient]
age_years = 42
sex = "female"
phototype = "III"
[[concern]]
condition = "facial-telangiectasia"
severity = "moderate"
site = "cheeks"
area_cm2 = 20.0
diagnosed = true
diagnosed_by = "clinician"
diagnosis_method = "dermoscopy"
diagnosis_date = 2026-01-02
"""


@pytest.fixture(scope="module")
def person() -> AssessedPerson:
    return assess_person(check_consultation(loaded(CASE)), DRAWS, 0)


@pytest.fixture(scope="module", params=COOLED)
def asked(person: AssessedPerson, request: pytest.FixtureRequest) -> AskedSetting:
    # Above the usual dose, where a burn is neither certain nor impossible, so that a wrong cooling differs.
    base = judge_asked_setting(person, loaded(CASE), {}, device_name=request.param)
    return judge_asked_setting(
        person, loaded(CASE), {"fluence_J_cm2": round(1.3 * base.trial.dose)}, device_name=request.param
    )


def test_the_planned_cooling_stated_once_more_changes_no_number(person: AssessedPerson, asked: AskedSetting) -> None:
    kind = COOLED[asked.trial.machine.device.name]
    found = judge_other_cooling(person, asked, kind, {})
    assert_allclose(
        [found.low, found.median, found.high], [asked.p_harm.low, asked.p_harm.median, asked.p_harm.high], rtol=1e-12
    )


def test_no_cooling_burns_as_the_plan_says_of_a_cooling_that_fails(person: AssessedPerson, asked: AskedSetting) -> None:
    uncooled = judge_other_cooling(person, asked, "none", {})
    assert asked.trial.uncooled_injury_probability is not None
    # The estimate is the weighted mean of the probabilities of the draws.
    weights = asked.trial.weights[1]
    mean = float((asked.trial.uncooled_injury_probability * weights).sum() / weights.sum())
    assert uncooled.median == pytest.approx(mean, abs=1e-9)
    assert uncooled.median > asked.p_harm.median


def test_any_cooling_burns_no_more_than_none_and_a_weaker_one_no_less_than_planned(
    person: AssessedPerson, asked: AskedSetting
) -> None:
    kind = COOLED[asked.trial.machine.device.name]
    uncooled = judge_other_cooling(person, asked, "none", {}).median
    for other in ("air", "contact", "spray"):
        assert judge_other_cooling(person, asked, other, {}).median <= uncooled
    weaker = {"spray": {"before_ms": 10.0, "delay_ms": 60.0}, "contact": {"temperature_C": 20.0}}[kind]
    assert asked.p_harm.median < judge_other_cooling(person, asked, kind, weaker).median <= uncooled


def test_a_light_whose_harm_is_no_burn_has_no_answer(person: AssessedPerson) -> None:
    scars = loaded(CASE.replace("facial-telangiectasia", "acne-scars"))
    someone = assess_person(check_consultation(scars), DRAWS, 0)
    asked = judge_asked_setting(someone, scars, {"density_per_cm2": 200.0}, device_name="fractional-1550")
    with pytest.raises(NotAvailable):
        judge_other_cooling(someone, asked, "none", {})


@pytest.mark.parametrize("name", [name for name, one in devices().items() if one.cooling])
def test_a_setting_that_is_known_is_used_and_one_that_is_not_is_as_planned(name: str) -> None:
    device = devices()[name]
    kind = device.cooling[0].kind
    own = resolve_other_cooling(device, kind, {})
    warmer = resolve_other_cooling(device, kind, {"temperature_C": own.temperature_C + 3.5})
    assert warmer.temperature_C == own.temperature_C + 3.5
    assert (warmer.before_ms, warmer.delay_ms, warmer.during) == (own.before_ms, own.delay_ms, own.during)
    with pytest.raises(InputError):
        resolve_other_cooling(device, kind, {"before_ms": -1.0})
    with pytest.raises(InputError):
        resolve_other_cooling(device, "gel", {})
