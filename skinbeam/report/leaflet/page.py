"""Build the patient's leaflet from the plan document, in plain words.

Conditions, sites, choices and harms have plain names of their own in the catalogue. Advice for the time after
treatment is written for patients where the rules are, and stands here as the plan words it. What the leaflet must hold
is the list of qualifying and certifying criteria for patient decision aids (josephwilliams2014).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import catalogue
from skinbeam.report.context import LeafletConcern, LeafletPage
from skinbeam.report.leaflet.about import about, studies
from skinbeam.report.leaflet.choices import choices_told, options_of, options_table, seen_after
from skinbeam.report.leaflet.words import choice_name, light_in_words, of_100, plain, range_in_words, told
from skinbeam.report.options import ranked
from skinbeam.report.outcomes import good_of, worst_harm
from skinbeam.report.showing import showing_told
from skinbeam.report.shown import estimate_of, join, plain_reasons, records, say, sentence, sentences, words

__all__ = ["ADULT_YEARS", "CONCERNS_IN_FULL", "leaflet_page", "sentences_of"]

ADULT_YEARS = 18.0  # as the rule `under-age`; a test compares
CONCERNS_IN_FULL = 4  # what two pages hold in a size that can be read
_NOT_SENTENCES = ("plan_sha256", "title", "state", "studies", "words", "concerns", "choices")


def leaflet_page(plan: Mapping[str, Any]) -> LeafletPage:
    """Return the leaflet's context."""
    concerns = plan.get("concerns", ())
    shown = concerns[:CONCERNS_IN_FULL]
    decision = plan.get("suitability") or {}
    state = str(decision.get("decision", "unknown"))
    names = join(dict.fromkeys(_name(concern).lower() for concern in concerns))
    young = _young(plan.get("assessment") or {})
    return LeafletPage(
        banner=say("leaflet.banner"),
        plan_sha256=str(plan.get("plan_sha256", "")),
        title=say("leaflet.title"),
        intro=_intro(names, young=young),
        state=state,
        decision=_decision(concerns, state),
        why=_why(plan, state),
        key=say("leaflet.key"),
        concerns=tuple(map(_concern, shown)),
        other_concerns=_others(concerns[CONCERNS_IN_FULL:]),
        reading=(*told("reading"), *_sureness(shown)),
        choices=choices_told(shown),
        unknowns=(*_scars(plan), *_unknowns(shown)),
        healing=tuple(_healing(shown)),
        aftercare=_advice(plan.get("aftercare"), "aftercare"),
        call=_advice(plan.get("when_to_call"), "call"),
        questions=told("question"),
        about=about(plan),
        studies="; ".join(studies(shown)),
        words=words("leaflet"),
    )


def sentences_of(page: LeafletPage) -> list[str]:
    """Return every running sentence, for the reading age; headings and names in tables are not sentences."""
    found: list[str] = []
    for name in (field.name for field in fields(page) if field.name not in _NOT_SENTENCES):
        value = getattr(page, name)
        found += [value] if isinstance(value, str) else value
    for concern in page.concerns:
        found += [
            *concern.text,
            concern.seen,
            concern.no_choice,
            concern.no_laser,
            concern.more,
            *(option.harms for option in concern.options),
        ]
    found += [line for choice in page.choices for line in (choice.plus, choice.minus)]
    return [line for line in found if line]


def _young(assessment: Mapping[str, Any]) -> bool:
    """Whether the reader is under the age at which the rules let a plan speak to them alone."""
    age = assessment.get("age_years")
    return isinstance(age, int | float) and age < ADULT_YEARS


def _intro(names: str, *, young: bool) -> tuple[str, ...]:
    """What laser treatment is, whom the leaflet is for, and what is to be decided about the concerns of these names."""
    what, adults = told("intro")
    to_decide = "leaflet.to_decide_young" if young else "leaflet.to_decide"
    return (
        what,
        say("leaflet.intro_young") if young else adults,
        *([say(to_decide, concerns=names)] if names else []),
    )


def _decision(concerns: Sequence[Mapping[str, Any]], state: str) -> tuple[str, ...]:
    """Whether laser is right, and that none was found where it is not ruled out and none is offered."""
    offered = any("device" in option for concern in concerns for option in concern.get("options", ()))
    found = offered or not concerns or state not in ("suitable", "with-caution")
    return told(f"decision_{state.replace('-', '_')}" if found else "decision_no_setting")


def _why(plan: Mapping[str, Any], state: str) -> tuple[str, ...]:
    """Why it is no or not yet; a plan that does not say sends the reader to ask."""
    found = plain_reasons(plan.get("why"))
    return found or ((say("leaflet.why_not_said"),) if state in ("refer", "not-suitable") else ())


def _name(concern: Mapping[str, Any]) -> str:
    return plain("condition", str(concern["condition"]), sentence(concern.get("title")))


def _concern(concern: Mapping[str, Any]) -> LeafletConcern:
    condition = str(concern["condition"])
    lines = tuple(
        say(f"leaflet_{part}.{condition}")
        for part in ("is", "can", "cannot")
        if f"leaflet_{part}.{condition}" in catalogue()
    )
    drawn, named = options_table(concern)
    no_laser = plain_reasons(concern.get("no_laser"))
    return LeafletConcern(
        title=say("leaflet.concern_at_site", concern=_name(concern), site=plain("site", str(concern["site"]))),
        text=lines or (sentence(concern.get("can")),),
        seen=seen_after(drawn),
        options=options_of(concern),
        no_choice="" if drawn else say("leaflet.no_choice"),
        no_laser=" ".join((say("leaflet_no_laser.head"), *no_laser)) if no_laser else "",
        more=say("leaflet.more", names=join(dict.fromkeys(map(choice_name, named)))) if named else "",
    )


def _sureness(concerns: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """How many new clinics the drawn ranges hold."""
    drawn = (good_of(option) for concern in concerns for option in options_table(concern)[0])
    if known := next((p for p in drawn if isinstance(p, Estimate)), None):
        yield say("leaflet.reading_inside", clinics=int(10 * known.level + 0.5))


def _unknowns(concerns: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """What is not known of the first choices, then what nobody knows of any."""
    for concern in concerns:
        options = ranked(concern)
        place = _name(concern).lower()
        if options and isinstance(good_of(options[0]), Unknown):
            yield say("leaflet.unknown_good", choice=choice_name(options[0]).lower(), concern=place)
        elif options and isinstance(worst_harm(options[0])[2], Unknown):
            yield say("leaflet.unknown_bad", choice=choice_name(options[0]).lower(), concern=place)
    yield from told("unknown")


def _scars(plan: Mapping[str, Any]) -> Iterable[str]:
    """To someone who scars more easily than the people of trials, that no number of theirs is about them."""
    assessment = plan.get("assessment") or {}
    if any(risk.get("risk") == "raised-scars" for risk in records(assessment.get("risks"))):
        yield say("leaflet.unknown_scars")


def _healing(concerns: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """How long each first choice that is a treatment shows, and its pain, then what it is like."""
    for concern in concerns:
        first = next(iter(ranked(concern)), None)
        if first is None or "device" not in first:
            continue
        pain = estimate_of(first.get("pain_0_10"))
        about = {"concern": _name(concern), "light": light_in_words(first)}
        shown = showing_told(first)
        lines = [say("leaflet.healing_of", **about), *shown] if shown else [say("leaflet.healing_unknown", **about)]
        if isinstance(pain, Estimate):
            lines.append(say("leaflet.healing_pain", pain=range_in_words(first["pain_0_10"])))
        bruised = estimate_of(first.get("p_purpura"))
        if isinstance(bruised, Estimate):
            days_shown = range_in_words(first["purpura_days"])
            lines.append(say("leaflet.healing_bruise", people=of_100(bruised), days=days_shown))
        yield " ".join(lines)
    yield from told("healing")


def _advice(records: Any, kind: str) -> tuple[str, ...]:
    """Advice of the plan, written for patients; without any, the line that sends the reader to the clinician."""
    lines = sentences(records if isinstance(records, list) else None)
    return tuple(dict.fromkeys(lines)) or told(kind)


def _others(concerns: Sequence[Mapping[str, Any]]) -> str:
    """Concerns that find no room, by name."""
    names = dict.fromkeys(_name(concern).lower() for concern in concerns)
    return say("leaflet.other_concerns", names=join(names)) if names else ""
