"""What a setting of heated columns that is asked about promises in other beams than those that sources used."""

from collections.abc import Callable

import pytest
from consultations import PERSON, concern, devices, loaded

from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import assess_person
from skinbeam.what_if.asked_setting import AskedSetting, judge_asked_setting

DRAWS = 42  # the least with which a plan is made


@pytest.fixture(scope="module", name="ask")
def asker() -> Callable[..., AskedSetting]:
    """Judge columns on wrinkles, 100 on a cm²."""
    checked = check_consultation(loaded(PERSON + concern("wrinkles") + devices("fractional-1540", "fractional-1550")))
    someone = assess_person(checked, DRAWS, 0)

    def ask(device: str, **quantities: float) -> AskedSetting:
        asked = {"density_per_cm2": 100.0, **quantities}
        return judge_asked_setting(someone, checked.loaded, asked, device_name=device)

    return ask


@pytest.mark.parametrize(
    ("energy_mJ", "spot_mm", "place"), [(8.0, 0.06, "inside"), (16.0, 0.14, "inside"), (30.0, 0.14, "above")]
)
def test_an_energy_is_held_against_those_that_go_as_deep_in_its_beam(
    ask: Callable[..., AskedSetting], energy_mJ: float, spot_mm: float, place: str
) -> None:
    """7 to 9 mJ are printed of beams of 60 um: 16 mJ in 140 um, which go as deep, were above what anybody prints."""
    found = ask("fractional-1550", energy_mJ=energy_mJ, spot_mm=spot_mm)
    assert found.place == place
    assert ("above-published" in dict(found.obstacles)) == (place == "above")


def test_the_planned_energy_stays_beside_those_of_its_own_beam(ask: Callable[..., AskedSetting]) -> None:
    """8 mJ in 60 um, as deep as 16 in 140, were below what is printed as soon as the wider beam was asked about."""
    wide = ask("fractional-1550", energy_mJ=16.0, spot_mm=0.14)
    assert wide.place_of(8.0, 0.06) == "inside"
    assert wide.place_of(8.0) == "below"
    printed = wide.printed_at(0.06)
    assert printed is not None
    assert printed.low < 8.0 < printed.high


def test_without_an_energy_the_one_that_goes_as_deep_is_taken(ask: Callable[..., AskedSetting]) -> None:
    narrow, wide = (ask("fractional-1550", spot_mm=spot_mm).trial.dose for spot_mm in (0.06, 0.14))
    assert wide > 1.5 * narrow


def test_a_moved_energy_keeps_the_limits_of_depth(ask: Callable[..., AskedSetting]) -> None:
    """38 mJ in 150 um broke the limit on columns in fat for a plan, and for whoever asked got a warning."""
    verdicts = {
        energy_mJ: next(
            verdict.status
            for verdict in ask("fractional-1540", energy_mJ=energy_mJ).trial.verdicts
            if verdict.limit.id == "microlesion-depth"
        )
        for energy_mJ in (30.0, 38.0)
    }
    assert verdicts[30.0] != "not_met"
    assert verdicts[38.0] == "not_met"
