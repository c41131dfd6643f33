"""Scales that are offered are those of the condition, as the trials behind the expectation used them."""

import pytest

from skinbeam.evidence.studies.scales import GradingScale, grading_scales, scales_for_condition
from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.model.sources import find_source
from skinbeam.model.vocabulary import vocabulary_table


@pytest.mark.parametrize("scale", grading_scales(), ids=lambda one: one.name)
def test_a_scale_has_a_range_a_source_and_trials_of_its_conditions(scale: GradingScale) -> None:
    assert scale.low < scale.high
    assert find_source(scale.source).key == scale.source
    assert set(scale.conditions) <= set(vocabulary_table("condition"))
    judged = {arm.study for arm in trial_arms() if arm.study in scale.studies and arm.condition in scale.conditions}
    assert judged == set(scale.studies)


def test_what_the_trials_behind_the_expectation_used_comes_first() -> None:
    assert [one.name for one in scales_for_condition("melasma", ["rizwan2019"])] == ["mmasi", "masi"]
    assert [one.name for one in scales_for_condition("melasma", ["jang2011", "yue2016", "rizwan2019"])] == [
        "masi",
        "mmasi",
    ]
    assert scales_for_condition("dull-complexion", []) == ()


@pytest.mark.parametrize(
    ("name", "good", "bad"), [("vancouver-scar", (0, 13), (-1, 13.5, 4.5)), ("masi", (12.4,), (48.1,))]
)
def test_scores_out_of_range_are_none(name: str, good: tuple[float, ...], bad: tuple[float, ...]) -> None:
    (scale,) = (one for one in grading_scales() if one.name == name)
    assert all(map(scale.has_score, good))
    assert not any(map(scale.has_score, bad))
