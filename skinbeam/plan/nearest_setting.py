"""The setting that came nearest where no laser is offered: how far it falls short, and what bars a greater dose.

A refusal alone leaves a clinician with nothing to weigh. Here the best setting within the limits is told with the dose
that would be enough, what that dose breaks, and what trials of such light saw.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.estimate import Unknown
from skinbeam.evidence.comparison.together import own_studies
from skinbeam.messages import Message, text
from skinbeam.plan.devices import NotOffered, at_its_dose
from skinbeam.plan.expected import expected_of, question_of
from skinbeam.plan.options import setup_of
from skinbeam.plan.ranking import chance
from skinbeam.plan.records import Nearest
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.candidates import built_in_cooling
from skinbeam.plan.search.goals import Goal
from skinbeam.plan.search.limits import Verdict, judge_limit, limits_for, target
from skinbeam.plan.search.place import PracticePlace, place_of
from skinbeam.plan.search.trial import Trial
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table
from skinbeam.simulate.skins.ensemble import probability, share

__all__ = ["Near", "nearest_of"]

_STEP: Final = 1.01  # doses are told to a hundredth
_STEPS: Final = 232  # up to ten times the dose that may be tried


@dataclass(frozen=True)
class Near:
    """The record of the nearest setting, and what its figures are made of."""

    record: Nearest
    goal: Goal
    trial: Trial


def nearest_of(case: Case, concern: Concern, refused: Iterable[NotOffered], bank: SkinBank) -> Near | None:
    """Return the setting that reaches the target in most skins within the limits.

    Light that trials used goes before other, and settings that were published before others. None where no setting
    could be judged, or all draws would bear what a first look refused.
    """
    found = ((one.goal, trial) for one in refused for trial in _on_all_draws(case, concern, one, bank))
    weak = [(goal, trial) for goal, trial in found if trial.p_effective < target().least]
    if not weak:
        return None

    def nearness(one: tuple[Goal, Trial]) -> tuple[bool, bool, float]:
        goal, trial = one
        return _tried(case, concern, goal, trial), _place(case, concern, goal, trial).inside, trial.p_effective

    goal, trial = max(weak, key=nearness)
    return Near(_record(case, concern, goal, trial), goal, trial)


def _on_all_draws(case: Case, concern: Concern, refused: NotOffered, bank: SkinBank) -> Iterator[Trial]:
    """The best setting of a device on the plan's draws; of light that trials used alone, where it failed on few."""
    looked = refused.trial
    if looked is None:
        return
    if looked.effective.size == bank.draws:
        yield looked
    elif _tried(case, concern, refused.goal, looked):
        cooling, _ = built_in_cooling(looked.machine.device)
        found = at_its_dose(refused.goal, looked.machine, looked, bank, concern.site, cooling)
        if found is not None:
            yield found


def _tried(case: Case, concern: Concern, goal: Goal, trial: Trial) -> bool:
    """Whether trials of the concern used such light."""
    return bool(own_studies(question_of(case, concern, goal.modality, trial)))


def _place(case: Case, concern: Concern, goal: Goal, trial: Trial) -> PracticePlace:
    return place_of(trial, concern.condition, goal.modality, darkest_phototype(case))


def _record(case: Case, concern: Concern, goal: Goal, trial: Trial) -> Nearest:
    cooling = None if goal.of_depth else built_in_cooling(trial.machine.device)[1]
    reaching = _reaching_J_cm2(trial)
    broken = _broken_at(reaching, goal, concern, trial) if isinstance(reaching, float) else None
    return Nearest(
        modality=goal.modality,
        title=table("modality")[goal.modality]["title"],
        setup=setup_of(trial, cooling),
        p_effective=probability(trial.effective, trial.weights[0], trial.basis),
        p_effective_required=target().least,
        reaching_J_cm2=reaching,
        why=_why(trial, broken),
        limit=None if broken is None else broken.told,
        practice=_place(case, concern, goal, trial).told,
        expected=expected_of(case, question_of(case, concern, goal.modality, trial)),
    )


def _reaching_J_cm2(trial: Trial) -> float | Unknown | None:
    """The least dose at which enough of such skins reach the target."""
    found = trial.thresholds
    if found is None:
        return None
    doses = [trial.dose * _STEP**step for step in range(1, _STEPS)]
    place = bisect_left(doses, True, key=lambda dose: share(found.wanted(dose), trial.weights[0])[0] >= target().least)
    return doses[place] if place < len(doses) else Unknown(text("nearest.no-dose"))


def _broken_at(dose_J_cm2: float, goal: Goal, concern: Concern, trial: Trial) -> Verdict | None:
    """The limit that a dose breaks by most, as doses are raised within it; None where it keeps them all."""
    found = trial.thresholds
    assert found is not None  # of a full field: it has a dose that reaches
    limits = [limit.raised(goal.modality) for limit in limits_for(goal.modality, concern.site, goal.condition)]
    judged = [judge_limit(limit, found.value[limit.id](dose_J_cm2), trial.weights[1], trial.basis) for limit in limits]
    broken = [one for one in judged if one.status == "not_met"]
    return max(broken, key=lambda one: one.limit.spent(one.share), default=None)


def _why(trial: Trial, broken: Verdict | None) -> Message:
    """What bars the dose that would be enough: a limit, what lighter skin gets, an injury, or where doses end."""
    if broken is not None:
        of_100 = {"broken": chance(1.0 - broken.share), "allowed": chance(1.0 - broken.limit.share_required)}
        sure = of_100["broken"] > of_100["allowed"]
        what = Message(f"limit-in-short.{broken.limit.id}")
        return Message("nearest.limit" if sure else "nearest.limit-unsure", {"what": what} | of_100)
    if trial.held:
        return Message("nearest.held")
    if trial.machine.bars:
        return Message("nearest.injured")
    doses = trial.machine.doses(trial.setting)
    if trial.dose < doses[-1] or trial.density_per_cm2 is not None:
        return Message("nearest.columns" if trial.density_per_cm2 is not None else "nearest.limits")
    region = trial.machine.region
    return Message("nearest.published-end" if region is not None and region.dosed else "nearest.device-end")
