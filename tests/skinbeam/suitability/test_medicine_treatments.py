"""Treatments with medicines and creams, and medicines that a person takes already."""

from typing import Any

import pytest
from decision_samples import NAMED, RESURFACED, decide

from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities
from skinbeam.model.consultation import HISTORY
from skinbeam.model.input_files import parse_record
from skinbeam.model.suggestions import word_hint
from skinbeam.suitability.judgement import judge_case, judge_suitability


@pytest.mark.parametrize(
    ("person", "decision"),
    [
        ({}, "suitable"),
        ({"pregnant": True}, "not-suitable"),
        ({"lactating": True}, "with-caution"),
        ({"history": ["thrombosis"]}, "not-suitable"),
        ({"history": ["bleeding-disorder"]}, "refer"),
        ({"history": ["heart-disease"]}, "refer"),
        ({"medicines": ["rivaroxaban"]}, "not-suitable"),
        ({"medicines": ["warfarin"]}, "not-suitable"),
        ({"medicines": ["Yasmin"]}, "not-suitable"),
        ({"medicines": ["ethinylestradiol"]}, "not-suitable"),
        ({"medicines": ["estradiol"]}, "not-suitable"),
        ({"medicines": ["tamoxifen"]}, "not-suitable"),
        ({"medicines": ["levonorgestrel"]}, "suitable"),  # alone it hardly clots
        ({"medicines": ["metformin"]}, "suitable"),
    ],
)
def test_tranexamic_acid_is_given_where_nothing_clots_and_nobody_is_pregnant(person: Any, decision: str) -> None:
    assert decide("tranexamic-acid", "melasma", **person)[0] == decision


@pytest.mark.parametrize("word", ["dvt", "blood clot", "pulmonary embolism", "stroke", "factor v leiden"])
def test_words_for_a_clot_lead_to_the_one_of_the_list(word: str) -> None:
    assert "thrombosis" in HISTORY
    assert word_hint([word], HISTORY) == 'Did you mean "thrombosis"? '


def test_isotretinoin_and_a_retinoid_cream_are_not_taken_together() -> None:
    assert decide("topical-retinoid", "skin-texture", medicines=["Roaccutane"])[0] == "not-suitable"
    assert decide("topical-retinoid", "skin-texture")[0] == "suitable"


@pytest.mark.parametrize(
    "name",
    ["Plaquenil", "Yasmin", "levothyroxine", "metformin", "Ozempic", "spironolactone", "Skinoren", "benzoyl peroxide"],
)
def test_what_many_people_take_is_read(name: str) -> None:
    patient = {"age_years": 40.0, "sex": "female", "phototype": "II", "medications": [{"name": name}]}
    concern = {"condition": "wrinkles", "site": "cheeks", **NAMED}
    case = parse_record(Case, {"patient": patient, "concern": [concern]}, file="case")
    assert "medication-not-checked" not in {reason.rule for reason in judge_case(case).reasons}


def test_a_name_that_nobody_knows_is_told_where_a_rule_asks_for_medicines_alone() -> None:
    told = {
        name
        for name in known_modalities()
        if "medication-not-checked" in decide(name, "melasma", medicines=["Zzyzx"])[1]
    }
    assert {"sun-protection", "camouflage", "no-treatment"}.isdisjoint(told)
    assert {"vascular", "microneedling", "topical-retinoid", "tranexamic-acid"} <= told


def test_melasma_asks_for_hormones_and_tells_of_those_that_are_taken() -> None:
    assert "melasma-ask" in decide("topical-depigmenting", "melasma")[1]
    assert "melasma-ask" not in decide("topical-depigmenting", "melasma", sex="male")[1]
    decision, rules = decide("topical-depigmenting", "melasma", medicines=["levonorgestrel"])
    assert decision == "with-caution"
    assert "melasma-hormones" in rules
    assert "melasma-ask" not in rules


def test_spider_naevi_with_a_liver_disease_and_colour_that_a_medicine_leaves_are_told() -> None:
    assert "spider-ask" in decide("vascular", "spider-angioma")[1]
    assert "spider-liver" in decide("vascular", "spider-angioma", history=["liver-disease"])[1]
    marks = "post-inflammatory-hyperpigmentation"
    assert "drug-pigment" in decide("pigment-short-pulse", marks, medicines=["minocycline"])[1]
    assert "drug-pigment" not in decide("pigment-short-pulse", marks, medicines=["doxycycline"])[1]
    assert decide("rosacea-medication", "redness", history=["lupus"])[0] == "refer"


@pytest.mark.parametrize("state", ["pregnant", "lactating"])
def test_5_fluorouracil_is_for_nobody_with_a_child_to_harm(state: str) -> None:
    injected = "intralesional-5-fluorouracil"
    assert decide(injected, "keloid", **{state: True})[0] == "not-suitable"
    decision, rules = decide(injected, "keloid")
    assert decision != "not-suitable"
    assert "pregnancy-ask" in rules


@pytest.mark.parametrize("modality", ["acne-medication", "rosacea-medication", "topical-depigmenting"])
def test_in_pregnancy_azelaic_acid_is_told_wherever_a_cream_would_be(modality: str) -> None:
    assert "azelaic-acid-in-pregnancy" in decide(modality, "melasma", pregnant=True)[1]


@pytest.mark.parametrize(
    ("name", "reacts"), [("Tegretol", True), ("lamotrigine 100 mg", True), ("Keppra", False), ("valproate", False)]
)
def test_a_medicine_against_seizures_is_read_and_asked_about(name: str, reacts: bool) -> None:
    rules = decide("vascular", "redness", medicines=[name])[1]
    assert "antiepileptic-ask" in rules
    assert ("photosensitiser-other" in rules) is reacts
    assert "medication-not-checked" not in rules


TAKES_TRANEXAMIC_ACID = {"medicines": ["tranexamic acid"]}


@pytest.mark.parametrize(
    ("person", "warns"),
    [
        ({}, False),
        ({"history": ["vitiligo"]}, False),
        ({"history": ["heart-disease"]}, True),
        ({"history": ["bleeding-disorder"]}, True),
        ({"pregnant": True}, True),
        ({"history": ["thrombosis"]}, True),
        ({"medicines": ["tranexamic acid", "ethinylestradiol"]}, True),
        ({"medicines": ["cyklokapron", "tamoxifen"]}, True),
        ({"medicines": ["tranexamic acid", "warfarin"]}, True),
        ({"medicines": ["tranexamic acid", "metformin"]}, False),
        ({"history": ["thrombosis"], "medicines": []}, False),
    ],
)
def test_tranexamic_acid_that_is_taken_against_a_clot_is_spoken_of(person: Any, warns: bool) -> None:
    decision, rules = decide("vascular", "facial-telangiectasia", **(TAKES_TRANEXAMIC_ACID | person))
    assert ("tranexamic-acid-taken-despite" in rules) is warns
    assert decision != "not-suitable" or "pregnant" in person  # the light does not depend on it


@pytest.mark.parametrize("modality", ["acne-medication", "rosacea-medication"])
@pytest.mark.parametrize(("state", "asked"), [("pregnant", "pregnancy"), ("lactating", "breast-feeding")])
def test_tetracyclines_are_told_of_wherever_acne_or_rosacea_is_treated_with_medicines(
    modality: str, state: str, asked: str
) -> None:
    decision, rules = decide(modality, "redness", **{state: True})
    assert decision == "with-caution"
    assert {f"tetracycline-in-{asked}", f"tetracycline-while-{asked}"} & rules
    assert {"acne-medication-in-pregnancy", "lactation-acne-medication"} & rules
    assert "pregnancy-ask" in decide(modality, "redness")[1]


@pytest.mark.parametrize("condition", ["age-spots", "uneven-pigmentation", "wrinkles"])
def test_a_retinoid_cream_is_no_choice_on_a_lid(condition: str) -> None:
    """It stood first for spots on an eyelid, beside the sentence that it stays outside the rim of the eye."""
    assert decide("topical-retinoid", condition, "eyelid")[0] == "refer"
    decision, rules = decide("topical-retinoid", condition, "periorbital")
    assert (decision, "cream-near-eye" in rules) == ("with-caution", True)
    assert not {"cream-near-eye", "cream-on-lids"} & decide("topical-retinoid", condition, "cheeks")[1]
    assert "cream-near-eye" in decide("topical-retinoid", "fine-lines-periorbital", "full-face")[1]  # lines by the eyes


@pytest.mark.parametrize(
    ("modality", "condition", "medicine"),
    [
        ("topical-retinoid", "wrinkles", "tretinoin cream"),
        ("topical-retinoid", "active-acne", "adapalene"),
        ("topical-depigmenting", "melasma", "hydroquinone cream"),
        ("topical-depigmenting", "post-inflammatory-hyperpigmentation", "azelaic acid"),
        ("tranexamic-acid", "melasma", "tranexamic acid"),
        ("acne-medication", "active-acne", "benzoyl peroxide"),
        ("acne-medication", "active-acne", "isotretinoin"),
        ("rosacea-medication", "redness", "doxycycline"),
        ("rosacea-medication", "redness", "Soolantra"),
        ("rosacea-medication", "redness", "Metronidazol Creme"),
        ("topical-depigmenting", "melasma", "Pigmanorm"),
        ("topical-vasoconstrictor", "redness", "Mirvaso"),
    ],
)
def test_what_is_used_already_is_not_begun_anew(modality: str, condition: str, medicine: str) -> None:
    """A retinoid cream was the first choice of a person who used one, without a word of it."""
    told = []
    for months in (0.0, 2.0):
        taken = [{"name": medicine, "last_dose_months": months}]
        patient = {"age_years": 45.0, "sex": "male", "phototype": "II", "medications": taken}
        concerns = [{"condition": condition, "site": "cheeks", **NAMED}]
        case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
        found = judge_suitability(case, concern=case.concern[0], modality=modality)
        told.append([one.message.params["medicines"] for one in found.reasons if one.rule.endswith("-used-already")])
    assert told == [[[medicine]], []]


def test_who_uses_a_gel_against_red_skin_hears_before_a_laser_that_it_stays_off_treated_skin() -> None:
    """After a session more of it entered the blood, and people were taken to hospital (mhra2017brimonidine)."""
    rule = "vasoconstrictor-taken-before-laser"
    assert rule in decide("vascular", "redness", "cheeks", medicines=["Mirvaso"])[1]
    assert rule not in decide("vascular", "redness", "cheeks")[1]
    assert rule not in decide("pigment-short-pulse", "age-spots", "hands", medicines=["Mirvaso"])[1]


@pytest.mark.parametrize(
    ("modality", "condition"), [("acne-medication", "active-acne"), ("rosacea-medication", "redness")]
)
def test_no_tetracycline_is_added_to_isotretinoin(modality: str, condition: str) -> None:
    """Each raises the pressure inside the skull (friedman2005), and acne is treated with both."""
    rule = "tetracycline-beside-retinoid"
    for names in (["isotretinoin"], ["isotretinoin", "doxycycline"], ["acitretin"]):
        decision, rules = decide(modality, condition, medicines=names)
        assert (decision, rule in rules) == ("with-caution", True)
    assert rule not in decide(modality, condition, medicines=["doxycycline"])[1]


def test_a_skin_cancer_in_the_past_keeps_no_acne_cream_from_anybody() -> None:
    """Acne medicines, retinoids among them, were offered beside the refusal of a retinoid cream for the same acne."""
    assert decide("topical-retinoid", "active-acne", history=["skin-cancer"])[0] == "suitable"
    assert decide("topical-retinoid", "age-spots", history=["skin-cancer"])[0] == "refer"
    for modality in ("chemical-peel", "photodynamic"):  # which may hide or half treat one, acne or not
        assert decide(modality, "active-acne", history=["skin-cancer"])[0] == "refer"


@pytest.mark.parametrize("person", RESURFACED, ids=str)
@pytest.mark.parametrize(
    ("modality", "condition"), [("topical-retinoid", "wrinkles"), ("topical-depigmenting", "melasma")]
)
def test_creams_that_irritate_wait_for_fresh_skin(modality: str, condition: str, person: Any) -> None:
    decision, rules = decide(modality, condition, **person)
    assert decision != "suitable"
    assert "recent-resurfacing-cream" in rules


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["doxycycline"], ["doxycycline"]),
        (["HRT"], ["HRT"]),
        (["hydrochlorothiazide 25 mg", "estradiol patch"], ["hydrochlorothiazide 25 mg", "estradiol patch"]),
        (["doxycycline", "metformin"], ["doxycycline"]),
    ],
)
def test_a_medicine_that_makes_skin_sensitive_is_named_as_the_person_did(names: list[str], told: list[str]) -> None:
    patient = {"age_years": 40.0, "sex": "female", "medications": [{"name": name} for name in names]}
    concerns = [{"condition": "facial-telangiectasia", "site": "cheeks"}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality="vascular")
    (reason,) = (one for one in found.reasons if one.rule == "photosensitiser-other")
    assert reason.message.params["medicines"] == told
    assert all(name in reason.message.text for name in told)


@pytest.mark.parametrize("modality", ["topical-retinoid", "topical-depigmenting"])
def test_creams_that_irritate_are_a_caution_on_severe_eczema(modality: str) -> None:
    assert "eczema-cream" in decide(modality, "melasma", history=["eczema-severe"])[1]
    assert "eczema-cream" not in decide(modality, "melasma", history=["psoriasis"])[1]


@pytest.mark.parametrize("name", ["valaciclovir", "Aciclovir 400 mg", "Zovirax cream", "Valtrex 500"])
def test_whoever_takes_a_medicine_against_herpes_is_asked_for_cold_sores(name: str) -> None:
    """It stood among the medicines that nothing is known of."""
    rule = "herpes-medicine-ask"
    assert rule in decide("fractional-ablative", "wrinkles", "perioral", medicines=[name])[1]
    assert rule not in decide("fractional-ablative", "wrinkles", "hands", medicines=[name])[1]
    known = decide("fractional-ablative", "wrinkles", "perioral", medicines=[name], history=["herpes-labialis"])[1]
    assert rule not in known
    assert "antiviral-history" in known


@pytest.mark.parametrize("name", ["Efudix", "5-FU cream", "Aldara", "Klisyri"])
@pytest.mark.parametrize("modality", ["vascular", "fractional-ablative", "pigment-short-pulse", "chemical-peel"])
def test_a_cream_that_makes_skin_raw_is_told_before_light_and_its_field_examined(name: str, modality: str) -> None:
    """They were told as not checked, though skin under them is sore for weeks, and they treat precancers."""
    decision, rules = decide(modality, "age-spots", medicines=[name])
    assert decision == "with-caution"
    assert {"inflaming-cream", "precancer-cream"} <= rules
    assert "medication-not-checked" not in rules


def test_skin_heals_within_weeks_of_the_last_use_and_what_was_treated_is_asked_about_for_longer() -> None:
    case = parse_record(
        Case,
        {
            "patient": {
                "age_years": 60.0,
                "sex": "female",
                "phototype": "II",
                "medications": [{"name": "Aldara", "last_dose_months": 3}],
            },
            "concern": [{"condition": "age-spots", "site": "cheeks", **NAMED}],
        },
        file="case",
    )
    found = judge_suitability(case, concern=case.concern[0], modality="vascular")
    rules = {reason.rule for reason in found.reasons}
    assert "precancer-cream" in rules
    assert "inflaming-cream" not in rules


@pytest.mark.parametrize(
    ("name", "weakens"), [("5-FU", True), ("5-FU infusion", True), ("5-FU cream", False), ("Solaraze", False)]
)
def test_fluorouracil_weakens_defences_unless_it_stays_on_the_skin(name: str, weakens: bool) -> None:
    """Whoever writes the name alone may mean either, so that both are told."""
    rules = decide("ablative", "skin-texture", medicines=[name])[1]
    assert ("healing-disease-full-field" in rules) is weakens
    assert ("inflaming-cream" in rules) is (name in ("5-FU", "5-FU cream"))


def test_diclofenac_gel_for_keratoses_sensitises_to_light_and_names_the_field() -> None:
    assert {"photosensitiser-other", "precancer-cream"} <= decide("vascular", "redness", medicines=["Solaraze"])[1]
