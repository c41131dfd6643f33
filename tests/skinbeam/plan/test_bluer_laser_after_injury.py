"""After an injury by one laser: how much of another, of which melanin absorbs more or less."""

import pytest
from consultations import PERSON, concern, devices, document, laser_options

DYE = 'device = "pulsed-dye-595"\nfluence_J_cm2 = 8.0\npulse_ms = 6.0\nspot_mm = 7.0\n'
ND_YAG = 'device = "ndyag-1064"\nfluence_J_cm2 = 150.0\npulse_ms = 20.0\nspot_mm = 3.0\n'
KTP = 'device = "ktp-532"\nfluence_J_cm2 = 15.0\npulse_ms = 10.0\nspot_mm = 5.0\n'


def _fluence(device: str, *sessions: str) -> float:
    veins = concern("facial-telangiectasia", "cheeks", extra="")
    (option,) = laser_options(document(PERSON + veins + "".join(sessions) + devices(device)))
    return float(option["settings"]["fluence_J_cm2"])


def _session(pulse: str, weeks_ago: float, adverse: str) -> str:
    return (
        f'[[session]]\nweek = {30 - weeks_ago}\nweeks_ago = {weeks_ago}\ntreats = "facial-telangiectasia"\n'
        f'site = "cheeks"\n{pulse}adverse = ["{adverse}"]\n'
    )


@pytest.mark.parametrize(("hurt", "device", "share"), [(DYE, "ktp-532", 2 / 3), (ND_YAG, "pulsed-dye-595", 0.95)])
def test_a_laser_that_melanin_absorbs_more_begins_lower_after_a_blister(hurt: str, device: str, share: float) -> None:
    """After a blister under a dye laser a KTP laser was planned at its usual dose."""
    assert _fluence(device, _session(hurt, 8.0, "blister")) <= share * _fluence(device) + 1e-9


def test_a_laser_that_melanin_absorbs_less_keeps_its_dose() -> None:
    assert _fluence("ndyag-1064", _session(DYE, 8.0, "blister")) == _fluence("ndyag-1064")


def test_a_dose_that_this_skin_bore_since_is_given_again() -> None:
    helped = _session(KTP, 8.0, "none").replace("adverse", "response_pct = 60.0\nadverse")
    assert _fluence("ktp-532", _session(DYE, 16.0, "blister"), helped) == 15.0
