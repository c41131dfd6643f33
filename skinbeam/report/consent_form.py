"""Build the consent form of one choice from its plan, in the plain words of the leaflet.

What it must tell, benefit, risks, alternatives and doing nothing, is what the rules of a plan ask for (`plan.consent`).
"""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import fields

from skinbeam.estimate import Unknown, Value
from skinbeam.messages import Formatter
from skinbeam.plan.records import ConcernPlan, Option, Plan
from skinbeam.plan.setup import Setup
from skinbeam.report.consent.context import (
    PERMISSIONS,
    Answered,
    ChoiceRow,
    ConsentPage,
    Permission,
    ResultRow,
    Signing,
    Told,
)
from skinbeam.report.consent.harms import harms_of
from skinbeam.report.consent.questions import teach_back
from skinbeam.report.leaflet.alike import advice_told, own_harms_told, pain_and_bruise_told, phone_told, scars_told
from skinbeam.report.leaflet.choices import options_table, seen_after
from skinbeam.report.leaflet.words import (
    choice_name,
    harm_in_words,
    light_in_words,
    of_100,
    plain,
    range_in_words,
    span_in_words,
    told,
)
from skinbeam.report.outcomes import good_of, worst_harm
from skinbeam.report.showing import showing_told
from skinbeam.report.shown import capital, join, say, within, words
from skinbeam.shipped import shipped_table

__all__ = [
    "SIGNATURE",
    "agreement",
    "concern_name",
    "consent_page",
    "cooling_off_days",
    "laser_name",
    "sentences_of",
    "tries_told",
]

SIGNATURE = "signature.svg"
_THRESHOLDS = ("25", "50", "75")
_NO_TREATMENT = "no-treatment"
_NOT_SENTENCES = (
    "plan_sha256", "foot", "label", "title", "choices", "results", "questions", "permissions", "points",
    "told", "person", "clinician", "date", "signature", "words",
)  # fmt: skip


def consent_page(plan: Plan, concern: ConcernPlan, option: Option, signing: Signing | None = None) -> ConsentPage:
    """Return the form's context, signed or to be signed.

    Raises
    ------
    ValueError : no device is used, so that nothing of it is explained here.
    """
    if option.setup is None:
        raise ValueError(f"{option.modality} uses no device")
    harms, untreated = harms_of(option), _untreated(concern)
    return ConsentPage(
        banner=say("consent.banner"),
        plan_sha256=plan.plan_sha256,
        foot=say("consent.foot", version=plan.version),
        title=say("consent.title", choice=choice_name(option), concern=concern_name(concern)),
        label=say("consent.label", label=signing.label) if signing else "",
        aim=tuple(_aim(plan, concern, option, option.setup)),
        caution=say(f"consent.caution_{plan.suitability.decision.replace('-', '_')}"),
        choices=_choices(concern, option),
        others=_others(concern),
        results=tuple(_result(pct, option, untreated) for pct in _THRESHOLDS),
        results_about=" ".join(_results_about(option)),
        common=harms.common,
        rare=harms.rare,
        lasting=harms.lasting,
        uncounted=harms.uncounted,
        own=own_harms_told(plan),
        healing=_healing(option),
        aftercare=tuple(dict.fromkeys(one.message.text for one in plan.aftercare)) or told("aftercare"),
        call=(*advice_told(plan.when_to_call, "call"), phone_told(plan)),
        unknowns=tuple(_unknowns(plan, untreated)),
        permissions=tuple(_permission(use, signing) for use in PERMISSIONS),
        questions=tuple(_answered(plan, option, signing)),
        told=say("consent.told", on=signing.told[-1].on, by=signing.told[-1].by) if signing else "",
        agreement=agreement(_days(signing)),
        points=tuple(one.message.text for one in plan.consent),
        person=signing.person if signing else "",
        clinician=signing.clinician if signing else "",
        date=Formatter().date(signing.on) if signing else "",
        signature=SIGNATURE if signing and signing.strokes else "",
        words=words("consent"),
    )


def concern_name(concern: ConcernPlan) -> str:
    """Return condition and site in plain words."""
    name = plain("condition", concern.condition, concern.title)
    return say("leaflet.concern_at_site", concern=within(name), site=plain("site", concern.site))


def laser_name(option: Option, setup: Setup) -> str:
    """Return a choice in plain words, with its light."""
    return say("leaflet.choice_light", choice=choice_name(option), light=light_in_words(setup))


def cooling_off_days() -> int:
    """Return the days to think between the talk and the signature, where a clinic says nothing else."""
    return int(shipped_table("data/consent.toml")["cooling_off"]["days"])


def agreement(days: tuple[datetime.date, datetime.date] | None = None) -> tuple[str, ...]:
    """Return what a signature says; with the days of the talk and of the signature, once both are known."""
    first, second, last = (say(f"consent.agreement_{number}") for number in (1, 2, 4))
    if days is None:
        return first, second, say("consent.agreement_3", days=cooling_off_days()), last
    return first, second, say("consent.agreement_dates", talked=days[0], signed=days[1]), last


def sentences_of(page: ConsentPage) -> list[str]:
    """Return every running sentence for the patient, for the reading age; names and numbers in tables are none."""
    found: list[str] = []
    for name in (field.name for field in fields(page) if field.name not in _NOT_SENTENCES):
        value = getattr(page, name)
        found += [value] if isinstance(value, str) else value
    found += [one.text for one in page.permissions]
    found += [line for one in page.questions for line in (one.question, *one.answers)]
    return [line for line in found if line]


def _aim(plan: Plan, concern: ConcernPlan, option: Option, setup: Setup) -> Iterator[str]:
    for part in ("is", "can", "cannot"):
        yield plain(part, concern.condition, concern.can.text)
    yield say("consent.aim_choice", choice=laser_name(option, setup), device=setup.device_title)
    if isinstance(option.sessions, Unknown):
        yield say("consent.aim_visits_unknown")
    else:
        visits = range_in_words(option.sessions)
        yield say("consent.aim_visits_one") if visits == "1" else say("consent.aim_visits", visits=visits)
    asked = (setup.device, setup.wavelength_nm, concern.site)
    if any((one.device, one.wavelength_nm, one.site) == asked for one in plan.test_spots):
        yield say("consent.aim_spots")


def _choices(concern: ConcernPlan, chosen: Option) -> tuple[ChoiceRow, ...]:
    """The choices that a leaflet draws; the one that is agreed to is always among them, the first."""
    drawn, _ = options_table(concern)
    listed = [chosen, *(option for option in drawn if option != chosen)]
    return tuple(_choice(option, own=option == chosen) for option in listed)


def _choice(option: Option, *, own: bool) -> ChoiceRow:
    key, _, p = worst_harm(option)
    name = choice_name(option) if option.setup is None else laser_name(option, option.setup)
    nothing = option.modality == _NO_TREATMENT
    bad = say("leaflet.none") if nothing else f"{harm_in_words(key)}: {_spread(p)}" if key else say("leaflet.not_known")
    return ChoiceRow(capital(name), _spread(good_of(option)), bad, own)


def _others(concern: ConcernPlan) -> str:
    _, named = options_table(concern)
    return say("consent.more", names=join(dict.fromkeys(map(choice_name, named)))) if named else ""


def _untreated(concern: ConcernPlan) -> Option | None:
    return next((option for option in concern.options if option.modality == _NO_TREATMENT), None)


def _result(pct: str, option: Option, untreated: Option | None) -> ResultRow:
    nothing = say("leaflet.not_known") if untreated is None else _spread(good_of(untreated, pct))
    return ResultRow(say(f"consent.better_{pct}"), _spread(good_of(option, pct)), nothing)


def _results_about(option: Option) -> Iterator[str]:
    if isinstance(good_of(option), Unknown):
        yield say("consent.results_unknown")
    else:
        yield say("consent.results_about")
        yield seen_after([option])


def _spread(p: Value) -> str:
    span = span_in_words(p)
    return say("consent.range", people=of_100(p), span=span) if span else of_100(p)


def _healing(option: Option) -> tuple[str, ...]:
    return (*(showing_told(option) or (say("consent.after_unknown"),)), *pain_and_bruise_told(option))


def _unknowns(plan: Plan, untreated: Option | None) -> Iterator[str]:
    yield from scars_told(plan)
    if untreated is None or isinstance(good_of(untreated), Unknown):
        yield say("consent.unknown_untreated")
    yield from told("unknown")


def _permission(use: str, signing: Signing | None) -> Permission:
    given = "" if signing is None else say("consent.yes" if use in signing.photographs else "consent.no")
    return Permission(say(f"consent.permission_{use}"), given)


def _answered(plan: Plan, option: Option, signing: Signing | None) -> Iterator[Answered]:
    for one in teach_back(plan, option):
        if signing is None:
            yield Answered(one.question, one.answers, "")
        else:
            yield Answered(one.question, (one.answers[one.right],), tries_told(one.id, signing.told))


def tries_told(question: str, told: Sequence[Told]) -> str:
    """Return at which try a question was answered rightly, and what was said before that."""
    wrong = [time.wrong[question].rstrip(".") for time in told if question in time.wrong]
    if not wrong:
        return say("consent.tries", tries=1)
    return say("consent.tries_after", tries=len(wrong) + 1, said="; ".join(wrong))


def _days(signing: Signing | None) -> tuple[datetime.date, datetime.date] | None:
    return None if signing is None else (signing.explained, signing.on)
