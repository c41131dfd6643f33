"""What may go wrong for this person more easily than for others, told in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skinbeam.assessment.questionnaire import Fact, concern_facts, fact_tables, questionnaire
from skinbeam.messages import Message
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.names import PHOTOTYPES
from skinbeam.schema.scars import forms_raised_scars

__all__ = ["Risk", "risks"]


@dataclass(frozen=True)
class Risk:
    """Something that is likelier in this person.

    Parameters
    ----------
    name : short kebab-case name.
    message : what is likelier, and why.
    source : key of the source that says so.
    """

    name: str
    message: Message
    source: str

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of a risk."""
        return {
            "risk": self.name,
            "text": self.message.english,
            "message": {"id": self.message.id, "params": dict(self.message.params)},
            "source": self.source,
        }


def risks(case: Case) -> tuple[Risk, ...]:
    """Return the risks that the answers of `case` raise, the commonest first."""
    person = questionnaire(case).facts
    fields = [concern_facts(case, concern) for concern in case.concern]
    found = [
        *_colour_risks(person),
        *([Risk("raised-scars", Message("risks.raised-scars"), "steps78")] if forms_raised_scars(case) else []),
        *_healing_risks(person, fields),
        *_other_risks(person, fields),
    ]
    used(*(risk.source for risk in found))
    return tuple(found)


def _colour_risks(person: Mapping[str, Fact]) -> list[Risk]:
    found = []
    darkest = person.get("darkest_phototype")
    if darkest is None:
        found.append(Risk("colour-unknown", Message("risks.colour-unknown"), "rulepractice"))
    reasons = []
    if isinstance(darkest, float) and darkest >= fact_tables()["dark_marks"]["from_phototype"]:
        phototype = PHOTOTYPES[int(darkest) - 1]
        reasons.append(Message("risks.because-phototype", {"phototype": phototype}))
    if person["tan"] != "none":
        reasons.append(Message("risks.because-tan"))
    reasons += [Message(f"risks.because-{word}") for word in ("pih", "melasma") if _has(person, word)]
    if reasons:
        message = Message("risks.dark-marks", {"because": ", ".join(reason.text for reason in reasons)})
        found.append(Risk("dark-marks", message, "richter2014"))
    metal = [name for name in ("gold", "silver") if _took(person, name)]
    metal += [word for word in ("gold-therapy", "argyria", "silver-dressing") if _has(person, word)]
    if metal:
        message = Message("risks.discolouration", {"because": ", ".join(_words(metal))})
        found.append(Risk("discolouration", message, "cohen2015chrysiasis"))
    return found


def _healing_risks(person: Mapping[str, Fact], fields: list[Mapping[str, Fact]]) -> list[Risk]:
    found = []
    if any(field["off_face"] for field in fields):
        found.append(Risk("scars-off-face", Message("risks.scars-off-face"), "avramneck"))
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
        if _has(person, word)
    ]
    slow += ["immunosuppressant"] if _took(person, "immunosuppressant") else []
    if slow:
        message = Message("risks.slow-healing", {"because": ", ".join(_words(slow))})
        found.append(Risk("slow-healing", message, "mayoavoid"))
    if _has(person, "herpes-labialis"):
        found.append(Risk("cold-sores", Message("risks.cold-sores"), "gilbert2000"))
    return found


def _other_risks(person: Mapping[str, Fact], fields: list[Mapping[str, Fact]]) -> list[Risk]:
    found = []
    if _took(person, "antithrombotic") or _has(person, "bleeding-disorder"):
        found.append(Risk("bruises", Message("risks.bruises"), "yeager2020"))
    if any(field["around_eyes"] for field in fields):
        found.append(Risk("eyes", Message("risks.eyes"), "huang2018"))
    if any(field["hair_bearing"] for field in fields):
        found.append(Risk("hair", Message("risks.hair"), "goel2022"))
    return found


def _has(person: Mapping[str, Fact], *words: str) -> bool:
    history = person["history"]
    return isinstance(history, tuple) and any(word in history for word in words)


def _took(person: Mapping[str, Fact], medicine: str) -> bool:
    return person[f"medication.{medicine}"] is not False


def _words(names: list[str]) -> list[str]:
    return [name.replace("-", " ") for name in names]
