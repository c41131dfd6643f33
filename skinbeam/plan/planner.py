"""The plan: one function that reads from top to bottom, and a frozen record named by its hash."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from skinbeam._version import __version__
from skinbeam.assessment.medicines import read_medication
from skinbeam.assessment.photograph import sites_seen, told
from skinbeam.assessment.questionnaire import questionnaire
from skinbeam.assessment.risks import risks
from skinbeam.assessment.skin import Colour, colour_of, with_colour
from skinbeam.estimate import Unknown
from skinbeam.laser.device import devices, load_device
from skinbeam.messages import Formatter, Message, text
from skinbeam.photo.colour import Colour as PhotoColour
from skinbeam.photo.findings.suggestion import Suggestion, seen_at, suggested
from skinbeam.photo.look import Look
from skinbeam.plan.aftercare import aftercare, checklist, records, when_to_call
from skinbeam.plan.check import Consultation, check_consultation
from skinbeam.plan.concern import Planned, plan_concern
from skinbeam.plan.course import course_of
from skinbeam.plan.learning.ladder import distinct, ladder_of
from skinbeam.plan.learning.notices import learned_notices
from skinbeam.plan.records import Assessment, ConcernPlan, Medicine, Notice, Option, Plan, Spelling, rounded
from skinbeam.plan.release import data_release
from skinbeam.plan.rules.earlier import bars_of
from skinbeam.plan.rules.medicines import not_checked
from skinbeam.plan.rules.reason import severity
from skinbeam.plan.rules.suitability import Suitability, judge_case
from skinbeam.plan.rules.why import why
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.candidates import Machine
from skinbeam.plan.search.goals import laser_choices
from skinbeam.plan.seen.vessels import told_of_vessels, widths_of
from skinbeam.plan.setup import Setup
from skinbeam.plan.visit.gains import gains_of, response_notices
from skinbeam.plan.visit.total import total_of
from skinbeam.plan.visits import Gain, Ladder
from skinbeam.plan.work.processes import side_by_side
from skinbeam.plan.work.progress import say
from skinbeam.provenance import collect, used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern, Medication, Patient
from skinbeam.schema.load import LoadedCase
from skinbeam.schema.names import subtypes, table

__all__ = ["MadePlan", "make_plan", "plan_consultation"]


T = TypeVar("T")


@dataclass(frozen=True)
class MadePlan(Generic[T]):
    """A plan, and what was made beside it that no document holds.

    Parameters
    ----------
    plan : the plan, its numbers as the document holds them.
    photo : what the photograph shows, or None.
    concerns : what was kept of each concern.
    """

    plan: Plan
    photo: Look | None
    concerns: tuple[T, ...]

    @property
    def document(self) -> Mapping[str, Any]:
        """The plan in JSON types: `skinbeam.plan/1`."""
        return self.plan.document


@dataclass(frozen=True)
class _Part(Generic[T]):
    """What a concern gives the plan, and what is kept of it beside."""

    record: ConcernPlan
    gains: tuple[Gain, ...]
    ladder: Ladder | None
    kept: T


# Does work on every concern, one after the other or side by side.
_Each: TypeAlias = Callable[[Callable[[Concern], _Part[T]], Sequence[Concern]], list[_Part[T]]]


def make_plan(loaded: LoadedCase, *, photo: Path | None = None, draws: int = 200, seed: int = 0) -> MadePlan[Planned]:
    """Return the plan of a case; `photo` and errors as in `plan.check.check_consultation`."""
    return _made(check_consultation(loaded, photo), draws, seed, lambda work, items: list(map(work, items)), _itself)


def plan_consultation(
    consultation: Consultation,
    keep: Callable[[Planned], T],
    *,
    draws: int = 200,
    seed: int = 0,
    meanwhile: Callable[[], object] | None = None,
) -> MadePlan[T]:
    """Return the plan of a consultation, its concerns worked on side by side.

    Parameters
    ----------
    keep : makes of a concern, while its skins are at hand, what is kept of it; it can be pickled.
    meanwhile : as of `side_by_side`.
    """
    return _made(consultation, draws, seed, partial(side_by_side, meanwhile=meanwhile), keep)


def _itself(planned: Planned) -> Planned:
    return planned


def _made(
    consultation: Consultation,
    draws: int,
    seed: int,
    each: _Each[T],
    keep: Callable[[Planned], T],
) -> MadePlan[T]:
    """The plan; `each` does the work of every concern."""
    loaded = consultation.loaded
    case = loaded.case
    with collect() as sources:
        seen, photo_state = _seen(consultation.photo)
        sites = sites_seen(consultation.photo, case.concern)
        darker = tuple((one.site, one.darker) for one in sites if one.darker > 1.0)
        colour = replace(colour_of(case, seen), darker_at=darker)
        machines = _machines(loaded)
        bank = SkinBank(case, colour, draws, seed, machines, widths_of(case, sites))
        case = with_colour(case, colour)  # for the rules; the skins above know it already
        suitability = judge_case(case, _candidates(case))
        # What the rules decide hangs on no skin, so that it is told at once.
        say(Message("progress.decision", {"decision": text(f"decision.{suitability.decision}")}))
        stopped = _stopped(suitability)
        parts = _worked(case, None if stopped else machines, bank, each, keep)
        concerns = tuple(one.record for one in parts)
        chosen = [option.modality for option, _ in _first_lasers(concerns)]
        gains = tuple(gain for one in parts for gain in one.gains)
        course = course_of(concerns, case, gains)
        made = Plan(
            schema="skinbeam.plan/1",
            version=__version__,
            case_sha256=consultation.sha256(),
            seed=seed,
            warnings=(
                *_notices(case, colour),
                *_spots_to_be_seen(consultation.photo),
                *learned_notices(case, machines, None if stopped else bank.told),
                *response_notices(case, gains),
            ),
            mode="demonstration",
            intended_use=Message("plan.demonstration"),
            assessment=_assessment(case, colour, photo_state, told(sites, told_of_vessels(case, sites))),
            suitability=suitability,
            why=why(case, suitability),
            concerns=concerns,
            course=course,
            course_total=total_of(concerns, course),
            test_spots=distinct(one.ladder for one in parts),
            titration=checklist("titration", chosen, case),
            anaesthesia=checklist("anaesthesia", chosen, case),
            photographs=checklist("photographs", chosen, case),
            complications=checklist("complications", chosen, case),
            consent=records() if chosen else (),
            aftercare=aftercare(chosen, case),
            when_to_call=when_to_call(chosen, case),
            clinic_phone=(case.clinic.phone.strip() if case.clinic is not None else "") or None,
            suggested=_suggested(case, consultation.photo) or None,
            unknowns=_unknowns(concerns),
            sources=(),
            draws=draws,
            data_release=data_release(),
        )
    plan = rounded(replace(made, sources=tuple(sorted(sources))))
    return MadePlan(plan, consultation.photo, tuple(one.kept for one in parts))


def _worked(
    case: Case, machines: Sequence[Machine] | None, bank: SkinBank, each: _Each[T], keep: Callable[[Planned], T]
) -> list[_Part[T]]:
    """The parts of the concerns in the order of the case; what takes longest is begun first."""

    def part(concern: Concern) -> _Part[T]:
        planned = plan_concern(case, concern, machines, bank)
        gains = gains_of(case, concern, planned.record, planned.trial)
        return _Part(planned.record, gains, ladder_of(case, planned.record, planned.trial), keep(planned))

    begun = sorted(range(len(case.concern)), key=lambda place: _quickness(case.concern[place]))
    worked = dict(zip(begun, each(part, [case.concern[place] for place in begun]), strict=True))
    return [worked[place] for place in range(len(case.concern))]


def _quickness(concern: Concern) -> int:
    """Vessels take longest by far, so they are begun first; then comes what shows a first option soonest."""
    where = {table("modality")[one]["where"] for one in laser_choices(concern.condition, concern.site)[0]}
    return 0 if "vessel" in where else 2 if "lesion" in where else 1


def _seen(photo: Look | None) -> tuple[PhotoColour | Unknown | None, Message]:
    """The colour on the photograph, and what it was good for. One without a usable face does not stop a plan."""
    if photo is None:
        return None, Message("plan.no-photo")
    used(*photo.sources)
    if isinstance(photo.skin, Unknown):
        return photo.skin, Message("plan.photo-failed", {"reason": photo.skin.reason})
    return photo.skin.colour, Message("plan.used-photo")


def _spots_to_be_seen(photo: Look | None) -> Iterator[Notice]:
    """Warn of brown spots on the photograph that a doctor must see; a clinician decides what follows from it."""
    found = () if photo is None or isinstance(photo.skin, Unknown) else photo.skin.findings
    for finding in found:
        if finding.to_be_seen:
            params = {"told": seen_at(finding), "count": finding.to_be_seen}
            yield Notice("spot-to-be-seen", Message("finding.spot_to_be_seen", params).text)


def _suggested(case: Case, photo: Look | None) -> tuple[Suggestion, ...]:
    """What the photograph suggests beside the concerns of the case."""
    if photo is None or isinstance(photo.skin, Unknown):
        return ()
    asked = {(concern.condition, concern.site) for concern in case.concern}
    return tuple(one for one in suggested(photo.skin.findings) if (one.condition, one.site) not in asked)


def _candidates(case: Case) -> dict[str, list[str]]:
    """Condition → laser modalities that could be offered for it, where it is."""
    return {concern.condition: laser_choices(concern.condition, concern.site)[0] for concern in case.concern}


def _machines(loaded: LoadedCase) -> list[Machine]:
    case, clinic = loaded.case, loaded.case.clinic
    if clinic is None or clinic.devices is None:
        known = dict(devices())
    else:
        known = {name: load_device(name, loaded.folder) for name in clinic.devices}
    return [Machine(name, device, loaded.folder, bars_of(case, name, device)) for name, device in known.items()]


def _stopped(suitability: Suitability) -> bool:
    """Whether a rule decides the whole case, so that no device is tried at all."""
    return severity(suitability.decision) >= severity("refer")


def _assessment(case: Case, colour: Colour, photo: Message, photo_told: tuple[Message, ...]) -> Assessment:
    patient = case.patient
    assert patient is not None  # checked on entry
    not_said = Unknown(text("said.not-said"))
    return Assessment(
        age_years=patient.age_years,
        sex=patient.sex or not_said,
        phototype=patient.phototype or not_said,
        ita_deg=colour.ita_deg if colour.ita_deg is not None else Unknown(text("said.not-measured")),
        colour_basis=colour.basis,
        risks=risks(case),
        medications=tuple(map(_medicine, patient.medications)),
        photo=photo,
        photo_told=photo_told or None,
        keloid_decision=_decided(patient),
    )


def _decided(patient: Patient) -> Message | None:
    """Who decided on ablation for someone who forms keloids, when, and which; None where nobody has."""
    decision = patient.keloid_decision
    if decision is None:
        return None
    lasers = ", ".join(table("modality")[name]["title"] for name in decision.allows)
    params = {"by": decision.by, "date": Formatter().date(decision.date), "lasers": lasers}
    return Message("plan.keloid-decision", params)


def _medicine(taken: Medication) -> Medicine:
    """What was said, the known names that it matches, those of them by a slip of spelling, and what no rule checked."""
    read = read_medication(taken.name)
    slips = tuple(Spelling(slip.written, slip.name) for slip in read.slips)
    return Medicine(taken.name, taken.last_dose_months, tuple(read.medicines), slips, tuple(not_checked(taken.name)))


def _first_lasers(concerns: Sequence[ConcernPlan]) -> list[tuple[Option, Setup]]:
    """The first laser option of each concern that has one."""
    return [concern.first_laser for concern in concerns if concern.first_laser is not None]


def _unknowns(concerns: Sequence[ConcernPlan]) -> tuple[Message, ...]:
    """What the plan does not know and a person might take it to know."""
    found = []
    for concern in concerns:
        if isinstance(concern.subtypes, Unknown):
            kinds = ", ".join(text(f"subtype-title.{word}").lower() for word in subtypes(concern.condition))
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


def _notices(case: Case, colour: Colour) -> tuple[Notice, ...]:
    """What was read and not understood, and what contradicts itself."""
    return (
        *(Notice(one["code"], one["message"]) for one in questionnaire(case).warnings),
        *(Notice(one.code, one.message.text) for one in colour.warnings),
    )
