"""The funnel: limits hold chance, an operator who harms twice as often is seen, and small numbers are not shown."""

import math
from dataclasses import replace

import pytest
from learning_samples import outcomes

from skinbeam.model.estimate import Unknown
from skinbeam.outcome_audit.funnel import FunnelPlot, funnel_limits, funnel_plot


def shown(n: int, seed: int, **how: object) -> FunnelPlot:
    plot = funnel_plot(outcomes(n, seed, **how))  # type: ignore[arg-type]
    assert not isinstance(plot, Unknown)
    return plot


def test_operators_are_held_against_what_was_expected_of_their_patients() -> None:
    plot = shown(800, 3)
    assert len(plot.operators) == 8
    assert sum(one.courses for one in plot.operators) == 800
    assert sum(one.harmed for one in plot.operators) == pytest.approx(plot.target * 800 * 0.08)
    assert all(one.expected == pytest.approx(100 * 0.08) for one in plot.operators)


def test_chance_alone_puts_as_many_outside_as_the_limits_say() -> None:
    every = [one for seed in range(50) for one in shown(800, seed).operators]
    outside = [sum(one.exceeded_level >= level for one in every) / len(every) for level in (0.95, 0.998)]
    noise = 4 * math.sqrt(0.05 * 0.95 / len(every))
    assert outside[0] == pytest.approx(0.05, abs=noise + 0.01)  # of whole counts, interpolated
    assert outside[1] < 0.002 + 4 * math.sqrt(0.002 / len(every)) + 0.001


def test_who_harms_twice_as_often_lies_above() -> None:
    """One of six operators, with 133 of 800 courses of which 10 in 100 are harmed: seen in four years of five."""
    seen = 0
    for seed in range(40):
        plot = shown(800, seed, operators=6, harm=0.1, twice="operator 2")
        (one,) = (one for one in plot.operators if one.name == "operator 2")
        seen += one.above and one.exceeded_level >= 0.95
    assert seen >= 29


def test_small_numbers_are_counted_and_not_shown() -> None:
    many, few = outcomes(300, 1, operators=2), outcomes(8, 2, operators=1)
    plot = funnel_plot((*many, *(replace(one, operator="new") for one in few)))
    assert not isinstance(plot, Unknown)
    assert {one.name for one in plot.operators} == {"operator 0", "operator 1"}
    assert (plot.omitted_operators, plot.omitted_courses) == (1, 8)
    assert isinstance(funnel_plot(few), Unknown)
    assert isinstance(funnel_plot(outcomes(100, 1, harm=1e-9)), Unknown)


def test_courses_of_several_are_nobodys() -> None:
    alone = outcomes(200, 4, operators=2)
    both = [replace(one, operator="") for one in alone[:30]]
    plot = funnel_plot((*alone, *both))
    assert not isinstance(plot, Unknown)
    assert plot.shared_courses == 30
    assert sum(one.courses for one in plot.operators) == 200


def test_a_spread_beyond_chance_needs_ten_operators_and_widens_the_limits() -> None:
    assert isinstance(shown(800, 0).spread, Unknown)
    calm = shown(2000, 0, operators=12)
    assert isinstance(calm.spread, float)
    assert 1.0 <= calm.spread < 2.0
    (low,), (high,) = funnel_limits(replace(calm, spread=1.0), [10.0], 0.95)
    (wider_low,), (wider_high,) = funnel_limits(replace(calm, spread=2.0), [10.0], 0.95)
    assert wider_low < low < calm.target < high < wider_high
    few, many = funnel_limits(replace(calm, spread=1.0), [5.0, 50.0], 0.95)[0]
    assert few < many < calm.target
