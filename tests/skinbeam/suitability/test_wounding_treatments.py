"""Needles, currents, ultrasound, injections and cuts, and the skin in which they wait."""

from typing import Any

import pytest
from decision_samples import RESURFACED, decide

from skinbeam.evidence.guideline.table import load_cells
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import COLOUR_MODALITIES, SURFACE_MODALITIES, WOUNDING_MODALITIES
from skinbeam.response.goals import is_for_kinds
from skinbeam.suitability.judgement import judge_case, judge_suitability

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
    needles, _ = decide("microneedling", "acne-scars", **person)
    heated, _ = decide("radiofrequency", "acne-scars", **person)
    assert needles != "suitable"
    assert order.index(heated) >= order.index(needles)


def test_radiofrequency_on_loose_skin_of_the_jaw_may_be_an_electrode_and_on_the_neck_is_needles() -> None:
    assert decide("radiofrequency", "laxity", "jaw", tan="current")[0] == "suitable"
    assert decide("radiofrequency", "laxity", "neck", tan="current")[0] == "not-suitable"


def test_what_holds_of_needles_without_a_current_is_not_said_of_those_that_heat() -> None:
    decision, rules = decide("radiofrequency", "acne-scars", history=["pacemaker"])
    assert decision == "not-suitable"
    assert "needling-implant" not in rules
    assert "needling-tanned-skin" not in decide("radiofrequency", "wrinkles", "eyelid", tan="recent")[1]


def test_where_the_guideline_means_needles_the_rules_do() -> None:
    """Cells that name no radiofrequency but the one through needles, of conditions that a plan covers."""
    covered = 0
    for cell in load_cells():
        classes = {name for one in cell.treatments if one.treatment == "radiofrequency" for name in one.device_classes}
        if classes != {"rf-needling"} or cell.condition == "striae":
            continue
        covered += 1
        assert (
            "needling-tanned-skin" in decide("radiofrequency", cell.condition, cell.site or "cheeks", tan="recent")[1]
        )
    assert covered


@pytest.mark.parametrize("modality", ["chemical-peel", "microneedling", "cryotherapy"])
@pytest.mark.parametrize("tan", ["recent", "current"])
def test_a_tan_waits_whatever_would_wound_it(modality: str, tan: str) -> None:
    assert decide(modality, "age-spots", tan=tan)[0] == "not-suitable"
    assert decide(modality, "age-spots", tan="none")[0] != "not-suitable"


@pytest.mark.parametrize("site", ["eyelid", "periorbital"])
def test_nothing_that_heats_deeply_is_first_near_the_eye(site: str) -> None:
    assert decide("focused-ultrasound", "laxity", site)[0] == "not-suitable"
    assert decide("radiofrequency", "laxity", site)[0] == "refer"
    assert decide("surgery", "laxity", site)[0] == "suitable"


def test_focused_ultrasound_of_a_whole_face_is_kept_from_the_eye_and_of_the_jaw_is_free() -> None:
    assert decide("focused-ultrasound", "laxity", "full-face")[0] == "with-caution"
    assert decide("focused-ultrasound", "laxity", "jaw")[0] == "suitable"


@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative", "non-ablative-fractional", "microneedling"])
def test_columns_and_needles_wait_for_acne_of_the_same_skin(modality: str) -> None:
    """The history asks for inflamed acne; who lists it as a concern has said it as well."""
    assert decide(modality, "acne-scars", beside="active-acne")[0] == "not-suitable"


@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative", "non-ablative-fractional", "microneedling"])
@pytest.mark.parametrize("person", [{"history": ["immunosuppression"]}, {"medicines": ["ciclosporin"]}])
def test_whoever_fights_infections_badly_is_told_so_before_columns_and_needles(person: Any, modality: str) -> None:
    assert decide(modality, "acne-scars", **person)[0] != decide(modality, "acne-scars")[0]


@pytest.mark.parametrize("modality", WOUNDING_MODALITIES)
def test_whatever_wounds_or_heats_irradiated_skin_is_decided_by_a_dermatologist(modality: str) -> None:
    assert decide(modality, "laxity", "neck")[0] in ("suitable", "with-caution")
    assert decide(modality, "laxity", "neck", history=["radiotherapy-field"])[0] in ("refer", "not-suitable")


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
    assert decide(modality, "acne-scars", **person)[0] in ("refer", "not-suitable")


@pytest.mark.parametrize("modality", ["radiofrequency", "focused-ultrasound"])
def test_an_implant_holds_back_what_heats_below_the_skin(modality: str) -> None:
    assert decide(modality, "laxity", "neck", history=["pacemaker"])[0] in ("refer", "not-suitable")


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
    decision, rules = decide(modality, "laxity", "jaw", history=["filler-recent"])
    assert decision == "with-caution"
    assert {name for name in rules if name.startswith("recent-filler")} == {rule}


@pytest.mark.parametrize("word", ["vitiligo", "psoriasis", "eczema-severe"])
@pytest.mark.parametrize("modality", ["chemical-peel", "cryotherapy", "microneedling", "surgery"])
def test_no_wound_is_made_where_a_disease_follows_wounds(modality: str, word: str) -> None:
    assert decide(modality, "acne-scars", history=[word])[0] in ("refer", "not-suitable")


@pytest.mark.parametrize("person", RESURFACED, ids=str)
def test_fresh_skin_gets_no_second_wound_and_closed_light_with_care(person: Any) -> None:
    """It was kept from ablation alone: columns, needles, cold and acid had not a word."""
    for modality in (*SURFACE_MODALITIES, "microneedling", "cryotherapy", "surgery", "radiofrequency"):
        assert decide(modality, "acne-scars", **person)[0] in ("refer", "not-suitable"), modality
    for modality in COLOUR_MODALITIES:
        decision, rules = decide(modality, "facial-telangiectasia", **person)
        assert decision == "with-caution", modality
        assert "recent-resurfacing-gentle" in rules
    for modality in ("radiofrequency", "focused-ultrasound"):  # an electrode, which leaves the skin closed
        assert decide(modality, "laxity", "jaw", **person)[0] == "with-caution"
    assert decide("silicone", "hypertrophic-scars", **person)[0] == "suitable"


# What is no cosmetic treatment, or none that a young person needs somebody's leave for.
_AT_ANY_AGE = ("acne-medication", "camouflage", "no-treatment", "rosacea-medication", "silicone", "sun-protection")
_INTO_SCARS = ("intralesional-5-fluorouracil", "intralesional-steroid")


@pytest.mark.parametrize("condition", sorted(set(known_conditions()) - {"active-acne", "hypertrophic-scars", "keloid"}))
def test_nothing_for_looks_is_done_to_a_child_by_a_plan(condition: str) -> None:
    """Freezing and bleaching cream stood first for freckles of a child of twelve, beside "not yet" for light."""
    offered = [*known_conditions()[condition].alternatives, "cryotherapy", "topical-depigmenting", "tranexamic-acid"]
    for modality in set(offered) - {*_AT_ANY_AGE, *_INTO_SCARS, "topical-vasoconstrictor"}:
        assert decide(modality, condition, age_years=17.9)[0] in ("refer", "not-suitable"), modality
    assert "under-age-without-laser" not in decide("cryotherapy", condition, age_years=18.0)[1]


@pytest.mark.parametrize(
    ("modality", "condition"),
    [("topical-retinoid", "active-acne"), ("cryotherapy", "keloid"), ("cryotherapy", "hypertrophic-scars")],
)
def test_acne_and_raised_scars_are_treated_at_any_age(modality: str, condition: str) -> None:
    assert decide(modality, condition, age_years=14.0)[0] in ("suitable", "with-caution")


HEALS_SLOWLY = ["collagen-vascular-disease", "diabetes-uncontrolled", "hiv", "immunosuppression"]


@pytest.mark.parametrize("word", HEALS_SLOWLY)
@pytest.mark.parametrize("phototype", ["II", "V"])
@pytest.mark.parametrize("modality", ["ablative", "fractional-ablative", "non-ablative-fractional"])
def test_whatever_hinders_healing_is_told_before_any_columns_and_decides_the_plan(
    modality: str, word: str, phototype: str
) -> None:
    assert decide(modality, "acne-scars", history=[word])[0] != "suitable"
    patient = {"age_years": 40.0, "sex": "male", "phototype": phototype, "history": [word]}
    concerns = [{"condition": "acne-scars", "site": "cheeks"}, {"condition": "facial-telangiectasia", "site": "nose"}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    offered = {"acne-scars": [modality], "facial-telangiectasia": ["vascular"]}
    judged = judge_case(case, offered)
    assert judged.decision != "suitable"
    if modality == "non-ablative-fractional":
        assert any(one.rule in ("slow-healing-columns", "weakened-defence-columns") for one in judged.reasons)


@pytest.mark.parametrize(
    ("modality", "decision"),
    [
        ("ablative", "not-suitable"),
        ("fractional-ablative", "refer"),
        ("microneedling", "refer"),
        ("non-ablative-fractional", "suitable"),
    ],
)
def test_hepatitis_b_is_told_for_its_blood_and_not_as_slow_healing(modality: str, decision: str) -> None:
    """Columns that leave the skin closed waited for a "disease that slows healing", which it is not."""
    patient = {"age_years": 40.0, "sex": "male", "phototype": "II", "history": ["hepatitis-b"]}
    case = parse_record(
        Case, {"patient": patient, "concern": [{"condition": "acne-scars", "site": "cheeks"}]}, file="case"
    )
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    assert found.decision == decision
    texts = [one.message.text for one in found.opposing_reasons]
    assert not any("slows healing" in text for text in texts)
    assert all("Hepatitis B" in text for text in texts)


@pytest.mark.parametrize("word", [*HEALS_SLOWLY, "hepatitis-b"])
@pytest.mark.parametrize(
    ("modality", "condition"), [("filler", "acne-scars"), ("intralesional-steroid", "keloid"), ("surgery", "keloid")]
)
def test_whatever_hinders_healing_is_told_before_a_needle_or_a_cut(modality: str, condition: str, word: str) -> None:
    without = decide(modality, condition)[1]
    decision, rules = decide(modality, condition, history=[word])
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
    assert decide(modality, condition, site, **person)[0] in ("refer", "not-suitable")


INJECTED = ("filler", "intralesional-steroid", "intralesional-5-fluorouracil", "focused-ultrasound")


@pytest.mark.parametrize("sign", ["changing", "bleeding", "solitary-pearly"])
@pytest.mark.parametrize("modality", [*INJECTED, "surgery", "cryotherapy"])
def test_nothing_is_injected_into_a_lesion_that_must_be_examined_first(modality: str, sign: str) -> None:
    """A keloid that was changing got cortisone as the first choice, beside a referral that nothing be done to it."""
    assert decide(modality, "keloid", "decolletage", kind={"lesion_signs": [sign]})[0] == "refer"
    assert decide(modality, "keloid", "decolletage")[0] != "refer"


@pytest.mark.parametrize("modality", ["filler", "focused-ultrasound", "botulinum-toxin", "microneedling"])
def test_after_a_skin_cancer_the_field_is_examined_before_anything_for_looks(modality: str) -> None:
    decision, rules = decide(modality, "wrinkles", "decolletage", history=["skin-cancer"])
    assert (decision, "skin-cancer-history" in rules) == ("refer", True)


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


@pytest.mark.parametrize("modality", ["focused-ultrasound", "radiofrequency", "filler"])
def test_what_heats_or_wounds_is_a_caution_where_raised_scars_form(modality: str) -> None:
    """The sentence says "heats", and ultrasound came first for lines of a chest with a raised scar, without it."""
    rule = "raised-scars-without-laser"
    assert rule in decide(modality, "wrinkles", "decolletage", history=["hypertrophic-scar"])[1]
    assert rule not in decide(modality, "wrinkles", "decolletage")[1]


@pytest.mark.parametrize("condition", ["surgical-scars", "hypertrophic-scars", "keloid"])
def test_a_scar_without_red_gets_no_light_for_vessels(condition: str) -> None:
    """White raised scars got 8 J/cm2 of a dye laser that "reaches its target" in 94 of 100, and red ones 7."""
    use = known_conditions()[condition].lasers["vascular"]
    assert is_for_kinds(use, condition, ("red",))
    assert not is_for_kinds(use, condition, ("white",))


@pytest.mark.parametrize(
    ("modality", "condition", "decision"),
    [
        ("ablative", "wrinkles", "with-caution"),
        ("fractional-ablative", "wrinkles", "with-caution"),
        ("surgery", "laxity", "with-caution"),
        ("non-ablative-fractional", "wrinkles", "suitable"),
        ("vascular", "facial-telangiectasia", "suitable"),
    ],
)
def test_smoking_is_told_before_skin_is_opened_and_not_before_other_light(
    modality: str, condition: str, decision: str
) -> None:
    """Nothing asked for it: a smoker with lines around the mouth read the plan of someone who does not smoke."""
    found, rules = decide(modality, condition, history=["smoking"])
    assert found == decision
    assert any("smoking" in rule for rule in rules) == (decision != "suitable")
