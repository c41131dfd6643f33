"""What a clinician has cleared: a referral becomes a caution with their name and day, and nothing else changes."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options

from skinbeam.model.case import Case
from skinbeam.model.consultation import CLEARABLE_RULES
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import load_case, parse_record
from skinbeam.suitability.clearance import CLEARED
from skinbeam.suitability.explanation import explain_decision
from skinbeam.suitability.judgement import Suitability, judge_case, judge_suitability
from skinbeam.suitability.table import load_rules

DAY = datetime.date(2026, 11, 1)
OWN_RULES = {"response-marked", "response-too-little", "earlier-injury-undosed"}  # stated in suitability/ itself
VEINS = {"condition": "facial-telangiectasia", "site": "cheeks"}
SPOTS = {"condition": "age-spots", "site": "hands"}


def clear(rule: str, **more: Any) -> dict[str, Any]:
    return {"rule": rule, "by": "dermatologist", "date": DAY} | more


def case_of(*clearances: dict[str, Any], concerns: tuple[dict[str, Any], ...] = (VEINS,), **more: Any) -> Case:
    person = {"age_years": 40.0, "phototype": "II", "sex": "female", "history": more.pop("history", [])}
    tables = {"patient": person, "concern": list(concerns), "clearance": list(clearances)} | more
    return parse_record(Case, tables, file="case")


def judged(case: Case, index: int = 0, modality: str = "vascular") -> Suitability:
    return judge_suitability(case, concern=case.concern[index], modality=modality)


def test_what_can_be_cleared_refers_and_is_nothing_that_only_a_diagnosis_settles() -> None:
    referring = {rule.id for rule in load_rules("suitability") if rule.decision == "refer"}
    assert set(CLEARABLE_RULES) - OWN_RULES <= referring
    assert set(CLEARABLE_RULES) >= OWN_RULES
    never = {"pigmented-lesion-undiagnosed", "lesion-signs", "lesion-solitary-pearly", "under-age", "colour-not-known"}
    assert never <= referring
    assert never.isdisjoint(CLEARABLE_RULES)


def test_a_cleared_referral_is_a_caution_that_names_who_decided_and_when() -> None:
    history = ["psoriasis", "vitiligo"]
    held, half = case_of(history=history), case_of(clear("psoriasis-or-eczema"), history=history)
    both = case_of(clear("psoriasis-or-eczema"), clear("vitiligo"), history=history)
    assert [judged(one).decision for one in (held, half, both)] == ["refer", "refer", "with-caution"]
    assert [judge_case(one).decision for one in (held, half, both)] == ["refer", "refer", "with-caution"]
    (reason,) = (one for one in judged(half).reasons if one.rule == "psoriasis-or-eczema")
    assert (reason.decision, reason.message.id) == ("with-caution", CLEARED)
    assert "dermatologist" in reason.message.text
    assert "1 November 2026" in reason.message.text
    before = {one.rule for one in judged(held).reasons}
    assert {one.rule for one in judged(both).reasons} == before


@pytest.mark.parametrize("rule", CLEARABLE_RULES)
def test_a_clearance_takes_nothing_back_that_another_rule_says(rule: str) -> None:
    """No refusal and no caution of a person with everything goes away, and no other referral does."""
    history = ["psoriasis", "vitiligo", "lupus", "bleeding-disorder", "immunosuppression", "skin-cancer", "epilepsy"]
    plain, cleared = case_of(history=history), case_of(clear(rule), history=history)
    for modality in ("vascular", "fractional-ablative", "ablative", "chemical-peel", "microneedling"):
        then = {one.rule: one.decision for one in judged(plain, modality=modality).reasons}
        now = {one.rule: one.decision for one in judged(cleared, modality=modality).reasons}
        changed = {name for name in then if then[name] != now[name]}
        assert then.keys() == now.keys()
        assert changed == ({rule} if then.get(rule) == "refer" else set())


def test_a_clearance_for_a_condition_holds_for_it_alone() -> None:
    case = case_of(
        clear("psoriasis-or-eczema", condition="facial-telangiectasia"), concerns=(VEINS, SPOTS), history=["psoriasis"]
    )
    assert judged(case, 0).decision == "with-caution"
    assert judged(case, 1, "pigment-short-pulse").decision == "refer"


@pytest.mark.parametrize(
    ("cleared", "decision"), [(("facial-telangiectasia", "age-spots"), "with-caution"), (("age-spots",), "refer")]
)
def test_what_is_cleared_for_every_condition_is_cleared_of_the_person(cleared: tuple[str, ...], decision: str) -> None:
    """The first page referred a person whose every laser was planned."""
    made = [clear("psoriasis-or-eczema", condition=one) for one in cleared]
    whole = judge_case(case_of(*made, concerns=(VEINS, SPOTS), history=["psoriasis"]))
    assert [one.decision for one in whole.reasons if one.rule == "psoriasis-or-eczema"] == [decision]


def test_a_course_that_helped_too_little_goes_on_when_somebody_has_looked_again() -> None:
    done = [
        {"week": week, "treats": "facial-telangiectasia", "device": "pulsed-dye-595", "response_pct": 10.0}
        for week in (0.0, 6.0)
    ]
    dye = {"device_wavelength_nm": 595.0, "pulse_ms": 10.0}
    decisions = []
    for clearances in ((), (clear("response-too-little"),)):
        case = case_of(*clearances, session=done)
        decisions.append(judge_suitability(case, concern=case.concern[0], modality="vascular", **dye).decision)
    assert decisions == ["refer", "with-caution"]


def test_once_somebody_has_looked_again_no_other_light_asks_for_that_look() -> None:
    """The leaflet told the patient that a doctor must look again, after a dermatologist had done so."""
    done = [
        {"week": week, "treats": "facial-telangiectasia", "device": "ktp-532", "response_pct": 10.0}
        for week in (0.0, 6.0)
    ]
    both = {"session": done, "clinic": {"devices": ["ktp-532", "ndyag-1064"]}}
    infrared = {"device_wavelength_nm": 1064.0, "pulse_ms": 20.0}
    ids = []
    for clearances in ((), (clear("response-too-little", condition="facial-telangiectasia"),)):
        case = case_of(*clearances, **both)
        judged_light = judge_suitability(case, concern=case.concern[0], modality="vascular", **infrared)
        reasons = [one for one in judged_light.reasons if one.rule == "response-too-little"]
        plain = [one.text.id for one in explain_decision(case, judge_case(case)) if one.rule == "response-too-little"]
        ids.append(([one.message.id for one in reasons], plain))
    assert ids == [
        (["response.too-little-so-far"], ["leaflet_why.response-too-little"]),
        ([CLEARED], ["clearance.told"]),
    ]


def test_the_plan_says_how_a_referral_is_cleared_and_then_plans_what_it_would_have_planned() -> None:
    sick = PERSON + 'history = ["psoriasis"]\n'
    rest = concern("facial-telangiectasia", extra="") + devices("pulsed-dye-595")
    written = '[[clearance]]\nrule = "psoriasis-or-eczema"\nby = "dermatologist"\ndate = 2026-11-01\n'
    held, cleared, healthy = (document(text + rest) for text in (sick, sick + written, PERSON))
    (notice,) = held["warnings"]
    assert notice["code"] == "clearance"
    assert "psoriasis-or-eczema" in notice["message"]
    assert "clearance" not in [one["code"] for one in (*cleared["warnings"], *healthy["warnings"])]
    assert (held["suitability"]["decision"], cleared["suitability"]["decision"]) == ("refer", "with-caution")
    assert not laser_options(held)
    assert [one["settings"] for one in laser_options(cleared)] == [one["settings"] for one in laser_options(healthy)]


def test_a_case_without_clearances_has_the_hash_that_older_programs_stored(tmp_path: Path) -> None:
    """Otherwise nobody could ask a stored plan of the clinic what another setting would do."""
    file = tmp_path / "case.toml"
    file.write_text('[patient]\nage_years = 42\n\n[[session]]\nweek = 0\ntreats = "redness"\n')
    before = load_case(file).sha256()
    assert before == "bfa101894c8d034678ed558cd1e7ff85ed455b233c238fb2457f12f65118195c"
    file.write_text(file.read_text() + '[[clearance]]\nrule = "lupus"\nby = "dermatologist"\ndate = 2026-11-01\n')
    assert load_case(file).sha256() != before


@pytest.mark.parametrize("rule", ["lesion-signs", "under-age", "no-such-rule"])
def test_what_cannot_be_cleared_is_refused_with_what_can(rule: str) -> None:
    with pytest.raises(InputError) as raised:
        case_of(clear(rule))
    assert raised.value.field == "clearance[0].rule"
    assert "psoriasis-or-eczema" in raised.value.hint
