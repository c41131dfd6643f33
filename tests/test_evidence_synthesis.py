"""The synthesis: closed forms of its parts, what it must not do, and that it finds what was put in."""

import dataclasses
import math
import statistics

import numpy as np
import pytest

from skinbeam.evidence import synthesis
from skinbeam.evidence.distributions import Rate, count_intervals, count_pmf, normal_cdf, normal_pdf
from skinbeam.evidence.studies import Arm, arms, settings

PAIR = ("acne-scars", "fractional-ablative")
ARM = next(arm for arm in arms() if arm.row == "majid2014/1")


def arm(
    study: str, *, bins: tuple[tuple[float | None, int], ...] = (), mean_pct: float | None = None, n: int = 40
) -> Arm:
    return dataclasses.replace(
        ARM,
        row=f"{study}/1",
        study=study,
        cohort=study,
        patients=n,
        units=None,
        bins=bins,
        mean_pct=mean_pct,
        rater="blinded",
    )


def beta(a: float, b: float, people: int = 100) -> Rate:
    """A rate with a beta law, by sums over a fine grid."""
    edges = Rate.grid(people)
    fine = np.linspace(0.0, 1.0, 200_001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    density = middle ** (a - 1.0) * (1.0 - middle) ** (b - 1.0)
    cumulative = np.concatenate(([0.0], np.cumsum(density / density.sum())))
    return Rate(edges, np.interp(edges, fine, cumulative))


def test_normal_law_is_that_of_the_standard_library() -> None:
    z = np.linspace(-6.0, 6.0, 241)
    law = statistics.NormalDist()
    # Linear interpolation with step 2^-10 errs by step²/8 times the largest slope of the density, 0.242: 2.9e-8.
    assert np.allclose(normal_cdf(z), [law.cdf(x) for x in z], rtol=0, atol=3e-8)
    assert np.allclose(normal_pdf(z), [law.pdf(x) for x in z])


def test_counts_of_a_beta_rate_are_beta_binomial() -> None:
    a, b, n = 2.0, 5.0, 30
    pmf = count_pmf(beta(a, b, n), n)
    lg = math.lgamma

    def law(k: int) -> float:
        ways = lg(n + 1) - lg(k + 1) - lg(n - k + 1)
        return math.exp(ways + lg(k + a) + lg(n - k + b) - lg(n + a + b) - lg(a) - lg(b) + lg(a + b))

    # A cell of the grid is at most pi / 1024 wide in asin(sqrt p), a fiftieth of the count's own spread: second order.
    assert np.allclose(pmf, [law(k) for k in range(n + 1)], rtol=2e-3)


@pytest.mark.parametrize("people", [1, 7, 100, 2000])
def test_pmf_sums_to_one_and_has_the_rates_mean(people: int) -> None:
    rate = beta(2.0, 5.0, people)
    pmf = count_pmf(rate, people)
    assert len(pmf) == people + 1
    assert sum(pmf) == pytest.approx(1.0, abs=people * 1e-6)  # each value is rounded to six digits
    mean = sum(k * p for k, p in enumerate(pmf)) / people
    assert mean == pytest.approx(float((rate.p * rate.mass).sum()), rel=1e-5)


def test_intervals_are_the_ones_defined() -> None:
    pmf = [0.05, 0.15, 0.3, 0.3, 0.15, 0.05]
    cumulative = np.cumsum(pmf)
    for level, (low, high) in ((float(k) / 100, ends) for k, ends in count_intervals(pmf).items()):
        assert cumulative[low] >= (1 - level) / 2
        assert low == 0 or cumulative[low - 1] < (1 - level) / 2
        assert cumulative[high] >= (1 + level) / 2
        assert cumulative[high - 1] < (1 + level) / 2
    assert count_intervals(pmf)["95"] == [0, 5]


def test_alike_people_make_counts_spread_by_their_number() -> None:
    people, group = 60, 5.0
    point = Rate(Rate.grid(people), (Rate.grid(people) > 0.3).astype(float))
    spread = [count_pmf(rate, people) for rate in (point, point.alike(people, group))]
    k = np.arange(people + 1)
    variance = [float((k**2 * p).sum() - (k * p).sum() ** 2) for p in map(np.array, spread)]
    assert variance[1] / variance[0] == pytest.approx(group, rel=0.02)  # design effect; the beta law stands on the grid
    assert point.alike(people, 1.0) is point


def test_censored_moments_are_those_of_the_integral() -> None:
    theta, sd = 70.0, 30.0
    x = np.linspace(theta - 12 * sd, theta + 12 * sd, 400_001)
    density = normal_pdf((x - theta) / sd)
    density /= density.sum()
    seen = np.minimum(x, 100.0)
    mean, variance = synthesis._censored(np.array([theta]), np.array([sd]))
    assert mean[0] == pytest.approx((density * seen).sum(), rel=1e-5)
    assert variance[0] == pytest.approx((density * seen**2).sum() - (density * seen).sum() ** 2, rel=1e-4)


def test_more_patients_and_more_studies_narrow_the_answer() -> None:
    def width(studies: int, per_class: int) -> float:
        bins = ((75.0, per_class), (50.0, 2 * per_class), (25.0, 2 * per_class), (None, per_class))
        found = [arm(f"s{k}", bins=bins, n=6 * per_class) for k in range(studies)]
        low, _, high = synthesis.fit_improvement({"a": found})["a"].mean_pct((0.1, 0.5, 0.9))
        return high - low

    assert width(2, 20) < width(2, 1)
    assert width(8, 4) < width(4, 4) < width(2, 4)


def test_a_share_of_more_improvement_is_smaller() -> None:
    for clinic in synthesis.improvement().values():
        ends = np.array([clinic.at_least(t, 100).quantiles((0.1, 0.5, 0.9)) for t in (1.0, 25.0, 50.0, 75.0, 99.0)])
        assert (np.diff(ends, axis=0) < 0).all()
        assert (np.diff(ends, axis=1) > 0).all()


def test_weights_sum_to_one_and_follow_information() -> None:
    small = arm("small", bins=((50.0, 4), (None, 4)), n=8)
    large = arm("large", bins=((50.0, 100), (None, 100)), n=200)
    weights = synthesis.fit_improvement({"a": [small, large]})["a"].weights
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights["large"] > weights["small"]


def test_a_cohort_printed_twice_counts_once() -> None:
    bins = ((50.0, 18), (None, 22))
    other = arm("other", bins=((50.0, 10), (None, 30)))
    once = synthesis.fit_improvement({"a": [arm("twice", bins=bins), other]})["a"]
    again = dataclasses.replace(arm("twice", bins=bins), row="twice/2")
    twice = synthesis.fit_improvement({"a": [arm("twice", bins=bins), again, other]})["a"]
    assert np.allclose(once.mass, twice.mass)


def test_studies_that_disagree_widen_the_answer() -> None:
    alike = [arm(f"s{k}", bins=((50.0, 20), (None, 20))) for k in range(4)]
    apart = [arm(f"s{k}", bins=((50.0, x), (None, 40 - x))) for k, x in enumerate((2, 14, 26, 38))]
    widths = []
    for found in (alike, apart):
        low, high = synthesis.fit_improvement({"a": found})["a"].at_least(50.0, 100).quantiles((0.1, 0.9))
        widths.append(high - low)
    assert widths[1] > 1.3 * widths[0]


def test_grid_ends_hold_no_mass() -> None:
    for clinic in (*synthesis.improvement().values(), *synthesis.pih().values()):
        assert clinic.mass.sum() == pytest.approx(1.0)
        assert clinic.mass[[0, -1]].sum() < 1e-3


def test_simulated_clinics_are_covered() -> None:
    """Parameters from the prior, data from the model: an 80 % interval holds the new clinic in 80 % of worlds.

    120 worlds: the standard error is 0.8 * 0.2 / 120 to the half, 0.037; 4 of them make a false alarm in 16,000.
    """
    prior = settings()["improvement"]
    rng = np.random.default_rng(20)
    cuts, worlds, held = (75.0, 50.0, 25.0), 120, 0
    for _ in range(worlds):
        centre = rng.normal(prior["centre"]["value"], prior["centre"]["sd"])
        mu = rng.normal(centre, abs(rng.normal(0.0, prior["between_groups_sd"]["value"])))
        tau = abs(rng.normal(0.0, prior["between_studies_sd"]["value"]))
        sd = np.clip(prior["within_sd"]["value"] * math.exp(rng.normal(0.0, prior["within_sd"]["log_sd"])), 16.0, 56.0)
        *effects, new = np.clip(rng.normal(mu, tau, 5), -70.0, 190.0)
        found = []
        for k, effect in enumerate(effects):
            improved = np.minimum(rng.normal(effect, sd, 25), 100.0)
            if k % 2:
                found.append(arm(f"s{k}", mean_pct=float(improved.mean()), n=25))
                continue
            above = [0, *((improved >= cut).sum() for cut in cuts), 25]
            classes = tuple(zip((*cuts, None), map(int, np.diff(above)), strict=True))
            found.append(arm(f"s{k}", bins=classes, n=25))
        low, high = synthesis.fit_improvement({"a": found})["a"].mean_pct((0.1, 0.9))
        truth, _ = synthesis._censored(np.array([new]), np.array([sd]))
        held += low <= truth[0] <= high
    assert abs(held / worlds - 0.8) < 4 * 0.037


def test_darkening_is_never_zero_and_never_rarer_in_darker_skin() -> None:
    for clinic in synthesis.pih().values():
        light, dark = (clinic.darkening(share, 100).quantiles((0.1, 0.5, 0.9)) for share in (0.0, 1.0))
        assert light[0] > 0
        assert all(a <= b for a, b in zip(light, dark, strict=True))


def test_a_cohort_graded_by_several_raters_counts_with_one() -> None:
    default = synthesis.usable_arms("wrinkles", "non-ablative-fractional")
    asked = synthesis.usable_arms("wrinkles", "non-ablative-fractional", "patient")
    assert [a.row for a in default if a.study == "lee2009"] == ["lee2009/1"]
    assert [a.row for a in asked if a.study == "lee2009"] == ["lee2009/patient"]
