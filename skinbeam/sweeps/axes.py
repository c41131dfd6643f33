"""Axes of a sweep: lists, ranges, samples of fields, and virtual patients.

Each place along an axis has one value, or one row of values.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal, TypeGuard

import numpy as np
from pydantic import Field, ValidationError

from skinbeam.evidence.studies.trial_table import trial_arms
from skinbeam.model.case_tables import CaseTables
from skinbeam.model.errors import InputError, spelling_hint
from skinbeam.model.fields import FieldError, InputTable
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import resolve_name

__all__ = [
    "PERSON",
    "SAMPLE",
    "Axis",
    "Distribution",
    "FieldValue",
    "Quantile",
    "count_cases",
    "field_quantile",
    "grid_axis",
    "population_axis",
    "quantile_axis",
]

SAMPLE = "sample"  # name of the axis of sampled fields
MOST_CASES = 10_000_000
_LIST_HINT = 'A list such as [4.0, 6.0], or {from = 1.0, to = 40.0, steps = 12, scale = "log"}.'
_RANGE_HINT = (
    'Such as {from = 1.0, to = 40.0, steps = 12, scale = "log"}: '
    f"from 2 to {MOST_CASES:,} steps, two different ends, and both above 0 on a log scale."
)
_SPACED: Mapping[str, Callable[..., Any]] = {"linear": np.linspace, "log": np.geomspace}
FieldValue = float | int | bool | str
Distribution = Mapping[str, FieldValue | Sequence[FieldValue]]  # of a field: its name and parameters
Quantile = Callable[[float], FieldValue]


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Parameters
    ----------
    name : of the dimension: the varied field, or `sample`.
    fields : dotted paths in the tables of a case.
    rows : at each place the value of every field.
    """

    name: str
    fields: tuple[str, ...]
    rows: tuple[tuple[FieldValue, ...], ...]


def grid_axis(field: str, spec: Any) -> Axis:
    """Return the axis of a field from a list of values, or from `{from, to, steps, scale}`.

    Raises
    ------
    FieldError : the value is neither of them, or a range with invalid steps.
    """
    values = _range_values(spec) if isinstance(spec, Mapping) else spec
    if not isinstance(values, list) or not values or not all(isinstance(v, FieldValue) for v in values):
        kind, hint = ("range", _RANGE_HINT) if isinstance(spec, Mapping) else ("list of values", _LIST_HINT)
        raise FieldError("wrong-value", f"is not a {kind}, read {str(spec)[:80]}", hint, field=f'"{field}"')
    if len(set(values)) < len(values):
        raise FieldError("wrong-value", "names a value twice", "Each value once.", field=f'"{field}"')
    return Axis(field, (field,), tuple((value,) for value in values))


class _AxisRange(InputTable):
    """Evenly spaced values, both ends among them."""

    start: float = Field(alias="from")
    end: float = Field(alias="to")
    steps: int = Field(ge=2, le=MOST_CASES)
    scale: Literal["linear", "log"] = "linear"


def _range_values(written: Any) -> list[float] | None:
    """Return the values of a range; None when it is invalid."""
    try:
        span = _AxisRange.model_validate(written, strict=True)
    except ValidationError:
        return None
    if span.start == span.end or (span.scale == "log" and min(span.start, span.end) <= 0.0):
        return None
    # Rounded to what a file could list, without floating-point noise.
    return [_rounded(value) for value in _SPACED[span.scale](span.start, span.end, span.steps).tolist()]


def quantile_axis(name: str, n: int, seed: int, fields: Mapping[str, Quantile]) -> Axis:
    """Return an axis of `n` rows that fill the space of the fields evenly (scrambled Sobol points).

    Row k is the same whatever `n`, so that a longer sample extends a shorter one.

    Parameters
    ----------
    fields : the quantile function of each field.
    """
    from scipy.stats import qmc

    at = fields.values()
    points = qmc.Sobol(len(at), rng=np.random.default_rng(seed)).random_base2(max(1, math.ceil(math.log2(n))))[:n]
    # Away from the ends, where a normal law has no finite value.
    inside = np.clip(points, 0.5 / (1 << 30), 1.0 - 0.5 / (1 << 30))
    rows = tuple(tuple(f(float(u)) for f, u in zip(at, row, strict=True)) for row in inside)
    return Axis(name, tuple(fields), rows)


def field_quantile(field: str, table: Any) -> Quantile:
    """Return the quantile function of a field's distribution.

    Raises
    ------
    FieldError : the distribution is unknown, or its parameters are wrong.
    """
    keys = dict(table) if isinstance(table, Mapping) else {}
    name = keys.pop("distribution", None)
    if name not in _KINDS:
        near = spelling_hint([str(name)], _KINDS)
        raise FieldError(
            "unknown-word",
            f"is not a distribution, read {str(table)[:80]}",
            f'{near}One of {", ".join(_KINDS)}, such as {{distribution = "uniform", low = 20.0, high = 60.0}}.',
            field=f'"{field}"',
        )
    needs, made = _KINDS[name]
    if set(keys) != set(needs) or not all(_is_number(v) or isinstance(v, list) for v in keys.values()):
        raise FieldError(
            "wrong-value",
            f"is not a {name} distribution, read {str(table)[:80]}",
            f"It takes {' and '.join(needs)}.",
            field=f'"{field}"',
        )
    try:
        return made(**keys)
    except (TypeError, ValueError) as error:
        raise FieldError(
            "wrong-value", f"is not a {name} distribution: {error}", "See the guide.", field=f'"{field}"'
        ) from None


def _uniform_quantile(low: float, high: float) -> Quantile:
    if not low < high:
        raise ValueError("low is not below high")
    return lambda share: _rounded(low + share * (high - low))


def _log_uniform_quantile(low: float, high: float) -> Quantile:
    if not 0.0 < low < high:
        raise ValueError("low is not above zero and below high")
    return lambda share: _rounded(low * (high / low) ** share)


def _normal_quantile(mean: float, sd: float) -> Quantile:
    from scipy.special import ndtri

    if sd <= 0.0:
        raise ValueError("sd is not above zero")
    return lambda share: _rounded(mean + sd * float(ndtri(share)))


def _choice_quantile(values: Sequence[FieldValue]) -> Quantile:
    if not isinstance(values, list) or not values or not all(isinstance(v, FieldValue) for v in values):
        raise ValueError("values is not a list of values")
    return lambda share: values[min(int(share * len(values)), len(values) - 1)]


_KINDS: Mapping[str, tuple[tuple[str, ...], Callable[..., Quantile]]] = {
    "uniform": (("low", "high"), _uniform_quantile),
    "log-uniform": (("low", "high"), _log_uniform_quantile),
    "normal": (("mean", "sd"), _normal_quantile),
    "choice": (("values",), _choice_quantile),
}


def _is_number(read: Any) -> TypeGuard[float]:
    return isinstance(read, int | float) and not isinstance(read, bool) and math.isfinite(read)


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")


def count_cases(axes: Sequence[Axis]) -> int:
    """Return the number of cases.

    Raises
    ------
    InputError : too many.
    """
    cases = math.prod(len(axis.rows) for axis in axes)
    if cases > MOST_CASES:
        raise InputError(
            "too-many-cases",
            f"the axes make {cases:,} cases",
            field="axes",
            hint=f"At most {MOST_CASES:,}; shorten an axis, or draw a sample.",
        )
    return cases


# Virtual patients.

PERSON = "person"  # name of the axis of virtual patients


def population_axis(n: int, seed: int, tables: CaseTables, answer: str) -> Axis:
    """Return the axis of `n` virtual patients: age, sex, colour and site for a plan, else colour and site of the skin.

    Age, sex and colour are drawn from `data/population.toml`, the site by the people in trials of the condition, or of
    any condition where the case names none. Row k is the same whatever `n`.

    Raises
    ------
    InputError : a plan of several concerns: there are no data on which concerns occur together.
    """
    table = load_package_table("data/population.toml")
    colour, quantiles = "skin.ita_deg", table["ita_deg"]["quantiles"]
    fields: dict[str, Quantile] = {}
    site, condition = "skin.site", None
    if answer == "consult":
        concerns = tables.root.get("concern", ())
        if len(concerns) != 1:
            raise InputError(
                "wrong-value",
                f"{len(concerns)} concerns, and nobody counted which come together",
                field="population",
                hint="A case with one concern, or [sample] with distributions of your own.",
            )
        condition = resolve_name("condition", str(concerns[0].get("condition", "")), field="concern[0].condition")
        colour, site = "patient.ita_deg", "concern.0.site"
        age = table["age_years"]
        fields["patient.age_years"] = _grouped_quantile([*age["from"], age["to"][-1]], age["share"])
        fields["patient.sex"] = _weighted_choice(table["sex"]["words"], table["sex"]["share"])
    fields[colour] = _grouped_quantile(quantiles, [1] * (len(quantiles) - 1))
    sites = _site_weights(condition)
    fields[site] = _weighted_choice(list(sites), list(sites.values()))
    return quantile_axis(PERSON, n, seed, fields)


def _site_weights(condition: str | None) -> dict[str, float]:
    """Return how many people in trials were treated at each site; an arm with several sites is divided equally."""
    people: dict[str, float] = defaultdict(float)
    for arm in trial_arms():
        if arm.sites and arm.patients and condition in (None, arm.condition):
            for site in arm.sites:
                people[site] += arm.patients / len(arm.sites)
    if not people:
        raise InputError(
            "wrong-value",
            f'no trial says where people with "{condition}" were treated',
            field="population",
            hint='[axes] with "concern.0.site".',
        )
    return dict(sorted(people.items()))


def _weighted_choice(words: Sequence[str], weights: Sequence[float]) -> Quantile:
    ends = list(accumulate(weights))
    return lambda share: words[min(bisect_right(ends, share * ends[-1]), len(words) - 1)]


def _grouped_quantile(ends: Sequence[float], weights: Sequence[float]) -> Quantile:
    """Return the quantile function of a distribution in adjacent groups, uniform within each, rounded to a tenth."""
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    return lambda share: round(float(np.interp(share * sums[-1], sums, ends)), 1)
