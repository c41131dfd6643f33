"""Build the options of one concern as records: laser settings found by search, other treatments, and no treatment."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from skinbeam.assessment.questionnaire import (
    FactValue,
    concern_facts,
    darkest_phototype,
    fact_tables,
    has_marked,
    has_melasma,
    read_questionnaire,
)
from skinbeam.course import aftercare
from skinbeam.course.course_rules import suitability_rule
from skinbeam.course.downtime import (
    describe_healing_days,
    downtime_reason,
    duration_records,
    immediate_reaction,
    longest_duration_record,
    session_durations,
)
from skinbeam.course.session_counts import expected_sessions
from skinbeam.evidence.expectation.applicability import is_kind_tried
from skinbeam.evidence.expectation.durability import followup_months
from skinbeam.evidence.expectation.estimates import inline_title
from skinbeam.evidence.expectation.expectation import Expectation
from skinbeam.evidence.expectation.peels import lent_peels, tried_peels
from skinbeam.evidence.guideline.records import GuidelineCell
from skinbeam.evidence.guideline.table import named_procedures
from skinbeam.evidence.harm_counts import scar_share_refusal
from skinbeam.evidence.peel_kinds import PEEL
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.outcomes import LASTING_HARMS
from skinbeam.evidence.synthesis.regime import pulse_class_matters
from skinbeam.laser.device import Device, describe_window
from skinbeam.laser.device_class import SHORTEST_NANOSECOND_MS
from skinbeam.laser.setting_grid import case_tables, device_classes
from skinbeam.model.case import Case
from skinbeam.model.conditions import LaserUse, known_modalities
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.per_hundred import estimate_per_hundred, per_hundred
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import SURFACE_MODALITIES
from skinbeam.outcome.dose_error import beam_burn_light
from skinbeam.plan.expected_result import trial_expectation, trial_question, unreported_scar_share
from skinbeam.plan.guideline_place import are_named_columns, concern_cells, guideline_place
from skinbeam.plan.ranking import OptionStanding
from skinbeam.plan_records.course import (
    DeviceSetting,
    DeviceSetup,
    LensArraySetting,
    MicrobeamSetting,
    SourceRange,
)
from skinbeam.plan_records.plan import HarmShare, Option
from skinbeam.published_doses.counts import count_bruises_near, count_harm_near, count_harm_that_calibrates
from skinbeam.published_doses.coverage import uncovered_warnings
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import LESION_BY_CONDITION, laser_use, unknown_depth
from skinbeam.response.limits import LimitVerdict, bruise_limit
from skinbeam.response.practice_place import PracticePlace, place_candidate
from skinbeam.response.records import CoolingSetting, LimitCheck
from skinbeam.simulate.skins.ensemble import weighted_probability
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.table import RuleReason, decision_severity
from skinbeam.text import Message, render_message

__all__ = [
    "bruise_share",
    "build_laser_option",
    "build_other_option",
    "build_setup",
    "is_window_larger",
    "reached_share",
]

_PEEL_DARKER_SKIN, _TOXIN_AT_REST = "peel-darker-skin", "toxin-lines-at-rest"  # rules of data/rules.toml
_AFTER_CREAMS = "short-pulse-after-melasma"  # the rule by which creams and sun protection come before light
_CREAMS = ("sun-protection", "topical-depigmenting")
_NANOSECOND = "nanosecond"
_UNLIKE_OTHER_PEELS = ("acid-dots", "phenol")  # pain and days of other peels are not theirs


def build_laser_option(
    case: Case,
    concern: Concern,
    trial: CandidateSetting,
    modality: str,
    cooling: CoolingSetting | None,
    suitability: Suitability,
    practised: PracticePlace | None = None,
) -> tuple[Option, OptionStanding]:
    """Return the option of a device at the settings that were planned, and its standing for the ranking.

    Parameters
    ----------
    practised : the place of the setting beside published practice; found where it is not given.
    """
    setup = build_setup(trial, cooling)
    question = trial_question(case, concern, modality, trial)
    unaimed = unknown_depth(concern.condition, modality, concern.subtypes)
    reached = reached_share(trial) if unaimed is None else None
    # The depth that columns aim at is a judgement, which takes no result of trials from them.
    expected = trial_expectation(case, question, None if trial.density_per_cm2 is not None else reached)
    effective, harm = _computed_shares(trial)
    if unaimed is not None:
        effective = unaimed
    use = laser_use(concern.condition, modality)
    if practised is None:
        practised = place_candidate(trial, concern.condition, modality, darkest_phototype(case))
    unlike = practised.message if practised.is_beyond else None
    name = f"{inline_title('modality', modality)}, {setup.light}"
    classes = device_classes(trial.machine.device, trial.setting)
    standing = _option_standing(case, concern, question, use, expected, classes)
    standing = replace(
        standing,
        title=name,
        difference=unlike,
        reached=reached,
        is_kind_tried=is_kind_tried(question),
        waits_for_creams=any(reason.rule == _AFTER_CREAMS for reason in suitability.reasons),
    )
    sessions, weeks, minutes = _visit_ranges(modality, concern)
    pulse = _pulse_class(modality, trial)
    downtime = _option_downtime(modality, concern, expected, pulse)
    shown = session_durations(concern, modality, downtime, bruise_likely=_is_bruise_likely(trial), pulse=pulse)
    option = Option(
        modality=modality,
        title=known_modalities()[modality].title,
        setup=setup,
        p_effective=effective,
        p_harm=harm,
        p_purpura=bruise_share(trial),
        purpura_days=_bruise_days() if trial.bruising or trial.bruising_if_lifted else None,
        expected=expected,
        followup_months=_follow_up_range(concern, modality, expected),
        sessions=sessions,
        interval_weeks=weeks,
        minutes=minutes,
        pain_0_10=expected.pain_0_10,
        downtime_days=downtime,
        shows_days=longest_duration_record(shown),
        shows=duration_records(shown),
        immediate=immediate_reaction(modality, concern.condition, setup.light, may_whiten=_may_whiten(case, pulse)),
        healing=describe_healing_days(modality, concern.condition),
        harms=_harms_and_faults(trial, expected, scar_share_refusal(case)),
        reasons=_option_reasons(case, concern, modality, trial, suitability, downtime, cooling),
        limits=tuple(_limit_record(verdict, trial) for verdict in trial.verdicts),
        rank_reason=Message("plan.unranked"),
        beside_trials=_compare_with_trials(effective, expected) if isinstance(effective, Estimate) else None,
        practice=practised.message,
        basis="simulated" if trial.unjudged is None else "published",
        beyond_practice=practised.is_beyond,
    )
    return option, standing


def reached_share(trial: CandidateSetting) -> float | None:
    """Return the share of such skins whose target is reached; None where nothing was simulated."""
    return None if trial.unjudged is not None else trial.p_effective


def _computed_shares(trial: CandidateSetting) -> tuple[Value, Value]:
    """Return the shares of such skins that reach the target and that are injured; unknown where not simulated."""
    if trial.unjudged is not None:
        nothing = Unknown(render_message("plan.published-unknown", {"reason": trial.unjudged}))
        return nothing, nothing
    return (
        weighted_probability(trial.effective, trial.weights[0], trial.basis),
        weighted_probability(trial.injury_probability, trial.weights[1], trial.basis),
    )


def _limit_record(verdict: LimitVerdict, trial: CandidateSetting) -> LimitCheck:
    """Return the record of a limit; the one on burns includes the counts of clinics."""
    record = verdict.record
    if record.id != "epidermal-burn":
        return record
    both = {"limit": record.text, "counted": _clinic_count_message(trial)}
    return replace(record, text=Message("plan.limit-and-counted", both))


def build_other_option(
    case: Case, concern: Concern, modality: str, use: LaserUse, source: str, reasons: tuple[RuleReason, ...] = ()
) -> tuple[Option, OptionStanding]:
    """Return an option without a laser, such as no treatment, with the reasons of the rules, and its standing."""
    cite_sources(source)
    question = trial_question(case, concern, modality)
    expected = trial_expectation(case, question)
    none = modality == "no-treatment"
    nothing, no_physics = Unknown(render_message("plan.nothing-done")), Unknown(render_message("plan.no-physics"))
    sessions, weeks, minutes = (nothing, nothing, nothing) if none else _visit_ranges(modality, concern)
    downtime = nothing if none else _option_downtime(modality, concern, expected)
    pain = nothing if none else expected.pain_0_10
    technique, procedure = _peel_technique(question) if modality == PEEL else _named_technique(concern, modality)
    if technique in _UNLIKE_OTHER_PEELS:
        downtime = pain = Unknown(render_message("plan.peel-kind-unknown"))
    shown = () if isinstance(downtime, Unknown) else session_durations(concern, modality, downtime)
    longer = downtime_reason(concern, modality, downtime, _days_off_accepted(case))
    if technique == "acid-dots":
        reasons = tuple(_reason_of_dots(reason) for reason in reasons)
    option = Option(
        modality=modality,
        title=known_modalities()[modality].title,
        setup=None,
        p_effective=no_physics,
        p_harm=no_physics,
        expected=expected,
        followup_months=_follow_up_range(concern, modality, expected),
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
    standing = _option_standing(case, concern, question, use, expected)
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
    return concern.condition in LESION_BY_CONDITION and suitability_rule(_AFTER_CREAMS).when.holds(facts) is True


def _is_adjunct(cells: Sequence[GuidelineCell], modality: str, reasons: Sequence[RuleReason]) -> bool:
    """Return whether a treatment goes with others alone: by its place, or toxin with resurfacing of deep lines."""
    places = [one.treatment for cell in cells for one in cell.treatments]
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
    """Return a reason as it is told of acid dots: the rule on darker skin is about acid that is painted on."""
    if reason.rule != _PEEL_DARKER_SKIN:
        return reason
    return replace(reason, message=Message("plan.peel-dots-darker"), source="khunger2011")


def _option_standing(
    case: Case,
    concern: Concern,
    question: EvidenceQuestion,
    use: LaserUse,
    expected: Expectation,
    classes: Collection[str] = (),
) -> OptionStanding:
    """Return the values by which an option is ranked.

    A scar share that the plan does not report for this person counts as in trials.

    Parameters
    ----------
    classes : of its device at its setting; empty without a device.
    """
    risks = {"pih": expected.pih, **expected.harms}
    counted = [risks[name].p for name in LASTING_HARMS if name in risks]
    shares = [p.median for p in counted if isinstance(p, Estimate)]
    marks = max([*shares, unreported_scar_share(case, concern, question.modality)]) if shares else None
    half = expected.p_at_least["50"]
    cells = concern_cells(case, concern)
    place = guideline_place(cells, question.modality, classes)
    are_columns = are_named_columns(place, question.modality, concern, cells)
    title = inline_title("modality", question.modality)
    return OptionStanding(title, question, use, half, marks, place=place, are_named_columns=are_columns)


def _compare_with_trials(effective: Estimate, expected: Expectation) -> Message:
    """Return a message with the computed effect beside the count of trials, which are two different quantities."""
    half = expected.p_at_least["50"]
    counted = Message("plan.trials-uncounted")
    if isinstance(half, Estimate):
        counted = Message("plan.trials-half", estimate_per_hundred(half))
    return Message("plan.beside-trials", {"effective": per_hundred(effective.median), "counted": counted})


def build_setup(trial: CandidateSetting, cooling: CoolingSetting | None) -> DeviceSetup:
    """Return the device with its settings, which include the light, since a machine may emit two."""
    device, wavelength_nm = trial.machine.device, trial.setting.wavelength_nm
    tables = case_tables(device, trial.setting, trial.dose, trial.density_per_cm2)
    trains = trial.beam.trains  # made by the device, not set on it; the computation assumed them
    columns = MicrobeamSetting(**tables["microbeam"]) if "microbeam" in tables else None
    settings = DeviceSetting(
        wavelength_nm,
        **{name: value for name, value in tables["settings"].items() if name not in ("subpulses", "subpulse_ms")},
        compression=device.compression,
        passes=trial.passes,
        subpulses=tuple(train.number for train in trains) or None,
        subpulse_ms=tuple(train.length_ms for train in trains) or None,
        microbeam=LensArraySetting() if device.lens_array else columns,
        cooling=cooling,
    )
    return DeviceSetup(device.name, device.title, wavelength_nm, trial.band_nm, settings)


def _visit_ranges(
    modality: str, concern: Concern
) -> tuple[SourceRange | Unknown, SourceRange | Unknown, SourceRange | Unknown]:
    """Return the number of sessions, their interval and the minutes of a session.

    The sentence of a rule that gives an interval commonly counts the sessions too; it is left out where another count
    is the plan's.
    """
    sessions = expected_sessions(modality, concern.condition, concern.site)
    interval = _range_record(aftercare.interval_range(modality, concern.condition, site=concern.site))
    if isinstance(interval, SourceRange):
        ruled = aftercare.session_range(modality, concern.condition, site=concern.site)
        is_counted = isinstance(ruled, aftercare.RuleRange) and ruled.message == interval.text
        if is_counted and isinstance(sessions, SourceRange) and sessions.text != interval.text:
            interval = replace(interval, text=None)
    return sessions, interval, _range_record(aftercare.minutes_range(modality))


def _range_record(span: aftercare.RuleRange | Unknown) -> SourceRange | Unknown:
    if isinstance(span, Unknown):
        return span
    return SourceRange(span.low, span.high, span.unit, span.source, span.message)


def _pulse_class(modality: str, trial: CandidateSetting) -> str:
    """Return the class of a short pulse, after which spots crust differently; empty of other light."""
    if not pulse_class_matters(modality):
        return ""
    return "picosecond" if trial.setting.pulse_ms < SHORTEST_NANOSECOND_MS else _NANOSECOND


def _may_whiten(case: Case, pulse: str) -> bool:
    """Return whether a spot may turn evenly ash-white: under nanosecond pulses, on skin that does not darken after."""
    darkest = darkest_phototype(case)
    is_fair = darkest is not None and darkest < fact_tables().dark_marks_from_phototype
    return pulse == _NANOSECOND and is_fair and not has_melasma(case) and not has_marked(case)


def _option_downtime(modality: str, concern: Concern, expected: Expectation, pulse: str = "") -> Value:
    """Return the days of downtime counted in trials, else those of a rule."""
    if isinstance(expected.downtime_days, Estimate):
        return expected.downtime_days
    span = aftercare.downtime_range(modality, concern.condition, site=concern.site, pulse=pulse)
    return span if isinstance(span, Unknown) else span.estimate()


def _bruise_days() -> SourceRange:
    """Return how long a bruise of the skin around stays visible."""
    limit = bruise_limit()
    cite_sources(limit.source)
    return SourceRange(limit.low_days, limit.high_days, "days", limit.source)


def _option_reasons(
    case: Case,
    concern: Concern,
    modality: str,
    trial: CandidateSetting,
    judged: Suitability,
    downtime: Value,
    cooling: CoolingSetting | None,
) -> tuple[RuleReason, ...]:
    """Return the reasons of the rules and the cautions on burns, bruises, downtime and dose, strictest first."""
    accepted = _days_off_accepted(case)
    showing = (
        _burn_reason(concern, trial),
        _bruise_reason(concern, trial, accepted),
        downtime_reason(concern, modality, downtime, accepted, pulse=_pulse_class(modality, trial)),
        _window_reason(concern, trial),
        _dose_limited_reason(concern, trial),
        *_burn_coverage_reasons(case, concern, trial, cooling),
    )
    reasons = [*judged.reasons, *(reason for reason in showing if reason is not None)]
    return tuple(sorted(reasons, key=lambda reason: -decision_severity(reason.decision)))


def _days_off_accepted(case: Case) -> float | None:
    return None if case.patient is None else case.patient.downtime_days_accepted


def _burn_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return a caution where the burn probability is above its warning level, so that test spots come first."""
    near = [v for v in trial.verdicts if v.limit.id == "epidermal-burn" and v.status == "warn"]
    if not near:
        return None
    about = f"{concern.condition} at {concern.site}"
    message = Message("plan.burn-near", {"burnt": per_hundred(trial.p_injury), "counted": _clinic_count_message(trial)})
    return RuleReason("burn-near", "with-caution", message, near[0].limit.source, "practice", about)


def _burn_coverage_reasons(
    case: Case, concern: Concern, trial: CandidateSetting, cooling: CoolingSetting | None
) -> list[RuleReason]:
    """Return a caution for each way in which the burn probability leaves the published doses that calibrate it."""
    if all(verdict.limit.id != "epidermal-burn" for verdict in trial.verdicts):
        return []
    darkest = darkest_phototype(case)
    skin = None if darkest is None else (darkest, darkest)
    found = uncovered_warnings(beam_burn_light(trial.beam), "none" if cooling is None else cooling.kind, skin)
    about = f"{concern.condition} at {concern.site}"
    return [
        RuleReason(one.code, "with-caution", one.message, "skinbeam2026practice", "practice", about) for one in found
    ]


def _clinic_count_message(trial: CandidateSetting) -> Message:
    """Return how many people clinics counted with a burn at such light."""
    light, lamp = (trial.beam.mean_wavelength_nm, trial.beam.pulse_ms), trial.band_nm is not None
    found = count_harm_near(*light, lamp=lamp)
    if found is None:
        return Message("plan.burns-uncounted")
    counted = Message("plan.burns-counted", {"harmed": found.harmed, "of": found.treated, "sources": found.sources})
    if count_harm_that_calibrates(*light, lamp=lamp) == found:
        return counted
    return Message("plan.burns-counted-aside", {"counted": counted})


def is_window_larger(concern: Concern, device: Device, spot_mm: float) -> bool:
    """Return whether the window of a lamp covers more than a field, whose area may not be known."""
    window_mm = device.window_mm(spot_mm)
    return window_mm is not None and concern.area_cm2 is not None and math.prod(window_mm) > 100.0 * concern.area_cm2


def _window_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return a caution where the window of a lamp is larger than the field, so that no test spot has room either."""
    device, spot_mm = trial.machine.device, trial.setting.spot_mm
    window_mm = device.window_mm(spot_mm)
    if window_mm is None or not is_window_larger(concern, device, spot_mm):
        return None
    about = f"{concern.condition} at {concern.site}"
    message = Message("plan.window-larger", {"window": describe_window(window_mm)})
    return RuleReason("window-larger-than-field", "with-caution", message, "rulepractice", "practice", about)


def _dose_limited_reason(concern: Concern, trial: CandidateSetting) -> RuleReason | None:
    """Return the reason that the dose is not raised above that of lighter skin, where that is so."""
    if not trial.capped_by_lighter_skin:
        return None
    about = f"{concern.condition} at {concern.site}"
    return RuleReason("dose-not-raised", "suitable", Message("plan.dose-not-raised"), "rulepractice", "practice", about)


def bruise_share(trial: CandidateSetting) -> Value | None:
    """Return the computed share of skins with a bruise; None where the light heats no vessels.

    It is unknown for light after which no source counted a bruise: counts that hold none calibrate no computed share,
    which was far above them.
    """
    if trial.bruising is None:
        return None
    beam = trial.beam
    counted = count_bruises_near(beam.mean_wavelength_nm, beam.pulse_ms, lamp=trial.band_nm is not None)
    if counted is None:
        return Unknown(render_message("plan.bruises-uncounted"))
    if counted.harmed:
        return trial.bruising.p
    return Unknown(render_message("plan.bruises-counted", {"of": counted.treated, "sources": counted.sources}))


def _is_bruise_likely(trial: CandidateSetting) -> bool:
    share = bruise_share(trial)
    return isinstance(share, Estimate) and share.median >= bruise_limit().likely


def _bruise_reason(concern: Concern, trial: CandidateSetting, accepted: float | None) -> RuleReason | None:
    """Return a caution where a bruise is likely that lasts longer than the person accepts."""
    limit = bruise_limit()
    if accepted is None or accepted >= limit.high_days or trial.bruising is None or not _is_bruise_likely(trial):
        return None
    bruised = per_hundred(trial.bruising.p.median)
    params = {"bruised": bruised, "low": limit.low_days, "high": limit.high_days, "accepted": accepted}
    about = f"{concern.condition} at {concern.site}"
    message = Message("plan.bruise-likely", params)
    return RuleReason("bruise-likely", "with-caution", message, limit.source, "practice", about)


def _harm_shares(expected: Expectation, scar_unknown: Unknown | None = None) -> list[HarmShare]:
    """Return each harm with its share of people in trials; unknown where not counted or `scar_unknown`."""
    found = {"pih": expected.pih, **expected.harms}
    return [HarmShare(name, risk.p, _harm_meaning(name, risk.p, scar_unknown)) for name, risk in found.items()]


def _harms_and_faults(
    trial: CandidateSetting, expected: Expectation, scar_unknown: Unknown | None
) -> tuple[HarmShare, ...]:
    """Return the harms of trials, and those of a cooling failure, a lifted window or an error of the depth model."""
    harms = _harm_shares(expected, scar_unknown)
    if trial.uncooled_injury_probability is not None:
        uncooled = weighted_probability(trial.uncooled_injury_probability, trial.weights[1], trial.basis)
        harms.insert(0, HarmShare("burn-if-cooling-fails", uncooled, Message("plan.harm-uncooled")))
    if trial.bruising_if_lifted is not None:
        days = bruise_limit()
        message = Message("plan.harm-glass-lifts", {"low": days.low_days, "high": days.high_days})
        harms.append(HarmShare("bruise-if-glass-lifts", trial.bruising_if_lifted.p, message))
    if trial.doubtful_injury_probability is not None:
        in_doubt = weighted_probability(trial.doubtful_injury_probability, trial.weights[1], trial.basis)
        harms.append(HarmShare("injury-if-model-errs", in_doubt, Message("plan.harm-in-doubt")))
    return tuple(harms)


def _harm_meaning(name: str, p: Estimate | Unknown, scar_unknown: Unknown | None) -> Message:
    """Return what a harm share counts; without a count, that its absence is no reassurance."""
    if isinstance(p, Unknown):
        return Message("plan.harm-uncounted" if p != scar_unknown else "plan.harm-raised-scars")
    return Message("plan.harm-counted", {"harm": Message(f"harm-name.{name}")})


def _follow_up_range(concern: Concern, modality: str, expected: Expectation) -> SourceRange | Unknown:
    """Return the follow-up time of the trials behind the expected result."""
    studies = [study.study for study in expected.studies]
    months = followup_months(concern.condition, modality, studies)
    return months if isinstance(months, Unknown) else SourceRange(*months, "months")


def _other_harm() -> HarmShare:
    message = Message("plan.harm-other")
    return HarmShare("side-effects", Unknown(message.text), message)
