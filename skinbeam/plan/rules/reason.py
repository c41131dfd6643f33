"""Why a decision was made: one thing that spoke for it, in words, with its source."""

from dataclasses import dataclass
from typing import Any

from skinbeam.messages import Message
from skinbeam.plan.rules.bound import Bound
from skinbeam.plan.rules.table import DECISIONS, Decision

__all__ = ["PlainReason", "Reason", "severity"]


@dataclass(frozen=True)
class Reason:
    """One rule that spoke.

    Parameters
    ----------
    rule : its id in `data/rules.toml`, or `ask-...`, `earlier-...`, `medication-...` or `sources-differ-...`.
    decision : what it asks for.
    message : what it says.
    source : key of its source.
    strength : what kind of source that is.
    about : the concern it speaks of, as "condition at site"; empty for the whole case.
    bounds : what it holds the settings of a plan to; without any, it changes none.
    """

    rule: str
    decision: Decision
    message: Message
    source: str
    strength: str
    about: str = ""
    bounds: tuple[Bound, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of a reason."""
        record = {
            "rule": self.rule,
            "decision": self.decision,
            "text": self.message.english,
            "message": {"id": self.message.id, "params": dict(self.message.params)},
            "source": self.source,
            "strength": self.strength,
        }
        bounds = {"bounds": [bound.as_record() for bound in self.bounds]} if self.bounds else {}
        return record | ({"about": self.about} if self.about else {}) | bounds


@dataclass(frozen=True)
class PlainReason:
    """Why it is no, or not yet, in plain words.

    Parameters
    ----------
    rule, decision : the rule that decided and what it asks for; None where no rule did, or one told elsewhere.
    because : what the person said that makes the rule speak.
    text : what it says.
    about : the concern it speaks of, as "condition at site"; None for several or for the whole case.
    """

    rule: str | None
    decision: Decision | None
    because: tuple[Message, ...]
    text: Message
    about: str | None = None


def severity(decision: Decision) -> int:
    """Return how strict a decision is, 0 (suitable) to 3 (not suitable)."""
    return DECISIONS.index(decision)
