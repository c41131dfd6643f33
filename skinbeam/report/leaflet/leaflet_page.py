"""Build the patient's leaflet from a plan, in plain words.

Conditions, sites, choices and harms have plain names of their own in the catalogue. Advice for the time after
treatment is written for patients where the rules are, and stands here as the plan words it. What the leaflet must hold
is the list of qualifying and certifying criteria for patient decision aids (josephwilliams2014).
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import catalogue
from skinbeam.plan.records import ConcernPlan, Plan
from skinbeam.report.context import LeafletConcern, LeafletPage, Strip
from skinbeam.report.leaflet.about import about, studies
from skinbeam.report.leaflet.alike import advice_told, own_harms_told, pain_and_bruise_told, phone_told, scars_told
from skinbeam.report.leaflet.before import before_first_visit
from skinbeam.report.leaflet.choices import choices_told, options_of, options_table, seen_after
from skinbeam.report.leaflet.without import no_laser_told
from skinbeam.report.leaflet.words import choice_name, light_in_words, plain, told
from skinbeam.report.names import ranked
from skinbeam.report.outcomes import good_of, worst_harm
from skinbeam.report.showing import showing_told
from skinbeam.report.shown import capital, join, plain_reasons, say, within, words

__all__ = ["ADULT_YEARS", "CONCERNS_IN_FULL", "leaflet_page", "sentences_of"]

ADULT_YEARS = 18.0  # as the rule `under-age`; a test compares
CONCERNS_IN_FULL = 4  # a page each: more are not read
_NOT_SENTENCES = ("plan_sha256", "title", "state", "words", "concerns", "phone", "preview")


def leaflet_page(plan: Plan, preview: Strip | None = None) -> LeafletPage:
    """Return the leaflet's context; `preview` holds pictures of what may come."""
    shown = plan.concerns[:CONCERNS_IN_FULL]
    state = plan.suitability.decision
    names = join(dict.fromkeys(within(_name(concern)) for concern in plan.concerns))
    return LeafletPage(
        banner=say("leaflet.banner"),
        plan_sha256=plan.plan_sha256,
        title=say("leaflet.title"),
        intro=_intro(names, young=plan.assessment.age_years < ADULT_YEARS),
        state=state,
        decision=_decision(plan.concerns, state),
        why=_why(plan),
        key=say("leaflet.key"),
        concerns=tuple(_concern(concern, plan) for concern in shown),
        other_concerns=_others(plan.concerns[CONCERNS_IN_FULL:]),
        reading=(*told("reading"), *_sureness(shown)),
        unknowns=(*scars_told(plan), *_unknowns(shown)),
        healing=told("healing"),
        aftercare=advice_told(plan.aftercare, "aftercare"),
        call=advice_told(plan.when_to_call, "call"),
        phone=phone_told(plan),
        questions=told("question"),
        preview=preview,
        about=about(plan),
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
            concern.no_laser,
            *concern.own,
            *concern.before,
            concern.healing,
            *(option.harms for option in concern.options),
            *(line for choice in concern.choices for line in (choice.plus, choice.minus)),
        ]
    return [line for line in found if line]


def _intro(names: str, *, young: bool) -> tuple[str, ...]:
    """What laser treatment is, whom the leaflet is for, and what is to be decided about the concerns of these names."""
    what, adults = told("intro")
    to_decide = "leaflet.to_decide_young" if young else "leaflet.to_decide"
    return (
        what,
        say("leaflet.intro_young") if young else adults,
        *([say(to_decide, concerns=names)] if names else []),
    )


def _decision(concerns: Sequence[ConcernPlan], state: str) -> tuple[str, ...]:
    """Whether laser is right, that none was found where it is not ruled out, and where something else comes first."""
    key = state.replace("-", "_")
    offered = [concern for concern in concerns if concern.first_laser is not None]
    if state not in ("suitable", "with-caution") or not concerns:
        return told(f"decision_{key}")
    if not offered:
        return told("decision_no_setting")
    later = [within(_name(concern)) for concern in offered if _waits(concern)]
    after = say("leaflet.decision_later", concerns=join(dict.fromkeys(later)))
    if len(later) == len(offered):
        return after, say(f"leaflet.decision_later_{key}")
    return (*told(f"decision_{key}"), *([after] if later else []))


def _waits(concern: ConcernPlan) -> bool:
    """Whether no laser is among the first options of a concern."""
    first = min(option.rank for option in concern.options)
    return all(option.setup is None for option in concern.options if option.rank == first)


def _why(plan: Plan) -> tuple[str, ...]:
    """Why it is no or not yet; a plan that does not say sends the reader to ask."""
    stopped = plan.suitability.decision in ("refer", "not-suitable")
    return plain_reasons(plan.why) or ((say("leaflet.why_not_said"),) if stopped else ())


def _name(concern: ConcernPlan) -> str:
    return plain("condition", concern.condition, concern.title)


def _concern(concern: ConcernPlan, plan: Plan) -> LeafletConcern:
    lines = tuple(
        say(f"leaflet_{part}.{concern.condition}")
        for part in ("is", "can", "cannot")
        if f"leaflet_{part}.{concern.condition}" in catalogue()
    )
    drawn, _ = options_table(concern)
    return LeafletConcern(
        title=say("leaflet.concern_at_site", concern=capital(_name(concern)), site=plain("site", concern.site)),
        text=lines or (concern.can.text,),
        seen=seen_after(drawn),
        options=options_of(concern),
        no_laser=no_laser_told(concern, plan.assessment),
        own=own_harms_told(plan) if concern.first_laser is not None else (),
        before=tuple(before_first_visit(concern, plan)),
        healing=_healing(concern),
        choices=choices_told(concern),
        studies=studies(concern),
    )


def _sureness(concerns: Iterable[ConcernPlan]) -> Iterable[str]:
    """How many new clinics the drawn ranges hold."""
    drawn = (good_of(option) for concern in concerns for option in options_table(concern)[0])
    if known := next((p for p in drawn if isinstance(p, Estimate)), None):
        yield say("leaflet.reading_inside", clinics=int(10 * known.level + 0.5))


def _unknowns(concerns: Iterable[ConcernPlan]) -> Iterable[str]:
    """What is not known of the first choices, then what nobody knows of any."""
    for concern in concerns:
        first, place = ranked(concern)[0], within(_name(concern))
        if isinstance(good_of(first), Unknown):
            yield say("leaflet.unknown_good", choice=within(choice_name(first)), concern=place)
        elif isinstance(worst_harm(first)[2], Unknown):
            yield say("leaflet.unknown_bad", choice=within(choice_name(first)), concern=place)
    yield from told("unknown")


def _healing(concern: ConcernPlan) -> str:
    """How long the first laser of a concern shows, and its pain."""
    if concern.first_laser is None:
        return ""
    first, setup = concern.first_laser
    about = {"concern": capital(_name(concern)), "light": light_in_words(setup)}
    shown = showing_told(first)
    lines = [say("leaflet.healing_of", **about), *shown] if shown else [say("leaflet.healing_unknown", **about)]
    lines += pain_and_bruise_told(first)
    return " ".join(lines)


def _others(concerns: Sequence[ConcernPlan]) -> str:
    """Concerns that find no room, by name."""
    names = dict.fromkeys(within(_name(concern)) for concern in concerns)
    return say("leaflet.other_concerns", names=join(names)) if names else ""
