"""Build the record of a laser option, and what every option of a concern has: visits, downtime, follow-up, standing."""

from collections.abc import Collection
from dataclasses import replace

from skinbeam.assessment.questionnaire import (
    darkest_phototype,
    fact_tables,
    has_marked,
    has_melasma,
)
from skinbeam.course import aftercare
from skinbeam.course.downtime import (
    describe_healing_days,
    duration_records,
    immediate_reaction,
    longest_duration_record,
    session_durations,
)
from skinbeam.course.session_counts import expected_interval, expected_sessions
from skinbeam.evidence.expectation.applicability import is_kind_tried
from skinbeam.evidence.expectation.durability import followup_months
from skinbeam.evidence.expectation.estimates import inline_title
from skinbeam.evidence.expectation.expectation import Expectation
from skinbeam.evidence.harm_counts import scar_share_refusal
from skinbeam.evidence.question import EvidenceQuestion
from skinbeam.evidence.studies.outcomes import LASTING_HARMS
from skinbeam.laser.setting_grid import case_tables, device_classes
from skinbeam.model.case import Case
from skinbeam.model.conditions import LaserUse, known_modalities, known_sites
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.per_hundred import estimate_per_hundred, per_hundred
from skinbeam.model.sources import cite_sources
from skinbeam.plan.expected_result import trial_expectation, trial_question, unreported_scar_share
from skinbeam.plan.guideline_place import are_named_columns, concern_cells, guideline_place
from skinbeam.plan.option_reasons import (
    NANOSECOND,
    bruise_share,
    clinic_count_message,
    is_bruise_likely,
    is_bruise_usual,
    option_reasons,
    pulse_class,
)
from skinbeam.plan.ranking import OptionStanding
from skinbeam.plan_records.course import (
    DeviceSetting,
    DeviceSetup,
    LensArraySetting,
    MicrobeamSetting,
    SourceRange,
)
from skinbeam.plan_records.plan import HarmShare, Option
from skinbeam.response.candidate import CandidateSetting
from skinbeam.response.goals import laser_use, unknown_depth
from skinbeam.response.limits import LimitVerdict, bruise_limit
from skinbeam.response.practice_place import PracticePlace, place_candidate
from skinbeam.response.records import CoolingSetting, LimitCheck
from skinbeam.simulate.skins.ensemble import weighted_probability
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.table import INFRARED
from skinbeam.text import Message, render_message

__all__ = [
    "AFTER_CREAMS",
    "build_laser_option",
    "build_setup",
    "follow_up_range",
    "option_downtime",
    "option_standing",
    "reached_share",
    "visit_ranges",
]


# The rules on skin that columns of fractional ablative light scar or darken sooner.
_SCARS_SOONER = frozenset({"off-face-columns", "neck-fractional", "fractional-ablative-darker-skin"})
AFTER_CREAMS = "short-pulse-after-melasma"  # the rule by which creams and sun protection come before light
_ACNE_FLARE = "acne-flare"  # the harm


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
    standing = option_standing(case, concern, question, use, expected, classes)
    standing = replace(
        standing,
        title=name,
        difference=unlike,
        reached=reached,
        is_kind_tried=is_kind_tried(question),
        scars_sooner=any(reason.rule in _SCARS_SOONER for reason in suitability.reasons),
        waits_for_creams=any(reason.rule == AFTER_CREAMS for reason in suitability.reasons),
    )
    pulse = pulse_class(modality, trial)
    sessions, weeks, minutes = visit_ranges(modality, concern, pulse)
    downtime = option_downtime(modality, concern, expected, pulse)
    shown = session_durations(concern, modality, downtime, bruise_likely=is_bruise_likely(trial), pulse=pulse)
    option = Option(
        modality=modality,
        title=known_modalities()[modality].title,
        setup=setup,
        p_effective=effective,
        p_harm=harm,
        p_purpura=bruise_share(trial),
        purpura_days=_bruise_days() if trial.bruising or trial.bruising_if_lifted else None,
        expected=expected,
        followup_months=follow_up_range(concern, modality, expected),
        sessions=sessions,
        interval_weeks=weeks,
        minutes=minutes,
        pain_0_10=expected.pain_0_10,
        downtime_days=downtime,
        shows_days=longest_duration_record(shown),
        shows=duration_records(shown),
        immediate=immediate_reaction(
            modality,
            concern.condition,
            setup.light,
            may_whiten=_may_whiten(case, pulse),
            bruises=is_bruise_usual(trial),
            heats_deep=pulse == INFRARED,
        ),
        healing=describe_healing_days(modality, concern.condition, bruises=is_bruise_usual(trial)),
        harms=_harms_and_faults(trial, expected, scar_share_refusal(case), concern.site),
        reasons=option_reasons(case, concern, modality, trial, suitability, downtime, cooling),
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
    both = {"limit": record.text, "counted": clinic_count_message(trial)}
    return replace(record, text=Message("plan.limit-and-counted", both))


def option_standing(
    case: Case,
    concern: Concern,
    question: EvidenceQuestion,
    use: LaserUse,
    expected: Expectation,
    classes: Collection[str] | None = None,
) -> OptionStanding:
    """Return the values by which an option is ranked.

    A scar share that the plan does not report for this person counts as in trials.

    Parameters
    ----------
    classes : of its device at its setting; None without a device.
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


def visit_ranges(
    modality: str, concern: Concern, pulse: str = ""
) -> tuple[SourceRange | Unknown, SourceRange | Unknown, SourceRange | Unknown]:
    """Return the number of sessions, their interval and the minutes of a session; `pulse` as of `expected_sessions`.

    The sentence of a rule that gives an interval commonly counts the sessions too; it is left out where another count
    is the plan's.
    """
    sessions = expected_sessions(modality, concern.condition, concern.site, pulse)
    interval = expected_interval(modality, concern.condition, concern.site, pulse)
    if isinstance(interval, SourceRange):
        ruled = aftercare.session_range(modality, concern.condition, site=concern.site, pulse=pulse)
        is_counted = isinstance(ruled, aftercare.RuleRange) and ruled.message == interval.text
        if is_counted and isinstance(sessions, SourceRange) and sessions.text != interval.text:
            interval = replace(interval, text=None)
    minutes = aftercare.minutes_range(modality)
    return sessions, interval, minutes if isinstance(minutes, Unknown) else minutes.record


def _may_whiten(case: Case, pulse: str) -> bool:
    """Return whether a spot may turn evenly ash-white: under nanosecond pulses, on skin that does not darken after."""
    darkest = darkest_phototype(case)
    is_fair = darkest is not None and darkest < fact_tables().dark_marks_from_phototype
    return pulse == NANOSECOND and is_fair and not has_melasma(case) and not has_marked(case)


def option_downtime(modality: str, concern: Concern, expected: Expectation, pulse: str = "") -> Value:
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


def _harm_shares(expected: Expectation, scar_unknown: Unknown | None = None, *, burns: bool = False) -> list[HarmShare]:
    """Return each harm with its share of people in trials; unknown where not counted or `scar_unknown`.

    Parameters
    ----------
    burns : whether the probability of a burn at the setting is reported beside them.
    """
    shares = {"pih": expected.pih, **expected.harms}
    return [
        HarmShare(name, risk.p, _harm_meaning(name, risk.p, scar_unknown, burns=burns)) for name, risk in shares.items()
    ]


def _harms_and_faults(
    trial: CandidateSetting, expected: Expectation, scar_unknown: Unknown | None, site: str
) -> tuple[HarmShare, ...]:
    """Return the harms of trials, and those of a cooling failure, a lifted window or an error of the depth model."""
    harms = _harm_shares(expected, scar_unknown, burns=trial.burns is not None)
    if not known_sites()[site].acne:
        harms = [harm for harm in harms if harm.name != _ACNE_FLARE]
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


def _harm_meaning(name: str, p: Estimate | Unknown, scar_unknown: Unknown | None, *, burns: bool) -> Message:
    """Return what a harm share counts; without a count, that its absence is no reassurance.

    A computed burn is a blister, too, so that the two numbers are told apart.
    """
    if isinstance(p, Unknown):
        return Message("plan.harm-uncounted" if p != scar_unknown else "plan.harm-raised-scars")
    if burns and name == "blister":
        return Message("plan.harm-counted-blisters")
    return Message("plan.harm-counted", {"harm": Message(f"harm-name.{name}")})


def follow_up_range(concern: Concern, modality: str, expected: Expectation) -> SourceRange | Unknown:
    """Return the follow-up time of the trials behind the expected result."""
    studies = [study.study for study in expected.studies]
    months = followup_months(concern.condition, modality, studies)
    return months if isinstance(months, Unknown) else SourceRange(*months, "months")
