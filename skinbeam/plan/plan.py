"""The plan: one function that reads from top to bottom, and a frozen document named by its hash."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skinbeam.assessment.medicines import read_medication
from skinbeam.assessment.questionnaire import questionnaire
from skinbeam.assessment.risks import risks
from skinbeam.assessment.skin import Colour, colour_of, with_colour
from skinbeam.document import document, sha256_of
from skinbeam.estimate import Unknown
from skinbeam.laser.device import devices, load_device
from skinbeam.laser.wording import light_of
from skinbeam.messages import Formatter, Message
from skinbeam.photo.colour import Colour as PhotoColour
from skinbeam.photo.look import Look
from skinbeam.plan.aftercare import aftercare, when_to_call
from skinbeam.plan.check import Consultation, check_consultation
from skinbeam.plan.concern import Planned, plan_concern
from skinbeam.plan.course import course_of
from skinbeam.plan.release import data_release
from skinbeam.plan.rules.earlier import bars_of
from skinbeam.plan.rules.medicines import not_checked
from skinbeam.plan.rules.reason import severity
from skinbeam.plan.rules.suitability import Suitability, judge_case
from skinbeam.plan.rules.why import why
from skinbeam.plan.search.bank import SkinBank
from skinbeam.plan.search.candidates import Machine
from skinbeam.plan.search.goals import laser_choices
from skinbeam.provenance import collect, used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Medication, Patient
from skinbeam.schema.load import LoadedCase
from skinbeam.schema.names import table

__all__ = ["Plan", "make_plan", "plan_consultation"]


@dataclass(frozen=True)
class Plan:
    """A plan that does not change any more.

    Parameters
    ----------
    document : skinbeam.plan/1 in JSON types; a changed document has another `plan_sha256`.
    photo : what the photograph shows, or None.
    concerns : each concern's first laser option as it was simulated, for the figures.
    bank : the skins that were drawn.
    """

    document: Mapping[str, Any]
    photo: Look | None
    concerns: tuple[Planned, ...]
    bank: SkinBank


def make_plan(loaded: LoadedCase, *, photo: Path | None = None, draws: int = 200, seed: int = 0) -> Plan:
    """Return the plan of a case; `photo` and errors as in `plan.check.check_consultation`."""
    return plan_consultation(check_consultation(loaded, photo), draws=draws, seed=seed)


def plan_consultation(consultation: Consultation, *, draws: int = 200, seed: int = 0) -> Plan:
    """Return the plan of a consultation."""
    loaded = consultation.loaded
    case = loaded.case
    with collect() as sources:
        seen, photo_state = _seen(consultation.photo)
        colour = colour_of(case, seen)
        bank = SkinBank(case, colour, draws, seed)
        case = with_colour(case, colour)  # for the rules; the skins above know it already
        suitability = judge_case(case, _candidates(case))
        machines = _machines(loaded)
        stopped = _stopped(suitability)
        planned = tuple(plan_concern(case, concern, None if stopped else machines, bank) for concern in case.concern)
        concerns = [part.record for part in planned]
        course = course_of(concerns)
        chosen = _chosen(concerns)
        body: dict[str, Any] = {
            "mode": "demonstration",
            "intended_use": Message("plan.demonstration"),
            "assessment": _assessment(case, colour, photo_state),
            "suitability": suitability,
            "why": why(case, suitability),
            "concerns": concerns,
            "course": course,
            "test_spots": _test_spots(concerns),
            "aftercare": aftercare(chosen, case),
            "when_to_call": when_to_call(chosen, case),
            "unknowns": _unknowns(concerns),
        }
    body["sources"] = sorted(sources)
    warnings = [*questionnaire(case).warnings, *colour.warnings, *_not_used_yet(case)]
    made = document("skinbeam.plan/1", case_sha256=consultation.sha256(), seed=seed, warnings=warnings, body=body)
    # The document holds case, seed and version; with these two its hash covers all that a plan was made from.
    made["draws"], made["data_release"] = draws, data_release()
    made["plan_sha256"] = sha256_of(made)
    return Plan(made, consultation.photo, planned, bank)


def _seen(photo: Look | None) -> tuple[PhotoColour | Unknown | None, Message]:
    """The colour on the photograph, and what it was good for. One without a usable face does not stop a plan."""
    if photo is None:
        return None, Message("plan.no-photo")
    used(*photo.sources)
    if isinstance(photo.skin, Unknown):
        return photo.skin, Message("plan.photo-failed", {"reason": photo.skin.reason})
    return photo.skin.colour, Message("plan.used-photo")


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


def _assessment(case: Case, colour: Colour, photo: Message) -> dict[str, Any]:
    patient = case.patient
    assert patient is not None  # checked on entry
    not_said = Unknown("not said")
    return {
        "age_years": patient.age_years,
        "sex": patient.sex or not_said,
        "phototype": patient.phototype or not_said,
        "ita_deg": colour.ita_deg if colour.ita_deg is not None else Unknown("not measured"),
        "colour_basis": colour.basis,
        "risks": risks(case),
        "medications": _medications(patient.medications),
        "photo": photo,
        **_decided(patient),
    }


def _decided(patient: Patient) -> dict[str, Message]:
    """Who decided on ablation for someone who forms keloids, when, and which; nothing where nobody has."""
    decision = patient.keloid_decision
    if decision is None:
        return {}
    lasers = ", ".join(table("modality")[name]["title"] for name in decision.allows)
    params = {"by": decision.by, "date": Formatter().date(decision.date), "lasers": lasers}
    return {"keloid_decision": Message("plan.keloid-decision", params)}


def _medications(taken: list[Medication]) -> list[dict[str, Any]]:
    """What was said, the known names that it matches, those of them by a slip of spelling, and what no rule checked."""
    found = []
    for medication in taken:
        read = read_medication(medication.name)
        found.append(
            {
                "name": medication.name,
                "last_dose_months": medication.last_dose_months,
                "matched": list(read.medicines),
                "taken_as": [{"written": slip.written, "name": slip.name} for slip in read.slips],
                "not_checked": list(not_checked(medication.name)),
            }
        )
    return found


def _chosen(concerns: list[dict[str, Any]]) -> list[str]:
    """Modalities of the first laser option of each concern, each once."""
    first = (next((o for o in concern["options"] if "device" in o), None) for concern in concerns)
    return list(dict.fromkeys(option["modality"] for option in first if option is not None))


def _test_spots(concerns: list[dict[str, Any]]) -> list[Message]:
    """One for each light of a device and each site: what one wavelength showed says nothing of another."""
    spots: dict[tuple[str, float, str], Message] = {}
    for concern in concerns:
        for option in concern["options"]:
            if "device" not in option:
                continue
            place = option["device"], option["wavelength_nm"], concern["site"]
            if place not in spots:
                site = table("site")[concern["site"]]["title"]
                params = {"device": option["device_title"], "site": site, "light": light_of(option)}
                spots[place] = Message("plan.test-spot", params)
                break
    return list(spots.values())


def _unknowns(concerns: list[dict[str, Any]]) -> list[Message]:
    """What the plan does not know and a person might take it to know."""
    found = []
    for concern in concerns:
        for option in concern["options"]:
            abstains = option["expected"].abstains
            if "device" in option and abstains is not None:
                params = {"modality": option["title"], "condition": concern["title"], "reason": abstains.text}
                found.append(Message("unknown.expected", params))
        for refusal in concern["refused"]:
            if refusal["reasons"] and refusal["reasons"][0].id in ("plan.not-judged", "plan.no-vessel-size"):
                params = {
                    "modality": refusal["title"],
                    "condition": concern["title"],
                    "reason": refusal["reasons"][0].text,
                }
                found.append(Message("unknown.settings", params))
    return [*found, Message("unknown.preview")]


def _not_used_yet(case: Case) -> list[dict[str, str]]:
    given = {"test_spot": case.test_spot, "session": case.session}
    return [
        {"code": "not-used-yet", "message": Message("plan.not-used-yet", {"table": name}).text}
        for name, value in given.items()
        if value
    ]
