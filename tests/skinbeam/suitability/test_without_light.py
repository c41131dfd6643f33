"""What is done without light: tablets that clot, needles that heat, tans, eyes, and melasma beside what is treated."""

from typing import Any

import pytest

from skinbeam.evidence.guideline.table import load_cells
from skinbeam.evidence.peel_kinds import PEEL, peel_depth
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.consultation import HISTORY
from skinbeam.model.input_files import parse_record
from skinbeam.model.suggestions import word_hint
from skinbeam.model.vocabulary import COLOUR_MODALITIES, SURFACE_MODALITIES, laser_modalities
from skinbeam.response.goals import is_for_kinds
from skinbeam.suitability.judgement import judge_case, judge_suitability
from skinbeam.suitability.table import load_rules

NAMED = {
    "diagnosed": True,
    "diagnosed_by": "dermatologist",
    "diagnosis_method": "dermoscopy",
    "diagnosis_date": "2026-03-02",
}


def decided(
    modality: str, condition: str, site: str = "cheeks", *, beside: str = "", **changed: Any
) -> tuple[str, Any]:
    """The decision on a treatment without its device, and the rules behind it."""
    names = changed.pop("medicines", ())
    choice, kind = changed.pop("choice", {}), changed.pop("kind", {})
    patient = {"age_years": 40.0, "sex": "female", "phototype": "II"} | changed
    patient = {name: value for name, value in patient.items() if value is not None}
    patient["medications"] = [{"name": name} for name in names]
    concerns = [{"condition": word, "site": site, **NAMED} for word in (condition, beside) if word]
    concerns[0] |= kind
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality=modality, **choice)
    return found.decision, {reason.rule for reason in found.reasons}


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
    assert decided("tranexamic-acid", "melasma", **person)[0] == decision


@pytest.mark.parametrize("word", ["dvt", "blood clot", "pulmonary embolism", "stroke", "factor v leiden"])
def test_words_for_a_clot_lead_to_the_one_of_the_list(word: str) -> None:
    assert "thrombosis" in HISTORY
    assert word_hint([word], HISTORY) == 'Did you mean "thrombosis"? '


SCARRING: tuple[dict[str, Any], ...] = (
    {"history": ["keloid"]},
    {"history": ["active-inflammatory-acne"]},
    {"history": ["lupus"]},
    {"history": ["immunosuppression"]},
    {"history": ["vitiligo"]},
    {"history": ["psoriasis"]},
    {"history": ["bleeding-disorder"]},
    {"tan": "current"},
    {"tan": "recent"},
    {"medicines": ["warfarin"]},
    {"medicines": ["methotrexate"]},
)


@pytest.mark.parametrize("person", SCARRING, ids=str)
def test_radiofrequency_for_scars_is_needles_and_no_milder_than_needling(person: Any) -> None:
    order = ("suitable", "with-caution", "refer", "not-suitable")
    needles, _ = decided("microneedling", "acne-scars", **person)
    heated, _ = decided("radiofrequency", "acne-scars", **person)
    assert needles != "suitable"
    assert order.index(heated) >= order.index(needles)


def test_radiofrequency_on_loose_skin_of_the_jaw_may_be_an_electrode_and_on_the_neck_is_needles() -> None:
    assert decided("radiofrequency", "laxity", "jaw", tan="current")[0] == "suitable"
    assert decided("radiofrequency", "laxity", "neck", tan="current")[0] == "not-suitable"


def test_what_holds_of_needles_without_a_current_is_not_said_of_those_that_heat() -> None:
    decision, rules = decided("radiofrequency", "acne-scars", history=["pacemaker"])
    assert decision == "not-suitable"
    assert "needling-implant" not in rules
    assert "needling-tanned-skin" not in decided("radiofrequency", "wrinkles", "eyelid", tan="recent")[1]


def test_where_the_guideline_means_needles_the_rules_do() -> None:
    """Cells that name no radiofrequency but the one through needles, of conditions that a plan covers."""
    covered = 0
    for cell in load_cells():
        classes = {name for one in cell.treatments if one.treatment == "radiofrequency" for name in one.device_classes}
        if classes != {"rf-needling"} or cell.condition == "striae":
            continue
        covered += 1
        assert (
            "needling-tanned-skin" in decided("radiofrequency", cell.condition, cell.site or "cheeks", tan="recent")[1]
        )
    assert covered


@pytest.mark.parametrize("modality", ["chemical-peel", "microneedling", "cryotherapy"])
@pytest.mark.parametrize("tan", ["recent", "current"])
def test_a_tan_waits_whatever_would_wound_it(modality: str, tan: str) -> None:
    assert decided(modality, "age-spots", tan=tan)[0] == "not-suitable"
    assert decided(modality, "age-spots", tan="none")[0] != "not-suitable"


@pytest.mark.parametrize("site", ["eyelid", "periorbital"])
def test_nothing_that_heats_deeply_is_first_near_the_eye(site: str) -> None:
    assert decided("focused-ultrasound", "laxity", site)[0] == "not-suitable"
    assert decided("radiofrequency", "laxity", site)[0] == "refer"
    assert decided("surgery", "laxity", site)[0] == "suitable"


def test_focused_ultrasound_of_a_whole_face_is_kept_from_the_eye_and_of_the_jaw_is_free() -> None:
    assert decided("focused-ultrasound", "laxity", "full-face")[0] == "with-caution"
    assert decided("focused-ultrasound", "laxity", "jaw")[0] == "suitable"


def test_no_lamp_on_what_lies_beside_melasma() -> None:
    spots = {"choice": {"device_wavelength_nm": 560.0, "pulse_ms": 2.0, "ipl": True}}
    assert decided("pigment-long-pulse", "age-spots", beside="melasma", **spots)[0] == "not-suitable"
    assert decided("pigment-long-pulse", "age-spots", **spots)[0] != "not-suitable"
    assert decided("vascular", "facial-telangiectasia", beside="melasma", **spots)[0] == "not-suitable"
    dye = {"choice": {"device_wavelength_nm": 595.0, "pulse_ms": 10.0}}
    assert decided("vascular", "facial-telangiectasia", beside="melasma", **dye)[0] == "with-caution"


def test_isotretinoin_and_a_retinoid_cream_are_not_taken_together() -> None:
    assert decided("topical-retinoid", "skin-texture", medicines=["Roaccutane"])[0] == "not-suitable"
    assert decided("topical-retinoid", "skin-texture")[0] == "suitable"


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
        if "medication-not-checked" in decided(name, "melasma", medicines=["Zzyzx"])[1]
    }
    assert {"sun-protection", "camouflage", "no-treatment"}.isdisjoint(told)
    assert {"vascular", "microneedling", "topical-retinoid", "tranexamic-acid"} <= told


def test_melasma_asks_for_hormones_and_tells_of_those_that_are_taken() -> None:
    assert "melasma-ask" in decided("topical-depigmenting", "melasma")[1]
    assert "melasma-ask" not in decided("topical-depigmenting", "melasma", sex="male")[1]
    decision, rules = decided("topical-depigmenting", "melasma", medicines=["levonorgestrel"])
    assert decision == "with-caution"
    assert "melasma-hormones" in rules
    assert "melasma-ask" not in rules


def test_spider_naevi_with_a_liver_disease_and_colour_that_a_medicine_leaves_are_told() -> None:
    assert "spider-ask" in decided("vascular", "spider-angioma")[1]
    assert "spider-liver" in decided("vascular", "spider-angioma", history=["liver-disease"])[1]
    marks = "post-inflammatory-hyperpigmentation"
    assert "drug-pigment" in decided("pigment-short-pulse", marks, medicines=["minocycline"])[1]
    assert "drug-pigment" not in decided("pigment-short-pulse", marks, medicines=["doxycycline"])[1]
    assert decided("rosacea-medication", "redness", history=["lupus"])[0] == "refer"


def test_a_lens_array_is_no_spot_of_755_nm_on_dark_skin() -> None:
    light = {"device_wavelength_nm": 755.0, "pulse_ms": 7.5e-7}
    dark = {"phototype": "V", "choice": light}
    spot, _ = decided("pigment-short-pulse", "uneven-pigmentation", **dark)
    array, _ = decided("pigment-short-pulse", "uneven-pigmentation", phototype="V", choice=light | {"lens_array": True})
    assert spot == "not-suitable"
    assert array == "with-caution"


LAMP = {"ipl": True, "device_wavelength_nm": 560.0, "pulse_ms": 10.0}


@pytest.mark.parametrize("state", ["pregnant", "lactating"])
def test_5_fluorouracil_is_for_nobody_with_a_child_to_harm(state: str) -> None:
    injected = "intralesional-5-fluorouracil"
    assert decided(injected, "keloid", **{state: True})[0] == "not-suitable"
    decision, rules = decided(injected, "keloid")
    assert decision != "not-suitable"
    assert "pregnancy-ask" in rules


@pytest.mark.parametrize("modality", ["acne-medication", "rosacea-medication", "topical-depigmenting"])
def test_in_pregnancy_azelaic_acid_is_told_wherever_a_cream_would_be(modality: str) -> None:
    assert "azelaic-acid-in-pregnancy" in decided(modality, "melasma", pregnant=True)[1]


@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative", "non-ablative-fractional", "microneedling"])
def test_columns_and_needles_wait_for_acne_of_the_same_skin(modality: str) -> None:
    """The history asks for inflamed acne; who lists it as a concern has said it as well."""
    assert decided(modality, "acne-scars", beside="active-acne")[0] == "not-suitable"


def test_light_that_leaves_the_skin_closed_does_not_wait_for_acne_beside() -> None:
    """Resurfacing makes acne flare; light for vessels does not, and many who redden have some spots."""
    assert "inflamed-acne-beside" not in decided("vascular", "redness", beside="active-acne")[1]


def test_epilepsy_leaves_flashing_lamps_to_the_doctor_and_covers_the_eyes_for_every_light() -> None:
    asked = {"modality": "vascular", "condition": "redness", "history": ["epilepsy"]}
    assert decided(**asked, choice=LAMP)[0] == "refer"
    decision, rules = decided(**asked, choice={"device_wavelength_nm": 595.0, "pulse_ms": 10.0})
    assert decision == "with-caution"
    assert "epilepsy-light" in rules
    assert word_hint(["seizures"], HISTORY) == word_hint(["epileptic"], HISTORY) == 'Did you mean "epilepsy"? '


@pytest.mark.parametrize(
    ("name", "reacts"), [("Tegretol", True), ("lamotrigine 100 mg", True), ("Keppra", False), ("valproate", False)]
)
def test_a_medicine_against_seizures_is_read_and_asked_about(name: str, reacts: bool) -> None:
    rules = decided("vascular", "redness", medicines=[name])[1]
    assert "antiepileptic-ask" in rules
    assert ("photosensitiser-other" in rules) is reacts
    assert "medication-not-checked" not in rules


@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative", "non-ablative-fractional", "microneedling"])
@pytest.mark.parametrize("person", [{"history": ["immunosuppression"]}, {"medicines": ["ciclosporin"]}])
def test_whoever_fights_infections_badly_is_told_so_before_columns_and_needles(person: Any, modality: str) -> None:
    assert decided(modality, "acne-scars", **person)[0] != decided(modality, "acne-scars")[0]


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
    decision, rules = decided("vascular", "facial-telangiectasia", **(TAKES_TRANEXAMIC_ACID | person))
    assert ("tranexamic-acid-taken-despite" in rules) is warns
    assert decision != "not-suitable" or "pregnant" in person  # the light does not depend on it


WOUNDS = ["cryotherapy", "focused-ultrasound", "microneedling", "radiofrequency", "surgery"]


@pytest.mark.parametrize("modality", WOUNDS)
def test_whatever_wounds_or_heats_irradiated_skin_is_decided_by_a_dermatologist(modality: str) -> None:
    assert decided(modality, "laxity", "neck")[0] in ("suitable", "with-caution")
    assert decided(modality, "laxity", "neck", history=["radiotherapy-field"])[0] in ("refer", "not-suitable")


@pytest.mark.parametrize("modality", ["chemical-peel", "microneedling", "surgery"])
@pytest.mark.parametrize(
    "person",
    [
        {"history": ["diabetes-uncontrolled"]},
        {"history": ["immunosuppression"]},
        {"history": ["collagen-vascular-disease"]},
        {"medicines": ["methotrexate"]},
    ],
)
def test_scars_are_not_wounded_where_healing_is_slow_until_its_doctor_agrees(modality: str, person: Any) -> None:
    assert decided(modality, "acne-scars", **person)[0] in ("refer", "not-suitable")


@pytest.mark.parametrize("modality", ["radiofrequency", "focused-ultrasound"])
def test_an_implant_holds_back_what_heats_below_the_skin(modality: str) -> None:
    assert decided(modality, "laxity", "neck", history=["pacemaker"])[0] in ("refer", "not-suitable")


@pytest.mark.parametrize(
    ("modality", "rule"),
    [
        ("radiofrequency", "recent-filler-heat"),
        ("focused-ultrasound", "recent-filler-ultrasound"),
        ("microneedling", "recent-filler-needles"),
    ],
)
def test_heat_and_needles_keep_off_a_fresh_filler(modality: str, rule: str) -> None:
    """Each names its own source: what was read of one was not read of the others."""
    decision, rules = decided(modality, "laxity", "jaw", history=["filler-recent"])
    assert decision == "with-caution"
    assert {name for name in rules if name.startswith("recent-filler")} == {rule}


@pytest.mark.parametrize("word", ["vitiligo", "psoriasis", "eczema-severe"])
@pytest.mark.parametrize("modality", ["chemical-peel", "cryotherapy", "microneedling", "surgery"])
def test_no_wound_is_made_where_a_disease_follows_wounds(modality: str, word: str) -> None:
    assert decided(modality, "acne-scars", history=[word])[0] in ("refer", "not-suitable")


@pytest.mark.parametrize("condition", ["post-inflammatory-hyperpigmentation", "melasma", "uneven-pigmentation"])
def test_a_field_is_not_toned_over_inflamed_acne(condition: str) -> None:
    short = {"choice": {"pulse_ms": 5e-6, "device_wavelength_nm": 1064.0}}
    assert "inflamed-acne-marks" not in decided("pigment-short-pulse", condition, **short)[1]
    decision, rules = decided("pigment-short-pulse", condition, beside="active-acne", **short)
    assert decision == "not-suitable"
    assert "inflamed-acne-marks" in rules
    assert "inflamed-acne-marks" not in decided("pigment-short-pulse", "age-spots", beside="active-acne", **short)[1]


@pytest.mark.parametrize("condition", ["age-spots", "freckles"])
@pytest.mark.parametrize("wavelength_nm", [532.0, 694.0, 730.0, 755.0, 785.0])
@pytest.mark.parametrize("pulse_ms", [5e-7, 5e-5])
def test_no_pulse_that_whitens_a_spot_is_fired_into_melasma(
    condition: str, wavelength_nm: float, pulse_ms: float
) -> None:
    chosen = {"choice": {"pulse_ms": pulse_ms, "device_wavelength_nm": wavelength_nm}}
    assert decided("pigment-short-pulse", condition, beside="melasma", **chosen)[0] == "not-suitable"
    assert decided("pigment-short-pulse", condition, **chosen)[0] != "not-suitable"


STRONG = [name for name in known_conditions() if peel_depth(name) in ("medium", "deep")]
SUPERFICIAL = [name for name in known_conditions() if peel_depth(name) == "superficial"]
UNNAMED = ("skin-texture", "uneven-pigmentation")
SLOW_HEALING: tuple[dict[str, Any], ...] = (
    *(
        {"history": [word]}
        for word in ("collagen-vascular-disease", "lupus", "diabetes-uncontrolled", "immunosuppression")
    ),
    {"history": ["hiv"]},
    *({"medicines": [name]} for name in ("methotrexate", "azathioprine", "prednisolone", "etanercept")),
)
RESURFACED: tuple[dict[str, Any], ...] = tuple(
    {"history": [word]} for word in ("deep-peel-recent", "dermabrasion-recent", "laser-resurfacing-recent")
)
SENSITIVE_TO_LIGHT: tuple[dict[str, Any], ...] = (
    {"history": ["photosensitivity"]},
    *({"medicines": [name]} for name in ("amiodarone", "minocycline", "doxycycline", "hydrochlorothiazide")),
)
RETINOIDS: tuple[dict[str, Any], ...] = tuple({"medicines": [name]} for name in ("isotretinoin", "acitretin"))
WAITING_FOR_ACID = (*SLOW_HEALING, *RESURFACED, *SENSITIVE_TO_LIGHT, *RETINOIDS)


def test_strong_acid_is_meant_for_spots_and_freckles_as_for_acne_scars() -> None:
    assert {"acne-scars", "age-spots", "freckles"} <= set(STRONG)
    assert {"melasma", "post-inflammatory-hyperpigmentation"} <= set(SUPERFICIAL)
    assert all(peel_depth(name) == "not-named" for name in UNNAMED)


@pytest.mark.parametrize("person", WAITING_FOR_ACID, ids=str)
@pytest.mark.parametrize("condition", STRONG)
@pytest.mark.parametrize(("phototype", "site"), [("II", "cheeks"), ("III", "hands"), (None, "cheeks")])
def test_whoever_heals_badly_gets_no_medium_or_deep_acid_of_itself(
    condition: str, person: Any, phototype: str, site: str
) -> None:
    """It was first for age spots on hands of phototype III whatever the person had; acne scars alone were held back."""
    assert decided(PEEL, condition, site, phototype=phototype)[0] in ("suitable", "with-caution")
    assert decided(PEEL, condition, site, phototype=phototype, **person)[0] == "refer"


PITS, SHALLOW = {"subtypes": ["ice-pick"]}, {"subtypes": ["rolling", "boxcar"]}


@pytest.mark.parametrize("person", WAITING_FOR_ACID, ids=str)
@pytest.mark.parametrize("phototype", ["IV", "V", "III-VI"])
def test_a_peel_that_is_superficial_on_darker_skin_does_not_wait_as_a_deep_one(phototype: str, person: Any) -> None:
    """The plan refused "medium and deep acid" where it says that only superficial acid is used on such skin."""
    for condition in STRONG:
        site = "hands" if condition == "age-spots" else "cheeks"
        kind = SHALLOW if condition == "acne-scars" else {}
        decision, rules = decided(PEEL, condition, site, phototype=phototype, kind=kind, **person)
        assert decision == "with-caution", condition
        assert "peel-darker-skin" in rules
    assert decided(PEEL, "acne-scars", phototype=phototype, kind=PITS, **person)[0] == "refer"
    both = {"subtypes": ["rolling", "ice-pick"]}
    assert decided(PEEL, "acne-scars", phototype=phototype, kind=both, **person)[0] == "refer"
    assert decided(PEEL, "acne-scars", phototype="III", kind=SHALLOW, **person)[0] == "refer"  # it may be painted on


@pytest.mark.parametrize("person", WAITING_FOR_ACID, ids=str)
@pytest.mark.parametrize("condition", [*SUPERFICIAL, *UNNAMED])
def test_a_superficial_peel_stays_open_and_an_unnamed_one_is_told_to_be_superficial(
    condition: str, person: Any
) -> None:
    decision, _ = decided(PEEL, condition, **person)
    if condition in UNNAMED:
        assert decision == "with-caution"
    else:
        assert decision == ("suitable" if person in SLOW_HEALING else "with-caution")


@pytest.mark.parametrize("modality", ["cryotherapy", PEEL])
def test_who_keeps_dark_marks_is_warned_of_freezing_and_strong_acid(modality: str) -> None:
    assert "pih-history-acid-or-freezing" in decided(modality, "age-spots", "hands", history=["pih"])[1]
    assert "pih-history-acid-or-freezing" not in decided(PEEL, "melasma", history=["pih"])[1]


FROZEN = ("age-spots", "freckles", "hypertrophic-scars", "keloid")


@pytest.mark.parametrize("condition", FROZEN)
@pytest.mark.parametrize("word", ["lupus", "collagen-vascular-disease"])
def test_nobody_is_frozen_with_a_disease_that_the_guideline_names_against_it(condition: str, word: str) -> None:
    """The question before freezing called it a contraindication, and freezing was offered beside it."""
    decision, rules = decided("cryotherapy", condition, history=[word])
    assert decision == "not-suitable"
    assert "freezing-collagen-disease" in rules


@pytest.mark.parametrize("condition", FROZEN)
@pytest.mark.parametrize("person", SLOW_HEALING, ids=str)
def test_what_hinders_healing_holds_freezing_as_it_holds_needles(condition: str, person: Any) -> None:
    order = ("suitable", "with-caution", "refer", "not-suitable")
    assert decided("microneedling", "acne-scars", **person)[0] == "refer"
    assert order.index(decided("cryotherapy", condition, **person)[0]) >= order.index("refer")


@pytest.mark.parametrize("person", RESURFACED, ids=str)
def test_fresh_skin_gets_no_second_wound_and_closed_light_with_care(person: Any) -> None:
    """It was kept from ablation alone: columns, needles, cold and acid had not a word."""
    for modality in (*SURFACE_MODALITIES, "microneedling", "cryotherapy", "surgery", "radiofrequency"):
        assert decided(modality, "acne-scars", **person)[0] in ("refer", "not-suitable"), modality
    for modality in COLOUR_MODALITIES:
        decision, rules = decided(modality, "facial-telangiectasia", **person)
        assert decision == "with-caution", modality
        assert "recent-resurfacing-gentle" in rules
    for modality in ("radiofrequency", "focused-ultrasound"):  # an electrode, which leaves the skin closed
        assert decided(modality, "laxity", "jaw", **person)[0] == "with-caution"
    assert decided("silicone", "hypertrophic-scars", **person)[0] == "suitable"


def test_what_acid_is_used_is_said_of_peels_alone() -> None:
    """It stood beside dye lasers and radiofrequency, after a deep peel of recent months."""
    told = [rule.modalities for rule in load_rules("suitability") if "superficial acid is used" in rule.message.text]
    assert told
    assert set(told) == {(PEEL,)}


@pytest.mark.parametrize("modality", ["acne-medication", "rosacea-medication"])
@pytest.mark.parametrize(("state", "asked"), [("pregnant", "pregnancy"), ("lactating", "breast-feeding")])
def test_tetracyclines_are_told_of_wherever_acne_or_rosacea_is_treated_with_medicines(
    modality: str, state: str, asked: str
) -> None:
    decision, rules = decided(modality, "redness", **{state: True})
    assert decision == "with-caution"
    assert {f"tetracycline-in-{asked}", f"tetracycline-while-{asked}"} & rules
    assert {"acne-medication-in-pregnancy", "lactation-acne-medication"} & rules
    assert "pregnancy-ask" in decided(modality, "redness")[1]


# What is no cosmetic treatment, or none that a young person needs somebody's leave for.
_AT_ANY_AGE = ("acne-medication", "camouflage", "no-treatment", "rosacea-medication", "silicone", "sun-protection")
_INTO_SCARS = ("intralesional-5-fluorouracil", "intralesional-steroid")


@pytest.mark.parametrize("condition", sorted(set(known_conditions()) - {"active-acne", "hypertrophic-scars", "keloid"}))
def test_nothing_for_looks_is_done_to_a_child_by_a_plan(condition: str) -> None:
    """Freezing and bleaching cream stood first for freckles of a child of twelve, beside "not yet" for light."""
    offered = [*known_conditions()[condition].alternatives, "cryotherapy", "topical-depigmenting", "tranexamic-acid"]
    for modality in set(offered) - {*_AT_ANY_AGE, *_INTO_SCARS, "topical-vasoconstrictor"}:
        assert decided(modality, condition, age_years=17.9)[0] in ("refer", "not-suitable"), modality
    assert "under-age-without-laser" not in decided("cryotherapy", condition, age_years=18.0)[1]


@pytest.mark.parametrize("asked", [{"expectation": "perfect"}, {"history": ["body-dysmorphic-concern"]}])
def test_nothing_is_frozen_where_a_laser_waits_for_a_talk_about_looks(asked: dict[str, Any]) -> None:
    """Freezing, which can leave a pale spot for good, was the first option of whoever hopes for perfect skin."""
    assert decided("cryotherapy", "age-spots", **asked)[0] == "refer"
    assert decided("cryotherapy", "age-spots", expectation="noticeable")[0] != "refer"


@pytest.mark.parametrize(
    ("modality", "condition"),
    [("topical-retinoid", "active-acne"), ("cryotherapy", "keloid"), ("cryotherapy", "hypertrophic-scars")],
)
def test_acne_and_raised_scars_are_treated_at_any_age(modality: str, condition: str) -> None:
    assert decided(modality, condition, age_years=14.0)[0] in ("suitable", "with-caution")


@pytest.mark.parametrize("site", ["periorbital", "eyelid"])
def test_cold_and_strong_acid_stay_outside_the_rim_of_the_eye(site: str) -> None:
    """Freezing stood third for a spot on a lid, without a word of the eye."""
    for modality, condition, decision, rule in (
        ("cryotherapy", "age-spots", "refer", "freezing-near-eye"),
        ("cryotherapy", "freckles", "refer", "freezing-near-eye"),
        (PEEL, "freckles", "refer", "acid-near-eye"),
        (PEEL, "melasma", "with-caution", "mild-acid-near-eye"),
        ("topical-depigmenting", "melasma", "with-caution", "bleaching-near-eye"),
    ):
        found, rules = decided(modality, condition, site)
        assert (found, rule in rules) == (decision, True), (modality, condition)
        assert rule not in decided(modality, condition, "cheeks")[1]


@pytest.mark.parametrize("condition", ["age-spots", "uneven-pigmentation", "wrinkles"])
def test_a_retinoid_cream_is_no_choice_on_a_lid(condition: str) -> None:
    """It stood first for spots on an eyelid, beside the sentence that it stays outside the rim of the eye."""
    assert decided("topical-retinoid", condition, "eyelid")[0] == "refer"
    decision, rules = decided("topical-retinoid", condition, "periorbital")
    assert (decision, "cream-near-eye" in rules) == ("with-caution", True)
    assert not {"cream-near-eye", "cream-on-lids"} & decided("topical-retinoid", condition, "cheeks")[1]
    assert (
        "cream-near-eye" in decided("topical-retinoid", "fine-lines-periorbital", "full-face")[1]
    )  # lines by the eyes


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
    assert rule in decided("vascular", "redness", "cheeks", medicines=["Mirvaso"])[1]
    assert rule not in decided("vascular", "redness", "cheeks")[1]
    assert rule not in decided("pigment-short-pulse", "age-spots", "hands", medicines=["Mirvaso"])[1]


@pytest.mark.parametrize(
    ("modality", "condition"), [("acne-medication", "active-acne"), ("rosacea-medication", "redness")]
)
def test_no_tetracycline_is_added_to_isotretinoin(modality: str, condition: str) -> None:
    """Each raises the pressure inside the skull (friedman2005), and acne is treated with both."""
    rule = "tetracycline-beside-retinoid"
    for names in (["isotretinoin"], ["isotretinoin", "doxycycline"], ["acitretin"]):
        decision, rules = decided(modality, condition, medicines=names)
        assert (decision, rule in rules) == ("with-caution", True)
    assert rule not in decided(modality, condition, medicines=["doxycycline"])[1]


def test_a_skin_cancer_in_the_past_keeps_no_acne_cream_from_anybody() -> None:
    """Acne medicines, retinoids among them, were offered beside the refusal of a retinoid cream for the same acne."""
    assert decided("topical-retinoid", "active-acne", history=["skin-cancer"])[0] == "suitable"
    assert decided("topical-retinoid", "age-spots", history=["skin-cancer"])[0] == "refer"
    for modality in ("chemical-peel", "photodynamic"):  # which may hide or half treat one, acne or not
        assert decided(modality, "active-acne", history=["skin-cancer"])[0] == "refer"


HEALS_SLOWLY = ["collagen-vascular-disease", "diabetes-uncontrolled", "hepatitis-b", "hiv", "immunosuppression"]


@pytest.mark.parametrize("word", HEALS_SLOWLY)
@pytest.mark.parametrize("phototype", ["II", "V"])
@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative", "non-ablative-fractional"])
def test_whatever_hinders_healing_is_told_before_any_columns_and_decides_the_plan(
    modality: str, word: str, phototype: str
) -> None:
    assert decided(modality, "acne-scars", history=[word])[0] != "suitable"
    patient = {"age_years": 40.0, "sex": "male", "phototype": phototype, "history": [word]}
    concerns = [{"condition": "acne-scars", "site": "cheeks"}, {"condition": "facial-telangiectasia", "site": "nose"}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    offered = {"acne-scars": [modality], "facial-telangiectasia": ["vascular"]}
    judged = judge_case(case, offered)
    assert judged.decision != "suitable"
    if modality == "non-ablative-fractional":
        assert any(one.rule in ("slow-healing-columns", "weakened-defence-columns") for one in judged.reasons)


@pytest.mark.parametrize("word", HEALS_SLOWLY)
@pytest.mark.parametrize(
    ("modality", "condition"), [("filler", "acne-scars"), ("intralesional-steroid", "keloid"), ("surgery", "keloid")]
)
def test_whatever_hinders_healing_is_told_before_a_needle_or_a_cut(modality: str, condition: str, word: str) -> None:
    without = decided(modality, condition)[1]
    decision, rules = decided(modality, condition, history=[word])
    assert rules > without
    assert decision != "suitable"


@pytest.mark.parametrize(
    ("modality", "condition"),
    [
        *(("vascular", condition) for condition in ("redness", "poikiloderma")),
        ("pigment-long-pulse", "poikiloderma"),
        ("fractional-ablative", "poikiloderma"),
        ("topical-depigmenting", "poikiloderma"),
        ("rosacea-medication", "redness"),
        ("topical-vasoconstrictor", "redness"),
    ],
)
@pytest.mark.parametrize("site", ["cheeks", "decolletage"])
@pytest.mark.parametrize("word", ["collagen-vascular-disease", "lupus"])
def test_what_may_be_a_sign_of_a_disease_of_connective_tissue_is_named_before_it_fades(
    modality: str, condition: str, site: str, word: str
) -> None:
    person = {"history": [word], "phototype": "II"}
    assert decided(modality, condition, site, **person)[0] in ("refer", "not-suitable")


@pytest.mark.parametrize("condition", ["acne-scars", "wrinkles", "facial-telangiectasia", "age-spots"])
@pytest.mark.parametrize("site", ["nose", "full-face", "cheeks"])
def test_melasma_next_to_a_field_is_told_of_whatever_heats_or_wounds_it(condition: str, site: str) -> None:
    patient = {"age_years": 40.0, "sex": "male", "phototype": "III"}
    concerns = [{"condition": condition, "site": "cheeks", **NAMED}, {"condition": "melasma", "site": site, **NAMED}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    alone = parse_record(Case, {"patient": patient, "concern": concerns[:1]}, file="case")
    for modality in (*COLOUR_MODALITIES, *SURFACE_MODALITIES):
        found = judge_suitability(case, concern=case.concern[0], modality=modality)
        assert found.decision != "suitable"
        new = {one.rule for one in found.reasons} - {
            one.rule for one in judge_suitability(alone, concern=alone.concern[0], modality=modality).reasons
        }
        assert any("melasma" in rule for rule in new)
        if modality in ("ablative", "fractional-ablative"):
            assert found.decision in ("refer", "not-suitable")


@pytest.mark.parametrize("person", RESURFACED, ids=str)
@pytest.mark.parametrize(
    ("modality", "condition"), [("topical-retinoid", "wrinkles"), ("topical-depigmenting", "melasma")]
)
def test_creams_that_irritate_wait_for_fresh_skin(modality: str, condition: str, person: Any) -> None:
    decision, rules = decided(modality, condition, **person)
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


LAMPS = [("pigment-long-pulse", "age-spots", {}), ("vascular", "redness", {"choice": {"ipl": True}})]


@pytest.mark.parametrize(("modality", "condition", "choice"), LAMPS)
@pytest.mark.parametrize("site", sorted(name for name, one in known_sites().items() if one.use == "treatment"))
def test_a_past_melasma_bars_lamps_where_it_nearly_always_was_and_is_asked_about_elsewhere(
    modality: str, condition: str, choice: Any, site: str
) -> None:
    decision, rules = decided(modality, condition, site, history=["melasma"], **choice)
    if site in ("decolletage", "hands", "arms"):
        assert decision == "with-caution"
        assert "lamp-after-melasma-elsewhere" in rules
        assert decided(modality, condition, site, beside="melasma", **choice)[0] == "not-suitable"
    else:
        assert decision == "not-suitable"
        assert "lamp-after-melasma-elsewhere" not in rules


@pytest.mark.parametrize("modality", [*laser_modalities(), *WOUNDS, "chemical-peel"])
@pytest.mark.parametrize("site", ["cheeks", "hands"])
def test_whoever_was_irradiated_is_asked_where_and_refused_until_then(modality: str, site: str) -> None:
    patient = {"age_years": 40.0, "sex": "male", "phototype": "II", "history": ["radiotherapy-field"]}
    case = parse_record(Case, {"patient": patient, "concern": [{"condition": "laxity", "site": site}]}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    assert found.decision in ("refer", "not-suitable")
    assert any("Ask where it was" in one.message.text for one in found.opposing_reasons)


@pytest.mark.parametrize("modality", ["fractional-ablative", "non-ablative-fractional", "microneedling"])
@pytest.mark.parametrize(("acne", "is_told"), [("cheeks", True), ("decolletage", False)])
def test_acne_beside_scars_is_told_before_they_are_resurfaced(modality: str, acne: str, is_told: bool) -> None:
    """Scars of the jaw beside moderate acne of the cheeks had a session in week 0, and not a word of the acne."""
    concerns = [{"condition": "acne-scars", "site": "jaw"}, {"condition": "active-acne", "site": acne}]
    patient = {"age_years": 30.0, "sex": "male", "phototype": "II"}
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    assert ("inflamed-acne-touching" in {one.rule for one in found.reasons}) is is_told
    assert found.decision == ("with-caution" if is_told else "suitable")


@pytest.mark.parametrize(
    ("word", "modality", "condition", "there", "elsewhere", "rule"),
    [
        ("active-inflammatory-acne", "pigment-long-pulse", "age-spots", "cheeks", "hands", "inflamed-acne-in-field"),
        ("active-inflammatory-acne", "radiofrequency", "wrinkles", "decolletage", "hands", "inflamed-acne-needling"),
        ("active-inflammatory-acne", "chemical-peel", "age-spots", "cheeks", "hands", "inflamed-acne-without-laser"),
        ("permanent-make-up", "pigment-long-pulse", "age-spots", "cheeks", "hands", "tattoo"),
        ("herpes-labialis", "fractional-ablative", "surgical-scars", "chin", "arms", "antiviral-history"),
    ],
)
def test_what_a_person_has_on_the_face_holds_nothing_back_where_it_cannot_be(
    word: str, modality: str, condition: str, there: str, elsewhere: str, rule: str
) -> None:
    """Acne of the face refused every light on spots of the hands, and a scar of the arm waited for an antiviral."""
    assert rule in decided(modality, condition, there, history=[word])[1]
    assert rule not in decided(modality, condition, elsewhere, history=[word])[1]
    if word == "permanent-make-up":
        assert rule in decided(modality, condition, elsewhere, history=["tattoo-in-field"])[1]


def test_acne_of_the_face_refuses_the_face_and_not_the_hands_beside_it() -> None:
    """Spots of the hands were refused where spots of the cheeks stood in the same consultation."""
    person = {"age_years": 40.0, "sex": "female", "phototype": "II", "history": ["active-inflammatory-acne"]}
    cheeks, hands = ({"condition": "age-spots", "site": site, **NAMED} for site in ("cheeks", "hands"))
    decisions = []
    for concerns in ([cheeks], [hands], [cheeks, hands]):
        judged = judge_case(parse_record(Case, {"patient": person, "concern": concerns}, file="case"))
        about = {reason.about for reason in judged.reasons if reason.rule == "inflamed-acne-in-field"}
        decisions.append((judged.decision, about))
    here = {"age-spots at cheeks"}
    assert decisions == [("not-suitable", here), ("suitable", set()), ("with-caution", here)]


INJECTED = ("filler", "intralesional-steroid", "intralesional-5-fluorouracil", "focused-ultrasound")


@pytest.mark.parametrize("sign", ["changing", "bleeding", "solitary-pearly"])
@pytest.mark.parametrize("modality", [*INJECTED, "surgery", "cryotherapy"])
def test_nothing_is_injected_into_a_lesion_that_must_be_examined_first(modality: str, sign: str) -> None:
    """A keloid that was changing got cortisone as the first choice, beside a referral that nothing be done to it."""
    assert decided(modality, "keloid", "decolletage", kind={"lesion_signs": [sign]})[0] == "refer"
    assert decided(modality, "keloid", "decolletage")[0] != "refer"


@pytest.mark.parametrize("modality", ["filler", "focused-ultrasound", "botulinum-toxin", "microneedling"])
def test_after_a_skin_cancer_the_field_is_examined_before_anything_for_looks(modality: str) -> None:
    decision, rules = decided(modality, "wrinkles", "decolletage", history=["skin-cancer"])
    assert (decision, "skin-cancer-history" in rules) == ("refer", True)


@pytest.mark.parametrize("modality", ["topical-retinoid", "topical-depigmenting"])
def test_creams_that_irritate_are_a_caution_on_severe_eczema(modality: str) -> None:
    assert "eczema-cream" in decided(modality, "melasma", history=["eczema-severe"])[1]
    assert "eczema-cream" not in decided(modality, "melasma", history=["psoriasis"])[1]


@pytest.mark.parametrize("name", ["valaciclovir", "Aciclovir 400 mg", "Zovirax cream", "Valtrex 500"])
def test_whoever_takes_a_medicine_against_herpes_is_asked_for_cold_sores(name: str) -> None:
    """It stood among the medicines that nothing is known of."""
    rule = "herpes-medicine-ask"
    assert rule in decided("fractional-ablative", "wrinkles", "perioral", medicines=[name])[1]
    assert rule not in decided("fractional-ablative", "wrinkles", "hands", medicines=[name])[1]
    known = decided("fractional-ablative", "wrinkles", "perioral", medicines=[name], history=["herpes-labialis"])[1]
    assert rule not in known
    assert "antiviral-history" in known


@pytest.mark.parametrize(
    ("condition", "alternative", "kinds", "others"),
    [
        ("acne-scars", "filler", ("boxcar", "rolling"), ("ice-pick", "red")),
        ("surgical-scars", "silicone", ("red",), ("white",)),
    ],
)
def test_pits_are_not_filled_and_no_silicone_lies_on_old_white_scars(
    condition: str, alternative: str, kinds: tuple[str, ...], others: tuple[str, ...]
) -> None:
    """Filler was the only option of ice-pick scars that a dermatologist had to see first."""
    for told, is_offered in ((kinds, True), (others, False), ((), True)):
        for kind in told or ("",):
            use = known_conditions()[condition].alternatives[alternative]
            assert is_for_kinds(use, condition, (kind,) if kind else ()) is is_offered


@pytest.mark.parametrize(
    ("phototype", "beside", "history", "decision"),
    [
        ("II", "melasma", (), "not-suitable"),
        ("II", "", ("melasma",), "with-caution"),
        ("II", "", (), "suitable"),
        ("IV", "", ("melasma",), "not-suitable"),
    ],
)
def test_no_spot_is_frozen_amid_melasma(phototype: str, beside: str, history: tuple[str, ...], decision: str) -> None:
    """Freezing came first for age spots of cheeks that had melasma, on light skin."""
    found, rules = decided("cryotherapy", "age-spots", beside=beside, phototype=phototype, history=list(history))
    assert found == decision
    assert ("freezing-melasma" in rules) is (decision == "not-suitable")


@pytest.mark.parametrize("modality", ["focused-ultrasound", "radiofrequency", "filler"])
def test_what_heats_or_wounds_is_a_caution_where_raised_scars_form(modality: str) -> None:
    """The sentence says "heats", and ultrasound came first for lines of a chest with a raised scar, without it."""
    rule = "raised-scars-without-laser"
    assert rule in decided(modality, "wrinkles", "decolletage", history=["hypertrophic-scar"])[1]
    assert rule not in decided(modality, "wrinkles", "decolletage")[1]
