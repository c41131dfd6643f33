"""The place that the guideline gives a treatment for a person, and what it advises against."""

import pytest

from skinbeam.evidence.guideline.device_classes import is_of_class
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import device_classes, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.consultation import Concern
from skinbeam.model.input_files import parse_record
from skinbeam.plan.guideline_place import advice_against, concern_cell, guideline_place


def cell(condition: str, phototype: str, site: str = "cheeks", **said: object) -> GuidelineCell:
    concern = {"condition": condition, "site": site, **said}
    case = parse_record(
        Case, {"patient": {"age_years": 40.0, "phototype": phototype}, "concern": [concern]}, file="case"
    )
    found = concern_cell(case, case.concern[0])
    assert found is not None
    return found


def classes_of(name: str) -> frozenset[str]:
    device = devices()[name]
    return device_classes(device, next(iter(iterate_settings(device))))


@pytest.mark.parametrize(
    ("condition", "phototype", "modality", "device", "number"),
    [
        ("facial-telangiectasia", "II", "vascular", "pulsed-dye-595", 1),
        ("facial-telangiectasia", "V", "vascular", "pulsed-dye-595", 1),
        ("age-spots", "III", "pigment-long-pulse", "pulsed-dye-595-compression", 2),
        ("acne-scars", "IV", "non-ablative-fractional", "fractional-1550", 1),
    ],
)
def test_a_device_has_the_place_of_its_class(
    condition: str, phototype: str, modality: str, device: str, number: int
) -> None:
    found = guideline_place(cell(condition, phototype), modality, classes_of(device))
    assert found is not None
    assert found.number == number
    assert found.sources > 0


def test_a_device_of_another_class_has_no_place() -> None:
    """A picosecond 755 nm laser belongs to the widest classes of lasers too, which gives it no place of 532 nm."""
    assert guideline_place(cell("age-spots", "II"), "pigment-short-pulse", classes_of("ps-alexandrite-755")) is None
    assert not is_of_class({"ps-755", "ps-any", "laser-any"}, "ps-532")
    assert is_of_class({"ipl-640", "ipl-any"}, "ipl-560")  # a lamp stands for lamps


@pytest.mark.parametrize("phototype", ["III", "IV", "V"])
def test_freezing_and_long_pulses_of_755_nm_are_advised_against_for_age_spots_of_darker_skin(phototype: str) -> None:
    here = cell("age-spots", phototype)
    for modality, classes in (("cryotherapy", frozenset()), ("pigment-long-pulse", classes_of("alexandrite-755"))):
        advice = advice_against(here, modality, classes)
        assert advice is not None
        assert phototype[0] in advice.message.text
        assert advice.source
    assert advice_against(cell("age-spots", "II"), "cryotherapy") is None


@pytest.mark.parametrize("phototype", ["III", "V", "VI"])
def test_what_sources_advise_against_for_skin_of_any_site_is_advised_against_on_the_hands(phototype: str) -> None:
    hands = cell("age-spots", phototype, "hands")
    assert hands.site == "hands"
    assert advice_against(hands, "pigment-long-pulse", classes_of("alexandrite-755")) is not None


def test_green_light_on_vessels_of_dark_skin_is_advised_against_and_yellow_light_is_not() -> None:
    dark = cell("facial-telangiectasia", "V")
    assert advice_against(dark, "vascular", classes_of("ktp-532")) is not None
    assert advice_against(dark, "vascular", classes_of("pulsed-dye-595")) is None


def test_without_a_phototype_the_darkest_counts() -> None:
    case = parse_record(
        Case, {"patient": {"age_years": 40.0}, "concern": [{"condition": "age-spots", "site": "cheeks"}]}, file="case"
    )
    (concern,) = case.concern
    assert isinstance(concern, Concern)
    assert concern_cell(case, concern) == cell("age-spots", "VI")


def test_severe_laxity_is_a_kind_of_its_own() -> None:
    assert cell("laxity", "II", severity="severe").first != cell("laxity", "II", severity="mild").first


def test_moderate_laxity_stands_in_the_row_that_names_it_and_mild_does_not() -> None:
    severe = cell("laxity", "II", severity="severe")
    assert "moderate or severe" in severe.note
    for degree in ("moderate", "moderate-severe"):
        assert cell("laxity", "II", severity=degree) == severe
    for degree in ("mild", "mild-moderate", None):
        assert cell("laxity", "II", severity=degree) != severe
