"""Made-up outcomes: what was foretold, and what came about by a chance that may be another."""

import numpy as np

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.outcome_audit.outcomes import AuditedCourse, ObservedOutcome, PredictedOutcome, VerifiedForecast

NOBODY_KNOWS = Unknown("nobody counted it")


def stated(p: float, *, spread: float = 0.8) -> Estimate:
    """A share with an interval of so many logits on each side."""
    logit = np.log(p / (1 - p))
    low, high = (float(1 / (1 + np.exp(-(logit + side * spread)))) for side in (-1, 1))
    return Estimate(p, low, high, 0.8, "pooled")


def forecasts(n: int, seed: int, *, odds: float = 1.0, sharper: float = 1.0) -> tuple[VerifiedForecast, ...]:
    """People whose true logit is the foretold one divided by `sharper`, plus the logarithm of `odds`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0.0, 1.0, n)
    p = 1 / (1 + np.exp(-logits))
    true = 1 / (1 + np.exp(-(logits / sharper + np.log(odds))))
    return tuple(VerifiedForecast(stated(float(a)), bool(b)) for a, b in zip(p, rng.random(n) < true, strict=True))


def outcomes(
    n: int, seed: int, *, operators: int = 8, harm: float = 0.08, twice: str = "", harm_of: float = 1.0
) -> tuple[AuditedCourse, ...]:
    """Courses that operators treated in turn; `twice` harms twice as often as the others."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        operator = f"operator {i % operators}"
        p = harm * (2.0 if operator == twice else 1.0) * harm_of
        seen = ObservedOutcome(bool(rng.random() < 0.6), frozenset({"pih"} if rng.random() < p else ()))
        foretold = PredictedOutcome(
            stated(0.6), {"pih": stated(harm), "scar": NOBODY_KNOWS}, NOBODY_KNOWS, NOBODY_KNOWS
        )
        found.append(
            AuditedCourse(f"person {i}", "acne-scars", "fractional-ablative", "cheeks", "III", operator, foretold, seen)
        )
    return tuple(found)
