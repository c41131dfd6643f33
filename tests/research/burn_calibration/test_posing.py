"""How published doses are posed: what is printed is used, what is not is mixed, what cannot be posed says why."""

from dataclasses import replace

import numpy as np
import pytest

from research.burn_calibration.scenarios import (
    burn_observation,
    dose_scenarios,
    exclusion_reason,
    log_dose_ratios,
    undosed_count_family,
)
from skinbeam.model.package_data import load_package_table
from skinbeam.published_doses.rows import HarmRecord, PracticeRow, practice_rows


def row(name: str) -> PracticeRow:
    return next(row for row in practice_rows() if row.row == name)


ALEXANDRITE = row("candela2013/2")  # 755 nm, 3 ms, 12 mm, 26 to 36 J/cm², spray, types I and II


def test_what_is_printed_is_posed_as_printed() -> None:
    (way,) = dose_scenarios(ALEXANDRITE)
    assert (way.beam.wavelength_nm, way.beam.pulse_ms, way.beam.spot_mm) == (755.0, 3.0, 12.0)
    assert (way.cooling.kind, way.cooling.before_ms, way.cooling.delay_ms) == ("spray", 45.0, 35.0)
    assert way.skin.phototype == "I-II"
    # Of what is recommended the middle of the range: the root of 26 times 36.
    assert way.fluence_J_cm2 == pytest.approx(((26 * 36) ** 0.5,) * 2)


def test_what_is_not_printed_is_each_of_the_usual_settings() -> None:
    usual = next(entry for entry in load_package_table("data/practice.toml")["unprinted"] if entry["from_nm"] == 650.0)
    ways = dose_scenarios(replace(ALEXANDRITE, pulse_ms=None, spot_mm=None, cooling="", cooling_detail=""))
    assert {way.beam.pulse_ms for way in ways} == set(usual["pulse_ms"])
    assert {way.beam.spot_mm for way in ways} == set(usual["spot_mm"])
    assert {way.cooling.kind for way in ways} == set(usual["cooling"])
    # Some cooling that nobody describes is not none.
    scenarios = dose_scenarios(replace(ALEXANDRITE, cooling="", cooling_detail="cooled, how is not stated"))
    assert "none" not in {way.cooling.kind for way in scenarios}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fluence_J_cm2": None}, "no-fluence"),
        ({"wavelength_nm": None}, "no-wavelength"),
        ({"wavelength_nm": 10_600.0}, "other-light"),
        ({"pulse_ms": (1e-5, 1e-5)}, "short-pulses"),
        ({"pulse_ms": None, "device": "Q-switched alexandrite"}, "short-pulses"),
        ({"condition": "age-spots"}, "pigment-is-the-target"),
        ({"condition": "warts"}, "growth-is-the-target"),
        ({"condition": "venous-lake"}, "lip"),
        ({"microbeam_mJ": (10.0, 10.0)}, "microbeams"),
        ({"kind": "adverse"}, "burns-not-counted"),
        ({"row": "alromi2018/1"}, "given-otherwise"),
    ],
)
def test_what_cannot_be_posed_says_why(change: dict[str, object], reason: str) -> None:
    assert exclusion_reason(ALEXANDRITE) is None
    assert exclusion_reason(replace(ALEXANDRITE, **change)) == reason  # type: ignore[arg-type]


def test_no_harm_at_all_counts_as_nobody_burnt_and_some_harm_does_not() -> None:
    none = HarmRecord("any", 0, 20, "patients", from_per_cent=False, days=None, days_statistic="")
    observation = burn_observation(replace(ALEXANDRITE, kind="tolerated", harm=none))
    assert observation is not None
    assert (observation.kind, observation.events, observation.total) == ("counted", 0, 20)
    some = burn_observation(replace(ALEXANDRITE, kind="tolerated", harm=replace(none, events=3)))
    assert some is not None
    assert some.kind == "used"  # some adverse events are no count of burns; the dose still tells what clinics give


def test_twice_the_dose_lies_twice_as_far_above_and_a_range_by_skin_is_narrower() -> None:
    (once,), (twice,) = (log_dose_ratios(replace(ALEXANDRITE, fluence_J_cm2=(dose, dose))) for dose in (15.0, 30.0))
    assert twice.mean - once.mean == pytest.approx(np.log(2.0))
    assert twice.spread == pytest.approx(once.spread)
    # Who stands more gets more: the same mean dose spread over the people brings them closer to each other.
    (ranged,) = log_dose_ratios(replace(ALEXANDRITE, kind="tolerated", fluence_J_cm2=(7.5, 30.0)))
    assert ranged.spread < once.spread


def test_darker_skin_is_given_more_of_what_burns_it() -> None:
    (light,), (dark,) = (log_dose_ratios(replace(ALEXANDRITE, phototype=name)) for name in ("II", "VI"))
    assert dark.mean > light.mean


def test_burns_counted_without_a_dose_are_a_rate_of_their_light_and_no_posed_row() -> None:
    none = HarmRecord("blister", 3, 200, "patients", from_per_cent=False, days=None, days_statistic="")
    undosed = replace(ALEXANDRITE, kind="tolerated", fluence_J_cm2=None, mean_fluence_J_cm2=None, harm=none)
    assert exclusion_reason(undosed) == "no-fluence"
    assert undosed_count_family(undosed) == "red"
    assert undosed_count_family(replace(undosed, wavelength_nm=None, device="pulsed dye laser")) == "yellow"
    assert undosed_count_family(replace(undosed, wavelength_nm=None, device="intense pulsed light")) == "lamp"
    assert undosed_count_family(replace(undosed, wavelength_nm=None, device="two lasers")) is None
    assert undosed_count_family(replace(undosed, condition="warts")) is None
    assert undosed_count_family(replace(undosed, harm=None)) is None
    assert undosed_count_family(replace(ALEXANDRITE, kind="tolerated", harm=none)) is None  # its dose is printed


@pytest.mark.parametrize(
    ("unit", "treatments", "sessions", "expected"),
    [
        ("treatments", None, (3.0, 3.0), 1.0),
        ("patients", None, (3.0, 5.0), 4.0),
        ("patients", 600, (3.0, 5.0), 3.0),
        ("patients", None, None, 1.0),
    ],
)
def test_people_could_be_burnt_in_each_of_their_sessions(
    unit: str, treatments: int | None, sessions: tuple[float, float] | None, expected: float
) -> None:
    harm = HarmRecord("blister", 3, 200, unit, from_per_cent=False, days=None, days_statistic="")
    row = replace(ALEXANDRITE, kind="tolerated", harm=harm, patients=200, treatments=treatments, sessions=sessions)
    found = burn_observation(row)
    assert found is not None
    assert found.sessions == expected
