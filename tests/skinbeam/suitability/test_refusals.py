"""Where a laser is wrong the plan says so: decision, the rule that spoke, its source, and no device is offered."""

from typing import Any

import pytest
from consultations import NAMED, PERSON, concern, devices, document, laser_options, loaded

from skinbeam.model.sources import bibliography
from skinbeam.suitability.judgement import judge_suitability

VEINS = concern("facial-telangiectasia", extra="")
SPOTS = concern("age-spots", "hands")
WRINKLES = concern("wrinkles", extra="")
UNNAMED_SPOTS = concern("age-spots", "hands", "diagnosed = false\n")


def person(**changed: str) -> str:
    """A person who differs from the usual one in some keys."""
    lines = [line for line in PERSON.strip().splitlines() if line.split(" ")[0] not in changed]
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in changed.items() if value)]) + "\n"


# Whole plans: text of the case, decision, rule.
WHOLE = {
    "dynamic lines": (PERSON + concern("dynamic-wrinkles", "glabella", ""), "not-suitable", "dynamic-lines"),
    "active acne": (PERSON + concern("active-acne", extra=""), "not-suitable", "active-acne"),
    "inflamed acne in the field": (
        person(history='["active-inflammatory-acne"]') + WRINKLES,
        "not-suitable",
        "inflamed-acne-in-field",
    ),
    "undiagnosed pigment": (PERSON + UNNAMED_SPOTS, "refer", "pigmented-lesion-undiagnosed"),
    "undiagnosed pigment beside": (
        PERSON + VEINS + concern("age-spots", "cheeks", "diagnosed = false\n"),
        "refer",
        "pigmented-lesion-undiagnosed",
    ),
    "new lesion, though named": (
        PERSON + concern("age-spots", "hands", NAMED + 'lesion_signs = ["new"]\n'),
        "refer",
        "lesion-signs",
    ),
    "changing lesion": (
        PERSON + concern("age-spots", "hands", NAMED + 'lesion_signs = ["changing"]\n'),
        "refer",
        "lesion-signs",
    ),
    "bleeding lesion": (
        PERSON + concern("spider-angioma", extra='lesion_signs = ["bleeding"]\n'),
        "refer",
        "lesion-signs",
    ),
    "solitary pearly lesion": (
        PERSON + concern("facial-telangiectasia", extra='lesion_signs = ["solitary-pearly"]\n'),
        "refer",
        "lesion-solitary-pearly",
    ),
    "skin cancer in the past": (person(history='["skin-cancer"]') + VEINS, "refer", "skin-cancer-history"),
    "pregnancy": (person(pregnant="true") + VEINS, "not-suitable", "pregnancy"),
    "lactation": (person(lactating="true") + VEINS, "not-suitable", "lactation"),
    "under 18": (person(age_years="17.9") + VEINS, "refer", "under-age"),
    "tan": (person(tan='"current"') + VEINS, "not-suitable", "tanned-skin"),
    "recent tan": (person(tan='"recent"') + SPOTS, "not-suitable", "tanned-skin"),
    "expects perfection": (person(expectation='"perfect"') + WRINKLES, "refer", "expectation-perfect"),
    "infection": (person(history='["active-infection"]') + VEINS, "not-suitable", "infection-in-field"),
    "vitiligo": (person(history='["vitiligo"]') + SPOTS, "refer", "vitiligo"),
    "lupus": (person(history='["lupus"]') + VEINS, "refer", "lupus"),
    "severe laxity": (PERSON + concern("laxity", "jaw", 'severity = "severe"\n'), "refer", "laxity-severe"),
}

# One modality: text of the case, modality, words of the refusal; the others stay open.
ABLATIVE, FRACTIONAL = devices("er-yag-2940", "fractional-1550"), devices("fractional-co2-10600")
ONE = {
    "phototype VI, full field": (
        person(phototype='"VI"', ita_deg="") + WRINKLES + ABLATIVE,
        "ablative",
        "dark-skin-full-field",
    ),
    "phototype V, full field": (
        person(phototype='"V"', ita_deg="") + WRINKLES + ABLATIVE,
        "ablative",
        "dark-skin-full-field",
    ),
    "phototype IV, full field, a reason of which no cell of the guideline speaks": (
        person(phototype='"IV"', ita_deg="") + concern("skin-texture", extra="") + ABLATIVE,
        "ablative",
        "brown-skin-full-field",
    ),
    "isotretinoin, full field": (
        person(medications='[{name = "isotretinoin", last_dose_months = 2}]') + WRINKLES + ABLATIVE,
        "ablative",
        "isotretinoin-full-field-ablation",
    ),
    "keloid, full field": (person(history='["keloid"]') + WRINKLES + ABLATIVE, "ablative", "keloid-ablation"),
    "radiotherapy, full field": (
        person(history='["radiotherapy-field"]') + WRINKLES + ABLATIVE,
        "ablative",
        "radiotherapy",
    ),
    "recent filler": (person(history='["filler-recent"]') + WRINKLES + ABLATIVE, "ablative", "recent-filler"),
    "silver": (
        person(history='["argyria"]') + concern("acne-scars", extra="") + FRACTIONAL,
        "fractional-ablative",
        "silver",
    ),
    "gold, short pulse": (
        person(history='["gold-therapy"]') + SPOTS + devices("qs-ndyag-532-1064"),
        "pigment-short-pulse",
        "gold",
    ),
    "gold as a medicine, short pulse": (
        person(medications='[{name = "gold sodium thiomalate", last_dose_months = 240}]')
        + SPOTS
        + devices("qs-ruby-694"),
        "pigment-short-pulse",
        "gold",
    ),
}


def reasons(made: Any) -> dict[str, Any]:
    return {reason["rule"]: reason for reason in made["suitability"]["reasons"]}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_plan_is_refused(name: str) -> None:
    text, decision, rule = WHOLE[name]
    made = document(text)
    assert made["suitability"]["decision"] == decision
    spoke = reasons(made)[rule]
    assert spoke["decision"] == decision
    assert spoke["source"] in bibliography()
    assert spoke["text"]
    assert laser_options(made) == []
    assert made["course"] == []
    assert made["test_spots"] == []
    for part in made["concerns"]:
        assert "no-treatment" in [option["modality"] for option in part["options"]]


def message_of(rule: str) -> str:
    from skinbeam.suitability.table import load_rules

    return next(one.message.id for one in load_rules() if one.id == rule)


@pytest.mark.parametrize("name", ONE)
def test_one_laser_is_refused_and_the_plan_goes_on(name: str) -> None:
    text, modality, rule = ONE[name]
    made = document(text)
    assert modality not in [option["modality"] for option in laser_options(made)]
    said = [m["id"] for r in made["concerns"][0]["refused"] if r["modality"] == modality for m in r["reasons"]]
    assert message_of(rule) in said
    twin = document(PERSON + text[text.index("\n[[concern]]") :])
    assert modality in [option["modality"] for option in laser_options(twin)]


@pytest.mark.parametrize(
    ("phototype", "condition", "site", "is_refused"),
    [
        ("V", "poikiloderma", "neck", True),
        ("IV", "poikiloderma", "neck", True),
        ("III", "poikiloderma", "neck", False),
        ("VI", "skin-texture", "hands", True),
        ("IV", "skin-texture", "hands", False),  # for which the guideline names such columns
        ("VI", "skin-texture", "cheeks", False),
        ("VI", "surgical-scars", "arms", False),
        ("V", "acne-scars", "decolletage", True),
    ],
)
def test_columns_that_remove_skin_stay_on_the_face_and_on_scars_of_wounds_of_dark_skin(
    phototype: str, condition: str, site: str, is_refused: bool
) -> None:
    """A clinic whose only laser was a fractional CO2 was offered it for mild poikiloderma of a neck of type V."""
    case = loaded(person(phototype=f'"{phototype}"', ita_deg="") + concern(condition, site)).case
    judged = judge_suitability(case, concern=case.concern[0], modality="fractional-ablative")
    rules = {"dark-skin-off-face-columns", "darker-poikiloderma-columns"}
    assert bool(rules & {one.rule for one in judged.opposing_reasons}) is is_refused


def test_full_field_ablation_is_never_offered_off_the_face() -> None:
    for site in ("neck", "decolletage", "hands", "arms"):
        made = document(PERSON + concern("wrinkles", site, "") + ABLATIVE, draws=10)  # the site decides, not the skin
        assert "ablative" not in [option["modality"] for option in laser_options(made)]
        (refused,) = [r for r in made["concerns"][0]["refused"] if r["modality"] == "ablative"]
        assert refused["reasons"][0]["id"] == "plan.not-at-site"
        assert refused["source"] in bibliography()


@pytest.mark.parametrize(
    ("condition", "site", "device"),
    [
        ("facial-telangiectasia", "periorbital", "ipl"),
        ("facial-telangiectasia", "eyelid", "ndyag-1064"),
        ("age-spots", "periorbital", "alexandrite-755"),
        ("age-spots", "eyelid", "diode-810"),
        ("freckles", "periorbital", "ipl"),
    ],
)
def test_deep_light_is_refused_inside_the_orbital_rim(condition: str, site: str, device: str) -> None:
    made = document(PERSON + concern(condition, site) + devices(device))
    assert laser_options(made) == []
    refused = [r for r in made["concerns"][0]["refused"] if r.get("device") == device]
    from skinbeam.text import render_message

    assert all(render_message("rules.deep-light-near-eye") in m["text"] for r in refused for m in r["reasons"])
    assert refused
    assert "eyebrow2008" in made["sources"]


def test_light_that_stays_shallow_is_offered_around_the_eyes_with_shields() -> None:
    made = document(PERSON + concern("facial-telangiectasia", "periorbital", "") + devices("pulsed-dye-595"))
    (option,) = laser_options(made)
    assert {"eyewear-around-eyes", "corneal-shields"} <= {reason["rule"] for reason in option["reasons"]}


def test_gold_leaves_long_pulses_open() -> None:
    made = document(person(history='["gold-therapy"]') + VEINS + devices("pulsed-dye-595"))
    assert [option["device"] for option in laser_options(made)] == ["pulsed-dye-595"]


def test_one_refused_concern_leaves_the_other_open() -> None:
    made = document(PERSON + VEINS + concern("dynamic-wrinkles", "glabella", "") + devices("pulsed-dye-595"))
    assert made["suitability"]["decision"] == "with-caution"
    veins, lines = made["concerns"]
    assert [option["device"] for option in veins["options"] if "device" in option] == ["pulsed-dye-595"]
    assert not any("device" in option for option in lines["options"])
    assert "dynamic-lines" in reasons(made)


def test_a_darker_answer_never_opens_what_a_lighter_one_closes() -> None:
    """The range V-VI and a colour of phototype I: the darker decides."""
    text = person(phototype='"V-VI"', ita_deg="60.0") + WRINKLES + ABLATIVE
    assert "ablative" not in [option["modality"] for option in laser_options(document(text))]
