"""What varies in a sweep: lists, ranges and samples of fields, as axes with one value or one row of values a place."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from skinbeam.errors import InputError, did_you_mean
from skinbeam.schema.fields import FieldFault

__all__ = ["SAMPLE", "Axis", "Quantile", "Value", "check_size", "drawn_axis", "grid_axis", "sample_axis"]

SAMPLE = "sample"  # the name of the axis along which sampled fields vary together
MOST_CASES = 10_000_000
_RANGE_KEYS = {"from", "to", "steps", "scale"}
_SPACED: Mapping[str, Callable[..., Any]] = {"linear": np.linspace, "log": np.geomspace}
Value = float | int | bool | str
Quantile = Callable[[float], Value]


@dataclass(frozen=True)
class Axis:
    """One dimension of a sweep.

    Parameters
    ----------
    name : of the dimension: the field that varies, or `sample`.
    fields : dotted paths in the tables of a case.
    rows : at each place the value of every field.
    """

    name: str
    fields: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def grid_axis(field: str, told: Any) -> Axis:
    """Return the axis of a field from a list of values, or from `{from, to, steps, scale}`.

    Raises
    ------
    FieldFault : neither of them, or a range that has no such steps.
    """
    values = _of_range(told) if isinstance(told, Mapping) else told
    if not isinstance(values, list) or not values or not all(isinstance(v, Value) for v in values):
        raise FieldFault(
            "wrong-value",
            f"is not a list of values, read {str(told)[:80]}",
            'A list such as [4.0, 6.0], or {from = 1.0, to = 40.0, steps = 12, scale = "log"}.',
            field=field,
        )
    if len(set(values)) < len(values):
        raise FieldFault("wrong-value", "names a value twice", "Each value once.", field=field)
    return Axis(field, (field,), tuple((value,) for value in values))


def _of_range(told: Mapping[str, Any]) -> list[float] | None:
    """The values of a range; None when it is none."""
    low, high, steps, scale = told.get("from"), told.get("to"), told.get("steps"), told.get("scale", "linear")
    if set(told) - _RANGE_KEYS or not (_is_number(low) and _is_number(high) and isinstance(steps, int)):
        return None
    if (
        low == high
        or not 2 <= steps <= MOST_CASES
        or scale not in _SPACED
        or (scale == "log" and min(low, high) <= 0.0)
    ):
        return None
    # Such as the file could have listed them: no last digits that only the machine wrote.
    return [_short(value) for value in _SPACED[scale](low, high, steps).tolist()]


def sample_axis(n: int, seed: int, fields: Mapping[str, Any]) -> Axis:
    """Return the axis of `n` rows that fill the space of the distributions evenly (scrambled Sobol points).

    Row k is the same whatever `n`, so that a longer sample goes on with a shorter one.

    Raises
    ------
    FieldFault : a distribution that is not known, or without what it needs.
    """
    return drawn_axis(SAMPLE, n, seed, {field: _quantile(field, told) for field, told in fields.items()})


def drawn_axis(name: str, n: int, seed: int, fields: Mapping[str, Quantile]) -> Axis:
    """Return an axis of `n` rows that fill the space of the fields evenly, each with the value at a share from 0 to 1.

    Row k is the same whatever `n`.
    """
    from scipy.stats import qmc

    at = fields.values()
    points = qmc.Sobol(len(at), rng=np.random.default_rng(seed)).random_base2(max(1, math.ceil(math.log2(n))))[:n]
    # Away from the ends, where a normal law has no finite value.
    inside = np.clip(points, 0.5 / (1 << 30), 1.0 - 0.5 / (1 << 30))
    rows = tuple(tuple(f(float(u)) for f, u in zip(at, row, strict=True)) for row in inside)
    return Axis(name, tuple(fields), rows)


def _quantile(field: str, told: Any) -> Quantile:
    """The value of a field at each share of its distribution."""
    keys = dict(told) if isinstance(told, Mapping) else {}
    name = keys.pop("distribution", None)
    if name not in _KINDS:
        near = did_you_mean([str(name)], _KINDS)
        raise FieldFault(
            "unknown-word",
            f"is not a distribution, read {str(told)[:80]}",
            f'{near}One of {", ".join(_KINDS)}, such as {{distribution = "uniform", low = 20.0, high = 60.0}}.',
            field=field,
        )
    needs, made = _KINDS[name]
    if set(keys) != set(needs) or not all(_is_number(v) or isinstance(v, list) for v in keys.values()):
        raise FieldFault(
            "wrong-value",
            f"is not a {name} distribution, read {str(told)[:80]}",
            f"It takes {' and '.join(needs)}.",
            field=field,
        )
    try:
        return made(**keys)
    except (TypeError, ValueError) as error:
        raise FieldFault(
            "wrong-value", f"is not a {name} distribution: {error}", "See the guide.", field=field
        ) from None


def _uniform(low: float, high: float) -> Quantile:
    if not low < high:
        raise ValueError("low is not below high")
    return lambda share: _short(low + share * (high - low))


def _log_uniform(low: float, high: float) -> Quantile:
    if not 0.0 < low < high:
        raise ValueError("low is not above zero and below high")
    return lambda share: _short(low * (high / low) ** share)


def _normal(mean: float, sd: float) -> Quantile:
    from scipy.special import ndtri

    if sd <= 0.0:
        raise ValueError("sd is not above zero")
    return lambda share: _short(mean + sd * float(ndtri(share)))


def _one_of(values: Sequence[Value]) -> Quantile:
    if not isinstance(values, list) or not values or not all(isinstance(v, Value) for v in values):
        raise ValueError("values is not a list of values")
    return lambda share: values[min(int(share * len(values)), len(values) - 1)]


_KINDS: Mapping[str, tuple[tuple[str, ...], Callable[..., Quantile]]] = {
    "uniform": (("low", "high"), _uniform),
    "log-uniform": (("low", "high"), _log_uniform),
    "normal": (("mean", "sd"), _normal),
    "choice": (("values",), _one_of),
}


def _is_number(read: Any) -> TypeGuard[float]:
    return isinstance(read, int | float) and not isinstance(read, bool) and math.isfinite(read)


def _short(value: float) -> float:
    return float(f"{value:.12g}")


def check_size(axes: Sequence[Axis]) -> int:
    """Return how many cases there are.

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
