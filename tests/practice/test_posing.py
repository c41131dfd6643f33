"""How published doses are posed: what is printed is used, what is not is mixed, what cannot be posed says why."""

from dataclasses import replace

import numpy as np
import pytest

from skinbeam.practice.doses import PLACES, over_computed
from skinbeam.practice.posing import poses, seen, unposed
from skinbeam.practice.row import Harm, PracticeRow
from skinbeam.practice.rows import practice_rows
from skinbeam.shipped import shipped_table


def row(name: str) -> PracticeRow:
    return next(row for row in practice_rows() if row.row == name)


ALEXANDRITE = row("candela2013/2")  # 755 nm, 3 ms, 12 mm, 26 to 36 J/cm², spray, types I and II


def test_what_is_printed_is_posed_as_printed() -> None:
    (way,) = poses(ALEXANDRITE)
    assert (way.beam.wavelength_nm, way.beam.pulse_ms, way.beam.spot_mm) == (755.0, 3.0, 12.0)
    assert (way.cooling.kind, way.cooling.before_ms, way.cooling.delay_ms) == ("spray", 45.0, 35.0)
    assert way.skin.phototype == "I-II"
    # Of what is recommended the middle of the range: the root of 26 times 36.
    assert way.fluence_J_cm2 == pytest.approx(((26 * 36) ** 0.5,) * 2)


def test_what_is_not_printed_is_each_of_the_usual_settings() -> None:
    usual = next(entry for entry in shipped_table("data/practice.toml")["unprinted"] if entry["from_nm"] == 650.0)
    ways = poses(replace(ALEXANDRITE, pulse_ms=None, spot_mm=None, cooling="", cooling_detail=""))
    assert {way.beam.pulse_ms for way in ways} == set(usual["pulse_ms"])
    assert {way.beam.spot_mm for way in ways} == set(usual["spot_mm"])
    assert {way.cooling.kind for way in ways} == set(usual["cooling"])
    # Some cooling that nobody describes is not none.
    told = poses(replace(ALEXANDRITE, cooling="", cooling_detail="cooled, how is not stated"))
    assert "none" not in {way.cooling.kind for way in told}


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
        ({"kind": "used"}, "burns-not-counted"),
    ],
)
def test_what_cannot_be_posed_says_why(change: dict[str, object], reason: str) -> None:
    assert unposed(ALEXANDRITE) is None
    assert unposed(replace(ALEXANDRITE, **change)) == reason  # type: ignore[arg-type]


def test_no_harm_at_all_counts_as_nobody_burnt_and_some_harm_does_not() -> None:
    none = Harm("any", 0, 20, "patients", from_per_cent=False, days=None, days_are="")
    told = seen(replace(ALEXANDRITE, kind="tolerated", harm=none))
    assert told is not None
    assert (told.kind, told.events, told.of) == ("counted", 0, 20)
    assert seen(replace(ALEXANDRITE, kind="tolerated", harm=replace(none, events=3))) is None


def test_twice_the_dose_lies_twice_as_far_above_and_a_range_by_skin_is_narrower() -> None:
    once, twice = (over_computed(replace(ALEXANDRITE, fluence_J_cm2=(dose, dose))) for dose in (15.0, 30.0))
    np.testing.assert_allclose(twice - once, np.log(2.0), rtol=1e-9)
    assert once.shape == PLACES.shape
    # Who stands more gets more: the same mean dose spread over the people brings them closer to each other.
    spread = over_computed(replace(ALEXANDRITE, kind="tolerated", fluence_J_cm2=(7.5, 30.0)))
    assert np.ptp(spread) < np.ptp(once)


def test_darker_skin_is_given_more_of_what_burns_it() -> None:
    light, dark = (over_computed(replace(ALEXANDRITE, phototype=name)) for name in ("II", "VI"))
    assert (dark > light).all()
