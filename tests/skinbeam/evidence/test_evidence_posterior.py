"""The posterior that ships: does it belong to the table, did its chains agree, and do its promises hold?"""

from importlib import resources

import numpy as np
import pytest
from paths import ROOT

from research.evidence_fit.calibrate import DATA_SETS, least_uniform
from research.evidence_fit.data import checks_sha256, inputs_sha256
from research.evidence_fit.diagnostics import effective_size, r_hat, tail_size
from research.evidence_fit.leave_out import coverage, score_gain
from research.evidence_fit.page import (
    IMPROVEMENT,
    PAGE,
    dark_mark_groups,
    load_checks,
    load_scores,
    render_page,
    treated_scores,
)
from research.evidence_fit.ship import posterior_record
from skinbeam.evidence.studies.outcomes import outcome_counts
from skinbeam.evidence.synthesis.design import fitted_arms
from skinbeam.evidence.synthesis.posterior import DRAWS_FILE, posterior

REMEDY = "run `make derived`"


def test_the_posterior_and_its_checks_are_not_stale() -> None:
    assert posterior_record()["inputs_sha256"] == inputs_sha256(), REMEDY
    assert load_checks()["inputs_sha256"] == checks_sha256(), REMEDY


def test_the_sampler_did_its_work() -> None:
    found = posterior_record()["diagnostics"]
    assert found["r_hat"] < 1.01
    assert found["effective_size"] > 400
    assert found["tail_size"] > 400
    assert found["divergences"] == 0


def test_the_record_is_that_of_the_shipped_draws() -> None:
    found, parameters = posterior_record()["diagnostics"], 0
    hats, bulk, tail = [], [], []
    with (resources.files("skinbeam") / DRAWS_FILE).open("rb") as file, np.load(file) as chains:
        for name in chains.files:
            draws = chains[name]
            assert draws.shape[:2] == (posterior_record()["sampler"]["chains"], len(posterior()) // 4)
            flat = draws.reshape(*draws.shape[:2], -1)
            for k in range(flat.shape[2]):
                parameters += 1
                hats.append(r_hat(flat[:, :, k]))
                bulk.append(effective_size(flat[:, :, k]))
                tail.append(tail_size(flat[:, :, k]))
    assert parameters == found["parameters"]
    assert max(hats) == pytest.approx(found["r_hat"], abs=1e-5)
    assert min(bulk) == pytest.approx(found["effective_size"], abs=0.1)
    assert min(tail) == pytest.approx(found["tail_size"], abs=0.1)


def test_every_study_was_left_out() -> None:
    """Each study that printed improvement, a harm or satisfaction; pain is too little to be judged."""
    assert {score.study for score in load_scores()} == {row.study for row in (*fitted_arms(), *outcome_counts())}, (
        REMEDY
    )
    assert {score.row for score in load_scores(*IMPROVEMENT)} == {arm.row for arm in fitted_arms()}, REMEDY


@pytest.mark.parametrize("kinds", [IMPROVEMENT, ("responders",), ("pih",)], ids="+".join)
def test_intervals_hold_for_studies_that_were_not_seen(kinds: tuple[str, ...]) -> None:
    """Coverage is consistent with what the interval says at the 1 % level, studies resampled whole."""
    for level, found in coverage(load_scores(*kinds)).items():
        assert found["low"] <= float(level) / 100 <= found["high"], (level, found)


# Groups of dark marks of which fewer than 65 of 100 counts lie inside their interval: 6 of 10 and 7 of 11, as 12 and 16
# of 100 groups of that size would by chance.
THIN_GROUPS = {"Melasma", "phototypes III and darker"}


def test_dark_marks_hold_by_treatment_condition_and_skin() -> None:
    """Of all and of each group with ten counts or more, by intervals of 80 %."""
    inside = {
        title: sum(abs(2.0 * one.pit - 1.0) <= 0.8 for one in group) / len(group)
        for title, group in {"all": load_scores("pih"), **dark_mark_groups()}.items()
    }
    assert 0.75 <= inside["all"] <= 0.85
    assert {title for title, share in inside.items() if share < 0.65} == THIN_GROUPS


@pytest.mark.parametrize(
    ("kinds", "baseline"),
    [(IMPROVEMENT, "pool by family of conditions"), (IMPROVEMENT, "one pool"), (("pih",), "one pool")],
)
def test_the_model_foretells_better_than_pools_do(baseline: str, kinds: tuple[str, ...]) -> None:
    """By more than two standard errors; that it does not beat a pool of the kind of treatment stands on the page."""
    mean, error = score_gain(load_scores(*kinds), baseline)
    assert mean > 2.0 * error, (mean, error)


def test_between_treated_arms_it_foretells_better_than_one_pool() -> None:
    """That untreated people improve less is no merit of it."""
    mean, error = score_gain(treated_scores(), "one pool")
    assert mean > 2.0 * error, (mean, error)


def test_ranks_of_simulated_truths_are_uniform() -> None:
    """Pearson's test of every quantity; the least uniform one, among all of them, would be so in one of a hundred."""
    ranks = load_checks()["ranks"]
    assert all(len(found) == DATA_SETS for found in ranks.values())
    name, _, corrected = least_uniform(ranks)[0]
    assert corrected > 0.01, name


def test_the_table_lies_within_what_the_model_would_print() -> None:
    for name, found in load_checks()["replicates"].items():
        low, _, high = found["posterior"]
        assert low <= found["printed"][0] <= high, name


def test_the_page_is_what_the_checks_say() -> None:
    page = ROOT / PAGE
    assert page.read_text(encoding="utf-8") == render_page(), "run `make evidence-report`"
