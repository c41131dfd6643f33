"""What a clinician has at hand at a visit: each laser has every list, and none of them names a dose of a drug."""

import re
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, loaded

from skinbeam.course.aftercare import checklist_advice, record_keeping_advice
from skinbeam.model.case import Case
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.suitability.table import CHECKLISTS, load_rules


def case(*sites: str) -> Case:
    return loaded(PERSON + "".join(concern("wrinkles", site, extra="") for site in sites)).case


def rules_of(use: str, modality: str, *sites: str) -> set[str]:
    made = case(*(sites or ("cheeks",)))
    return {advice.rule for advice in checklist_advice(use, [(one, modality) for one in made.concern], made)}


@pytest.mark.parametrize("use", CHECKLISTS)
@pytest.mark.parametrize("modality", laser_modalities())
def test_every_laser_has_every_list_on_face_and_hands(use: str, modality: str) -> None:
    assert rules_of(use, modality, "cheeks")
    assert rules_of(use, modality, "hands")


@pytest.mark.parametrize("use", CHECKLISTS)
def test_what_needs_no_laser_has_none(use: str) -> None:
    assert not rules_of(use, "sun-protection", "cheeks")


def test_no_list_names_a_dose_of_a_drug() -> None:
    for use in CHECKLISTS:
        for rule in load_rules(use):
            assert not re.search(r"\d\s?(mg|ml|g|%|mL|µg|mg/kg)\b", rule.message.text), rule.id


def test_where_skin_is_removed_numbing_goes_further_than_a_cream() -> None:
    assert "anaesthesia-ablative" in rules_of("anaesthesia", "ablative")
    assert "anaesthesia-light" not in rules_of("anaesthesia", "ablative")
    assert "anaesthesia-light" in rules_of("anaesthesia", "vascular")


def test_vessels_are_marked_before_a_cream_where_vessels_are_treated_alone() -> None:
    for modality in ("pigment-short-pulse", "pigment-long-pulse"):
        rules = [rule for rule in load_rules("anaesthesia") if rule.id in rules_of("anaesthesia", modality)]
        assert rules
        assert not any("vessel" in rule.message.text for rule in rules)


def test_the_eye_is_numbed_and_its_signs_are_named_near_it_alone() -> None:
    assert "anaesthesia-eyes" in rules_of("anaesthesia", "vascular", "eyelid")
    assert "anaesthesia-eyes" not in rules_of("anaesthesia", "vascular", "cheeks")
    assert "complication-eye" in rules_of("complications", "vascular", "cheeks")
    assert "complication-eye" not in rules_of("complications", "vascular", "hands")


def test_hands_are_not_photographed_as_a_face_is() -> None:
    assert "photographs-face" not in rules_of("photographs", "vascular", "hands")
    assert {"photographs-face", "photographs-other"} <= rules_of("photographs", "vascular", "hands", "nose")


def test_infection_is_looked_for_where_the_skin_is_opened() -> None:
    assert "complication-infection" in rules_of("complications", "fractional-ablative")
    assert "complication-infection" not in rules_of("complications", "vascular")


def test_a_plan_with_a_laser_holds_the_lists_and_one_without_holds_none() -> None:
    laser: Any = document(PERSON + concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595"))
    bare: Any = document(PERSON + concern("dynamic-wrinkles", extra="") + devices("pulsed-dye-595"))
    for use in (*CHECKLISTS, "consent"):
        assert laser[use]
        assert bare[use] == []
    assert [one["rule"] for one in laser["consent"]] == [advice.rule for advice in record_keeping_advice()]
