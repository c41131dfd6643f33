"""Peels of different depth are different treatments: what was done is said, and lent to no other scar, site or skin."""

import pytest

from skinbeam.evidence.expectation.expect import abstention
from skinbeam.evidence.expectation.peels import lent_peels, tried_peels
from skinbeam.evidence.guideline.device_classes import guideline_classes
from skinbeam.evidence.peel_kinds import PEEL, PEEL_DEPTHS, peel_depth, peel_kinds
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.model.conditions import known_sites
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes, vocabulary_table
from skinbeam.suitability.table import load_rules
from skinbeam.text import catalogue

OFF_FACE = [name for name, site in known_sites().items() if site.off_face and site.use == "treatment"]


def question(condition: str, **fields: object) -> EvidenceQuestion:
    return EvidenceQuestion(condition, PEEL, **fields)  # type: ignore[arg-type]  # fields of the record


def test_every_arm_of_a_peel_has_one_kind_and_each_kind_has_words() -> None:
    rows = [row for kind in peel_kinds() for row in kind.rows]
    assert sorted(rows) == sorted(arm.row for arm in trial_arms() if arm.modality == PEEL)
    for kind in peel_kinds():
        assert {f"peel.{kind.name}", f"technique.{kind.name}", f"leaflet_choice.{PEEL}-{kind.name}"} <= set(catalogue())


@pytest.mark.parametrize("site", OFF_FACE)
@pytest.mark.parametrize("condition", sorted(vocabulary_table("condition")))
def test_phenol_is_lent_to_no_site_off_the_face(condition: str, site: str) -> None:
    asked = question(condition, site=site, phototype="II")
    assert "phenol" not in [kind.name for kind in lent_peels(asked)]
    if [kind.name for kind in tried_peels(condition)] == ["phenol"]:
        found = abstention(asked)
        assert found is not None
        assert found.id == "evidence.peel-not-lent"


@pytest.mark.parametrize("phototype", ["IV", "V", "III-V"])
def test_a_deep_peel_is_lent_to_no_darker_skin(phototype: str) -> None:
    asked = {"site": "cheeks", "phototype": phototype}
    assert abstention(question("freckles", **asked)) is not None
    assert abstention(question("freckles", site="cheeks", phototype="III")) is None


def test_acid_in_pits_is_lent_to_pits_alone() -> None:
    for kind in condition_subtypes("acne-scars"):
        found = abstention(question("acne-scars", phototype="III", subtypes=(kind,)))
        assert (found is None) == (kind == "ice-pick")
    assert abstention(question("acne-scars", phototype="III", subtypes=("rolling", "ice-pick"))) is None
    assert abstention(question("acne-scars", phototype="III")) is None  # the kind was not stated, and what was done is


def test_superficial_acids_are_lent_to_every_skin_and_site() -> None:
    for phototype in ("I", "V"):
        assert abstention(question("melasma", site="arms", phototype=phototype)) is None


def test_strong_acid_on_a_field_is_lent_to_no_darker_skin() -> None:
    assert abstention(question("age-spots", site="hands", phototype="III")) is None
    assert abstention(question("age-spots", site="hands", phototype="IV")) is not None


def test_the_rules_on_phenol_speak_where_its_trials_are_lent() -> None:
    tried = {name for name in vocabulary_table("condition") if "phenol" in [kind.name for kind in tried_peels(name)]}
    rules = [rule for rule in load_rules("suitability") if rule.id.startswith("phenol-heart")]
    assert len(rules) == 2
    for rule in rules:
        tests = {test.fact: test for test in rule.when.tests()}
        assert tried == {tests["condition"].value}
        assert tests["off_face"].value is False
        assert tests["darkest_phototype"].value == 1 + PHOTOTYPES.index("IV")


def test_every_class_of_peel_but_an_unnamed_one_is_of_one_kind() -> None:
    classes = [name for kind in peel_kinds() for name in kind.classes]
    assert sorted(classes) == sorted(
        name for name in guideline_classes() if name.startswith("peel-") and name != "peel-any"
    )


@pytest.mark.parametrize("condition", sorted(vocabulary_table("condition")))
def test_a_peel_is_taken_to_be_as_deep_as_the_deepest_that_was_done(condition: str) -> None:
    """What the rules say of strong acid they say of every peel that may be one."""
    done = [kind.depth for kind in tried_peels(condition)]
    assert all(PEEL_DEPTHS.index(peel_depth(condition)) >= PEEL_DEPTHS.index(depth) for depth in done)


@pytest.mark.parametrize("condition", sorted(vocabulary_table("condition")))
@pytest.mark.parametrize("site", ["cheeks", "hands"])
def test_a_peel_is_as_deep_as_what_is_lent_to_the_person(condition: str, site: str) -> None:
    """In darker skin nothing but acid in pits wounds the dermis, and no statement makes a peel deeper than without."""
    usual = PEEL_DEPTHS.index(peel_depth(condition))
    for kind in ((), *((name,) for name in condition_subtypes(condition))):
        for number, phototype in enumerate(PHOTOTYPES, start=1):
            depth = peel_depth(condition, kind, site, number)
            lent = lent_peels(question(condition, site=site, phototype=phototype, subtypes=kind))
            assert PEEL_DEPTHS.index(depth) <= usual
            assert kind == () or all(PEEL_DEPTHS.index(one.depth) <= PEEL_DEPTHS.index(depth) for one in lent)
            if number >= 4 and usual > PEEL_DEPTHS.index("superficial"):
                assert depth == ("deep" if kind == ("ice-pick",) else "superficial")


def test_the_guideline_names_the_acid_where_no_trial_does() -> None:
    marks = "post-inflammatory-hyperpigmentation"
    assert not tried_peels(marks)
    assert peel_depth(marks) == "superficial"
    assert peel_depth("skin-texture") == "not-named"
