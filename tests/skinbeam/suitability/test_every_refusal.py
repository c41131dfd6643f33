"""Every rule that refuses, by every answer that makes it speak and every way around: made from the rules, none missing.

A row is a rule and one word, medicine or number that closes it. A column leaves all other answers blank, adds answers
that say the contrary, or says it beside other concerns. In each cell the rule still speaks. What an answer that is left
out itself means is listed for every fact that a refusal asks for.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

import pytest
from smallest_cases import DIAGNOSED, TODAY, World, spoke, world_of

from skinbeam.assessment.medicines import medications
from skinbeam.assessment.questionnaire import PERSON_FACTS, fact_tables
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.suitability.judgement import judge_case, judge_suitability
from skinbeam.suitability.rule_condition import ALWAYS, OPTION_FACTS, FactTest, JointCondition, RuleCondition
from skinbeam.suitability.table import Rule, decision_severity, load_rules

REFUSING = [
    rule for rule in load_rules("suitability") if decision_severity(rule.decision) >= decision_severity("refer")
]
# What leaving an answer out means: the rule that then asks or waits; else it is read as a no, or it must be said.
BLANK = {
    "acne_severity_high": "a no",
    "age_years": "must be said",
    "colour_known": "colour-not-known",
    "compression": "of the device",
    "condition": "must be said",
    "conditions": "must be said",
    "cooled": "of the device",
    "darkest_phototype": "ask-phototype",
    "expectation": "a no",
    "field_conditions": "must be said",
    "healing_risks": "a no",
    "history": "a no",
    "inside_orbital_rim": "must be said",
    "ipl": "of the device",
    "lactating": "a no",
    "lens_array": "of the device",
    "lesion_in_notes": "a no",
    "lesion_signs": "a no",
    "off_face": "must be said",
    "peel_depth": "of the condition",
    "pregnant": "pregnancy-ask",
    "pulse": "of the device",
    "sessions_done": "a no",
    "severity_high": "a no",
    "site": "must be said",
    "specialist_allows": "keloid-ablation",
    "tan": "a no",
    "touching_conditions": "must be said",
    "undiagnosed_pigment": "pigmented-lesion-undiagnosed",
    "wavelength_nm": "of the device",
}


@dataclass(frozen=True)
class Row:
    """A rule, and the answer that makes it speak."""

    rule: Rule
    fact: str
    answer: str
    world: World

    @property
    def name(self) -> str:
        return f"{self.rule.id}: {self.fact} {self.answer}".strip()


def positive(condition: RuleCondition) -> Iterator[FactTest]:
    """The tests that can make a condition hold."""
    if isinstance(condition, FactTest):
        yield condition
    elif isinstance(condition, JointCondition):
        for part in condition.parts:
            yield from positive(part)


def rows() -> Iterator[Row]:
    for rule in REFUSING:
        if rule.when == ALWAYS:
            yield Row(rule, "", "", world_of(rule, fires=True))
        for test in positive(rule.when):
            for answer, change in answers(test):
                world = world_of(rule, fires=True)
                change(world)
                yield Row(rule, test.fact, answer, world)


def answers(test: FactTest) -> Iterator[tuple[str, Callable[[World], None]]]:
    """Every answer by which one test holds, in words, and what it changes in a case in which its rule speaks."""
    if test.fact.startswith("medication."):
        name = test.fact.removeprefix("medication.")
        for medicine, entry in medications().items():
            if name in (medicine, *entry.classes):
                months = 0.0 if test.operator == "within_months" else 240.0
                yield medicine, _set("medications", [{"name": medicine, "last_dose_months": months}])
    elif test.fact == "healing_risks":
        yield from pairs_of_healing_risks()
    elif test.operator == "has":
        yield from ((word, _fact(test.fact, (word,))) for word in test.value)
    elif test.operator == "in":
        yield from ((word, _fact(test.fact, word)) for word in test.value)
    else:
        yield "", lambda world: None


def pairs_of_healing_risks() -> Iterator[tuple[str, Callable[[World], None]]]:
    """Any two words of different lines, and the medicine of a line beside a word of another."""
    for one, other in combinations(fact_tables().healing_risks, 2):
        for words in product(one.history, other.history):
            yield " and ".join(words), _fact("history", words)
        for by_medicine, by_word in ((one, other), (other, one)):
            if by_medicine.medicine is not None:
                word = by_word.history[0]
                yield f"{by_medicine.medicine} and {word}", _taking(by_medicine.medicine, word)


def _taking(medicine: str, word: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.set("history", (word,))
        world.set(f"medication.{medicine}", 0.0)

    return change


def _fact(fact: str, value: Any) -> Callable[[World], None]:
    return lambda world: world.set(fact, value)


def _set(key: str, value: Any) -> Callable[[World], None]:
    return lambda world: world.patient.__setitem__(key, value)


ROWS = list(rows())


def asked(rule: Rule) -> set[str]:
    return {test.fact for test in rule.when.tests()}


# --- ways around --------------------------------------------------------------------------------------------------


def blank(row: Row) -> Case:
    """All answers left out that the rule does not ask for."""
    world, facts = copy.deepcopy(row.world), asked(row.rule)
    if not facts & {"darkest_phototype", "colour_known"}:
        world.patient.pop("phototype", None)
    if "sex" not in facts:
        world.patient.pop("sex", None)
    if "severity_high" not in facts:
        world.concern.pop("severity", None)
    if not facts & {"undiagnosed_pigment", "lesion_signs"}:
        for key in DIAGNOSED:
            world.concern.pop(key, None)
    return world.case()


def contradicting(row: Row) -> Case:
    """Answers beside it that would make it harmless: a lighter colour, an older dose, no medicine, a diagnosis."""
    world, facts = copy.deepcopy(row.world), asked(row.rule)
    patient = world.patient
    if "expectation" not in facts:
        patient["expectation"] = "modest"
    if "sex" not in facts:
        patient["sex"] = "male"
    if "tan" not in facts:
        patient["tan"] = "none"
    if taken := patient.get("medications"):
        older = [{"name": one["name"], "last_dose_months": 900.0} for one in taken]
        patient["medications"] = [{"name": "none", "last_dose_months": 0.0}, *older, *taken, *older]
    if "darkest_phototype" in facts:
        patient["phototype"] = f"I-{patient['phototype']}"
        patient["ita_deg"] = 65.0
    if "lesion_signs" in facts:
        world.concern |= DIAGNOSED | {"diagnosis_method": "biopsy"}
    if "severity_high" in facts:
        world.concern["severity"] = f"mild-{world.concern['severity']}"
    if "specialist_allows" in facts:  # of another laser than this
        allows = [name for name in ("ablative", "fractional-ablative") if name != world.choice["modality"]]
        patient["keloid_decision"] = {"by": "dermatologist", "date": TODAY, "allows": allows}
    return world.case()


OTHERS = (
    {"condition": "facial-telangiectasia", "site": "nose"},
    {"condition": "skin-texture", "site": "forehead"},
)


def among_others(row: Row) -> Case:
    """Other concerns named before it and after it."""
    patient, concern = row.world.patient, row.world.concern
    listed = [OTHERS[0], concern, *row.world.others, *row.world.neighbours, OTHERS[1]]
    done = [one.model_dump(exclude_none=True) for one in row.world.case().session]
    return parse_record(Case, {"patient": patient, "concern": listed, "session": done}, file="case")


def test_every_rule_that_refuses_has_a_row_and_every_answer_makes_it_speak() -> None:
    assert {row.rule.id for row in ROWS} == {rule.id for rule in REFUSING}
    assert len({row.name for row in ROWS}) == len(ROWS)
    silent = [row.name for row in ROWS if row.rule.id not in spoke(row.world.judge())]
    assert silent == []


@pytest.mark.parametrize("rule", REFUSING, ids=lambda rule: rule.id)
def test_a_rule_that_refuses_speaks_of_every_treatment_that_it_names(rule: Rule) -> None:
    for modality in rule.modalities:
        world = world_of(rule, fires=True)
        world.choice["modality"] = modality
        assert rule.id in spoke(world.judge()), modality


@pytest.mark.parametrize("way", [blank, contradicting], ids=lambda way: way.__name__)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_refusal_stands_whatever_else_is_said_or_not(row: Row, way: Callable[[Row], Case]) -> None:
    case = way(row)
    found = judge_suitability(case, concern=case.concern[0], **row.world.choice)
    assert row.rule.id in spoke(found)
    assert decision_severity(found.decision) >= decision_severity(row.rule.decision)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_refusal_stands_beside_other_concerns_and_in_the_whole_plan(row: Row) -> None:
    case = among_others(row)
    found = judge_suitability(case, concern=case.concern[1], **row.world.choice)
    assert row.rule.id in spoke(found)
    whole = judge_case(case)
    if row.rule.decides == "case":
        assert row.rule.id in spoke(whole)
        assert decision_severity(whole.decision) >= decision_severity(row.rule.decision)
    general = {*PERSON_FACTS, *OPTION_FACTS} - {"peel_depth"}  # which acid a peel is depends on the concern
    if all(fact in general or fact.startswith("medication.") for fact in asked(row.rule)):
        for other in (case.concern[0], case.concern[-1]):
            assert row.rule.id in spoke(judge_suitability(case, concern=other, **row.world.choice))


def test_of_every_answer_that_refuses_it_is_known_what_its_absence_means() -> None:
    facts = {fact for rule in REFUSING for fact in asked(rule) if not fact.startswith("medication.")}
    facts -= {"modality"}  # the treatment that is judged is no answer
    missing, unused = sorted(facts - set(BLANK)), sorted(set(BLANK) - facts)
    assert not missing, f"say in BLANK of this file what it means that {', '.join(missing)} is left out"
    assert not unused, f"no rule refuses by these facts any more, take them out of BLANK: {', '.join(unused)}"


@pytest.mark.parametrize("rule", REFUSING, ids=lambda rule: rule.id)
def test_an_answer_that_is_left_out_is_asked_for_where_it_can_be(rule: Rule) -> None:
    """Age cannot be left out, and neither can condition and site; colour, pregnancy and a diagnosis are asked for."""
    for fact in asked(rule) & {
        "darkest_phototype",
        "pregnant",
        "diagnosed",
        "undiagnosed_pigment",
        "specialist_allows",
    }:
        world = world_of(rule, fires=True)
        if fact == "darkest_phototype":
            world.patient.pop("phototype")
        elif fact == "pregnant":
            world.patient.pop("pregnant")
        elif fact == "specialist_allows":
            world.patient.pop("keloid_decision", None)
        else:
            for key in DIAGNOSED:
                world.concern.pop(key, None)
        assert BLANK[fact] in spoke(world.judge())
