"""The rule file is sound and whole, and the condition language answers as three-valued logic says."""

import itertools
import re
import tomllib
from importlib import resources
from typing import Any

import pytest

from skinbeam.model.consultation import HISTORY, LESION_SIGNS
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.suitability.rule_condition import read_condition
from skinbeam.suitability.table import RULE_USES, load_rules, read_rules
from skinbeam.text import catalogue

GOOD: dict[str, Any] = {
    "use": "suitability",
    "modalities": ["ablative"],
    "when": {"fact": "tan", "is": "current"},
    "decision": "refer",
    "strength": "practice",
    "source": "rulepractice",
    "message": "rules.tanned-skin",
}


def test_every_row_of_the_guidance_is_restated() -> None:
    # The guidance table has 61 rows, G01 to G61.
    assert {rule.row for rule in load_rules()} - {""} == {f"G{number:02d}" for number in range(1, 62)}


def test_each_use_has_rules_and_ids_are_kebab_case() -> None:
    assert {rule.use for rule in load_rules()} == set(RULE_USES)
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", rule.id) for rule in load_rules())


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.id)
def test_source_message_and_parameters_exist(rule: Any) -> None:
    assert rule.source in bibliography()
    assert rule.message.text


def test_what_is_practice_names_a_judgement_or_a_row_of_the_guidance() -> None:
    practice = [rule for rule in load_rules() if rule.strength == "practice"]
    assert practice
    for rule in practice:
        judgement = "judgement of this project" in bibliography()[rule.source].fields.get("note", "")
        assert judgement or rule.row, rule.id


def test_a_judgement_claims_no_evidence() -> None:
    """Recent fillers and resurfacing had the strength of a trial, and this project's own judgement as source."""
    own = [rule for rule in load_rules() if bibliography()[rule.source].fields.get("author") == "skinbeam"]
    assert own
    assert {rule.id: rule.strength for rule in own if rule.strength != "practice"} == {}


def test_no_message_of_a_rule_is_unused() -> None:
    spoken = {message.id for rule in load_rules() for message in (rule.message, rule.rest) if message is not None}
    spoken |= {"rules.ask-phototype", "rules.ask-phototype-held", "rules.ask-age", "rules.sources-differ", "rules.view"}
    spoken |= {"rules.photo-dark-spots", "rules.photo-dark-spots-examined"}  # of the photograph, not of the table
    spoken |= {"rules.colour-contradicts"}  # of answer and measurement
    spoken |= {f"rules.medication-{name}" for name in ("not-checked", "part", "taken-as", "as")}
    written = {key for key in catalogue() if key.split(".")[0] in ("rules", "aftercare")}
    assert written == spoken


def test_no_source_of_the_rules_is_unused() -> None:
    data = resources.files("skinbeam") / "data"
    keys = re.findall(r"^@\w+\{([^,]+),", (data / "sources" / "rules.bib").read_text(encoding="utf-8"), re.MULTILINE)
    read = "".join(
        file.read_text(encoding="utf-8")
        for folder in (data, data.parent / "assessment", data.parent / "plan")
        for file in folder.rglob("*")
        if file.name.endswith((".toml", ".py", ".csv"))
    )
    # `ruleclasses` stands for the whole of medications.toml, which names it in its head.
    assert [key for key in keys if key not in read] == []


def test_every_word_of_the_history_and_every_sign_moves_a_rule() -> None:
    asked = [test for rule in load_rules("suitability") for test in rule.when.tests()]
    for fact, words in (("history", HISTORY), ("lesion_signs", LESION_SIGNS)):
        named = {word for test in asked if test.fact == fact for word in test.value}
        assert named == set(words)


def test_prescribed_medicines_are_never_stopped_and_no_dose_is_given() -> None:
    texts = {rule.id: rule.message.text.lower() for rule in load_rules()}
    assert [name for name, text in texts.items() if re.search(r"\d+(\.\d+)?\s*(mg|ml|g/|%)", text)] == []
    of_stopping = {name: text for name, text in texts.items() if "stop" in text}
    assert of_stopping
    for name, text in of_stopping.items():
        assert re.search(r"(never|not|nor) stop|do not stop|not stopped", text), name


VALUES = (True, False, None)


@pytest.mark.parametrize(("left", "right"), list(itertools.product(VALUES, VALUES)))
def test_joined_conditions_follow_kleene(left: bool | None, right: bool | None) -> None:
    facts = {name: value for name, value in (("pregnant", left), ("lactating", right)) if value is not None}
    parts = [{"fact": "pregnant", "is": True}, {"fact": "lactating", "is": True}]
    # Kleene: false settles `all`, true settles `any`, whatever the rest; otherwise one unknown leaves it open.
    every = False if False in (left, right) else None if None in (left, right) else True
    some = True if True in (left, right) else None if None in (left, right) else False
    both, either = read_condition({"all": parts}), read_condition({"any": parts})
    assert both.holds(facts) is every
    assert either.holds(facts) is some
    assert read_condition({"not": {"all": parts}}).holds(facts) is (None if every is None else not every)
    assert bool(both.missing_facts(facts)) is (every is None)
    assert bool(either.missing_facts(facts)) is (some is None)


@pytest.mark.parametrize(
    ("test", "yes", "no"),
    [
        ({"fact": "tan", "is": "current"}, "current", "recent"),
        ({"fact": "tan", "in": ["recent", "current"]}, "recent", "none"),
        ({"fact": "history", "has": ["keloid"]}, ("hiv", "keloid"), ("hiv",)),
        ({"fact": "age_years", "below": 18.0}, 17.9, 18.0),
        ({"fact": "darkest_phototype", "at_least": 5}, 5.0, 4.0),
        ({"fact": "wavelength_nm", "between": [532.0, 1100.0]}, 1100.0, 1100.1),
        ({"fact": "medication.isotretinoin", "within_months": 6.0}, 6.0, 6.1),
        ({"fact": "medication.isotretinoin", "within_months": 6.0}, 0.0, False),
        ({"fact": "medication.gold", "ever": True}, 240.0, False),
    ],
)
def test_operators_at_their_bounds(test: dict[str, Any], yes: Any, no: Any) -> None:
    condition = read_condition(test)
    assert condition.holds({test["fact"]: yes}) is True
    assert condition.holds({test["fact"]: no}) is False
    assert condition.holds({}) is None
    assert condition.missing_facts({}) == {test["fact"]}


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"decison": "refer"}, "unknown key decison, nearest decision"),
    ({"use": "advice"}, 'use = "advice"'),
    ({"strength": "rumour"}, 'strength = "rumour"'),
    ({"decision": "maybe"}, 'decision = "maybe"'),
    ({"decides": "all"}, 'decides = "all"'),
    ({"modalities": ["laserish"]}, "modalities: unknown name laserish"),
    ({"modalities": "lasers"}, "modalities: unknown name lasers"),
    ({"conditions": ["wrinkle"]}, "conditions: unknown name wrinkle"),
    ({"sites": ["moon"]}, "sites: unknown name moon"),
    ({"use": "records"}, "decision belongs to suitability"),
    ({"values": [{"quantity": "sessions", "low": 1, "high": 2, "unit": "sessions", "of": ""}]}, "values belong to"),
    ({"when": {"fact": "weight_kg", "below": 3}}, "unknown fact 'weight_kg'"),
    ({"when": {"fact": "medication.aspirine", "ever": True}}, "unknown fact 'medication.aspirine'"),
    ({"when": {"fact": "tan", "equals": "none"}}, "one operator of"),
    ({"when": {"fact": "tan", "is": "none", "in": ["none"]}}, "one operator of"),
    ({"when": {"fact": "tan", "within_months": 3}}, "within_months does not fit"),
    ({"when": {"fact": "medication.gold", "is": 3}}, "is does not fit"),
    ({"when": {"fact": "tan", "in": "none"}}, "in cannot take 'none'"),
    ({"when": {"fact": "age_years", "below": True}}, "below cannot take True"),
    ({"when": {"fact": "wavelength_nm", "between": [2, 1]}}, "between cannot take"),
    ({"when": {"all": []}}, "all stands alone"),
    ({"when": {"all": [{"fact": "tan", "is": "none"}], "any": []}}, "all stands alone"),
    ({"when": {"not": {"fact": "tan", "is": "none"}, "fact": "sex"}}, "not stands alone"),
    ({"when": {}}, "a condition is a table"),
]


@pytest.mark.parametrize(("change", "complaint"), BROKEN)
def test_a_broken_rule_is_refused_by_name(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=re.escape(complaint)) as caught:
        read_rules({"mine": GOOD | change})
    assert str(caught.value).startswith("rule mine: ")


@pytest.mark.parametrize("key", ["use", "modalities", "strength", "source", "message"])
def test_a_rule_without_a_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f"rule mine: {key} is missing"):
        read_rules({"mine": {name: value for name, value in GOOD.items() if name != key}})


def test_a_range_with_its_ends_exchanged_is_refused() -> None:
    value = {"quantity": "sessions", "low": 3.0, "high": 2.0, "unit": "sessions", "of": "x"}
    entry = {k: v for k, v in GOOD.items() if k != "decision"} | {"use": "sessions", "values": [value]}
    with pytest.raises(ValueError, match="low <= central <= high"):
        read_rules({"mine": entry})


def test_an_unknown_use_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown use"):
        load_rules("advice")


def test_laser_means_every_laser_and_nothing_else() -> None:
    assert "no-treatment" not in laser_modalities()
    assert {"ablative", "vascular"} < set(laser_modalities())
    assert read_rules({"mine": GOOD | {"modalities": "laser"}})[0].modalities == laser_modalities()


def test_the_file_says_only_what_the_reader_knows() -> None:
    file = resources.files("skinbeam") / "data" / "rules.toml"
    assert len(tomllib.loads(file.read_text(encoding="utf-8"))) == len(load_rules())
