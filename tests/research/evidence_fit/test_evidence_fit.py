"""The pieces that fit and judge the model: closed forms, and that each tells good from bad. No sampler is run."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from research.evidence_fit import count_simulate, reweigh
from research.evidence_fit.calibrate import RANKS, chi_square_p, ranked_quantities
from research.evidence_fit.count_simulate import draw_counts
from research.evidence_fit.data import count_data, printed_counts, printed_improvement, table_data
from research.evidence_fit.diagnostics import effective_size, r_hat, tail_size
from research.evidence_fit.leave_out import (
    PrintedResult,
    StudyScore,
    baseline_log_score,
    coverage,
    printed_result,
    score_gain,
)
from research.evidence_fit.simulate import draw_data, draw_parameters
from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.synthesis.design import Features, fitted_arms
from skinbeam.evidence.synthesis.posterior import COUNTS, IMPROVEMENT, Posterior, posterior

FEATURES = Features.from_arm(fitted_arms()[0])


def chain(rho: float, seed: int = 3, draws: int = 4000) -> np.ndarray:
    """Four chains of a first-order autoregression with standard normal marginals."""
    noise = np.random.default_rng(seed).standard_normal((4, draws))
    x = noise.copy()
    for k in range(1, draws):
        x[:, k] = rho * x[:, k - 1] + np.sqrt(1.0 - rho**2) * noise[:, k]
    return x


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_effective_size_of_an_autoregression(rho: float) -> None:
    # The mean of such a chain has the variance of n (1 - rho) / (1 + rho) independent draws.
    expected = 16_000 * (1.0 - rho) / (1.0 + rho)
    assert effective_size(chain(rho)) == pytest.approx(expected, rel=0.15)
    assert tail_size(chain(rho)) > 0.5 * expected
    assert r_hat(chain(rho)) < 1.01


def test_chains_that_disagree_are_found() -> None:
    apart, wider = chain(0.0), chain(0.0)
    apart[0] += 1.0
    wider[0] *= 3.0
    assert r_hat(apart) > 1.05
    assert r_hat(wider) > 1.05  # the mean agrees, the spread does not


def test_counted_ranks_are_judged_by_pearsons_test() -> None:
    ranks = np.random.default_rng(1).integers(0, RANKS + 1, 200)
    counts = np.bincount(ranks // 10, minlength=10)
    assert chi_square_p(list(ranks)) == pytest.approx(stats.chisquare(counts).pvalue, rel=1e-6)
    assert chi_square_p([5] * 200) < 1e-12  # one value always: no law of ranks


def test_data_sets_have_the_shape_of_the_table() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        made = draw_data(draw_parameters(rng), table_data(), printed_improvement(), rng)
        binned = table_data().binned
        assert np.array_equal(made.counts.sum(axis=1)[binned], printed_improvement().counts.sum(axis=1)[binned])
        assert not made.counts[~binned].any()
        assert ((made.sd > 0) == (printed_improvement().sd > 0)).all()
        counts = draw_counts(count_simulate.draw_parameters(rng), count_data(), printed_counts(), rng)
        assert ((counts.events >= 0) & (counts.events <= count_data().of)).all()


def certain(**values: float) -> dict[str, Any]:
    """Parameters without any spread but that of patients, 25: typical people improve by 60."""
    given = dict(draw_parameters(np.random.default_rng(4)))
    given |= dict.fromkeys(("tau", "omega", "kappa", "sd_spread"), 0.0) | {"sd_mid": np.log(25.0)} | values
    given["beta"] = np.zeros_like(given["beta"])
    given["beta"][0] = 60.0  # the typical improvement is the first column
    return given


@pytest.mark.parametrize("single", [False, True])
def test_drawn_counts_follow_the_law_of_the_model(single: bool) -> None:
    """With every spread at zero an arm's patients are X ~ N(theta, sd²), and of single lesions a share is cleared."""
    rng = np.random.default_rng(4)
    given, data, repeats = certain(clear=-1.0, clear_slope=2.0), table_data(), 300
    treated = data.x[:, 0] == 1.0
    of_people = data.binned & (data.units == data.n) & (data.n >= 40) & treated & (data.single == single)
    k = int(np.flatnonzero(of_people)[0])
    share = (
        np.mean([draw_data(given, data, printed_improvement(), rng).counts[k, 0] for _ in range(repeats)])
        / data.units[k]
    )
    cleared = special.expit(-1.0 + 2.0 * (60.0 - 50.0) / 25.0) if single else 0.0
    expected = cleared + (1.0 - cleared) * stats.norm.sf(data.lower[k, 0], 60.0, 25.0)
    error = np.sqrt(expected * (1.0 - expected) / (repeats * data.units[k]))
    assert abs(share - expected) < 4.0 * error  # one false alarm in 16 000


def test_studies_in_which_all_were_clear_are_likelier_where_lesions_can_be_gone() -> None:
    given = posterior().select(np.arange(0, len(posterior()), 20))
    many, none = (
        reweigh.improvement_log_likelihood(
            "sadighha2008",
            Posterior({**given.draws, "clear": np.full(len(given), g), "clear_slope": np.zeros(len(given))}),
            np.random.default_rng(1),
        )
        for g in (3.0, -30.0)
    )
    assert (many > none).all()  # the same draws of the study's own deviation, more people in the best class


def seen(study: str, responders: int | None = None, mean: float | None = None, n: int = 20) -> PrintedResult:
    return PrintedResult(study, FEATURES, n, responders, mean)


def test_an_empty_pool_knows_nothing_of_counts() -> None:
    # m is uniform, whatever the size: one patient responds with probability 1/2, by symmetry.
    assert baseline_log_score(seen("a", 1, n=1), [], lambda f: 0) == pytest.approx(np.log(0.5), abs=1e-6)


def test_a_pool_foretells_what_is_like_it() -> None:
    others = [seen(f"s{k}", 15) for k in range(8)] + [seen(f"t{k}", mean=50.0) for k in range(8)]
    for alike, unlike in ((seen("a", 15), seen("a", 2)), (seen("a", mean=52.0), seen("a", mean=5.0))):
        assert baseline_log_score(alike, others, lambda f: 0) > baseline_log_score(unlike, others, lambda f: 0) + 2.0
    assert baseline_log_score(seen("a", 15), others, lambda f: 0) > baseline_log_score(seen("a", 15), [], lambda f: 0)


def test_a_pool_never_sees_the_study_that_it_foretells() -> None:
    own = [seen("a", 15) for _ in range(8)]
    assert baseline_log_score(seen("a", 15), own, lambda f: 0) == baseline_log_score(seen("a", 15), [], lambda f: 0)


def score(study: str, pit: float, log_score: float = 0.0) -> StudyScore:
    return StudyScore(study, study, "mean", "", 0.0, log_score, pit, {"pool": 0.0})


def test_coverage_of_uniform_pits_holds_and_of_narrow_intervals_fails() -> None:
    pits = np.random.default_rng(5).uniform(size=300)
    even = coverage([score(f"s{k}", float(p)) for k, p in enumerate(pits)], resamples=2000)
    assert all(even[level]["low"] <= float(level) / 100 <= even[level]["high"] for level in even)
    # Intervals half as wide as they should be: most of what is printed lies outside.
    narrow = stats.norm.cdf(2.0 * stats.norm.ppf(pits))
    uneven = coverage([score(f"s{k}", float(p)) for k, p in enumerate(narrow)], resamples=2000)
    assert uneven["80"]["high"] < 0.8


def test_arms_of_a_study_share_its_vote() -> None:
    found = coverage([score("a", 0.5), score("b", 0.999), *(score("c", 0.999) for _ in range(8))], resamples=100)
    assert found["95"]["inside"] == pytest.approx(1 / 3)


def test_gain_has_the_standard_error_of_its_clusters() -> None:
    rng = np.random.default_rng(6)
    by_study = rng.normal(0.3, 1.0, 50)
    mean, error = score_gain([score(f"s{k}", 0.5, float(v)) for k, v in enumerate(by_study)], "pool")
    assert mean == pytest.approx(by_study.mean())
    assert error == pytest.approx(by_study.std(ddof=1) / np.sqrt(50))
    # Printed twice, a study says nothing new.
    twice = score_gain([score(f"s{k}", 0.5, float(v)) for k, v in enumerate(by_study) for _ in range(2)], "pool")
    assert twice == pytest.approx((mean, error))


def test_what_an_arm_printed_is_read_at_the_cut_nearest_to_half() -> None:
    arm = next(arm for arm in fitted_arms() if arm.row == "retamar2004/1")
    assert printed_result(arm).responders == 94 + 43  # 80 and 40 per cent were printed
    assert printed_result(dataclasses.replace(arm, bins=(), mean_pct=40.0)).mean == 40.0


def test_every_quantity_is_ranked_and_every_row_has_a_place() -> None:
    rng = np.random.default_rng(7)
    drawn = (draw_parameters(rng), count_simulate.draw_parameters(rng))
    assert [set(one) for one in drawn] == [set(IMPROVEMENT), set(COUNTS)]
    assert (
        len(ranked_quantities())
        == len(set(ranked_quantities()))
        == sum(np.size(v) for one in drawn for v in one.values())
    )
    assert len(count_data().outcome) == len(outcome_counts()) == len(printed_counts().events)


def test_one_over_the_likelihood_leaves_a_study_out() -> None:
    """A normal mean with a known spread: the posterior without one of its data is known in closed form."""
    pytest.importorskip("arviz", reason="lives in the environment of the fit")
    rng = np.random.default_rng(8)
    data = np.array([0.2, -0.4, 0.9, 0.1, -0.3, 1.5])
    draws = rng.normal(data.mean(), 1.0 / np.sqrt(len(data)), 40_000)
    without_last = reweigh.reweigh_without_study(
        Posterior({"mean": draws}), stats.norm.logpdf(data[-1], draws, 1.0), np.random.default_rng(9)
    )
    assert without_last is not None
    # The mean of some 20 000 draws that are 0.45 wide has an error of 0.003; five of them.
    assert without_last["mean"].mean() == pytest.approx(data[:-1].mean(), abs=0.016)


@pytest.mark.parametrize("log_likelihood", ["improvement", "counts"])
def test_likelihoods_that_leave_out_agree_with_more_inner_draws(log_likelihood: str) -> None:
    """The study's own deviations are integrated by chance: two such integrals differ by their Monte Carlo error."""
    function = {"improvement": reweigh.improvement_log_likelihood, "counts": reweigh.counts_log_likelihood}
    given = posterior().select(np.arange(0, len(posterior()), 20))
    study = "majid2014"
    one, other = (function[log_likelihood](study, given, np.random.default_rng(seed)) for seed in (1, 2))
    # Of 400 inner draws at least some 20 bear on a study of sixty people: errors of a quarter in each, at most.
    assert np.mean(abs(one - other) < 1.0) > 0.95
