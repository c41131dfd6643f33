"""A later dose that the skin bore lifts the bar of an injury up to it."""

import pytest
from earlier_samples import DYE, allowed_doses, case, session

from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.suitability.history import reaction_reasons


def blistered_and(*later: str, injury: str = "blister", dose: float = 9.0) -> str:
    made = 'device = "pulsed-dye-595"\nwavelength_nm = 595.0\nspot_mm = 10.0\n'
    first = session(injury, f"{made}pulse_ms = 10.0\nfluence_J_cm2 = {dose}")
    return first + "".join(session(*one.split("|")).replace("week = 4", "week = 9") for one in later)


def borne(fluence: float, *, adverse: str = "none", more: str = "pulse_ms = 10.0", week: str = "9") -> str:
    device = 'device = "pulsed-dye-595"\nwavelength_nm = 595.0\nspot_mm = 10.0'
    return f"{adverse}|{device}\nfluence_J_cm2 = {fluence}\n{more}".replace("week = 9", f"week = {week}")


def test_a_later_dose_that_this_skin_bore_lifts_the_bar_of_an_injury_up_to_it() -> None:
    """After a blister at 9 J/cm2 and two clean sessions, at 6 and 7, the plan went back to 6."""
    free = allowed_doses("")
    assert allowed_doses(blistered_and()) == tuple(dose for dose in free if dose <= 6.0)
    lifted = blistered_and(borne(6.5), borne(7.0, adverse="mild redness for 2 days"))
    assert allowed_doses(lifted) == tuple(dose for dose in free if dose <= 7.0)
    shorter, longer = DYE._replace(pulse_ms=6.0), DYE._replace(pulse_ms=20.0)
    assert max(allowed_doses(lifted, setting=shorter)) <= 6.0  # a shorter pulse was not borne
    assert max(allowed_doses(lifted, setting=longer)) == 7.0
    told = [one.message.text for one in reaction_reasons(case(lifted), None) if one.rule == "earlier-injury"]
    assert len(told) == 2
    assert "9 J/cm²" in told[0]
    assert "7 J/cm²" in told[1]
    dye = BeamSetting(585.0, 0.45, 7.0)
    assert allowed_doses(lifted, "pulsed-dye-585", dye) == allowed_doses(blistered_and(), "pulsed-dye-585", dye)


@pytest.mark.parametrize(
    "later",
    [
        borne(5.0),  # below two thirds
        borne(9.0),  # the very dose that injured
        borne(7.0, adverse="blister"),
        borne(7.0, adverse="felt odd"),
        borne(7.0, more=""),  # in a pulse of which nobody said how long it was
        borne(7.0, more="pulse_ms = 40.0"),
        borne(7.0).replace("595", "585"),
    ],
)
def test_what_was_not_borne_since_lifts_no_bar(later: str) -> None:
    assert max(allowed_doses(blistered_and(later))) <= 6.0


def test_an_earlier_dose_and_one_on_other_skin_lift_no_bar() -> None:
    before = blistered_and(borne(7.0)).replace("week = 9", "week = 2")
    other = blistered_and(borne(7.0)).replace(
        'week = 9\ntreats = "facial-telangiectasia', 'week = 9\ntreats = "redness'
    )
    for text in (before, other):
        assert max(allowed_doses(text)) <= 6.0


@pytest.mark.parametrize("injury", ["scar", "pale mark", "pigment change"])
def test_no_later_dose_takes_back_a_scar_or_a_loss_of_colour(injury: str) -> None:
    assert max(allowed_doses(blistered_and(borne(7.0), injury=injury))) <= 6.0
