"""Summarise the draws of a simulation into groups of values of `skinbeam.simulate/1`, and warn of too few draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Unknown, Value
from skinbeam.simulate.appearance import reading_warnings
from skinbeam.simulate.quantities import CONTOURS, VESSEL_DAMAGE
from skinbeam.simulate.scene import PulseScene
from skinbeam.simulate.skins.ensemble import SampledQuantities, effective_draws, summarise_draws, weighted_probability
from skinbeam.text import render_message

__all__ = [
    "SimulationSummary",
    "draw_warnings",
]

Floats = NDArray[np.float64]

_PROBABILITY_KEYS = ("p_closed", "p_closed_agah", "p_ruptured", "p_melanosome_disrupted", "p_breakdown")


@dataclass(frozen=True)
class SimulationSummary:
    """Quantities of weighted draws, summarised into the groups of the document.

    Parameters
    ----------
    quantities : mapping of name, `group.quantity`, to values (sample,) or (sample, vessel), or to why there are none.
    weights : (sample,).
    layers : names, in the order of `light.absorbed.0`, `light.absorbed.1`, ...
    basis : source keys.
    missing : used for quantities that were not computed.
    cause : why nothing was computed; None if something was computed.
    """

    quantities: SampledQuantities
    weights: Floats
    layers: Sequence[str]
    basis: Sequence[str]
    missing: Unknown
    cause: Unknown | None = None

    def body(self) -> dict[str, Any]:
        """Return the groups of the document, except healing and harm."""
        return {
            "light": self._light(),
            "temperature_C": self._temperature(),
            "damage": self._damage(),
            "ablation": self._group_values("ablation", "depth_um", "width_um", "residual_damage_um", "p_char"),
            "microlesion": {
                name: self._value_or_reason(f"microlesion.{name}", "no-microbeam")
                for name in ("ablation_depth_um", "depth_um", "width_um", "coverage_fraction", "bulk_rise_K")
            },
            "cooling": {"film_ms": self._value_or_reason("cooling.film_ms", "film")},
        }

    def _light(self) -> dict[str, Any]:
        absorbed = {name: self._value(f"light.absorbed.{index}") for index, name in enumerate(self.layers)}
        return {
            "reflectance": self._value("light.reflectance"),
            "absorbed": absorbed or self.missing,
            **self._group_values("light", "fluence_rate_ratio_peak", "penetration_depth_um"),
        }

    def _temperature(self) -> dict[str, Any]:
        return {
            **self._group_values("temperature_C", "surface_peak", "surface_minimum", "basal_peak"),
            "vessels": self._vessel_values("lumen_peak", "lumen_peak_unheated", "wall_peak"),
        }

    def _damage(self) -> dict[str, Any]:
        return {
            **self._group_values("damage", "epidermis_fraction", "coagulation_depth_um", "coagulation_width_um"),
            "vessels": self._vessel_values(*VESSEL_DAMAGE),
            "p_melanosome_disrupted": self._value("damage.p_melanosome_disrupted"),
            "p_breakdown": self._value_or_reason("damage.p_breakdown", "no-beam"),
            "contours": {
                level: self._group_values(f"damage.contours.{level}", "depth_um", "width_um") for level in CONTOURS
            },
        }

    def _group_values(self, group: str, *names: str) -> dict[str, Value]:
        return {name: self._value(f"{group}.{name}") for name in names}

    def _value(self, name: str) -> Value:
        found = self.quantities.get(name, self.missing)
        return found if isinstance(found, Unknown) else self._estimate(name.rsplit(".", 1)[-1], found)

    def _value_or_reason(self, name: str, reason: str) -> Value:
        """Return the value, or why it does not apply."""
        return (
            self._value(name)
            if name in self.quantities
            else self.cause or Unknown(render_message(f"not-apply.{reason}"))
        )

    def _vessel_values(self, *names: str) -> list[dict[str, Value]]:
        columns = {name: self.quantities[f"vessels.{name}"] for name in names if f"vessels.{name}" in self.quantities}
        counts = [column.shape[1] for column in columns.values() if not isinstance(column, Unknown)]

        def one(index: int) -> dict[str, Value]:
            return {
                name: column if isinstance(column, Unknown) else self._estimate(name, column[:, index])
                for name, column in columns.items()
            }

        return [one(index) for index in range(counts[0] if counts else 0)]

    def _estimate(self, name: str, values: Floats) -> Value:
        if np.isnan(values).any():
            return Unknown(render_message("not-apply.removed"))
        if name in _PROBABILITY_KEYS:
            return weighted_probability(values > 0.5, self.weights, self.basis)
        return summarise_draws(values, self.weights, self.basis)


# Warnings about the draws behind any document.

FEW_DRAWS = 20  # below, fewer than two draws are beyond either end of an interval of 0.8


def draw_warnings(scene: PulseScene, weights: NDArray[np.float64]) -> list[dict[str, str]]:
    """Return warnings if hardly any draw agrees with a reading, or if there are too few draws for an interval."""
    warnings = reading_warnings(scene.skin.reading, weights)
    if effective_draws(weights) < FEW_DRAWS <= weights.size:
        params = {"effective": round(effective_draws(weights), 1), "draws": weights.size}
        warnings.append(
            {"code": "few-effective-draws", "message": render_message("simulate.few-effective-draws", params)}
        )
    return warnings
