"""A row that was added to the table after the fit: no effect of the fit moves to another name, and its own are new."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from research.evidence_fit.data import table_data
from skinbeam.evidence.expectation.expect import mean_pain
from skinbeam.evidence.studies import outcomes
from skinbeam.evidence.studies.trial_arm import Arm, EventCount
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.evidence.synthesis import counts, design
from skinbeam.evidence.synthesis.counts import CountQuestion, draw_share, effect_columns
from skinbeam.evidence.synthesis.design import Features, design_layout
from skinbeam.evidence.synthesis.new_clinic import draw_new_clinics
from skinbeam.evidence.synthesis.posterior import fitted_columns
from skinbeam.model.estimate import Estimate

CACHES = (
    design.fitted_arms,
    design_layout,
    outcomes.outcome_counts,
    outcomes.pain_modalities,
    counts._table_questions,
    counts._effect_places,
    effect_columns,
)
TRIED = {(arm.condition, arm.modality) for arm in trial_arms()}
CONDITION = "acne-scars"
NEW = next(
    arm.modality for arm in trial_arms() if (CONDITION, arm.modality) not in TRIED and arm.modality != "no-treatment"
)


def newer_arm() -> Arm:
    """Of a treatment that no fitted arm gives for its condition, first in the table, so that it comes before all."""
    first = trial_arms()[0]
    return replace(
        first,
        row="newer/1",
        condition=CONDITION,
        modality=NEW,
        sites=("hands",),
        pih=EventCount(3, 20),
        pain_0_10=(2.0, 4.0),
    )


@pytest.fixture
def longer_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Arm]:
    arm = newer_arm()
    arms = (arm, *trial_arms())

    def clear() -> None:
        for cached in CACHES:
            cached.cache_clear()  # type: ignore[attr-defined]

    with monkeypatch.context() as patch:
        patch.setattr(design, "trial_arms", lambda: arms)
        patch.setattr(outcomes, "trial_arms", lambda: arms)
        clear()
        yield arm
    clear()


def fitted_results() -> list[np.ndarray]:
    asked = [arm for arm in trial_arms() if arm.is_fitted][::40]
    improved = [draw_new_clinics([[(Features.from_arm(arm), 1.0)]])[0].share_above(50.0) for arm in asked]
    rows = [row for row in outcomes.outcome_counts() if row.arm.row != "newer/1"][::40]
    return improved + [draw_share(CountQuestion.from_count(row)) for row in rows]


BEFORE = fitted_results()


def test_no_effect_of_the_fit_is_read_under_another_name(longer_table: Arm) -> None:
    assert design_layout().columns != fitted_columns().beta, "the arm of this test needs a column that no other has"
    for now, before in zip(fitted_results(), BEFORE, strict=True):
        np.testing.assert_array_equal(now, before)


def test_effects_that_the_fit_does_not_know_are_drawn_anew(longer_table: Arm) -> None:
    (clinics,) = draw_new_clinics([[(Features.from_arm(longer_table), 1.0)]])
    assert np.isfinite(clinics.share_above(50.0)).all()
    (row,) = (row for row in outcomes.outcome_counts() if row.arm.row == "newer/1" and row.outcome == "pih")
    shares = draw_share(CountQuestion.from_count(row))
    assert np.all((shares > 0.0) & (shares < 1.0))


def test_the_names_of_the_columns_are_those_of_the_draws() -> None:
    """And of the table, as long as nothing was added to it."""
    assert fitted_columns().beta == design_layout().columns, "run `make derived`"
    assert fitted_columns().effects == effect_columns(), "run `make derived`"
    assert fitted_columns().pain_modality == outcomes.pain_modalities(), "run `make derived`"
    assert table_data().x.shape[1] == len(fitted_columns().beta)


def test_pain_of_a_treatment_that_the_fit_does_not_know_is_that_of_any_treatment() -> None:
    known = counts.pain_points("vascular")
    new = counts.pain_points("face-yoga")
    assert new.std() > known.std()
    assert isinstance(mean_pain("vascular"), Estimate)
