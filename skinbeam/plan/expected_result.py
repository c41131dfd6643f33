"""Look up the expected result of a treatment of a concern in trials, for this person and at a setting."""

from collections.abc import Sequence
from dataclasses import replace

from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.course import aftercare
from skinbeam.course.session_counts import count_given_sessions, sessions_left, sessions_until_enough
from skinbeam.evidence.expectation.applicability import is_kind_tried
from skinbeam.evidence.expectation.expect import (
    expect_for_setting,
    expect_unknown,
    expect_without_improvement,
    outcome_share,
)
from skinbeam.evidence.expectation.expectation import Expectation, PatientShare
from skinbeam.evidence.expectation.sessions import half_improved_after_sessions, improvement_at_same_rank
from skinbeam.evidence.guideline.device_classes import default_subtype
from skinbeam.evidence.harm_counts import scar_share_refusal
from skinbeam.evidence.peel_kinds import PEEL
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.trial_arm import parse_grades
from skinbeam.evidence.synthesis.counts import CountQuestion
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions, title_with_site
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.per_hundred import per_hundred
from skinbeam.model.vocabulary import PHOTOTYPES, condition_subtypes
from skinbeam.plan.option_reasons import pulse_class
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.plan_records.course import SessionGain
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import kind_names
from skinbeam.suitability.session_response import course_notice, session_response
from skinbeam.suitability.table import RuleReason, load_rules
from skinbeam.text import DocumentWarning, Message

__all__ = [
    "response_notices",
    "session_gains",
    "trial_expectation",
    "trial_question",
    "unreported_scar_share",
]


def trial_question(
    case: Case, concern: Concern, modality: str, trial: CandidateSetting | None = None
) -> EvidenceQuestion:
    """Return the question to the trials about a modality for this person, at a setting where there is one.

    As in the rules, the darkest skin that the person may have counts: harm that is asked for lighter skin is too low.
    """
    phototype, subtypes = _darkest_phototype_name(case), tuple(concern.subtypes)
    if modality == PEEL:
        # A deep peel, or acid in pits, is offered to nobody for whom it may not be meant.
        phototype = phototype or PHOTOTYPES[-1]
        usual = default_subtype(concern.condition)
        subtypes = subtypes or ((usual,) if usual in condition_subtypes(concern.condition) else ())
    question = EvidenceQuestion(
        concern.condition,
        modality,
        severity=concern.severity,
        site=concern.site,
        phototype=phototype,
        sessions=_middle_sessions(modality, concern, "" if trial is None else pulse_class(modality, trial)),
        subtypes=subtypes,
    )
    return question if trial is None else _question_at_setting(question, trial)


def trial_expectation(
    case: Case, question: EvidenceQuestion, reached: float | None = None, *, reasons: Sequence[RuleReason] = ()
) -> Expectation:
    """Return the expected result in trials for this person, as a plan stores it, or unknowns with the reason.

    A light that does not reach its target gets no improvement from trials of another kind of the condition, and a kind
    of another nature none at all. Trials of a group of medicines are pooled, so that a person who must not have some of
    them gets no number from any; an operation gets none from another operation.

    Parameters
    ----------
    reached : share of the simulated skins that reach the target; None where nothing was simulated.
    reasons : of the rules on this treatment of this person.
    """
    barred = _barring_message(reasons)
    if barred is not None:
        expected = expect_unknown(question, barred)
    elif _is_kind_apart(question) and not is_kind_tried(question):
        not_lent = Message("plan.kind-apart-not-lent", {"kinds": kind_names(question.subtypes)})
        expected = expect_without_improvement(question, not_lent)
    elif reached is not None and reached < LEAST_REACHED and not is_kind_tried(question):
        params = {"kinds": kind_names(question.subtypes), "reached": per_hundred(reached)}
        expected = expect_without_improvement(question, Message("plan.other-kind-not-lent", params))
    else:
        expected = expect_for_setting(question)
    untold = scar_share_refusal(case)
    if untold is not None:
        expected = replace(expected, harms={**expected.harms, "scar": PatientShare.unknown(untold)})
    return expected.shortened()


def _barring_message(reasons: Sequence[RuleReason]) -> Message | None:
    """Return why trials tell nothing of this treatment of this person, by the first rule that says so; else None."""
    barring = {rule.id: rule.bars_results for rule in load_rules("suitability") if rule.bars_results}
    barred = (reason for reason in reasons if reason.rule in barring)
    return next((Message(f"plan.{barring[one.rule]}-not-lent", {"reason": one.message}) for one in barred), None)


def _is_kind_apart(question: EvidenceQuestion) -> bool:
    """Return whether all stated kinds are of another nature than the usual ones of the condition."""
    apart = known_conditions()[question.condition].subtypes_apart
    return bool(question.subtypes) and set(question.subtypes) <= set(apart)


def unreported_scar_share(case: Case, concern: Concern, modality: str) -> float:
    """Return the share of people with a scar in trials where the plan does not report it for this person.

    0 where the plan reports it, or where it is not known.
    """
    if scar_share_refusal(case) is None:
        return 0.0
    phototype = _darkest_phototype_name(case)
    phototypes = None if phototype is None else parse_grades(phototype, PHOTOTYPES)
    risk = outcome_share(CountQuestion("scar", modality, concern.condition, phototypes=phototypes))
    return risk.p.median if isinstance(risk.p, Estimate) else 0.0


def _darkest_phototype_name(case: Case) -> str | None:
    """Return the darkest phototype that the answers and a measured colour allow; None without either."""
    number = darkest_phototype(case)
    return None if number is None else PHOTOTYPES[number - 1]


def _middle_sessions(modality: str, concern: Concern, pulse: str) -> float | None:
    """Return the middle of the printed number of sessions; `pulse` as of `expected_sessions`."""
    span = aftercare.session_range(modality, concern.condition, site=concern.site, pulse=pulse)
    return None if isinstance(span, Unknown) else (span.low + span.high) / 2.0


def _question_at_setting(question: EvidenceQuestion, trial: CandidateSetting) -> EvidenceQuestion:
    """Return the same question at a setting.

    The wavelength of a lamp is that of a filter, by which trial arms are not sorted.
    """
    lamp = trial.band_nm is not None
    fractional = trial.density_per_cm2 is not None
    return replace(
        question,
        lamp=lamp,
        wavelength_nm=None if lamp else trial.setting.wavelength_nm,
        microbeam_mJ=trial.dose if fractional else None,
        fluence_J_cm2=None if fractional else trial.dose,
        pulse_ms=None if fractional else trial.setting.pulse_ms,
        spot_mm=None if fractional or lamp else trial.setting.spot_mm,
    )


# Expected gain of each session of a course.


def session_gains(
    case: Case, concern: Concern, planned: ConcernPlan, trial: CandidateSetting | None
) -> tuple[SessionGain, ...]:
    """Return the expected gain after each session that is still to come, adjusted to this skin's earlier response.

    Sessions with a laser of another kind are no part of its course: trials of this one have not counted them, and the
    response to them shows no rank among its people. Empty where trials report nothing.
    """
    if planned.first_laser is None or trial is None:
        return ()
    option, setup = planned.first_laser
    response = session_response(case, concern)
    alike = count_given_sessions(case, concern, option.modality, setup)
    most = sessions_until_enough(case, concern, option.modality)
    left = sessions_left(option.sessions, option.modality, alike, most)
    counts = [alike + number for number in range(1, left + 1)]
    question = trial_question(case, concern, option.modality, trial)
    shares = half_improved_after_sessions(question, counts)
    if isinstance(shares, Unknown):
        return ()
    improvements: Sequence[float | None] = [None] * len(counts)
    if alike and alike == response.sessions and response.improved_pct is not None:
        improvements = (
            improvement_at_same_rank(question, response.judged_after, response.improved_pct, counts) or improvements
        )
    return tuple(
        SessionGain(planned.place, count, share, pct)
        for count, share, pct in zip(counts, shares, improvements, strict=True)
    )


def response_notices(case: Case, gains: Sequence[SessionGain]) -> tuple[DocumentWarning, ...]:
    """Return notices on the effect of earlier responses: the next session's result, or that the course stops.

    Each names its concern, where there are several.
    """
    notices = [
        (concern, message)
        for concern in case.concern
        if (message := _response_message(case, concern, gains)) is not None
    ]
    if len(notices) > 1:
        notices = [
            (concern, Message("response.of-concern", {"concern": _name(concern), "told": it}))
            for concern, it in notices
        ]
    return tuple(DocumentWarning("response", message) for _, message in notices)


def _name(concern: Concern) -> str:
    return title_with_site(known_conditions()[concern.condition].title, concern.site)


def _response_message(case: Case, concern: Concern, gains: Sequence[SessionGain]) -> Message | None:
    notice = course_notice(case, concern)  # of an earlier course, too
    response = session_response(case, concern)
    if notice is not None or response.improved_pct is None:
        return notice
    params = {"sessions": response.judged_after, "improved": response.improved_pct}
    following = next((g for g in gains if g.treats == concern.place), None)
    if response.has_returned:
        return Message("response.returned", params)
    if response.is_past:
        return Message("response.past", params)
    if response.is_enough:
        return Message("response.enough", params)
    if following is None or following.if_place_kept_pct is None:
        return Message("response.untold", params)
    share = 100.0 * following.p_half.median if not isinstance(following.p_half, Unknown) else 0.0
    next_params = {"next": following.sessions, "kept": round(following.if_place_kept_pct), "half": round(share)}
    return Message("response.next", params | next_params)
