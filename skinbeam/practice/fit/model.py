"""The model of how far computed doses that burn lie from true ones.

For the people q of row r of source s, with x = ln(dose given / computed dose) and covariates c:

    mu_rs = bias + slope c_r + between u_s,  u_s ~ N(0, 1)                                       (practice 3)
    p_rs = lapse + (1 - lapse) mean_q Phi((x_rq - mu_rs) / people)                                (practice 4)
    harmed_r ~ Binomial(of_r, p_rs)                                                               (practice 5)

`lapse` is harm that no dose explains (pulses on top of each other, a tan that nobody told of, cooling that failed), as
in psychometric functions (wichmann2001). The dose at which harm begins, in a mean of few people, is lognormal about
theirs with what a threshold is known to.
"""

from math import sqrt
from typing import Any, Final

import numpy as np

from skinbeam.practice.fit.observations import Observations
from skinbeam.shipped import shipped_table

__all__ = ["build", "threshold_known_to"]

_SMALL: Final = 1e-9


def threshold_known_to() -> float:
    """Return the standard deviation of the logarithm of a dose at which harm begins."""
    return float(np.log(shipped_table("data/practice.toml")["threshold"]["known_to"]["value"]))


def build(seen: Observations, covariate: str | None) -> Any:
    """Return the PyMC model."""
    import pymc as pm
    import pytensor.tensor as pt

    with pm.Model() as model:
        bias = pm.Normal("bias", 0.0, _prior("bias"))
        slope = pm.Normal("slope", 0.0, _prior("slope")) if covariate else 0.0
        between = pm.HalfNormal("between", _prior("between"))
        people = pm.LogNormal("people", np.log(_prior("people")), _prior("people_ln"))
        lapse = pm.Beta("lapse", 1.0, _prior("lapse"))
        of_source = pm.Normal("of_source", 0.0, 1.0, shape=len(seen.sources))
        centre = bias + slope * (seen.covariates[covariate] if covariate else np.zeros(len(seen.names)))
        mu = centre + between * of_source[seen.source]
        normal = (seen.over_computed - mu[:, None]) / people
        p = lapse + (1 - lapse) * (0.5 * (1.0 + pt.erf(normal / sqrt(2.0)))).mean(axis=1)
        p = pt.clip(p, _SMALL, 1 - _SMALL)
        counted = seen.harmed * pt.log(p) + (seen.of - seen.harmed) * pt.log1p(-p)
        off = (seen.over_computed.mean(axis=1) - mu) / threshold_known_to()
        pm.Potential("rows", pt.switch(seen.begins > 0, -0.5 * off**2, counted).sum())
    return model


def _prior(name: str) -> float:
    return float(shipped_table("data/practice.toml")["prior"][name]["value"])
