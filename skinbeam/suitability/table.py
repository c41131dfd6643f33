"""Read the rules from `data/rules.toml`; `rule_condition.py` explains the language of their conditions."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from skinbeam.assessment.questionnaire import fact_tables
from skinbeam.model.conditions import known_conditions, known_modalities, known_sites
from skinbeam.model.errors import nearest_name
from skinbeam.model.package_data import load_package_table
from skinbeam.model.vocabulary import laser_modalities
from skinbeam.suitability.bounds import RuleBound, read_bound
from skinbeam.suitability.rule_condition import ALWAYS, SETTING_FACTS, RuleCondition, read_condition
from skinbeam.text import Message

__all__ = [
    "CHECKLISTS",
    "DECISIONS",
    "EVIDENCE_STRENGTHS",
    "RULE_USES",
    "Decision",
    "PlainReason",
    "Rule",
    "RuleReason",
    "ValueRange",
    "decision_severity",
    "load_rules",
    "read_rules",
    "strictest_first",
    "suitability_rule",
]

Decision = Literal["suitable", "with-caution", "refer", "not-suitable"]
DECISIONS: tuple[Decision, ...] = ("suitable", "with-caution", "refer", "not-suitable")
CHECKLISTS = ("titration", "anaesthesia", "photographs", "complications")
RULE_USES = ("suitability", "aftercare", "downtime", "sessions", "records", *CHECKLISTS)
EVIDENCE_STRENGTHS = (
    "guideline",
    "consensus",
    "systematic-review",
    "randomised-trial",
    "trial",
    "cohort",
    "case-series",
    "case-report",
    "review",
    "expert",
    "text",
    "patient-information",
    "clinic-list",
    "practice",
)
INFRARED = "infrared"  # long pulses that heat the dermis through, given to scars for months, unlike light for vessels
DEEP_COLUMNS, SHALLOW_COLUMNS = "deep-columns", "shallow-columns"  # after the latter the whole surface peels for days
# After short pulses of the first two spots crust differently.
PULSE_CLASSES = ("nanosecond", "picosecond", INFRARED, DEEP_COLUMNS, SHALLOW_COLUMNS)
_RESULT_BARS = ("part-barred", "other-operation")
_RULE_KEYS = {
    "row",
    "use",
    "modalities",
    "conditions",
    "sites",
    "pulse",
    "when",
    "decision",
    "decides",
    "bars_results",
    "topic",
    "bound",
    "strength",
    "source",
    "message",
    "params",
    "values",
    "call",
    "said_by",
    "rest",
    "note",
}


@dataclass(frozen=True)
class ValueRange:
    """A range that a rule provides for the planner.

    Parameters
    ----------
    quantity : downtime, redness, covering, sessions, interval, minutes or numbing.
    low, high : ends of the printed range, in `unit`.
    unit : days, weeks, sessions or minutes.
    of : what was counted, and in whom.
    central : the printed mean, where one was printed.
    """

    quantity: str
    low: float
    high: float
    unit: str
    of: str
    central: float | None = None

    def __post_init__(self) -> None:
        middle = self.low if self.central is None else self.central
        if not self.low <= middle <= self.high:
            raise ValueError(
                f"{self.quantity}: low <= central <= high does not hold: {self.low}, {middle}, {self.high}"
            )


@dataclass(frozen=True)
class Rule:
    """One row of `data/rules.toml`; the comment at the head of that file defines each field."""

    id: str
    use: str
    modalities: tuple[str, ...]
    strength: str
    source: str
    message: Message
    when: RuleCondition = ALWAYS
    decision: Decision = "suitable"
    row: str = ""
    conditions: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    pulse: str = ""
    decides: str = "concern"
    bars_results: str = ""
    topic: str = ""
    bounds: tuple[RuleBound, ...] = ()
    values: tuple[ValueRange, ...] = ()
    is_warning_sign: bool = False
    said_by: tuple[str, ...] = ()
    rest: Message | None = None
    note: str = ""
    order: int = field(default=0, compare=False)


@cache
def load_rules(use: str | None = None) -> tuple[Rule, ...]:
    """Return the rules of one use, or all, in the order of the file.

    Raises
    ------
    ValueError : `use` is not one of `RULE_USES`, or the file is invalid.
    """
    if use is not None and use not in RULE_USES:
        raise ValueError(f'unknown use "{use}"; known: {", ".join(RULE_USES)}')
    if use is not None:
        return tuple(rule for rule in load_rules() if rule.use == use)
    return read_rules(load_package_table("data/rules.toml"))


def suitability_rule(id: str) -> Rule:
    """Return a rule of suitability by its id."""
    (rule,) = (rule for rule in load_rules("suitability") if rule.id == id)
    return rule


def read_rules(entries: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of a parsed file.

    Raises
    ------
    ValueError : a key, name, operator or value that is not allowed; the text says in which rule.
    """
    return tuple(_read_rule(name, entry, order) for order, (name, entry) in enumerate(entries.items()))


def _read_rule(name: str, entry: Mapping[str, Any], order: int) -> Rule:
    def fault(what: str) -> ValueError:
        return ValueError(f"rule {name}: {what}")

    unknown = sorted(set(entry) - _RULE_KEYS)
    if unknown:
        raise fault(f"unknown key {unknown[0]}, nearest {nearest_name(unknown[0], _RULE_KEYS)}")
    missing = sorted({"use", "modalities", "strength", "source", "message"} - set(entry))
    if missing:
        raise fault(f"{missing[0]} is missing")
    for key, known in (
        ("use", RULE_USES),
        ("strength", EVIDENCE_STRENGTHS),
        ("decision", DECISIONS),
        ("decides", ("case",)),
        ("pulse", PULSE_CLASSES),
    ):
        if key in entry and entry[key] not in known:
            raise fault(f'{key} = "{entry[key]}" is not one of {", ".join(known)}')
    if (entry["use"] == "suitability") != ("decision" in entry):
        raise fault("decision belongs to suitability, and suitability needs one")
    if (entry["use"] in ("downtime", "sessions")) != ("values" in entry):
        raise fault("values belong to downtime and sessions, and both need some")
    if "bars_results" in entry and (entry["use"] != "suitability" or entry["bars_results"] not in _RESULT_BARS):
        raise fault(f"bars_results is one of {', '.join(_RESULT_BARS)}, and belongs to suitability")
    if "bound" in entry and entry["use"] != "suitability":
        raise fault("bound belongs to suitability")
    for key, kind in (("conditions", known_conditions()), ("sites", known_sites())):
        for word in entry.get(key, ()):
            if word not in kind:
                raise fault(f"{key}: unknown name {word}")
    try:
        when = read_condition(entry["when"]) if "when" in entry else ALWAYS
        values = tuple(ValueRange(**value) for value in entry.get("values", ()))
        bounds = tuple(read_bound(bound) for bound in entry.get("bound", ()))
        if bounds and any(test.fact in SETTING_FACTS for test in when.tests()):
            raise ValueError("a bound holds whatever the wavelength and the pulse; when may not ask for them")
    except (TypeError, ValueError) as error:
        raise fault(str(error)) from error
    return Rule(
        id=name,
        use=entry["use"],
        modalities=_read_modalities(entry["modalities"], fault),
        strength=entry["strength"],
        source=entry["source"],
        message=Message(entry["message"], entry.get("params", {})),
        when=when,
        decision=entry.get("decision", "suitable"),
        row=entry.get("row", ""),
        conditions=tuple(entry.get("conditions", ())),
        sites=tuple(entry.get("sites", ())),
        pulse=entry.get("pulse", ""),
        decides=entry.get("decides", "concern"),
        bars_results=entry.get("bars_results", ""),
        topic=entry.get("topic", ""),
        bounds=bounds,
        values=values,
        is_warning_sign=entry.get("call", False),
        said_by=tuple(entry.get("said_by", ())),
        rest=Message(entry["rest"]) if "rest" in entry else None,
        note=entry.get("note", ""),
        order=order,
    )


def _read_modalities(named: Any, fault: Callable[[str], ValueError]) -> tuple[str, ...]:
    groups = {"laser": laser_modalities(), **fact_tables().modality_groups}
    modalities: list[str] = []
    for word in named if isinstance(named, list) else [named]:
        if word not in groups and word not in known_modalities():
            raise fault(f"modalities: unknown name {word}; or a group: {', '.join(groups)}")
        modalities += groups.get(word, (word,))
    return tuple(dict.fromkeys(modalities))


# Reasons for a decision.


@dataclass(frozen=True)
class RuleReason:
    """One reason for a decision: a rule that applies, its sentence and its source.

    Parameters
    ----------
    rule : its id in `data/rules.toml`, or `ask-...`, `earlier-...`, `medication-...` or `sources-differ-...`.
    decision : the decision that it requires.
    message : its sentence.
    source : key of its source.
    strength : the kind of that source.
    about : the concern that it applies to, as "condition at site"; empty for the whole case.
    bounds : its bounds on the settings of a plan; without any, it changes none.
    """

    rule: str
    decision: Decision
    message: Message
    source: str
    strength: str
    about: str = ""
    bounds: tuple[RuleBound, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of a reason."""
        record = {
            "rule": self.rule,
            "decision": self.decision,
            "text": self.message.document_text,
            "message": {"id": self.message.id, "params": dict(self.message.params)},
            "source": self.source,
            "strength": self.strength,
        }
        bounds = {"bounds": [bound.as_record() for bound in self.bounds]} if self.bounds else {}
        return record | ({"about": self.about} if self.about else {}) | bounds


@dataclass(frozen=True)
class PlainReason:
    """A reason for a refusal or a postponement in plain words.

    Parameters
    ----------
    rule, decision : the rule that decided and its decision; None where no rule did, or where it is part of the
        decision.
    because : the person's facts that make the rule apply.
    text : the sentence of the rule in plain words.
    about : the concern that it applies to, as "condition at site"; None for several or for the whole case.
    """

    rule: str | None
    decision: Decision | None
    because: tuple[Message, ...]
    text: Message
    about: str | None = None


def strictest_first(reasons: Iterable[RuleReason]) -> tuple[RuleReason, ...]:
    """Return reasons by their decisions, the strictest first, and of one decision in their order."""
    return tuple(sorted(reasons, key=lambda reason: -decision_severity(reason.decision)))


def decision_severity(decision: Decision) -> int:
    """Return how strict a decision is, 0 (suitable) to 3 (not suitable)."""
    return DECISIONS.index(decision)
