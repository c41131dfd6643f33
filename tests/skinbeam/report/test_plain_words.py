"""Plain words for conditions, treatments, sites and light."""

import copy
import re

import pytest
from leaflet_samples import READING_AGE_YEARS, Plan
from plan_reading import read_plan
from readability import reading_age_years

from skinbeam.evidence.guideline.table import named_procedures
from skinbeam.evidence.peel_kinds import PEEL, peel_kinds
from skinbeam.model.vocabulary import laser_modalities, vocabulary_table
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.text import catalogue, render_message, use_language

pytestmark = pytest.mark.usefixtures("charts_drawn_once")


@pytest.mark.parametrize("name", sorted(vocabulary_table("condition")))
def test_every_condition_is_named_in_plain_words(name: str) -> None:
    lines = [catalogue()[f"leaflet_{part}.{name}"] for part in ("is", "can", "cannot")]
    assert reading_age_years(lines) <= READING_AGE_YEARS
    assert f"leaflet_condition.{name}" in catalogue()


def test_every_choice_and_site_has_a_plain_name() -> None:
    assert {f"leaflet_choice.{name}" for name in vocabulary_table("modality")} <= set(catalogue())
    sites = {name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"}
    assert {f"leaflet_site.{name}" for name in sites} <= set(catalogue())


def test_no_plain_word_stands_for_a_name_that_does_not_exist() -> None:
    for kind, names in (
        (
            "choice",
            (
                *vocabulary_table("modality"),
                "lens-array",
                *(f"{PEEL}-{kind.name}" for kind in peel_kinds()),
                *(f"surgery-{name}" for name in named_procedures("acne-scars", (), "surgery")),
            ),
        ),
        ("site", vocabulary_table("site")),
        ("condition", vocabulary_table("condition")),
    ):
        start = f"leaflet_{kind}."
        assert {key.removeprefix(start) for key in catalogue() if key.startswith(start)} <= set(names)


def test_words_for_a_condition_or_a_treatment_fit_every_site_where_it_may_be() -> None:
    """Poikiloderma of the chest was a "red and brown neck", and needles at a raised scar softened its dents."""
    texts = catalogue()
    assert "neck" not in texts["leaflet_condition.poikiloderma"]
    assert "chest" in texts["leaflet_is.poikiloderma"]
    assert "dents" not in texts["leaflet_plus.microneedling"]


@pytest.mark.parametrize("modality", list(laser_modalities()))
def test_words_for_a_light_name_nothing_that_some_of_its_uses_lack(modality: str) -> None:
    """Scars were offered a "laser for red veins", and large pores a "laser for brown spots"."""
    words = " ".join(catalogue()[f"leaflet_{part}.{modality}"] for part in ("choice", "plus", "minus"))
    assert not re.search(r"\b(veins|spots|wrinkles|dents)\b", words)


def test_one_small_spot_is_named_as_one(plan: Plan) -> None:
    for number, words in ((1, "one small spot first"), (2, "2 small spots first")):
        few = copy.deepcopy(plan)
        for ladder in few["test_spots"]:
            ladder["spots"] = ladder["spots"][:number]
        sentences = " ".join(line for concern in leaflet_page(read_plan(few)).concerns for line in concern.preparations)
        assert words in sentences
        assert "1 small spots" not in sentences
        assert ("if the spots stay well" in sentences) is (number > 1)


@pytest.mark.parametrize("modality", ["sun-protection", "topical-retinoid", "microneedling", "radiofrequency"])
def test_what_a_choice_does_holds_for_every_condition_that_has_it(modality: str) -> None:
    """Melasma was offered needles that "soften scars", pits of acne heat that "can firm the skin"."""
    words = " ".join(catalogue()[f"leaflet_{part}.{modality}"] for part in ("plus", "minus"))
    assert not re.search(r"\b(scars?|lines?|spots?|marks?|firm|stays)\b", words)


OF_ONE_PLACE = ("perioral-lines", "fine-lines-periorbital", "dynamic-wrinkles")  # by name


@pytest.mark.parametrize("condition", sorted(set(vocabulary_table("condition")) - set(OF_ONE_PLACE)))
def test_what_a_concern_is_names_no_place_that_may_be_another(condition: str) -> None:
    """Red skin of the neck was red skin on the face: a case may name any site for a condition."""
    texts = [catalogue()[f"leaflet_is.{condition}"]]
    if condition in ("redness", "melasma"):  # of the others the name itself says where
        texts.append(catalogue()[f"condition-definition.{condition}"])
    for text in texts:
        named = re.search(r"\b(face|neck|chest|cheeks|hands|arms)\b", text)
        assert named is None or "most often" in text[: named.start()]


@pytest.mark.parametrize("language", ["en", "de"])
def test_visible_veins_are_not_called_red_whatever_they_are(language: str) -> None:
    """Blue veins of the cheeks were "small red veins" on the page that their owner took home."""
    colours = {"en": ("red", "blue"), "de": ("rote", "blaue")}[language]
    with use_language(language):
        name, what = (
            render_message(f"{part}.facial-telangiectasia").split() for part in ("leaflet_condition", "leaflet_is")
        )
        assert colours[0] not in name
        assert set(colours) <= set(what)
