"""A setting of columns in another beam than the planned one, on the page that compares the two."""

from types import SimpleNamespace
from typing import Any, cast

from consultations import PERSON, concern, devices, document, loaded

from skinbeam.laser.device import devices as known_devices
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import assess_person
from skinbeam.plan_records.document import read_plan
from skinbeam_clinic.plans.setting_answer import answer_question
from skinbeam_clinic.plans.setting_quantities import option_sliders
from skinbeam_clinic.plans.setting_routes import planned_question
from skinbeam_clinic.pulse_settings import OrderedSettings

DRAWS = 42  # the least with which a plan is made


def test_the_diameter_of_columns_is_one_step_of_its_slider() -> None:
    """120 um were 0.11999999999999998 mm beside the 0.12 of the device: two steps for one diameter."""
    (planned,) = read_plan(document(PERSON + concern("acne-scars") + devices("fractional-co2-10600"))).concerns
    option = next(option for option in planned.options if option.setup is not None)
    device = known_devices()["fractional-co2-10600"]
    (spot,) = (slider for slider in option_sliders(option, device) if slider.name == "diameter_um")
    assert spot.planned in [120.0, 300.0, 1000.0]
    assert spot.steps == (120.0, 300.0, 1000.0)


def test_the_planned_energy_stays_beside_those_of_its_own_beam() -> None:
    """8 mJ in 60 um were below what is printed as soon as 16 in 140, which go as deep, were asked about."""
    text = PERSON + concern("wrinkles") + devices("fractional-1550")
    plan, checked = read_plan(document(text)), check_consultation(loaded(text))
    wide = OrderedSettings(wavelength_nm=1550.0, spot_mm=0.14, pulse_ms=1.0, energy_mJ=16.0, density_per_cm2=100.0)
    opened = cast("Any", SimpleNamespace(record=SimpleNamespace(plan_sha256="a", draws=DRAWS, seed=0)))
    (planned,) = plan.concerns
    option = next(option for option in planned.options if option.setup is not None)
    question = planned_question(opened, planned, option, wide)
    published = answer_question(assess_person(checked, DRAWS, 0), checked.loaded, question).published
    assert published is not None
    assert (published.planned_place, published.asked_place) == ("inside", "inside")
    assert published.planned_range[1] < published.asked_range[0]
