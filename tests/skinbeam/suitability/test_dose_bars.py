"""Doses that a plan may not try after an earlier injury, sign, long redness, or note that nobody understood."""

from typing import Any

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded
from earlier_samples import DYE, allowed_doses, case, rules_of, session, spot

from skinbeam.laser import device as lasers
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.vocabulary import (
    laser_modalities,
)
from skinbeam.suitability.dose_bars import dose_bars
from skinbeam.suitability.history import reaction_reasons
from skinbeam.suitability.judgement import judge_case, judge_suitability

INJURIES = ("blister", "burn", "erosion", "scar")


@pytest.mark.parametrize("reaction", INJURIES)
def test_an_injury_bars_every_dose_above_two_thirds_of_its_own(reaction: str) -> None:
    free = allowed_doses("")
    assert max(free) > 6.0
    assert allowed_doses(spot(reaction)) == tuple(dose for dose in free if dose <= 4.0)
    rule = "earlier-scar" if reaction == "scar" else "earlier-injury"
    assert rules_of(spot(reaction)) == {rule: "with-caution"}
    (told,) = reaction_reasons(case(spot(reaction)), None)
    assert "Pulsed dye laser, 595 nm" in told.message.text
    assert ("6 J/cm²" in told.message.text) is (reaction != "scar")


@pytest.mark.parametrize("reaction", INJURIES)
def test_an_injury_without_a_dose_bars_every_dose(reaction: str) -> None:
    assert allowed_doses(spot(reaction, "")) == ()


def test_the_least_of_several_injuring_doses_counts() -> None:
    two = spot("blister", "fluence_J_cm2 = 5.0") + spot("burn", "fluence_J_cm2 = 7.0")
    assert max(allowed_doses(two)) <= 5.0 * 2 / 3


def test_each_injury_is_told_in_the_decision() -> None:
    two = spot("blister", "fluence_J_cm2 = 5.0") + spot("burn", "fluence_J_cm2 = 7.0")
    told = [reason.message.text for reason in judge_case(case(two)).reasons if reason.rule == "earlier-injury"]
    assert [text.split(" after ")[0] for text in told] == ["A blister", "A burn"]


def test_an_energy_and_a_spot_are_a_dose() -> None:
    """1.2 J over a disc of 5 mm: 1.2 / (pi/4 * 0.25) = 6.11 J/cm², two thirds of which is 4.07."""
    assert max(allowed_doses(spot("blister", "energy_mJ = 1200.0\nspot_mm = 5.0"))) == 4.0


@pytest.mark.parametrize(("injuring", "left"), [(0.3, 0.2), (0.6, 0.4), (1.2, 0.8)])
def test_two_thirds_of_a_dose_are_left_where_the_device_can_be_set_to_them(injuring: float, left: float) -> None:
    """In binary numbers two thirds of 0.3 are a little less than 0.2, and half of 0.2 does nothing."""
    hurt = spot("blister", f"wavelength_nm = 532.0\nfluence_J_cm2 = {injuring}", device="ps-ndyag-532-1064")
    assert max(allowed_doses(hurt, "ps-ndyag-532-1064", BeamSetting(532.0, 8e-7, 4.0))) == left


def test_only_the_wavelength_that_injured_is_barred() -> None:
    green, infrared = BeamSetting(532.0, 1e-5, 3.0), BeamSetting(1064.0, 1e-5, 3.0)
    name = "qs-ndyag-532-1064"
    hurt = spot("blister", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.0", device=name)
    assert max(allowed_doses(hurt, name, green)) < 1.0
    assert allowed_doses(hurt, name, infrared) == allowed_doses("", name, infrared)
    for unsaid in ("", "wavelength_nm = 694.0\n"):  # not said, or none that the device has: every one is meant
        hurt = spot("blister", f"{unsaid}fluence_J_cm2 = 1.0", device=name)
        assert max(allowed_doses(hurt, name, green)) < 1.0
        assert max(allowed_doses(hurt, name, infrared)) < 1.0


def test_other_light_is_not_barred_but_warned_of() -> None:
    for name, setting in (("ktp-532", BeamSetting(532.0, 10.0, 4.0)), ("ipl", BeamSetting(590.0, 10.0, 20.0))):
        assert allowed_doses(spot("blister"), name, setting) == allowed_doses("", name, setting)
    assert judge_case(case(spot("blister"))).decision != "suitable"


def test_an_injury_bars_such_light_of_another_device() -> None:
    hurt = spot("blister", "fluence_J_cm2 = 9.0")
    other = BeamSetting(585.0, 0.45, 7.0)
    assert max(allowed_doses("", "pulsed-dye-585", other)) > 6.0
    assert allowed_doses(hurt, "pulsed-dye-585", other) == tuple(
        d for d in allowed_doses("", "pulsed-dye-585", other) if d <= 6.0
    )


def test_an_injury_by_a_short_pulse_bars_short_pulses_alone() -> None:
    """A nanosecond pulse injures at doses that are low for milliseconds."""
    hurt = spot("blister", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.5", device="qs-ndyag-532-1064")
    nanoseconds, long = BeamSetting(532.0, 5e-6, 4.0), BeamSetting(532.0, 10.0, 4.0)
    assert allowed_doses(hurt, "ktp-532", long) == allowed_doses("", "ktp-532", long)
    assert max(allowed_doses("", "qs-ndyag-532-1064", nanoseconds)) > 1.0
    assert max(allowed_doses(hurt, "qs-ndyag-532-1064", nanoseconds)) <= 1.0


@pytest.mark.parametrize("injuring", ["qs-ndyag-532-1064", "ps-ndyag-532-1064"])
def test_nanoseconds_and_picoseconds_say_nothing_of_each_others_doses(injuring: str) -> None:
    """Picoseconds injure at a fraction of the dose of nanoseconds: two thirds of one spare nothing in the other."""
    pulses_ms = {"qs-ndyag-532-1064": 5e-6, "ps-ndyag-532-1064": 3e-7}
    hurt = spot("blister", "wavelength_nm = 532.0\nfluence_J_cm2 = 1.5", device=injuring)
    for name, pulse_ms in pulses_ms.items():
        green, infrared = (BeamSetting(nm, pulse_ms, 4.0) for nm in (532.0, 1064.0))
        assert allowed_doses("", name, green)
        assert bool(allowed_doses(hurt, name, green)) is (name == injuring)
        assert allowed_doses(hurt, name, infrared) == allowed_doses("", name, infrared)


def test_a_bruise_bounds_its_own_pulse_and_shorter_ones_by_the_dose_that_left_none() -> None:
    bruised = spot("purpura", f"fluence_J_cm2 = 8.5\npulse_ms = {DYE.pulse_ms}")
    clean = spot("none", f"fluence_J_cm2 = 7.5\npulse_ms = {DYE.pulse_ms}")
    assert max(allowed_doses("")) > 8.5
    assert allowed_doses(bruised) == tuple(dose for dose in allowed_doses("") if dose < 8.5)
    assert allowed_doses(clean + bruised) == tuple(dose for dose in allowed_doses("") if dose <= 7.5)
    longer = DYE._replace(pulse_ms=2 * DYE.pulse_ms)
    assert allowed_doses(bruised, setting=longer) == allowed_doses("", setting=longer)
    assert rules_of(bruised) == {"earlier-bruise": "with-caution"}


@pytest.mark.parametrize(("modality", "is_told"), [(None, True), ("vascular", True), ("fractional-ablative", False)])
def test_a_bruise_is_told_of_the_light_that_left_it(modality: str | None, is_told: bool) -> None:
    """ "Tell the person to expect another bruise" stood as a caution of fractional CO2, which leaves none."""
    bruised = spot("purpura", f"fluence_J_cm2 = 8.5\npulse_ms = {DYE.pulse_ms}")
    assert ("earlier-bruise" in rules_of(bruised, modality)) is is_told


@pytest.mark.parametrize(("accepted_days", "bars"), [(3, True), (13, True), (14, False)])
def test_a_bruise_that_the_person_accepts_bars_no_dose(accepted_days: int, bars: bool) -> None:
    bruised = spot("purpura", f"fluence_J_cm2 = 8.5\npulse_ms = {DYE.pulse_ms}")
    answered = PERSON.replace("\nage_years", f"\ndowntime_days_accepted = {accepted_days}\nage_years")
    person = loaded(answered + concern("facial-telangiectasia", extra="") + bruised).case
    device = lasers.devices()["pulsed-dye-595"]
    assert bool(dose_bars(person, "pulsed-dye-595", device)) is bars
    (told,) = reaction_reasons(person, None)
    assert told.message.id == ("earlier.bruise" if bars else "earlier.bruise-accepted")
    assert dose_bars(case(spot("blister")), "pulsed-dye-595", device)  # an injury bars whatever a person accepts


@pytest.mark.parametrize("reaction", ["crust", "grey", "whitening"])
@pytest.mark.parametrize("done", [spot, session])
def test_no_dose_reaches_one_that_left_a_crust_or_white_skin_beside_a_vessel(reaction: str, done: Any) -> None:
    dose = 'device = "ndyag-1064"\nwavelength_nm = 1064.0\nfluence_J_cm2 = 40.0\n'
    told = done(reaction, dose) if done is session else spot(reaction, dose.partition("\n")[2], device="ndyag-1064")
    setting = BeamSetting(1064.0, 30.0, 10.0)
    every = allowed_doses("", "ndyag-1064", setting)
    assert max(every) > 40.0
    is_burn = done is session and reaction == "crust"  # of a whole session, beside vessels
    least = 40.0 * 2 / 3 if is_burn else 40.0 / 1.15  # a step of a ladder below
    assert allowed_doses(told, "ndyag-1064", setting) == tuple(one for one in every if one < least)
    assert rules_of(told) == {"earlier-injury" if is_burn else "earlier-sign": "with-caution"}
    unknown = done(reaction, "") if done is session else spot(reaction, "", device="ndyag-1064")
    assert allowed_doses(unknown, "ndyag-1064", setting) == every
    (reason,) = [one for one in reaction_reasons(case(unknown), None) if one.rule == "earlier-sign"]
    assert "No setting was changed" in reason.message.text


@pytest.mark.parametrize("text", ["blister", "Blisters on both cheeks", "small BURN", "scarring", "dark patches, PIH"])
def test_a_session_with_device_and_dose_acts_as_a_test_spot(text: str) -> None:
    done = session(text, 'device = "pulsed-dye-595"\nfluence_J_cm2 = 6.0')
    assert max(allowed_doses(done)) < 6.0
    assert ("earlier-scar" if text == "scarring" else "earlier-injury") in rules_of(done)


@pytest.mark.parametrize("more", ["", 'device = "pulsed-dye-595"', "fluence_J_cm2 = 6.0", 'device = ""'])
def test_a_session_without_device_or_dose_makes_its_lasers_wait_for_a_clinician(more: str) -> None:
    text = session("blister", more)
    assert rules_of(text, "vascular") == {"earlier-injury-undosed": "refer"}
    own = case(text)
    assert judge_suitability(own, concern=own.concern[0], modality="vascular").decision == "refer"
    assert judge_suitability(own, concern=own.concern[0], modality="fractional-ablative").decision == "with-caution"


def test_an_unknown_device_bars_every_laser_that_it_may_have_been() -> None:
    text = spot("blister", device="Lightmaster 3000")
    for modality in laser_modalities():
        assert rules_of(text, modality) == {"earlier-injury-undosed": "refer"}
    assert judge_case(case(text)).decision == "refer"
    assert rules_of(spot("none", device="Lightmaster 3000")) == {}


def test_herpes_alone_shows_no_dose_to_be_clean() -> None:
    bruised = spot("purpura", "fluence_J_cm2 = 8.0")
    herpes, clean = (spot(reaction, "fluence_J_cm2 = 7.5") for reaction in ("herpes-labialis", "none"))
    assert allowed_doses(bruised + herpes) == allowed_doses(bruised) != allowed_doses(bruised + clean)


@pytest.mark.parametrize(
    "more", ["", 'device = "fractional-co2-10600"', 'device = "our old laser"\nfluence_J_cm2 = 7.0']
)
def test_long_redness_of_an_unknown_dose_is_told_and_bars_none(more: str) -> None:
    done = session("redness for 3 months", more, "wrinkles")
    (told,) = (reason for reason in reaction_reasons(case(done), None) if reason.rule == "earlier-sign")
    assert told.message.id == "earlier.long-redness-undosed"
    assert "Begin only when it has gone" in told.message.text
    (ended,) = reaction_reasons(case(done.replace("3 months", "3 months, gone")), None)
    assert "Begin only when it has gone" not in ended.message.text
    setting = BeamSetting(595.0, 10.0, 7.0)
    assert allowed_doses(done, "pulsed-dye-595", setting) == allowed_doses("", "pulsed-dye-595", setting)


def test_long_redness_after_less_than_a_device_can_give_leaves_none_of_its_doses() -> None:
    """It bounded nothing: 10 mJ followed the redness of 8 mJ, which is below what the laser can be set to."""
    laser = lasers.devices()["fractional-1565"]
    assert laser.dose[0] > 8.0
    done = session("redness for 8 weeks", 'device = "fractional-1565"\nenergy_mJ = 8.0', "acne-scars")
    (told,) = (reason for reason in reaction_reasons(case(done), None) if reason.rule == "earlier-sign")
    assert told.message.id == "earlier.long-redness"
    (bar,) = dose_bars(case(done), "fractional-1565", laser)
    assert bar.dose is not None
    assert 8.0 < bar.dose <= laser.dose[0]


def test_columns_that_left_long_redness_are_neither_deeper_nor_denser_and_wait_until_it_has_gone() -> None:
    """Six weeks of redness in type IV were "not understood", and the next session had a fifth more columns."""
    person = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "ita_deg = 25.0")
    scars = person + concern("acne-scars") + devices("fractional-1550")
    columns = 'device = "fractional-1550"\nenergy_mJ = 30.0\ndensity_per_cm2 = 200.0\nresponse_pct = 15'
    usual, after = document(scars), document(scars + session("redness for 6 weeks", columns, "acne-scars"))
    ((before,), (option,)) = laser_options(usual), laser_options(after)
    for quantity, given in (("energy_mJ", 30.0), ("density_per_cm2", 200.0)):
        assert option["settings"]["microbeam"][quantity] <= given < before["settings"]["microbeam"][quantity]
    assert "not understood" not in str(after)
    told = {reason["message"]["id"] for reason in option["reasons"] if reason["rule"] == "earlier-sign"}
    assert told == {"earlier.long-redness", "earlier.columns-redness"}
    assert "course.after-redness" in {step["id"] for step in after["course"][0]["steps"]}


UNREAD = ("felt odd for a week", "urticaria", "old scar softer", "redness for weeks")


@pytest.mark.parametrize("text", UNREAD)
@pytest.mark.parametrize(
    ("device", "light", "setting", "dose"),
    [
        ("ndyag-1064", "wavelength_nm = 1064.0", BeamSetting(1064.0, 30.0, 3.0), 180.0),
        ("pulsed-dye-595", "", DYE, 6.0),
        ("qs-ndyag-532-1064", "wavelength_nm = 532.0", BeamSetting(532.0, 1e-5, 3.0), 1.5),
    ],
)
def test_no_dose_is_above_one_that_left_something_that_nobody_understood(
    text: str, device: str, light: str, setting: BeamSetting, dose: float
) -> None:
    """After "atrophic groove" at 180 J/cm2, not yet a known word, 210 J/cm2 was planned on the same nose."""
    given = f"{light}\nfluence_J_cm2 = {dose}"
    free = allowed_doses("", device, setting)
    assert max(free) > dose
    done = session(text, f'device = "{device}"\n{given}')
    assert allowed_doses(done, device, setting) == tuple(one for one in free if one <= dose)
    (told,) = (reason for reason in reaction_reasons(case(done), None) if reason.rule == "earlier-unread")
    assert told.message.id == "earlier.unread-dose"
    assert f"{dose:g} J/cm²" in told.message.text
    for more in (f'device = "{device}"', given):  # without a dose, or a device, there is none to stay at
        undosed = session(text, more)
        assert allowed_doses(undosed, device, setting) == free
        (told,) = (reason for reason in reaction_reasons(case(undosed), None) if reason.rule == "earlier-unread")
        assert told.message.id == "earlier.unread"


def test_what_nobody_understood_bounds_such_light_of_other_devices() -> None:
    done = session("felt odd", 'device = "pulsed-dye-595"\nfluence_J_cm2 = 6.0')
    other = BeamSetting(585.0, 0.45, 7.0)
    free = allowed_doses("", "pulsed-dye-585", other)
    assert max(free) > 6.0
    assert allowed_doses(done, "pulsed-dye-585", other) == tuple(dose for dose in free if dose <= 6.0)
    short = session("felt odd", 'device = "qs-ndyag-532-1064"\nwavelength_nm = 532.0\nfluence_J_cm2 = 1.0')
    picoseconds = BeamSetting(532.0, 3e-7, 4.0)
    assert allowed_doses(short, "ps-ndyag-532-1064", picoseconds) == allowed_doses("", "ps-ndyag-532-1064", picoseconds)


@pytest.mark.parametrize("more", ["fluence_J_cm2 = 900.0", "energy_mJ = 300.0"])
def test_a_dose_that_the_device_cannot_emit_bars_every_dose(more: str) -> None:
    assert allowed_doses(spot("burn", more)) == ()
    (told,) = reaction_reasons(case(spot("burn", more)), None)
    assert "no dose of it is planned" in told.message.text


@pytest.mark.parametrize("name", ["Pulsed_Dye_595", "pulseddye595", "PULSED-DYE-595"])
def test_a_device_is_known_however_its_name_is_spaced(name: str) -> None:
    assert max(allowed_doses(spot("blister", device=name))) < 6.0


def test_what_no_device_was_named_for_is_not_said_to_be_of_a_laser() -> None:
    unnamed = case('\n[[session]]\nweek = 0\ntreats = "age-spots"\nadverse = ["blister after freezing"]\n')
    for modality in (None, *laser_modalities()):
        for reason in reaction_reasons(unnamed, modality):
            assert "a laser that was not named" not in reason.message.text
            assert "A blister after a treatment whose device was not named" in reason.message.text


@pytest.mark.parametrize("reaction", ["whitening", "crust"])
def test_a_spot_that_showed_what_is_aimed_at_bounds_the_dose(reaction: str) -> None:
    """A crust at 1.5 J/cm² is the endpoint of a brown spot; more only darkens the skin around."""
    name = "qs-ndyag-532-1064"
    reached = spot(reaction, "wavelength_nm = 532.0\nfluence_J_cm2 = 1.5", device=name, hours=96)
    green, infrared = (BeamSetting(nm, 1e-5, 3.0) for nm in (532.0, 1064.0))
    assert max(allowed_doses("", name, green)) > 1.5
    assert 1.2 <= max(allowed_doses(reached, name, green)) <= 1.5  # a step of the machine
    assert allowed_doses(reached, name, infrared) == allowed_doses("", name, infrared)
    assert rules_of(reached) == {"earlier-endpoint": "with-caution"}


def test_a_sign_by_nanoseconds_bars_no_picoseconds_and_an_injury_bars_all() -> None:
    name = "ps-ndyag-532-1064"
    device = lasers.devices()[name]
    sign, injury = (
        spot(kind, "wavelength_nm = 1064.0\nfluence_J_cm2 = 6.0\n", device="qs-ndyag-532-1064")
        for kind in ("grey", "blister")
    )
    assert dose_bars(case(sign), name, device) == ()
    assert {bar.dose for bar in dose_bars(case(injury), name, device)} == {None}


@pytest.mark.parametrize("hours", [24, 72])
@pytest.mark.parametrize("colour", ["pigment-change", "dark-mark", "pale-mark"])
def test_a_colour_that_changed_at_a_young_spot_bars_its_dose(colour: str, hours: float) -> None:
    """7.5 J/cm² followed a mark at 7, of which the plan said that its dose was not known."""
    left = spot(colour, "fluence_J_cm2 = 7.0\npulse_ms = 10.0\nspot_mm = 10.0\nwavelength_nm = 595.0", hours=hours)
    assert max(allowed_doses(left)) < 7.0
    (reason,) = (one for one in reaction_reasons(case(left), None) if one.rule == "earlier-sign")
    assert reason.message.id == "earlier.sign"
