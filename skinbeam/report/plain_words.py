"""Plain names, small numbers and sentences that the leaflet and the consent form share."""

from collections.abc import Container, Iterable, Iterator

from skinbeam.assessment.questionnaire import fact_tables, sites_overlap
from skinbeam.course.downtime import days_until_marks_show
from skinbeam.course.first_creams import MELASMA, first_creams
from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.vocabulary import SURFACE_MODALITIES
from skinbeam.plan_records.course import DeviceSetup, LensArraySetting, SourceRange
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.formatting import display_value, join_items, people_of_100, report_text
from skinbeam.report.outcomes import fault_values
from skinbeam.text import catalogue, render_message

__all__ = [
    "choice_key",
    "choice_name",
    "harm_in_words",
    "is_done_at_home",
    "is_under_one",
    "light_harm_sentences",
    "light_in_words",
    "numbered_sentences",
    "own_harm_sentences",
    "pain_and_bruise_sentences",
    "phone_line",
    "plain_name",
    "planned_visit_sentences",
    "range_in_words",
    "scar_sentences",
    "share_of_100",
    "slow_healing_sentences",
    "slow_result_sentences",
    "span_in_words",
    "waits_for_creams",
]


_SLOW_RESULT = "collagen-slow"  # the rule that says so


def plain_name(kind: str, name: str, fallback: str = "") -> str:
    """Return the plain name of a thing, or the fallback where the catalogue has none."""
    key = f"leaflet_{kind}.{name}"
    return render_message(key) if key in catalogue() else fallback or name.replace("-", " ")


def numbered_sentences(start: str) -> tuple[str, ...]:
    """Return the messages `leaflet.<start>_1`, `_2`, ... in order."""
    sentences: list[str] = []
    while f"leaflet.{start}_{len(sentences) + 1}" in catalogue():
        sentences.append(report_text(f"leaflet.{start}_{len(sentences) + 1}"))
    return tuple(sentences)


def choice_name(option: Option) -> str:
    """Return the kind of treatment in plain words."""
    return plain_name("choice", choice_key(option), plain_name("choice", option.modality, option.title))


def is_done_at_home(option: Option) -> bool:
    """Return whether a choice is what a person does at home, so that it takes no visit."""
    return option.modality in fact_tables().modality_groups["at-home"]


def choice_key(option: Option) -> str:
    """Return the name under which the catalogue has the words for a choice: its kind where that is known."""
    if option.setup is not None and isinstance(option.setup.settings.microbeam, LensArraySetting):
        return "lens-array"
    own = f"{option.modality}-{option.technique}"
    return own if option.technique is not None and f"leaflet_choice.{own}" in catalogue() else option.modality


def light_in_words(setup: DeviceSetup) -> str:
    """Return the light of a laser option in plain words, since a machine may have two."""
    return report_text("leaflet.light_lamp" if setup.lamp else "leaflet.light_laser", nm=setup.wavelength_nm)


def harm_in_words(key: str) -> str:
    """Return a harm in plain words; an empty key stands for any harm."""
    name = key.replace("_", "-") or "any"
    return plain_name("harm", name, name.replace("-", " "))


def share_of_100(p: Value) -> str:
    """Return a share as people of 100, or that it is not known."""
    return (
        report_text("leaflet.not_known")
        if isinstance(p, Unknown)
        else report_text("leaflet.people", people=people_of_100(p.median))
    )


def is_under_one(p: Estimate) -> bool:
    """Return whether a share is printed as under 1 of 100: what is printed as 1 stands under no such heading."""
    return int(100 * p.median + 0.5) < 1


def span_in_words(p: Value) -> str:
    """Return the range of people of 100 between clinics; empty where there is none."""
    if isinstance(p, Unknown) or people_of_100(p.low) == people_of_100(p.high):
        return ""
    return report_text("leaflet.people_range", low=people_of_100(p.low), high=people_of_100(p.high))


def range_in_words(value: Value | SourceRange) -> str:
    """Return a small number in plain words: `1 to 3`."""
    if isinstance(value, Unknown):
        return report_text("leaflet.not_known")
    if isinstance(value, Estimate):
        low, high = (str(int(end + 0.5)) for end in (value.low, value.high))
        return low if low == high else report_text("leaflet.range", low=low, high=high)
    return display_value(value).text


# Sentences shared by the leaflet and the consent form: pain and bruise, whom to call, personal risks.


def slow_result_sentences(option: Option) -> tuple[str, ...]:
    """Return how many months it takes until all of the change can be seen, of light that makes new collagen."""
    reason = next((reason for reason in option.reasons if reason.rule == _SLOW_RESULT), None)
    return () if reason is None else (report_text("leaflet.slow_result", months=reason.message.params["months"]),)


def slow_healing_sentences(concern: ConcernPlan, option: Option) -> tuple[str, ...]:
    """Return that days of healing, which trials counted on faces, are more elsewhere; empty on the face."""
    crusts = days_until_marks_show(option.modality, concern.condition) > 0
    is_slower = (crusts or option.modality in SURFACE_MODALITIES) and known_sites()[concern.site].off_face
    return (report_text("leaflet.healing_off_face"),) if is_slower else ()


def pain_and_bruise_sentences(option: Option) -> Iterator[str]:
    """Yield sentences on the pain of an option and the probability of a bruise, where they are known."""
    if isinstance(option.pain_0_10, Estimate):
        yield report_text("leaflet.healing_pain", pain=range_in_words(option.pain_0_10))
    if option.purpura_days is None:
        return
    days = range_in_words(option.purpura_days)
    if isinstance(option.p_purpura, Unknown):
        yield report_text("leaflet.healing_bruise_unknown", days=days)
    elif option.p_purpura is not None:
        yield report_text("leaflet.healing_bruise", people=share_of_100(option.p_purpura), days=days)
    lifted = (p for name, p in fault_values(option) if name == "bruise-if-glass-lifts")
    yield from (report_text("leaflet.healing_bruise_glass", people=share_of_100(p), days=days) for p in lifted)


def own_harm_sentences(plan: Plan) -> tuple[str, ...]:
    """Return the harms that are more likely for this person than for the people of the trials."""
    keys = [f"leaflet_own.{risk.name}" for risk in plan.assessment.risks]
    return tuple(render_message(key) for key in keys if key in catalogue())


def light_harm_sentences(options: Iterable[Option], site: str, told: Container[str] = ()) -> Iterator[str]:
    """Yield what the light of these options may do that no trial counted, each once with the lights that do it.

    The rules that say so hold for some lights or places alone, so that they are reasons of an option and seldom of the
    decision. Several rules may say it in the same words.

    Parameters
    ----------
    site : of the concern; a rule may have other words off the face.
    told : rules of which the same page says so already.
    """
    is_off_face = known_sites()[site].off_face
    lights: dict[str, dict[str, None]] = {}
    first: dict[str, str] = {}
    for option in options:
        if option.setup is None:
            continue
        for reason in option.reasons:
            elsewhere = f"{reason.rule}-off-face"
            own = elsewhere if is_off_face and f"leaflet_light.{elsewhere}" in catalogue() else reason.rule
            words = catalogue().get(f"leaflet_light.{own}")
            if reason.rule not in told and words is not None:
                rule = first.setdefault(words, own)
                lights.setdefault(rule, {})[light_in_words(option.setup)] = None
    for rule, named in lights.items():
        yield render_message(f"leaflet_light.{rule}", {"light": join_items(named)})


def planned_visit_sentences(concern: ConcernPlan, plan: Plan) -> Iterator[str]:
    """Yield how many visits a plan has for the first laser of a concern, and what the first of them waits for.

    Trials count every visit of a person; where some have been made, a plan has room for the rest.
    """
    visits = [visit for visit in plan.course if concern.place in visit.treats]
    if not visits:
        return
    yield report_text("leaflet.visits_planned", visits=len(visits))
    treated_too = {place for visit in visits for place in visit.treats if place != concern.place}
    if treated_too:
        others = (
            report_text(
                "leaflet.concern_and_site",
                concern=plain_name("condition", other.condition, other.title),
                site=plain_name("site", other.site),
            )
            for other in plan.concerns
            if other.place in treated_too
        )
        is_only = len(visits) == 1
        yield report_text(
            "leaflet.visits_shared_one" if is_only else "leaflet.visits_shared", others=join_items(others)
        )
    waits = any(step.id == "course.melasma-first" for step in visits[0].steps)
    if waits and concern.condition != MELASMA and _is_on_melasma(concern, plan):
        yield report_text("leaflet.visits_melasma")
    time = display_value(visits[0].week, "weeks").text
    if waits_for_creams(concern, plan):
        yield report_text("leaflet.visits_creams", time=time)
    elif visits[0].week and not waits:
        yield report_text("leaflet.visits_begin_one" if len(visits) == 1 else "leaflet.visits_begin", time=time)


def waits_for_creams(concern: ConcernPlan, plan: Plan) -> bool:
    """Return whether the first visit of a concern waits for weeks of creams that come first.

    Plans of older versions state it also for visits that begin in week 0.
    """
    visits = [visit for visit in plan.course if concern.place in visit.treats]
    if not visits or not visits[0].week or first_creams(concern.condition) is None:
        return False
    return any(step.id == "course.creams-first" for step in visits[0].steps)


def _is_on_melasma(concern: ConcernPlan, plan: Plan) -> bool:
    return any(other.condition == MELASMA and sites_overlap(other.site, concern.site) for other in plan.concerns)


def phone_line(plan: Plan) -> str:
    """Return the number to call, or a blank line to write it on."""
    if plan.clinic_phone is None:
        return report_text("leaflet.call_blank")
    return report_text("leaflet.call_phone", phone=plan.clinic_phone)


def scar_sentences(plan: Plan) -> Iterator[str]:
    """Yield a sentence that trial numbers do not apply to a person who scars more easily; nothing for others."""
    if any(risk.name == "raised-scars" for risk in plan.assessment.risks):
        scars = report_text("leaflet.unknown_scars")
        yield report_text("leaflet.unknown_scars_spot", scars=scars) if plan.test_spots else scars
