"""Assess which harms are likelier for this person, with a message and a source for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from skinbeam.assessment.questionnaire import FactValue, concern_facts, fact_tables, read_questionnaire
from skinbeam.model.case import Case, forms_raised_scars
from skinbeam.model.json_fields import TEXT_AND_MESSAGE, json_name
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import PHOTOTYPES
from skinbeam.text import Message

__all__ = ["PersonalRisk", "assess_risks"]


@dataclass(frozen=True)
class PersonalRisk:
    """A harm that is likelier in this person than in others.

    Parameters
    ----------
    name : short kebab-case name.
    message : the harm, and why it is likelier.
    source : key of the source.
    """

    name: str = field(metadata=json_name("risk"))
    message: Message = field(metadata=TEXT_AND_MESSAGE)
    source: str


def assess_risks(case: Case) -> tuple[PersonalRisk, ...]:
    """Return the risks that follow from the answers of `case`, the commonest first."""
    person = read_questionnaire(case).facts
    fields = [concern_facts(case, concern) for concern in case.concern]
    risks = [
        *_colour_risks(person),
        *([PersonalRisk("raised-scars", Message("risks.raised-scars"), "steps78")] if forms_raised_scars(case) else []),
        *_healing_risks(person, fields),
        *_other_risks(person, fields),
    ]
    cite_sources(*(risk.source for risk in risks))
    return tuple(risks)


def _colour_risks(person: Mapping[str, FactValue]) -> list[PersonalRisk]:
    risks = []
    darkest = person.get("darkest_phototype")
    if darkest is None:
        risks.append(PersonalRisk("colour-unknown", Message("risks.colour-unknown"), "rulepractice"))
    reasons = []
    if isinstance(darkest, float) and darkest >= fact_tables().dark_marks_from_phototype:
        phototype = PHOTOTYPES[int(darkest) - 1]
        reasons.append(Message("risks.because-phototype", {"phototype": phototype}))
    if person["tan"] != "none":
        reasons.append(Message("risks.because-tan"))
    reasons += [Message(f"risks.because-{word}") for word in ("pih", "melasma") if _has_history(person, word)]
    if reasons:
        message = Message("risks.dark-marks", {"because": reasons})
        risks.append(PersonalRisk("dark-marks", message, "richter2014"))
    metal = [name for name in ("gold", "silver") if _takes_medicine(person, name)]
    metal += [word for word in ("gold-therapy", "argyria", "silver-dressing") if _has_history(person, word)]
    if metal:
        message = Message("risks.discolouration", {"because": _because(metal)})
        risks.append(PersonalRisk("discolouration", message, "cohen2015chrysiasis"))
    return risks


def _healing_risks(person: Mapping[str, FactValue], fields: list[Mapping[str, FactValue]]) -> list[PersonalRisk]:
    risks = []
    if any(field["off_face"] for field in fields):
        risks.append(PersonalRisk("scars-off-face", Message("risks.scars-off-face"), "avramneck"))
    slow = [
        word
        for word in (
            "collagen-vascular-disease",
            "lupus",
            "diabetes-uncontrolled",
            "immunosuppression",
            "hiv",
            "hepatitis-b",
            "radiotherapy-field",
        )
        if _has_history(person, word)
    ]
    slow += ["immunosuppressant"] if _takes_medicine(person, "immunosuppressant") else []
    source = "mayoavoid" if slow else "mayosmoking"
    slow += ["smoking"] if _has_history(person, "smoking") else []
    if slow:
        message = Message("risks.slow-healing", {"because": _because(slow)})
        risks.append(PersonalRisk("slow-healing", message, source))
    if _has_history(person, "herpes-labialis") and not all(field["off_face"] for field in fields):
        risks.append(PersonalRisk("cold-sores", Message("risks.cold-sores"), "gilbert2000"))
    return risks


def _other_risks(person: Mapping[str, FactValue], fields: list[Mapping[str, FactValue]]) -> list[PersonalRisk]:
    risks = []
    if _takes_medicine(person, "antithrombotic") or _has_history(person, "bleeding-disorder"):
        risks.append(PersonalRisk("bruises", Message("risks.bruises"), "yeager2020"))
    if any(field["around_eyes"] for field in fields):
        risks.append(PersonalRisk("eyes", Message("risks.eyes"), "huang2018"))
    if any(field["hair_bearing"] for field in fields):
        risks.append(PersonalRisk("hair", Message("risks.hair"), "goel2022"))
    return risks


def _has_history(person: Mapping[str, FactValue], *words: str) -> bool:
    history = person["history"]
    return isinstance(history, tuple) and any(word in history for word in words)


def _takes_medicine(person: Mapping[str, FactValue], medicine: str) -> bool:
    return person[f"medication.{medicine}"] is not False


def _because(words: list[str]) -> list[Message]:
    return [Message(f"risks.because-{word}") for word in words]
