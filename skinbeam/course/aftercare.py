"""Read aftercare advice and printed ranges (downtime, sessions, interval, minutes) from the rules."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from skinbeam.assessment.questionnaire import FactValue, concern_facts, read_questionnaire
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_names
from skinbeam.model.consultation import Concern
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import cite_sources
from skinbeam.model.vocabulary import NameKind, laser_modalities, resolve_name
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import Advice
from skinbeam.suitability.judgement import covers_modality
from skinbeam.suitability.table import INFRARED, Rule, ValueRange, load_rules
from skinbeam.text import Message, render_message

__all__ = [
    "RuleRange",
    "TreatedConcern",
    "aftercare_advice",
    "call_advice",
    "checklist_advice",
    "downtime_range",
    "find_range",
    "interval_range",
    "minutes_range",
    "record_keeping_advice",
    "session_range",
    "visible_ranges",
]


_VISIBLE_QUANTITIES = ("downtime", "redness", "covering")


@dataclass(frozen=True)
class RuleRange:
    """A printed range, as a source gives it.

    Parameters
    ----------
    low, high : its ends, in `unit`.
    central : the printed mean; None where only a range was printed.
    unit : days, weeks, sessions or minutes.
    population : what was counted, and in whom.
    rule, source, message : the rule that contains it, its source, and its sentence.
    """

    low: float
    high: float
    central: float | None
    unit: str
    population: str
    rule: str
    source: str
    message: Message

    @property
    def record(self) -> SourceRange:
        """The range as a plan has it."""
        return SourceRange(self.low, self.high, self.unit, self.source, self.message)

    def estimate(self, level: float = 0.8) -> Estimate:
        """Return the span as an assumed estimate: its ends are taken as a central interval of `level`.

        No source says which share of people a printed range holds, so `level` is a judgement; the median is the printed
        mean, else the middle of the range.
        """
        median = (self.low + self.high) / 2 if self.central is None else self.central
        return Estimate(median, self.low, self.high, level, "assumed", basis=(self.source,))


TreatedConcern = tuple[Concern, str]
"""A concern and the name of the modality that it is treated with, a laser or what it begins with instead."""


def aftercare_advice(treated: Iterable[TreatedConcern], case: Case) -> tuple[Advice, ...]:
    """Return the aftercare advice for concerns and their treatments, in the order of the rules.

    Raises
    ------
    InputError : unknown modality.
    """
    return _collect_advice(treated, case, call=False)


def call_advice(treated: Iterable[TreatedConcern], case: Case) -> tuple[Advice, ...]:
    """Return the signs for which a person calls the clinic after these treatments.

    Raises
    ------
    InputError : unknown modality.
    """
    return _collect_advice(treated, case, call=True)


def checklist_advice(use: str, treated: Iterable[TreatedConcern], case: Case) -> tuple[Advice, ...]:
    """Return one of `CHECKLISTS` for concerns and their lasers, in the order of the rules.

    Raises
    ------
    InputError : unknown modality.
    """
    return _collect_advice(treated, case, use=use, call=False)


def record_keeping_advice() -> tuple[Advice, ...]:
    """Return the advice on what to record and to ask before any laser is used."""
    listed = tuple(Advice(rule.id, rule.message, rule.source, rule.strength) for rule in load_rules("records"))
    cite_sources(*(advice.source for advice in listed))
    return listed


def downtime_range(modality: str, condition: str, *, site: str | None = None, pulse: str = "") -> RuleRange | Unknown:
    """Return the printed downtime of a session, in days; `pulse` as of `find_range`."""
    return find_range("downtime", modality, condition, site=site, pulse=pulse)


def session_range(modality: str, condition: str, *, site: str | None = None, pulse: str = "") -> RuleRange | Unknown:
    """Return the printed number of sessions; `pulse` as of `find_range`."""
    return find_range("sessions", modality, condition, site=site, pulse=pulse)


def interval_range(modality: str, condition: str, *, site: str | None = None, pulse: str = "") -> RuleRange | Unknown:
    """Return the printed interval between sessions, in weeks; `pulse` as of `find_range`."""
    return find_range("interval", modality, condition, site=site, pulse=pulse)


def minutes_range(modality: str) -> RuleRange | Unknown:
    """Return the printed duration of a session in the chair, in minutes."""
    return find_range("minutes", modality)


def find_range(
    quantity: str, modality: str, condition: str | None = None, *, site: str | None = None, pulse: str = ""
) -> RuleRange | Unknown:
    """Return the range of `quantity` for a choice, from the rule that fits it most closely.

    Parameters
    ----------
    quantity : downtime, redness, covering, sessions, interval, minutes or numbing.
    modality, condition, site : names or aliases.
    pulse : one of `PULSE_CLASSES`; empty where it does not matter or is not known.

    Returns
    -------
    Unknown when no rule gives it; nothing is carried over from another condition.

    Raises
    ------
    InputError : an unknown name.
    """
    modality = resolve_name("modality", modality, field="modality")
    condition = None if condition is None else resolve_name("condition", condition, field="condition")
    site = None if site is None else resolve_name("site", site, field="site")
    fitting = [
        (bool(rule.sites), bool(rule.conditions), -rule.order, rule, value)
        for rule, value in _matching_values(modality, condition, site, pulse)
        if value.quantity == quantity
    ]
    if not fitting:
        params = {
            "quantity": render_message(f"quantity-name.{quantity}"),
            "modality": _entry_title("modality", modality),
        }
        if condition is None:
            return Unknown(render_message("plan.span-unknown", params))
        return Unknown(
            render_message("plan.span-unknown-for", params | {"condition": _entry_title("condition", condition)})
        )
    *_, rule, value = max(fitting, key=lambda found: found[:3])
    cite_sources(rule.source)
    return _make_range(rule, value)


def visible_ranges(
    modality: str, condition: str, *, site: str | None = None, pulse: str = ""
) -> tuple[tuple[str, RuleRange], ...]:
    """Return the ranges of visible changes after a session, each with its quantity, from every rule that fits.

    Every rule counts, not only the closest one: the longest range that any of them gives is the one that matters.

    Parameters
    ----------
    pulse : as of `find_range`.

    Raises
    ------
    InputError : an unknown name.
    """
    modality = resolve_name("modality", modality, field="modality")
    condition = resolve_name("condition", condition, field="condition")
    site = None if site is None else resolve_name("site", site, field="site")
    fitting = [
        (rule, value)
        for rule, value in _matching_values(modality, condition, site, pulse)
        if value.quantity in _VISIBLE_QUANTITIES
    ]
    cite_sources(*(rule.source for rule, _ in fitting))
    return tuple((value.quantity, _make_range(rule, value)) for rule, value in fitting)


def _matching_values(
    modality: str, condition: str | None, site: str | None, pulse: str
) -> Iterator[tuple[Rule, ValueRange]]:
    """Yield every value that a rule gives for a choice, with its rule."""
    for rule in (*load_rules("downtime"), *load_rules("sessions")):
        fits = modality in rule.modalities and (not rule.conditions or condition in rule.conditions)
        is_pulse = rule.pulse in ("", pulse) or (not pulse and rule.pulse != INFRARED)
        if fits and (not rule.sites or site in rule.sites) and is_pulse:
            yield from ((rule, value) for value in rule.values)


def _make_range(rule: Rule, value: ValueRange) -> RuleRange:
    return RuleRange(value.low, value.high, value.central, value.unit, value.of, rule.id, rule.source, rule.message)


def _entry_title(kind: NameKind, name: str) -> str:
    title = known_names(kind)[name].title
    return title if title[1].isupper() else title[0].lower() + title[1:]


@dataclass(frozen=True)
class _Treatment:
    """A treatment of a concern, with the facts that rules test."""

    concern: Concern
    modality: str
    facts: Mapping[str, FactValue]

    @property
    def kind(self) -> tuple[str, bool]:
        """The place, and whether a laser treats it."""
        return self.concern.place, self.modality in laser_modalities()

    def is_under(self, rule: Rule) -> bool:
        """Return whether a rule is about it and applies; a rule on an unknown fact does not apply."""
        return covers_modality(rule, self.modality, self.concern) and rule.when.holds(self.facts) is True


def _collect_advice(
    treated: Iterable[TreatedConcern], case: Case, *, call: bool, use: str = "aftercare"
) -> tuple[Advice, ...]:
    """Return the advice of one use, each sentence once, and each warning sign once, with the most haste that applies.

    Of care after treatment, and of what remains of a warning, it is noted for which concerns alone it holds. A warning
    about a laser otherwise holds for every laser of the plan, and never for what a concern begins with instead.
    """
    person = read_questionnaire(case).facts
    treatments = _advised_treatments(
        [
            _Treatment(
                concern, resolve_name("modality", name, field="modality"), {**person, **concern_facts(case, concern)}
            )
            for concern, name in treated
        ],
        use,
    )
    every = tuple(dict.fromkeys(treatment.kind for treatment in treatments))
    lasers = {kind for kind in every if kind[1]}
    fitting: list[tuple[Rule, set[tuple[str, bool]]]] = []
    for rule in load_rules(use):
        kinds = {treatment.kind for treatment in treatments if treatment.is_under(rule)}
        if kinds and rule.is_warning_sign is call:
            fitting.append((rule, kinds))
    applying = {rule.id for rule, _ in fitting}
    found: dict[str, Advice] = {}  # rules on different lights may share a sentence
    held: dict[str, set[tuple[str, bool]]] = {}
    for rule, kinds in fitting:
        is_said = not applying.isdisjoint(rule.said_by)
        message = rule.rest if is_said else rule.message
        if message is None:
            continue
        found.setdefault(message.id, Advice(rule.id, message, rule.source, rule.strength))
        is_partial = use == "aftercare" and (not call or is_said or rule.rest is not None)
        shared = set() if is_partial or kinds.isdisjoint(lasers) else lasers
        held.setdefault(message.id, set()).update(kinds | shared)
    cite_sources(*(advice.source for advice in found.values()))
    return tuple(placed for id, advice in found.items() for placed in _with_places(advice, held[id], every))


def _advised_treatments(treatments: list[_Treatment], use: str) -> list[_Treatment]:
    """Return the treatments whose places advice has to name: only lasers where no rule is about the others.

    Beside the care after acid or cold that of a laser names its places; beside make-up it need not.
    """
    lasers = [treatment for treatment in treatments if treatment.kind[1]]
    others = [treatment for treatment in treatments if not treatment.kind[1]]
    spoken_of = [
        treatment
        for treatment in others
        if any(covers_modality(rule, treatment.modality, treatment.concern) for rule in load_rules(use))
    ]
    if not spoken_of:
        return lasers
    places = {laser.kind[0] for laser in (*lasers, *spoken_of)}
    return [*lasers, *spoken_of, *(treatment for treatment in others if treatment.kind[0] not in places)]


def _with_places(advice: Advice, held: set[tuple[str, bool]], every: tuple[tuple[str, bool], ...]) -> Iterator[Advice]:
    """Yield the advice with the places that it holds for, once for each treatment that has to be named with them.

    A place that begins without a laser may have one too, whose care is another.
    """
    if held == set(every):
        yield advice
        return
    groups: dict[bool | None, dict[str, None]] = {}
    for kind in every:
        if kind in held:
            place, is_laser = kind
            is_whole = (place, not is_laser) not in every or (place, not is_laser) in held
            groups.setdefault(None if is_whole else is_laser, {})[place] = None
    for after_laser, places in groups.items():
        yield replace(advice, treats=tuple(places), after_laser=after_laser)
