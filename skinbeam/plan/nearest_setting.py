"""Find the setting that came nearest where no laser is offered: its effect, and what prevents a greater dose.

A refusal alone leaves a clinician with nothing to weigh. The record contains the best setting within the limits, the
dose that would be enough, the limit that this dose breaks, and the results of trials of such light.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.evidence.comparison.compare import treatment_studies
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Unknown
from skinbeam.model.per_hundred import per_hundred
from skinbeam.plan.device_option import DeviceRefusal
from skinbeam.plan.expected_result import trial_expectation, trial_question
from skinbeam.plan.options import build_setup
from skinbeam.plan_records.plan import NearestOption
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import TreatmentGoal
from skinbeam.response.limits import LimitVerdict, effect_target, find_limits, judge_limit
from skinbeam.response.practice_place import PracticePlace, place_candidate
from skinbeam.response.settings import built_in_cooling
from skinbeam.simulate.skins.ensemble import weighted_probability, weighted_share
from skinbeam.text import Message, render_message

__all__ = ["NearestSetting", "find_nearest_setting"]

_DOSE_STEP: Final = 1.01  # doses are reported to a hundredth
_MAX_DOSE_STEPS: Final = 232  # up to ten times the dose that may be tried


@dataclass(frozen=True)
class NearestSetting:
    """The record of the nearest setting, with its goal and the trial for its figures."""

    record: NearestOption
    goal: TreatmentGoal
    trial: CandidateSetting


def find_nearest_setting(case: Case, concern: Concern, refused: Iterable[DeviceRefusal]) -> NearestSetting | None:
    """Return the setting that reaches the target in most skins within the limits.

    Light that trials used goes before other light, and published settings before others. None where no setting could be
    judged, or where every setting that was refused is strong enough.
    """
    found = ((refusal.goal, refusal.trial) for refusal in refused if refusal.trial is not None)
    weak = [(goal, trial) for goal, trial in found if trial.p_effective < effect_target().least]
    if not weak:
        return None

    def nearness(candidate: tuple[TreatmentGoal, CandidateSetting]) -> tuple[bool, bool, float]:
        goal, trial = candidate
        return (
            _was_tried_in_trials(case, concern, goal, trial),
            _practice_place(case, concern, goal, trial).is_inside,
            trial.p_effective,
        )

    goal, trial = max(weak, key=nearness)
    return NearestSetting(_nearest_record(case, concern, goal, trial), goal, trial)


def _was_tried_in_trials(case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting) -> bool:
    """Return whether trials of the concern used such light."""
    return bool(treatment_studies(trial_question(case, concern, goal.modality, trial)))


def _practice_place(case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting) -> PracticePlace:
    return place_candidate(trial, concern.condition, goal.modality, darkest_phototype(case))


def _nearest_record(case: Case, concern: Concern, goal: TreatmentGoal, trial: CandidateSetting) -> NearestOption:
    cooling = None if goal.is_limited_by_depth else built_in_cooling(trial.machine.device)[1]
    reaching = _effective_dose_J_cm2(trial)
    broken = _broken_limit(reaching, goal, concern, trial) if isinstance(reaching, float) else None
    return NearestOption(
        modality=goal.modality,
        title=known_modalities()[goal.modality].title,
        setup=build_setup(trial, cooling),
        p_effective=weighted_probability(trial.effective, trial.weights[0], trial.basis),
        p_effective_required=effect_target().least,
        reaching_J_cm2=reaching,
        why=_obstacle_message(trial, broken),
        limit=None if broken is None else broken.record,
        practice=_practice_place(case, concern, goal, trial).message,
        expected=trial_expectation(case, trial_question(case, concern, goal.modality, trial)),
    )


def _effective_dose_J_cm2(trial: CandidateSetting) -> float | Unknown | None:
    """Return the least dose at which enough of such skins reach the target."""
    found = trial.thresholds
    if found is None:
        return None
    doses = [trial.dose * _DOSE_STEP**step for step in range(1, _MAX_DOSE_STEPS)]
    place = bisect_left(
        doses,
        True,
        key=lambda dose: weighted_share(found.reaches_target(dose), trial.weights[0])[0] >= effect_target().least,
    )
    return doses[place] if place < len(doses) else Unknown(render_message("nearest.no-dose"))


def _broken_limit(
    dose_J_cm2: float, goal: TreatmentGoal, concern: Concern, trial: CandidateSetting
) -> LimitVerdict | None:
    """Return the limit that a dose breaks by most, with the bounds for raising doses; None where it keeps them all."""
    found = trial.thresholds
    assert found is not None  # of a full field: it has a dose that reaches
    limits = [
        limit.for_raising_doses(goal.modality) for limit in find_limits(goal.modality, concern.site, goal.condition)
    ]
    judged = [judge_limit(limit, found.value[limit.id](dose_J_cm2), trial.weights[1], trial.basis) for limit in limits]
    broken = [verdict for verdict in judged if verdict.status == "not_met"]
    return max(broken, key=lambda verdict: verdict.limit.used_fraction(verdict.share), default=None)


def _obstacle_message(trial: CandidateSetting, broken: LimitVerdict | None) -> Message:
    """Return what prevents the dose that would be enough: a limit, lighter skin, an injury, or the end of doses."""
    if broken is not None:
        of_100 = {"broken": per_hundred(1.0 - broken.share), "allowed": per_hundred(1.0 - broken.limit.share_required)}
        sure = of_100["broken"] > of_100["allowed"]
        what = Message(f"limit-in-short.{broken.limit.id}")
        return Message("nearest.limit" if sure else "nearest.limit-unsure", {"what": what} | of_100)
    if trial.capped_by_lighter_skin:
        return Message("nearest.held")
    if trial.machine.dose_bars:
        return Message("nearest.injured")
    doses = trial.machine.doses(trial.setting)
    if trial.dose < doses[-1] or trial.density_per_cm2 is not None:
        return Message("nearest.columns" if trial.density_per_cm2 is not None else "nearest.limits")
    return Message("nearest.device-end")
