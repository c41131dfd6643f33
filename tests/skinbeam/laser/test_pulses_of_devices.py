"""A pulse of an earlier session or test spot that the named device cannot have fired is refused, whatever names it."""

from pathlib import Path

import pytest
from consultations import PERSON, loaded

from skinbeam.laser.device import Device, devices
from skinbeam.laser.earlier_pulses import can_be_pulse_of
from skinbeam.model.errors import InputError
from skinbeam.plan.case_check import check_consultation

CONCERN = '\n[[concern]]\ncondition = "age-spots"\nsite = "cheeks"\n'
SHORT = "qs-ndyag-532-1064"


def earlier(table: str, device: str, pulse_ms: str) -> str:
    rest = {
        "session": 'week = 0\ntreats = "age-spots"\n',
        "test_spot": 'site = "cheeks"\nread_after_h = 24\nreaction = "none"\n',
    }
    return f'\n[[{table}]]\n{rest[table]}device = "{device}"\npulse_ms = {pulse_ms}\n'


@pytest.mark.parametrize("table", ["session", "test_spot"])
@pytest.mark.parametrize("name", [SHORT, "QS Nd:YAG 532/1064", devices()[SHORT].title])
def test_milliseconds_of_a_nanosecond_laser_are_refused(table: str, name: str, tmp_path: Path) -> None:
    case = loaded(PERSON + CONCERN + earlier(table, SHORT, "1e-5") + earlier(table, name, "10"), tmp_path)
    with pytest.raises(InputError, match="cannot have fired a pulse of 10 ms") as refused:
        check_consultation(case)
    assert refused.value.field == f"{table}[1].pulse_ms"
    assert "5 to 20 ns" in refused.value.hint


@pytest.mark.parametrize("table", ["session", "test_spot"])
def test_light_that_a_laser_does_not_emit_is_refused(table: str, tmp_path: Path) -> None:
    """40 J/cm² of "1064 nm" from a dye laser was taken for 595 nm, which would burn at a quarter of it."""
    dye = earlier(table, "pulsed-dye-595", "10")
    with pytest.raises(InputError, match="does not emit light of 1064 nm") as refused:
        check_consultation(loaded(PERSON + CONCERN + dye + "wavelength_nm = 1064\n", tmp_path))
    assert refused.value.field == f"{table}[0].wavelength_nm"
    assert "595 nm" in refused.value.hint


@pytest.mark.parametrize(("device", "wavelength_nm"), [("pulsed-dye-595", 585), ("ipl", 645), ("ndyag-1064", 1060)])
def test_light_of_a_like_machine_and_any_filter_of_a_lamp_are_taken(
    device: str, wavelength_nm: int, tmp_path: Path
) -> None:
    done = earlier("session", device, "10") + f"wavelength_nm = {wavelength_nm}\n"
    check_consultation(loaded(PERSON + CONCERN + done, tmp_path))


def test_a_machine_that_nobody_knows_may_have_fired_anything(tmp_path: Path) -> None:
    for device in ("Laser of another clinic", "pulsed-dye-595"):
        check_consultation(loaded(PERSON + CONCERN + earlier("session", device, "10"), tmp_path))


def test_records_are_taken_as_they_are(tmp_path: Path) -> None:
    """What was fired is in the records whatever it was, and a plan has to be made of it."""
    case = loaded(PERSON + CONCERN + earlier("session", SHORT, "10"), tmp_path)
    assert check_consultation(case, with_records=True).loaded.case.session[0].pulse_ms == 10.0


@pytest.mark.parametrize("device", devices().values(), ids=str)
def test_every_device_may_have_fired_what_it_fires_and_no_slip_of_the_unit(device: Device) -> None:
    shortest, longest = device.pulse_ms
    assert can_be_pulse_of(device, shortest)
    assert can_be_pulse_of(device, longest)
    assert not can_be_pulse_of(device, shortest / 1000)
    assert not can_be_pulse_of(device, longest * 1000)
