"""A case file becomes facts: names are matched, what is missing stays missing, and risks are told in words."""

from typing import Any

import pytest

from skinbeam.assessment.medicines import match_medication, medication_facts, medications
from skinbeam.assessment.questionnaire import (
    CONCERN_FACTS,
    PERSON_FACTS,
    concern_facts,
    darkest_phototype,
    fact_tables,
    read_questionnaire,
    sites_overlap,
)
from skinbeam.assessment.risks import assess_risks
from skinbeam.model.case import Case
from skinbeam.model.document import to_json_types
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import bibliography, collect_sources
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.text import use_language


def _case(patient: dict[str, Any] | None = None, *concerns: dict[str, Any], **more: Any) -> Case:
    person = {"age_years": 40.0} | (patient or {})
    given = list(concerns) or [{"condition": "wrinkles", "site": "cheeks"}]
    return parse_record(Case, {"patient": person, "concern": given, **more}, file="case")


@pytest.mark.parametrize(
    ("condition", "site", "is_far"),
    [
        ("perioral-lines", "hands", True),
        ("perioral-lines", "neck", True),
        ("fine-lines-periorbital", "back", True),
        ("perioral-lines", "perioral", False),
        ("perioral-lines", "full-face", False),
        ("perioral-lines", "chin", False),
        ("fine-lines-periorbital", "cheeks", False),
        ("wrinkles", "hands", False),
    ],
)
def test_lines_of_mouth_and_eyes_at_a_far_site_are_most_likely_a_slip(condition: str, site: str, is_far: bool) -> None:
    warnings = read_questionnaire(_case(None, {"condition": condition, "site": site})).warnings
    assert [warning.code for warning in warnings] == ["site-of-condition"] * is_far
    for warning in warnings:
        assert vocabulary_table("site")[site]["title"] in warning.message.text


@pytest.mark.parametrize("name", list(medications()))
def test_every_medicine_is_found_by_each_of_its_names(name: str) -> None:
    entry = medications()[name]
    for alias in (name, entry.title, *entry.aliases):
        assert name in match_medication(alias), alias
        assert name in match_medication(f"  {alias.upper()} 20 mg, daily")
    assert entry.classes
    assert (entry.source or "ruleclasses") in bibliography()


def test_no_alias_means_medicines_of_two_kinds() -> None:
    for name, entry in medications().items():
        for alias in entry.aliases:
            for found in match_medication(alias):
                assert medications()[found].classes == entry.classes, (name, alias)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Roaccutane®", ("isotretinoin",)),
        ("St. John’s Wort 300mg", ("st-johns-wort",)),
        ("low-dose aspirin", ("aspirin",)),
        ("warfarin and amiodarone", ("amiodarone", "vitamin-k-antagonist")),
        ("isotretinoin", ("isotretinoin",)),
        ("golden root", ()),
        ("tamsulosin", ()),
        ("", ()),
    ],
)
def test_names_are_matched_by_whole_words(text: str, found: tuple[str, ...]) -> None:
    assert match_medication(text) == found


def test_an_unmatched_medicine_is_a_warning_and_not_an_error() -> None:
    asked = read_questionnaire(_case({"medications": [{"name": "Zzyzx forte"}, {"name": "aspirin"}]}))
    assert [warning.code for warning in asked.warnings] == ["unknown-medication"]
    assert "Zzyzx forte" in asked.warnings[0].message.text


@pytest.mark.parametrize(
    ("device", "near"),
    [
        ("pulsd-dye-595", "pulsed-dye-595"),
        ("Pulsed-Dey-595", "pulsed-dye-595"),
        ("ndyag-1046", "ndyag-1064"),
        ("pulsed-dye-595", None),
        ("Pulsed dye 595", None),  # read whatever the spaces
        ("our-dye-laser.toml", None),
        ("pulsd-dye-590", None),  # a device file of the clinic
        ("Lumenis M22 of Dr. X", None),
        ("unknown", None),
        (None, None),
    ],
)
def test_a_misspelt_device_of_an_earlier_pulse_is_told(device: str | None, near: str | None) -> None:
    session = {"week": 0, "treats": "wrinkles"} | ({} if device is None else {"device": device})
    spot = {"site": "cheeks", "read_after_h": 24, "reaction": "none", "device": device or "unknown"}
    clinic = {"devices": ["pulsd-dye-590.toml"]}
    for more in ({"session": [session, session]}, {"test_spot": [spot]}):
        told = read_questionnaire(_case(clinic=clinic, **more)).warnings
        assert [warning.code for warning in told] == ([] if near is None else ["unknown-device"])
        assert all(f'Did you mean "{near}"?' in warning.message.text for warning in told)


def test_the_latest_dose_counts_for_the_medicine_and_its_class() -> None:
    taken = [
        {"name": "prednisone", "last_dose_months": 8.0},
        {"name": "methotrexate", "last_dose_months": 2.0},
        {"name": "Prednisolone", "last_dose_months": 5.0},
    ]
    facts = read_questionnaire(_case({"medications": taken})).facts
    assert facts["medication.systemic-steroid"] == 5.0
    assert facts["medication.immunosuppressant"] == 2.0
    assert facts["medication.gold"] is False


def test_a_dose_of_today_is_not_never() -> None:
    facts = read_questionnaire(_case({"medications": [{"name": "aspirin"}]})).facts
    assert facts["medication.aspirin"] == 0.0
    assert facts["medication.aspirin"] is not False


def test_what_is_not_answered_is_absent_and_what_is_not_listed_is_a_no() -> None:
    facts = read_questionnaire(_case()).facts
    assert "darkest_phototype" not in facts
    assert "expectation" not in facts
    assert facts["history"] == ()
    assert facts["pregnant"] is False
    assert set(facts) <= {*PERSON_FACTS, *medication_facts()}
    nobody = parse_record(Case, {"concern": [{"condition": "wrinkles", "site": "cheeks"}]}, file="case")
    assert "age_years" not in read_questionnaire(nobody).facts


def test_every_fact_can_be_known() -> None:
    patient = {"phototype": "IV", "sex": "male", "expectation": "modest", "tan": "recent", "downtime_days_accepted": 0}
    case = _case(patient, {"condition": "laxity", "site": "neck", "severity": "mild-severe"})
    assert set(read_questionnaire(case).facts) == {*PERSON_FACTS, *medication_facts()}
    facts = concern_facts(case, case.concern[0])
    assert set(facts) == set(CONCERN_FACTS)
    assert facts["severity_high"] == 3.0


def test_facts_cannot_be_changed() -> None:
    facts = read_questionnaire(_case()).facts
    with pytest.raises(TypeError, match="item assignment"):
        facts["tan"] = "none"


@pytest.mark.parametrize(
    ("patient", "skin", "darkest"),
    [
        ({}, {}, None),
        ({"phototype": "II"}, {}, 2),
        ({"phototype": "II-IV"}, {}, 4),
        # The six classes of ITA: above 55, above 41, above 28, above 10, above -30, and below.
        ({"ita_deg": 55.1}, {}, 1),
        ({"ita_deg": 55.0}, {}, 2),
        ({"ita_deg": 41.0}, {}, 3),
        ({"ita_deg": 28.0}, {}, 4),
        ({"ita_deg": 10.0}, {}, 5),
        ({"ita_deg": -30.0}, {}, 6),
        ({"phototype": "VI", "ita_deg": 60.0}, {}, 6),
        ({"phototype": "I", "ita_deg": 60.0}, {"ita_deg": 0.0}, 5),
    ],
)
def test_the_darkest_that_is_left_open(patient: dict[str, Any], skin: dict[str, Any], darkest: int | None) -> None:
    more = {"skin": skin} if skin else {}
    assert darkest_phototype(_case(patient, **more)) == darkest


@pytest.mark.parametrize(
    "site", [name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"]
)
def test_overlap_is_mutual_and_every_site_lies_on_the_face_or_off_it(site: str) -> None:
    tables = fact_tables()
    assert sites_overlap(site, site)
    off_face = vocabulary_table("site")[site]["off_face"]
    assert (site == "full-face" or site in tables.site_parts["full-face"]) is not off_face
    for other in vocabulary_table("site"):
        assert sites_overlap(site, other) is sites_overlap(other, site)
    assert sites_overlap(site, "full-face") is not off_face


def test_the_tables_name_only_known_sites_and_conditions() -> None:
    tables = fact_tables()
    sites = {*tables.site_parts, *(s for group in tables.site_parts.values() for s in group)}
    assert sites <= set(vocabulary_table("site"))
    assert set(tables.conditions_around_eyes) <= set(vocabulary_table("condition"))


@pytest.mark.parametrize(
    ("sex", "site", "bearing"),
    [
        ("female", "cheeks", False),
        ("male", "cheeks", True),
        (None, "cheeks", True),
        ("female", "eyelid", True),
        ("male", "nose", False),
    ],
)
def test_where_hair_grows(sex: str | None, site: str, bearing: bool) -> None:
    case = _case({} if sex is None else {"sex": sex}, {"condition": "wrinkles", "site": site})
    assert concern_facts(case, case.concern[0])["hair_bearing"] is bearing


def test_fine_lines_around_the_eyes_lie_there_whatever_the_site_says() -> None:
    case = _case({}, {"condition": "fine-lines-periorbital", "site": "cheeks"})
    facts = concern_facts(case, case.concern[0])
    assert facts["around_eyes"] is True
    assert facts["inside_orbital_rim"] is True


def _names(case: Case) -> list[str]:
    return [risk.name for risk in assess_risks(case)]


@pytest.mark.parametrize(
    ("patient", "concern", "name"),
    [
        ({}, {}, "colour-unknown"),
        ({"phototype": "III"}, {}, "dark-marks"),
        ({"phototype": "I", "tan": "current"}, {}, "dark-marks"),
        ({"phototype": "I", "history": ["pih"]}, {}, "dark-marks"),
        ({"phototype": "I", "history": ["melasma"]}, {}, "dark-marks"),
        ({"medications": [{"name": "gold", "last_dose_months": 99.0}]}, {}, "discolouration"),
        ({"history": ["argyria"]}, {}, "discolouration"),
        ({"history": ["keloid"]}, {}, "raised-scars"),
        ({"history": ["hypertrophic-scar"]}, {}, "raised-scars"),
        ({}, {"condition": "keloid"}, "raised-scars"),
        ({}, {"condition": "hypertrophic-scars"}, "raised-scars"),
        ({}, {"site": "neck"}, "scars-off-face"),
        ({"history": ["diabetes-uncontrolled"]}, {}, "slow-healing"),
        ({"medications": [{"name": "methotrexate"}]}, {}, "slow-healing"),
        ({"history": ["herpes-labialis"]}, {}, "cold-sores"),
        ({"medications": [{"name": "Xarelto"}]}, {}, "bruises"),
        ({}, {"site": "eyelid"}, "eyes"),
        ({"sex": "male"}, {}, "hair"),
    ],
)
def test_each_answer_raises_its_risk(patient: dict[str, Any], concern: dict[str, Any], name: str) -> None:
    case = _case(patient, {"condition": "wrinkles", "site": "cheeks"} | concern)
    assert name in _names(case)
    with collect_sources() as keys:
        found = assess_risks(case)
    assert all(risk.message.text and risk.source in bibliography() for risk in found)
    assert set(keys) == {risk.source for risk in found}
    assert {record["risk"] for record in (to_json_types(risk) for risk in found)} == {risk.name for risk in found}


def test_no_cold_sore_wakes_where_the_face_is_not_treated() -> None:
    concerns = [{"condition": "wrinkles", "site": site} for site in ("hands", "neck", "chin")]
    patient = {"history": ["herpes-labialis"]}
    assert "cold-sores" not in _names(_case(patient, *concerns[:2]))
    assert "cold-sores" in _names(_case(patient, *concerns))


def test_a_person_without_any_has_none() -> None:
    assert _names(_case({"phototype": "I", "sex": "female"})) == []


def test_risks_say_no_number() -> None:
    patient = {"phototype": "V", "tan": "recent", "history": ["pih", "keloid", "lupus", "gold-therapy"]}
    for risk in assess_risks(_case(patient, {"condition": "wrinkles", "site": "hands"})):
        assert not any(letter.isdigit() for letter in risk.message.text)


def test_what_makes_a_harm_likelier_is_named_in_the_language_of_the_page() -> None:
    """German reports said "diabetes uncontrolled" and "tanned skin"."""
    patient = {
        "age_years": 40.0,
        "phototype": "V",
        "tan": "recent",
        "history": ["argyria", "diabetes-uncontrolled", "gold-therapy", "smoking"],
    }
    case = parse_record(
        Case, {"patient": patient, "concern": [{"condition": "wrinkles", "site": "cheeks"}]}, file="case"
    )
    english = [risk.message.text for risk in assess_risks(case)]
    with use_language("de"):
        german = [risk.message.text for risk in assess_risks(case)]
    assert any("smoking" in text for text in english)
    for words in ("smoking", "diabetes that", "uncontrolled", "tanned", "treatment with", "silver in"):
        assert not any(words in text for text in german), words
