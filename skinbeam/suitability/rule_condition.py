"""The conditions of rules: tests of facts, joined and negated, in three-valued logic.

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

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from skinbeam.assessment.medicines import medication_facts
from skinbeam.assessment.questionnaire import CONCERN_FACTS, PERSON_FACTS, FactValue

__all__ = [
    "ALWAYS",
    "OPTION_FACTS",
    "SETTING_FACTS",
    "FactTest",
    "JointCondition",
    "NegatedCondition",
    "RuleCondition",
    "read_condition",
]

SETTING_FACTS: Final = ("cooled", "ipl", "pulse", "wavelength_nm")
"""Facts that the search for a setting chooses, beyond the kind of laser."""
OPTION_FACTS: Final = (
    "compression",
    "lens_array",
    "modality",
    "peel_depth",  # of a peel, for the concern
    "sessions_done",
    "specialist_allows",
    *SETTING_FACTS,
)

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


@dataclass(frozen=True)
class FactTest:
    """One fact compared with a value."""

    __test__ = False  # its name makes pytest take it for a test

    fact: str
    operator: str
    value: Any

    def holds(self, facts: Mapping[str, FactValue]) -> bool | None:
        """Return whether the condition holds; None when a missing fact would settle it."""
        return _OPERATORS[self.operator](facts[self.fact], self.value) if self.fact in facts else None

    def missing_facts(self, facts: Mapping[str, FactValue]) -> frozenset[str]:
        """Return the missing facts that leave the condition undecided; empty when it is decided."""
        return frozenset() if self.fact in facts else frozenset({self.fact})

    def tests(self, *, negated: bool = True) -> "Iterator[FactTest]":
        """Yield the tests in the condition; without `negated` those alone that can make it hold."""
        yield self


@dataclass(frozen=True)
class JointCondition:
    """Conditions that must `all` hold, or of which `any` must. Methods as of `FactTest`."""

    quantifier: Literal["all", "any"]
    parts: "tuple[RuleCondition, ...]"

    def holds(self, facts: Mapping[str, FactValue]) -> bool | None:
        """Return whether the condition holds; None when a missing fact would settle it."""
        settled = self.quantifier == "any"
        answers = [part.holds(facts) for part in self.parts]
        if settled in answers:
            return settled
        return None if None in answers else not settled

    def missing_facts(self, facts: Mapping[str, FactValue]) -> frozenset[str]:
        """Return the missing facts that leave the condition undecided; empty when it is decided."""
        if self.holds(facts) is not None:
            return frozenset()
        return frozenset().union(*(part.missing_facts(facts) for part in self.parts))

    def tests(self, *, negated: bool = True) -> "Iterator[FactTest]":
        """Yield the tests in the condition; without `negated` those alone that can make it hold."""
        for part in self.parts:
            yield from part.tests(negated=negated)


@dataclass(frozen=True)
class NegatedCondition:
    """A condition that must not hold. Methods as of `FactTest`."""

    part: "RuleCondition"

    def holds(self, facts: Mapping[str, FactValue]) -> bool | None:
        """Return whether the condition holds; None when a missing fact would settle it."""
        inner = self.part.holds(facts)
        return None if inner is None else not inner

    def missing_facts(self, facts: Mapping[str, FactValue]) -> frozenset[str]:
        """Return the missing facts that leave the condition undecided; empty when it is decided."""
        return self.part.missing_facts(facts)

    def tests(self, *, negated: bool = True) -> "Iterator[FactTest]":
        """Yield the tests in the condition; without `negated` those alone that can make it hold."""
        if negated:
            yield from self.part.tests()


RuleCondition = FactTest | JointCondition | NegatedCondition
ALWAYS: Final = JointCondition("all", ())


def read_condition(table: Any) -> RuleCondition:
    """Return the condition in a TOML table.

    Raises
    ------
    ValueError : a shape, fact or operator that is not known; a value that does not fit the operator.
    """
    if not isinstance(table, Mapping) or not table:
        raise ValueError(f"a condition is a table, read {table!r}")
    for how in ("all", "any"):
        if how in table:
            if len(table) != 1 or not isinstance(table[how], list) or not table[how]:
                raise ValueError(f"{how} stands alone, with a list of conditions")
            return JointCondition("all" if how == "all" else "any", tuple(read_condition(part) for part in table[how]))
    if "not" in table:
        if len(table) != 1:
            raise ValueError("not stands alone")
        return NegatedCondition(read_condition(table["not"]))
    fact, operators = table.get("fact"), [key for key in table if key != "fact"]
    if not isinstance(fact, str) or fact not in {*PERSON_FACTS, *CONCERN_FACTS, *OPTION_FACTS, *medication_facts()}:
        raise ValueError(
            f"unknown fact {fact!r}: PERSON_FACTS and CONCERN_FACTS of assessment/questionnaire.py name them"
        )
    if len(operators) != 1 or operators[0] not in _OPERATORS:
        raise ValueError(f"{fact}: one operator of {', '.join(_OPERATORS)}, read {operators}")
    _check_operand(fact, operators[0], table[operators[0]])
    return FactTest(fact, operators[0], table[operators[0]])


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
