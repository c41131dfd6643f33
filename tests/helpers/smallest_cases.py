"""The smallest case in which a rule speaks, and its twin in which it is silent."""

import datetime
from typing import Any

from skinbeam.assessment.medicines import medications
from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.evidence.peel_kinds import peel_depth
from skinbeam.model.case import Case
from skinbeam.model.consultation import Patient
from skinbeam.model.input_files import parse_record
from skinbeam.model.vocabulary import PHOTOTYPES, laser_modalities, vocabulary_table
from skinbeam.suitability.judgement import Suitability, judge_suitability
from skinbeam.suitability.rule_condition import (
    ALWAYS,
    OPTION_FACTS,
    FactTest,
    JointCondition,
    NegatedCondition,
    RuleCondition,
)
from skinbeam.suitability.table import Rule

TODAY = datetime.date(2026, 11, 2)
DIAGNOSED = {
    "diagnosed": True,
    "diagnosed_by": "clinician",
    "diagnosis_method": "dermoscopy",
    "diagnosis_date": TODAY,
}


class World:
    """The smallest case and choice, changed fact by fact."""

    def __init__(self) -> None:
        self.patient: dict[str, Any] = {"age_years": 40.0, "phototype": "I", "sex": "female"}
        self.concern: dict[str, Any] = {"condition": "facial-telangiectasia", "site": "cheeks", **DIAGNOSED}
        self.choice: dict[str, Any] = {}
        self.others: list[dict[str, Any]] = []
        self.beside: list[str] = []  # conditions of the same skin
        self.acne_severity = 0  # of acne of the same skin, 1 to 3; 0 without it
        self.touching: list[str] = []  # conditions of the next site
        self.sessions = 0  # on the concern
        self.note = ""  # of a further session on it
        self.device: str | None = None  # that they were done with; None where nobody named it

    def set(self, fact: str, value: Any) -> None:
        """Make `fact` have `value` in the case file or in the choice."""
        if fact.startswith("medication."):
            self._take(fact.removeprefix("medication."), value)
        elif fact in Patient.model_fields:
            self.patient[fact] = list(value) if isinstance(value, tuple) else value
        elif fact == "conditions":
            self.others = [{"condition": word, "site": "hands", **DIAGNOSED} for word in value]
        elif fact == "specialist_allows":
            self._decide(value)
        elif fact == "healing_risks":
            risks = fact_tables().healing_risks
            self.patient["history"] = [risk.history[0] for risk in risks[: int(value)]]
        elif fact == "darkest_phototype":
            self.patient["phototype"] = PHOTOTYPES[int(value) - 1]
        elif fact == "colour_known":
            self.patient.pop("phototype", None)
            self.patient |= {"phototype": "I"} if value else {}
        elif fact == "field_conditions":
            self.beside = list(value)
        elif fact == "acne_severity_high":
            self.acne_severity = int(value)
        elif fact == "touching_conditions":
            self.touching = list(value)
        elif fact == "sessions_done":
            self.sessions = int(value)
        elif fact == "lesion_in_notes":
            self.note = "changing mole" if value else ""
        elif fact in ("condition", "site", "lesion_signs"):
            self.concern[fact] = list(value) if fact == "lesion_signs" else value
        elif fact == "severity_high":
            self.concern["severity"] = ("mild", "moderate", "severe")[int(value) - 1]
        elif fact == "diagnosed":
            self._diagnose(value)
        elif fact == "undiagnosed_pigment":
            if value:
                self.concern["condition"] = "age-spots"
                self._diagnose(False)
            elif self.concern["condition"] == "age-spots":
                self._diagnose(True)
        elif fact in ("off_face", "around_eyes", "inside_orbital_rim", "hair_bearing"):
            self._place(fact, value)
        elif fact == "peel_depth":
            named = (name for name in vocabulary_table("condition") if peel_depth(name) == value)
            self.concern["condition"] = next(named)
        elif fact == "pulse":
            self.choice["pulse_ms"] = 1e-5 if value == "short" else 10.0
        elif fact == "wavelength_nm":
            self.choice["device_wavelength_nm"] = value
        elif fact in OPTION_FACTS:
            self.choice[fact] = value
        else:
            raise NotImplementedError(f"say in World.set of tests/helpers/smallest_cases.py which case has {fact}")

    def _take(self, name: str, months: Any) -> None:
        if months is False:
            self.patient["medications"] = []
            return
        medicine = next(key for key, entry in medications().items() if name in (key, *entry.classes))
        others = [one for one in self.patient.get("medications", []) if one["name"] != medicine]
        self.patient["medications"] = [*others, {"name": medicine, "last_dose_months": months}]

    def _decide(self, allowed: bool) -> None:
        self.patient.pop("keloid_decision", None)
        if allowed:
            allows = [self.choice["modality"]]
            self.patient["keloid_decision"] = {"by": "dermatologist", "date": TODAY, "allows": allows}

    def _diagnose(self, done: bool) -> None:
        for key, value in DIAGNOSED.items():
            self.concern.pop(key, None)
            if done:
                self.concern[key] = value

    def _place(self, fact: str, value: bool) -> None:
        entries = {name: entry for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"}
        inside = [name for name, entry in entries.items() if entry[fact] in (True, "all")]
        if (self.concern["site"] in inside) is not value:
            self.concern["site"] = inside[0] if value else "nose"

    @property
    def neighbours(self) -> list[dict[str, Any]]:
        """Other concerns of the same skin, and of the next site."""
        next_site = "nose" if self.concern["site"] == "cheeks" else "cheeks"
        placed = [
            *((word, self.concern["site"]) for word in self.beside),
            *((word, next_site) for word in self.touching),
        ]
        found = [{"condition": word, "site": site, **DIAGNOSED} for word, site in placed]
        if self.acne_severity:
            severity = ("mild", "moderate", "severe")[self.acne_severity - 1]
            found.append({"condition": "active-acne", "site": self.concern["site"], "severity": severity})
        return found

    def case(self) -> Case:
        treated = self.concern["condition"]
        with_device = {} if self.device is None else {"device": self.device}
        done = [{"week": float(week), "treats": treated, **with_device} for week in range(self.sessions)]
        if self.note:
            done.append({"week": float(self.sessions), "treats": treated, "adverse": [self.note]})
        read = {"patient": self.patient, "concern": [self.concern, *self.others, *self.neighbours], "session": done}
        return parse_record(Case, read, file="case")

    def judge(self) -> Suitability:
        case = self.case()
        return judge_suitability(case, concern=case.concern[0], **self.choice)


def _value(test: FactTest, wanted: bool) -> Any:
    """Return a value of the fact for which `test` answers as wanted."""
    value = test.value
    if test.operator == "within_months":
        return value if wanted else value + 0.5
    if test.operator == "ever":
        return 240.0 if wanted is value else False
    if test.operator == "below":
        return value - 1 if wanted else value
    if test.operator == "at_least":
        return value if wanted else value - 1
    if test.operator == "between":
        return value[0] if wanted else value[1] + 100
    if test.operator == "has":
        return tuple(value[:1]) if wanted else ()
    if test.operator == "in":
        return value[0] if wanted else _other(test.fact, value)
    if wanted:
        return value
    return (not value) if isinstance(value, bool) else _other(test.fact, [value])


def _other(fact: str, values: list[Any]) -> Any:
    others = {
        "condition": ("facial-telangiectasia", "age-spots"),
        "site": ("cheeks", "nose"),
        "tan": ("none",),
        "expectation": ("modest",),
        "peel_depth": ("superficial", "medium"),
        "sex": ("female",),
        "pulse": ("long", "short"),
    }[fact]
    return next(word for word in others if word not in values)


def _apply(condition: RuleCondition, world: World, wanted: bool = True) -> None:
    """Set facts so that `condition` answers as wanted: for a "no", its last part is turned round."""
    if isinstance(condition, FactTest):
        world.set(condition.fact, _value(condition, wanted))
    elif isinstance(condition, NegatedCondition):
        _apply(condition.part, world, not wanted)
    elif isinstance(condition, JointCondition):
        if (condition.quantifier == "all") is wanted:
            for part in condition.parts:
                _apply(part, world, wanted)
        else:
            for part in condition.parts[1:]:
                _apply(part, world, not wanted)
            _apply(condition.parts[0], world, wanted)


def spoke(suitability: Suitability) -> set[str]:
    return {reason.rule for reason in suitability.reasons}


def world_of(rule: Rule, *, fires: bool) -> World:
    world = World()
    every_laser = set(laser_modalities()) <= set(rule.modalities)
    if rule.when == ALWAYS:
        world.choice["modality"] = rule.modalities[0] if fires else "no-treatment"
    elif not every_laser:
        world.choice["modality"] = rule.modalities[0]
    _apply(rule.when, world)
    if not fires and rule.when != ALWAYS:
        _apply(rule.when, world, wanted=False)
    return world
