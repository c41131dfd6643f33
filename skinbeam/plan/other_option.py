"""Build the record of an option without a laser: a cream, an acid, a needle, surgery, or no treatment."""

from collections.abc import Sequence
from dataclasses import replace

from skinbeam.assessment.questionnaire import (
    FactValue,
    concern_facts,
    read_questionnaire,
)
from skinbeam.course.downtime import (
    downtime_reason,
    duration_records,
    longest_duration_record,
    session_durations,
)
from skinbeam.evidence.expectation.peels import lent_peels, tried_peels
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import named_procedures
from skinbeam.evidence.peel_kinds import PEEL
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.model.case import Case
from skinbeam.model.conditions import LaserUse, known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import SURFACE_MODALITIES
from skinbeam.plan.expected_result import trial_expectation, trial_question
from skinbeam.plan.guideline_place import concern_cells
from skinbeam.plan.option_reasons import days_off_accepted
from skinbeam.plan.options import AFTER_CREAMS, follow_up_range, option_downtime, option_standing, visit_ranges
from skinbeam.plan.ranking import OptionStanding
from skinbeam.plan_records.plan import HarmShare, Option
from skinbeam.response.goals import LESION_BY_CONDITION
from skinbeam.suitability.table import RuleReason, suitability_rule
from skinbeam.text import Message, render_message

__all__ = ["build_other_option"]

_PEEL_DARKER_SKIN, _TOXIN_AT_REST = "peel-darker-skin", "toxin-lines-at-rest"  # rules of data/rules.toml
_CREAMS = ("sun-protection", "topical-depigmenting")
_UNLIKE_OTHER_PEELS = ("acid-dots", "phenol")  # pain and days of other peels are not theirs


def build_other_option(
    case: Case, concern: Concern, modality: str, use: LaserUse, source: str, reasons: tuple[RuleReason, ...] = ()
) -> tuple[Option, OptionStanding]:
    """Return an option without a laser, such as no treatment, with the reasons of the rules, and its standing."""
    cite_sources(source)
    question = trial_question(case, concern, modality)
    expected = trial_expectation(case, question, reasons=reasons)
    none = modality == "no-treatment"
    nothing, no_physics = Unknown(render_message("plan.nothing-done")), Unknown(render_message("plan.no-physics"))
    sessions, weeks, minutes = (nothing, nothing, nothing) if none else visit_ranges(modality, concern)
    downtime = nothing if none else option_downtime(modality, concern, expected)
    pain = nothing if none else expected.pain_0_10
    technique, procedure = _peel_technique(question) if modality == PEEL else _named_technique(concern, modality)
    if modality == PEEL and tried_peels(concern.condition) and not lent_peels(question):
        sessions = weeks = Unknown(render_message("plan.peel-kind-unknown"))
    if technique in _UNLIKE_OTHER_PEELS:
        downtime = pain = Unknown(render_message("plan.peel-kind-unknown"))
    shown = () if isinstance(downtime, Unknown) else session_durations(concern, modality, downtime)
    longer = downtime_reason(concern, modality, downtime, days_off_accepted(case))
    if technique == "acid-dots":
        reasons = tuple(_reason_of_dots(reason) for reason in reasons)
    option = Option(
        modality=modality,
        title=known_modalities()[modality].title,
        setup=None,
        p_effective=no_physics,
        p_harm=no_physics,
        expected=expected,
        followup_months=follow_up_range(concern, modality, expected),
        sessions=sessions,
        interval_weeks=weeks,
        minutes=minutes,
        pain_0_10=pain,
        downtime_days=downtime,
        shows_days=nothing if none else longest_duration_record(shown),
        shows=duration_records(shown),
        immediate=no_physics,
        healing=(),
        harms=() if none else (_other_harm(),),
        reasons=reasons if longer is None else (*reasons, longer),
        limits=(),
        rank_reason=Message("plan.unranked"),
        source=source,
        technique=technique,
    )
    standing = option_standing(case, concern, question, use, expected)
    standing = replace(standing, procedure=procedure)
    if _is_adjunct(concern_cells(case, concern), modality, reasons):
        standing = replace(standing, place=None, is_adjunct=True)
    if modality in _CREAMS and _begins_with_creams(case, concern):
        standing = replace(standing, comes_before_light=True)
    return option, _peel_standing(standing) if modality == PEEL else standing


def _begins_with_creams(case: Case, concern: Concern) -> bool:
    """Return whether a concern is spots on skin that had melasma, or beside melasma: creams come before light there."""
    green_light: dict[str, FactValue] = {"pulse": "short", "wavelength_nm": 532.0}
    facts = {**read_questionnaire(case).facts, **concern_facts(case, concern), **green_light}
    return concern.condition in LESION_BY_CONDITION and suitability_rule(AFTER_CREAMS).when.holds(facts) is True


def _is_adjunct(cells: Sequence[GuidelineCell], modality: str, reasons: Sequence[RuleReason]) -> bool:
    """Return whether a treatment goes with others alone: by its place, or toxin with resurfacing of deep lines."""
    places = [treatment.treatment for cell in cells for treatment in cell.treatments]
    if any(reason.rule == _TOXIN_AT_REST for reason in reasons) and not set(places).isdisjoint(SURFACE_MODALITIES):
        return True
    return any(modality in cell.adjuncts for cell in cells) and modality not in places


def _peel_standing(standing: OptionStanding) -> OptionStanding:
    """Return the standing of a peel.

    Where what trials did is done for no such person, the place that the guideline gives it is none of this option.
    """
    lent = lent_peels(standing.question)
    is_elsewhere = bool(tried_peels(standing.question.condition)) and not lent
    return replace(
        standing,
        place=None if is_elsewhere else standing.place,
        is_last_resort=bool(lent) and all(kind.is_last_resort for kind in lent),
    )


def _named_technique(concern: Concern, modality: str) -> tuple[str | None, Message | None]:
    """Return the procedure by which sources name a treatment of such a concern, and a message on all that they name."""
    named = named_procedures(concern.condition, concern.subtypes, modality) if modality == "surgery" else {}
    if not named:
        return None, None
    cite_sources(*(source for sources in named.values() for source in sources))
    message = Message("plan.surgery-done", {"kinds": [Message(f"surgery.{name}") for name in named]})
    return next(iter(named)) if len(named) == 1 else None, message


def _peel_technique(question: EvidenceQuestion) -> tuple[str | None, Message | None]:
    """Return the kind of peel that an option is, where there is one, and a message on what its trials did."""
    tried, lent = tried_peels(question.condition), lent_peels(question)
    if not tried:
        return None, None
    message = Message(
        "plan.peel-done" if lent else "plan.peel-not-lent",
        {"kinds": [Message(f"peel.{kind.name}") for kind in lent or tried]},
    )
    return lent[0].name if len(lent) == 1 else None, message


def _reason_of_dots(reason: RuleReason) -> RuleReason:
    """Return a reason in the words for acid dots: the rule on darker skin is about acid that is painted on."""
    if reason.rule != _PEEL_DARKER_SKIN:
        return reason
    return replace(reason, message=Message("plan.peel-dots-darker"), source="khunger2011")


def _other_harm() -> HarmShare:
    message = Message("plan.harm-other")
    return HarmShare("side-effects", Unknown(message.text), message)
