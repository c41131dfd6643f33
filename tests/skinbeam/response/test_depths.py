"""What is severe is treated deeper than what is mild: with ablated fields and with columns, as far as limits allow."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from consultations import loaded

from skinbeam.assessment.skin_draws import assess_colour
from skinbeam.laser.device import devices
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.response import full_field
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.fractional import search_microbeams
from skinbeam.response.full_field import search_full_field
from skinbeam.response.goals import treatment_goal
from skinbeam.response.response_table import ABOVE_DEEPER_DERMIS, ResponseTable
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import SkinBank
from skinbeam.simulate.pulse.locations import epidermis_bottom_m, layer_bottom_m
from skinbeam.suitability.bounds import NO_BOUNDS, RuleBound, RuleBounds

CASE = loaded(
    '[patient]\nage_years = 60\nphototype = "II"\n[[concern]]\ncondition = "wrinkles"\nsite = "cheeks"\n'
).case
GRADES = ("mild", "moderate", "severe")


@cache
def bank() -> SkinBank:
    return SkinBank(CASE, assess_colour(CASE, None), 100, 0)


def field(severity: str | None) -> CandidateSetting:
    goal, device = treatment_goal("perioral-lines", "ablative", severity), devices()["co2-10600"]
    skins = bank().skins("perioral", goal)
    machine = SearchMachine(device.name, device)
    found = search_full_field(ResponseTable(machine, goal, skins), BeamSetting(10600.0, 0.1, 2.25))
    assert found is not None
    return found


def injury(trial: CandidateSetting) -> float:
    (verdict,) = trial.verdicts
    return float(verdict.value.median)


def test_a_severe_line_is_injured_deeper_than_a_mild_one_and_no_limit_breaks() -> None:
    mild, moderate, severe = (field(severity) for severity in GRADES)
    assert injury(mild) < injury(moderate) < injury(severe)
    assert all(trial.keeps_limits and trial.p_effective >= 0.9 for trial in (mild, moderate, severe))
    assert injury(field(None)) == injury(moderate)
    assert injury(mild) <= injury(field("mild-moderate")) <= injury(moderate)


@pytest.mark.parametrize(
    ("shares", "passes"),
    [
        ([(0.7, 0.3), (0.75, 0.35), (0.78, 0.39), (0.79, 0.39)], 1),  # each a little more than the one before
        ([(0.85, 0.85), (0.92, 0.91), (0.92, 0.91), (0.92, 0.91)], 2),  # all that is aimed at
        ([(0.7, 0.3), (0.85, 0.3), (0.9, 0.35), (0.93, 0.38)], 2),
        ([(0.7, 0.2), (0.7, 0.35), (0.7, 0.46), (0.7, 0.49)], 3),
        ([(0.7, 0.3), (0.65, 0.6), (0.6, 0.6), (0.6, 0.6)], 1),  # deeper in some, but too weak in more
        ([(0.8, 0.0), (0.98, 0.09), (0.98, 0.1), (0.98, 0.1)], 2),  # beyond what is wanted, and clearly more
    ],
)
def test_a_further_pass_is_planned_only_where_it_reaches_clearly_more_skins(
    monkeypatch: pytest.MonkeyPatch, shares: list[tuple[float, float]], passes: int
) -> None:
    """Each costs time and pain, and its heat adds to that of the one before."""

    def choose(*_: object, passes: int) -> SimpleNamespace:
        effective, deep = shares[passes - 1]
        return SimpleNamespace(p_effective=effective, deep_share=deep, passes=passes, dose=7.0)

    monkeypatch.setattr(full_field, "_choose_dose", choose)
    goal, device = treatment_goal("perioral-lines", "ablative", "severe"), devices()["co2-10600"]
    table = ResponseTable(SearchMachine(device.name, device), goal, bank().skins("perioral", goal))
    found = search_full_field(table, BeamSetting(10600.0, 0.1, 2.25))
    assert found is not None
    assert found.passes == passes


@pytest.mark.parametrize("age", [50, 58, 66])
def test_passes_over_severe_lip_lines_are_two_of_the_usual_dose_at_any_age(age: int) -> None:
    """More passes of half the dose would reach as deep, and would heat more than they remove."""
    goal, device = treatment_goal("perioral-lines", "ablative", "severe"), devices()["co2-10600"]
    assert CASE.patient is not None
    aged = CASE.model_copy(update={"patient": CASE.patient.model_copy(update={"age_years": age})})
    skins = SkinBank(aged, assess_colour(aged, None), 100, 0).skins("perioral", goal)
    table = ResponseTable(SearchMachine(device.name, device), goal, skins)
    found = search_full_field(table, BeamSetting(10600.0, 1.0, 3.0))
    assert found is not None
    assert found.passes == 2
    assert found.dose >= 5.0


def test_columns_go_deeper_for_what_is_more_severe() -> None:
    goals = [treatment_goal("acne-scars", "non-ablative-fractional", severity) for severity in GRADES]
    device = devices()["fractional-1550"]
    machine, setting = SearchMachine(device.name, device), BeamSetting(1550.0, 5.0, 0.14)
    skins = bank().skins("cheeks", goals[0])
    energies = machine.doses(setting)
    found = [search_microbeams(machine, setting, goal, skins, energies=energies) for goal in goals]
    doses = [trial.dose for trial in found if trial is not None]
    assert len(doses) == 3
    assert doses[0] < doses[1] <= doses[2]


def test_what_counts_as_reached_lies_no_deeper_than_the_middle_of_the_zone() -> None:
    fat = bank().skins("cheeks", treatment_goal("acne-scars", "fractional-ablative")).target["thickness_m"].sum(axis=1)
    for severity in GRADES:
        goal = treatment_goal("acne-scars", "fractional-ablative", severity)
        counts, aimed = goal.column_depths_m(fat)
        assert (counts <= aimed).all()
        assert (counts <= (goal.zone_m[0] + goal.zone_m[1]) / 2).all()


def test_where_a_rule_holds_the_energy_columns_aim_no_deeper_than_for_what_is_mild() -> None:
    held = RuleBounds((RuleBound("energy_mJ", "yuan2014deepfx", "", maximum=20.0, diameter_um=120.0),))
    aims = [treatment_goal("acne-scars", "fractional-ablative", severity, held).aim_fraction for severity in GRADES]
    assert aims == [treatment_goal("acne-scars", "fractional-ablative", "mild").aim_fraction] * 3


@pytest.mark.parametrize("severity", GRADES)
def test_what_counts_as_reached_is_the_same_where_a_rule_holds_the_energy(severity: str) -> None:
    """A probability of the same columns means the same in every colour of skin."""
    held = RuleBounds((RuleBound("energy_mJ", "yuan2014deepfx", "", maximum=20.0, diameter_um=120.0),))
    fat = bank().skins("cheeks", treatment_goal("acne-scars", "fractional-ablative")).target["thickness_m"].sum(axis=1)
    free, bound = (treatment_goal("acne-scars", "fractional-ablative", severity, one) for one in (NO_BOUNDS, held))
    assert np.array_equal(free.column_depths_m(fat)[0], bound.column_depths_m(fat)[0])


@pytest.mark.parametrize("condition", ["skin-texture", "wrinkles", "perioral-lines", "acne-scars", "laxity"])
def test_a_field_is_aimed_between_the_epidermis_and_the_deeper_dermis(condition: str) -> None:
    skins = bank().skins("cheeks", treatment_goal(condition, "ablative")).target
    epidermis, most = epidermis_bottom_m(skins), layer_bottom_m(skins, ABOVE_DEEPER_DERMIS)
    for severity in GRADES:
        aimed = treatment_goal(condition, "ablative", severity).field_depth_m(epidermis, most)
        assert (aimed >= epidermis).all()
        assert (aimed <= most).all()
