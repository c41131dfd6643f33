"""What a plan takes from vessels that a photograph shows: how wide those are that doses are computed for."""

from typing import Any

import numpy as np
import pytest
from consultations import PERSON, concern, devices, laser_options, loaded

from skinbeam.assessment.photograph import SitePhotoFindings, photo_messages
from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.exposure import Vessel
from skinbeam.plan.photographed_vessels import photo_vessel_widths, vessel_messages
from skinbeam.plan.planner import make_plan
from skinbeam.response.goals import treatment_goal
from skinbeam.response.skin_bank import SkinBank

VEINS = PERSON + concern("facial-telangiectasia", extra="")
CASE = loaded(VEINS).case
GOAL = treatment_goal("facial-telangiectasia", "vascular")


def site(um: float, *, clear: bool = True, name: str = "cheeks") -> SitePhotoFindings:
    width = Estimate(um, 0.8 * um, 1.2 * um, 0.95, "measured")
    return SitePhotoFindings(name, Unknown("not compared"), None, width, clear)


def diameters(case: Case, *sites: SitePhotoFindings, at: str = "cheeks") -> np.ndarray:
    bank = SkinBank(case, assess_colour(case, None), 32, 0, widths=photo_vessel_widths(case, sites))
    for skins in (bank.design_bank.skins(at, GOAL, max_draws=32), bank.skins(at, GOAL)):
        drawn = skins.target["vessel_diameter_m"][:, 0]
        assert all((one.target["vessel_diameter_m"][:, 0] == drawn).all() for one in skins.lighter_skins)
    return drawn


def test_wider_vessels_seen_are_planned_for_at_their_site_alone() -> None:
    published = diameters(CASE)
    narrow, wide = diameters(CASE, site(350.0)), diameters(CASE, site(750.0))
    assert (narrow < wide).all()
    assert np.median(narrow) < np.median(published) < np.median(wide)
    np.testing.assert_array_equal(diameters(CASE, site(750.0), at="nose"), published)


@pytest.mark.parametrize("seen", [site(750.0, clear=False), site(1700.0)], ids=["unsure", "apart"])
def test_widths_that_are_unsure_or_of_other_vessels_change_nothing(seen: SitePhotoFindings) -> None:
    np.testing.assert_array_equal(diameters(CASE, seen), diameters(CASE))


def test_a_case_that_names_vessels_wins_over_the_photograph() -> None:
    given = CASE.model_copy(update={"vessel": [Vessel(depth_um=400.0, diameter_um=200.0)]})
    np.testing.assert_array_equal(diameters(given, site(750.0)), diameters(given))
    (said,) = vessel_messages(given, [site(750.0)])["cheeks"]
    assert said.id == "photo-plan.vessels_given"


def test_a_kind_that_was_said_holds_against_the_photograph() -> None:
    """Who says that vessels are over 1 mm wide is not talked out of it by narrower ones, which are told."""
    wide = loaded(PERSON + concern("facial-telangiectasia", extra='subtypes = ["over-1-mm"]')).case
    (said,) = vessel_messages(wide, [site(500.0)])["cheeks"]
    assert said.id == "photo-plan.vessels_apart"
    assert "of their own" in said.text


def test_what_doses_are_computed_for_is_told_once_for_each_concern_of_vessels() -> None:
    case = loaded(VEINS + concern("redness", extra="") + concern("melasma")).case
    seen = site(700.0)
    veins, redness = vessel_messages(case, [seen])["cheeks"]
    assert {veins.id, redness.id} == {"photo-plan.vessels_joined"}
    assert veins.params["published_median"] < veins.params["drawn_median"] < veins.params["median"]
    # What is seen is as wide as light spreads: vessels of diffuse redness may look so, and stay as published.
    assert redness.params["drawn_median"] == redness.params["published_median"]
    assert [one.id for one in photo_messages([seen], vessel_messages(case, [seen]))[1:]] == [veins.id, redness.id]
    only_brown = loaded(PERSON + concern("melasma")).case
    assert [one.id for one in photo_messages([seen], vessel_messages(only_brown, [seen]))][1:] == ["photo-plan.vessels"]


def test_the_vessels_of_a_low_class_are_told_as_such() -> None:
    (said,) = vessel_messages(CASE, [site(700.0, clear=False)])["cheeks"]
    assert said.id == "photo-plan.vessels_unsure"


@pytest.mark.check
def test_wider_vessels_get_no_less_light_in_pulses_that_are_no_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    case = loaded(VEINS + devices("pulsed-dye-595"))

    def planned(*sites: SitePhotoFindings) -> Any:
        monkeypatch.setattr("skinbeam.plan.person.photo_site_findings", lambda look, concerns: sites)
        return make_plan(case, draws=60).document

    def settings(*sites: SitePhotoFindings) -> dict[str, float]:
        (option,) = laser_options(planned(*sites))
        return option["settings"]

    narrow, wide = settings(site(350.0)), settings(site(650.0))
    assert narrow["fluence_J_cm2"] <= wide["fluence_J_cm2"]
    assert narrow["pulse_ms"] <= wide["pulse_ms"]
    # What is only told leaves every other number of the plan as it was.
    plain, unsure = planned(), planned(site(650.0, clear=False))
    assert unsure["assessment"].pop("photo_told")
    assert "photo_told" not in plain["assessment"]
    for document in (plain, unsure):
        del document["plan_sha256"]
    assert plain == unsure
