"""Build the context of the patient's leaflet from a plan, in plain words.

Conditions, sites, choices and harms have plain names of their own in the catalogue. Advice for the time after
treatment is written for patients in the rules, and is taken over as the plan words it. The required content of the
leaflet is the list of qualifying and certifying criteria for patient decision aids (josephwilliams2014).
"""

import datetime
from collections.abc import Collection, Iterable, Iterator, Sequence

from skinbeam._version import __date__
from skinbeam.assessment.questionnaire import FactValue
from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import bibliography
from skinbeam.plan.ranking import LEAST_REACHED
from skinbeam.plan_records.plan import Advice, Assessment, ConcernPlan, Option, Plan
from skinbeam.preview.page import PreviewPage
from skinbeam.preview.study_names import short_source
from skinbeam.report.context import LeafletConcern, LeafletPage
from skinbeam.report.formatting import (
    advised_option,
    capitalise,
    inline_name,
    join_items,
    people_of_100,
    plain_reasons,
    ranked_options,
    report_text,
    section_texts,
    showing_sentences,
    split_source_keys,
)
from skinbeam.report.leaflet.choices import (
    combined_sentence,
    follow_up_sentence,
    leaflet_choices,
    leaflet_options,
    options_table,
    other_light_sentence,
)
from skinbeam.report.outcomes import harm_values, improved_share, worst_harm
from skinbeam.report.overview import cause_without_laser, colour_may_change
from skinbeam.report.plain_words import (
    choice_name,
    is_done_at_home,
    light_harm_sentences,
    light_in_words,
    numbered_sentences,
    own_harm_sentences,
    pain_and_bruise_sentences,
    phone_line,
    plain_name,
    planned_visit_sentences,
    scar_sentences,
    slow_healing_sentences,
    slow_result_sentences,
    span_in_words,
)
from skinbeam.suitability.rule_condition import OPTION_FACTS
from skinbeam.suitability.table import load_rules
from skinbeam.text import catalogue, translate

__all__ = [
    "ADULT_YEARS",
    "CONCERNS_IN_FULL",
    "about_sentences",
    "leaflet_page",
    "no_laser_text",
    "studies_in_short",
    "test_spot_sentences",
]

_OWN = "skinbeam"  # the author of a judgement of this project: no study
_STUDIES_NAMED = 10
# What rules test that is nothing about the person: where and with what light, and what is treated or wished.
_PLACE_FACTS = frozenset(
    {"around_eyes", "hair_bearing", "inside_orbital_rim", "off_face", "site", *OPTION_FACTS} - {"specialist_allows"}
)
_WISH_FACTS = frozenset(
    {
        "acne_severity_high",
        "condition",
        "downtime_days_accepted",
        "field_conditions",
        "severity_high",
        "touching_conditions",
    }
)
_MALE = "male"
_PREGNANCY = "pregnancy-ask"
_BEARD = "beard-shaved"
_NAMES_AZELAIC_ACID = ("rules.azelaic-acid-in-pregnancy", "rules.bleaching-cream-in-pregnancy")
# What to report before a visit: cold sores only for the face, pregnancy only for people who are asked about it.
_BEFORE_TELL = {
    (True, True): "leaflet.before_tell",
    (True, False): "leaflet.before_tell_not_pregnant",
    (False, True): "leaflet.before_tell_off_face",
    (False, False): "leaflet.before_tell_off_face_not_pregnant",
}


def about_sentences(plan: Plan) -> tuple[str, ...]:
    """Return version and date, where to get a newer version, and the funding."""
    return (
        report_text(
            "leaflet.about_date",
            version=plan.version,
            date=datetime.date.fromisoformat(__date__),
            data=plan.data_release[:12],
        ),
        report_text("leaflet.about_update"),
        report_text("leaflet.about_funding"),
    )


def studies_in_short(concern: ConcernPlan) -> str:
    """Return short names of the studies behind the numbers of a concern; empty where there are none.

    Studies that are the only source for how long effects are visible come first, then those with the most people. A
    page has room for a few; the number of further studies is given, and where to find them.
    """
    known = bibliography()
    people = {study.study: study.patients for option in options_table(concern)[0] for study in option.expected.studies}
    found = {
        key: known[key] for key in _study_keys(concern) if key in known and known[key].fields.get("author") != _OWN
    }
    alone = set(_duration_sources(concern))
    ordered = sorted(
        found, key=lambda key: (key not in alone, -people.get(key, 0), short_source(found[key]).casefold())
    )
    names = list(dict.fromkeys(short_source(found[key]) for key in ordered))
    named = "; ".join(names[:_STUDIES_NAMED])
    more = len(names) - _STUDIES_NAMED
    return report_text("leaflet.studies_more", names=named, more=more) if more > 0 else named


def _duration_sources(concern: ConcernPlan) -> Iterator[str]:
    for option in options_table(concern)[0]:
        yield from () if isinstance(option.shows_days, Unknown) else split_source_keys(option.shows_days.source)


def _study_keys(concern: ConcernPlan) -> Iterator[str]:
    for option in options_table(concern)[0]:
        for value in (improved_share(option), *(p for _, p in harm_values(option)), option.downtime_days):
            yield from value.basis if isinstance(value, Estimate) else ()
        yield from () if isinstance(option.sessions, Unknown) else split_source_keys(option.sessions.source)
        yield from split_source_keys(option.source)
    yield from _duration_sources(concern)


# Before the first visit: test spots, and no tan.

_HOURS_A_DAY = 24.0


def test_spot_sentences(concern: ConcernPlan, plan: Plan) -> Iterable[str]:
    """Yield sentences on the test spots of a concern's first laser."""
    if concern.first_laser is None:
        return
    _, setup = concern.first_laser
    ladders = [ladder for ladder in plan.test_spots if ladder.tries(setup, concern.site) and not ladder.when_chosen]
    for ladder in ladders:
        words = {
            "light": light_in_words(setup),
            "site": plain_name("site", ladder.site),
            "days": ladder.read_after_h / _HOURS_A_DAY,
        }
        number = len(ladder.spots)
        if number == 1:
            yield report_text("leaflet.before_spot", **words)
        else:
            yield report_text("leaflet.before_spots", number=number, **words)
    if ladders:
        one_spot = sum(len(ladder.spots) for ladder in ladders) == 1
        yield report_text("leaflet.before_stop_one" if one_spot else "leaflet.before_stop")
    if any(ladder.is_narrower for ladder in ladders):
        yield report_text("leaflet.before_narrow")


def _visit_sentences(concern: ConcernPlan, plan: Plan) -> Iterable[str]:
    """Yield, once in a leaflet, what a person does before each visit.

    The weeks out of the sun are those of the course of the plan.
    """
    treated = [concern for concern in plan.concerns if concern.first_laser is not None and not concern.is_done]
    if not treated or concern.place != treated[0].place:
        return
    steps = [step for visit in plan.course for step in visit.steps if step.id == "course.sun"]
    if steps:
        yield report_text("leaflet.before_sun", weeks=steps[0].params["weeks"])
    on_face = not all(known_sites()[concern.site].off_face for concern in treated)
    yield report_text("leaflet.before_come" if on_face else "leaflet.before_come_off_face")
    chosen = [option for option, _ in (concern.first_laser for concern in treated if concern.first_laser is not None)]
    if any(reason.rule == _BEARD for option in chosen for reason in option.reasons):
        yield report_text("leaflet.before_shave")
    yield report_text(_BEFORE_TELL[on_face, _may_be_pregnant(plan.assessment)])


def _may_be_pregnant(person: Assessment) -> bool:
    """Return whether the rule that asks about a pregnancy asks this person."""
    is_male = person.sex in (_MALE, translate(_MALE))  # pages show a plan whose words are translated
    facts: dict[str, FactValue] = {"pregnant": False, "age_years": person.age_years, "sex": _MALE if is_male else ""}
    return any(rule.id == _PREGNANCY and rule.when.holds(facts) for rule in load_rules("suitability"))


# Why a concern has no laser option.


_DECISION = "leaflet_no_laser.stopped"  # the reason that the first page has


def no_laser_text(concern: ConcernPlan, person: Assessment) -> str:
    """Return why no laser is offered, the nearest setting and what may change it; empty where one is offered.

    That a reason is on the first page comes before the reasons that follow it here: at the end it would say so of them.
    """
    if not concern.no_laser:
        return ""
    in_order = sorted(concern.no_laser, key=lambda reason: reason.text.id != _DECISION)
    sentences = list(plain_reasons(in_order, as_paragraph=True))
    near = concern.nearest
    if near is not None:
        light = light_in_words(near.setup)
        sentences.append(report_text("leaflet.nearest", light=light, people=people_of_100(near.p_effective.median)))
        half = improved_share(near)
        # Where the model sees next to no effect, a good number of other people's trials beside it helps nobody decide.
        if isinstance(half, Estimate) and near.p_effective.median >= LEAST_REACHED:
            people, span = people_of_100(half.median), span_in_words(half)
            sentences.append(report_text("leaflet.nearest_trials", people=people, span=span))
    if colour_may_change(concern, person):
        sentences.append(report_text("leaflet.change_colour"))
    return " ".join(sentences)


def _cream_in_pregnancy(concern: ConcernPlan) -> str:
    """Return which cream is for somebody pregnant where the others are not; empty for everybody else.

    The group of bleaching creams is refused as a whole, so azelaic acid is none of the choices that the leaflet draws.
    """
    offered = (reason.message for option in concern.options for reason in option.reasons)
    refused = (reason for option in concern.refused for reason in option.reasons)
    named = any(message.id in _NAMES_AZELAIC_ACID for message in (*offered, *refused))
    return report_text("leaflet.creams_pregnant") if named else ""


# The page.

ADULT_YEARS = 18.0  # as the rule `under-age`; a test compares
CONCERNS_IN_FULL = 4  # a page each: more are not read


def leaflet_page(plan: Plan, preview: PreviewPage | None = None) -> LeafletPage:
    """Return the leaflet's context; `preview` holds the preview pictures."""
    shown = plan.concerns[:CONCERNS_IN_FULL]
    state = plan.suitability.decision
    chosen_for = [concern for concern in plan.concerns if concern.examination is None]
    names = join_items(dict.fromkeys(inline_name(_name(concern)) for concern in chosen_for))
    has_laser = any(concern.first_laser is not None for concern in plan.concerns)
    has_session = has_laser or any(_is_done_in_clinic(ranked_options(concern)[0]) for concern in chosen_for)
    may_heal = any(_is_done_in_clinic(option) for concern in chosen_for for option in concern.options)
    has_choice = bool(chosen_for) or not plan.concerns
    return LeafletPage(
        banner=report_text("leaflet.banner"),
        plan_sha256=plan.plan_sha256,
        title=report_text("leaflet.title"),
        intro=_intro(names, young=plan.assessment.age_years < ADULT_YEARS, has_laser=has_laser),
        state=state,
        decision=(*_decision(plan), *_done_sentences(plan), *_examination_sentences(plan.concerns)),
        refusal_reasons=_decision_reasons(plan),
        key=report_text("leaflet.key") if has_choice else "",
        concerns=tuple(_leaflet_concern(concern, plan) for concern in shown),
        other_concerns=_other_concerns(plan.concerns[CONCERNS_IN_FULL:]),
        reading=(*numbered_sentences("reading"), *_certainty_sentences(shown)) if has_choice else (),
        unknowns=(*scar_sentences(plan), *_unknowns(shown)) if has_choice else (),
        healing=(
            *(numbered_sentences("healing_laser") if has_laser else ()),
            *(numbered_sentences("healing_wound" if may_heal else "healing_home") if has_choice else ()),
            *(numbered_sentences("healing") if has_choice else ()),
        ),
        aftercare=_advice_sentences(plan.aftercare, plan) or (numbered_sentences("aftercare") if has_session else ()),
        call_advice=_advice_sentences(plan.when_to_call, plan)
        or numbered_sentences("call" if has_session else "call_none"),
        phone=phone_line(plan),
        questions=(
            *(numbered_sentences("question_laser") if has_laser else ()),
            *(numbered_sentences("question") if has_choice else ()),
        ),
        preview=preview,
        imprint=about_sentences(plan),
        words=section_texts("leaflet"),
    )


def _is_done_in_clinic(option: Option) -> bool:
    """Return whether a choice is a session, after which skin heals: nothing that a person does at home, nor nothing."""
    return option.modality != "no-treatment" and not is_done_at_home(option)


def _intro(names: str, *, young: bool, has_laser: bool) -> tuple[str, ...]:
    """Return what laser treatment is, who the leaflet is for, and the decision to make on the named concerns."""
    what, adults = numbered_sentences("intro")
    offered = "leaflet.to_decide" if has_laser else "leaflet.to_decide_no_laser"
    to_decide = "leaflet.to_decide_young" if young else offered
    return (
        what,
        report_text("leaflet.intro_young") if young else adults,
        *([report_text(to_decide, concerns=names)] if names else []),
    )


def _decision(plan: Plan) -> tuple[str, ...]:
    """Return whether laser is suitable, why none is offered, or that another treatment comes first.

    Where the page lists nothing about the person below it, it says what care is due to.
    """
    concerns, state = plan.concerns, plan.suitability.decision
    key = state.replace("-", "_")
    if state == "with-caution" and not plan.why:
        key = f"with_caution{_cause_of_care(plan)}"
    offered = [concern for concern in concerns if concern.first_laser is not None]
    if state not in ("suitable", "with-caution") or not concerns:
        return numbered_sentences(f"decision_{key}")
    if not offered:
        return numbered_sentences(f"decision_{cause_without_laser(concerns)}")
    to_treat = [concern for concern in offered if not concern.is_done]
    if not to_treat:
        return ()  # that no more visits are planned is all there is to say
    later = [inline_name(_name(concern)) for concern in to_treat if _is_laser_postponed(concern)]
    after = report_text("leaflet.decision_later", concerns=join_items(dict.fromkeys(later)))
    if len(later) == len(to_treat):
        return after, report_text(f"leaflet.decision_later_{key}")
    return (*numbered_sentences(f"decision_{key}"), *([after] if later else []))


def _cause_of_care(plan: Plan) -> str:
    """Return what the rules that call for care are about: place or light alone, the person, or what is treated."""
    rules = {rule.id: rule for rule in load_rules("suitability")}
    cautions = [reason.rule for reason in plan.suitability.reasons if reason.decision == "with-caution"]
    tested = [
        {test.fact for test in rules[name].when.tests(negated=False)} if name in rules else {name} for name in cautions
    ]
    if tested and all(facts <= _PLACE_FACTS for facts in tested):
        return "_place"
    return "_other" if all(facts <= _PLACE_FACTS | _WISH_FACTS for facts in tested) else ""


def _done_sentences(plan: Plan) -> tuple[str, ...]:
    """Return for which concerns no more visits are planned since earlier ones have improved them enough."""
    done = [inline_name(_name(concern)) for concern in plan.concerns if concern.is_done]
    return (report_text("leaflet.decision_done", concerns=join_items(dict.fromkeys(done))),) if done else ()


def _examination_sentences(concerns: Sequence[ConcernPlan]) -> tuple[str, ...]:
    """Return by when a doctor must see a mark, the soonest first, since the first page is what people read."""
    examinations = [concern.examination for concern in concerns if concern.examination is not None]
    soonest = sorted(examinations, key=lambda examination: examination.within_days is None)
    return tuple(dict.fromkeys(examination.plain.text for examination in soonest[:1]))


def _is_laser_postponed(concern: ConcernPlan) -> bool:
    """Return whether no laser is among the first-ranked options of a concern."""
    first = min(option.rank for option in concern.options)
    return all(option.setup is None for option in concern.options if option.rank == first)


def _decision_reasons(plan: Plan) -> tuple[str, ...]:
    """Return the reasons for a refusal or referral; without any in the plan, a sentence to ask the clinician."""
    stopped = plan.suitability.decision in ("refer", "not-suitable")
    return plain_reasons(plan.why) or ((report_text("leaflet.why_not_said"),) if stopped else ())


def _name(concern: ConcernPlan) -> str:
    return plain_name("condition", concern.condition, concern.title)


def _leaflet_concern(concern: ConcernPlan, plan: Plan) -> LeafletConcern:
    if concern.examination is not None:
        return _concern_to_examine(concern, concern.examination.plain.text)
    lines = tuple(
        report_text(f"leaflet_{part}.{concern.condition}")
        for part in ("is", "can", "cannot")
        if f"leaflet_{part}.{concern.condition}" in catalogue()
    )
    drawn, _ = options_table(concern)
    return LeafletConcern(
        title=report_text(
            "leaflet.concern_at_site", concern=capitalise(_name(concern)), site=plain_name("site", concern.site)
        ),
        text=lines or (concern.can.text,),
        follow_up=" ".join(
            filter(None, (follow_up_sentence(drawn), combined_sentence(drawn), other_light_sentence(drawn)))
        ),
        options=leaflet_options(concern),
        no_laser_headline=report_text("leaflet_no_laser.head") if concern.no_laser else "",
        no_laser_text=no_laser_text(concern, plan.assessment),
        creams=_cream_in_pregnancy(concern),
        personal_harms=(
            *own_harm_sentences(plan),
            *light_harm_sentences(
                ranked_options(concern), concern.site, told={reason.rule for reason in plan.why if reason.rule}
            ),
        )
        if concern.first_laser is not None
        else (),
        preparations=()
        if concern.is_done
        else (
            *planned_visit_sentences(concern, plan),
            *test_spot_sentences(concern, plan),
            *_visit_sentences(concern, plan),
        ),
        healing=_healing(concern),
        choices=leaflet_choices(concern, may_be_pregnant=_may_be_pregnant(plan.assessment)),
        studies=studies_in_short(concern),
    )


def _concern_to_examine(concern: ConcernPlan, sentence: str) -> LeafletConcern:
    """Return the page of a mark that a doctor must see first: when to go, and nothing to choose from."""
    return LeafletConcern(
        title=report_text("leaflet.examination_title", site=plain_name("site", concern.site)),
        text=(),
        follow_up="",
        options=(),
        no_laser_headline=sentence,
        no_laser_text="",
        creams="",
        personal_harms=(),
        preparations=(),
        healing="",
        choices=(),
        studies="",
    )


def _certainty_sentences(concerns: Iterable[ConcernPlan]) -> Iterable[str]:
    """Yield how many new clinics in ten the drawn ranges cover."""
    drawn = (improved_share(option) for concern in concerns for option in options_table(concern)[0])
    if known := next((p for p in drawn if isinstance(p, Estimate)), None):
        yield report_text("leaflet.reading_inside", clinics=int(10 * known.level + 0.5))


def _unknowns(concerns: Iterable[ConcernPlan]) -> Iterable[str]:
    """Yield what is not known about the first choices of the concerns, then what is not known about any."""
    both, good, bad = "leaflet.unknown_both", "leaflet.unknown_good", "leaflet.unknown_bad"
    found: dict[str, dict[str, None]] = {both: {}, good: {}, bad: {}}
    for concern in concerns:
        if concern.examination is not None:
            continue
        first, place = ranked_options(concern)[0], inline_name(_name(concern))
        choice = report_text("leaflet.unknown_choice", choice=inline_name(choice_name(first)), concern=place)
        is_harm_unknown = isinstance(worst_harm(first)[1], Unknown) and first.modality != "no-treatment"
        if isinstance(improved_share(first), Unknown):
            found[both if is_harm_unknown else good][choice] = None
        elif is_harm_unknown:
            found[bad][choice] = None
    for sentence, choices in found.items():
        if choices:
            yield report_text(sentence, choices=join_items(choices))
    yield from numbered_sentences("unknown")


# The days after.


def _advice_sentences(advice: Iterable[Advice], plan: Plan) -> tuple[str, ...]:
    """Return the plan's advice: what holds after every treatment, then a paragraph for each group of concerns.

    A concern that begins without a laser and has one too is named by the treatment that the advice is for.
    """
    general: dict[str, None] = {}
    holds_for: dict[str, dict[str, None]] = {}
    for item in advice:
        if item.treats is None:
            general[item.message.text] = None
        else:
            holds_for.setdefault(item.message.text, {})[_advised_name(item.treats, item.after_laser, plan)] = None
    paragraphs: dict[tuple[str, ...], list[str]] = {}
    for text, names in holds_for.items():
        paragraphs.setdefault(tuple(names), []).append(text)
    return *general, *(
        report_text("leaflet.advice_for", concerns=capitalise("; ".join(names)), advice=" ".join(lines))
        for names, lines in paragraphs.items()
    )


def _advised_name(places: Collection[str], after_laser: bool | None, plan: Plan) -> str:
    """Return the names of concerns, with one of their treatments where `after_laser` says which."""
    names = _names_of_places(places, plan)
    if after_laser is None:
        return names
    options = (advised_option(concern, after_laser=after_laser) for concern in plan.concerns if concern.place in places)
    choices = (
        inline_name(choice_name(option)) if option.setup is None else light_in_words(option.setup) for option in options
    )
    return report_text("leaflet.advised", concerns=names, choice=join_items(dict.fromkeys(choices)))


def _names_of_places(places: Collection[str], plan: Plan) -> str:
    """Return the names of concerns, each with its site where the plan treats others of its condition otherwise."""
    of_others = {concern.condition for concern in plan.concerns if concern.place not in places}
    names = (
        report_text("leaflet.concern_and_site", concern=name, site=plain_name("site", concern.site))
        if concern.condition in of_others
        else name
        for concern in plan.concerns
        if concern.place in places
        for name in (inline_name(_name(concern)),)
    )
    return join_items(dict.fromkeys(names))


def _healing(concern: ConcernPlan) -> str:
    """Return how long effects of a concern's first laser are visible, and its pain."""
    if concern.first_laser is None:
        return ""
    first, setup = concern.first_laser
    about = {"concern": capitalise(_name(concern)), "light": light_in_words(setup)}
    shown = showing_sentences(first)
    lines = (
        [report_text("leaflet.healing_of", **about), *shown, *slow_healing_sentences(concern, first)]
        if shown
        else [report_text("leaflet.healing_unknown", **about)]
    )
    lines += (*pain_and_bruise_sentences(first), *slow_result_sentences(first))
    return " ".join(lines)


def _other_concerns(concerns: Sequence[ConcernPlan]) -> str:
    """Return the names of the concerns beyond those shown in full."""
    names = dict.fromkeys(inline_name(_name(concern)) for concern in concerns)
    return report_text("leaflet.other_concerns", names=join_items(names)) if names else ""
