"""Cooling of the skin: what a case or a device says, what stands in for the rest, what is refused."""

from typing import Any

import pytest

from skinbeam.laser.cooling import cooling_values, resolve_cooling
from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError
from skinbeam.model.exposure import Cooling
from skinbeam.model.input_files import parse_record
from skinbeam.model.sources import bibliography


def cooling(**values: Any) -> Cooling:
    return parse_record(Cooling, values, file="case.toml")


def test_the_cooling_of_the_interface_passes() -> None:
    given_ = cooling(kind="spray", cryogen="R134a", before_ms=30.0, delay_ms=20.0)
    for device in (None, devices()["pulsed-dye-595"]):
        plan = resolve_cooling(given_, device)
        spray = cooling_values()["R134a"]
        assert (plan.temperature, plan.coefficient) == (spray["temperature_C"], spray["coefficient_W_m2K"])
        assert (plan.before_ms, plan.delay_ms, plan.during, plan.after_ms) == (30.0, 20.0, False, 0.0)


def test_no_cooling_is_the_room() -> None:
    plan = resolve_cooling(None, devices()["pulsed-dye-595"])
    assert plan == resolve_cooling(cooling(kind="none"))
    assert plan.kind == "none"
    assert (plan.temperature_C, plan.coefficient_W_m2K) == (plan.air_temperature_C, plan.air_coefficient_W_m2K)
    assert 5.0 <= plan.coefficient_W_m2K <= 10.0


def test_what_is_given_wins_and_has_no_spread() -> None:
    plan = resolve_cooling(cooling(kind="contact", temperature_C=4.0, coefficient_W_m2K=900.0, during=True))
    assert (plan.temperature_C, plan.coefficient_W_m2K, plan.during) == (4.0, 900.0, True)
    assert (plan.temperature.distribution, plan.coefficient.distribution) == ("fixed", "fixed")
    part = resolve_cooling(cooling(kind="contact", temperature_C=4.0))
    assert part.temperature.distribution == "fixed"
    assert part.coefficient == cooling_values()["contact"]["coefficient_W_m2K"]


def test_a_plate_lies_within_what_it_can_be_set_to() -> None:
    device = devices()["ktp-532"]
    plate = next(head.temperature_C for head in device.cooling if head.kind == "contact")
    assert plate is not None
    found = resolve_cooling(cooling(kind="contact"), device).temperature
    least, most = plate.ends
    assert least <= found.low <= found.value <= found.high <= most


def test_stronger_media_cool_more() -> None:
    """Heat flux from skin at 33 °C in the order that everyone measures: still air, cold air, sapphire, spray."""
    room = resolve_cooling(None)
    flux = [room.air_coefficient_W_m2K * (33.0 - room.air_temperature_C)]
    flux += [
        medium["coefficient_W_m2K"].value * (33.0 - medium["temperature_C"].value)
        for medium in (cooling_values()[name] for name in ("air", "contact", "R134a"))
    ]
    assert flux == sorted(flux)
    assert all(value.source in bibliography() for medium in cooling_values().values() for value in medium.values())


def test_no_spray_claims_what_was_measured_on_metal() -> None:
    """15 to 35 kW/m²K was measured on a copper rod in a steady spray and would overstate the safe dose."""
    media = [medium for medium in cooling_values().values() if "coefficient_W_m2K" in medium]
    assert len(media) >= 4
    assert all(medium["coefficient_W_m2K"].high < 15_000 for medium in media)


def test_a_film_at_rest_is_no_colder_than_the_spray() -> None:
    """It boils, while the liquid under the spray lies below its boiling point."""
    plan = resolve_cooling(cooling(kind="spray", cryogen="R134a", before_ms=30.0))
    assert plan.film is not None
    assert plan.film.temperature_C == pytest.approx(plan.temperature.high, abs=0.2)
    assert plan.temperature.low < plan.temperature_C < plan.film.temperature_C


def test_a_spray_that_is_described_needs_no_cryogen() -> None:
    plan = resolve_cooling(cooling(kind="spray", temperature_C=-30.0, coefficient_W_m2K=3000.0, before_ms=20.0))
    assert (plan.temperature_C, plan.coefficient_W_m2K) == (-30.0, 3000.0)


@pytest.mark.parametrize(
    ("values", "device", "field"),
    [
        ({"kind": "none", "before_ms": 30.0}, None, "cooling.before_ms"),
        ({"kind": "none", "during": True}, None, "cooling.during"),
        ({"kind": "contact", "cryogen": "R134a"}, None, "cooling.cryogen"),
        ({"kind": "contact", "during": True}, "pulsed-dye-595", "cooling.kind"),
        ({"kind": "spray", "cryogen": "R134a"}, "qs-ruby-694", "cooling.kind"),
        ({"kind": "spray", "cryogen": "R404A"}, "pulsed-dye-595", "cooling.cryogen"),
        ({"kind": "spray", "cryogen": "R134a", "before_ms": 500.0}, "pulsed-dye-595", "cooling.before_ms"),
        ({"kind": "spray", "cryogen": "R134a", "during": True}, "pulsed-dye-595", "cooling.during"),
        ({"kind": "contact", "temperature_C": -10.0}, "ktp-532", "cooling.temperature_C"),
        ({"kind": "contact", "delay_ms": 50.0}, "ktp-532", "cooling.delay_ms"),
    ],
)
def test_cooling_that_cannot_be_is_refused(values: dict[str, Any], device: str | None, field: str) -> None:
    with pytest.raises(InputError) as caught:
        resolve_cooling(cooling(**values), devices()[device] if device else None)
    assert caught.value.field == field
    assert caught.value.hint


def test_an_air_cooler_stands_beside_any_device() -> None:
    plan = resolve_cooling(cooling(kind="air", during=True), devices()["qs-ruby-694"])
    assert plan.coefficient_W_m2K == cooling_values()["air"]["coefficient_W_m2K"].value
