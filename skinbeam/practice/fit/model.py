"""The model of the doses that clinics choose and of the burns that they count.

For row r of source s in light of family f, with x the mean over its people of ln(dose given / computed dose that burns)
and d its deviation (docs/methods/practice.md tells why):

    u = usual + spot ln(spot / 8 mm) + family_f                                                  (practice 3)
    x ~ N(u + chosen C_s, rows²),  C_s ~ N(0, 1)                                                 (practice 4)
    p = lapse + (1 - lapse) Phi((followed (x - u) - margin + clinics W_s) / sqrt(people² + d²))      (practice 5)
    harmed ~ Binomial(of, 1 - (1 - p)^sessions),  W_s ~ N(0, 1)                                  (practice 6)

Clinics look at skin: one that gives twice the usual dose does so, in part, where the computed dose is too low.
`followed` is the part of its boldness that burns follow. Where no dose is printed x - u is not known and adds
followed² (chosen² + rows²) to the variance of W. The ways in which a row may have been carried out are hypotheses of
the whole row. The dose at which harm begins is lognormal about u + margin and the clinic's own error.
"""

from math import sqrt
from typing import Any, Final

import numpy as np

from skinbeam.practice.calibration import FAMILIES
from skinbeam.practice.fit.observations import Observations
from skinbeam.shipped import shipped_table

__all__ = ["build", "threshold_known_to"]

_SMALL: Final = 1e-9
_NEVER: Final = -1e3  # logarithm of the share of a way that is none


def threshold_known_to() -> float:
    """Return the standard deviation of the logarithm of a dose at which harm begins."""
    return float(np.log(shipped_table("data/practice.toml")["threshold"]["known_to"]["value"]))


def build(seen: Observations, included: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
    """Return the PyMC model of the rows of some sources.

    Parameters
    ----------
    included : (source,) which are taken; the others say nothing.
    """
    import pymc as pm
    import pytensor.tensor as pt

    taken = included[seen.source]
    with pm.Model() as model:
        usual = pm.Normal("usual", 0.0, _prior("usual"))
        margin = pm.HalfNormal("margin", _prior("margin"))
        spot = pm.Normal("spot", 0.0, _prior("spot"))
        family = pm.Normal("family", 0.0, _prior("family"), shape=len(FAMILIES))
        chosen = pm.HalfNormal("chosen", _prior("chosen"))
        rows = pm.HalfNormal("rows", _prior("rows"))
        clinics = pm.HalfNormal("clinics", _prior("clinics"))
        followed = pm.Beta("followed", _prior("followed"), _prior("followed"))
        people = pm.LogNormal("people", np.log(_prior("people")), _prior("people_ln"))
        lapse = pm.Beta("lapse", 1.0, _prior("lapse"))
        choice = pm.Normal("choice", 0.0, 1.0, shape=len(seen.sources))[seen.source]
        clinic = pm.Normal("clinic", 0.0, 1.0, shape=len(seen.sources))[seen.source]

        bold = seen.over_computed - usual - spot * seen.spot - family[seen.family][:, None]
        given = -0.5 * ((bold - (chosen * choice)[:, None]) / rows) ** 2 - pt.log(rows)
        apart = pt.switch(seen.dosed, clinics, pt.sqrt(clinics**2 + followed**2 * (chosen**2 + rows**2)))
        above = (apart * clinic - margin)[:, None] + followed * bold * seen.dosed[:, None]
        burnt = 0.5 * (1.0 + pt.erf(above / pt.sqrt(people**2 + seen.spread**2) / sqrt(2.0)))
        p = pt.clip(lapse + (1.0 - lapse) * burnt, _SMALL, 1.0 - _SMALL)
        spared = seen.sessions[:, None] * pt.log1p(-p)  # logarithm of the share that no session burns
        counts = (seen.of - seen.harmed)[:, None] * spared + seen.harmed[:, None] * pt.log(-pt.expm1(spared))
        own = ((1.0 - followed) * chosen * choice - clinics * clinic)[:, None]
        begins = -0.5 * ((bold - margin - own) / threshold_known_to()) ** 2
        of_ways = (
            (seen.weight * taken)[:, None] * given
            + (seen.counted & taken)[:, None] * counts
            + (seen.begins & taken)[:, None] * begins
        )
        shares = np.maximum(seen.ways, _NEVER)
        pm.Potential("of_rows", pt.logsumexp(shares + of_ways, axis=1).sum())
    return model


def _prior(name: str) -> float:
    return float(shipped_table("data/practice.toml")["prior"][name]["value"])
