"""Options of one concern: laser settings found by search, other treatments, and no treatment, as records of a plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from skinbeam.answers.harm import untold_scars
from skinbeam.document import round_significant
from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.expectation.answer import expect_of_setting
from skinbeam.evidence.expectation.followup import followup_months
from skinbeam.evidence.expectation.records import Expectation, PatientShare
from skinbeam.evidence.expectation.risk import counted_risk
from skinbeam.evidence.question import Question
from skinbeam.laser.grid import settings_tables
from skinbeam.laser.wording import light_of
from skinbeam.messages import Message, text
from skinbeam.plan import aftercare
from skinbeam.plan.accepted import healing_reason
from skinbeam.plan.healing import healing_days, immediate
from skinbeam.plan.rules.reason import Reason, severity
from skinbeam.plan.rules.suitability import Suitability
from skinbeam.plan.search.limits import bruise, target
from skinbeam.plan.search.trial import Trial
from skinbeam.plan.showing import showings, shows_days, shows_of
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import table
from skinbeam.simulate.skins.ensemble import probability

__all__ = ["Option", "chance", "counted_in_words", "expected_of", "laser_option", "other_option", "trials_in_words"]


@dataclass(frozen=True)
class Option:
    """One option: its record, and what it is ranked by.

    Parameters
    ----------
    p_effective, p_harm : shares of the simulated skins that reach the target, and that break a limit.
    counted : the most frequent harm that trials counted, as its name and share; None where nobody counted any.
    studies, warned : trials of it on this concern, and limits that are near.
    untold : share of people with a scar in trials, where it is not told since this person scars more easily than they.
    """

    record: dict[str, Any]
    p_effective: float
    p_harm: float
    counted: tuple[str, float] | None
    studies: int
    warned: int
    untold: float = 0.0

    @property
    def spared(self) -> float:
        """The share that reaches the target and meets no harm, were these independent (plan 3).

        A target that is reached more often than is wanted is worth no harm, and harm that nobody counted is no comfort;
        nor is one that is not told, whose share in this person is no smaller than in trials.
        """
        p_counted = max(self.counted[1], self.untold) if self.counted is not None else 1.0
        return self._reached * (1.0 - p_counted) * (1.0 - self.p_harm)

    @property
    def place(self) -> tuple[float, ...]:
        """What options are sorted by, the best first; what nobody tried on this concern follows what was tried."""
        spared, reached = round(self.spared, 2), round(self._reached, 2)
        return self.studies == 0, -spared, -reached, self.warned > 0, self.p_harm, -self.studies

    @property
    def _reached(self) -> float:
        return min(self.p_effective, target().wanted)


def expected_of(case: Case, concern: Concern, modality: str, trial: Trial | None = None) -> Expectation:
    """Return what trials say of a modality for this person at a setting, or unknowns with the reason."""
    patient = case.patient
    question = Question(
        concern.condition,
        modality,
        severity=concern.severity,
        site=concern.site,
        phototype=patient.phototype if patient is not None else None,
        sessions=_sessions(modality, concern),
    )
    expected = expect_of_setting(question if trial is None else _at(question, trial))
    untold = untold_scars(case)
    return expected if untold is None else _without_scars(expected, untold)


def _without_scars(expected: Expectation, untold: Unknown) -> Expectation:
    """The same, with the share of people with a scar unknown, after the treatment and in its natural course."""
    natural = expected.untreated
    return replace(
        expected,
        harms={**expected.harms, "scar": PatientShare.unknown(untold)},
        untreated=None if natural is None else _without_scars(natural, untold),
    )


def _share_untold(case: Case, concern: Concern, modality: str) -> float:
    """The share of people with a scar in trials where it is not told of this person; 0 where it is, or nobody knows."""
    if untold_scars(case) is None:
        return 0.0
    phototype = case.patient.phototype if case.patient is not None else None
    risk = counted_risk("scar", modality, concern.condition, phototype=phototype)
    return risk.p.median if isinstance(risk.p, Estimate) else 0.0


def _sessions(modality: str, concern: Concern) -> float | None:
    """The middle of how many sessions the course has."""
    span = aftercare.sessions(modality, concern.condition, site=concern.site)
    return None if isinstance(span, Unknown) else (span.low + span.high) / 2.0


def _at(question: Question, trial: Trial) -> Question:
    """The same question of a setting. The wavelength of a lamp is that of a filter, which no trial arm is sorted by."""
    lamp = "band_nm" in _light(trial)
    fractional = trial.density_per_cm2 is not None
    return replace(
        question,
        wavelength_nm=None if lamp else trial.setting.wavelength_nm,
        microbeam_mJ=trial.dose if fractional else None,
        fluence_J_cm2=None if fractional else trial.dose,
        pulse_ms=None if fractional else trial.setting.pulse_ms,
    )


def laser_option(
    case: Case,
    concern: Concern,
    trial: Trial,
    modality: str,
    cooling: Mapping[str, Any],
    judged: Suitability,
) -> Option:
    """Return the option of a device at the settings that the search found."""
    device = trial.machine.device
    tables = settings_tables(device, trial.setting, trial.dose, trial.density_per_cm2)
    light = _light(trial)
    # A machine may emit two: without its light no setting says what to set.
    settings = {"wavelength_nm": light["wavelength_nm"], **tables["settings"]}
    if trial.passes > 1:
        settings["passes"] = trial.passes
    if trial.beam.trains:  # made by the device, not set on it: what the pulse was taken to be
        settings["subpulses"] = [train.number for train in trial.beam.trains]
        settings["subpulse_ms"] = [train.length_ms for train in trial.beam.trains]
    if "microbeam" in tables:
        settings["microbeam"] = tables["microbeam"]
    if cooling:
        settings["cooling"] = dict(cooling)
    expected = expected_of(case, concern, modality, trial)
    effective = probability(trial.effective, trial.weights[0], trial.basis)
    harm = probability(trial.broken, trial.weights[1], trial.basis)
    asked = _asked(modality, concern, expected)
    reasons = _told(case, concern, modality, trial, judged, asked["downtime_days"])
    shown = showings(concern, modality, asked["downtime_days"], bruised=_likely_bruised(trial))
    record = {
        "modality": modality,
        "title": table("modality")[modality]["title"],
        "device": trial.machine.device.name,
        "device_title": device.title,
        **light,
        "settings": settings,
        "p_effective": effective,
        "p_harm": harm,
        **_bruising(trial),
        "expected": expected,
        "followup_months": _followup(concern, modality, expected),
        **asked,
        "shows_days": shows_days(shown),
        "shows": shows_of(shown),
        "immediate": immediate(modality, light_of(light)),
        "healing": healing_days(modality),
        "harms": _harms_and_faults(trial, expected, untold_scars(case)),
        "reasons": [_reason(reason) for reason in reasons],
        "limits": trial.verdicts,
    }
    warned = sum(verdict.status == "warn" for verdict in trial.verdicts)
    untold = _share_untold(case, concern, modality)
    return Option(record, effective.median, harm.median, _most_counted(expected), len(expected.studies), warned, untold)


def other_option(case: Case, concern: Concern, modality: str, source: str) -> dict[str, Any]:
    """Return the record of an option without a device, which is not ranked: no treatment, or no laser."""
    used(source)
    expected = expected_of(case, concern, modality)
    none = modality == "no-treatment"
    no_physics = Unknown(text("plan.no-physics"))
    return {
        "modality": modality,
        "title": table("modality")[modality]["title"],
        "settings": {},
        "p_effective": no_physics,
        "p_harm": no_physics,
        "expected": expected,
        "followup_months": _followup(concern, modality, expected),
        **(_nothing_done() if none else _asked(modality, concern, expected)),
        "shows_days": Unknown(text("plan.nothing-done" if none else "plan.shows-unknown")),
        "shows": [],
        "immediate": no_physics,
        "healing": [],
        "harms": [] if none else [_other_harm()],
        "reasons": [],
        "limits": [],
        "rank_reason": Message("plan.rank-none" if none else "plan.rank-alternative"),
        "source": source,
    }


def _asked(modality: str, concern: Concern, expected: Expectation) -> dict[str, Any]:
    """What it asks of a person: sessions, their interval and the minutes in the chair from rules, pain, downtime."""
    found: dict[str, Callable[[], aftercare.Span | Unknown]] = {
        "sessions": lambda: aftercare.sessions(modality, concern.condition, site=concern.site),
        "interval_weeks": lambda: aftercare.interval(modality, concern.condition, site=concern.site),
        "minutes": lambda: aftercare.minutes(modality),
    }
    return {name: _span(lookup()) for name, lookup in found.items()} | {
        "pain_0_10": expected.pain_0_10,
        "downtime_days": _downtime(modality, concern, expected),
    }


def _nothing_done() -> dict[str, Any]:
    names = ("sessions", "interval_weeks", "minutes", "pain_0_10", "downtime_days")
    return {name: Unknown(text("plan.nothing-done")) for name in names}


def _span(span: aftercare.Span | Unknown) -> Any:
    if isinstance(span, Unknown):
        return span
    return {"low": span.low, "high": span.high, "unit": span.unit, "source": span.source, "text": span.message}


def _downtime(modality: str, concern: Concern, expected: Expectation) -> Any:
    """Days as counted in trials, else as a rule gives them."""
    if isinstance(expected.downtime_days, Estimate):
        return expected.downtime_days
    span = aftercare.downtime(modality, concern.condition, site=concern.site)
    return span if isinstance(span, Unknown) else span.estimate()


def _light(trial: Trial) -> dict[str, Any]:
    """The wavelength of an option; of a filtered lamp its band too, whose lower end the wavelength is."""
    wavelength_nm = trial.setting.wavelength_nm
    head = next(head for head in trial.machine.device.heads if head.wavelength_nm == wavelength_nm)
    return {"wavelength_nm": wavelength_nm} | ({} if head.band_nm is None else {"band_nm": list(head.band_nm)})


def _bruising(trial: Trial) -> dict[str, Any]:
    """How likely the skin around bruises, and for how long it shows; nothing where no vessels are heated."""
    if trial.bruising is None:
        return {}
    told = bruise()
    used(told.source)
    days = {"low": told.low_days, "high": told.high_days, "unit": "days", "source": told.source}
    return {"p_purpura": trial.bruising.p, "purpura_days": days}


def _told(
    case: Case, concern: Concern, modality: str, trial: Trial, judged: Suitability, downtime: Any
) -> list[Reason]:
    """The reasons of the rules, and what will show for longer than the person accepts, strictest first."""
    accepted = case.patient.downtime_days_accepted if case.patient is not None else None
    showing = (
        _bruise_reason(concern, trial, accepted),
        healing_reason(concern, modality, downtime, accepted),
        _held_reason(concern, trial),
    )
    reasons = [*judged.reasons, *(reason for reason in showing if reason is not None)]
    return sorted(reasons, key=lambda reason: -severity(reason.decision))


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


def _harms(expected: Expectation, untold: Unknown | None = None) -> list[dict[str, Any]]:
    """Each harm with the share of people it met in trials; what nobody counted or is `untold` is unknown."""
    found = {"pih": expected.pih, **expected.harms}
    return [{"name": name, "p": risk.p, "text": _harm_meaning(name, risk.p, untold)} for name, risk in found.items()]


def _harms_and_faults(trial: Trial, expected: Expectation, untold: Unknown | None) -> list[dict[str, Any]]:
    """The harms of trials, and what a fault of the cooling or of the model would do."""
    harms = _harms(expected, untold)
    if trial.broken_uncooled is not None:
        uncooled = probability(trial.broken_uncooled, trial.weights[1], trial.basis)
        harms.insert(0, {"name": "burn-if-cooling-fails", "p": uncooled, "text": Message("plan.harm-uncooled")})
    if trial.broken_in_doubt is not None:
        in_doubt = probability(trial.broken_in_doubt, trial.weights[1], trial.basis)
        harms.append({"name": "injury-if-model-errs", "p": in_doubt, "text": Message("plan.harm-in-doubt")})
    return harms


def _most_counted(expected: Expectation) -> tuple[str, float] | None:
    """The most frequent harm that trials counted, its name and share; None where nobody counted any."""
    counted = [(harm["name"], harm["p"].median) for harm in _harms(expected) if isinstance(harm["p"], Estimate)]
    return max(counted, key=lambda harm: harm[1], default=None)


def _harm_meaning(name: str, p: Estimate | Unknown, untold: Unknown | None) -> Message:
    """What the count is of; without a count, that its absence is no comfort."""
    if isinstance(p, Unknown):
        return Message("plan.harm-uncounted" if p != untold else "plan.harm-raised-scars")
    return Message("plan.harm-counted", {"harm": Message(f"harm-name.{name}")})


def _followup(concern: Concern, modality: str, expected: Expectation) -> Any:
    """When the trials behind the expected result looked."""
    studies = [study.study for study in expected.studies]
    months = followup_months(concern.condition, modality, studies)
    return months if isinstance(months, Unknown) else {"low": months[0], "high": months[1], "unit": "months"}


def _other_harm() -> dict[str, Any]:
    message = Message("plan.harm-other")
    return {"name": "side-effects", "p": Unknown(message.text), "text": message}


def _reason(reason: Any) -> dict[str, Any]:
    record: dict[str, Any] = reason.as_record()
    return record


def counted_in_words(counted: tuple[str, float] | None) -> Message:
    """Return which harm trials met most often, and in how many of 100 people."""
    if counted is None:
        return Message("plan.counted-none")
    return Message("plan.counted-most", {"harm": Message(f"harm-name.{counted[0]}"), "share": chance(counted[1])})


def trials_in_words(studies: int) -> Message:
    """Return how many trials stand behind an expected result."""
    if studies < 2:
        return Message("plan.trials-one" if studies else "plan.trials-none")
    return Message("plan.trials-many", {"studies": studies})


def chance(p: float) -> float:
    """Return a probability as a count of 100: whole people, a half upwards as tables round, and below one two digits.

    It is rounded as a document is first, so that a sentence and the table beside it count the same people.
    """
    whole = float(int(100 * round_significant(p) + 0.5))
    if whole == 100.0 and p < 1.0:  # tables do not say either that nobody is left out
        return round_significant(100 * p, 3)
    return whole if whole else round_significant(100 * p, 2)
