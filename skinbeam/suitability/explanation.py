"""Explain in plain words why a treatment is refused or postponed: the person's own facts, the reason, the next step.

The sentence of a rule is written for clinicians. The patient reads the plain reason.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from skinbeam.assessment.medicines import fact_names_of_medicine, match_medication
from skinbeam.assessment.questionnaire import (
    YES_NO_ANSWERS,
    FactValue,
    healing_risks,
    lightest_phototype,
    read_questionnaire,
)
from skinbeam.model.case import Case, conditions_in_case
from skinbeam.model.conditions import known_conditions
from skinbeam.model.consultation import Concern
from skinbeam.suitability.clearance import CLEARED
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.rule_condition import FactTest
from skinbeam.suitability.table import (
    PlainReason,
    Rule,
    decision_severity,
    load_rules,
)
from skinbeam.text import Message, catalogue, message_parameters

__all__ = ["explain_decision", "explain_no_laser", "explain_rule", "stated_facts"]

_QUESTION_PREFIX = "ask-"
_DARK_FROM = 4  # the phototype from which skin is called dark, as the rule `darker-skin` begins with it


def explain_decision(case: Case, suitability: Suitability) -> tuple[PlainReason, ...]:
    """Return the plain reasons of a decision, each rule once: refusals and referrals, then questions, then cautions.

    A caution is among them if the person can act on it, or it explains the decision: it has a sentence `leaflet_why`.
    """
    explanations: dict[str, PlainReason] = {}
    named = {reason.rule for reason in suitability.reasons}
    for reason in suitability.reasons:
        if reason.rule.startswith("sources-differ-"):
            continue  # the strictest of their rules is in this list itself
        if reason.rule == "ask-phototype" and "colour-not-known" in named:
            continue  # that one asks for it too
        is_cleared = reason.message.id == CLEARED
        is_explained = reason.rule.startswith(_QUESTION_PREFIX) or _plain_sentence_id(reason.rule) in catalogue()
        if decision_severity(reason.decision) < decision_severity("refer") and not (is_explained or is_cleared):
            continue
        concerned = [c for c in case.concern if reason.about in ("", c.place)]
        because, text = explain_rule(case, concerned, reason.rule, reason.message)
        first = explanations.get(reason.rule)
        if first is None:
            explanations[reason.rule] = PlainReason(reason.rule, reason.decision, because, text, reason.about or None)
        else:  # the same rule for another concern
            added = (message for message in because if message not in first.because)
            explanations[reason.rule] = replace(first, because=(*first.because, *added), about=None)
    return tuple(explanations.values())


def explain_no_laser(
    case: Case, concern: Concern, refused: Iterable[Message], *, stopped: bool
) -> tuple[PlainReason, ...]:
    """Return the plain reasons that a concern has no laser option, each once.

    Parameters
    ----------
    refused : the reasons of every refusal for it.
    stopped : whether a rule decides the whole case, so that nothing was tried; its reason is part of the decision.
    """
    refused = tuple(refused)
    # What is for other kinds of the condition was not sought; it is reported where nothing else is.
    of_its_kind = tuple(message for message in refused if message.id != "plan.other-kinds") or refused
    by_message = {rule.message.id: rule for rule in load_rules("suitability")}
    by_text = {rule.message.text: rule for rule in load_rules("suitability")}
    explanations: dict[str, PlainReason] = {}
    for message in of_its_kind:
        # A device that a rule refused at each of its settings carries the sentence of the rule as its reason.
        rule = by_message.get(message.id) or by_text.get(str(message.params.get("reason")))
        if message.id == "rules.sources-differ":
            continue  # the strictest of their rules is among the reasons too
        if stopped and (rule is not None or message.id.startswith("earlier.")):
            reason = PlainReason(None, None, (), Message("leaflet_no_laser.stopped"))
        elif rule is not None:
            reason = PlainReason(rule.id, None, *explain_rule(case, [concern], rule.id, message))
        else:
            own = f"leaflet_no_laser.{message.id.partition('.')[2]}"
            reason = PlainReason(None, None, (), Message(own if own in catalogue() else "leaflet_no_laser.other"))
        explanations.setdefault(reason.text.text, reason)
    # Of these three reasons only the most specific one is given.
    stronger = ("too-weak-undosed", "too-weak", "no-safe-dose")
    present = [text for text in (Message(f"leaflet_no_laser.{name}").text for name in stronger) if text in explanations]
    for text in present[1:]:
        explanations.pop(text)
    return tuple(explanations.values())


def explain_rule(
    case: Case, concerns: Sequence[Concern], rule_id: str, message: Message
) -> tuple[tuple[Message, ...], Message]:
    """Return the person's facts that make a rule apply, and the sentence of the rule in plain words.

    The rule's own sentence is used where no plain one exists. Numbers in the plain one are those of the rule.
    """
    rule = next((rule for rule in load_rules("suitability") if rule.id == rule_id), None)
    own = _plain_sentence_id(rule_id)
    if message.id == CLEARED:
        return () if rule is None else stated_facts(rule, case, concerns), Message("clearance.told")
    if own in catalogue():
        given = rule.message.params if rule is not None else {}
        message = Message(own, {name: given[name] for name in message_parameters(own)})
    return () if rule is None else stated_facts(rule, case, concerns), message


def _plain_sentence_id(rule_id: str) -> str:
    return f"leaflet_why.{rule_id}"


def stated_facts(rule: Rule, case: Case, concerns: Sequence[Concern]) -> tuple[Message, ...]:
    """Return the person's facts that make a rule apply, each once, in the order of the rule's tests."""
    facts = read_questionnaire(case).facts
    tests = rule.when.tests(negated=False)  # a negated test corresponds to no stated fact
    messages = (message for test in tests for message in _facts_for_test(test, case, facts, concerns))
    return tuple({message.text: message for message in messages}.values())


def _facts_for_test(
    test: FactTest, case: Case, facts: Mapping[str, FactValue], concerns: Sequence[Concern]
) -> Iterator[Message]:
    if test.fact.startswith("medication."):
        yield from _stated_medicines(test, case)
    elif test.fact == "lesion_signs":
        signs = [(sign, c.site) for c in concerns for sign in c.lesion_signs if sign in test.value]
        yield from (_fact_at_site(f"sign-{sign}", site) for sign, site in signs)
    elif test.fact == "undiagnosed_pigment":
        unnamed = [c for c in concerns if known_conditions()[c.condition].pigmented and not c.diagnosed]
        yield from (_fact_at_site("undiagnosed", c.site) for c in unnamed)
        if any(lesion.kind == "undiagnosed" for lesion in case.lesion):
            yield Message("leaflet_fact.undiagnosed-lesion")
    elif test.fact == "conditions":
        found = conditions_in_case(case)
        yield from (Message(f"leaflet_fact.condition-{name}") for name in test.value if name in found)
    elif test.fact == "condition":
        keys = (f"leaflet_fact.condition-{c.condition}" for c in concerns if test.holds({"condition": c.condition}))
        yield from (Message(key) for key in keys if key in catalogue())  # most rules name the condition themselves
    elif not test.holds(facts):
        return
    elif test.fact == "history":
        had = case.patient.history if case.patient is not None else []
        yield from (Message(f"leaflet_fact.history-{word}") for word in test.value if word in had)
    elif test.fact == "healing_risks":
        for risk in healing_risks(facts):
            yield from _facts_for_test(FactTest("history", "has", risk.history), case, facts, concerns)
            if risk.medicine is not None:
                yield from _stated_medicines(
                    FactTest(f"medication.{risk.medicine}", "within_months", risk.within_months), case
                )
    elif test.fact == "lesion_in_notes":
        yield Message("leaflet_fact.lesion-in-notes")
    elif test.fact == "age_years":
        yield Message("leaflet_fact.age", {"age": facts["age_years"]})
    elif test.fact == "darkest_phototype":
        is_sure = (lightest_phototype(case) or 0) >= _DARK_FROM
        yield Message("leaflet_fact.dark" if is_sure else "leaflet_fact.dark-perhaps")
    elif test.fact in YES_NO_ANSWERS:
        yield Message(f"leaflet_fact.{test.fact}")
    elif test.fact in ("tan", "expectation"):
        yield Message(f"leaflet_fact.{test.fact}-{facts[test.fact]}")


def _fact_at_site(name: str, site: str) -> Message:
    return Message(f"leaflet_fact.{name}", {"at": Message(f"leaflet_at.{site}")})


def _stated_medicines(test: FactTest, case: Case) -> Iterator[Message]:
    """Yield the medicines that a test matches, as the person named them."""
    for taken in case.patient.medications if case.patient is not None else []:
        known = {fact for name in match_medication(taken.name) for fact in fact_names_of_medicine(name)}
        months = taken.last_dose_months
        if test.fact not in known or not test.holds({test.fact: months}):
            continue
        params = {"name": taken.name}
        if months >= 1.5:
            yield Message("leaflet_fact.medicine-months", params | {"months": months})
        else:
            yield Message("leaflet_fact.medicine-weeks" if months else "leaflet_fact.medicine", params)
