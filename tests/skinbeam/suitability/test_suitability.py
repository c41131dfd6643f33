"""Every suitability rule can fire and can be silent."""

import pytest
from smallest_cases import spoke, world_of

from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.suitability.table import Rule, decision_severity, load_rules

SUITABILITY = load_rules("suitability")


@pytest.mark.parametrize("rule", SUITABILITY, ids=lambda rule: rule.id)
def test_every_rule_has_a_case_that_fires_it(rule: Rule) -> None:
    found = world_of(rule, fires=True).judge()
    assert rule.id in spoke(found)
    assert decision_severity(found.decision) >= decision_severity(rule.decision)
    reason = next(reason for reason in found.reasons if reason.rule == rule.id)
    assert reason.source == rule.source
    assert reason.message.text


@pytest.mark.parametrize("rule", SUITABILITY, ids=lambda rule: rule.id)
def test_and_a_twin_that_does_not(rule: Rule) -> None:
    assert rule.id not in spoke(world_of(rule, fires=False).judge())


@pytest.mark.parametrize(
    "rule", [r for r in SUITABILITY if len(r.modalities) < len(vocabulary_table("modality"))], ids=lambda r: r.id
)
def test_a_rule_is_silent_for_other_modalities(rule: Rule) -> None:
    world = world_of(rule, fires=True)
    world.choice["modality"] = next(name for name in vocabulary_table("modality") if name not in rule.modalities)
    assert rule.id not in spoke(world.judge())


OF_WORD_AND_MEDICINE = ("tranexamic-acid-taken-despite",)  # where the medicine is taken despite the word


def _words() -> list[tuple[str, str]]:
    found = []
    for rule in SUITABILITY:
        for test in rule.when.tests(negated=False):
            if test.operator == "has":
                found += [(rule.id, word) for word in test.value]
    return found


@pytest.mark.parametrize(("name", "word"), _words())
def test_each_word_alone_fires_its_rule(name: str, word: str) -> None:
    rule = next(rule for rule in SUITABILITY if rule.id == name)
    world = world_of(rule, fires=True)
    if name not in OF_WORD_AND_MEDICINE:
        world.patient["medications"] = []
    fact = next(test.fact for test in rule.when.tests() if test.operator == "has" and word in test.value)
    world.patient["history"], world.concern["lesion_signs"], world.others = [], [], []
    world.set(fact, (word,))
    assert name in spoke(world.judge())
