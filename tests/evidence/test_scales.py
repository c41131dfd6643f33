"""Scales that are offered are those of the condition, as the trials behind the expectation used them."""

import pytest

from skinbeam.evidence.studies.scales import Scale, scales, scales_for
from skinbeam.evidence.studies.shipped import arms
from skinbeam.schema.names import table
from skinbeam.sources import cite


@pytest.mark.parametrize("scale", scales(), ids=lambda one: one.name)
def test_a_scale_has_a_range_a_source_and_trials_of_its_conditions(scale: Scale) -> None:
    assert scale.low < scale.high
    assert cite(scale.source).key == scale.source
    assert set(scale.conditions) <= set(table("condition"))
    judged = {arm.study for arm in arms() if arm.study in scale.used_by and arm.condition in scale.conditions}
    assert judged == set(scale.used_by)


def test_what_the_trials_behind_the_expectation_used_comes_first() -> None:
    assert [one.name for one in scales_for("melasma", ["rizwan2019"])] == ["mmasi", "masi"]
    assert [one.name for one in scales_for("melasma", ["jang2011", "yue2016", "rizwan2019"])] == ["masi", "mmasi"]
    assert scales_for("dull-complexion", []) == ()


@pytest.mark.parametrize(
    ("name", "good", "bad"), [("vancouver-scar", (0, 13), (-1, 13.5, 4.5)), ("masi", (12.4,), (48.1,))]
)
def test_scores_out_of_range_are_none(name: str, good: tuple[float, ...], bad: tuple[float, ...]) -> None:
    (scale,) = (one for one in scales() if one.name == name)
    assert all(map(scale.holds, good))
    assert not any(map(scale.holds, bad))
