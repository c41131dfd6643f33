"""Values as text: unit, range and meaning; an unknown keeps its reason and never becomes a number."""

from dataclasses import replace

import pytest

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.findings.finding import FINDING_KINDS
from skinbeam.plan_records.course import Duration, SourceRange
from skinbeam.report.formatting import (
    Displayable,
    display_value,
    message_texts,
    per_100,
    percent,
    quantity_label,
    split_source_keys,
    value_sentence,
)
from skinbeam.response.records import TargetValue
from skinbeam.text import Message, use_language

DOSE = Estimate(7.1, 5.6, 8.9, 0.8, "modelled", 200)
MESSAGE = Message("plan.no-photo")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (DOSE, "J/cm²", "7.1 (5.6 to 8.9) J/cm²"),
        (replace(DOSE, low=7.1, high=7.1), "J", "7.1 J"),
        (Unknown("no trial"), "J", "unknown"),
        (SourceRange(1, 3, "weeks", "a2000"), "weeks", "1 to 3 weeks"),
        (SourceRange(2, 2, "weeks"), "weeks", "2 weeks"),
        (Duration("redness", 2.0, 5.5, "days", ("a", "b"), MESSAGE), "days", "2 to 5.5 days"),
        (TargetValue(350.0, 200.0, 500.0, "normal", "", "a"), "µm", "350 (200 to 500) µm"),
        (7.5, "mm", "7.5 mm"),
        (34.0, "°", "34°"),
        (3.75e-7, "ms", "375 ps"),
        (1e-5, "ms", "10 ns"),
        (0.45, "ms", "0.45 ms"),
        (True, "", "yes"),
        (("II", "IV"), "", "II; IV"),
        ((), "", "none"),
        (MESSAGE, "", MESSAGE.text),
    ],
)
def test_a_value_is_shown_with_its_unit(value: Displayable, unit: str, text: str) -> None:
    assert display_value(value, unit).text == text


def test_the_note_says_what_the_range_means() -> None:
    assert display_value(DOSE).note == "80 % of such skins; modelled, 200 draws"
    assert display_value(replace(DOSE, kind="pooled")).note == "80 % of new clinics; pooled from trials"
    assert display_value(SourceRange(1, 3, "weeks", "a2000", MESSAGE)).note == f"{MESSAGE.text} (a2000)"
    assert display_value(Duration("redness", 2, 5, "days", ("a", "b"), MESSAGE)).note == f"{MESSAGE.text} (a, b)"
    assert display_value(TargetValue(3.0, 2.0, 4.0, "normal", "in vivo", "a2000")).note == "in vivo (a2000)"
    assert display_value(SourceRange(1, 3, "weeks", "a2000")).note == "a2000"
    assert display_value(SourceRange(1, 3, "months")).note == ""


def test_an_unknown_stays_unknown_whatever_it_is_asked_as() -> None:
    for shown in (one(Unknown("no trial")) for one in (display_value, per_100, percent)):
        assert not shown.is_known
        assert shown.note == "no trial"
        assert not any(c.isdigit() for c in shown.text)


def test_a_share_is_shown_as_people_or_per_cent() -> None:
    share = replace(DOSE, median=0.62, low=0.45, high=0.78)
    assert per_100(share).text == "62 (45 to 78) of 100"
    assert percent(share).text == "62 (45 to 78) %"
    assert per_100(0.5).text == "50 of 100"


@pytest.mark.parametrize(
    ("name", "words", "unit"),
    [
        ("fluence_J_cm2", "fluence", "J/cm²"),
        ("density_per_cm2", "density", "per cm²"),
        ("scale_mm_per_px", "scale", "mm/px"),
        ("damage.coagulation_depth_um", "coagulation depth", "µm"),
        ("pain_0_10", "pain (0 to 10)", ""),
        ("passes", "passes", ""),
    ],
)
def test_a_name_carries_its_unit(name: str, words: str, unit: str) -> None:
    assert quantity_label(name) == (words, unit)


def test_every_finding_of_a_photograph_has_words_in_german() -> None:
    names = [kind.replace("-", "_") for kind in FINDING_KINDS] + ["count", "area_mm2"]
    with use_language("de"):
        labels = [quantity_label(name)[0] for name in names]
    assert not [label for label, name in zip(labels, names, strict=True) if label in (name, name.replace("_", " "))]


def test_sentences_of_anything() -> None:
    assert value_sentence(Unknown("no trial")) == "Unknown: no trial"
    assert value_sentence(MESSAGE) == MESSAGE.text
    assert value_sentence("moderate") == "moderate"
    assert message_texts([MESSAGE, MESSAGE]) == (MESSAGE.text, MESSAGE.text)
    assert split_source_keys(None) == ()
    assert split_source_keys("a2000") == ("a2000",)
    assert split_source_keys(("a2000", "b2000")) == ("a2000", "b2000")
