"""Peels and freezing: who gets no strong acid and no cold, and which acid is meant."""

from typing import Any

import pytest
from decision_samples import RESURFACED, decide

from skinbeam.evidence.peel_kinds import PEEL, peel_depth
from skinbeam.model.conditions import known_conditions
from skinbeam.suitability.table import load_rules

STRONG = [name for name in known_conditions() if peel_depth(name) in ("medium", "deep")]
SUPERFICIAL = [name for name in known_conditions() if peel_depth(name) == "superficial"]
UNNAMED = ("skin-texture", "uneven-pigmentation")
SLOW_HEALING: tuple[dict[str, Any], ...] = (
    *(
        {"history": [word]}
        for word in ("collagen-vascular-disease", "lupus", "diabetes-uncontrolled", "immunosuppression")
    ),
    {"history": ["hiv"]},
    *({"medicines": [name]} for name in ("methotrexate", "azathioprine", "prednisolone", "etanercept")),
)
SENSITIVE_TO_LIGHT: tuple[dict[str, Any], ...] = (
    {"history": ["photosensitivity"]},
    *({"medicines": [name]} for name in ("amiodarone", "minocycline", "doxycycline", "hydrochlorothiazide")),
)
RETINOIDS: tuple[dict[str, Any], ...] = tuple({"medicines": [name]} for name in ("isotretinoin", "acitretin"))
WAITING_FOR_ACID = (*SLOW_HEALING, *RESURFACED, *SENSITIVE_TO_LIGHT, *RETINOIDS)


def test_strong_acid_is_meant_for_spots_and_freckles_as_for_acne_scars() -> None:
    assert {"acne-scars", "age-spots", "freckles"} <= set(STRONG)
    assert {"melasma", "post-inflammatory-hyperpigmentation"} <= set(SUPERFICIAL)
    assert all(peel_depth(name) == "not-named" for name in UNNAMED)


@pytest.mark.parametrize("person", WAITING_FOR_ACID, ids=str)
@pytest.mark.parametrize("condition", STRONG)
@pytest.mark.parametrize(("phototype", "site"), [("II", "cheeks"), ("III", "hands"), (None, "cheeks")])
def test_whoever_heals_badly_gets_no_medium_or_deep_acid_of_itself(
    condition: str, person: Any, phototype: str, site: str
) -> None:
    """It was first for age spots on hands of phototype III whatever the person had; acne scars alone were held back."""
    assert decide(PEEL, condition, site, phototype=phototype)[0] in ("suitable", "with-caution")
    assert decide(PEEL, condition, site, phototype=phototype, **person)[0] == "refer"


PITS, SHALLOW = {"subtypes": ["ice-pick"]}, {"subtypes": ["rolling", "boxcar"]}


@pytest.mark.parametrize("person", WAITING_FOR_ACID, ids=str)
@pytest.mark.parametrize("phototype", ["IV", "V", "III-VI"])
def test_a_peel_that_is_superficial_on_darker_skin_does_not_wait_as_a_deep_one(phototype: str, person: Any) -> None:
    """The plan refused "medium and deep acid" where it says that only superficial acid is used on such skin."""
    for condition in STRONG:
        site = "hands" if condition == "age-spots" else "cheeks"
        kind = SHALLOW if condition == "acne-scars" else {}
        decision, rules = decide(PEEL, condition, site, phototype=phototype, kind=kind, **person)
        assert decision == "with-caution", condition
        assert "peel-darker-skin" in rules
    assert decide(PEEL, "acne-scars", phototype=phototype, kind=PITS, **person)[0] == "refer"
    both = {"subtypes": ["rolling", "ice-pick"]}
    assert decide(PEEL, "acne-scars", phototype=phototype, kind=both, **person)[0] == "refer"
    assert decide(PEEL, "acne-scars", phototype="III", kind=SHALLOW, **person)[0] == "refer"  # it may be painted on


@pytest.mark.parametrize("person", WAITING_FOR_ACID, ids=str)
@pytest.mark.parametrize("condition", [*SUPERFICIAL, *UNNAMED])
def test_a_superficial_peel_stays_open_and_an_unnamed_one_is_told_to_be_superficial(
    condition: str, person: Any
) -> None:
    decision, _ = decide(PEEL, condition, **person)
    if condition in UNNAMED:
        assert decision == "with-caution"
    else:
        assert decision == ("suitable" if person in SLOW_HEALING else "with-caution")


@pytest.mark.parametrize("modality", ["cryotherapy", PEEL])
def test_who_keeps_dark_marks_is_warned_of_freezing_and_strong_acid(modality: str) -> None:
    assert "pih-history-acid-or-freezing" in decide(modality, "age-spots", "hands", history=["pih"])[1]
    assert "pih-history-acid-or-freezing" not in decide(PEEL, "melasma", history=["pih"])[1]


FROZEN = ("age-spots", "freckles", "hypertrophic-scars", "keloid")


@pytest.mark.parametrize("condition", FROZEN)
@pytest.mark.parametrize("word", ["lupus", "collagen-vascular-disease"])
def test_nobody_is_frozen_with_a_disease_that_the_guideline_names_against_it(condition: str, word: str) -> None:
    """The question before freezing called it a contraindication, and freezing was offered beside it."""
    decision, rules = decide("cryotherapy", condition, history=[word])
    assert decision == "not-suitable"
    assert "freezing-collagen-disease" in rules


@pytest.mark.parametrize("condition", FROZEN)
@pytest.mark.parametrize("person", SLOW_HEALING, ids=str)
def test_what_hinders_healing_holds_freezing_as_it_holds_needles(condition: str, person: Any) -> None:
    order = ("suitable", "with-caution", "refer", "not-suitable")
    assert decide("microneedling", "acne-scars", **person)[0] == "refer"
    assert order.index(decide("cryotherapy", condition, **person)[0]) >= order.index("refer")


def test_what_acid_is_used_is_said_of_peels_alone() -> None:
    """It stood beside dye lasers and radiofrequency, after a deep peel of recent months."""
    told = [rule.modalities for rule in load_rules("suitability") if "superficial acid is used" in rule.message.text]
    assert told
    assert set(told) == {(PEEL,)}


@pytest.mark.parametrize("asked", [{"expectation": "perfect"}, {"history": ["body-dysmorphic-concern"]}])
def test_nothing_is_frozen_where_a_laser_waits_for_a_talk_about_looks(asked: dict[str, Any]) -> None:
    """Freezing, which can leave a pale spot for good, was the first option of whoever hopes for perfect skin."""
    assert decide("cryotherapy", "age-spots", **asked)[0] == "refer"
    assert decide("cryotherapy", "age-spots", expectation="noticeable")[0] != "refer"


@pytest.mark.parametrize("site", ["periorbital", "eyelid"])
def test_cold_and_strong_acid_stay_outside_the_rim_of_the_eye(site: str) -> None:
    """Freezing stood third for a spot on a lid, without a word of the eye."""
    for modality, condition, decision, rule in (
        ("cryotherapy", "age-spots", "refer", "freezing-near-eye"),
        ("cryotherapy", "freckles", "refer", "freezing-near-eye"),
        (PEEL, "freckles", "refer", "acid-near-eye"),
        (PEEL, "melasma", "with-caution", "mild-acid-near-eye"),
        ("topical-depigmenting", "melasma", "with-caution", "bleaching-near-eye"),
    ):
        found, rules = decide(modality, condition, site)
        assert (found, rule in rules) == (decision, True), (modality, condition)
        assert rule not in decide(modality, condition, "cheeks")[1]


@pytest.mark.parametrize(
    ("phototype", "beside", "history", "decision"),
    [
        ("II", "melasma", (), "not-suitable"),
        ("II", "", ("melasma",), "with-caution"),
        ("II", "", (), "suitable"),
        ("IV", "", ("melasma",), "not-suitable"),
    ],
)
def test_no_spot_is_frozen_amid_melasma(phototype: str, beside: str, history: tuple[str, ...], decision: str) -> None:
    """Freezing came first for age spots of cheeks that had melasma, on light skin."""
    found, rules = decide("cryotherapy", "age-spots", beside=beside, phototype=phototype, history=list(history))
    assert found == decision
    assert ("freezing-melasma" in rules) is (decision == "not-suitable")
