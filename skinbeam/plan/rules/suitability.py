"""Whether a person may be treated, with what, by light or otherwise, and who said so.

Every rule of use `suitability` that applies speaks, with its source; the strictest decision holds. A rule that cannot
be answered, because age or colour is not known, is not passed over: the answer is then "ask". Nor is a medicine that no
rule was asked about: it is listed as not checked.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.assessment.questionnaire import Fact, concern_facts, fact_tables, questionnaire
from skinbeam.messages import Message
from skinbeam.plan.rules.bound import Bounds
from skinbeam.plan.rules.earlier import earlier_reasons
from skinbeam.plan.rules.medicines import slips, unchecked
from skinbeam.plan.rules.reason import Reason, severity
from skinbeam.plan.rules.response import response_reasons, sessions_with
from skinbeam.plan.rules.table import OPTION_FACTS, Decision, Rule, holds, missing_facts, rules
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.consultation import Concern
from skinbeam.schema.names import laser_modalities, resolve, table, usable_modalities
from skinbeam.sources import cite

__all__ = ["Suitability", "judge", "judge_case"]

# Facts that must be asked for when they are missing; what else is missing is a "no" or belongs to a later choice.
_ASKED = {"darkest_phototype": "ask-phototype", "age_years": "ask-age"}


@dataclass(frozen=True)
class Suitability:
    """The strictest decision of all that spoke, and every reason, strictest first, then in the order of the rules."""

    decision: Decision
    reasons: tuple[Reason, ...]

    @property
    def bounds(self) -> Bounds:
        """What the rules that spoke hold a setting to."""
        return Bounds(tuple(bound for reason in self.reasons for bound in reason.bounds))

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of the decision and its reasons."""
        return {"decision": self.decision, "reasons": [reason.as_record() for reason in self.reasons]}


def judge(
    case: Case,
    *,
    concern: Concern | None = None,
    modality: str | None = None,
    device_wavelength_nm: float | None = None,
    pulse_ms: float | None = None,
    ipl: bool = False,
    compression: bool = False,
    cooled: bool | None = None,
) -> Suitability:
    """Return what the rules say of a person, a concern, and a choice as far as it has been made.

    Parameters
    ----------
    concern : the concern; without it, rules about a concern are silent, but a lesion anywhere still speaks.
    modality : name or alias; without it, only rules that hold for every laser speak.
    device_wavelength_nm, pulse_ms : what the device would emit, in nm and ms; without them, rules that ask are silent.
    ipl : whether the device is intense pulsed light.
    compression : whether it presses a window on the skin while it fires.
    cooled : whether the device cools the skin; without it, rules that ask are silent.

    Raises
    ------
    InputError : unknown modality.
    """
    if modality is not None:
        modality = resolve("modality", modality, field="modality")
    option = _option_facts(modality, device_wavelength_nm, pulse_ms) | {"ipl": ipl, "compression": compression}
    if cooled is not None:
        option["cooled"] = cooled
    return _cited(_judged(case, concern, modality, option))


def _judged(
    case: Case, concern: Concern | None, modality: str | None, option: Mapping[str, Fact] | None = None
) -> Suitability:
    facts = {
        **questionnaire(case).facts,
        **concern_facts(case, concern),
        **(_option_facts(modality, None, None) if option is None else option),
        "specialist_allows": _allowed(case, modality),
        "sessions_done": float(sessions_with(case, concern, modality)),
    }
    about = "" if concern is None else f"{concern.condition} at {concern.site}"
    spoke = [rule for rule in rules("suitability") if _concerns(rule, modality) and holds(rule.when, facts)]
    reasons = [_reason(rule, about) for rule in spoke]
    asked = (*_asked(facts, modality), *_of_medicines(case))
    if modality is not None and not table("modality")[modality]["laser"]:
        return _ranked([*reasons, *_differing(spoke, about), *asked])
    earlier = (*earlier_reasons(case, modality), *response_reasons(case, concern, modality))
    return _ranked([*reasons, *_differing(spoke, about), *asked, *earlier])


def judge_case(case: Case, candidates: Mapping[str, Sequence[str]] | None = None) -> Suitability:
    """Return the decision that a whole plan carries, and the reasons that hold whatever modality is chosen.

    For a concern, the mildest of its candidate modalities counts, since one of them is enough; over the concerns, the
    mildest counts too, but never less than a rule that decides the whole case (an undiagnosed lesion, pregnancy ...),
    and never plainly "suitable" while one concern is refused.

    Parameters
    ----------
    candidates : condition → laser modalities that could be offered for it. When left out, those that the table of
        conditions does not rule out; every laser where it rules out all.
    """
    if not case.concern:
        return judge(case)
    reasons: dict[tuple[str, str, str], Reason] = {_said_by(r): r for r in _judged(case, None, None).reasons}
    decisions: list[Decision] = []
    for concern in case.concern:
        names = (candidates or {}).get(concern.condition) or usable_modalities(concern.condition) or laser_modalities()
        best = min((_judged(case, concern, name) for name in names), key=lambda s: severity(s.decision))
        decisions.append(best.decision)
        general = _judged(case, concern, None)
        weight = severity(best.decision)
        kept = [r for r in best.reasons if severity(r.decision) == weight and weight > severity(general.decision)]
        for reason in (*general.reasons, *kept):
            reasons.setdefault(_said_by(reason), reason)
    deciding = {rule.id for rule in rules("suitability") if rule.decides == "case"}
    floor = [reason.decision for reason in reasons.values() if reason.rule in deciding]
    mildest = min(decisions, key=severity)
    if any(severity(d) >= severity("refer") for d in decisions):
        floor.append("with-caution")
    ranked = _ranked(_once(reasons.values()))
    return _cited(Suitability(max([mildest, *floor], key=severity), ranked.reasons))


def _said_by(reason: Reason) -> tuple[str, str, str]:
    """What makes two reasons one: two injuries are two, though the same rule tells both."""
    return reason.rule, reason.about, reason.message.text


def _once(reasons: Iterable[Reason]) -> list[Reason]:
    """Drop what was said of a concern when the same was said of the whole case."""
    listed = list(reasons)
    whole = {reason.rule for reason in listed if not reason.about}
    return [reason for reason in listed if not reason.about or reason.rule not in whole]


def _option_facts(modality: str | None, wavelength_nm: float | None, pulse_ms: float | None) -> dict[str, Fact]:
    facts: dict[str, Fact] = {"ipl": False, "compression": False}
    if modality is not None:
        facts["modality"] = modality
    if wavelength_nm is not None:
        facts["wavelength_nm"] = wavelength_nm
    if pulse_ms is not None:
        facts["pulse"] = "short" if pulse_ms < fact_tables()["pulse"]["short_below_ms"] else "long"
    elif modality is not None and table("modality")[modality]["laser"]:
        facts["pulse"] = "short" if modality == "pigment-short-pulse" else "long"
    return facts


def _allowed(case: Case, modality: str | None) -> bool:
    """Whether a specialist's decision for this modality is entered, for someone who forms keloids."""
    decision = case.patient.keloid_decision if case.patient is not None else None
    return decision is not None and modality in decision.allows


def _concerns(rule: Rule, modality: str | None) -> bool:
    if modality is None:
        return set(laser_modalities()) <= set(rule.modalities)
    return modality in rule.modalities


def _reason(rule: Rule, about: str) -> Reason:
    about = about if _of_concern(rule) else ""
    return Reason(rule.id, rule.decision, rule.message, rule.source, rule.strength, about, rule.bounds)


def _of_concern(rule: Rule) -> bool:
    """Whether what a rule says belongs to one concern and not to the person."""
    return rule.decides != "case"


def _differing(spoke: Sequence[Rule], about: str) -> list[Reason]:
    """One reason for each topic on which rules that spoke decide differently."""
    found = []
    for topic in dict.fromkeys(rule.topic for rule in spoke if rule.topic):
        group = [rule for rule in spoke if rule.topic == topic]
        if len({rule.decision for rule in group}) == 1:
            continue
        strictest = max(group, key=lambda rule: severity(rule.decision))
        views = [_view(rule) for rule in {(rule.source, rule.decision): rule for rule in group}.values()]
        name = f"sources-differ-{topic.replace(' ', '-')}"
        message = Message("rules.sources-differ", {"topic": topic, "views": "; ".join(views)})
        found.append(Reason(name, strictest.decision, message, strictest.source, strictest.strength, about))
    return found


def _view(rule: Rule) -> str:
    author = cite(rule.source).fields["author"].split(" and ")[0].split(",")[0]
    decision = Message(f"rule_decision.{rule.decision}")
    return Message("rules.view", {"source": author, "decision": decision}).text


def _asked(facts: Mapping[str, Fact], modality: str | None) -> list[Reason]:
    """One reason for each missing fact that keeps rules of this choice open; what they would hold is held meanwhile."""
    waiting: dict[str, list[Rule]] = {}
    for rule in rules("suitability"):
        if modality is not None and modality not in rule.modalities:
            continue
        missing = missing_facts(rule.when, facts)
        if modality is not None and missing & set(OPTION_FACTS):
            continue
        for fact in missing & set(_ASKED):
            waiting.setdefault(fact, []).append(rule)
    found = []
    for fact, open_rules in sorted(waiting.items()):
        bounds = tuple(bound for rule in open_rules for bound in rule.bounds) if modality is not None else ()
        message = Message(f"rules.{_ASKED[fact]}{'-held' if bounds else ''}", {"rules": len(open_rules)})
        found.append(Reason(_ASKED[fact], "with-caution", message, "rulepractice", "practice", bounds=bounds))
    return found


def _of_medicines(case: Case) -> list[Reason]:
    """One reason for all names that no rule was asked about, one for all that were taken for a slip of spelling."""
    told = {"medication-not-checked": unchecked(case), "medication-taken-as": slips(case)}
    return [
        Reason(name, "with-caution", Message(f"rules.{name}", {"names": "; ".join(names)}), "rulepractice", "practice")
        for name, names in told.items()
        if names
    ]


def _cited(suitability: Suitability) -> Suitability:
    used(*(reason.source for reason in suitability.reasons))
    used(*(bound.source for bound in suitability.bounds.of))
    return suitability


def _ranked(reasons: Iterable[Reason]) -> Suitability:
    order = {rule.id: rule.order for rule in rules()}
    ranked = sorted(reasons, key=lambda r: (-severity(r.decision), order.get(r.rule, len(order))))
    strictest = ranked[0].decision if ranked else "suitable"
    return Suitability(strictest, tuple(ranked))
