"""Options of one concern: laser settings found by search, other treatments, and no treatment, as records of a plan."""

from dataclasses import replace

from skinbeam.answers.harm import untold_scars
from skinbeam.assessment.questionnaire import darkest_phototype
from skinbeam.estimate import Estimate, Unknown, Value
from skinbeam.evidence.expectation.followup import followup_months
from skinbeam.evidence.expectation.parts import title
from skinbeam.evidence.expectation.records import Expectation
from skinbeam.evidence.question import Question
from skinbeam.evidence.studies.outcomes import LASTING
from skinbeam.laser.grid import settings_tables
from skinbeam.messages import Message, text
from skinbeam.plan import aftercare
from skinbeam.plan.accepted import healing_reason
from skinbeam.plan.expected import expected_of, question_of, share_untold
from skinbeam.plan.ranking import Standing, chance, chances
from skinbeam.plan.records import CheckedLimit, HarmShare, Option
from skinbeam.plan.rules.reason import Reason, severity
from skinbeam.plan.rules.suitability import Suitability
from skinbeam.plan.search.goals import Use, laser_use
from skinbeam.plan.search.limits import Verdict, bruise
from skinbeam.plan.search.place import place_of
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.setup import CoolingSetting, DeviceSetting, MicrobeamSetting, Setup
from skinbeam.plan.showing import showings, shows_days, shows_of
from skinbeam.plan.spans import Range
from skinbeam.plan.visit.healing import healing_days, immediate
from skinbeam.plan.visit.sessions import sessions_of
from skinbeam.practice.counted import counted_near
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table
from skinbeam.simulate.skins.ensemble import probability

__all__ = ["laser_option", "other_option", "setup_of"]


def laser_option(
    case: Case,
    concern: Concern,
    trial: Trial,
    modality: str,
    cooling: CoolingSetting | None,
    judged: Suitability,
) -> tuple[Option, Standing]:
    """Return the option of a device at the settings that the search found, and what it is ranked by."""
    setup = setup_of(trial, cooling)
    question = question_of(case, concern, modality, trial)
    expected = expected_of(case, question)
    effective = probability(trial.effective, trial.weights[0], trial.basis)
    harm = probability(trial.broken, trial.weights[1], trial.basis)
    use = laser_use(concern.condition, modality)
    practised = place_of(trial, concern.condition, modality, darkest_phototype(case))
    unlike = None if practised.inside else practised.told
    name = f"{title('modality', modality)}, {setup.light}"
    standing = replace(_standing(case, concern, question, use, expected), title=name, unlike=unlike)
    sessions, weeks, minutes = _visits(modality, concern)
    downtime = _downtime(modality, concern, expected)
    shown = showings(concern, modality, downtime, bruised=_likely_bruised(trial))
    option = Option(
        modality=modality,
        title=table("modality")[modality]["title"],
        setup=setup,
        p_effective=effective,
        p_harm=harm,
        p_purpura=None if trial.bruising is None else trial.bruising.p,
        purpura_days=_bruise_days() if trial.bruising or trial.bruised_if_lifted else None,
        expected=expected,
        followup_months=_followup(concern, modality, expected),
        sessions=sessions,
        interval_weeks=weeks,
        minutes=minutes,
        pain_0_10=expected.pain_0_10,
        downtime_days=downtime,
        shows_days=shows_days(shown),
        shows=shows_of(shown),
        immediate=immediate(modality, concern.condition, setup.light),
        healing=healing_days(modality, concern.condition),
        harms=_harms_and_faults(trial, expected, untold_scars(case)),
        reasons=_told(case, concern, modality, trial, judged, downtime),
        limits=tuple(_told_limit(verdict, trial) for verdict in trial.verdicts),
        rank_reason=Message("plan.unranked"),
        beside_trials=_beside_trials(effective, expected),
        practice=practised.told,
        beyond_practice=not practised.inside,
    )
    return option, standing


def _told_limit(verdict: Verdict, trial: Trial) -> CheckedLimit:
    """The record of a limit; that on burns with what clinics counted."""
    told = verdict.told
    if told.id != "epidermal-burn":
        return told
    both = {"limit": told.text, "counted": _counted_by_clinics(trial)}
    return replace(told, text=Message("plan.limit-and-counted", both))


def other_option(
    case: Case, concern: Concern, modality: str, use: Use, source: str, reasons: tuple[Reason, ...] = ()
) -> tuple[Option, Standing]:
    """Return the option without a device, no treatment or no laser, with what rules say of it, and its standing."""
    used(source)
    question = question_of(case, concern, modality)
    expected = expected_of(case, question)
    none = modality == "no-treatment"
    nothing, no_physics = Unknown(text("plan.nothing-done")), Unknown(text("plan.no-physics"))
    sessions, weeks, minutes = (nothing, nothing, nothing) if none else _visits(modality, concern)
    option = Option(
        modality=modality,
        title=table("modality")[modality]["title"],
        setup=None,
        p_effective=no_physics,
        p_harm=no_physics,
        expected=expected,
        followup_months=_followup(concern, modality, expected),
        sessions=sessions,
        interval_weeks=weeks,
        minutes=minutes,
        pain_0_10=nothing if none else expected.pain_0_10,
        downtime_days=nothing if none else _downtime(modality, concern, expected),
        shows_days=nothing if none else Unknown(text("plan.shows-unknown")),
        shows=(),
        immediate=no_physics,
        healing=(),
        harms=() if none else (_other_harm(),),
        reasons=reasons,
        limits=(),
        rank_reason=Message("plan.unranked"),
        source=source,
    )
    return option, _standing(case, concern, question, use, expected)


def _standing(case: Case, concern: Concern, question: Question, use: Use, expected: Expectation) -> Standing:
    """What an option is placed by; a scar that is not told of this person counts as often as trials met it."""
    risks = {"pih": expected.pih, **expected.harms}
    counted = [risks[name].p for name in LASTING if name in risks]
    shares = [p.median for p in counted if isinstance(p, Estimate)]
    marks = max([*shares, share_untold(case, concern, question.modality)]) if shares else None
    return Standing(title("modality", question.modality), question, use, expected.p_at_least["50"], marks)


def _beside_trials(effective: Estimate, expected: Expectation) -> Message:
    """What was computed and what trials counted, side by side: two things, of which neither is the other."""
    half = expected.p_at_least["50"]
    counted = Message("plan.trials-uncounted")
    if isinstance(half, Estimate):
        counted = Message("plan.trials-half", chances(half))
    return Message("plan.beside-trials", {"effective": chance(effective.median), "counted": counted})


def setup_of(trial: Trial, cooling: CoolingSetting | None) -> Setup:
    """Return the device and what is set on it, its light too: a machine may emit two."""
    device, wavelength_nm = trial.machine.device, trial.setting.wavelength_nm
    tables = settings_tables(device, trial.setting, trial.dose, trial.density_per_cm2)
    trains = trial.beam.trains  # made by the device, not set on it: what the pulse was taken to be
    settings = DeviceSetting(
        wavelength_nm,
        **tables["settings"],
        compression=device.compression,
        passes=trial.passes,
        subpulses=tuple(train.number for train in trains) or None,
        subpulse_ms=tuple(train.length_ms for train in trains) or None,
        microbeam=MicrobeamSetting(**tables["microbeam"]) if "microbeam" in tables else None,
        cooling=cooling,
    )
    return Setup(device.name, device.title, wavelength_nm, trial.band_nm, settings)


def _visits(modality: str, concern: Concern) -> tuple[Range | Unknown, Range | Unknown, Range | Unknown]:
    """What the rules say of sessions, of their interval and of the minutes in the chair."""
    return (
        sessions_of(modality, concern.condition, concern.site),
        _range(aftercare.interval(modality, concern.condition, site=concern.site)),
        _range(aftercare.minutes(modality)),
    )


def _range(span: aftercare.Span | Unknown) -> Range | Unknown:
    if isinstance(span, Unknown):
        return span
    return Range(span.low, span.high, span.unit, span.source, span.message)


def _downtime(modality: str, concern: Concern, expected: Expectation) -> Value:
    """Days as counted in trials, else as a rule gives them."""
    if isinstance(expected.downtime_days, Estimate):
        return expected.downtime_days
    span = aftercare.downtime(modality, concern.condition, site=concern.site)
    return span if isinstance(span, Unknown) else span.estimate()


def _bruise_days() -> Range:
    """For how long a bruise of the skin around shows."""
    told = bruise()
    used(told.source)
    return Range(told.low_days, told.high_days, "days", told.source)


def _told(
    case: Case, concern: Concern, modality: str, trial: Trial, judged: Suitability, downtime: Value
) -> tuple[Reason, ...]:
    """The reasons of the rules, a limit that is near, and what shows for longer than is accepted, strictest first."""
    accepted = case.patient.downtime_days_accepted if case.patient is not None else None
    showing = (
        _burn_reason(concern, trial),
        _bruise_reason(concern, trial, accepted),
        healing_reason(concern, modality, downtime, accepted),
        _held_reason(concern, trial),
    )
    reasons = [*judged.reasons, *(reason for reason in showing if reason is not None)]
    return tuple(sorted(reasons, key=lambda reason: -severity(reason.decision)))


def _burn_reason(concern: Concern, trial: Trial) -> Reason | None:
    """That the probability of a burn is above the warning of its limit, so that test spots come first."""
    near = [v for v in trial.verdicts if v.limit.id == "epidermal-burn" and v.status == "warn"]
    if not near:
        return None
    about = f"{concern.condition} at {concern.site}"
    message = Message("plan.burn-near", {"burnt": chance(trial.p_broken), "counted": _counted_by_clinics(trial)})
    return Reason("burn-near", "with-caution", message, near[0].limit.source, "practice", about)


def _counted_by_clinics(trial: Trial) -> Message:
    """How many people clinics counted with a burn at such light."""
    found = counted_near(trial.beam.mean_wavelength_nm, trial.beam.pulse_ms, lamp=trial.band_nm is not None)
    if found is None:
        return Message("plan.burns-uncounted")
    return Message("plan.burns-counted", {"harmed": found.harmed, "of": found.of, "sources": found.sources})


def _held_reason(concern: Concern, trial: Trial) -> Reason | None:
    """That the dose stays at what lighter skin would get."""
    if not trial.held:
        return None
    about = f"{concern.condition} at {concern.site}"
    return Reason("dose-not-raised", "suitable", Message("plan.dose-not-raised"), "rulepractice", "practice", about)


def _likely_bruised(trial: Trial) -> bool:
    return trial.bruising is not None and trial.bruising.p.median >= bruise().likely


def _bruise_reason(concern: Concern, trial: Trial, accepted: float | None) -> Reason | None:
    """That a bruise is likely which shows for longer than the person accepts."""
    told = bruise()
    if accepted is None or accepted >= told.high_days or trial.bruising is None or not _likely_bruised(trial):
        return None
    bruised = chance(trial.bruising.p.median)
    params = {"bruised": bruised, "low": told.low_days, "high": told.high_days, "accepted": accepted}
    about = f"{concern.condition} at {concern.site}"
    message = Message("plan.bruise-likely", params)
    return Reason("bruise-likely", "with-caution", message, told.source, "practice", about)


def _harms(expected: Expectation, untold: Unknown | None = None) -> list[HarmShare]:
    """Each harm with the share of people it met in trials; what nobody counted or is `untold` is unknown."""
    found = {"pih": expected.pih, **expected.harms}
    return [HarmShare(name, risk.p, _harm_meaning(name, risk.p, untold)) for name, risk in found.items()]


def _harms_and_faults(trial: Trial, expected: Expectation, untold: Unknown | None) -> tuple[HarmShare, ...]:
    """The harms of trials, and what a fault of the cooling, or of the model of depths, would do."""
    harms = _harms(expected, untold)
    if trial.broken_uncooled is not None:
        uncooled = probability(trial.broken_uncooled, trial.weights[1], trial.basis)
        harms.insert(0, HarmShare("burn-if-cooling-fails", uncooled, Message("plan.harm-uncooled")))
    if trial.bruised_if_lifted is not None:
        days = bruise()
        message = Message("plan.harm-glass-lifts", {"low": days.low_days, "high": days.high_days})
        harms.append(HarmShare("bruise-if-glass-lifts", trial.bruised_if_lifted.p, message))
    if trial.broken_in_doubt is not None:
        in_doubt = probability(trial.broken_in_doubt, trial.weights[1], trial.basis)
        harms.append(HarmShare("injury-if-model-errs", in_doubt, Message("plan.harm-in-doubt")))
    return tuple(harms)


def _harm_meaning(name: str, p: Estimate | Unknown, untold: Unknown | None) -> Message:
    """What the count is of; without a count, that its absence is no comfort."""
    if isinstance(p, Unknown):
        return Message("plan.harm-uncounted" if p != untold else "plan.harm-raised-scars")
    return Message("plan.harm-counted", {"harm": Message(f"harm-name.{name}")})


def _followup(concern: Concern, modality: str, expected: Expectation) -> Range | Unknown:
    """When the trials behind the expected result looked."""
    studies = [study.study for study in expected.studies]
    months = followup_months(concern.condition, modality, studies)
    return months if isinstance(months, Unknown) else Range(*months, "months")


def _other_harm() -> HarmShare:
    message = Message("plan.harm-other")
    return HarmShare("side-effects", Unknown(message.text), message)
