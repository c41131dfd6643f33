"""Someone who forms keloids: what is refused, who may decide otherwise, and that no number of others is told."""

import datetime
import itertools
import tomllib
from typing import Any

import numpy as np
import pytest
from consultations import EXAMPLES, PERSON, concern, devices, document, example, laser_options, loaded
from plan_reading import read_plan

from skinbeam.course.borne_pulses import HOURS_PER_WEEK
from skinbeam.course.test_spots import _reading_delay_h
from skinbeam.evidence.expectation.estimates import inline_title
from skinbeam.evidence.harm_counts import harm_share_in_trials
from skinbeam.evidence.studies.outcomes import counts_after
from skinbeam.model.case import Case, forms_raised_scars, has_other_raised_scars
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.fields import FieldError, person_name
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import laser_modalities, resolve_name, vocabulary_table
from skinbeam.outcome.injury import INJURY_KINDS, NO_INJURY, summarise_harm
from skinbeam.plan.other_option import build_other_option
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.simulate.skins.ensemble import SampledQuantities
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.text import render_message

ABLATIVE = ("ablative", "fractional-ablative")
DECISION = {"by": "dermatologist", "date": datetime.date(2026, 3, 2), "allows": ["fractional-ablative"]}
ON_HANDS = {"condition": "keloid", "site": "hands"}
DONE = {"week": 0.0, "treats": "keloid"}
RESURFACED = (
    PERSON + 'history = ["HISTORY"]\n' + concern("wrinkles") + devices("fractional-co2-10600", "fractional-1550")
)


def case_of(condition: str = "wrinkles", *more: Any, session: Any = (), **patient: Any) -> Case:
    person = {"age_years": 40.0, "phototype": "II", "sex": "female"} | patient
    concerns = [{"condition": condition, "site": "cheeks"}, *more]
    return parse_record(Case, {"patient": person, "concern": concerns, "session": list(session)}, file="case")


FORMERS = {
    "history": {"history": ["keloid"]},
    "concern elsewhere": {"more": [ON_HANDS]},
    "treated before": {"session": [DONE]},
}


def former(how: str, condition: str = "wrinkles", **patient: Any) -> Case:
    said = dict(FORMERS[how])
    return case_of(condition, *said.pop("more", []), **said, **patient)


# --- the names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["Keloid", "keloids", "keloid scar", "Keloid scars", "hypertrophic/keloid scars"])
def test_the_words_mean_a_keloid(word: str) -> None:
    assert resolve_name("condition", word, field="x") == "keloid"


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("triamcinolone", "intralesional-steroid"),
        ("intralesional steroid", "intralesional-steroid"),
        ("silicone gel", "silicone"),
        ("Silicone", "silicone"),
    ],
)
def test_steroid_and_silicone_are_two_things(word: str, name: str) -> None:
    assert resolve_name("modality", word, field="x") == name


def test_the_two_in_one_are_no_name_any_more() -> None:
    with pytest.raises(InputError) as caught:
        resolve_name("modality", "silicone-or-steroid", field="x")
    assert "silicone" in caught.value.hint


def test_nobody_injects_steroid_into_a_flat_scar() -> None:
    helps = {
        name: vocabulary_table("condition")[name]["alternative"]
        for name in ("surgical-scars", "hypertrophic-scars", "keloid")
    }
    assert [name for name, listed in helps.items() if "intralesional-steroid" in listed] == [
        "hypertrophic-scars",
        "keloid",
    ]
    assert all("silicone" in listed for listed in helps.values())


# --- ablation ---------------------------------------------------------------------------------------------------------


def test_ablation_is_refused_for_every_concern() -> None:
    cells = list(itertools.product(FORMERS, vocabulary_table("condition"), ABLATIVE))
    assert len(cells) > 100
    assert not [cell for cell in cells if not refused_as_former(*cell)]


def refused_as_former(how: str, condition: str, modality: str) -> bool:
    """Whether ablation is refused, and by the rule of keloids."""
    case = former(how, condition)
    found = judge_suitability(case, concern=case.concern[0], modality=modality)
    return found.decision == "not-suitable" and "keloid-ablation" in [reason.rule for reason in found.reasons]


@pytest.mark.parametrize("how", FORMERS)
def test_a_decision_opens_what_it_names_and_asks_for_caution(how: str) -> None:
    case = former(how, keloid_decision=DECISION)
    decided = judge_suitability(case, concern=case.concern[0], modality="fractional-ablative")
    assert decided.decision == "with-caution"
    assert "keloid-specialist-decision" in [reason.rule for reason in decided.reasons]
    assert judge_suitability(case, concern=case.concern[0], modality="ablative").decision == "not-suitable"


def test_a_decision_opens_no_other_rule() -> None:
    case = case_of(history=["keloid", "radiotherapy-field"], keloid_decision=DECISION)
    assert judge_suitability(case, concern=case.concern[0], modality="fractional-ablative").decision == "not-suitable"
    plain = case_of(keloid_decision=DECISION)
    assert "keloid-specialist-decision" not in {
        reason.rule
        for reason in judge_suitability(plain, concern=plain.concern[0], modality="fractional-ablative").reasons
    }


@pytest.mark.parametrize("how", FORMERS)
def test_every_other_laser_asks_for_a_test_spot(how: str) -> None:
    case = former(how)
    for modality in set(laser_modalities()) - {*ABLATIVE}:
        said = {r.rule: r for r in judge_suitability(case, concern=case.concern[0], modality=modality).reasons}
        assert said["keloid-other-lasers"].decision == "with-caution"


def test_a_raised_scar_that_is_no_keloid_refuses_the_removal_of_the_whole_surface_alone() -> None:
    rules = {"fractional-ablative": "raised-scars-columns", "ablative": "raised-scars-full-field"}
    for case in (case_of(history=["hypertrophic-scar"]), case_of("hypertrophic-scars")):
        for modality in laser_modalities():
            said = {r.rule: r for r in judge_suitability(case, concern=case.concern[0], modality=modality).reasons}
            decision = said[rules.get(modality, "raised-scars")].decision
            assert decision == ("refer" if modality == "ablative" else "with-caution")
            assert "keloid-ablation" not in said


def test_who_decided_and_when_stands_in_the_plan() -> None:
    made = example(EXAMPLES / "conditions" / "keloid-fractional-ablative.toml")
    assert made["assessment"]["keloid_decision"]["text"] == "dermatologist, 2 November 2026: Fractional ablative laser"
    assert [option["modality"] for option in laser_options(made)] == ["fractional-ablative"]
    assert {"intralesional-steroid", "silicone"} <= {o["modality"] for o in made["concerns"][0]["options"]}


def test_vessels_of_unknown_width_are_given_no_setting_but_a_published_one() -> None:
    (part,) = example(EXAMPLES / "conditions" / "keloid-vascular.toml")["concerns"]
    reasons = {refused["modality"]: [m["id"] for m in refused["reasons"]] for refused in part["refused"]}
    for option in (one for one in part["options"] if one["modality"] == "vascular"):
        assert option["basis"] == "published"
        assert set(option["p_effective"]) == set(option["p_harm"]) == {"unknown"}
    assert reasons["fractional-ablative"] == ["rules.keloid-ablation"]


# --- who decided ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        *("", "  ", "?", "-", "x", "xx", "XXX", "n/a", "N.A.", "na", "none", "None yet", "nobody", "No one", "me"),
        *("MYSELF", "self", "unknown", "tbd", "T.B.D", "patient", "The patient.", "a1", "123", "--- ---", "..."),
    ],
)
def test_a_text_that_names_nobody_is_refused(said: str) -> None:
    with pytest.raises(FieldError, match="names nobody"):
        person_name().func(said)  # type: ignore[call-arg] # checks here take the value alone
    with pytest.raises(InputError) as caught:
        case_of(history=["keloid"], keloid_decision=DECISION | {"by": said})
    assert caught.value.field == "patient.keloid_decision.by"


@pytest.mark.parametrize(
    "said",
    [
        "self-diagnosed",
        "my friend",
        "ChatGPT",
        "the internet",
        "patient's mother",
        "the patient herself",
        "no one yet",
        "not sure",
        "to be confirmed",
        "dermatologist (pending)",
        "?dermatologist",
        "niemand",
        "m\u0435",  # the second letter is Cyrillic
        "\uff4d\uff45",  # in full width
        "\u3164\u115f",  # Hangul fillers, which show nothing
    ],
)
def test_nobody_with_a_profession_is_nobody_however_it_is_written(said: str) -> None:
    with pytest.raises(FieldError, match="names nobody"):
        person_name().func(said)  # type: ignore[call-arg] # checks here take the value alone


@pytest.mark.parametrize(
    "said", ["GP", "clinician", "dermatologist", " Dr Ono ", "A. B. Selfridge", "Ng Wei", "王芳", "NHS scar clinic"]
)
def test_a_name_or_a_profession_is_kept_without_the_spaces_around_it(said: str) -> None:
    assert person_name().func(said) == said.strip()  # type: ignore[call-arg] # checks here take the value alone


@pytest.mark.parametrize("said", [7, True, None, ["dermatologist"], "derma\ntologist", "d" * 101])
def test_what_is_no_text_names_nobody_either(said: Any) -> None:
    with pytest.raises(FieldError):
        person_name().func(said)  # type: ignore[call-arg] # checks here take the value alone


@pytest.mark.parametrize(
    "change",
    [{"allows": []}, {"allows": ["vascular"]}, {"allows": "ablative"}, {"date": None}, {"by": None}, {"why": "x"}],
)
def test_a_decision_is_whole(change: dict[str, Any]) -> None:
    given = {key: value for key, value in (DECISION | change).items() if value is not None}
    with pytest.raises(InputError) as caught:
        case_of(history=["keloid"], keloid_decision=given)
    assert caught.value.field.startswith("patient.keloid_decision")


@pytest.mark.parametrize(
    ("text", "refused"), [("keloid on jaw", True), ("Keloids", True), ("no keloid", False), ("a scar", False)]
)
def test_a_keloid_in_the_words_of_a_session_is_a_keloid(text: str, refused: bool) -> None:
    done = {"week": 0.0, "treats": "acne-scars", "device": "fractional-1550", "energy_mJ": 20.0, "adverse": [text]}
    case = parse_record(
        Case,
        {
            "patient": {"age_years": 45.0, "phototype": "II"},
            "concern": [{"condition": "wrinkles", "site": "cheeks"}],
            "session": [done],
        },
        file="case",
    )
    found = judge_suitability(case, concern=case.concern[0], modality="fractional-ablative")
    assert ("keloid-ablation" in {reason.rule for reason in found.reasons}) is refused


# --- how often scars come ---------------------------------------------------------------------------------------------


def harms(option: dict[str, Any]) -> dict[str, Any]:
    return {harm["name"]: harm for harm in option["harms"]}


@pytest.mark.parametrize("word", ["keloid", "hypertrophic-scar"])
def test_the_share_with_a_scar_is_not_told_of_someone_who_forms_them(word: str) -> None:
    others = document(RESURFACED.replace("HISTORY", "face-lift"))
    shares = [harms(option)["scar"]["p"] for option in laser_options(others)]
    assert shares
    assert all("median" in share for share in shares)
    made = document(RESURFACED.replace("HISTORY", word))
    told = laser_options(made)
    assert {option["modality"] for option in told} == {
        "non-ablative-fractional",
        *(["fractional-ablative"] if word == "hypertrophic-scar" else []),
    }
    for option in told:
        scar = harms(option)["scar"]
        assert scar["p"] == option["expected"]["harms"]["scar"]["p"] == {"unknown": render_message("harm.raised-scars")}
        assert scar["text"]["id"] == "plan.harm-raised-scars"
        assert "harms" not in option["expected"]["untreated"]
        assert "median" in harms(option)["pih"]["p"]
        assert "scar," not in str(option["rank_reason"])
    assert any("thick scars" in line for line in leaflet_page(read_plan(made)).unknowns)
    assert not any("thick scars" in line for line in leaflet_page(read_plan(others)).unknowns)


@pytest.mark.parametrize("how", FORMERS)
@pytest.mark.parametrize("modality", ABLATIVE)
def test_trials_tell_no_share_of_scars_after_a_pulse(how: str, modality: str) -> None:
    assert harm_share_in_trials("scar", modality, former(how)) == Unknown(render_message("harm.raised-scars"))
    assert isinstance(harm_share_in_trials("scar", modality, case_of()), Estimate)
    assert isinstance(harm_share_in_trials("pih", modality, former(how)), Estimate)


def test_even_a_pulse_that_hurts_nobody_promises_them_no_absence_of_scars() -> None:
    seen: SampledQuantities = {"injury.kind": np.full(4, float(INJURY_KINDS.index(NO_INJURY)))}
    zero, unknown = (
        summarise_harm(Unknown("not asked"), seen, np.ones(4), case, ("a",), None).p_scar
        for case in (case_of(), former("history"))
    )
    assert isinstance(zero, Estimate)
    assert zero.high == 0.0
    assert unknown == Unknown(render_message("harm.raised-scars"))


def test_a_share_that_is_not_told_is_no_comfort_in_the_ranking() -> None:
    """Where scars were the commonest mark, leaving them untold must not make an option look milder."""
    for modality in ABLATIVE:
        counted = harm_share_in_trials("scar", modality, case_of())
        assert isinstance(counted, Estimate)
        case = former("history")
        _, standing = build_other_option(case, case.concern[0], modality, "possible", "boen2019")
        assert standing.lasting_marks is not None
        assert standing.lasting_marks >= counted.median


def test_the_shares_that_trials_counted_are_there_to_be_withheld() -> None:
    for modality in ABLATIVE:
        assert counts_after("scar", modality), inline_title("modality", modality)


def test_who_forms_raised_scars() -> None:
    assert all(forms_raised_scars(former(how)) for how in FORMERS)
    assert forms_raised_scars(case_of("hypertrophic-scars"))
    assert not forms_raised_scars(case_of("surgical-scars", history=["pih"]))
    nobody = parse_record(Case, tomllib.loads('[skin]\npreset = "human"\n'), file="case")
    assert not forms_raised_scars(nobody)


@pytest.mark.parametrize("condition", ["keloid", "hypertrophic-scars"])
@pytest.mark.parametrize("adverse", ["none", "raised scar unchanged", "keloid"])
def test_the_scar_that_is_treated_is_none_beside_it(condition: str, adverse: str) -> None:
    done = {"week": 0.0, "treats": condition, "adverse": [adverse]}
    case = case_of(condition, session=[done])
    assert forms_raised_scars(case)
    assert not has_other_raised_scars(case, case.concern[0])
    elsewhere = case_of(condition, {"condition": condition, "site": "hands"})
    assert has_other_raised_scars(elsewhere, elsewhere.concern[0])


@pytest.mark.parametrize("how", FORMERS)
@pytest.mark.parametrize("condition", ["wrinkles", "acne-scars"])
def test_raised_scars_anywhere_are_beside_another_concern(how: str, condition: str) -> None:
    case = former(how, condition)
    assert has_other_raised_scars(case, case.concern[0])


def test_spots_of_columns_wait_for_raised_scars_of_others_than_the_one_that_is_treated() -> None:
    weeks = {
        "none": PERSON + concern("acne-scars", extra=""),
        "history": PERSON + 'history = ["hypertrophic-scar"]\n' + concern("acne-scars", extra=""),
        "after a session": PERSON
        + concern("acne-scars", extra="")
        + '[[session]]\nweek = 0\ntreats = "acne-scars"\nadverse = ["a raised scar on the hand"]\n',
        "treated": PERSON + concern("hypertrophic-scars", extra=""),
    }
    found = {}
    for name, text in weeks.items():
        case = loaded(text).case
        found[name] = _reading_delay_h(case, case.concern[0], "non-ablative-fractional") / HOURS_PER_WEEK
    assert found["history"] == found["after a session"] == 8
    assert found["treated"] == found["none"] < 8
