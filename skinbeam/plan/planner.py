"""Make the whole treatment plan of a case, and return it as a frozen record identified by its hash."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from skinbeam._version import __version__
from skinbeam.assessment.medicines import read_medication
from skinbeam.assessment.photograph import SitePhotoFindings, estimate_parameters, photo_messages, photo_site_findings
from skinbeam.assessment.questionnaire import read_questionnaire
from skinbeam.assessment.risks import assess_risks
from skinbeam.assessment.skin_draws import PersonColour, assess_colour, case_with_colour
from skinbeam.course.aftercare import (
    TreatedConcern,
    aftercare_advice,
    call_advice,
    checklist_advice,
    record_keeping_advice,
)
from skinbeam.course.groups import mark_done_concerns
from skinbeam.course.schedule import schedule_course
from skinbeam.course.test_spots import distinct_ladders, earlier_pulse_notices, plan_test_spots
from skinbeam.course.totals import course_total
from skinbeam.evidence.guideline.table import load_cells, load_choices
from skinbeam.laser.device import devices, load_device
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.consultation import Concern, Medication, Patient
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Unknown
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.sources import bibliography, cite_sources, collect_sources
from skinbeam.model.vocabulary import condition_subtypes
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.colour import PhotoColour
from skinbeam.photo.findings.finding import ConcernSuggestion, finding_message, suggest_concerns
from skinbeam.plan.case_check import CheckedConsultation, check_consultation
from skinbeam.plan.concern import ConcernResult, plan_concern
from skinbeam.plan.device_option import LaserOption
from skinbeam.plan.expected_result import response_notices, session_gains
from skinbeam.plan.parallel import report_progress, run_in_parallel
from skinbeam.plan.referral import case_with_dark_spots, refer_contradicting_colour, refer_dark_spots
from skinbeam.plan_records.course import SessionGain, TestSpotLadder
from skinbeam.plan_records.plan import (
    PLAN_SCHEMA,
    Assessment,
    ConcernPlan,
    Medicine,
    Plan,
    SpellingCorrection,
    round_record,
)
from skinbeam.published_doses.rows import practice_rows
from skinbeam.response.goals import case_lasers, concern_lasers, condition_vessels
from skinbeam.response.settings import SearchMachine
from skinbeam.response.skin_bank import SkinBank
from skinbeam.simulate.light.engines import load_ordinates_kernel
from skinbeam.skin.vessels import PhotographedVesselWidth, VesselPopulation
from skinbeam.suitability.dose_bars import dose_bars
from skinbeam.suitability.explanation import explain_decision
from skinbeam.suitability.judgement import Suitability, judge_case, unchecked_parts
from skinbeam.suitability.table import Decision, decision_severity
from skinbeam.text import DocumentWarning, Formatter, Message, render_message

__all__ = [
    "AssessedPerson",
    "OptionReviser",
    "PlanResult",
    "assess_person",
    "data_release",
    "load_planning_tables",
    "make_plan",
    "photo_vessel_widths",
    "plan_consultation",
    "vessel_messages",
]

_GIGABYTES_A_DRAW = 0.0014  # the histories of all settings are held at once: 1000 draws took 1.8 GB, 3000 took 4.6
_MOST_DRAWS = 5_000  # of a plan: 7 GB

# Hash of the data files.


@cache
def data_release() -> str:
    """Return the SHA-256 of the data files, by name and content, with which a plan was made.

    It covers everything in `data/` that can change a number or a sentence; translations and fonts are not part of it.
    """
    digest = hashlib.sha256()
    root = resources.files("skinbeam") / "data"
    for name, file in _data_files(root, ""):
        digest.update(name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _data_files(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            if name not in ("messages", "fonts"):
                found += _data_files(entry, f"{name}/")
        else:
            found.append((name, entry))
    return found


# Vessel widths from a photograph.


def photo_vessel_widths(case: Case, sites: Sequence[SitePhotoFindings]) -> Mapping[str, PhotographedVesselWidth]:
    """Return the apparent width of the vessels at each site.

    A site is included where the width is certain enough for doses, and only if the case names no vessels.
    """
    if case.vessel:
        return {}
    return {
        one.site: PhotographedVesselWidth(one.vessel_um)
        for one in sites
        if one.vessel_um is not None and one.vessels_clear
    }


def vessel_messages(case: Case, sites: Sequence[SitePhotoFindings]) -> Mapping[str, Sequence[Message]]:
    """Return messages on how doses use the vessels visible at each site that has a concern made of vessels."""
    widths = photo_vessel_widths(case, sites)
    found: dict[str, list[Message]] = {}
    for one in sites:
        for concern in case.concern:
            population = _concern_vessels(concern) if concern.site == one.site else None
            if population is not None and one.vessel_um is not None:
                message = _vessel_message(case, one, concern, population, widths.get(one.site))
                found.setdefault(one.site, []).append(message)
    return found


def _concern_vessels(concern: Concern) -> VesselPopulation | None:
    """Return the published vessels of a concern that light for vessels may be planned for; None for other concerns."""
    wheres = [known_modalities()[name].location for name in concern_lasers(concern)]
    if "vessel" not in wheres:
        return None
    try:
        return condition_vessels(concern.condition, concern.subtypes)
    except NotAvailable:
        return None


def _vessel_message(
    case: Case,
    one: SitePhotoFindings,
    concern: Concern,
    published: VesselPopulation,
    width: PhotographedVesselWidth | None,
) -> Message:
    assert one.vessel_um is not None  # called only for sites that have a width
    params: dict[str, str | float] = {
        "site": known_sites()[one.site].title,
        "concern": known_conditions()[concern.condition].title,
        **estimate_parameters(one.vessel_um),
        **{f"published_{end}": value for end, value in estimate_parameters(published.diameter_um()).items()},
    }
    if width is None:
        return Message("photo-plan.vessels_given" if case.vessel else "photo-plan.vessels_unsure", params)
    joined = published.with_photographed_width(width)
    if joined.photographed_width is None:
        return Message("photo-plan.vessels_apart", params)
    drawn = {f"drawn_{end}": value for end, value in estimate_parameters(joined.diameter_um()).items()}
    return Message("photo-plan.vessels_joined", params | drawn)


FiguresT = TypeVar("FiguresT")


@dataclass(frozen=True)
class PlanResult(Generic[FiguresT]):
    """A plan, and results beside it that no document contains.

    Parameters
    ----------
    plan : the plan, with its numbers rounded as in the document.
    concerns : the figures or other results that `keep` made of each concern.
    """

    plan: Plan
    concerns: tuple[FiguresT, ...]

    @property
    def document(self) -> Mapping[str, Any]:
        """The plan in JSON types, with English sentences: `skinbeam.plan/2`."""
        return self.plan.document


@dataclass(frozen=True)
class _ConcernPart(Generic[FiguresT]):
    """A concern's part of the plan, and the result that `keep` made of it."""

    record: ConcernPlan
    gains: tuple[SessionGain, ...]
    ladders: tuple[TestSpotLadder, ...]
    summary: FiguresT


# Returns a laser option of a concern at the setting that a clinician chose for it, or unchanged.
OptionReviser: TypeAlias = Callable[["AssessedPerson", Concern, LaserOption], LaserOption]

# Does work on every concern, in sequence or in parallel.
_ConcernRunner: TypeAlias = Callable[
    [Callable[[Concern], _ConcernPart[FiguresT]], Sequence[Concern]], list[_ConcernPart[FiguresT]]
]


def make_plan(
    loaded: LoadedCase, *, photo: Path | None = None, draws: int = 200, seed: int = 0
) -> PlanResult[ConcernResult]:
    """Return the plan of a case; `photo` and errors as in `plan.case_check.check_consultation`."""
    return _assemble_plan(
        check_consultation(loaded, photo), draws, seed, lambda work, items: list(map(work, items)), _return_unchanged
    )


def plan_consultation(
    consultation: CheckedConsultation,
    summarise_concern: Callable[[ConcernResult], FiguresT],
    *,
    draws: int = 200,
    seed: int = 0,
    on_started: Callable[[], object] | None = None,
    revise: OptionReviser | None = None,
) -> PlanResult[FiguresT]:
    """Return the plan of a consultation, its concerns planned in parallel.

    Parameters
    ----------
    summarise_concern : turns a concern, while its skins are in memory, into the result to keep of it; the result can be
        pickled.
    on_started : as of `run_in_parallel`.
    revise : puts a laser option at the setting that a clinician chose; None where nobody chose one.
    """
    load_planning_tables()
    in_parallel = partial(run_in_parallel, on_started=on_started)
    return _assemble_plan(consultation, draws, seed, in_parallel, summarise_concern, revise)


def load_planning_tables() -> None:
    """Load what every concern needs, so that not every process of a plan does: tables, libraries, a kernel."""
    bibliography()
    load_choices()
    load_cells()
    practice_rows()
    load_ordinates_kernel()


def _return_unchanged(planned: ConcernResult) -> ConcernResult:
    return planned


def _assemble_plan(
    consultation: CheckedConsultation,
    draws: int,
    seed: int,
    each: _ConcernRunner[FiguresT],
    keep: Callable[[ConcernResult], FiguresT],
    revise: OptionReviser | None = None,
) -> PlanResult[FiguresT]:
    """Assemble the plan; `each` does the work of every concern."""
    with collect_sources() as sources:
        person = assess_person(consultation, draws, seed)
        case, colour, sites, machines = person.case, person.colour, person.sites, person.machines
        suitability = _judge_for_clinic(case, machines)
        suitability = refer_dark_spots(suitability, case, consultation.photo_analysis)
        suitability = refer_contradicting_colour(suitability, colour)
        # The decision of the rules depends on no skin, so it is reported at once.
        report_progress(Message("progress.decision", {"decision": render_message(f"decision.{suitability.decision}")}))
        stopped = _is_stopped(suitability)
        parts = _plan_concerns(person, None if stopped else machines, each, keep, revise)
        concerns = mark_done_concerns([one.record for one in parts], case)
        chosen = [
            (concern, planned.first_laser[0].modality)
            for concern, planned in zip(case.concern, concerns, strict=True)
            if planned.first_laser is not None
        ]
        treated = (*chosen, *_begun_without_laser(case.concern, concerns))
        gains = tuple(gain for one in parts for gain in one.gains)
        course = schedule_course(concerns, case, gains)
        made = Plan(
            schema=PLAN_SCHEMA,
            version=__version__,
            case_sha256=consultation.sha256(),
            seed=seed,
            warnings=(
                *_reading_notices(case, colour),
                *_suspicious_spot_notices(consultation.photo_analysis),
                *earlier_pulse_notices(case, machines, None if stopped else person.bank.pulse_evidence),
                *response_notices(case, gains),
            ),
            mode="demonstration",
            intended_use=Message("plan.demonstration"),
            assessment=_assessment_record(
                case, colour, person.photo_state, photo_messages(sites, vessel_messages(case, sites))
            ),
            suitability=suitability,
            why=explain_decision(case, suitability),
            concerns=concerns,
            course=course,
            course_total=course_total(concerns, course),
            test_spots=distinct_ladders(
                replace(ladder, when_chosen=True) if planned.is_done else ladder
                for planned, one in zip(concerns, parts, strict=True)
                for ladder in one.ladders
            ),
            titration=checklist_advice("titration", chosen, case),
            anaesthesia=checklist_advice("anaesthesia", chosen, case),
            photographs=checklist_advice("photographs", chosen, case),
            complications=checklist_advice("complications", chosen, case),
            consent=record_keeping_advice() if chosen else (),
            aftercare=aftercare_advice(treated, case),
            when_to_call=call_advice(treated, case),
            clinic_phone=(case.clinic.phone.strip() if case.clinic is not None else "") or None,
            suggested=_photo_suggestions(case, consultation.photo_analysis) or None,
            unknowns=_unknown_messages(concerns),
            sources=(),
            draws=draws,
            data_release=data_release(),
        )
    plan = round_record(replace(made, sources=tuple(sorted(sources))))
    return PlanResult(plan, tuple(one.summary for one in parts))


@dataclass(frozen=True)
class AssessedPerson:
    """The person of a consultation, ready to be planned for.

    Parameters
    ----------
    case : the case with the colour and the dark spots that the photograph adds, for the rules.
    colour : of the skin, from words, measurements and the photograph.
    sites : what the photograph shows at the sites of concerns.
    machines : the devices of the clinic; every known one where it did not list its own.
    bank : draws of this skin.
    seed : of the draws.
    photo_state : message on the use of the photograph.
    """

    case: Case
    colour: PersonColour
    sites: Sequence[SitePhotoFindings]
    machines: Sequence[SearchMachine]
    bank: SkinBank
    seed: int
    photo_state: Message


def assess_person(consultation: CheckedConsultation, draws: int, seed: int) -> AssessedPerson:
    """Return the person of a consultation, with draws of the skin.

    Raises
    ------
    InputError : `too-much-work`: so many draws would not fit into memory.
    """
    if draws > _MOST_DRAWS:
        message = render_message("plan.too-many-draws", {"draws": draws, "gigabytes": round(_GIGABYTES_A_DRAW * draws)})
        raise InputError("too-much-work", message, field="draws", hint=f"At most {_MOST_DRAWS} draws for a plan.")
    loaded, case = consultation.loaded, consultation.loaded.case
    seen, photo_state = _photo_colour(consultation.photo_analysis)
    sites = photo_site_findings(consultation.photo_analysis, case.concern)
    darker = tuple((one.site, one.melanin_factor) for one in sites if one.melanin_factor > 1.0)
    colour = replace(assess_colour(case, seen), melanin_factors=darker)
    machines = _clinic_machines(loaded)
    bank = SkinBank(case, colour, draws, seed, machines, photo_vessel_widths(case, sites))
    coloured = case_with_colour(case, colour)  # for the rules; the skins above already have this colour
    coloured = case_with_dark_spots(coloured, consultation.photo_analysis)
    return AssessedPerson(coloured, colour, sites, machines, bank, seed, photo_state)


def _plan_concerns(
    person: AssessedPerson,
    machines: Sequence[SearchMachine] | None,
    each: _ConcernRunner[FiguresT],
    keep: Callable[[ConcernResult], FiguresT],
    revise: OptionReviser | None,
) -> list[_ConcernPart[FiguresT]]:
    """Return the parts of the concerns in the order of the case; the one that takes longest is begun first."""
    case = person.case

    def part(concern: Concern) -> _ConcernPart[FiguresT]:
        def at_chosen_setting(option: LaserOption) -> LaserOption:
            return option if revise is None else revise(person, concern, option)

        planned = plan_concern(case, concern, machines, person.bank, at_chosen_setting)
        gains = session_gains(case, concern, planned.record, planned.trial)
        ladders = plan_test_spots(case, concern, planned.record.options, planned.trials)
        return _ConcernPart(planned.record, gains, ladders, keep(planned))

    begun = sorted(range(len(case.concern)), key=lambda place: _start_order(case.concern[place]))
    worked = dict(zip(begun, each(part, [case.concern[place] for place in begun]), strict=True))
    return [worked[place] for place in range(len(case.concern))]


def _begun_without_laser(concerns: Sequence[Concern], planned: Sequence[ConcernPlan]) -> Iterator[TreatedConcern]:
    """Yield the concerns whose first option is no laser, with that option; none that a doctor has to see first."""
    for concern, part in zip(concerns, planned, strict=True):
        first = min(part.options, key=lambda option: option.rank)
        if part.examination is None and first.setup is None:
            yield concern, first.modality


def _start_order(concern: Concern) -> int:
    """Return the order in which concerns begin: vessels, which take longest, then spots, which have lamps too."""
    where = {known_modalities()[one].location for one in concern_lasers(concern)}
    return 0 if "vessel" in where else 1 if "lesion" in where else 2


def _photo_colour(photo: PhotoAnalysis | None) -> tuple[PhotoColour | Unknown | None, Message]:
    """Return the skin colour on the photograph, and a message on its use.

    A photograph without a usable face does not stop a plan.
    """
    if photo is None:
        return None, Message("plan.no-photo")
    cite_sources(*photo.sources)
    if isinstance(photo.skin, Unknown):
        return photo.skin, Message("plan.photo-failed", {"reason": photo.skin.reason})
    return photo.skin.colour, Message("plan.used-photo")


def _suspicious_spot_notices(photo: PhotoAnalysis | None) -> Iterator[DocumentWarning]:
    """Warn of spots on the photograph that a doctor must see."""
    found = () if photo is None or isinstance(photo.skin, Unknown) else photo.skin.findings
    for finding in found:
        if finding.kind == "dark-spots" and finding.to_be_seen:
            seen = Message("finding.dark_spot_to_be_seen", {"told": finding_message(finding)})
            yield DocumentWarning("spot-to-be-seen", seen)
        elif finding.to_be_seen:
            params = {"told": finding_message(finding), "count": finding.to_be_seen}
            yield DocumentWarning("spot-to-be-seen", Message("finding.spot_to_be_seen", params))


def _photo_suggestions(case: Case, photo: PhotoAnalysis | None) -> tuple[ConcernSuggestion, ...]:
    """Return the concerns that the photograph suggests and the case does not have."""
    if photo is None or isinstance(photo.skin, Unknown):
        return ()
    asked = {(concern.condition, concern.site) for concern in case.concern}
    return tuple(one for one in suggest_concerns(photo.skin.findings) if (one.condition, one.site) not in asked)


def _judge_for_clinic(case: Case, machines: Sequence[SearchMachine]) -> Suitability:
    """Return the decision by the kinds of laser of the clinic.

    Where those would stop the plan and others would not, it goes on, for what is done without them, and the reasons are
    why those of the clinic are refused.
    """
    owned = {modality for machine in machines for modality in machine.device.modalities}
    candidates = case_lasers(case)
    of_clinic = {name: [one for one in choices if one in owned] for name, choices in candidates.items()}
    judged = judge_case(case, {name: choices or candidates[name] for name, choices in of_clinic.items()})
    if not _is_stopped(judged):
        return judged
    by_any = judge_case(case, candidates)
    if _is_stopped(by_any):
        return by_any
    cautious: Decision = "with-caution"
    return replace(judged, decision=max(by_any.decision, cautious, key=decision_severity))


def _clinic_machines(loaded: LoadedCase) -> list[SearchMachine]:
    case, clinic = loaded.case, loaded.case.clinic
    if clinic is None or clinic.devices is None:
        known = dict(devices())
    else:
        known = {name: load_device(name, loaded.folder) for name in clinic.devices}
    return [SearchMachine(name, device, loaded.folder, dose_bars(case, name, device)) for name, device in known.items()]


def _is_stopped(suitability: Suitability) -> bool:
    """Return whether a rule decides the whole case, so that no device is tried."""
    return decision_severity(suitability.decision) >= decision_severity("refer")


def _assessment_record(case: Case, colour: PersonColour, photo: Message, photo_told: tuple[Message, ...]) -> Assessment:
    patient = case.patient
    assert patient is not None  # checked on entry
    not_stated = Unknown(render_message("said.not-said"))
    return Assessment(
        age_years=patient.age_years,
        sex=patient.sex or not_stated,
        phototype=patient.phototype or not_stated,
        ita_deg=colour.ita_deg if colour.ita_deg is not None else Unknown(render_message("said.not-measured")),
        colour_basis=colour.basis,
        risks=assess_risks(case),
        medications=tuple(map(_medicine_record, patient.medications)),
        photo=photo,
        photo_told=photo_told or None,
        keloid_decision=_keloid_decision_message(patient),
    )


def _keloid_decision_message(patient: Patient) -> Message | None:
    """Return who decided on ablation for a person who forms keloids, when, and which; None without a decision."""
    decision = patient.keloid_decision
    if decision is None:
        return None
    lasers = ", ".join(known_modalities()[name].title for name in decision.allows)
    params = {"by": decision.by, "date": Formatter().date(decision.date), "lasers": lasers}
    return Message("plan.keloid-decision", params)


def _medicine_record(taken: Medication) -> Medicine:
    """Return a medicine as stated, with matching names, spelling corrections, and parts that no rule checked."""
    read = read_medication(taken.name)
    slips = tuple(SpellingCorrection(slip.written, slip.name) for slip in read.slips)
    return Medicine(
        taken.name, taken.last_dose_months, tuple(read.medicines), slips, tuple(unchecked_parts(taken.name))
    )


def _unknown_messages(concerns: Sequence[ConcernPlan]) -> tuple[Message, ...]:
    """Return messages on gaps of the plan that a person might not expect."""
    found = []
    for concern in concerns:
        if isinstance(concern.subtypes, Unknown):
            kinds = ", ".join(
                render_message(f"subtype-title.{word}").lower() for word in condition_subtypes(concern.condition)
            )
            found.append(Message("unknown.subtypes", {"concern": concern.title, "kinds": kinds}))
        for option in concern.options:
            abstains = option.expected.abstains
            if option.setup is not None and abstains is not None:
                params = {"modality": option.title, "condition": concern.title, "reason": abstains.text}
                found.append(Message("unknown.expected", params))
        for refused in concern.refused:
            if refused.reasons and refused.reasons[0].id in ("plan.not-judged", "plan.no-vessel-size"):
                params = {
                    "modality": refused.title,
                    "condition": concern.title,
                    "reason": refused.reasons[0].text,
                }
                found.append(Message("unknown.settings", params))
    return tuple(found)


def _reading_notices(case: Case, colour: PersonColour) -> tuple[DocumentWarning, ...]:
    """Return notices on answers that were not understood or contradict each other."""
    return (*read_questionnaire(case).warnings, *colour.warnings)
