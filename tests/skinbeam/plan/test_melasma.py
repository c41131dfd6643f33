"""What is planned beside melasma: creams first, spots read late, and no light that can darken its skin."""

from typing import Any

import pytest
from consultations import concern, devices, document, laser_options

SPOTS = ("age-spots", "freckles")


def plan(phototype: str, *concerns: str, history: str = "", lasers: tuple[str, ...]) -> Any:
    before = f'history = ["{history}"]\n' if history else ""
    patient = f'[patient]\nage_years = 45\nsex = "female"\nphototype = "{phototype}"\n{before}'
    return document(patient + "".join(concern(name) for name in concerns) + devices(*lasers))


@pytest.mark.parametrize("condition", SPOTS)
@pytest.mark.parametrize("phototype", ["II", "IV"])
def test_spots_on_skin_that_had_melasma_begin_with_creams_and_are_read_late(phototype: str, condition: str) -> None:
    made = plan(phototype, condition, history="melasma", lasers=("qs-ndyag-532-1064",))
    (part,) = made["concerns"]
    green = [one for one in part["options"] if one.get("device") and one["settings"]["wavelength_nm"] == 532.0]
    creams = [one for one in part["options"] if one["modality"] in ("topical-depigmenting", "topical-retinoid")]
    assert creams
    assert all(cream["rank"] < one["rank"] for one in green for cream in creams[:1])
    assert all(one["read_after_h"] >= 28 * 24.0 for one in made["test_spots"])  # dark marks show after weeks


@pytest.mark.parametrize("condition", SPOTS)
def test_no_pulse_that_whitens_is_offered_for_spots_in_melasma(condition: str) -> None:
    lasers = ("qs-ruby-694", "qs-alexandrite-755", "ps-alexandrite-755", "qs-ndyag-532-1064")
    made = plan("II", "melasma", condition, lasers=lasers)
    spots = next(one for one in made["concerns"] if one["condition"] == condition)
    offered = [one for one in spots["options"] if "device" in one]
    assert [one["settings"]["wavelength_nm"] for one in offered if one["settings"]["wavelength_nm"] < 1000.0] == []


def test_melasma_is_treated_before_the_vessels_of_its_skin() -> None:
    made = plan("III", "melasma", "facial-telangiectasia", lasers=("pulsed-dye-595", "qs-ndyag-532-1064"))
    assert laser_options(made)
    weeks = {
        name: [visit["week"] for visit in made["course"] if f"{name} at cheeks" in visit["treats"]]
        for name in ("melasma", "facial-telangiectasia")
    }
    assert weeks["facial-telangiectasia"]
    assert min(weeks["facial-telangiectasia"]) > max(weeks["melasma"], default=-1)
    begin = next(visit for visit in made["course"] if "facial-telangiectasia at cheeks" in visit["treats"])
    assert "course.melasma-first" in {step["id"] for step in begin["steps"]}


def test_spots_beside_melasma_begin_with_creams_and_spots_elsewhere_do_not() -> None:
    def ranks(site: str) -> tuple[int, int]:
        text = '[patient]\nage_years = 45\nsex = "female"\nphototype = "II"\n'
        made = document(text + concern("melasma") + concern("age-spots", site) + devices("qs-ruby-694"))
        spots = next(one for one in made["concerns"] if one["condition"] == "age-spots")
        light = min(one["rank"] for one in spots["options"] if "device" in one)
        return light, min(one["rank"] for one in spots["options"] if one["modality"] == "topical-depigmenting")

    light, creams = ranks("nose")
    assert creams < light
    light, creams = ranks("hands")
    assert light < creams


@pytest.mark.parametrize(
    ("device", "fluence_J_cm2", "weeks"),
    [
        ("ps-alexandrite-755", (0.4, 0.4), (2.0, 4.0)),
        ("ps-ndyag-532-1064", (0.6, 0.8), (2.0, 4.0)),
        ("qs-ndyag-532-1064", (0.85, 2.0), (2.0, 2.0)),
    ],
)
def test_melasma_has_doses_and_visits_as_trials_of_such_pulses(
    device: str, fluence_J_cm2: tuple[float, float], weeks: tuple[float, float]
) -> None:
    """Of picosecond pulses no source was said to print a dose, and visits were those of Q-switched light."""
    (option,) = laser_options(plan("III", "melasma", lasers=(device,)))
    assert fluence_J_cm2[0] <= option["settings"]["fluence_J_cm2"] <= fluence_J_cm2[1]
    assert (option["interval_weeks"]["low"], option["interval_weeks"]["high"]) == weeks
