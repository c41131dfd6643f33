"""Values as text: unit, range and meaning; an unknown keeps its reason and never becomes a number."""

import pytest

from skinbeam.estimate import Estimate, Unknown
from skinbeam.report.shown import per_100, percent, quantity, records, sentence, sentences, show

DOSE = {"median": 7.1, "low": 5.6, "high": 8.9, "level": 0.8, "kind": "modelled", "draws": 200, "basis": []}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (DOSE, "J/cm²", "7.1 (5.6 to 8.9) J/cm²"),
        (Estimate(7.1, 5.6, 8.9, 0.8, "modelled", 200), "J/cm²", "7.1 (5.6 to 8.9) J/cm²"),
        (DOSE | {"low": 7.1, "high": 7.1}, "J", "7.1 J"),
        ({"unknown": "no trial"}, "J", "unknown"),
        ({"low": 1, "high": 3, "source": "a2000"}, "weeks", "1 to 3 weeks"),
        ({"low": 2, "high": 2}, "weeks", "2 weeks"),
        ({"value": 350.0, "low": 200.0, "high": 500.0, "source": "a"}, "µm", "350 (200 to 500) µm"),
        (7.5, "mm", "7.5 mm"),
        (34.0, "°", "34°"),
        (3.75e-7, "ms", "375 ps"),
        (1e-5, "ms", "10 ns"),
        (0.45, "ms", "0.45 ms"),
        (True, "", "yes"),
        (["II", "IV"], "", "II; IV"),
        ([], "", "none"),
        ({"id": "x", "params": {}, "text": "Hello."}, "", "Hello."),
        ({"spot_mm": 7.0, "kind": "spray"}, "", "spot 7 mm, kind spray"),
    ],
)
def test_a_value_is_shown_with_its_unit(value: object, unit: str, text: str) -> None:
    assert show(value, unit).text == text


def test_the_note_says_what_the_range_means() -> None:
    assert show(DOSE).note == "80 % of such skins; modelled, 200 draws"
    assert show(DOSE | {"kind": "pooled"}).note == "80 % of new clinics; pooled from trials"
    assert show({"low": 1, "high": 3, "source": "a2000", "text": "Trials say so."}).note == "Trials say so. (a2000)"


def test_an_unknown_stays_unknown_whatever_it_is_asked_as() -> None:
    for shown in (show({"unknown": "no trial"}), per_100({"unknown": "no trial"}), percent(Unknown("no trial"))):
        assert not shown.known
        assert shown.note == "no trial"
        assert not any(c.isdigit() for c in shown.text)


def test_a_share_is_shown_as_people_or_per_cent() -> None:
    share = DOSE | {"median": 0.62, "low": 0.45, "high": 0.78}
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
    assert quantity(name) == (words, unit)


def test_sentences_of_anything() -> None:
    assert sentence(None) == ""
    assert sentence({"unknown": "no trial"}) == "Unknown: no trial"
    assert sentences([{"text": "One."}, "Two."]) == ("One.", "Two.")
    assert sentences({"unknown": "no trial"}) == ("Unknown: no trial",)
    assert records({"unknown": "no trial"}) == [{"unknown": "no trial"}]
    assert records(None) == []
