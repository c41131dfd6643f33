"""Records of a setting that plans and their documents show: its cooling, its limits, and the target of the light."""

from dataclasses import dataclass
from typing import Literal

from skinbeam.model.estimate import Value
from skinbeam.text import Message

__all__ = ["CoolingSetting", "LimitCheck", "LimitStatus", "Target", "TargetValue"]

LimitStatus = Literal["met", "warn", "not_met", "unknown"]


@dataclass(frozen=True, kw_only=True)
class CoolingSetting:
    """The cooling that a plan was computed with, with the field names of the case file."""

    kind: str
    cryogen: str | None = None
    before_ms: float | None = None
    delay_ms: float | None = None
    after_ms: float | None = None
    during: bool | None = None
    temperature_C: float
    coefficient_W_m2K: float


@dataclass(frozen=True)
class TargetValue:
    """A depth, size or ratio of a target as its source gives it, in the unit of the field's name."""

    value: float
    low: float
    high: float
    distribution: str
    conditions: str
    source: str


@dataclass(frozen=True)
class Target:
    """The target of a laser; its chromophore is None where nothing that absorbs light is known."""

    definition: Message
    chromophore: str | None = None
    layer: str | None = None
    depth_um: TargetValue | None = None
    size_um: TargetValue | None = None
    melanin_ratio: TargetValue | None = None


@dataclass(frozen=True)
class LimitCheck:
    """The check of a limit on the simulated skins.

    Parameters
    ----------
    quantity : its name, which contains the unit of `value`, `warn` and `stop`.
    share, share_required : of the skins that met it, and of those that have to.
    """

    id: str
    quantity: str
    status: LimitStatus
    share: float
    share_required: float
    value: Value
    warn: float
    stop: float
    text: Message
    source: str
