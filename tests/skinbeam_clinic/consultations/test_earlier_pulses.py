"""Pulses of earlier sessions are typed in the unit of their laser, and are pulses that it can fire."""

import re

import pytest
from app_samples import LEAST, PAGE
from starlette.testclient import TestClient

from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError
from skinbeam_clinic.consultations.earlier_pulses import check_earlier_pulses, pulse_field_views
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.pulse_fields import PULSE_UNITS
from skinbeam_clinic.typed_numbers import write_number

SHORT = "qs-ndyag-532-1064"
ROW = {"device": SHORT, "treats": "age-spots", "pulse_ms": "10", "week": "0"}


def test_the_unit_and_the_range_are_those_of_the_device() -> None:
    values = {"session.0.device": SHORT, "session.0.pulse_ms": "0.00001", "session.1.pulse_ms": "10"}
    views = pulse_field_views(values, ("session.0.", "session.1."), CATALOGUE)
    short, unknown = views.values()
    assert (short.key, short.label, short.value) == ("pulse_ns", "Pulse (ns)", "10")
    assert short.range == "This device fires 5 to 20 ns."
    assert (unknown.key, unknown.label, unknown.value, unknown.range) == ("pulse_ms", "Pulse (ms)", "10", "")


@pytest.mark.parametrize("name", devices())
def test_every_pulse_that_a_device_fires_is_read_back_from_its_field(name: str) -> None:
    for pulse_ms in devices()[name].pulse_ms:
        values = {"session.0.device": name, "session.0.pulse_ms": write_number(pulse_ms)}
        (view,) = pulse_field_views(values, ("session.0.",), CATALOGUE).values()
        sent = make_submission([("session.0.device", name), (f"session.0.{view.key}", view.value)])
        assert sent.tables["session"][0]["pulse_ms"] == pytest.approx(pulse_ms, rel=1e-9)
        check_earlier_pulses(sent, CATALOGUE)
        assert view.value == f"{pulse_ms / PULSE_UNITS[view.key][1]:.6g}", "no zeros to count"


@pytest.mark.parametrize(("field", "text"), [("pulse_ms", "10"), ("pulse_ns", "10 ms"), ("pulse_ns", "0.01")])
def test_a_pulse_that_its_laser_cannot_fire_is_refused(field: str, text: str) -> None:
    sent = make_submission([("test_spot.1.device", SHORT), (f"test_spot.1.{field}", text)])
    with pytest.raises(InputError, match="cannot fire a pulse of") as refused:
        check_earlier_pulses(sent, CATALOGUE)
    assert refused.value.field == "test_spot.1.pulse_ms"
    assert "5 to 20 ns" in refused.value.hint


def test_light_that_its_laser_does_not_emit_is_refused_in_the_form_too() -> None:
    sent = make_submission([("session.0.device", SHORT), ("session.0.wavelength_nm", "755")])
    with pytest.raises(InputError, match="does not emit light of 755 nm") as refused:
        check_earlier_pulses(sent, CATALOGUE)
    assert refused.value.field == "session.0.wavelength_nm"
    assert "532, 1064 nm" in refused.value.hint
    check_earlier_pulses(make_submission([("session.0.device", SHORT), ("session.0.wavelength_nm", "1060")]), CATALOGUE)


def test_a_form_with_such_a_pulse_comes_back_with_the_range(client: TestClient) -> None:
    row = {
        "session.0.device": SHORT,
        "session.0.treats": "age-spots",
        "session.0.pulse_ms": "10",
        "session.0.week": "0",
    }
    answer = client.post("/consult", data=LEAST | row, headers=PAGE)
    assert answer.status_code == 422
    assert "cannot fire a pulse of 10 ms" in answer.text
    assert re.search(r'name="session.0.pulse_ns" [^>]*value="10000000"', answer.text)
