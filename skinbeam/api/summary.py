"""Records of `skinbeam.simulate/1`, which summarise the draws of a simulation, and warnings of too few draws."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.document import DocumentResult
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.value_equality import compared_by_value
from skinbeam.outcome.burn import BurnDoseSummary
from skinbeam.outcome.healing import HealingSummary
from skinbeam.outcome.injury import HarmProbabilities
from skinbeam.simulate.appearance import reading_warnings
from skinbeam.simulate.quantities import CONTOURS
from skinbeam.simulate.scene import PulseScene
from skinbeam.simulate.skins.ensemble import SampledQuantities, effective_draws, summarise_draws, weighted_probability
from skinbeam.text import DocumentWarning, Message, render_message

__all__ = [
    "AblationSummary",
    "CoolingSummary",
    "DamageContour",
    "DamageSummary",
    "DrawSummaries",
    "LightSummary",
    "MicrolesionSummary",
    "Simulation",
    "TemperatureSummary",
    "VesselDamage",
    "VesselTemperature",
    "draw_warnings",
]

Floats = NDArray[np.float64]

VesselT = TypeVar("VesselT", "VesselTemperature", "VesselDamage")

_PROBABILITY_KEYS = ("p_closed", "p_closed_agah", "p_ruptured", "p_melanosome_disrupted", "p_breakdown")


@dataclass(frozen=True)
class LightSummary:
    """Reflectance and absorbed fraction of the light, by layer, and its reach into the skin."""

    reflectance: Value
    absorbed: Mapping[str, Value] | Unknown
    fluence_rate_ratio_peak: Value
    penetration_depth_um: Value


@dataclass(frozen=True)
class VesselTemperature:
    """Peaks in a vessel, in °C; None where the quantity was not computed."""

    lumen_peak: Value | None
    lumen_peak_unheated: Value | None
    wall_peak: Value | None


@dataclass(frozen=True)
class TemperatureSummary:
    """Extremes of temperature in °C, of the surface, the basal layer and each vessel."""

    surface_peak: Value
    surface_minimum: Value
    basal_peak: Value
    vessels: tuple[VesselTemperature, ...]


@dataclass(frozen=True)
class VesselDamage:
    """Damage of a vessel; None where the quantity was not computed. `agah` : with the kinetics of the vessel wall."""

    coagulated_fraction: Value | None
    coagulated_fraction_agah: Value | None
    wall_damaged_fraction: Value | None
    p_closed: Value | None
    p_closed_agah: Value | None
    p_ruptured: Value | None


@dataclass(frozen=True)
class DamageContour:
    """Depth and width of the tissue whose damage integral is at least a level."""

    depth_um: Value
    width_um: Value


@dataclass(frozen=True)
class DamageSummary:
    """Thermal and mechanical damage. `contours` : by level of the damage integral. `burn` : doses that burn."""

    epidermis_fraction: Value
    coagulation_depth_um: Value
    coagulation_width_um: Value
    vessels: tuple[VesselDamage, ...]
    p_melanosome_disrupted: Value
    p_breakdown: Value
    contours: Mapping[str, DamageContour]
    burn: BurnDoseSummary | Unknown


@dataclass(frozen=True)
class AblationSummary:
    """The crater of removed tissue, the damage left below it, and the probability of charring."""

    depth_um: Value
    width_um: Value
    residual_damage_um: Value
    p_char: Value


@dataclass(frozen=True)
class MicrolesionSummary:
    """A column of a fractional laser: its crater, its whole depth and width, and what all columns do."""

    ablation_depth_um: Value
    depth_um: Value
    width_um: Value
    coverage_fraction: Value
    bulk_rise_K: Value


@dataclass(frozen=True)
class CoolingSummary:
    """How long a sprayed film stays liquid."""

    film_ms: Value


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Simulation(DocumentResult):
    """One pulse, train or bath on such skins; every group is present, low and high are of the population."""

    schema: ClassVar[str] = "skinbeam.simulate/1"

    light: LightSummary
    temperature_C: TemperatureSummary
    damage: DamageSummary
    ablation: AblationSummary
    microlesion: MicrolesionSummary
    cooling: CoolingSummary
    healing: HealingSummary
    harm: HarmProbabilities


@compared_by_value
@dataclass(frozen=True)
class DrawSummaries:
    """Summaries of quantities of weighted draws, by group of the result.

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

    def simulation(
        self,
        *,
        case_sha256: str,
        seed: int,
        warnings: tuple[DocumentWarning, ...],
        burn: BurnDoseSummary | Unknown,
        healing: HealingSummary,
        harm: HarmProbabilities,
    ) -> Simulation:
        """Return the simulation with these draws; the other arguments are its own fields and those of its damage."""
        return Simulation(
            case_sha256=case_sha256,
            seed=seed,
            warnings=warnings,
            light=self._light(),
            temperature_C=TemperatureSummary(
                **self._values("temperature_C", TemperatureSummary), vessels=self._vessels(VesselTemperature)
            ),
            damage=self._damage(burn),
            ablation=AblationSummary(**self._values("ablation", AblationSummary)),
            microlesion=self._microlesion(),
            cooling=CoolingSummary(self._value_or_reason("cooling.film_ms", "film")),
            healing=healing,
            harm=harm,
        )

    def _light(self) -> LightSummary:
        absorbed = {name: self._value(f"light.absorbed.{index}") for index, name in enumerate(self.layers)}
        return LightSummary(**self._values("light", LightSummary), absorbed=absorbed or self.missing)

    def _damage(self, burn: BurnDoseSummary | Unknown) -> DamageSummary:
        return DamageSummary(
            **self._values("damage", DamageSummary, apart=("p_breakdown",)),
            vessels=self._vessels(VesselDamage),
            p_breakdown=self._value_or_reason("damage.p_breakdown", "no-beam"),
            contours={
                level: DamageContour(
                    self._value(f"damage.contours.{level}.depth_um"), self._value(f"damage.contours.{level}.width_um")
                )
                for level in CONTOURS
            },
            burn=burn,
        )

    def _microlesion(self) -> MicrolesionSummary:
        names = (field.name for field in fields(MicrolesionSummary))
        return MicrolesionSummary(
            **{name: self._value_or_reason(f"microlesion.{name}", "no-microbeam") for name in names}
        )

    def _values(self, group: str, kind: type, *, apart: Collection[str] = ()) -> dict[str, Value]:
        """Return the plain values of a record, each by the name of its field, without those that are taken apart."""
        names = (field.name for field in fields(kind) if field.type == Value)
        return {name: self._value(f"{group}.{name}") for name in names if name not in apart}

    def _value(self, name: str) -> Value:
        value = self.quantities.get(name, self.missing)
        return value if isinstance(value, Unknown) else self._estimate(name.rsplit(".", 1)[-1], value)

    def _value_or_reason(self, name: str, reason: str) -> Value:
        """Return the value, or why it does not apply."""
        return (
            self._value(name)
            if name in self.quantities
            else self.cause or Unknown(render_message(f"not-apply.{reason}"))
        )

    def _vessels(self, kind: type[VesselT]) -> tuple[VesselT, ...]:
        """Return a record for each vessel; no vessels where none of its quantities was computed."""
        names = [field.name for field in fields(kind)]
        columns = {name: self.quantities[f"vessels.{name}"] for name in names if f"vessels.{name}" in self.quantities}
        counts = [column.shape[1] for column in columns.values() if not isinstance(column, Unknown)]

        def value(name: str, index: int) -> Value | None:
            column = columns.get(name)
            if column is None or isinstance(column, Unknown):
                return column
            return self._estimate(name, column[:, index])

        return tuple(
            kind(**{name: value(name, index) for name in names}) for index in range(counts[0] if counts else 0)
        )

    def _estimate(self, name: str, values: Floats) -> Value:
        if np.isnan(values).any():
            return Unknown(render_message("not-apply.removed"))
        if name in _PROBABILITY_KEYS:
            return weighted_probability(values > 0.5, self.weights, self.basis)
        return summarise_draws(values, self.weights, self.basis)


# Warnings about the draws behind any document.

FEW_DRAWS = 20  # below, fewer than two draws are beyond either end of an interval of 0.8


def draw_warnings(scene: PulseScene, weights: NDArray[np.float64]) -> list[DocumentWarning]:
    """Return warnings if hardly any draw agrees with a reading, or if there are too few draws for an interval."""
    warnings = reading_warnings(scene.skin.reading, weights)
    if effective_draws(weights) < FEW_DRAWS <= weights.size:
        params = {"effective": round(effective_draws(weights), 1), "draws": weights.size}
        warnings.append(DocumentWarning("few-effective-draws", Message("simulate.few-effective-draws", params)))
    return warnings
