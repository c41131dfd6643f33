"""What the rules say of the time after a session, and of how many sessions and how long: for the planner to read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from skinbeam.assessment.questionnaire import Fact, concern_facts, questionnaire
from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message, text
from skinbeam.plan.records import Advice
from skinbeam.plan.rules.table import Rule, ValueRange, holds, rules
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.names import NameKind, resolve, table

__all__ = [
    "Span",
    "aftercare",
    "checklist",
    "downtime",
    "interval",
    "lookup",
    "minutes",
    "records",
    "sessions",
    "visible",
    "when_to_call",
]


_VISIBLE = ("downtime", "redness", "covering")


@dataclass(frozen=True)
class Span:
    """A printed range, as a source gives it.

    Parameters
    ----------
    low, high : its ends, in `unit`.
    central : the printed mean; None where only a range was printed.
    unit : days, weeks, sessions or minutes.
    of : what was counted, and in whom.
    rule, source, message : the rule that holds it, its source, and what it says.
    """

    low: float
    high: float
    central: float | None
    unit: str
    of: str
    rule: str
    source: str
    message: Message

    def estimate(self, level: float = 0.8) -> Estimate:
        """Return the span as an assumed estimate: its ends stand for a central interval of `level`.

        No source says which share of people a printed range holds, so `level` is a judgement; the median is the printed
        mean, else the middle of the range.
        """
        median = (self.low + self.high) / 2 if self.central is None else self.central
        return Estimate(median, self.low, self.high, level, "assumed", basis=(self.source,))


def aftercare(modalities: Iterable[str], case: Case) -> tuple[Advice, ...]:
    """Return what to do after sessions with these modalities, in the order of the rules, each sentence once.

    Raises
    ------
    InputError : unknown modality.
    """
    return _advice(_named(modalities), case, call=False)


def when_to_call(modalities: Iterable[str], case: Case) -> tuple[Advice, ...]:
    """Return the signs for which a person calls the clinic after sessions with these modalities.

    Raises
    ------
    InputError : unknown modality.
    """
    return _advice(_named(modalities), case, call=True)


def checklist(use: str, modalities: Iterable[str], case: Case) -> tuple[Advice, ...]:
    """Return one of `CHECKLISTS` for sessions with these modalities, in the order of the rules.

    Raises
    ------
    InputError : unknown modality.
    """
    return _advice(_named(modalities), case, use=use, call=False)


def records() -> tuple[Advice, ...]:
    """Return what is written down and asked before any laser is used."""
    return _as_advice(rules("records"))


def downtime(modality: str, condition: str, *, site: str | None = None) -> Span | Unknown:
    """Return how long a session shows, in days."""
    return lookup("downtime", modality, condition, site=site)


def sessions(modality: str, condition: str, *, site: str | None = None) -> Span | Unknown:
    """Return how many sessions were given."""
    return lookup("sessions", modality, condition, site=site)


def interval(modality: str, condition: str, *, site: str | None = None) -> Span | Unknown:
    """Return how far apart sessions were, in weeks."""
    return lookup("interval", modality, condition, site=site)


def minutes(modality: str) -> Span | Unknown:
    """Return how long a session takes in the chair, in minutes."""
    return lookup("minutes", modality)


def lookup(quantity: str, modality: str, condition: str | None = None, *, site: str | None = None) -> Span | Unknown:
    """Return the range of `quantity` for a choice, from the rule that fits it most closely.

    Parameters
    ----------
    quantity : downtime, redness, covering, sessions, interval, minutes or numbing.
    modality, condition, site : names or aliases.

    Returns
    -------
    Unknown when no rule gives it; nothing is carried over from another condition.

    Raises
    ------
    InputError : an unknown name.
    """
    modality = resolve("modality", modality, field="modality")
    condition = None if condition is None else resolve("condition", condition, field="condition")
    site = None if site is None else resolve("site", site, field="site")
    fitting = [
        (bool(rule.sites), bool(rule.conditions), -rule.order, rule, value)
        for rule, value in _fitting(modality, condition, site)
        if value.quantity == quantity
    ]
    if not fitting:
        params = {"quantity": text(f"quantity-name.{quantity}"), "modality": _title("modality", modality)}
        if condition is None:
            return Unknown(text("plan.span-unknown", params))
        return Unknown(text("plan.span-unknown-for", params | {"condition": _title("condition", condition)}))
    *_, rule, value = max(fitting, key=lambda found: found[:3])
    used(rule.source)
    return _span(rule, value)


def visible(modality: str, condition: str, *, site: str | None = None) -> tuple[tuple[str, Span], ...]:
    """Return what shows after a session, each range with its quantity, from every rule that fits.

    The closest rule is not the whole truth here: what another one knows to last longer lasts longer.

    Raises
    ------
    InputError : an unknown name.
    """
    modality = resolve("modality", modality, field="modality")
    condition = resolve("condition", condition, field="condition")
    site = None if site is None else resolve("site", site, field="site")
    fitting = [(rule, value) for rule, value in _fitting(modality, condition, site) if value.quantity in _VISIBLE]
    used(*(rule.source for rule, _ in fitting))
    return tuple((value.quantity, _span(rule, value)) for rule, value in fitting)


def _fitting(modality: str, condition: str | None, site: str | None) -> Iterator[tuple[Rule, ValueRange]]:
    """Every value that a rule gives for a choice."""
    for rule in (*rules("downtime"), *rules("sessions")):
        fits = modality in rule.modalities and (not rule.conditions or condition in rule.conditions)
        if fits and (not rule.sites or site in rule.sites):
            yield from ((rule, value) for value in rule.values)


def _span(rule: Rule, value: ValueRange) -> Span:
    return Span(value.low, value.high, value.central, value.unit, value.of, rule.id, rule.source, rule.message)


def _title(kind: NameKind, name: str) -> str:
    title = str(table(kind)[name]["title"])
    return title if title[1].isupper() else title[0].lower() + title[1:]


def _named(modalities: Iterable[str]) -> set[str]:
    return {resolve("modality", name, field="modality") for name in modalities}


def _advice(chosen: set[str], case: Case, *, call: bool, use: str = "aftercare") -> tuple[Advice, ...]:
    person = questionnaire(case).facts
    fields: list[dict[str, Fact]] = [{**person, **concern_facts(case, concern)} for concern in case.concern]
    fitting = [
        rule
        for rule in rules(use)
        if rule.call is call
        and chosen & set(rule.modalities)
        and any(holds(rule.when, facts) for facts in fields or [dict(person)])
    ]
    return _as_advice(fitting)


def _as_advice(found: Iterable[Rule]) -> tuple[Advice, ...]:
    listed = tuple(Advice(rule.id, rule.message, rule.source, rule.strength) for rule in found)
    used(*(advice.source for advice in listed))
    return listed
