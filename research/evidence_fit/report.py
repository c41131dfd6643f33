"""Run the long checks: leave-one-study-out, calibration by simulation, prior sensitivity. An interrupted run resumes.

Finished parts are stored in a folder named by the hash of the model's inputs; the result ships as
`data/derived/posterior_checks.json`, from which `page` writes docs/evidence.md.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import skinbeam
from research.evidence_fit import calibrate, count_simulate, page, simulate
from research.evidence_fit.data import (
    CountsSeen,
    Observed,
    calibration_sha256,
    checks_sha256,
    count_data,
    printed_counts,
    printed_improvement,
    table_data,
)
from research.evidence_fit.leave_out import leave_out, scored_studies
from research.evidence_fit.sample import SamplerPlan, sample
from research.evidence_fit.sensitivity import expected_shares, prior_effects
from skinbeam.evidence.studies.outcomes import OUTCOMES
from skinbeam.evidence.synthesis.posterior import CHECKS_FILE, Posterior, posterior
from skinbeam.model.document import to_json_types, write_atomically

__all__ = ["calibration_ranks", "run_checks"]

_REPLICATES = 2000
# Ten statistics are compared with their ranges at once: each range leaves out a tenth of 5 %.
_SPAN = (0.0025, 0.5, 0.9975)
_AGAIN = SamplerPlan(draws=500, tune=500, accept=0.9)
_PACKAGE = Path(skinbeam.__file__).parent


def run_checks(work: Path) -> None:
    """Run the checks that have no stored result, write the shipped file and the page."""
    folder = work / checks_sha256()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    left_out = [
        _load_or_run(folder / f"without-{study}.json", partial(_study_scores, study, k))
        for k, study in enumerate(scored_studies())
    ]
    ranks = calibration_ranks(work)
    checks = {
        "inputs_sha256": checks_sha256(),
        "scores": [score for scores in left_out for score in scores],
        "ranks": {name: [row["ranks"][name] for row in ranks] for name in ranks[0]["ranks"]},
        "diverged": [row["divergences"] for row in ranks],
        "priors": prior_effects(posterior()),
        "weak": _load_or_run(folder / "weak.json", _weak_designs),
        "replicates": _replicates(),
    }
    (_PACKAGE / CHECKS_FILE).write_text(json.dumps(to_json_types(checks), indent=1) + "\n", encoding="utf-8")
    (_PACKAGE.parent / page.PAGE).write_text(page.render_page(), encoding="utf-8")


def calibration_ranks(work: Path) -> list[dict[str, Any]]:
    """Return the ranks of every simulated data set; all have the shape of the table at the time of the first one."""
    folder = work / f"calibration-{calibration_sha256()[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    replicates = [
        _load_or_run(folder / f"ranks-{number}.json", partial(calibrate.ranks, number))
        for number in range(calibrate.DATA_SETS)
    ]
    if any(row["ranks"].keys() != replicates[0]["ranks"].keys() for row in replicates):
        raise ValueError(f"{folder} holds data sets of several tables; remove it")
    return replicates


def _load_or_run(file: Path, run: Callable[[], Any]) -> Any:
    """Return the content of a file, or run and store the result; files are written atomically."""
    if not file.exists():
        result = run()
        write_atomically(file, json.dumps(result))
        print(file.stem, flush=True)
    return json.loads(file.read_text(encoding="utf-8"))


def _study_scores(study: str, number: int) -> list[dict[str, Any]]:
    return [score.as_record() for score in leave_out(study, posterior(), np.random.default_rng([20261122, number]))]


def _weak_designs() -> list[dict[str, Any]]:
    """Return how the expected shares change when weak designs count as strong ones, or half as much."""
    base = expected_shares(posterior())
    designs = []
    for name, power in (("all designs weigh alike", 0.0), ("weak designs weigh twice as little", 2.0)):
        seen = printed_improvement()
        refitted = Posterior.from_chains(sample(replace(seen, weak=seen.weak**power), _AGAIN).chains)
        given = Posterior({**posterior().select(np.arange(len(refitted)) % len(posterior())).draws, **refitted.draws})
        moved = {
            target: 100.0 * (float(values.mean()) - float(base[target].mean()))
            for target, values in expected_shares(given).items()
        }
        worst = max(moved, key=lambda key: abs(moved[key]))
        designs.append({"assumption": name, "points": moved[worst], "where": worst})
    return designs


def _replicates() -> dict[str, dict[str, list[float]]]:
    """Return statistics of data sets simulated from the priors and from the posterior, beside those of the real table.

    Each statistic has its 0.25, 50 and 99.75 % quantiles over the replicates, and the printed value. Replicates of the
    posterior have new studies.
    """
    rng = np.random.default_rng(20261122)
    given = posterior()
    rows = rng.choice(len(given), _REPLICATES)

    def made(improvement: simulate.Parameters, counts: count_simulate.Parameters) -> dict[str, float]:
        return _statistics(
            simulate.draw_data(improvement, table_data(), printed_improvement(), rng),
            count_simulate.draw_counts(counts, count_data(), printed_counts(), rng),
        )

    of_prior = [made(simulate.draw_parameters(rng), count_simulate.draw_parameters(rng)) for _ in rows]
    drawn = [{name: draws[row] for name, draws in given.draws.items()} for row in rows]
    of_posterior = [made(draw, draw) for draw in drawn]
    printed = _statistics(printed_improvement(), printed_counts())
    return {
        name: {
            "printed": [printed[name]],
            "prior": [float(q) for q in np.nanquantile([s[name] for s in of_prior], _SPAN)],
            "posterior": [float(q) for q in np.nanquantile([s[name] for s in of_posterior], _SPAN)],
        }
        for name in printed
    }


def _statistics(observed: Observed, counts: CountsSeen) -> dict[str, float]:
    data, of = table_data(), count_data().of
    means = observed.mean[~data.binned]
    shares = observed.counts[data.binned] / observed.counts[data.binned].sum(axis=1, keepdims=True)
    lowest = np.array(
        [row[row_real][-1] for row, row_real in zip(shares, (data.upper > data.lower)[data.binned], strict=True)]
    )
    pih, lasting = (
        np.isin(count_data().outcome, [OUTCOMES.index(name) for name in names])
        for names in (("pih",), ("hypopigmentation", "scar"))
    )
    return {
        "mean of printed means, %": float(means.mean()),
        "spread of printed means, %": float(means.std()),
        "smallest printed mean, %": float(means.min()),
        "mean share in the best class": float(shares[:, 0].mean()),
        "spread of the share in the best class": float(shares[:, 0].std()),
        "mean share in the lowest class": float(lowest.mean()),
        "spread of the share in the lowest class": float(lowest.std()),
        "share of patients with dark marks": float(counts.events[pih].sum() / of[pih].sum()),
        "share of cohorts without dark marks": float((counts.events[pih] == 0).mean()),
        "patients with lasting harm": float(counts.events[lasting].sum()),
    }
