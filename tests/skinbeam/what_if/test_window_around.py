"""The window around the setting of a plan, of every kind of light: what is drawn is what the search allowed."""

from functools import cache
from itertools import pairwise

import pytest
from consultations import PERSON, PLAN_DRAWS, concern, devices, loaded

from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.plan import Option
from skinbeam.response.candidate import CandidateSetting
from skinbeam.what_if.window import PlanWindow, compute_window

KINDS = {
    "heating": ("facial-telangiectasia", "pulsed-dye-595"),
    "short pulse": ("age-spots", "qs-ndyag-532-1064"),
    "crater": ("wrinkles", "er-yag-2940"),
    "columns": ("perioral-lines", "fractional-co2-10600"),
}
each = pytest.mark.parametrize("kind", KINDS)


@cache
def drawn(kind: str) -> tuple[PlanWindow, CandidateSetting, Option]:
    condition, device = KINDS[kind]
    site = "perioral" if condition == "perioral-lines" else "cheeks"
    made = make_plan(loaded(PERSON + concern(condition, site) + devices(device)), draws=PLAN_DRAWS)
    (part,) = made.concerns
    assert part.trial is not None
    assert part.goal is not None
    found = part.record.first_laser
    assert found is not None
    return compute_window(part.trial, part.goal, part.bank.skins(site, part.goal), 2), part.trial, found[0]


def place(window: PlanWindow, trial: CandidateSetting) -> tuple[int, int]:
    return window.rows.index(trial.density_per_cm2 or trial.setting.pulse_ms), window.dose.index(trial.dose)


@each
def test_the_setting_of_a_plan_lies_inside_what_is_allowed(kind: str) -> None:
    window, trial, _ = drawn(kind)
    row, dose = place(window, trial)
    # A limit that a published setting breaks is a warning, so that the setting may lie beyond it.
    is_tolerated = any(one.status == "warn" and one.share < one.limit.share_required for one in trial.verdicts)
    assert is_tolerated or window.limit_use[row][dose] <= 1.0


@each
def test_a_window_says_of_the_setting_what_the_plan_says(kind: str) -> None:
    window, trial, option = drawn(kind)
    row, dose = place(window, trial)
    for drawn_p, planned in (
        (window.p_effect[row][dose], option.p_effective),
        (window.p_harm[row][dose], option.p_harm),
    ):
        assert drawn_p == pytest.approx(planned.median, abs=1e-5)  # type: ignore[union-attr]  # of a laser both are known


@each
def test_more_dose_reaches_more_and_spends_more(kind: str) -> None:
    """But for heat that a crater leaves: just above its threshold there is more of it than at a greater dose."""
    window, _, _ = drawn(kind)
    if kind == "crater":
        # Below a twentieth are the few skins that are reached by heat alone.
        reached = [[p for p in row if p > 0.05] for row in window.p_effect]
        assert all(row and row == sorted(row) for row in reached)
        return
    for rows in (window.p_effect, window.p_harm, window.limit_use):
        assert all(list(row) == sorted(row) for row in rows)


def test_burns_of_other_pulses_are_anchored_as_those_of_the_planned_pulse() -> None:
    """A longer pulse burns no more skins, so that a row without the anchor would stand out beside its neighbours."""
    person = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0\n", "")
    case = loaded(person + concern("facial-telangiectasia") + devices("ndyag-1064"))
    (part,) = make_plan(case, draws=PLAN_DRAWS).concerns
    assert part.trial is not None
    assert part.goal is not None
    assert part.trial.thresholds is not None
    assert part.trial.thresholds.burn_scale > 1.5, "the model computes more burns of this light than clinics count"
    window = compute_window(part.trial, part.goal, part.bank.skins("cheeks", part.goal), 4)
    for shorter, longer in pairwise(window.p_harm):
        assert all(more >= less for more, less in zip(shorter, longer, strict=True))


def test_denser_columns_spend_more_and_reach_no_deeper() -> None:
    window, _, _ = drawn("columns")
    assert window.row_quantity == "density_per_cm2"
    for sparse, dense in pairwise(window.limit_use):
        assert all(less <= more for less, more in zip(sparse, dense, strict=True))
    assert len(set(window.p_effect)) == 1


@each
def test_what_is_not_allowed_names_its_limit(kind: str) -> None:
    window, _, _ = drawn(kind)
    assert bool(window.broken_quantities) is any(spent > 1.0 for row in window.limit_use for spent in row)
