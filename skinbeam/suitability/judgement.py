"""Decide by the rules whether a person may be treated, and with which modalities, with reasons and sources.

Every rule of use `suitability` that applies gives a reason, with its source; the strictest decision is taken. A rule
that cannot be evaluated, because age or colour is not known, is not skipped: it becomes a question (`ask-...`). A
medicine that no rule tests is listed as not checked.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from skinbeam.assessment.medicines import fact_names_of_medicine, medications, read_medication
from skinbeam.assessment.questionnaire import (
    FactValue,
    concern_facts,
    darkest_phototype,
    fact_tables,
    read_questionnaire,
)
from skinbeam.evidence.peel_kinds import PEEL, PeelDepth, peel_depth
from skinbeam.model.case import Case
from skinbeam.model.conditions import known_modalities, known_sites
from skinbeam.model.consultation import Concern
from skinbeam.model.sources import cite_sources, find_source
from skinbeam.model.vocabulary import laser_modalities, resolve_name, usable_modalities
from skinbeam.suitability.bounds import RuleBounds
from skinbeam.suitability.clearance import with_clearances
from skinbeam.suitability.column_harm import column_harm_reasons, without_repeated_bound
from skinbeam.suitability.dose_bars import LightFacts
from skinbeam.suitability.history import reaction_reasons, wound_reasons
from skinbeam.suitability.rule_condition import OPTION_FACTS
from skinbeam.suitability.session_response import count_sessions_with, freezing_reasons, response_reasons
from skinbeam.suitability.table import (
    Decision,
    Rule,
    RuleReason,
    decision_severity,
    load_rules,
)
from skinbeam.text import Message

__all__ = [
    "Suitability",
    "covers_modality",
    "judge_case",
    "judge_suitability",
    "medicine_spelling_slips",
    "unchecked_medicines",
    "unchecked_parts",
]

# Medicines of a case that no rule checks.


def unchecked_parts(text: str) -> tuple[str, ...]:
    """Return the parts of the text that no rule tests: unread words, and medicines without a rule.

    The whole text is returned alone when no part of it was checked.
    """
    read = read_medication(text)
    without_rule = [name for name in read.medicines if not _has_rule(name)]
    if len(without_rule) == len(read.medicines):
        return (text.strip(),) if read.medicines or read.unread else ()
    return (*read.unread, *(medications()[name].title for name in without_rule))


def unchecked_medicines(case: Case) -> tuple[str, ...]:
    """Return the medicines of the person that are not checked, as written, each once; a part in brackets."""
    unchecked = []
    for name in _medicine_texts(case):
        parts = unchecked_parts(name)
        if parts == (name,):
            unchecked.append(_quote_name(name))
        elif parts:
            params = {"name": _quote_name(name), "part": ", ".join(parts)}
            unchecked.append(Message("rules.medication-part", params).text)
    return tuple(dict.fromkeys(unchecked))


def medicine_spelling_slips(case: Case) -> tuple[str, ...]:
    """Return the misspelt names of medicines, each as written with the recognised name."""
    slips = [slip for name in _medicine_texts(case) for slip in read_medication(name).slips]
    messages = [
        Message("rules.medication-as", {"written": _quote_name(slip.written), "taken": slip.name}) for slip in slips
    ]
    return tuple(dict.fromkeys(message.text for message in messages))


def _medicine_texts(case: Case) -> list[str]:
    return [] if case.patient is None else [medication.name.strip() for medication in case.patient.medications]


def _quote_name(name: str) -> str:
    return f'"{name}"'


def _has_rule(medicine: str) -> bool:
    return not _facts_in_rules().isdisjoint(fact_names_of_medicine(medicine))


@cache
def _facts_in_rules() -> frozenset[str]:
    """Return every fact that a rule of suitability tests."""
    return frozenset(test.fact for rule in load_rules("suitability") for test in rule.when.tests())


# Facts that the plan asks for when they are missing; any other missing fact is a "no" or belongs to a later choice.
_QUESTION_MESSAGES = {"darkest_phototype": "ask-phototype", "age_years": "ask-age"}


@dataclass(frozen=True)
class Suitability:
    """The strictest decision of all rules that apply, and every reason, strictest first, then in rule order."""

    decision: Decision
    reasons: tuple[RuleReason, ...]

    @property
    def bounds(self) -> RuleBounds:
        """The bounds of the rules that apply on a setting."""
        return RuleBounds(tuple(bound for reason in self.reasons for bound in reason.bounds))

    @property
    def opposing_reasons(self) -> tuple[RuleReason, ...]:
        """The reasons that refer or refuse, the strictest first."""
        least = decision_severity("refer")
        return tuple(reason for reason in self.reasons if decision_severity(reason.decision) >= least)

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of the decision and its reasons."""
        return {"decision": self.decision, "reasons": [reason.as_record() for reason in self.reasons]}


def judge_suitability(
    case: Case,
    *,
    concern: Concern | None = None,
    modality: str | None = None,
    device_wavelength_nm: float | None = None,
    pulse_ms: float | None = None,
    ipl: bool = False,
    compression: bool = False,
    lens_array: bool = False,
    cooled: bool | None = None,
) -> Suitability:
    """Judge a person, a concern, and a choice as far as it has been made, by the rules.

    Parameters
    ----------
    concern : the concern; without it, rules about a concern do not apply, but a lesion anywhere still counts.
    modality : name or alias; without it, only rules that hold for every laser apply.
    device_wavelength_nm, pulse_ms : of the device, in nm and ms; without them, rules that test them do not apply.
    ipl : whether the device is intense pulsed light.
    compression : whether it presses a window on the skin while it fires.
    lens_array : whether an optic splits its spot into small beams.
    cooled : whether the device cools the skin; without it, rules that test it do not apply.

    Raises
    ------
    InputError : unknown modality.
    """
    if modality is not None:
        modality = resolve_name("modality", modality, field="modality")
    device = {"ipl": ipl, "compression": compression, "lens_array": lens_array}
    option = _option_facts(modality, device_wavelength_nm, pulse_ms) | device
    if cooled is not None:
        option["cooled"] = cooled
    return _cite_reasons(_judge_option(case, concern, modality, option))


def _judge_option(
    case: Case, concern: Concern | None, modality: str | None, option: Mapping[str, FactValue] | None = None
) -> Suitability:
    facts = {
        **read_questionnaire(case).facts,
        **concern_facts(case, concern),
        **(_option_facts(modality, None, None) if option is None else option),
        "specialist_allows": _is_allowed_by_specialist(case, modality),
        "sessions_done": float(count_sessions_with(case, concern, modality)),
    }
    depth = _peel_depth(case, concern) if modality == PEEL and concern is not None else None
    if depth is not None:
        facts["peel_depth"] = depth
    about = "" if concern is None else concern.place
    rules = [rule for rule in load_rules("suitability") if covers_modality(rule, modality, concern)]
    spoke = [rule for rule in rules if rule.when.holds(facts)]
    reasons = without_repeated_bound((_rule_reason(rule, about, case) for rule in spoke), case)
    asked = (*_missing_fact_reasons(facts, modality, concern), *_medicine_reasons(case, rules))
    if modality is not None and not known_modalities()[modality].laser:
        all_reasons = (
            *reasons,
            *_conflicting_rule_reasons(spoke, about),
            *asked,
            *wound_reasons(case, modality, depth),
            *freezing_reasons(case, concern, modality),
        )
        return _strictest_first(with_clearances(case, concern, all_reasons))
    light = _light_facts(option)
    earlier = (
        *reaction_reasons(case, modality, light=light),
        *column_harm_reasons(case, concern, modality),
        *response_reasons(case, concern, modality, light),
    )
    all_reasons = (*reasons, *_conflicting_rule_reasons(spoke, about), *asked, *earlier)
    return _strictest_first(with_clearances(case, concern, all_reasons))


def _peel_depth(case: Case, concern: Concern) -> PeelDepth:
    """Return how deep a peel of a concern may wound: as its trials and its guideline have it for such a person."""
    return peel_depth(concern.condition, tuple(concern.subtypes), concern.site, darkest_phototype(case))


def judge_case(
    case: Case, candidates: Mapping[str, Sequence[str]] | None = None, *, without_device: Collection[str] = ()
) -> Suitability:
    """Return the decision on a whole plan, and the reasons that hold whatever modality is chosen.

    For a concern, the mildest of its candidate modalities counts, since one of them is enough; over the concerns, the
    mildest counts too, but never less than a rule that decides the whole case (an undiagnosed lesion, pregnancy ...),
    and never plainly "suitable" while one concern is refused. A rule on some lasers, such as columns where healing is
    slow, decides the whole case where the mildest laser of a concern is one of them.

    Parameters
    ----------
    candidates : condition → laser modalities that could be offered for it. When left out, those that the table of
        conditions does not rule out; every laser where it rules out all.
    without_device : conditions for which the clinic has no laser: a caution about some kinds of laser is none of them.
    """
    if not case.concern:
        return judge_suitability(case)
    reasons: dict[tuple[str, str, str], RuleReason] = {
        _reason_key(r): r for r in _judge_option(case, None, None).reasons
    }
    deciding = {rule.id for rule in load_rules("suitability") if rule.decides == "case"}
    decisions: list[Decision] = []
    for concern in case.concern:
        names = (candidates or {}).get(concern.condition) or usable_modalities(concern.condition) or laser_modalities()
        best = min((_judge_option(case, concern, name) for name in names), key=lambda s: decision_severity(s.decision))
        general = _judge_option(case, concern, None)
        if concern.condition in without_device and best.decision == "with-caution":
            best = general
        decisions.append(best.decision)
        weight = decision_severity(best.decision)
        remaining = [
            r
            for r in best.reasons
            if decision_severity(r.decision) == weight
            and (weight > decision_severity(general.decision) or r.rule in deciding)
        ]
        for reason in (*general.reasons, *remaining):
            reasons.setdefault(_reason_key(reason), reason)
    floor = [reason.decision for reason in reasons.values() if reason.rule in deciding]
    mildest = min(decisions, key=decision_severity)
    if any(decision_severity(d) >= decision_severity("refer") for d in decisions):
        floor.append("with-caution")
    ranked = _strictest_first(_drop_repeated_reasons(reasons.values()))
    return _cite_reasons(Suitability(max([mildest, *floor], key=decision_severity), ranked.reasons))


def _reason_key(reason: RuleReason) -> tuple[str, str, str]:
    """Return the identity of a reason: two injuries are two reasons, though the same rule gives both."""
    return reason.rule, reason.about, reason.message.text


def _drop_repeated_reasons(reasons: Iterable[RuleReason]) -> list[RuleReason]:
    """Drop the reasons of a concern that the whole case has too, and of a question all but the one of most rules."""
    listed = list(reasons)
    whole = {reason.rule for reason in listed if not reason.about}
    asked: dict[str, RuleReason] = {}
    for reason in listed:
        if reason.rule in _QUESTION_MESSAGES.values() and _waiting_rules(reason) > _waiting_rules(
            asked.get(reason.rule)
        ):
            asked[reason.rule] = reason
    return [
        reason
        for reason in listed
        if asked.get(reason.rule, reason) is reason and (not reason.about or reason.rule not in whole)
    ]


def _waiting_rules(question: RuleReason | None) -> float:
    """Return how many rules wait for the answer to a question; none without one."""
    number = None if question is None else question.message.params.get("rules")
    return float(number) if isinstance(number, int | float) else 0.0


def _option_facts(modality: str | None, wavelength_nm: float | None, pulse_ms: float | None) -> dict[str, FactValue]:
    facts: dict[str, FactValue] = {"ipl": False, "compression": False, "lens_array": False}
    if modality is not None:
        facts["modality"] = modality
    if wavelength_nm is not None:
        facts["wavelength_nm"] = wavelength_nm
    if pulse_ms is not None:
        facts["pulse"] = "short" if pulse_ms < fact_tables().short_pulse_below_ms else "long"
    elif modality is not None and known_modalities()[modality].laser:
        facts["pulse"] = "short" if modality == "pigment-short-pulse" else "long"
    return facts


def _light_facts(option: Mapping[str, FactValue] | None) -> LightFacts | None:
    """Return the light of a setting that is judged; None where only the modality is known."""
    if option is None or not isinstance(wavelength_nm := option.get("wavelength_nm"), int | float):
        return None
    return LightFacts(float(wavelength_nm), option.get("pulse") == "short", bool(option.get("ipl")))


def _is_allowed_by_specialist(case: Case, modality: str | None) -> bool:
    """Return whether the case contains a specialist's decision for this modality, for a person who forms keloids."""
    decision = case.patient.keloid_decision if case.patient is not None else None
    return decision is not None and modality in decision.allows


def covers_modality(rule: Rule, modality: str | None, concern: Concern | None) -> bool:
    """Return whether a rule is about a treatment of a concern; without a modality, whether about every laser."""
    if modality is None:
        return set(laser_modalities()) <= set(rule.modalities)
    return modality in rule.modalities or (
        "microneedling" in rule.modalities
        and modality == "radiofrequency"
        and rule.id not in fact_tables().plain_needle_rules
        and _is_by_needles(concern)
    )


def _is_by_needles(concern: Concern | None) -> bool:
    """Return whether the radiofrequency for a concern goes in through needles, so that rules on needling hold too."""
    if concern is None or known_sites()[concern.site].inside_orbital_rim:
        return False  # inside the rim an electrode alone is used
    tables = fact_tables()
    needled_sites = tables.needled_sites.get(concern.condition, ())
    return concern.condition in tables.needled_conditions or concern.site in needled_sites


def _rule_reason(rule: Rule, about: str, case: Case) -> RuleReason:
    about, message = about if _is_about_concern(rule) else "", rule.message
    if "medicines" in message.params:
        message = Message(message.id, {**message.params, "medicines": _medicines_of_rule(rule, case)})
    return RuleReason(rule.id, rule.decision, message, rule.source, rule.strength, about, rule.bounds)


def _medicines_of_rule(rule: Rule, case: Case) -> list[str]:
    """Return the medicines by which a rule applies, each as the person named it."""
    tests = [test for test in rule.when.tests(negated=False) if test.fact.startswith("medication.")]
    taken = [] if case.patient is None else case.patient.medications
    names = (
        medication.name.strip()
        for medication in taken
        for name in read_medication(medication.name).medicines
        if any(test.holds(dict.fromkeys(fact_names_of_medicine(name), medication.last_dose_months)) for test in tests)
    )
    return list(dict.fromkeys(names))


def _is_about_concern(rule: Rule) -> bool:
    """Return whether a rule belongs to one concern and not to the person."""
    return rule.decides != "case"


def _conflicting_rule_reasons(spoke: Sequence[Rule], about: str) -> list[RuleReason]:
    """Return one reason for each topic on which rules that apply decide differently."""
    conflicts = []
    for topic in dict.fromkeys(rule.topic for rule in spoke if rule.topic):
        group = [rule for rule in spoke if rule.topic == topic]
        if len({rule.decision for rule in group}) == 1:
            continue
        strictest = max(group, key=lambda rule: decision_severity(rule.decision))
        views = [_describe_view(rule) for rule in {(rule.source, rule.decision): rule for rule in group}.values()]
        name = f"sources-differ-{topic.replace(' ', '-')}"
        message = Message("rules.sources-differ", {"topic": topic, "views": "; ".join(views)})
        conflicts.append(RuleReason(name, strictest.decision, message, strictest.source, strictest.strength, about))
    return conflicts


def _describe_view(rule: Rule) -> str:
    source = find_source(rule.source).first_author or rule.source
    return Message("rules.view", {"source": source, "decision": Message(f"rule_decision.{rule.decision}")}).text


def _missing_fact_reasons(
    facts: Mapping[str, FactValue], modality: str | None, concern: Concern | None
) -> list[RuleReason]:
    """Return one reason for each missing fact that rules of this choice need.

    The bounds of these rules apply until the fact is known.
    """
    waiting: dict[str, list[Rule]] = {}
    for rule in load_rules("suitability"):
        if modality is not None and not covers_modality(rule, modality, concern):
            continue
        missing = rule.when.missing_facts(facts)
        if modality is not None and missing & set(OPTION_FACTS):
            continue
        for fact in missing & set(_QUESTION_MESSAGES):
            waiting.setdefault(fact, []).append(rule)
    reasons = []
    for fact, open_rules in sorted(waiting.items()):
        bounds = tuple(bound for rule in open_rules for bound in rule.bounds) if modality is not None else ()
        message = Message(f"rules.{_QUESTION_MESSAGES[fact]}{'-held' if bounds else ''}", {"rules": len(open_rules)})
        reasons.append(
            RuleReason(_QUESTION_MESSAGES[fact], "with-caution", message, "rulepractice", "practice", bounds=bounds)
        )
    return reasons


def _medicine_reasons(case: Case, rules: Sequence[Rule]) -> list[RuleReason]:
    """Return one reason for all medicines that no rule tests, and one for all misspelt names.

    Where none of the rules of a treatment asks about a medicine, as for sun protection, none is reported.
    """
    if not any(test.fact.startswith("medication.") for rule in rules for test in rule.when.tests()):
        return []
    names_by_rule = {
        "medication-not-checked": unchecked_medicines(case),
        "medication-taken-as": medicine_spelling_slips(case),
    }
    return [
        RuleReason(
            name, "with-caution", Message(f"rules.{name}", {"names": "; ".join(names)}), "rulepractice", "practice"
        )
        for name, names in names_by_rule.items()
        if names
    ]


def _cite_reasons(suitability: Suitability) -> Suitability:
    cite_sources(*(reason.source for reason in suitability.reasons))
    cite_sources(*(bound.source for bound in suitability.bounds.bounds))
    return suitability


def _strictest_first(reasons: Iterable[RuleReason]) -> Suitability:
    order = {rule.id: rule.order for rule in load_rules()}
    ranked = sorted(reasons, key=lambda r: (-decision_severity(r.decision), order.get(r.rule, len(order))))
    strictest = ranked[0].decision if ranked else "suitable"
    return Suitability(strictest, tuple(ranked))
