"""Plans after an injury: what is offered below its dose, begun at the least dose, or refused."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from earlier_samples import VEINS_CASE, case, session, spot

from skinbeam.laser import device as lasers
from skinbeam.plan.device_option import DeviceRefusal
from skinbeam.plan.planner import _judge_for_clinic
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.plan.without_dose import _plan_device
from skinbeam.response.goals import treatment_goal
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.bounds import NO_BOUNDS
from skinbeam.suitability.dose_bars import LightFacts, dose_bars
from skinbeam.suitability.history import reaction_reasons
from skinbeam.suitability.judgement import judge_suitability


@pytest.mark.parametrize(
    ("injuring", "light", "other"),
    [("pulsed-dye-595", "laser", "ipl"), ("ipl", "lamp", "pulsed-dye-595"), ("ipl", "lamp", "ndyag-1064")],
)
def test_after_an_injury_light_of_the_other_kind_begins_at_the_least_published_dose(
    injuring: str, light: str, other: str
) -> None:
    """Doses of lamps and lasers are measured apart, so that two thirds of one spare nothing in the other."""

    def proposed(text: str, name: str) -> Proposal:
        device = lasers.devices()[name]
        person = case(text)
        machine = SearchMachine(name, device, dose_bars(person, name, device))
        found = propose_setting(person, person.concern[0], "vascular", machine)
        assert found is not None
        return found

    hurt = spot("dark-mark", "wavelength_nm = 595.0\nfluence_J_cm2 = 9.0", device=injuring, hours=1000)
    assert proposed("", other).start == proposed("", other).middle
    assert proposed(hurt, other).start == proposed(hurt, other).low < proposed(hurt, other).middle
    assert not proposed(hurt, injuring).is_least_first
    other_light = LightFacts(595.0, False, lasers.devices()[other].is_lamp)
    (told,) = reaction_reasons(case(hurt), "vascular", light=other_light)
    assert told.message.id == "earlier.other-kind"
    own_light = LightFacts(595.0, False, lasers.devices()[injuring].is_lamp)
    (own,) = reaction_reasons(case(hurt), "vascular", light=own_light)
    assert f"another {light}" in own.message.text


@pytest.mark.parametrize(("injuring", "refused"), [("ipl", True), ("pulsed-dye-595", False)])
def test_a_laser_without_a_published_dose_is_refused_after_an_injury_by_a_lamp(injuring: str, refused: bool) -> None:
    """No least dose is known to begin with."""
    person = case(spot("burn", "wavelength_nm = 595.0\nfluence_J_cm2 = 9.0", device=injuring))
    device = lasers.devices()["ndyag-1064"]
    machine = SearchMachine("ndyag-1064", device)
    goal = treatment_goal("facial-telangiectasia", "vascular", None, NO_BOUNDS, ())
    bank: Any = None  # nothing is simulated without a setting
    found = _plan_device(person, person.concern[0], goal, machine, [], bank, None)
    assert isinstance(found, DeviceRefusal)
    assert (found.record.reasons[0].id == "plan.no-dose-after-other-kind") is refused


@pytest.mark.parametrize(("area_cm2", "has_room"), [(5.0, False), (10.0, True)])
def test_a_lamp_after_an_injury_by_a_laser_needs_room_for_a_test_spot(area_cm2: float, has_room: bool) -> None:
    hurt = spot("dark-mark", "wavelength_nm = 595.0\nfluence_J_cm2 = 9.0\npulse_ms = 10.0", hours=1000)
    field = VEINS_CASE.replace("area_cm2 = 10.0", f"area_cm2 = {area_cm2}")
    plan = document(field + hurt + devices("ipl"), draws=44)
    assert bool(laser_options(plan)) is bool(plan["test_spots"]) is has_room
    told = [reason["id"] for one in plan["concerns"][0]["refused"] for reason in one["reasons"]]
    assert ("plan.no-spot-after-injury" in told) is not has_room


@pytest.mark.parametrize("name", ["pulsed-dye-595", "ktp-532"])  # a printed dose, and a computed one
def test_a_plan_stays_at_two_thirds_of_the_dose_that_injured(name: str) -> None:
    (offered,) = laser_options(document(VEINS_CASE + devices(name)))
    dose = offered["settings"]["fluence_J_cm2"]
    hurt = spot("blister", f"fluence_J_cm2 = {dose}", device=name)
    made: Any = document(VEINS_CASE + devices(name) + hurt)
    assert "earlier-injury" in [reason["rule"] for reason in made["suitability"]["reasons"]]
    assert made["suitability"]["decision"] == "with-caution"
    assert all(option["settings"]["fluence_J_cm2"] <= 2 / 3 * dose for option in laser_options(made))
    barred = document(VEINS_CASE + devices(name) + spot("blister", "", device=name))
    assert laser_options(barred) == []
    (refused,) = [r for r in barred["concerns"][0]["refused"] if r.get("device") == name]
    assert refused["reasons"][0]["id"] == "plan.no-dose-below-injury"


def test_an_injury_lowers_light_that_is_not_simulated_too() -> None:
    """No model judges a lamp on poikiloderma; after a blister at 12 J/cm² its published dose is bounded too."""
    lamp = PERSON + concern("poikiloderma", "neck") + devices("ipl")
    (free,) = [one for one in laser_options(document(lamp)) if one["basis"] == "published"]
    assert free["settings"]["fluence_J_cm2"] > 8.0
    hurt = document(lamp + spot("blister", "fluence_J_cm2 = 12.0\nwavelength_nm = 560.0", device="ipl"))
    lowered = [one["settings"]["fluence_J_cm2"] for one in laser_options(hurt)]
    assert lowered
    assert max(lowered) <= 8.0


@pytest.mark.parametrize("phototype", ["II", "V"])
@pytest.mark.parametrize("site", ["cheeks", "perioral"])
def test_the_decision_names_why_the_only_laser_of_a_clinic_is_refused(phototype: str, site: str) -> None:
    person = f'[patient]\nage_years = 45\nsex = "female"\nphototype = "{phototype}"\nhistory = ["hypertrophic-scar"]\n'
    name = "co2-10600"
    asked = loaded(person + concern("wrinkles", site, "") + devices(name)).case
    machine = SearchMachine(name, lasers.devices()[name])
    refusals = judge_suitability(asked, concern=asked.concern[0], modality="ablative").opposing_reasons
    assert refusals
    judged = _judge_for_clinic(asked, [machine])
    told = {reason.rule: reason for reason in judged.reasons}
    strictest = [one.rule for one in refusals if one.decision == refusals[0].decision]
    assert set(strictest) <= set(told)
    assert judged.decision == "with-caution"  # other treatments are planned
    columns = judge_suitability(asked, concern=asked.concern[0], modality="non-ablative-fractional")
    general = judge_suitability(asked, concern=asked.concern[0])
    of_columns = {one.rule for one in columns.reasons} - {one.rule for one in (*general.reasons, *refusals)}
    assert not of_columns & set(told)


@pytest.mark.parametrize("adverse", ["pih for 5 months", "blister"])
def test_columns_below_all_published_energies_that_reach_next_to_nobody_are_no_option(adverse: str) -> None:
    """After two dark marks at 10 mJ fractional CO2 stood first at 5 mJ, which reached the dermis in none of 100."""
    person = PERSON.replace('"II"\nita_deg = 60.0', '"III"') + concern("acne-scars") + devices("fractional-co2-10600")
    before = session(adverse, 'device = "fractional-co2-10600"\nenergy_mJ = 10', "acne-scars")
    plan = document(person + before)
    assert not [one for one in laser_options(plan) if one["modality"] == "fractional-ablative"]
    refused = [one for part in plan["concerns"] for one in part["refused"] if one["modality"] == "fractional-ablative"]
    assert {reason["id"] for one in refused for reason in one["reasons"]} & {"plan.no-dose-below-injury"}
    assert laser_options(document(person))  # without the injury it is offered
