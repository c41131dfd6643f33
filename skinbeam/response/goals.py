"""Define the physical target of a modality for a concern, and what a laser can and cannot do about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from skinbeam.evidence.guideline.device_classes import default_subtype
from skinbeam.model.case import Case
from skinbeam.model.conditions import (
    AlternativeUse,
    ConditionTarget,
    LaserFit,
    LaserUse,
    known_conditions,
    known_modalities,
    known_sites,
)
from skinbeam.model.consultation import Concern
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import SourcedValue, cite_sources
from skinbeam.model.units import UM
from skinbeam.model.vocabulary import COLUMN_MODALITIES, SEVERITIES, SURFACE_MODALITIES, severity_range
from skinbeam.response.limits import aims_by_severity
from skinbeam.response.records import Target, TargetValue
from skinbeam.skin.vessels import VesselPopulation
from skinbeam.suitability.bounds import NO_BOUNDS, RuleBounds
from skinbeam.text import Message, render_message

__all__ = [
    "LESION_BY_CONDITION",
    "MIDDLE",
    "Alternative",
    "ModalityRefusal",
    "TreatmentGoal",
    "case_lasers",
    "concern_lasers",
    "condition_vessels",
    "is_field_pigment",
    "is_for_kinds",
    "kind_names",
    "laser_abilities",
    "laser_choices",
    "laser_use",
    "list_alternatives",
    "target_record",
    "treatment_goal",
    "unknown_depth",
]

Floats = NDArray[np.float64]

# The lesion that represents a condition in a simulated skin; no source gives how much darker the others are.
LESION_BY_CONDITION: Final[Mapping[str, str]] = {
    "age-spots": "lentigo",
    "freckles": "freckle",
}


MIDDLE: Final = 0.5


@dataclass(frozen=True)
class TreatmentGoal:
    """The physical target of a modality for a concern.

    Parameters
    ----------
    endpoint : name of an endpoint of `skinbeam threshold`.
    location : skin, lesion or vessel.
    zone_m : top and bottom of the zone that columns or an ablated field have to reach; zeros where depth is not the
        goal.
    aim_fraction : depth in the zone that half of such skins are to reach, from 0 at its top to 1 at its bottom.
    severity_fraction : the same as the severity alone asks for, whatever rules bound the energy; by it skins count as
        reached, so that a probability means the same in every colour.
    bounds : bounds of the rules on its settings.
    subtypes : kinds of the condition in the case; empty for all.
    """

    condition: str
    modality: str
    endpoint: str
    location: str
    zone_m: tuple[float, float]
    aim_fraction: float
    severity_fraction: float
    bounds: RuleBounds = NO_BOUNDS
    subtypes: tuple[str, ...] = ()

    @property
    def uses_columns(self) -> bool:
        """Whether microbeams reach it and leave skin between them."""
        return self.modality in COLUMN_MODALITIES

    @property
    def is_limited_by_depth(self) -> bool:
        """Whether its limit is one of depth."""
        return self.modality in SURFACE_MODALITIES

    @property
    def fades_field_pigment(self) -> bool:
        """Whether it fades the colour of a whole field, where target and skin to spare are the same."""
        return is_field_pigment(self.modality, self.condition)

    def column_depths_m(self, above_fat_m: Floats) -> tuple[Floats, Floats]:
        """Return the depth from which on a column counts, and the depth aimed at in half of them, (sample,) both.

        Up to the middle of the zone the depth that the severity asks for counts; where it asks for more, the middle.

        Parameters
        ----------
        above_fat_m : thickness of epidermis and dermis, (sample,); in thin skin the zone ends with it.
        """
        top = np.minimum(self.zone_m[0], above_fat_m)
        zone = np.minimum(self.zone_m[1], above_fat_m) - top
        return np.asarray(top + min(self.severity_fraction, MIDDLE) * zone), np.asarray(top + self.aim_fraction * zone)

    def field_depth_m(self, epidermis_m: Floats, most_m: Floats) -> Floats:
        """Return the depth aimed at in half of ablated fields, (sample,): below the epidermis, above `most_m`."""
        zone = np.maximum(np.minimum(self.zone_m[1], most_m) - epidermis_m, 0.0)
        return np.asarray(epidermis_m + self.aim_fraction * zone)


@dataclass(frozen=True)
class ModalityRefusal:
    """A modality that is not offered for a condition or site, with the reason."""

    modality: str
    message: Message
    source: str


@dataclass(frozen=True)
class Alternative:
    """A treatment without a laser, how it is used, and the source of both."""

    modality: str
    use: LaserUse
    source: str


def laser_choices(condition: str, site: str, subtypes: Sequence[str] = ()) -> tuple[list[str], list[ModalityRefusal]]:
    """Return the laser modalities for kinds of a condition at a site, and the refused ones with reasons.

    Parameters
    ----------
    subtypes : kinds in the case; without any, the usual kind of the condition.
    """
    offered, refused = [], []
    for modality, choice in known_conditions()[condition].lasers.items():
        treatment = known_modalities()[modality]
        is_meant = is_for_kinds(choice, condition, subtypes)
        if not is_meant and not subtypes:
            continue  # of a kind that nobody named
        cite_sources(choice.source)
        if not is_meant:
            refused.append(ModalityRefusal(modality, _other_kinds(choice, condition, subtypes), choice.source))
        elif choice.reason_id is not None:
            refused.append(ModalityRefusal(modality, Message(choice.reason_id), choice.source))
        elif site in treatment.not_at and treatment.source is not None:
            message = Message("plan.not-at-site", {"site": known_sites()[site].title})
            refused.append(ModalityRefusal(modality, message, treatment.source))
        else:
            offered.append((choice.use != "usual", modality))
    return [modality for _, modality in sorted(offered, key=lambda item: item[0])], refused


def concern_lasers(concern: Concern) -> list[str]:
    """Return the laser modalities for a concern."""
    return laser_choices(concern.condition, concern.site, concern.subtypes)[0]


def case_lasers(case: Case) -> dict[str, list[str]]:
    """Return the laser modalities of each condition of a case, for all kinds and sites that it has there."""
    lasers: dict[str, list[str]] = {}
    for concern in case.concern:
        lasers[concern.condition] = list(dict.fromkeys((*lasers.get(concern.condition, ()), *concern_lasers(concern))))
    return lasers


def is_for_kinds(choice: LaserFit | AlternativeUse, condition: str, subtypes: Sequence[str]) -> bool:
    """Return whether a treatment is for any of the stated kinds of a condition; without any, for its usual kind."""
    kinds = known_conditions()[condition].kinds_for(choice)
    return not kinds or bool(set(kinds) & set(subtypes or (default_subtype(condition),)))


def _other_kinds(choice: LaserFit, condition: str, stated: Sequence[str]) -> Message:
    """Return the message that a treatment is for other kinds than those stated."""
    kinds = known_conditions()[condition].kinds_for(choice)
    return Message("plan.other-kinds", {"kinds": kind_names(kinds), "stated": kind_names(stated)})


def kind_names(kinds: Sequence[str]) -> list[Message]:
    """Return the kinds of a condition as they are named within a sentence."""
    return [Message(f"guideline-subtype.{kind}") for kind in kinds]


def is_field_pigment(modality: str, condition: str) -> bool:
    """Return whether a laser fades the colour of a whole field with gentle short pulses, and whitens no spot."""
    return modality == "pigment-short-pulse" and condition not in LESION_BY_CONDITION


def treatment_goal(
    condition: str,
    modality: str,
    severity: str | None = None,
    bounds: RuleBounds = NO_BOUNDS,
    subtypes: Sequence[str] = (),
) -> TreatmentGoal:
    """Return the target of `modality` for `condition`, the deeper the more severe, within the bounds of rules."""
    entry = known_modalities()[modality]
    depths = (target.depth_um for target in known_conditions()[condition].targets)
    depth = next((known for known in depths if known is not None), None)
    if depth is not None:
        cite_sources(depth.source)
    zone_m = (0.0, 0.0)
    if depth is not None and modality in SURFACE_MODALITIES:
        # The ends of a uniform range are those of a zone; any other spread is the uncertainty of one depth.
        ends = (depth.low, depth.high) if depth.distribution == "uniform" else (depth.value, depth.value)
        zone_m = (ends[0] * UM, ends[1] * UM)
    aimed = _severity_fraction(modality, severity)
    return TreatmentGoal(
        condition,
        modality,
        entry.endpoint,
        entry.location,
        zone_m,
        # In the zone's upper part where rules bound the energy of columns.
        min(aimed, _severity_fraction(modality, SEVERITIES[0])) if bounds.bounds_energy else aimed,
        aimed,
        bounds,
        tuple(subtypes),
    )


def _severity_fraction(modality: str, severity: str | None) -> float:
    """Return the aimed depth in the zone as a fraction, by severity."""
    aims = aims_by_severity("columns" if modality in COLUMN_MODALITIES else "field")
    low, high = (2, 2) if severity is None else severity_range(severity)
    return (aims[low - 1] + aims[high - 1]) / 2


def condition_vessels(condition: str, subtypes: Sequence[str] = ()) -> VesselPopulation:
    """Return the vessels of a condition as described; those without a depth are in the upper plexus.

    Parameters
    ----------
    subtypes : kinds in the case, which have the vessels described for them, in equal shares; without any, the usual
        ones.

    Raises
    ------
    NotAvailable : their size is not known.
    """
    parts = []
    for target in _condition_targets(condition, subtypes):
        if target.chromophore == "blood" and target.size_um is not None:
            size, depth = target.size_um, target.depth_um
            cite_sources(*(value.source for value in (size, depth) if value is not None))
            parts.append((1.0, size, depth))
    if not parts:
        raise NotAvailable(render_message("plan.no-vessel-size"))
    return VesselPopulation(" and ".join((condition, *subtypes)), tuple(parts))


def _condition_targets(condition: str, subtypes: Sequence[str]) -> tuple[ConditionTarget, ...]:
    """Return the targets of the stated kinds: those described for them, and the usual ones where a kind has none."""
    every = known_conditions()[condition].targets
    special = tuple(target for target in every if set(target.subtypes) & set(subtypes))
    described = {kind for target in special for kind in target.subtypes}
    usual = tuple(target for target in every if not target.subtypes)
    if not subtypes:
        return usual or every
    return special if described >= set(subtypes) else (*usual, *special)


def unknown_depth(condition: str, modality: str, subtypes: Sequence[str]) -> Unknown | None:
    """Return why it is not known how deep a treatment of the surface has to reach; None where it is.

    Where it is known of some kinds of a condition alone, a concern of none but others aims at the depth of those, and
    nobody knows how many skins that is enough for.
    """
    depths = [target.depth_um for target in known_conditions()[condition].targets if target.depth_um is not None]
    is_described = any(target.depth_um is not None for target in _condition_targets(condition, subtypes))
    if modality not in SURFACE_MODALITIES or not depths or is_described:
        return None
    params = {"kinds": kind_names(subtypes), "low": depths[0].low, "high": depths[0].high}
    return Unknown(render_message("plan.unknown-depth", params))


def target_record(condition: str, subtypes: Sequence[str] = ()) -> Target:
    """Return the target of a condition for a plan: chromophore, layer, depth and size with their ranges."""
    targets = _condition_targets(condition, subtypes)
    definition = Message(f"condition-definition.{condition}")
    if not targets:
        return Target(definition)
    first = targets[0]
    return Target(
        definition,
        first.chromophore,
        first.layer,
        depth_um=_target_value(first.depth_um),
        size_um=_target_value(first.size_um),
        melanin_ratio=_target_value(first.melanin_ratio),
    )


def _target_value(sourced: SourcedValue | None) -> TargetValue | None:
    if sourced is None:
        return None
    cite_sources(sourced.source)
    return TargetValue(
        sourced.value, sourced.low, sourced.high, sourced.distribution, sourced.conditions, sourced.source
    )


def laser_abilities(condition: str) -> tuple[Message, Message]:
    """Return messages on what a laser can do about a condition, and what it cannot."""
    return Message(f"condition-can.{condition}"), Message(f"condition-cannot.{condition}")


def list_alternatives(condition: str, subtypes: Sequence[str] = (), site: str | None = None) -> list[Alternative]:
    """Return the treatments without a laser for kinds of a condition at a site, in the order of the file.

    Without a site, those for every site.
    """
    alternatives = known_conditions()[condition].alternatives
    return [
        Alternative(name, choice.use, choice.source)
        for name, choice in alternatives.items()
        if is_for_kinds(choice, condition, subtypes) and (not choice.sites or site in choice.sites)
    ]


def laser_use(condition: str, modality: str) -> LaserUse:
    """Return how a laser is used for a condition that it is offered for."""
    use = known_conditions()[condition].lasers[modality].use
    assert use != "not"  # or it would not be offered
    return use
