"""Plan one concern: the modalities that may be tried, the options found, their order, and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from skinbeam.errors import NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.messages import Message, text
from skinbeam.plan.devices import Found, NotOffered, laser_options, refusal
from skinbeam.plan.nearest import Near, nearest_of
from skinbeam.plan.options import other_option
from skinbeam.plan.ranking import Standing, places
from skinbeam.plan.records import ConcernPlan, Option, Refused
from skinbeam.plan.rules.reason import Reason, severity
from skinbeam.plan.rules.suitability import Suitability, judge
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
from skinbeam.plan.setup import Setup
from skinbeam.plan.work.progress import in_short, say
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import subtypes, table

__all__ = ["FIGURE_DRAWS", "Planned", "plan_concern"]

FIGURE_DRAWS = 64  # a figure shows bands and lines that no eye tells from those of all draws


@dataclass(frozen=True)
class Planned:
    """A concern's part of the plan, and for its figures the trial of its first laser option and the drawn skins.

    Parameters
    ----------
    near : where no laser is offered, the setting that came nearest.
    """

    record: ConcernPlan
    goal: Goal | None
    trial: Trial | None
    bank: SkinBank
    near: Near | None = None

    @property
    def shown(self) -> tuple[Goal, Trial, Setup] | None:
        """What figures show: the first laser option, or where none is offered the setting that came nearest."""
        if self.near is not None:
            return self.near.goal, self.near.trial, self.near.record.setup
        first = self.record.first_laser
        return None if self.goal is None or self.trial is None or first is None else (self.goal, self.trial, first[1])


def plan_concern(case: Case, concern: Concern, machines: Sequence[Machine] | None, bank: SkinBank) -> Planned:
    """Return the options of one concern, ranked, with what was refused and why.

    The order is that of `ranking`. What the rules refer or refuse, a laser or not, is no option. Without `machines` a
    rule decides the whole case and no device is tried.
    """
    say(Message("progress.concern", {"concern": in_short(concern)}))
    modalities, refused_here = laser_choices(concern.condition, concern.site)
    refused = [refusal(r.modality, [r.message], source=r.source) for r in refused_here]
    found: list[Found] = []
    failed: list[NotOffered] = []
    for modality in modalities:
        barred = _barred(case, concern, modality, machines)
        if barred:
            refused.append(refusal(modality, barred))
            continue
        able = [machine for machine in machines or () if modality in machine.device.modalities]
        if not able:
            refused.append(refusal(modality, [Message("plan.no-device")]))
        offered, not_offered = laser_options(case, concern, modality, able, bank)
        found += offered
        failed += not_offered
        refused += [one.record for one in not_offered]
    said = [message for one in refused for message in one.reasons]
    others, barred_others = _others(case, concern)
    options, found = _ranked(found, others)
    can, cannot = can_and_cannot(concern.condition)
    near = None if found else nearest_of(case, concern, failed, bank)
    record = ConcernPlan(
        condition=concern.condition,
        site=concern.site,
        title=table("condition")[concern.condition]["title"],
        subtypes=_subtypes(concern),
        severity=concern.severity if concern.severity is not None else Unknown(text("said.not-said")),
        target=target_record(concern.condition, concern.subtypes),
        can=can,
        cannot=cannot,
        options=options,
        refused=(*refused, *barred_others),
        no_laser=() if found else why_no_laser(case, concern, said, stopped=machines is None),
        nearest=None if near is None else near.record,
    )
    say(record)
    best = found[0] if found else None
    return Planned(record, best.goal if best else None, best.trial if best else None, bank, near)


def _subtypes(concern: Concern) -> tuple[str, ...] | Unknown | None:
    """The kinds that were said; None where the condition has none to tell apart."""
    if not subtypes(concern.condition):
        return None
    return tuple(concern.subtypes) or Unknown(text("said.kind-not-said"))


def _barred(case: Case, concern: Concern, modality: str, machines: Sequence[Machine] | None) -> list[Message]:
    """Why a modality is not tried at all: the rules, what is not known of the target, or a decision on the case."""
    against = _against(judge(case, concern=concern, modality=modality))
    if against:
        return [reason.message for reason in against]
    unknown = _unknown_target(concern.condition, modality)
    if unknown is not None:
        return [unknown]
    return [Message("plan.stopped")] if machines is None else []


def _against(judged: Suitability) -> list[Reason]:
    """The reasons that refer or refuse, the strictest first."""
    return [reason for reason in judged.reasons if severity(reason.decision) >= severity("refer")]


def _others(case: Case, concern: Concern) -> tuple[list[tuple[Option, Standing]], list[Refused]]:
    """What may be done without a laser, no treatment at last, and what of it the rules refer or refuse."""
    options: list[tuple[Option, Standing]] = []
    refused: list[Refused] = []
    for one in alternatives(concern.condition):
        judged = judge(case, concern=concern, modality=one.modality)
        if against := _against(judged):
            messages = [reason.message for reason in against]
            refused.append(refusal(one.modality, messages, source=against[0].source))
        else:
            options.append(other_option(case, concern, one.modality, one.use, one.source, judged.reasons))
    options.append(other_option(case, concern, "no-treatment", "possible", target().source))
    return options, refused


def _ranked(
    found: Sequence[Found], others: Sequence[tuple[Option, Standing]]
) -> tuple[tuple[Option, ...], list[Found]]:
    """Every option, laser or not, in its order with its rank and why; and those found by search in that order."""
    every = [*((one.option, one.standing) for one in found), *others]
    order = places([standing for _, standing in every])
    options = tuple(replace(every[at.index][0], rank=at.rank, rank_reason=at.reason) for at in order)
    return options, [found[at.index] for at in order if at.index < len(found)]


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
