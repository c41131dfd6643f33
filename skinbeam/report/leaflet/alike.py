"""What the leaflet and the consent form tell in the same words: pain and bruise, whom to call, what this skin adds."""

from collections.abc import Iterable, Iterator

from skinbeam.estimate import Estimate
from skinbeam.messages import catalogue, text
from skinbeam.plan.records import Advice, Option, Plan
from skinbeam.report.leaflet.words import of_100, range_in_words, told
from skinbeam.report.outcomes import fault_values
from skinbeam.report.shown import say

__all__ = ["advice_told", "own_harms_told", "pain_and_bruise_told", "phone_told", "scars_told"]


def pain_and_bruise_told(option: Option) -> Iterator[str]:
    """Yield how much an option hurts and how likely it bruises, each in a sentence where it is known."""
    if isinstance(option.pain_0_10, Estimate):
        yield say("leaflet.healing_pain", pain=range_in_words(option.pain_0_10))
    if option.purpura_days is None:
        return
    days = range_in_words(option.purpura_days)
    if option.p_purpura is not None:
        yield say("leaflet.healing_bruise", people=of_100(option.p_purpura), days=days)
    lifted = (p for name, p in fault_values(option) if name == "bruise-if-glass-lifts")
    yield from (say("leaflet.healing_bruise_glass", people=of_100(p), days=days) for p in lifted)


def advice_told(given: Iterable[Advice], kind: str) -> tuple[str, ...]:
    """Return advice of the plan, written for patients; without any, the line that sends the reader to the clinician."""
    return tuple(dict.fromkeys(one.message.text for one in given)) or told(kind)


def own_harms_told(plan: Plan) -> tuple[str, ...]:
    """Return what goes wrong more easily for this person than for the people of the trials."""
    keys = [f"leaflet_own.{risk.name}" for risk in plan.assessment.risks]
    return tuple(text(key) for key in keys if key in catalogue())


def phone_told(plan: Plan) -> str:
    """Return the number to call, or the line to write it on."""
    if plan.clinic_phone is None:
        return say("leaflet.call_blank")
    return say("leaflet.call_phone", phone=plan.clinic_phone)


def scars_told(plan: Plan) -> Iterator[str]:
    """Yield, to someone who scars more easily than the people of trials, that no number of theirs is about them."""
    if any(risk.name == "raised-scars" for risk in plan.assessment.risks):
        yield say("leaflet.unknown_scars")
