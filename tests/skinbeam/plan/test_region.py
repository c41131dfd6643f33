"""Published settings of a condition as a region of a device: the doses in it, and the setting of most sources."""

import pytest
from consultations import PERSON, concern, document, laser_options
from consultations import devices as devices_of

from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.model.case import Case
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import usable_modalities, vocabulary_table
from skinbeam.plan.guideline_place import concern_cells
from skinbeam.plan.source_proposal import usual_settings
from skinbeam.published_doses.settings import published_settings
from skinbeam.response.envelope import span_ends
from skinbeam.response.settings import (
    PracticeRegion,
    PulseCaps,
    SearchMachine,
    built_in_cooling,
    sources_without_dose,
)

HEATING = ("vascular", "pigment-short-pulse", "pigment-long-pulse")
ASKED = [
    (condition, modality, name)
    for condition in vocabulary_table("condition")
    for modality in usable_modalities(condition)
    if modality in HEATING
    for name, device in devices().items()
    if modality in device.modalities
]


def usual(condition: str, modality: str, name: str, phototype: str = "II") -> BeamSetting:
    """The setting at which a device without a printed dose is planned."""
    person, treated = {"age_years": 40.0, "phototype": phototype}, {"condition": condition, "site": "cheeks"}
    case = parse_record(Case, {"patient": person, "concern": [treated]}, file="case")
    (asked,) = case.concern
    caps = PulseCaps(condition, modality, "cheeks", 2)
    machine = SearchMachine(name, devices()[name], caps=caps)
    found = usual_settings(case, asked, modality, machine, concern_cells(case, asked))
    assert all(map(machine.doses, found))
    return found[0]


@pytest.mark.parametrize("condition", ["facial-telangiectasia", "spider-angioma", "redness"])
def test_a_green_laser_on_vessels_has_a_pulse_that_bruises_nobody(condition: str) -> None:
    """Of 6 ms and 7 to 9 J/cm² nobody bruised (jasim2004); the sources of 532 nm print 10 ms."""
    setting = usual(condition, "vascular", "ktp-532")
    assert 6.0 <= setting.pulse_ms <= 20.0
    assert setting.spot_mm <= 10.0


def test_a_computed_dose_keeps_the_bound_of_a_lid() -> None:
    """No source prints a dose of 532 nm there; its computed dose on a cheek is above the bound of a lid."""
    lid, cheek = (
        laser_options(document(PERSON + concern("facial-telangiectasia", site, extra="") + devices_of("ktp-532")))
        for site in ("eyelid", "cheeks")
    )
    assert max(option["settings"]["fluence_J_cm2"] for option in cheek) > 6.5
    assert all(option["settings"]["fluence_J_cm2"] <= 6.5 for option in lid)


@pytest.mark.parametrize(
    ("condition", "device"), [("age-spots", "ipl"), ("melasma", "ps-ndyag-532-1064"), ("melasma", "qs-ruby-694")]
)
def test_no_dose_is_computed_of_a_lamp_or_where_light_may_darken(condition: str, device: str) -> None:
    made = document(PERSON.replace('"II"', '"I"') + concern(condition) + devices_of(device))
    for option in laser_options(made):
        assert any(reason["rule"] == "published-dose" for reason in option["reasons"])


def test_infrared_light_for_vessels_has_a_narrow_spot() -> None:
    """1064 nm treats facial veins in small spots; those of 10 mm and wider are for hair."""
    for condition in ("facial-telangiectasia", "spider-angioma"):
        assert 1.5 <= usual(condition, "vascular", "ndyag-1064").spot_mm <= 6.0


@pytest.mark.parametrize("condition", ["age-spots", "freckles"])
def test_a_green_short_pulse_for_brown_spots_has_a_narrow_spot(condition: str) -> None:
    setting = usual(condition, "pigment-short-pulse", "qs-ndyag-532-1064")
    assert setting.wavelength_nm == 532.0
    assert 2.0 <= setting.spot_mm <= 4.0


def test_no_lamp_has_a_published_dose_on_brown_spots_in_practice() -> None:
    """515 nm and 18 J/cm² in one pulse of 10 ms left pale patches on phototype III (lipp2021)."""
    lamp, region = devices()["ipl"], PracticeRegion("age-spots", "pigment-long-pulse", 2)
    assert not any(region.dose_range(lamp, one) for one in iterate_settings(lamp))


def test_sprays_are_timed_as_makers_time_them() -> None:
    for device in devices().values():
        _, words = built_in_cooling(device)
        if words is not None and words.kind == "spray":
            assert 20.0 <= words.before_ms <= 50.0, device.name
            assert 10.0 <= words.delay_ms <= 40.0, device.name


def test_columns_for_acne_scars_begin_at_energies_that_were_published() -> None:
    device, region = devices()["fractional-1550"], PracticeRegion("acne-scars", "non-ablative-fractional", 2)
    spans = [region.dose_range(device, one) for one in iterate_settings(device)]
    assert any(spans)
    for span in filter(None, spans):  # 7 to 20 mJ in glaich2007, in beams of 60 and of 140 um
        assert span.columns is not None
        assert (span.columns.low_mJ, span.columns.high_mJ) == (7.0, 20.0)
        low, high = span.printed or (span.low, span.usual_high)
        assert low < high <= 20.0 + 1e-9  # the table is read forth and back


@pytest.mark.parametrize("phototype", range(1, 7))
def test_nobody_is_said_to_print_no_dose_who_prints_one(phototype: int) -> None:
    for condition, modality, name in ASKED:
        device = devices()[name]
        for source in sources_without_dose(condition, modality, phototype, device):
            of_it = [row for row in published_settings() if (row.source, row.condition) == (source, condition)]
            near = [row for row in of_it if row.wavelength_nm in device.wavelengths_nm]
            assert not any(span_ends(row.fluence_J_cm2) for row in near), (condition, name, source)


def test_who_treats_dark_skin_and_prints_no_dose_is_known() -> None:
    """Spider angioma of phototypes II to V was treated with 1064 nm; with how much is not printed."""
    infrared, dye = devices()["ndyag-1064"], devices()["pulsed-dye-595"]
    assert sources_without_dose("spider-angioma", "vascular", 5, infrared) == ("ozyurt2012",)
    assert sources_without_dose("spider-angioma", "vascular", 5, dye) == ()  # nobody says that such skin was treated
    assert sources_without_dose("facial-telangiectasia", "vascular", 2, dye) == ()  # whose doses are printed
