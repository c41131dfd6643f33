"""How what was fired differs from the plan, and which of it is likelier to hurt."""

from dataclasses import replace

import pytest
from treatment_samples import ORDERED

from skinbeam_clinic.pulse_settings import OrderedSettings, PulseSettings
from skinbeam_clinic.treatments.models import TreatmentOrder, find_deviations
from skinbeam_clinic.treatments.views import _count_words

COLUMNS = replace(
    ORDERED,
    settings=OrderedSettings(wavelength_nm=1550.0, energy_mJ=20.0, density_per_cm2=120.0, pulse_ms=1.0, passes=2.0),
    allowed=PulseSettings(energy_mJ=15.0),
    emitted=PulseSettings(energy_mJ=70.0),
)


@pytest.mark.parametrize(
    ("ordered", "name", "value", "hotter"),
    [
        (ORDERED, "fluence_J_cm2", 9.0, True),
        (ORDERED, "fluence_J_cm2", 6.0, False),
        (ORDERED, "pulse_ms", 3.0, True),
        (ORDERED, "pulse_ms", 10.0, False),
        (ORDERED, "spot_mm", 10.0, True),
        (ORDERED, "spot_mm", 5.0, False),
        (ORDERED, "wavelength_nm", 585.0, True),
        (ORDERED, "wavelength_nm", 605.0, True),
        (COLUMNS, "density_per_cm2", 240.0, True),
        (COLUMNS, "passes", 3.0, True),
        (COLUMNS, "passes", 1.0, False),
    ],
)
def test_more_heat_is_distinguished_from_less(ordered: TreatmentOrder, name: str, value: float, hotter: bool) -> None:
    held = replace(ordered.settings, energy_mJ=15.0) if ordered is COLUMNS else ordered.settings
    found = find_deviations(ordered, replace(held, **{name: value}))[-1]
    assert (found.name, found.hotter, found.most) == (name, hotter, None)


def test_what_a_display_rounds_is_no_deviation() -> None:
    assert find_deviations(ORDERED, replace(ORDERED.settings, fluence_J_cm2=7.6, pulse_ms=5.9)) == ()


def test_a_setting_that_was_not_stated_is_no_deviation() -> None:
    assert find_deviations(ORDERED, OrderedSettings(fluence_J_cm2=7.5)) == ()


@pytest.mark.parametrize(("value", "most"), [(16.0, 15.0), (80.0, 15.0), (15.0, None)])
def test_the_most_that_a_rule_allows_is_stated_even_below_the_plan(value: float, most: float | None) -> None:
    found = {one.name: one for one in find_deviations(COLUMNS, OrderedSettings(energy_mJ=value))}
    assert found["energy_mJ"].most == most
    assert found["energy_mJ"].hotter == (most is not None)


def test_more_than_the_device_emits_is_reported() -> None:
    (found,) = find_deviations(ORDERED, OrderedSettings(fluence_J_cm2=75.0))
    assert (found.hotter, found.most) == (True, 40.0)


def test_one_pulse_and_one_pass_are_in_the_singular() -> None:
    told = [_count_words(name, count) for name in ("passes", "pulses") for count in (1, 2)]
    assert told == ["1 pass", "2 passes", "1 pulse", "2 pulses"]
