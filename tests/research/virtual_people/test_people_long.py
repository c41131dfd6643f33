"""Plans for virtual people whose skins the planner does not know; `make validate` makes them anew and prints tables."""

from typing import Any

import numpy as np
import pytest

from research.virtual_people.outcomes import simulate_outcomes
from research.virtual_people.people import SITE, design
from research.virtual_people.summary import summary
from research.virtual_people.tables import TABLES, result_table
from skinbeam.response.limits import NORMAL_QUANTILE_95, find_limits

pytestmark = pytest.mark.long

Groups = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def groups() -> Groups:
    found = summary(simulate_outcomes(design()["people"]))
    for name in TABLES:
        print("", *(" | ".join(line) for line in result_table(name, found)), sep="\n")
    return found


def error(p: float, n: int) -> float:
    """The standard error of a count of n people who are each met with probability p."""
    return float(np.sqrt(p * (1.0 - p) / n))


def test_no_class_of_colour_is_burnt_beyond_the_stated_level(groups: Groups) -> None:
    (level,) = {one.stop for one in find_limits("vascular", SITE) if one.id == "epidermal-burn"}
    for row in (one for one in groups["measured"] if one["offered"]):
        assert row["burnt"] <= level + NORMAL_QUANTILE_95 * error(level, row["offered"]), row["group"]


def test_as_many_are_treated_as_at_textbook_settings_that_burn_as_many(groups: Groups) -> None:
    everybody = groups["treatment"][-1]
    assert everybody["treated"] >= everybody["treated_by_book"] - NORMAL_QUANTILE_95 * everybody["gain_error"]


def test_clean_spots_lower_the_risk_by_what_the_ladder_promised(groups: Groups) -> None:
    everybody = groups["treatment"][-1]
    predicted = everybody["burnt_after_said"]
    assert everybody["burnt_unshared"] <= predicted + NORMAL_QUANTILE_95 * error(predicted, everybody["clean"])
    assert everybody["burnt_unshared"] < everybody["burnt"]
