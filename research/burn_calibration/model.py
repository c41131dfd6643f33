"""The model of the doses that clinics choose and of the burns that they report.

For row r of source s in light of family f, with x the mean over its people of ln(dose given / computed dose that burns)
and d its deviation (reasons in docs/methods/practice.md):

    u = usual + spot ln(spot / 8 mm) + family_f                                                  (practice 3)
    x ~ N(u + chosen C_s, rows²),  C_s ~ N(0, 1)                                                 (practice 4)
    p(z) = lapse + (1 - lapse) Phi((followed (x - u) - margin + clinics W_s + d z) / people)         (practice 5)
    harmed ~ Binomial(of, 1 - mean over z of (1 - p(z))^sessions),  W_s, z ~ N(0, 1)             (practice 6)

Clinics look at skin: one that gives twice the usual dose does so, in part, where the computed dose is too low.
`followed` is the part of a clinic's boldness that burns follow. z is how a person differs from the others of the row:
the same skin comes to each session, while `people` is drawn anew for each. Where no dose is printed, x - u is not known
and adds followed² (chosen² + rows²) to the variance of W, and d is that of the other rows. The possible treatment
settings of a row are hypotheses about the whole row. The dose at which harm begins is lognormal about u + margin and
the clinic's own error.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.package_data import load_derived_table, load_package_table
from skinbeam.published_doses.calibration import LASER_FAMILIES, REFERENCE_SPOT_MM

__all__ = [
    "PERSON_POINTS",
    "PERSON_WEIGHTS",
    "SMALL",
    "Observations",
    "build_model",
    "load_observations",
    "threshold_log_sd",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Observations:
    """Arrays of published doses, and of burn counts without printed doses.

    Parameters
    ----------
    names, sources : of the rows; of their sources.
    source, family : (row,) places of its source and of its family of light.
    over_computed, spread, spot : (row, way) mean and deviation over people of ln(dose given / computed dose), and
        ln(spot / reference); 0 where there are fewer ways or no dose, but that rows without a dose have the median
        deviation of those with one.
    ways : (row, way) logarithm of the share of each way; -inf where there are fewer.
    has_dose : (row,) whether a dose is printed. weight : (row,) weight of its dose as a dose that clinics choose.
    has_count, is_threshold : (row,) whether people were counted, and whether the dose is the one at which harm begins.
    harmed, treated, sessions : (row,) people burnt, people treated, and sessions of each.
    """

    names: tuple[str, ...]
    sources: tuple[str, ...]
    source: NDArray[np.int64]
    family: NDArray[np.int64]
    over_computed: Floats
    spread: Floats
    spot: Floats
    ways: Floats
    has_dose: NDArray[np.bool_]
    weight: Floats
    has_count: NDArray[np.bool_]
    is_threshold: NDArray[np.bool_]
    harmed: Floats
    treated: Floats
    sessions: Floats


def load_observations(*, validation: bool = False, recommended: bool = True) -> Observations:
    """Return the rows for calibration or those reserved for validation, with or without merely recommended doses."""
    table = load_derived_table("practice_doses")
    rows: dict[str, Mapping[str, Any]] = {
        name: row
        for name, row in (table["row"] | table["rate"]).items()
        if row["kept_aside"] is validation and (recommended or row["kind"] != "recommended")
    }
    counted = _rows_with_counts(rows)
    weights = _row_weights(rows)
    names = [name for name in rows if weights[name] > 0.0 or name in counted or rows[name]["kind"] == "begins"]
    rows = {name: rows[name] for name in names}
    of_rows = [row["source"] for row in rows.values()]
    sources = tuple(dict.fromkeys(of_rows))
    typical = float(np.median([x for row in table["row"].values() if not row["kept_aside"] for x in row["spread"]]))
    shares = [np.full(len(row.get("spot_mm", (0,))), 1.0 / len(row.get("spot_mm", (0,)))) for row in rows.values()]
    return Observations(
        names=tuple(rows),
        sources=sources,
        source=np.array([sources.index(source) for source in of_rows], dtype=np.int64),
        family=np.array([LASER_FAMILIES.index(row["family"]) for row in rows.values()], dtype=np.int64),
        over_computed=_pad_rows([row.get("over_computed", ()) for row in rows.values()]),
        spread=_pad_rows([row.get("spread", (typical,)) for row in rows.values()]),
        spot=_pad_rows([np.log(np.array(row.get("spot_mm", ())) / REFERENCE_SPOT_MM) for row in rows.values()]),
        ways=_pad_rows([np.log(share) for share in shares], -np.inf),
        has_dose=np.array(["over_computed" in row for row in rows.values()]),
        weight=np.array([weights[name] for name in rows]),
        has_count=np.array([name in counted for name in rows]),
        is_threshold=np.array([row["kind"] == "begins" for row in rows.values()]),
        harmed=np.array([float(row["harmed"]) for row in rows.values()]),
        treated=np.array([float(row["of"]) for row in rows.values()]),
        sessions=np.array([float(row["sessions"]) for row in rows.values()]),
    )


def _rows_with_counts(rows: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return the rows whose counts are used: of several harms of the same people the most frequent one."""
    most: dict[tuple[str, int], str] = {}
    for name, row in rows.items():
        if row["kind"] == "counted":
            people = row["source"], row["of"]
            if people not in most or rows[most[people]]["harmed"] < row["harmed"]:
                most[people] = name
    return set(most.values())


def _row_weights(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Return the weight of each row's dose as a choice of clinics; a repeated setting of a source counts once."""
    seen: dict[tuple[Any, ...], str] = {}
    for name, row in rows.items():
        if row.get("given"):
            seen.setdefault((row["source"], row["family"], row["phototype"], *row["over_computed"]), name)
    row_counts: dict[str, int] = {}
    for name in seen.values():
        row_counts[rows[name]["source"]] = row_counts.get(rows[name]["source"], 0) + 1
    most = float(load_package_table("data/practice.toml")["given"]["rows_of_a_source"]["value"])
    shared = set(seen.values())
    return {name: min(1.0, most / row_counts[row["source"]]) if name in shared else 0.0 for name, row in rows.items()}


def _pad_rows(rows: list[Any], blank: float = 0.0) -> Floats:
    """Return rows of different lengths as one array, (row, way)."""
    padded = np.full((len(rows), max(1, *(len(row) for row in rows))), blank)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded


_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
PERSON_POINTS: Final[Floats] = _POINTS  # how people of a row differ, in standard deviations: z of (practice 5)
PERSON_WEIGHTS: Final[Floats] = _WEIGHTS / _WEIGHTS.sum()
SMALL: Final = 1e-9
_LOG_OF_ZERO: Final = -1e3  # logarithm of the share of a missing way


def threshold_log_sd() -> float:
    """Return the standard deviation of the logarithm of a dose at which harm begins."""
    return float(np.log(load_package_table("data/practice.toml")["threshold"]["known_to"]["value"]))


def build_model(observations: Observations, included: np.ndarray[Any, np.dtype[np.bool_]]) -> Any:
    """Return the PyMC model of the rows of the included sources.

    Parameters
    ----------
    included : (source,) whether a source is included; the others add nothing to the likelihood.
    """
    import pymc as pm
    import pytensor.tensor as pt

    taken = included[observations.source]
    with pm.Model() as model:
        usual = pm.Normal("usual", 0.0, _prior("usual"))
        margin = pm.HalfNormal("margin", _prior("margin"))
        spot = pm.Normal("spot", 0.0, _prior("spot"))
        family = pm.Normal("family", 0.0, _prior("family"), shape=len(LASER_FAMILIES))
        chosen = pm.HalfNormal("chosen", _prior("chosen"))
        rows = pm.HalfNormal("rows", _prior("rows"))
        clinics = pm.HalfNormal("clinics", _prior("clinics"))
        followed = pm.Beta("followed", _prior("followed"), _prior("followed"))
        people = pm.LogNormal("people", np.log(_prior("people")), _prior("people_ln"))
        lapse = pm.Beta("lapse", 1.0, _prior("lapse"))
        choice = pm.Normal("choice", 0.0, 1.0, shape=len(observations.sources))[observations.source]
        clinic = pm.Normal("clinic", 0.0, 1.0, shape=len(observations.sources))[observations.source]

        bold = observations.over_computed - usual - spot * observations.spot - family[observations.family][:, None]
        given = -0.5 * ((bold - (chosen * choice)[:, None]) / rows) ** 2 - pt.log(rows)
        own = ((1.0 - followed) * chosen * choice - clinics * clinic)[:, None]
        begins = -0.5 * ((bold - margin - own) / threshold_log_sd()) ** 2
        of_ways = (observations.weight * taken)[:, None] * given + (observations.is_threshold & taken)[:, None] * begins

        at = np.flatnonzero(observations.has_count & taken)
        has_dose, harmed = observations.has_dose[at], observations.harmed[at][:, None]
        apart = pt.switch(has_dose, clinics, pt.sqrt(clinics**2 + followed**2 * (chosen**2 + rows**2)))
        above = (apart * clinic[at] - margin)[:, None] + followed * bold[at] * has_dose[:, None]
        of_person = above[:, :, None] + observations.spread[at][:, :, None] * PERSON_POINTS
        p = pt.clip(lapse + (1.0 - lapse) * 0.5 * (1.0 + pt.erf(of_person / people / sqrt(2.0))), SMALL, 1.0 - SMALL)
        spared = pt.dot((1.0 - p) ** observations.sessions[at][:, None, None], PERSON_WEIGHTS)
        counts = (observations.treated[at][:, None] - harmed) * pt.log(spared) + harmed * pt.log1p(-spared)

        shares = np.maximum(observations.ways, _LOG_OF_ZERO)
        pm.Potential("of_rows", pt.logsumexp(shares + pt.inc_subtensor(of_ways[at], counts), axis=1).sum())
    return model


def _prior(name: str) -> float:
    return float(load_package_table("data/practice.toml")["prior"][name]["value"])
