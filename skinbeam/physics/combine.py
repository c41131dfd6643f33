"""One damage from several processes: a list of first-order processes, and a rule for their rates.

    independent:  k = k1 + k2 + ...            any of them is enough, Omegas add                (combine 1)
    limiting:     1 / k = 1 / k1 + 1 / k2 + ...    each has to happen, the slowest sets the pace    (combine 2)

The second is the form of two limiting processes, one for long and one for very short heating (Lukac et al.). Their
parameters were never published where we could read them, so no plan uses it: it is for those who bring their own.
Temperature is linear within a step. The sum is exact; the other rule is integrated with four Gauss points in parts of a
step so short that no rate changes by more than a factor of e, which leaves less than 1e-8 of the rate.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skinbeam.errors import unknown_name
from skinbeam.physics.damage import Kinetics, kinetics, omega
from skinbeam.units import GAS_CONSTANT_J_MOL_K

__all__ = ["RULES", "Combination", "combination", "combined_omega"]

Array = NDArray[np.float64]
NODES: Final = 4


@dataclass(frozen=True)
class Combination:
    """Processes and the name of the rule, one of `RULES`."""

    parts: tuple[Kinetics, ...]
    rule: str


def combination(*names: str, rule: str = "independent") -> Combination:
    """Return sets of `data/tissue/kinetics.toml` under a rule, both by name.

    Raises
    ------
    InputError : no such set or rule; the nearest is named.
    """
    if rule not in RULES:
        raise unknown_name("rule", rule, RULES, field="rule")
    return Combination(tuple(kinetics(name) for name in names), rule)


def combined_omega(history_K: ArrayLike, step_s: ArrayLike, combined: Combination) -> Array:
    """Return Omega of several processes at the end of a history; arguments and shapes as of `damage.omega`."""
    return RULES[combined.rule](np.asarray(history_K, dtype=np.float64), np.asarray(step_s, float), combined.parts)


def _independent(history: Array, step_s: Array, parts: tuple[Kinetics, ...]) -> Array:
    return np.asarray(sum(omega(history, step_s, part) for part in parts))


def _limiting(history: Array, step_s: Array, parts: tuple[Kinetics, ...]) -> Array:
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    total = np.zeros(history[:, 0].shape)
    for n, step in enumerate(step_s):
        before, after = history[:, n], history[:, n + 1]
        pieces = _pieces(before, after, parts)
        for piece in range(pieces):
            for node, weight in zip(nodes, weights, strict=True):
                share = (piece + 0.5 * (1 + node)) / pieces
                rate = _slowest(before + share * (after - before), parts)
                total += 0.5 * weight * step / pieces * rate
    return total


def _pieces(before: Array, after: Array, parts: tuple[Kinetics, ...]) -> int:
    """Parts of a step in which no exponent changes by more than one."""
    steepest = max(float(np.max(part.activation_J_mol)) for part in parts) / GAS_CONSTANT_J_MOL_K
    return max(1, int(np.ceil(steepest * np.max(np.abs(1 / before - 1 / after), initial=0.0))))


def _slowest(temperature: Array, parts: tuple[Kinetics, ...]) -> Array:
    """1 / (1/k1 + 1/k2 + ...), 0 where one of them does not run."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / sum(1 / _rate(temperature, part) for part in parts))


def _rate(temperature: Array, part: Kinetics) -> Array:
    """Rate of one set, 1/s, in the shape of the temperatures, (sample,) or (sample, cell)."""
    shape = (-1, *([1] * (temperature.ndim - 1)))
    rate = np.zeros(temperature.shape)
    for p in range(np.shape(part.frequency_1_s)[-1]):
        a, ea, low, high = (
            np.reshape(values[..., p], shape)
            for values in (part.frequency_1_s, part.activation_J_mol, part.low_K, part.high_K)
        )
        runs = (temperature >= low) & (temperature < high)
        rate += np.where(runs, a * np.exp(-ea / (GAS_CONSTANT_J_MOL_K * temperature)), 0.0)
    return rate


RULES: Final[Mapping[str, Callable[[Array, Array, tuple[Kinetics, ...]], Array]]] = {
    "independent": _independent,
    "limiting": _limiting,
}
