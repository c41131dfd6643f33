"""What trials of several medicines together found is lent to nobody who must not have some of them."""

from typing import Any

import pytest

from skinbeam.model.case import Case
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import parse_record
from skinbeam.plan.other_option import build_other_option
from skinbeam.plan_records.plan import Option
from skinbeam.suitability.judgement import judge_suitability
from skinbeam.suitability.table import RULE_USES, load_rules, read_rules

BARRED = [{"pregnant": True}, {"lactating": True}, {"age_years": 10.0}]
GROUPS = [("acne-medication", "active-acne"), ("rosacea-medication", "redness")]


def offered(modality: str, condition: str, **changed: Any) -> Option:
    patient = {"age_years": 30.0, "sex": "female", "phototype": "II"} | changed
    concerns = [{"condition": condition, "site": "cheeks", "severity": "moderate"}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    reasons = judge_suitability(case, concern=case.concern[0], modality=modality).reasons
    return build_other_option(case, case.concern[0], modality, "usual", "boen2019", reasons)[0]


@pytest.mark.parametrize("person", BARRED, ids=str)
@pytest.mark.parametrize(("modality", "condition"), GROUPS)
def test_no_number_of_drugs_that_are_forbidden_to_the_person(modality: str, condition: str, person: Any) -> None:
    expected = offered(modality, condition, **person).expected
    assert expected.abstains is not None
    assert expected.abstains.id == "plan.part-barred-not-lent"
    shares = [*expected.p_at_least.values(), expected.person_improvement_pct, expected.mean_improvement_pct]
    assert all(isinstance(share, Unknown) for share in shares)
    assert all(isinstance(harm.p, Unknown) for harm in expected.harms.values())
    (barred, *_) = (reason for reason in offered(modality, condition, **person).reasons if reason.rule in BARRING)
    assert expected.abstains.params["reason"] == barred.message


@pytest.mark.parametrize(("modality", "condition"), GROUPS)
def test_everybody_else_gets_what_trials_of_all_of_them_found(modality: str, condition: str) -> None:
    expected = offered(modality, condition).expected
    assert expected.abstains is None or expected.abstains.id != "plan.part-barred-not-lent"
    acne = offered("acne-medication", "active-acne").expected
    assert not all(isinstance(share, Unknown) for share in acne.p_at_least.values())


BARRING = {rule.id for rule in load_rules("suitability") if rule.bars_results}


def test_a_rule_bars_results_only_where_it_does_not_refuse_the_whole() -> None:
    for rule in load_rules("suitability"):
        assert not rule.bars_results or rule.decision == "with-caution"


@pytest.mark.parametrize(("use", "value"), [("suitability", "yes"), *((use, "part-barred") for use in RULE_USES[1:2])])
def test_what_bars_results_is_one_of_two_reasons_of_suitability(use: str, value: Any) -> None:
    entry = {
        "use": use,
        "modalities": "laser",
        "strength": "practice",
        "source": "rulepractice",
        "message": "rules.lupus",
    }
    decision = {"decision": "with-caution"} if use == "suitability" else {}
    with pytest.raises(ValueError, match="bars_results"):
        read_rules({"one": entry | decision | {"bars_results": value}})


@pytest.mark.parametrize(
    ("modality", "person"),
    [
        ("intralesional-steroid", {"pregnant": True}),
        ("intralesional-steroid", {"lactating": True}),
        ("intralesional-5-fluorouracil", {"age_years": 8.0}),
        ("intralesional-5-fluorouracil", {"age_years": 17.0}),
        ("intralesional-5-fluorouracil", {"pregnant": True}),
    ],
)
def test_no_injection_into_a_scar_is_offered_in_silence_where_a_child_may_be_harmed(modality: str, person: Any) -> None:
    patient = {"age_years": 30.0, "sex": "female", "phototype": "II"} | person
    concerns = [{"condition": "keloid", "site": "jaw"}]
    case = parse_record(Case, {"patient": patient, "concern": concerns}, file="case")
    assert judge_suitability(case, concern=case.concern[0], modality=modality).decision != "suitable"
