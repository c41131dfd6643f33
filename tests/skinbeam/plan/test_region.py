"""Where the search begins: the pulses, spots and doses of a device that were published for a condition."""

from dataclasses import replace

import pytest

from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import dose_steps, iterate_settings
from skinbeam.model.vocabulary import usable_modalities, vocabulary_table
from skinbeam.plan.search.envelope import PracticeLight, span_ends
from skinbeam.plan.search.practice_place import place_setting
from skinbeam.plan.search.settings import PracticeRegion, built_in_cooling, is_bound_to_practice, sources_without_dose
from skinbeam.published_doses.settings import published_settings

HEATING = ("vascular", "pigment-short-pulse", "pigment-long-pulse")
ASKED = [
    (condition, modality, name)
    for condition in vocabulary_table("condition")
    for modality in usable_modalities(condition)
    if modality in HEATING
    for name, device in devices().items()
    if modality in device.modalities
]


def settings(condition: str, modality: str, name: str, phototype: int = 2) -> dict:
    """Setting → doses that are tried."""
    region, device = PracticeRegion(condition, modality, phototype), devices()[name]
    return {one: region.doses(device, one, dose_steps(device, one)) for one in region.settings(device)}


@pytest.mark.parametrize("asked", ASKED, ids="-".join)
def test_what_is_tried_lies_inside_practice_and_the_device_takes_it(asked: tuple[str, str, str]) -> None:
    condition, modality, name = asked
    lamps = {head.wavelength_nm for head in devices()[name].heads if head.band_nm is not None}
    for phototype in (1, 3, 5):
        for setting, doses in settings(*asked, phototype).items():
            assert dose_steps(devices()[name], setting)
            light = PracticeLight(modality, setting.wavelength_nm, setting.pulse_ms, setting.wavelength_nm in lamps)
            for dose in doses:
                place = place_setting(condition, light, phototype, spot_mm=setting.spot_mm, dose=dose)
                assert place.is_inside, place.message.text


def test_a_dye_laser_is_tried_on_facial_veins_as_clinics_set_it() -> None:
    found = settings("facial-telangiectasia", "vascular", "pulsed-dye-595")
    assert {setting.pulse_ms for setting in found} <= set(range(6, 11))  # neither 0.45, which bruises, nor 40 ms
    (doses,) = (doses for setting, doses in found.items() if (setting.pulse_ms, setting.spot_mm) == (6.0, 7.0))
    assert 6.0 <= doses[0] <= doses[-1] <= 12.0


@pytest.mark.parametrize("name", ["pulsed-dye-595", "pulsed-dye-585", "ktp-532"])
def test_no_yellow_or_green_pulse_that_bruises_is_tried_on_redness(name: str) -> None:
    """Trials on redness keep below purpura; of 6 ms and 7 to 9 J/cm² nobody bruised (jasim2004)."""
    assert all(setting.pulse_ms >= 6.0 for setting in settings("redness", "vascular", name))
    veins = settings("facial-telangiectasia", "vascular", name)
    bruising = name == "pulsed-dye-585"  # it has no longer pulse, and single vessels may be bruised
    assert all((setting.pulse_ms < 6.0) is bruising for setting in veins)


def test_beyond_practice_the_spots_next_to_it_are_tried_before_any_other() -> None:
    """1064 nm treats facial veins in small spots; those of 10 mm and wider are for hair."""
    device, practice = (
        devices()["ndyag-1064"],
        PracticeRegion("facial-telangiectasia", "vascular", 2, limits_doses=False),
    )
    inside, beside = (
        {one.spot_mm for one in region.settings(device)}
        for region in (practice, replace(practice, adds_adjacent_spots=True))
    )
    assert inside < beside
    assert max(inside) < max(beside) <= 6.0


def test_a_lamp_is_tried_on_redness_with_the_filters_and_doses_of_its_trials() -> None:
    found = settings("redness", "vascular", "ipl")
    # Filters of 540 and 560 nm cleared most trials of redness.
    assert {setting.wavelength_nm for setting, doses in found.items() if doses} <= {540.0, 550.0, 560.0}
    assert any(found.values())
    assert all(dose <= 32.0 for doses in found.values() for dose in doses)


def test_no_lamp_is_tried_on_brown_spots_while_no_source_prints_a_dose() -> None:
    """515 nm and 18 J/cm² in one pulse of 10 ms left pale patches on phototype III (lipp2021)."""
    assert not any(settings("age-spots", "pigment-long-pulse", "ipl").values())


def test_infrared_light_for_vessels_is_tried_in_narrow_spots() -> None:
    for condition in ("facial-telangiectasia", "spider-angioma"):
        found = settings(condition, "vascular", "ndyag-1064")
        assert found
        assert all(1.5 <= setting.spot_mm <= 3.0 for setting in found)


@pytest.mark.parametrize("name", ["qs-ndyag-532-1064", "ps-ndyag-532-1064"])
@pytest.mark.parametrize("condition", ["age-spots", "freckles"])
def test_green_short_pulses_for_brown_spots_are_tried_in_narrow_spots(condition: str, name: str) -> None:
    green = [setting for setting in settings(condition, "pigment-short-pulse", name) if setting.wavelength_nm == 532.0]
    assert green
    assert all(2.0 <= setting.spot_mm <= 4.0 for setting in green)


@pytest.mark.parametrize("condition", ["melasma", "post-inflammatory-hyperpigmentation"])
def test_what_light_may_darken_gets_gentle_infrared_alone_and_no_more_in_darker_skin(condition: str) -> None:
    assert is_bound_to_practice(condition)
    greatest = []
    for phototype in range(1, 7):
        tried = {
            (name, setting.wavelength_nm): doses
            for name, device in devices().items()
            if "pigment-short-pulse" in device.modalities
            for setting, doses in settings(condition, "pigment-short-pulse", name, phototype).items()
            if doses
        }
        assert set(tried) == {("qs-ndyag-532-1064", 1064.0)}
        greatest.append(max(doses[-1] for doses in tried.values()))
    assert max(greatest) <= 3.2  # J/cm²: toning
    assert greatest == sorted(greatest, reverse=True)


def test_sprays_are_timed_as_makers_time_them() -> None:
    for device in devices().values():
        _, words = built_in_cooling(device)
        if words is not None and words.kind == "spray":
            assert 20.0 <= words.before_ms <= 50.0, device.name
            assert 10.0 <= words.delay_ms <= 40.0, device.name


def test_columns_for_acne_scars_begin_at_energies_that_were_published() -> None:
    device, region = devices()["fractional-1550"], PracticeRegion("acne-scars", "non-ablative-fractional", 2)
    held = {energy for one in iterate_settings(device) for energy in region.doses(device, one, dose_steps(device, one))}
    assert held
    assert all(6.0 <= energy <= 20.0 for energy in held)  # 7 to 20 mJ in glaich2007, and what dials round to


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
