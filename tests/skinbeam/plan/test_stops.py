"""Stops and cautions that a doctor expects, each for its class: gold, days off, pregnancy, infection, lids and INR."""

from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document
from smallest_cases import DIAGNOSED

from skinbeam.course.aftercare import downtime_range
from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import laser_modalities, vocabulary_table
from skinbeam.response.goals import list_alternatives
from skinbeam.suitability.judgement import Suitability, judge_case, judge_suitability
from skinbeam.suitability.table import decision_severity

CONDITIONS = sorted(vocabulary_table("condition"))
OTHER_LASER = devices("ndyag-1064")  # for vessels alone, so that nothing is searched
GOLD: list[dict[str, Any]] = [
    {"history": ["gold-therapy"]},
    {"medications": [{"name": "gold", "last_dose_months": 360.0}]},
]


def case_of(patient: dict[str, Any], condition: str = "redness", site: str = "cheeks") -> Case:
    person = {"age_years": 45.0, "sex": "female", "phototype": "II", **patient}
    return parse_record(
        Case, {"patient": person, "concern": [{"condition": condition, "site": site, **DIAGNOSED}]}, file="case"
    )


def judged(case: Case, modality: str, **choice: Any) -> Suitability:
    return judge_suitability(case, concern=case.concern[0], modality=modality, **choice)


def rules_of(found: Suitability) -> set[str]:
    return {reason.rule for reason in found.reasons}


@pytest.mark.parametrize("patient", GOLD, ids=["history", "medicine"])
@pytest.mark.parametrize("condition", CONDITIONS)
def test_nobody_with_gold_in_the_skin_is_plainly_suitable(patient: dict[str, Any], condition: str) -> None:
    found = judge_case(case_of(patient, condition))
    assert decision_severity(found.decision) >= decision_severity("with-caution")
    (reason,) = (reason for reason in found.reasons if reason.rule == "gold-at-any-light")
    assert not reason.about  # it is said of the person, whatever is treated


@pytest.mark.parametrize("modality", laser_modalities())
def test_gold_bars_short_pulses_of_every_colour(modality: str) -> None:
    case = case_of(GOLD[0])
    for wavelength_nm in (532.0, 694.0, 755.0, 1064.0):
        short = judged(case, modality, device_wavelength_nm=wavelength_nm, pulse_ms=5e-6)
        assert short.decision == "not-suitable"
    assert "gold" not in rules_of(judged(case, modality, device_wavelength_nm=1064.0, pulse_ms=20.0))


@pytest.mark.parametrize("condition", CONDITIONS)
def test_no_day_off_is_told_at_the_decision(condition: str) -> None:
    none, two = (judge_case(case_of({"downtime_days_accepted": days}, condition)) for days in (0.0, 2.0))
    assert "no-days-off" in rules_of(none)
    assert decision_severity(none.decision) >= decision_severity("with-caution")
    assert "no-days-off" not in rules_of(two)
    assert "no-days-off" not in rules_of(judge_case(case_of({}, condition)))


WOUNDS = {"chemical-peel", "microneedling", "cryotherapy"}


@pytest.mark.parametrize(("condition", "site"), [("acne-scars", "cheeks"), ("age-spots", "hands")])
def test_what_wounds_without_a_laser_is_held_against_the_days_off(condition: str, site: str) -> None:
    told = {}
    for days in (0, 30):
        person = PERSON + f"downtime_days_accepted = {days}\n"
        (part,) = document(person + concern(condition, site, NAMED) + OTHER_LASER)["concerns"]
        told[days] = {
            option["modality"]: "healing-longer-than-accepted" in {reason["rule"] for reason in option["reasons"]}
            for option in part["options"]
        }
    wounds = WOUNDS & set(told[0])
    assert wounds
    assert all(told[0][name] for name in wounds)
    assert not any(told[30].values())
    assert not told[0]["no-treatment"]
    assert not told[0].get("sun-protection")


def test_deeper_wounds_show_for_longer() -> None:
    """Needles leave redness for days, a peel flakes for a week or two, what is frozen has to heal under a scab."""
    medians = []
    for modality in ("microneedling", "chemical-peel", "cryotherapy"):
        found = downtime_range(modality, "acne-scars").estimate()
        assert isinstance(found, Estimate)
        medians.append(found.median)
    assert medians == sorted(medians)


LOOKS = [name for name in CONDITIONS if name not in ("active-acne", "hypertrophic-scars", "keloid")]


@pytest.mark.parametrize("condition", LOOKS)
def test_nothing_for_looks_wounds_the_skin_in_pregnancy(condition: str) -> None:
    case = case_of({"pregnant": True}, condition)
    for modality in ("chemical-peel", "cryotherapy", "microneedling", "radiofrequency", *laser_modalities()):
        assert judged(case, modality).decision == "not-suitable"
    assert judged(case, "sun-protection").decision == "suitable"


def test_pregnancy_is_led_by_what_does_not_wound() -> None:
    for condition in ("age-spots", "melasma", "skin-texture"):
        (part,) = document(PERSON + "pregnant = true\n" + concern(condition) + OTHER_LASER)["concerns"]
        assert {option["modality"] for option in part["options"]} & WOUNDS == set()
        assert part["options"]


UNTOUCHED = {"sun-protection", "camouflage", "acne-medication", "tranexamic-acid", "rosacea-medication", "photodynamic"}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_nothing_is_done_to_an_infected_field(condition: str) -> None:
    """Lips with a cold sore get no retinoid for their lines, no peel and no needle; nothing else that touches them."""
    case = case_of({"history": ["active-infection"]}, condition)
    offered = [one.modality for one in list_alternatives(condition) if one.modality not in UNTOUCHED]
    for modality in (*offered, *laser_modalities()):
        assert judged(case, modality).decision == "not-suitable", modality
        assert judged(case_of({}, condition), modality).reasons != judged(case, modality).reasons


@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative"])
def test_ablation_of_a_full_face_speaks_of_lids_and_shields(modality: str) -> None:
    full = judged(case_of({}, "wrinkles", "full-face"), modality)
    (reason,) = (reason for reason in full.reasons if reason.rule == "full-face-lids")
    assert "corneal shields" in reason.message.text
    assert "lids" in reason.message.text
    assert "full-face-lids" not in rules_of(judged(case_of({}, "acne-scars", "cheeks"), modality))
    assert "corneal-shields" in rules_of(judged(case_of({}, "wrinkles", "eyelid"), modality))


BLEEDS = ("ablative", "fractional-ablative", "microneedling", "surgery", "filler", "intralesional-steroid")


@pytest.mark.parametrize("modality", BLEEDS)
@pytest.mark.parametrize("name", ["Marcumar", "warfarin", "Sintrom", "blood thinner"])
def test_a_vitamin_k_antagonist_needs_an_inr_before_blood_is_drawn(modality: str, name: str) -> None:
    taken = {"medications": [{"name": name, "last_dose_months": 0.0}]}
    (reason,) = (one for one in judged(case_of(taken), modality).reasons if one.rule == "warfarin-inr")
    assert "INR" in reason.message.text
    assert reason.decision == "with-caution"


@pytest.mark.parametrize("name", ["aspirin", "apixaban", "clopidogrel"])
def test_an_inr_says_nothing_of_other_blood_thinners(name: str) -> None:
    found = judged(case_of({"medications": [{"name": name, "last_dose_months": 0.0}]}), "ablative")
    assert "antithrombotic" in rules_of(found)
    assert "warfarin-inr" not in rules_of(found)


def test_light_that_draws_no_blood_needs_no_inr() -> None:
    taken = {"medications": [{"name": "warfarin", "last_dose_months": 0.0}]}
    assert "warfarin-inr" not in rules_of(judged(case_of(taken), "pigment-long-pulse"))
