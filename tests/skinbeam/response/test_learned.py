"""What earlier pulses on a person's skin teach: tolerated doses and injuries move the risk and the dose of a plan."""

import pytest
from consultations import PERSON, concern, devices, document, laser_options, loaded

from skinbeam.assessment.reactions import earlier_reactions
from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.model.units import J_CM2
from skinbeam.response.candidate import burn_doses
from skinbeam.response.goals import treatment_goal
from skinbeam.response.settings import built_in_cooling
from skinbeam.response.skin_bank import SkinBank, read_earlier_pulses
from skinbeam.simulate.pulse.damage_dose import cell_death_dose
from skinbeam.simulate.pulse.locations import basal_layer_response
from skinbeam.simulate.skins.ensemble import weighted_share

DARK = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "ita_deg = 15.0")
VEINS = concern("facial-telangiectasia", extra="")
DYE = devices("pulsed-dye-595")


def spot(
    reaction: str, dose: float = 7.0, *, hours: float = 72.0, more: str = "pulse_ms = 10.0\nspot_mm = 10.0"
) -> str:
    return (
        f'\n[[test_spot]]\ndevice = "pulsed-dye-595"\nsite = "cheeks"\nfluence_J_cm2 = {dose}\n'
        f'read_after_h = {hours}\nreaction = "{reaction}"\n{more}\n'
    )


def told(text: str) -> list[tuple[str, str]]:
    """Code and sentence of each notice about earlier pulses of a plan that tries no device."""
    stopped = text + devices("pulsed-dye-595")
    pulses, untold = read_earlier_pulses(loaded(stopped).case, ())
    return [("pulse", "burnt" if one.is_burn else "clean") for one in pulses] + [
        ("untold", one.reason.id) for one in untold
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (spot("none"), ("pulse", "clean")),
        (spot("redness"), ("pulse", "clean")),
        (spot("purpura"), ("pulse", "clean")),
        (spot("blister"), ("pulse", "burnt")),
        (spot("crust"), ("pulse", "burnt")),  # clinics count blisters and crusts as burns
        (spot("blister", hours=1.0), ("pulse", "burnt")),  # an injury is never seen too early
        (spot("none", hours=1.0), ("untold", "learned.too-early")),
        (spot("whitening"), ("untold", "learned.no-sign")),  # of long pulses a sign, and neither burnt nor spared
        (spot("pigment-change", hours=1000.0), ("untold", "learned.no-sign")),  # dark marks come without a blister
        (spot("none", more=""), ("untold", "learned.incomplete")),
        (spot("none", 400.0), ("untold", "learned.not-emitted")),
        (spot("none").replace("pulsed-dye-595", "Lightmaster"), ("untold", "learned.unknown-device")),
        (spot("none").replace("pulsed-dye-595", "co2-10600"), ("untold", "learned.not-calibrated")),
    ],
)
def test_each_reaction_is_read_as_what_it_tells_of_a_burn(text: str, read: tuple[str, str]) -> None:
    assert told(PERSON + VEINS + text) == [read]


def session(adverse: str, dose: float = 7.0) -> str:
    return (
        '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "pulsed-dye-595"\n'
        f"fluence_J_cm2 = {dose}\npulse_ms = 10.0\nspot_mm = 10.0\nadverse = [{adverse}]\n"
    )


def test_a_session_tells_as_a_spot_does_once_somebody_said_what_came_of_it() -> None:
    assert told(PERSON + VEINS + session('"redness for 2 days"')) == [("pulse", "clean")]
    assert told(PERSON + VEINS + session('"redness", "a blister"')) == [("pulse", "burnt")]  # once, by the worst
    assert told(PERSON + VEINS + session("")) == []


def harm(text: str) -> float:
    """The probability that 7 J/cm² burns the cheek."""
    case = loaded(DARK + VEINS + DYE + text).case
    bank = SkinBank(case, assess_colour(case, None), 20, 0)
    skins = bank.skins("cheeks", treatment_goal("facial-telangiectasia", "vascular"))

    (pulse,), _ = read_earlier_pulses(loaded(DARK + VEINS + DYE + spot("none")).case, ())
    around = skins.respond(pulse.beam, built_in_cooling(pulse.machine.device)[0], limiting=True)
    burns = burn_doses(
        pulse.beam, cell_death_dose(around, basal_layer_response(around)) / J_CM2, skins.calibration_for(pulse.beam)
    )
    return weighted_share(burns.p(7.0), skins.weights[1])[0]


def test_a_borne_dose_lowers_the_risk_and_an_injury_raises_it() -> None:
    """Where 1 of 100 are burnt, a clean spot says little.

    Three quarters of the error's variance are shared with it, and a quarter of fields do not share it at all.
    """
    before = harm("")
    assert harm(spot("redness")) < 0.9 * before
    assert harm(spot("redness", 10.0)) < 0.6 * before
    assert harm(spot("redness", hours=24.0)) < before
    assert harm(spot("blister")) > 3.0 * before
    assert harm(spot("blister", 5.0)) > 3.0 * before


def test_a_clean_session_lowers_the_risk_of_its_field_more_than_a_spot_and_not_to_nothing() -> None:
    """It is the field. Of a field elsewhere, or of one of two, it tells as much as a spot."""
    before, after_spot, after_session = harm(""), harm(spot("none", 10.0)), harm(session('"none"', 10.0))
    assert 0.0 < after_session < 0.9 * after_spot < before
    elsewhere = concern("redness", "nose")
    assert harm(elsewhere + session('"none"', 10.0)) == pytest.approx(harm(elsewhere + spot("none", 10.0)))


LAMP = devices("ipl")


def lamp_session(size_mm: float, *, pulse_ms: float = 10.0, fluence: float = 14.0) -> str:
    return (
        '\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\ndevice = "ipl"\nwavelength_nm = 560.0\n'
        f'fluence_J_cm2 = {fluence}\npulse_ms = {pulse_ms}\nspot_mm = {size_mm}\nadverse = ["none"]\n'
    )


@pytest.mark.parametrize(
    ("written_mm", "window_mm"),
    [(15.0, (15.0, 35.0)), (35.0, (15.0, 35.0)), (25.9, (15.0, 35.0)), (26.0, (15.0, 35.0)), (8.0, (8.0, 15.0))],
)
def test_a_lamp_is_read_by_the_side_of_its_window_or_by_its_disc(
    written_mm: float, window_mm: tuple[float, float]
) -> None:
    """Clinicians write 15 for the head of 15 by 35 mm, whose disc of equal area no one knows to be 25.9 mm."""
    (pulse,), untold = read_earlier_pulses(loaded(PERSON + VEINS + LAMP + lamp_session(written_mm)).case, ())
    assert untold == ()
    assert pulse.beam.footprint_mm == window_mm


def test_an_energy_through_the_window_of_a_lamp_is_spread_over_all_of_it() -> None:
    """9,600 mJ over 8 by 15 mm are 8 J/cm2; over a disc of 8 mm they would be 19."""
    by_energy = lamp_session(8.0).replace("fluence_J_cm2 = 14.0", "energy_mJ = 9600.0")
    (one,) = earlier_reactions(loaded(PERSON + VEINS + LAMP + by_energy).case)
    assert one.fluence_J_cm2 == pytest.approx(8.0, rel=0.01)  # the disc is rounded


@pytest.mark.parametrize(
    ("text", "key", "read", "offered"),
    [
        (lamp_session(5.0), "spot_mm", "5 mm", "15 by 35 mm"),
        (lamp_session(15.0, pulse_ms=200.0), "pulse_ms", "200 ms", "2 to 50 ms"),
        (lamp_session(15.0, fluence=60.0), "fluence_J_cm2", "60 J/cm²", "4 to 45 J/cm² in steps of 0.5"),
        (lamp_session(8.0, fluence=14.2), "fluence_J_cm2", "14.2 J/cm²", "4 to 70 J/cm² in steps of 0.5"),
        (spot("none", more="pulse_ms = 10.0\nspot_mm = 11.0"), "spot_mm", "11 mm", "5, 7, 10, 12, 15 mm"),
    ],
)
def test_a_pulse_that_cannot_be_emitted_names_its_key_and_what_would_be_right(
    text: str, key: str, read: str, offered: str
) -> None:
    _, (untold,) = read_earlier_pulses(loaded(PERSON + VEINS + LAMP + text).case, ())
    for part in (key, read, offered):
        assert part in untold.reason.text


def test_a_plan_tells_what_a_spot_changed_and_what_it_could_not() -> None:
    made = document(DARK + VEINS + DYE + spot("none", 9.0) + spot("none", hours=1.0))
    codes = [warning["code"] for warning in made["warnings"]]
    assert codes == ["learned", "not-learned"]
    assert made["warnings"][1]["message"].startswith("Test spot 2: ")


def test_a_borne_dose_lowers_the_harm_of_the_plan() -> None:
    (before,) = laser_options(document(DARK + VEINS + DYE))
    (after,) = laser_options(document(DARK + VEINS + DYE + spot("none", 9.0)))
    effects, harms = ([option[name]["median"] for option in (before, after)] for name in ("p_effective", "p_harm"))
    assert harms[1] < harms[0] or effects[1] > effects[0]  # another pulse may be chosen, so doses alone say nothing
