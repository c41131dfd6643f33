"""Settings in words."""

from dataclasses import replace

import pytest
from course_samples import LASER, SETTINGS, part

from skinbeam.course.schedule import schedule_course
from skinbeam.course.setting_words import describe_settings, describe_settings_after_title
from skinbeam.plan_records.course import (
    DeviceSetting,
    DeviceSetup,
    MicrobeamSetting,
)
from skinbeam.response.records import CoolingSetting

SPRAY = CoolingSetting(kind="spray", temperature_C=-26.0, coefficient_W_m2K=4000.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (replace(SETTINGS, pulse_ms=0.45), "595 nm, 5 J/cm², spot 7 mm, pulse 0.45 ms"),
        (replace(SETTINGS, pulse_ms=5e-6), "595 nm, 5 J/cm², spot 7 mm, pulse 5 ns"),
        (replace(SETTINGS, pulse_ms=7.5e-7), "595 nm, 5 J/cm², spot 7 mm, pulse 750 ps"),
        (replace(SETTINGS, pulse_ms=0.08), "595 nm, 5 J/cm², spot 7 mm, pulse 80 µs"),
        (replace(SETTINGS, passes=2), "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms, 2 passes"),
        (replace(SETTINGS, cooling=SPRAY), "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms, spray cooling"),
        (
            DeviceSetting(595.0, 5.0, microbeam=MicrobeamSetting(12.5, 400.0, 50.0, "gaussian")),
            "595 nm, 12.5 mJ per microbeam of 400 µm, 50 per cm², 6.1 % of the skin under the beams of one pass, "
            "pulse 5 ms",
        ),
    ],
)
def test_settings_read_as_a_person_says_them(settings: DeviceSetting, words: str) -> None:
    assert describe_settings(settings) == words


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("Pulsed dye laser, 595 nm", "5 J/cm², spot 7 mm, pulse 1 ms"),
        ("Laser, 595 and 1064 nm", "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms"),
        ("Dye laser", "595 nm, 5 J/cm², spot 7 mm, pulse 1 ms"),
    ],
)
def test_after_a_title_that_names_the_light_it_is_not_named_again(title: str, words: str) -> None:
    assert describe_settings_after_title(DeviceSetup("d", title, 595.0, None, SETTINGS)) == words


def test_of_a_lamp_the_cut_off_of_its_filter_is_stated() -> None:
    settings = replace(SETTINGS, wavelength_nm=560.0)
    assert describe_settings(settings, lamp=True).startswith("from 560 nm, 5 J/cm²")
    lamp = replace(LASER, setup=DeviceSetup("ipl", "ipl", 560.0, (560.0, 1200.0), settings))
    (step,) = (step for step in schedule_course([part("redness", lamp)])[0].steps if step.id == "course.treat")
    assert "from 560 nm, 5 J/cm²" in step.text


def test_a_window_and_a_train_are_stated_as_a_lamp_shows_them() -> None:
    lamp = DeviceSetting(
        560.0,
        26.0,
        fluence_J_cm2=14.0,
        spot_mm=25.9,
        footprint_mm=(15.0, 35.0),
        subpulses=(2,),
        subpulse_ms=(3.0,),
        subpulse_delay_ms=20.0,
    )
    sentence = describe_settings(lamp, lamp=True)
    assert "15 by 35 mm" in sentence
    assert "2 pulses of 3 ms with 20 ms between" in sentence
    assert "25.9" not in sentence
    assert "26 ms" not in sentence
