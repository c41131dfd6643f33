"""What the model has to beat: random-effects pools without covariates, their parameters integrated out.

Counts: responders of a study ~ BetaBinomial(n, m, size), m uniform, log size normal about log 4 with sd 1.5.
Means: the printed mean ~ N(m, t² + s² / n), m ~ N(50, 30²), t half-normal with scale 20, s = 27 per cent.
One pool for each family, or one for all. Thresholds are those that were printed, as in the comparison.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaln

from skinbeam.evidence.studies.shipped import settings
from skinbeam.evidence.synthesis.design import UNTREATED, Features
from skinbeam.evidence.synthesis.distributions import Floats

__all__ = ["BASELINES", "Seen", "count_score", "predicted"]


@dataclass(frozen=True)
class Seen:
    """What an arm printed: `responders` of `n`, or a `mean` of `n`; its study and features."""

    study: str
    features: Features
    n: int
    responders: int | None
    mean: float | None


def _family(features: Features) -> Hashable:
    return next((str(family) for family, names in settings()["families"].items() if features.condition in names), None)


BASELINES: dict[str, Callable[[Features], Hashable]] = {
    "pool by family of conditions": _family,
    "pool by modality": lambda f: f.modality,
    "one pool": lambda f: True,
    "one pool, untreated arms apart": lambda f: f.modality == UNTREATED,
}


def predicted(arm: Seen, others: Sequence[Seen], key: Callable[[Features], Hashable]) -> float:
    """Return the log score of what an arm printed, learnt from other studies of its pool."""
    pool = [o for o in others if key(o.features) == key(arm.features) and o.study != arm.study]
    if arm.responders is not None:
        return count_score((arm.responders, arm.n), [(o.responders, o.n) for o in pool if o.responders is not None])
    return _mean_score(arm, [o for o in pool if o.mean is not None])


def count_score(seen: tuple[int, int], pool: Sequence[tuple[int, int]]) -> float:
    """Return the log score of a count, (events, people), learnt from those of a pool."""
    m, log_size = np.meshgrid(np.linspace(0.005, 0.995, 199), np.linspace(-2.0, 6.0, 65), indexing="ij")
    size = np.exp(log_size)
    log = -0.5 * ((log_size - np.log(4.0)) / 1.5) ** 2
    for events, people in pool:
        log = log + _beta_binomial(events, people, m * size, (1.0 - m) * size)
    weight = np.exp(log - log.max())
    new = np.exp(_beta_binomial(*seen, m * size, (1.0 - m) * size))
    return float(np.log((weight * new).sum() / weight.sum()))


def _mean_score(arm: Seen, pool: Sequence[Seen]) -> float:
    m, t = np.meshgrid(np.linspace(-60.0, 160.0, 221), np.linspace(0.25, 60.0, 120), indexing="ij")
    log = -0.5 * ((m - 50.0) / 30.0) ** 2 - 0.5 * (t / 20.0) ** 2
    for other in pool:
        log = log + _normal(other.mean or 0.0, m, t, other.n)
    weight = np.exp(log - log.max())
    return float(np.log((weight * np.exp(_normal(arm.mean or 0.0, m, t, arm.n))).sum() / weight.sum()))


def _beta_binomial(k: int, n: int, a: Floats, b: Floats) -> Floats:
    ways = -np.log(n + 1) - betaln(k + 1, n - k + 1)
    return np.asarray(ways + betaln(k + a, n - k + b) - betaln(a, b))


def _normal(y: float, m: Floats, t: Floats, n: int) -> Floats:
    variance = t**2 + settings()["improvement"]["patient_sd"]["value"] ** 2 / n
    return np.asarray(-0.5 * ((y - m) ** 2 / variance + np.log(2.0 * np.pi * variance)))
