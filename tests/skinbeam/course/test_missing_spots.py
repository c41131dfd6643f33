"""Where a light has no test spots, its plan says why, and no text orders them."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from plan_reading import read_plan

from skinbeam.assessment.skin_draws import SkinPlace, draw_skins
from skinbeam.course.test_spots import NO_TEST_SPOTS, _test_spot_rules, distinct_ladders
from skinbeam.laser.device import devices as known_devices
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import assess_person
from skinbeam.response.settings import SearchMachine, build_beam
from skinbeam.response.skin_bank import EarlierPulse, _burn_doses_J_m2, describe_change
from skinbeam.response.skins import SiteSkins
from skinbeam.suitability.table import load_rules
from skinbeam.text import Message
from skinbeam.text.catalogues import catalogue, message_template, use_language

DARK = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "ita_deg = 40.0")
VEINS = concern("facial-telangiectasia", extra="")
YELLOW = devices("pulsed-dye-595")
AMIODARONE = 'medications = [{name = "amiodarone", last_dose_months = 0}]\n'

# Texts that name test spots and order none, or order them of light whose earlier pulses never stand for them.
ORDER_NONE = {
    "plan.dose-of-endpoint",
    "plan.harm-in-doubt",
    "plan.no-spot-after-injury",
    "plan.published-lighter",
    "plan.published-only",
    "plan.test-spot",
    "plan.test-spot-alone",
    "plan.too-weak-undosed",
    "plan.window-larger",
    "rules.photographs-near",
    "rules.recent-resurfacing-superficial-acid",  # a small area of acid, no light
    "rules.titration-columns",
    "rules.titration-heating",
    "earlier.below-lamps",  # of the other kind of light, which has `earlier.other-kind`
    "earlier.below-lamps-unsaid",
    "earlier.below-lasers",
    "earlier.lighter-skin",  # of pulses that never stand for them
}


def anew() -> tuple[str, ...]:
    return tuple(_test_spot_rules()["borne"]["not_where"])


@pytest.mark.parametrize("language", ["en", "de"])
def test_what_orders_test_spots_holds_after_sessions_or_leaves_room_for_what_was_borne(language: str) -> None:
    """ "Test spots come first" stood in plans that had none."""
    spot, borne = {
        "en": (r"test (?:spot|area)", "unless an earlier pulse stands for"),
        "de": ("Probestelle", "außer ein früherer Puls ersetzt"),
    }[language]
    rules = {rule.message.id: rule.id for rule in load_rules()}
    named = [name for name in catalogue() if name.split(".")[0] in ("rules", "plan", "limit", "earlier")]
    ordering = 0
    with use_language(language):
        for name in named:
            text = message_template(name)[0]
            if not re.search(spot, text, re.IGNORECASE) or name in ORDER_NONE:
                continue
            ordering += 1
            assert name in anew() or rules.get(name) in anew() or borne in text, name
    assert ordering >= 10


def test_what_may_be_newer_than_a_session_is_a_reason_of_plans() -> None:
    reasons = {rule.id for rule in load_rules()} | set(catalogue())
    assert set(anew()) <= reasons


def session(dose: float = 8.0, better: float = 40.0) -> str:
    return (
        '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
        f"fluence_J_cm2 = {dose}\npulse_ms = 10.0\nspot_mm = 7.0\nresponse_pct = {better}\n"
        'adverse = ["none"]\n'
    )


def spot(dose: float = 8.0) -> str:
    return (
        '\n[[test_spot]]\ndevice = "pulsed-dye-595"\nsite = "cheeks"\nread_after_h = 72.0\nreaction = "none"\n'
        f"fluence_J_cm2 = {dose}\npulse_ms = 10.0\nspot_mm = 7.0\n"
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (DARK + VEINS, ""),
        (DARK + VEINS + session(), "ladder.stands"),
        (PERSON + VEINS + session(), "ladder.stands"),
        (PERSON + VEINS + session(3.0, 10.0), ""),  # less than is planned
        (PERSON + AMIODARONE + VEINS + session(), ""),  # which may be new
        (PERSON + AMIODARONE + VEINS + session() + spot(), "ladder.stands"),  # made for it
        (PERSON + 'history = ["keloid"]\n' + VEINS + session(), ""),  # which shows after months
        (PERSON + VEINS + session(better=95.0), "ladder.stands"),
        (PERSON + VEINS.replace("10.0", "0.1") + session(3.0, 10.0), "ladder.no-room"),
        (PERSON + VEINS.replace("10.0", "0.1") + session(), "ladder.stands"),
    ],
)
def test_a_light_has_test_spots_or_says_why_it_has_none(text: str, why: str) -> None:
    made = document(text + YELLOW)
    (option,) = laser_options(made)
    told = [reason["message"] for reason in option["reasons"] if reason["rule"] == NO_TEST_SPOTS]
    assert [one["id"] for one in told] == ([why] if why else [])
    assert bool(made["test_spots"]) is not bool(why)
    if why == "ladder.stands":
        assert told[0]["params"]["dose"] == 8.0


@pytest.mark.parametrize("better", [85.0, 95.0])
def test_what_is_better_enough_has_spots_only_for_who_decides_on_another_session(better: float) -> None:
    """Spots were ordered "before the first session" on a field without any further session."""
    made = document(PERSON + AMIODARONE + VEINS + session(3.0, better) + YELLOW)
    (ladder,) = made["test_spots"]
    is_done = better >= 90.0
    assert bool(made["concerns"][0].get("is_done")) is is_done
    assert bool(ladder.get("when_chosen")) is is_done
    assert ladder["text"].startswith("Before the first session") is not is_done
    assert ("no session is planned, and no test spots" in ladder["text"]) is is_done


def test_spots_of_a_done_concern_are_asked_for_where_another_concern_needs_the_same() -> None:
    (asked,) = read_plan(document(PERSON + AMIODARONE + VEINS + session(3.0, 85.0) + YELLOW)).test_spots
    wrapped = Message("ladder.if-another", {"spots": asked.message})
    done = replace(asked, message=wrapped, when_chosen=True, read_after_h=1000.0)
    for both in ([done, asked], [asked, done]):
        (one,) = distinct_ladders(both)
        assert one.when_chosen is None
        assert one.message == asked.message


@pytest.mark.parametrize("area_cm2", [0.03, 0.1, 0.3, 0.79, 1.0, 3.0])
def test_as_many_spots_as_are_asked_for_fit_beside_each_other(area_cm2: float) -> None:
    """Two spots of 1.5 mm were asked for on a spider of 2 mm."""
    made = document(DARK + VEINS.replace("10.0", str(area_cm2)) + devices("ndyag-1064", "pulsed-dye-595"))
    options = laser_options(made)
    assert options
    for ladder in made["test_spots"]:
        assert len(ladder["spots"]) >= 2
        assert sum(one["spot_mm"] ** 2 for one in ladder["spots"]) / 100 <= area_cm2
        if len(ladder["spots"]) == 2:
            assert np.pi / 4 * (2 * ladder["spots"][0]["spot_mm"] / 10) ** 2 <= area_cm2  # side by side in a disc
    without = [one for one in options if any(reason["rule"] == NO_TEST_SPOTS for reason in one["reasons"])]
    assert len(without) + len(made["test_spots"]) == len(options)


@pytest.mark.parametrize(
    ("name", "wavelength_nm", "pulse_ms", "dose", "spots"),
    [
        ("pulsed-dye-595", 595.0, 10.0, 6.0, (5.0, 7.0, 10.0)),
        ("ktp-532", 532.0, 20.0, 8.0, (2.0, 3.0, 5.0)),
        ("ndyag-1064", 1064.0, 20.0, 40.0, (3.0, 5.0, 7.0)),
        ("alexandrite-755", 755.0, 3.0, 10.0, (8.0, 12.0, 18.0)),
    ],
)
def test_a_wider_spot_burns_no_more_than_its_rule_allows_for(
    name: str, wavelength_nm: float, pulse_ms: float, dose: float, spots: tuple[float, ...]
) -> None:
    """The dose that burns the middle skin, by spot; the lightest skin scatters most back."""
    person = assess_person(check_consultation(loaded(PERSON + VEINS), None), 16, 0)
    drawn = draw_skins(person.case, person.colour, SkinPlace("cheeks", limiting=True), draws=16, seed=0)
    skins = SiteSkins("cheeks", drawn, drawn)
    machine = SearchMachine(name, known_devices()[name])

    def burns(spot_mm: float) -> float:
        beam = build_beam(machine, BeamSetting(wavelength_nm, pulse_ms, spot_mm), dose)
        return float(
            np.median(_burn_doses_J_m2(EarlierPulse(machine, beam, dose, "cheeks", "none", False, 0.0), skins))
        )

    exponent = _test_spot_rules()["borne"]["spot_exponent"]
    for narrow, wide in pairwise(spots):
        assert burns(wide) / burns(narrow) >= (narrow / wide) ** exponent


def changed(kind: str, before: float, after: float) -> Message:
    machine = SearchMachine("pulsed-dye-595", known_devices()["pulsed-dye-595"])
    beam = build_beam(machine, BeamSetting(595.0, 10.0, 7.0), 8.0)
    is_burn, missed = kind == "burnt", 0.0 if kind == "clean-session" else 0.2
    reaction = "blister" if is_burn else "none"
    return describe_change(EarlierPulse(machine, beam, 8.0, "cheeks", reaction, is_burn, missed), before, after)


@pytest.mark.parametrize("kind", ["clean", "clean-session", "burnt"])
def test_a_change_of_a_probability_is_told_with_its_direction(kind: str) -> None:
    """ "Count less in this plan ... goes from 0.2 to 8.2 of 100" followed a clean pulse beside a blister."""
    for before, after in ((0.2, 8.2), (8.2, 0.2)):
        told = changed(kind, before, after)
        is_as_expected = (after > before) is (kind == "burnt")
        outweighed = f"learned.{'burnt' if kind == 'burnt' else 'clean'}-outweighed"
        assert told.id == (f"learned.{kind}" if is_as_expected else outweighed)
        assert ("raise" in told.text) is (after > before and not is_as_expected)
        assert ("lower" in told.text) is (after < before and not is_as_expected)


def test_no_probability_is_told_as_zero() -> None:
    """ "From 0.1 to 0 of 100 ... it does not fall to zero"."""
    assert "from 0.1 to below 0.1 of 100" in changed("clean", 0.1, 0.0).text
    assert "from below 0.1 to below 0.1 of 100" in changed("clean", 0.0, 0.0).text
