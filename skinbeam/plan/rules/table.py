"""The rules as data, and the small language in which they say when they apply.

A condition is a TOML table. A test names one fact and one operator, and conditions are joined:

    { fact = "tan", in = ["recent", "current"] }
    { all = [{ fact = "medication.isotretinoin", within_months = 6.0 }, { not = { fact = "site", is = "neck" } }] }

| operator | holds when the fact |
|---|---|
| `is` | equals the value |
| `in` | is one of the values |
| `has` | is a list that shares a word with the values |
| `at_least`, `below` | is a number at or above, or below, the value |
| `between` | is a number from the first to the second value, both included |
| `within_months` | is a medicine last taken at most so many months ago |
| `ever` | is a medicine that was taken at some time |

The answer is true, false, or unknown when a fact is missing that would settle it (Kleene's three-valued logic).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any, Literal

from skinbeam.assessment.medicines import medication_facts
from skinbeam.assessment.questionnaire import CONCERN_FACTS, PERSON_FACTS, Fact, fact_tables
from skinbeam.errors import nearest
from skinbeam.messages import Message
from skinbeam.plan.rules.bound import Bound, read_bound
from skinbeam.schema.names import laser_modalities, table
from skinbeam.shipped import shipped_table

__all__ = [
    "CHECKLISTS",
    "DECISIONS",
    "OPTION_FACTS",
    "STRENGTHS",
    "USES",
    "Always",
    "Condition",
    "Decision",
    "Joined",
    "Not",
    "Rule",
    "Test",
    "ValueRange",
    "holds",
    "missing_facts",
    "read_condition",
    "read_rules",
    "rules",
]

Decision = Literal["suitable", "with-caution", "refer", "not-suitable"]
DECISIONS: tuple[Decision, ...] = ("suitable", "with-caution", "refer", "not-suitable")
CHECKLISTS = ("titration", "anaesthesia", "photographs", "complications")
USES = ("suitability", "aftercare", "downtime", "sessions", "records", *CHECKLISTS)
STRENGTHS = (
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
OPTION_FACTS = (
    "compression",
    "cooled",
    "ipl",
    "modality",
    "pulse",
    "sessions_done",
    "specialist_allows",
    "wavelength_nm",
)
_KEYS = {
    "row",
    "use",
    "modalities",
    "conditions",
    "sites",
    "when",
    "decision",
    "decides",
    "topic",
    "bound",
    "strength",
    "source",
    "message",
    "params",
    "values",
    "call",
    "note",
}


@dataclass(frozen=True)
class Test:
    """One fact compared with a value."""

    __test__ = False  # its name makes pytest take it for a test

    fact: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Joined:
    """Conditions that must `all` hold, or of which `any` must."""

    how: Literal["all", "any"]
    parts: "tuple[Condition, ...]"


@dataclass(frozen=True)
class Not:
    """A condition that must not hold."""

    part: "Condition"


@dataclass(frozen=True)
class Always:
    """No condition."""


Condition = Test | Joined | Not | Always


@dataclass(frozen=True)
class ValueRange:
    """A number that a rule gives the planner.

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
    """One row of `data/rules.toml`; the head of that file says what each field means."""

    id: str
    use: str
    modalities: tuple[str, ...]
    strength: str
    source: str
    message: Message
    when: Condition = Always()
    decision: Decision = "suitable"
    row: str = ""
    conditions: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    decides: str = "concern"
    topic: str = ""
    bounds: tuple[Bound, ...] = ()
    values: tuple[ValueRange, ...] = ()
    call: bool = False
    note: str = ""
    order: int = field(default=0, compare=False)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "is": lambda fact, value: fact == value,
        "in": lambda fact, value: fact in value,
        "has": lambda fact, value: bool(set(fact) & set(value)),
        "at_least": lambda fact, value: fact >= value,
        "below": lambda fact, value: fact < value,
        "between": lambda fact, value: value[0] <= fact <= value[1],
        "within_months": lambda fact, value: fact is not False and fact <= value,
        "ever": lambda fact, value: (fact is not False) == value,
    }
)


def holds(condition: Condition, facts: Mapping[str, Fact]) -> bool | None:
    """Return whether `condition` holds for `facts`; None when a missing fact would settle it."""
    match condition:
        case Always():
            return True
        case Not(part):
            inner = holds(part, facts)
            return None if inner is None else not inner
        case Joined(how, parts):
            settled = how == "any"
            answers = [holds(part, facts) for part in parts]
            if settled in answers:
                return settled
            return None if None in answers else not settled
        case Test(fact, operator, value):
            return _OPERATORS[operator](facts[fact], value) if fact in facts else None


def missing_facts(condition: Condition, facts: Mapping[str, Fact]) -> frozenset[str]:
    """Return the facts whose absence keeps `condition` open; empty when it is settled."""
    if holds(condition, facts) is not None:
        return frozenset()
    match condition:
        case Test(fact, _, _):
            return frozenset({fact})
        case Not(part):
            return missing_facts(part, facts)
        case Joined(_, parts):
            return frozenset().union(*(missing_facts(part, facts) for part in parts))
    return frozenset()


@cache
def rules(use: str | None = None) -> tuple[Rule, ...]:
    """Return the rules of one use, or all, in the order of the file.

    Raises
    ------
    ValueError : `use` is not one of `USES`, or the file is unsound.
    """
    if use is not None and use not in USES:
        raise ValueError(f'unknown use "{use}"; known: {", ".join(USES)}')
    if use is not None:
        return tuple(rule for rule in rules() if rule.use == use)
    return read_rules(shipped_table("data/rules.toml"))


def read_rules(entries: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules that a parsed file holds.

    Raises
    ------
    ValueError : a key, name, operator or value that cannot be; the text says in which rule.
    """
    return tuple(_rule(name, entry, order) for order, (name, entry) in enumerate(entries.items()))


def _rule(name: str, entry: Mapping[str, Any], order: int) -> Rule:
    def fault(what: str) -> ValueError:
        return ValueError(f"rule {name}: {what}")

    unknown = sorted(set(entry) - _KEYS)
    if unknown:
        raise fault(f"unknown key {unknown[0]}, nearest {nearest(unknown[0], _KEYS)}")
    missing = sorted({"use", "modalities", "strength", "source", "message"} - set(entry))
    if missing:
        raise fault(f"{missing[0]} is missing")
    for key, known in (("use", USES), ("strength", STRENGTHS), ("decision", DECISIONS), ("decides", ("case",))):
        if key in entry and entry[key] not in known:
            raise fault(f'{key} = "{entry[key]}" is not one of {", ".join(known)}')
    if (entry["use"] == "suitability") != ("decision" in entry):
        raise fault("decision belongs to suitability, and suitability needs one")
    if (entry["use"] in ("downtime", "sessions")) != ("values" in entry):
        raise fault("values belong to downtime and sessions, and both need some")
    if "bound" in entry and entry["use"] != "suitability":
        raise fault("bound belongs to suitability")
    for key, kind in (("conditions", table("condition")), ("sites", table("site"))):
        for word in entry.get(key, ()):
            if word not in kind:
                raise fault(f"{key}: unknown name {word}")
    try:
        when = read_condition(entry["when"]) if "when" in entry else Always()
        values = tuple(ValueRange(**value) for value in entry.get("values", ()))
        bounds = tuple(read_bound(one) for one in entry.get("bound", ()))
        if bounds and _asked_of_a_setting(when):
            raise ValueError("a bound holds whatever the wavelength and the pulse; when may not ask for them")
    except (TypeError, ValueError) as error:
        raise fault(str(error)) from error
    return Rule(
        id=name,
        use=entry["use"],
        modalities=_modalities(entry["modalities"], fault),
        strength=entry["strength"],
        source=entry["source"],
        message=Message(entry["message"], entry.get("params", {})),
        when=when,
        decision=entry.get("decision", "suitable"),
        row=entry.get("row", ""),
        conditions=tuple(entry.get("conditions", ())),
        sites=tuple(entry.get("sites", ())),
        decides=entry.get("decides", "concern"),
        topic=entry.get("topic", ""),
        bounds=bounds,
        values=values,
        call=entry.get("call", False),
        note=entry.get("note", ""),
        order=order,
    )


def _asked_of_a_setting(condition: Condition) -> bool:
    """Whether a condition asks for what a search chooses, beyond the kind of laser."""
    match condition:
        case Test(fact, _, _):
            return fact in ("cooled", "ipl", "pulse", "wavelength_nm")
        case Not(part):
            return _asked_of_a_setting(part)
        case Joined(_, parts):
            return any(_asked_of_a_setting(part) for part in parts)
    return False


def _modalities(named: Any, fault: Callable[[str], ValueError]) -> tuple[str, ...]:
    groups = {"laser": laser_modalities(), **fact_tables()["modality_groups"]}
    found: list[str] = []
    for word in named if isinstance(named, list) else [named]:
        if word not in groups and word not in table("modality"):
            raise fault(f"modalities: unknown name {word}; or a group: {', '.join(groups)}")
        found += groups.get(word, (word,))
    return tuple(dict.fromkeys(found))


def read_condition(read: Any) -> Condition:
    """Return the condition that a TOML table holds.

    Raises
    ------
    ValueError : a shape, fact or operator that is not known; a value that does not fit the operator.
    """
    if not isinstance(read, Mapping) or not read:
        raise ValueError(f"a condition is a table, read {read!r}")
    for how in ("all", "any"):
        if how in read:
            if len(read) != 1 or not isinstance(read[how], list) or not read[how]:
                raise ValueError(f"{how} stands alone, with a list of conditions")
            return Joined("all" if how == "all" else "any", tuple(read_condition(part) for part in read[how]))
    if "not" in read:
        if len(read) != 1:
            raise ValueError("not stands alone")
        return Not(read_condition(read["not"]))
    fact, operators = read.get("fact"), [key for key in read if key != "fact"]
    if not isinstance(fact, str) or fact not in {*PERSON_FACTS, *CONCERN_FACTS, *OPTION_FACTS, *medication_facts()}:
        raise ValueError(f"unknown fact {fact!r}")
    if len(operators) != 1 or operators[0] not in _OPERATORS:
        raise ValueError(f"{fact}: one operator of {', '.join(_OPERATORS)}, read {operators}")
    _check_operand(fact, operators[0], read[operators[0]])
    return Test(fact, operators[0], read[operators[0]])


def _check_operand(fact: str, operator: str, value: Any) -> None:
    medicine = fact.startswith("medication.")
    if medicine != (operator in ("within_months", "ever")):
        raise ValueError(f"{fact}: {operator} does not fit this fact")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "in": isinstance(value, list),
        "has": isinstance(value, list),
        "between": isinstance(value, list) and len(value) == 2 and value[0] <= value[1],
        "at_least": number,
        "below": number,
        "within_months": number,
        "ever": isinstance(value, bool),
    }
    if not fits.get(operator, True):
        raise ValueError(f"{fact}: {operator} cannot take {value!r}")
