"""After a reaction under a lamp no bluer filter is planned, of this lamp or another, and no shorter pulse."""

from dataclasses import replace

import pytest
from consultations import PERSON, concern, loaded
from earlier_samples import allowed_doses, case, session, spot

from skinbeam.laser import device as lasers
from skinbeam.laser.setting_grid import BeamSetting, iterate_settings
from skinbeam.plan.proposal import Proposal
from skinbeam.plan.propose import propose_setting
from skinbeam.response.settings import SearchMachine
from skinbeam.suitability.dose_bars import LightFacts, dose_bars
from skinbeam.suitability.history import reaction_reasons


@pytest.mark.parametrize(("nm", "barred"), [(515.0, True), (560.0, True), (590.0, True), (640.0, False)])
def test_an_injury_by_a_lamp_bars_its_bluer_filters(nm: float, barred: bool) -> None:
    hurt = spot("blister", "wavelength_nm = 590.0\nfluence_J_cm2 = 12.0", device="ipl")
    setting = next(one for one in iterate_settings(lasers.devices()["ipl"]) if one.wavelength_nm == nm)
    free = allowed_doses("", "ipl", setting)
    assert max(free) > 8.0
    assert (allowed_doses(hurt, "ipl", setting) != free) is barred


LAMP_REACTIONS = [
    ("blister", "earlier.below-lamps"),
    ("grey skin", "earlier.sign-lamp"),
    ("felt odd", "earlier.unread-dose"),
]


@pytest.mark.parametrize(("reaction", "message"), LAMP_REACTIONS)
def test_after_a_reaction_under_a_lamp_no_bluer_filter_is_planned(reaction: str, message: str) -> None:
    """After a crust behind 560 nm the plan took 515 nm, as if nothing had happened."""
    done = session(reaction, 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 18.0', "redness")
    for nm in lasers.devices()["ipl"].wavelengths_nm:
        setting = BeamSetting(nm, 10.0, lasers.devices()["ipl"].spots_mm[-1])
        free, left = allowed_doses("", "ipl", setting), allowed_doses(done, "ipl", setting)
        assert free
        if nm < 560.0:
            assert left == ()
        elif nm > 560.0:
            assert left == free
        else:
            assert 0.0 < max(left) <= 18.0
    (told,) = reaction_reasons(case(done), "vascular", light=LightFacts(560.0, False, True))
    assert told.message.id == message
    assert "shorter waves" in told.message.text


@pytest.mark.parametrize(("nm", "barred"), [(515.0, True), (560.0, True), (590.0, False)])
def test_a_dose_of_a_lamp_that_bruised_is_not_given_behind_a_bluer_filter(nm: float, barred: bool) -> None:
    """After a bruise from 10.5 J/cm² behind 560 nm the plan gave the same dose in the same pulse behind 515 nm."""
    done = session("bruise", 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 10.5\npulse_ms = 20.0', "redness")
    setting = BeamSetting(nm, 20.0, lasers.devices()["ipl"].spots_mm[-1])
    free, left = allowed_doses("", "ipl", setting), allowed_doses(done, "ipl", setting)
    assert max(free) > 10.5
    assert (max(left) < 10.5) is barred
    assert allowed_doses(done, "ipl", setting._replace(pulse_ms=30.0)) == allowed_doses(
        "", "ipl", setting._replace(pulse_ms=30.0)
    )


def test_a_plan_for_a_lamp_chooses_a_filter_that_is_not_barred() -> None:
    """The filter that sources print first was refused, and with it the lamp."""
    lamp = lasers.devices()["ipl"]
    hurt = 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 18.0'

    def proposed(text: str) -> Proposal:
        person = loaded(PERSON + concern("redness", extra="") + text).case
        machine = SearchMachine("ipl", lamp, dose_bars(person, "ipl", lamp))
        found = propose_setting(person, person.concern[0], "vascular", machine)
        assert found is not None
        return found

    assert proposed("").setting.wavelength_nm < 560.0
    for reaction in ("crusting for 5 days", "grey skin", "felt odd"):
        assert proposed(session(reaction, hurt, "redness")).setting.wavelength_nm >= 560.0


def test_no_bluer_filter_of_another_lamp_is_planned_either() -> None:
    """Doses behind different filters cannot be compared, whoever made the lamp."""
    known = lasers.devices()["ipl"]
    other = replace(known, file=known.file.model_copy(update={"title": "Another lamp"}), name="other-lamp")
    done = case(session("blister", 'device = "ipl"\nwavelength_nm = 560.0\nfluence_J_cm2 = 18.0', "redness"))
    bars = dose_bars(done, "other-lamp", other)
    assert {bar.wavelength_nm for bar in bars if bar.dose is None} == {nm for nm in known.wavelengths_nm if nm < 560.0}
    assert {bar.wavelength_nm for bar in bars if bar.dose is not None} == {560.0, 570.0}
    unsaid = case(session("blister", 'device = "ipl"\nfluence_J_cm2 = 18.0', "redness"))
    assert all(bar.dose is not None for bar in dose_bars(unsaid, "other-lamp", other))
    assert all(bar.dose is not None for bar in dose_bars(unsaid, "ipl", known))


def test_after_an_injury_no_shorter_pulse_of_a_lamp_is_planned() -> None:
    """A lamp that had darkened skin with 11 J/cm² in 20 ms was planned with 7 J/cm² in 2 ms."""
    hurt = "wavelength_nm = 560.0\nfluence_J_cm2 = 18.0\npulse_ms = 20.0"
    window = lasers.devices()["ipl"].spots_mm[-1]
    for pulse_ms, is_left in ((2.0, False), (10.0, False), (20.0, True), (30.0, True)):
        here = BeamSetting(560.0, pulse_ms, window)
        doses = allowed_doses(spot("burn", hurt, device="ipl"), "ipl", here)
        assert bool(doses) is is_left
        assert max(doses, default=0.0) <= 12.0
        assert allowed_doses(spot("redness", hurt, device="ipl"), "ipl", here) == allowed_doses("", "ipl", here)


def test_a_shorter_pulse_of_a_lamp_that_the_skin_bore_since_an_injury_is_left() -> None:
    """A session of 15 J/cm² in 12 ms that helped was not given again, and the lamp was refused."""
    made = 'device = "ipl"\nwavelength_nm = 560.0\n'
    hurt = session("blister", f"{made}fluence_J_cm2 = 18.0\npulse_ms = 20.0", "redness")
    later = session("none", f"{made}fluence_J_cm2 = 15.0\npulse_ms = 12.0", "redness").replace("week = 4", "week = 9")
    window = lasers.devices()["ipl"].spots_mm[-1]
    for pulse_ms, most in ((2.0, 0.0), (10.0, 0.0), (12.0, 15.0), (20.0, 15.0)):
        left = allowed_doses(hurt + later, "ipl", BeamSetting(560.0, pulse_ms, window))
        assert max(left, default=0.0) == most
    assert not allowed_doses(hurt, "ipl", BeamSetting(560.0, 12.0, window))
