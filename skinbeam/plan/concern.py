"""Plan one concern: the modalities that may be tried, the options found, their order, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.messages import Message
from skinbeam.plan.devices import laser_options, refusal
from skinbeam.plan.options import Option, chance, counted_in_words, other_option, trials_in_words
from skinbeam.plan.rules.reason import severity
from skinbeam.plan.rules.suitability import judge
from skinbeam.plan.rules.why import why_no_laser
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.candidates import Machine
from skinbeam.plan.search.goals import (
    LESION_OF,
    Goal,
    alternatives,
    can_and_cannot,
    laser_choices,
    target_record,
    vessels_of,
)
from skinbeam.plan.search.limits import target
from skinbeam.plan.search.trial import Trial
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table

__all__ = ["FIGURE_DRAWS", "Planned", "plan_concern"]

FIGURE_DRAWS = 64  # a figure shows bands and lines that no eye tells from those of all draws


@dataclass(frozen=True)
class Planned:
    """A concern's part of the plan, and the trial of its first laser option for the figures."""

    record: dict[str, Any]
    goal: Goal | None
    trial: Trial | None


def plan_concern(case: Case, concern: Concern, machines: Sequence[Machine] | None, bank: SkinBank) -> Planned:
    """Return the options of one concern, ranked, with what was refused and why.

    Laser options come first, in the order of `Option.place`; then no treatment, then what needs no laser. Where the
    rules refer or refuse the concern, no laser option is made. Without `machines` a rule decides the whole case and no
    device is tried.
    """
    modalities, refused_here = laser_choices(concern.condition, concern.site)
    refused: list[dict[str, Any]] = [refusal(r.modality, [r.message], source=r.source) for r in refused_here]
    found: list[tuple[Option, Trial, Goal]] = []
    for modality in modalities:
        judged = judge(case, concern=concern, modality=modality)
        if severity(judged.decision) >= severity("refer"):
            strict = [r.message for r in judged.reasons if severity(r.decision) >= severity("refer")]
            refused.append(refusal(modality, strict))
            continue
        unknown = _unknown_target(concern.condition, modality)
        if unknown is not None:
            refused.append(refusal(modality, [unknown]))
            continue
        if machines is None:
            refused.append(refusal(modality, [Message("plan.stopped")]))
            continue
        able = [machine for machine in machines if modality in machine.device.modalities]
        if not able:
            refused.append(refusal(modality, [Message("plan.no-device")]))
        for option, trial, goal in laser_options(case, concern, modality, able, bank, refused):
            found.append((option, trial, goal))
    found.sort(key=lambda item: item[0].place)
    options = [_ranked(option, first=index == 0) for index, (option, _, _) in enumerate(found)]
    options.append(other_option(case, concern, "no-treatment", target().source))
    options += [other_option(case, concern, name, source) for name, source in alternatives(concern.condition)]
    for rank, listed in enumerate(options, 1):
        listed["rank"] = rank
    can, cannot = can_and_cannot(concern.condition)
    record = {
        "condition": concern.condition,
        "site": concern.site,
        "title": table("condition")[concern.condition]["title"],
        "severity": concern.severity if concern.severity is not None else Unknown("not said"),
        "target": target_record(concern.condition),
        "can": can,
        "cannot": cannot,
        "options": options,
        "refused": refused,
        "no_laser": [] if found else why_no_laser(case, concern, refused, stopped=machines is None),
    }
    best = found[0] if found else None
    return Planned(record, best[2] if best else None, best[1] if best else None)


def _unknown_target(condition: str, modality: str) -> Message | None:
    """What is not known of the target, so that no setting can be judged: of vessels how wide they are, and of what is
    to be heated through how much darker it is than the skin around, which is not to be.
    """
    entry = table("modality")[modality]
    if entry["where"] == "lesion" and entry["endpoint"] == "epidermal-necrosis" and condition not in LESION_OF:
        return Message("plan.no-contrast")
    if entry["where"] == "vessel":
        try:
            vessels_of(condition)
        except NotAvailable:
            return Message("plan.no-vessel-size")
    return None


def _ranked(option: Option, *, first: bool) -> dict[str, Any]:
    params = {
        "effective": chance(option.p_effective),
        "harm": chance(option.p_harm),
        "counted": counted_in_words(option.counted),
        "trials": trials_in_words(option.studies),
    }
    best = first and option.studies > 0
    return option.record | {"rank_reason": Message("plan.rank-best" if best else "plan.rank-laser", params)}
