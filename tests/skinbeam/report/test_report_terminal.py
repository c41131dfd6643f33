"""What `consult` prints: the answer on one line for each concern, and nothing that decides left out."""

import copy
import re
from typing import Any

import pytest
from plan_reading import read_plan
from report_samples import sample_plan

from skinbeam.report.formatting import people_of_100
from skinbeam.report.terminal import align_columns, plan_summary


def lines_of(plan: dict[str, Any]) -> list[str]:
    return plan_summary(read_plan(plan)).splitlines()


def test_a_concern_is_one_line_with_option_light_dose_and_share() -> None:
    plan = read_plan(sample_plan())
    printed = plan_summary(plan).splitlines()
    for concern in plan.concerns:
        (line,) = [line for line in printed if line[:1] in "✓–" and concern.title in line]
        first = concern.options[0]
        if first.setup is None:
            assert first.title in line
            continue
        assert first.setup.light in line
        dose = first.setup.settings.fluence_J_cm2
        assert dose is None or f"{dose:g} J/cm²" in line
        half = first.expected.p_at_least["50"]
        assert not hasattr(half, "median") or (
            f"{people_of_100(half.median)} of 100 better by half ({people_of_100(half.low)}–{people_of_100(half.high)})"
            in line
        )


def test_the_answer_is_short_and_its_columns_begin_below_each_other() -> None:
    plan = read_plan(sample_plan())
    printed = plan_summary(plan).splitlines()
    rows = [line for line in printed if line[:1] in "✓–" and line.strip()]
    assert len(rows) == len(plan.concerns)
    starts = [[found.end() for found in re.finditer(r" {3,}(?=\S)", line)] for line in rows]
    assert all(start == starts[0] for start in starts)
    assert len(printed) <= 8 + 4 * len(plan.concerns)


def test_no_cell_is_cut() -> None:
    long = "x" * 300
    assert align_columns([(long, "a"), ("b", long)]) == [f"{long}   a", f"b{' ' * 302}{long}"]


@pytest.mark.parametrize("decision", ["with-caution", "refer"])
def test_a_caution_is_shown_by_its_first_sentence_and_a_reason_that_decides_whole(decision: str) -> None:
    plan = copy.deepcopy(sample_plan())
    first, second = plan["suitability"]["reasons"][:2]
    plan["suitability"] = {
        "decision": decision,
        "reasons": [
            first | {"text": "Not within 1.5 mm of the lid. Then wait."},
            second | {"text": "See a doctor. Soon.", "decision": decision},
        ],
    }
    message = {"id": "why.x", "params": {}, "text": "A mark was not named. A doctor looks at it first."}
    plan["why"] = [{"rule": second["rule"], "because": [], "text": message}]
    printed = lines_of(plan)
    assert "  - Not within 1.5 mm of the lid." in printed
    whole = "  for the person: A mark was not named. A doctor looks at it first."
    assert (whole in printed) == (decision == "refer")
    assert ("  - See a doctor." in printed) == (decision != "refer")
