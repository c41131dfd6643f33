"""The cooling that was used at an area or at a test spot, and how it differs from what the plan was computed with.

Kinds and settings have the names of `[cooling]` in a case file. Gel and ice are kinds beside them, which the model of
heat does not know. A plan counts on one kind; what was used beside it is recorded by its kind.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import ClassVar

from pydantic import ConfigDict, model_serializer

from skinbeam.plan_records.course import DeviceSetup

__all__ = [
    "COOLING_SETTINGS",
    "CoolingChange",
    "CoolingKind",
    "UsedCooling",
    "find_cooling_change",
    "planned_cooling",
]


class CoolingKind(StrEnum):
    """A kind of cooling; the model of heat knows all but gel and ice."""

    NONE = "none"
    CONTACT = "contact"
    SPRAY = "spray"
    AIR = "air"
    GEL = "gel"
    ICE = "ice"

    @property
    def is_modelled(self) -> bool:
        """Whether the model of heat knows it."""
        return self not in (CoolingKind.GEL, CoolingKind.ICE)


class CoolingChange(StrEnum):
    """How the cooling that was used differs from the planned one."""

    OMITTED = "omitted"
    OTHER = "other"
    WEAKER = "weaker"
    STRONGER = "stronger"
    ADDED = "added"  # the plan counts on none

    @property
    def needs_reason(self) -> bool:
        """Whether the skin may get hotter than the plan was checked for."""
        return self in (CoolingChange.OMITTED, CoolingChange.OTHER, CoolingChange.WEAKER)

    @property
    def may_protect_more(self) -> bool:
        """Whether the skin may have been spared by it, so that skin without a reaction says nothing of the planned
        cooling."""
        return self in (CoolingChange.OTHER, CoolingChange.STRONGER, CoolingChange.ADDED)


@dataclass(frozen=True, kw_only=True)
class UsedCooling:
    """A kind of cooling with those of its settings that are known.

    Parameters
    ----------
    temperature_C : of the plate, the liquid or the air.
    before_ms, after_ms : how long it cools before and after the pulse.
    delay_ms : from its end to the pulse.
    also : further kinds that were used beside it, such as cold air beside a plate. The model of heat has one kind, so
        they are no more than told, and taken for more cooling than with the one.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")  # a setting that is not known is not lost

    kind: CoolingKind
    temperature_C: float | None = None
    before_ms: float | None = None
    delay_ms: float | None = None
    after_ms: float | None = None
    also: tuple[CoolingKind, ...] = ()

    @model_serializer
    def as_record(self) -> dict[str, float | str | list[str]]:
        """Return what is known, as JSON holds it."""
        beside = {"also": [kind.value for kind in self.also]} if self.also else {}
        return {"kind": self.kind.value, **self.numbers(), **beside}

    def numbers(self) -> dict[str, float]:
        """Return the settings that are known, by name."""
        values = ((name, getattr(self, name)) for name in COOLING_SETTINGS)
        return {name: value for name, value in values if value is not None}


COOLING_SETTINGS = tuple(field.name for field in fields(UsedCooling) if field.name not in ("kind", "also"))


def planned_cooling(setup: DeviceSetup) -> UsedCooling:
    """Return the cooling that a plan counts on."""
    setting = setup.settings.cooling
    if setting is None:
        return UsedCooling(kind=CoolingKind.NONE)
    return UsedCooling(kind=CoolingKind(setting.kind), **{name: getattr(setting, name) for name in COOLING_SETTINGS})


# +1 where more of a setting cools more, -1 where less does.
_COOLING_DIRECTION = {"temperature_C": -1, "before_ms": 1, "delay_ms": -1, "after_ms": 1}
_SAME_VALUE = 1e-6  # relative: the same number, read as a decimal


def find_cooling_change(planned: UsedCooling | None, used: UsedCooling | None) -> CoolingChange | None:
    """Return how the cooling differs from the plan; None where it does not, or where one of both is not recorded.

    Of one kind it is weaker as soon as one of its settings cools less: what another gives in return is not known. A
    further kind beside the planned one makes it stronger; beside a weaker one it is another cooling, which may leave
    the skin hotter as well as spare it.
    """
    if planned is None or used is None:
        return None
    change = _find_change_of_kind(planned, used)
    if not used.also:
        return change
    if change is None:
        return CoolingChange.STRONGER
    return CoolingChange.OTHER if change is CoolingChange.WEAKER else change


def _find_change_of_kind(planned: UsedCooling, used: UsedCooling) -> CoolingChange | None:
    """Return how the cooling differs from the plan, whatever was used beside it."""
    if used.kind is not planned.kind:
        if used.kind is CoolingKind.NONE:
            return CoolingChange.OMITTED
        return CoolingChange.ADDED if planned.kind is CoolingKind.NONE else CoolingChange.OTHER
    signs = set(_list_directions(planned.numbers(), used.numbers()))
    if -1 in signs:
        return CoolingChange.WEAKER
    return CoolingChange.STRONGER if signs else None


def _list_directions(planned: dict[str, float], used: dict[str, float]) -> Iterator[int]:
    """Yield +1 for each setting that cools more than planned, and -1 for each that cools less."""
    for name in planned.keys() & used.keys():
        if not math.isclose(used[name], planned[name], rel_tol=_SAME_VALUE):
            yield _COOLING_DIRECTION[name] if used[name] > planned[name] else -_COOLING_DIRECTION[name]
