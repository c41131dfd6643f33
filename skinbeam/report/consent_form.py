"""Build the consent form of one choice from a plan, in the plain words of the leaflet: page, teach-back questions, PDF.

The form covers benefit, risks, alternatives and doing nothing, as the rules of a plan require (`plan.consent`). What
they ask of the clinician stands in the report and in the app, and not on the paper that the patient takes home.
"""

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from skinbeam.evidence.studies.outcomes import LASTING_HARMS
from skinbeam.model.document import sha256_hex
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.package_data import load_package_table
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.consent_context import (
    PHOTO_PERMISSIONS,
    ChoiceRow,
    ClinicPart,
    ConsentPage,
    ConsentSignature,
    PhotoPermission,
    ResultRow,
    Stroke,
    TeachBackQuestion,
    TeachBackResult,
    TeachBackTry,
)
from skinbeam.report.formatting import (
    capitalise,
    inline_name,
    join_items,
    report_text,
    section_texts,
    showing_days_in_words,
    showing_sentences,
)
from skinbeam.report.leaflet.choices import (
    combined_sentence,
    follow_up_sentence,
    option_name,
    options_table,
    other_light_sentence,
)
from skinbeam.report.outcomes import fault_values, harm_values, improved_share, worst_harm
from skinbeam.report.pdf import print_page
from skinbeam.report.plain_words import (
    choice_name,
    harm_in_words,
    is_under_one,
    light_harm_sentences,
    light_in_words,
    numbered_sentences,
    own_harm_sentences,
    pain_and_bruise_sentences,
    phone_line,
    plain_name,
    planned_visit_sentences,
    range_in_words,
    scar_sentences,
    share_of_100,
    slow_healing_sentences,
    slow_result_sentences,
    span_in_words,
)
from skinbeam.text import Formatter, render_message

__all__ = [
    "SIGNATURE",
    "HarmLists",
    "agreement_text",
    "consent_page",
    "cooling_off_days",
    "laser_name",
    "lasting_harm_names",
    "list_harms",
    "make_consent",
    "plain_concern_name",
    "teach_back_questions",
    "tries_in_words",
]

# What may show for months: beside what the plan calls lasting, redness that trials call prolonged, and thinned skin.
_MAY_STAY: Final = (*LASTING_HARMS, "prolonged-erythema", "atrophy")
_FAULTS = {"burn-if-cooling-fails": "fault_cooling"}  # faults that the person can feel and report at once


@dataclass(frozen=True)
class HarmLists:
    """The harms of an option as sentences, without duplicates, by group."""

    common: tuple[str, ...]
    rare: tuple[str, ...]
    lasting: tuple[str, ...]
    uncounted: tuple[str, ...]


def list_harms(option: Option) -> HarmLists:
    """Return the harms of an option: common, rare, lasting, uncounted.

    Lasting harms have a group of their own, counted or not; harm after a fault is modelled and is among the uncounted.
    A bruise is modelled, too, and stands where its share puts it.
    """
    harms: dict[str, list[str]] = {"common": [], "rare": [], "lasting": [], "uncounted": []}
    for key, p in harm_values(option):
        harms[_harm_group(key, p)].append(_harm_sentence(harm_in_words(key), p))
    is_counted = any(key == "purpura" for key, _ in harm_values(option))
    if option.purpura_days is not None and option.p_purpura is not None and not is_counted:
        bruise = _harm_sentence(harm_in_words("purpura"), option.p_purpura)
        is_modelled = isinstance(option.p_purpura, Estimate)
        harms[_harm_group("purpura", option.p_purpura)].append(
            report_text("consent.harm_bruise", harm=bruise) if is_modelled else bruise
        )
    harms["uncounted"] += [
        render_message(
            "consent.harm_modelled", {"harm": render_message(f"leaflet.{_FAULTS[name]}", {"people": share_of_100(p)})}
        )
        for name, p in fault_values(option)
        if name in _FAULTS
    ]
    return HarmLists(**{group: tuple(dict.fromkeys(lines)) for group, lines in harms.items()})


def lasting_harm_names(option: Option) -> tuple[str, ...]:
    """Return the plain names of the harms of an option that may last, counted or not."""
    return tuple(dict.fromkeys(harm_in_words(key) for key, _ in harm_values(option) if key in _MAY_STAY))


def _harm_group(key: str, p: Value) -> str:
    if key in _MAY_STAY:
        return "lasting"
    if isinstance(p, Unknown):
        return "uncounted"
    return "rare" if is_under_one(p) else "common"


def _harm_sentence(name: str, p: Value) -> str:
    if isinstance(p, Estimate):
        span = span_in_words(p)
        params = {"harm": capitalise(name), "people": share_of_100(p)}
        return report_text("consent.harm_range", span=span, **params) if span else report_text("consent.harm", **params)
    return report_text("consent.harm_unknown", harm=capitalise(name))


_BLISTERS_AT_ONCE: Final = "call-vessels"  # the rule of data/rules.toml that names blisters with the most haste


# Teach-back questions. They show what was not understood while it can still be explained.


def teach_back_questions(plan: Plan, option: Option) -> tuple[TeachBackQuestion, ...]:
    """Return the teach-back questions of an option, each with one right answer, whose place depends on the plan alone.

    A wrong answer is explained again and the question is repeated.
    """
    return tuple(_question(plan, id, right) for id, right in _answers(plan, option))


def _answers(plan: Plan, option: Option) -> Iterator[tuple[str, str]]:
    """Yield name and right answer of each question that the plan can answer."""
    yield "free", report_text("consent.question_free_right")
    good = improved_share(option)
    unknown = isinstance(good, Unknown)
    yield (
        "half",
        report_text("consent.question_half_unknown")
        if unknown
        else report_text("consent.question_half_right", people=share_of_100(good)),
    )
    if isinstance(option.shows_days, Unknown):
        yield "days", report_text("consent.question_days_unknown")
    else:
        yield "days", report_text("consent.question_days_right", days=capitalise(showing_days_in_words(option)))
    if lasting := lasting_harm_names(option):
        yield "lasting", report_text("consent.question_lasting_right", harms=join_items(lasting))
    if plan.when_to_call:
        at_once = _must_call_at_once(plan, option)
        yield "call", report_text("consent.question_call_right_at_once" if at_once else "consent.question_call_right")


def _must_call_at_once(plan: Plan, option: Option) -> bool:
    """Return whether the form of an option says to call at once if the skin blisters, and not only the same day."""
    treated = [concern for concern in plan.concerns if option in concern.options]
    return any(
        advice.rule == _BLISTERS_AT_ONCE
        for concern in treated
        for advice in plan.care_after(concern, option).when_to_call
    )


def _question(plan: Plan, id: str, right: str) -> TeachBackQuestion:
    answers = [report_text(f"consent.question_{id}_wrong_1"), report_text(f"consent.question_{id}_wrong_2")]
    place = int(sha256_hex(f"{plan.plan_sha256} {id}".encode())[:8], 16) % 3
    answers.insert(place, right)
    return TeachBackQuestion(id, report_text(f"consent.question_{id}"), tuple(answers), place)


# The page.

SIGNATURE = "signature.svg"
_THRESHOLDS = ("25", "50", "75")
_NO_TREATMENT = "no-treatment"


def consent_page(
    plan: Plan,
    concern: ConcernPlan,
    option: Option,
    signing: ConsentSignature | None = None,
    clinic_parts: Sequence[ClinicPart] = (),
    clinic: str = "",
) -> ConsentPage:
    """Return the form's context, signed or to be signed.

    Parameters
    ----------
    clinic_parts : what the clinic adds in its own words; nothing of the form can be left out or changed by it.
    clinic : the name of the clinic that asks for the consent.

    Raises
    ------
    ValueError : the option uses no device, so the form does not apply.
    """
    if option.setup is None:
        raise ValueError(f"{option.modality} uses no device")
    harms, untreated, care = list_harms(option), _untreated_option(concern), plan.care_after(concern, option)
    return ConsentPage(
        banner=report_text("consent.banner"),
        plan_sha256=plan.plan_sha256,
        footer=report_text("consent.foot", version=plan.version),
        title=report_text("consent.title", choice=choice_name(option), concern=plain_concern_name(concern)),
        label=" · ".join(filter(None, (clinic, report_text("consent.label", label=signing.label) if signing else ""))),
        aim=tuple(_aim(plan, concern, option, option.setup)),
        caution=report_text(f"consent.caution_{plan.suitability.decision.replace('-', '_')}"),
        choices=_choice_rows(concern, option),
        other_choices=_other_choices(concern, option),
        results=tuple(_result_row(pct, option, untreated) for pct in _THRESHOLDS),
        results_note=" ".join(filter(None, _results_about(option))),
        common_harms=harms.common,
        rare_harms=harms.rare,
        lasting_harms=harms.lasting,
        uncounted_harms=harms.uncounted,
        personal_harms=(*own_harm_sentences(plan), *light_harm_sentences([option], concern.site)),
        healing=_healing(concern, option),
        aftercare=care.aftercare_sentences or numbered_sentences("aftercare"),
        call_advice=(
            *(care.call_sentences or numbered_sentences("call")),
            phone_line(plan),
        ),
        unknowns=tuple(_unknowns(plan, untreated)),
        clinic_parts=tuple(clinic_parts),
        permissions=tuple(_permission(use, signing) for use in PHOTO_PERMISSIONS),
        questions=tuple(_teach_back_results(plan, option, signing)),
        teach_back_note=report_text(
            "consent.told", on=signing.teach_back_tries[-1].date, by=signing.teach_back_tries[-1].clinician
        )
        if signing
        else "",
        agreement=agreement_text((signing.explained_on, signing.signed_on) if signing else None),
        person=signing.person if signing else "",
        clinician=signing.clinician if signing else "",
        date=Formatter().date(signing.signed_on) if signing else "",
        signature=SIGNATURE if signing and signing.strokes else "",
        words=section_texts("consent"),
    )


def plain_concern_name(concern: ConcernPlan) -> str:
    """Return condition and site in plain words."""
    name = plain_name("condition", concern.condition, concern.title)
    return report_text("leaflet.concern_at_site", concern=inline_name(name), site=plain_name("site", concern.site))


def laser_name(option: Option, setup: DeviceSetup) -> str:
    """Return a choice in plain words, with its light."""
    return report_text("leaflet.choice_light", choice=choice_name(option), light=light_in_words(setup))


def cooling_off_days() -> int:
    """Return the default number of days to think between the talk and the signature."""
    return int(load_package_table("data/consent.toml")["cooling_off"]["days"])


def agreement_text(days: tuple[datetime.date, datetime.date] | None = None) -> tuple[str, ...]:
    """Return the sentences that the signature confirms.

    Parameters
    ----------
    days : the days of the talk and of the signature, once both are known.
    """
    first, second, last = (report_text(f"consent.agreement_{number}") for number in (1, 2, 4))
    if days is None:
        return first, second, report_text("consent.agreement_3", days=cooling_off_days()), last
    talked, signed = days
    thought = (signed - talked).days
    if thought < 1:
        return first, second, report_text("consent.agreement_same_day", signed=signed), last
    dates = report_text("consent.agreement_dates", talked=talked, signed=signed)
    if thought >= cooling_off_days():
        return first, second, dates, last
    return first, second, dates, report_text("consent.agreement_short", days=thought, usual=cooling_off_days()), last


def _aim(plan: Plan, concern: ConcernPlan, option: Option, setup: DeviceSetup) -> Iterator[str]:
    for part in ("is", "can", "cannot"):
        yield plain_name(part, concern.condition, concern.can.text)
    yield report_text("consent.aim_choice", choice=laser_name(option, setup), device=setup.device_title)
    if option.beyond_practice:
        yield report_text("consent.aim_beyond")
    yield report_text("consent.aim_eyes")
    if concern.is_done:
        yield report_text("consent.aim_done")
        return
    is_first = concern.first_laser is not None and concern.first_laser[0] == option
    planned = tuple(planned_visit_sentences(concern, plan)) if is_first else ()
    visits = None if isinstance(option.sessions, Unknown) else range_in_words(option.sessions)
    if visits is None:
        yield report_text("consent.aim_visits_unknown")
    elif visits == "1":
        yield report_text("consent.aim_visits_one")
    else:
        yield report_text("consent.aim_visits_usual" if planned else "consent.aim_visits", visits=visits)
    yield from planned[1:] if visits == "1" else planned  # a single visit is reported already
    spots = sum(len(ladder.spots) for ladder in plan.test_spots if ladder.tries(setup, concern.site))
    if spots:
        yield report_text("consent.aim_spot" if spots == 1 else "consent.aim_spots")


def _choice_rows(concern: ConcernPlan, chosen: Option) -> tuple[ChoiceRow, ...]:
    """Return the choices that the leaflet draws, with the chosen one always included and first."""
    drawn, _ = options_table(concern)
    listed = [chosen, *(option for option in drawn if option != chosen)]
    return tuple(_choice_row(option, option_name(option, listed), own=option == chosen) for option in listed)


def _choice_row(option: Option, name: str, *, own: bool) -> ChoiceRow:
    key, p = worst_harm(option)
    bad = f"{harm_in_words(key)}: {_spread(p)}" if key else report_text("leaflet.not_known")
    return ChoiceRow(capitalise(name), _spread(improved_share(option)), bad, own)


def _other_choices(concern: ConcernPlan, chosen: Option) -> str:
    """Return the choices that have no row; one of a kind that has a row is named with its light."""
    drawn, named = options_table(concern)
    others = [option for option in named if option != chosen]
    in_rows = {choice_name(option) for option in (chosen, *drawn)}
    every = [chosen, *drawn, *others]
    names = (option_name(one, every) if choice_name(one) in in_rows else choice_name(one) for one in others)
    return report_text("consent.more", names=join_items(dict.fromkeys(names))) if others else ""


def _untreated_option(concern: ConcernPlan) -> Option | None:
    return next((option for option in concern.options if option.modality == _NO_TREATMENT), None)


def _result_row(pct: str, option: Option, untreated: Option | None) -> ResultRow:
    nothing = report_text("leaflet.not_known") if untreated is None else _spread(improved_share(untreated, pct))
    return ResultRow(report_text(f"consent.better_{pct}"), _spread(improved_share(option, pct)), nothing)


def _results_about(option: Option) -> Iterator[str]:
    if isinstance(improved_share(option), Unknown):
        yield report_text("consent.results_unknown")
    else:
        yield report_text("consent.results_about")
        yield follow_up_sentence([option])
        yield combined_sentence([option])
        yield other_light_sentence([option])


def _spread(p: Value) -> str:
    span = span_in_words(p)
    return report_text("consent.range", people=share_of_100(p), span=span) if span else share_of_100(p)


def _healing(concern: ConcernPlan, option: Option) -> tuple[str, ...]:
    shown = showing_sentences(option)
    days = (*shown, *slow_healing_sentences(concern, option)) if shown else (report_text("consent.after_unknown"),)
    return (*days, *pain_and_bruise_sentences(option), *slow_result_sentences(option))


def _unknowns(plan: Plan, untreated: Option | None) -> Iterator[str]:
    yield from scar_sentences(plan)
    if untreated is None or isinstance(improved_share(untreated), Unknown):
        yield report_text("consent.unknown_untreated")
    yield from numbered_sentences("unknown")


def _permission(use: str, signing: ConsentSignature | None) -> PhotoPermission:
    given = "" if signing is None else report_text("consent.yes" if use in signing.permitted_uses else "consent.no")
    return PhotoPermission(report_text(f"consent.permission_{use}"), given)


def _teach_back_results(plan: Plan, option: Option, signing: ConsentSignature | None) -> Iterator[TeachBackResult]:
    for question in teach_back_questions(plan, option):
        if signing is None:
            yield TeachBackResult(question.question, question.answers, "")
        else:
            yield TeachBackResult(
                question.question,
                (question.answers[question.right_index],),
                tries_in_words(question.id, signing.teach_back_tries),
            )


def tries_in_words(question: str, tries: Sequence[TeachBackTry]) -> str:
    """Return at which try a question was answered correctly, and the wrong answers before that."""
    wrong = [time.wrong_answers[question].rstrip(".") for time in tries if question in time.wrong_answers]
    if not wrong:
        return report_text("consent.tries", tries=1)
    return report_text("consent.tries_after", tries=len(wrong) + 1, said="; ".join(wrong))


# The PDF.

_WIDTH, _HEIGHT = 300, 100


def make_consent(
    plan: Plan,
    concern: ConcernPlan,
    option: Option,
    signing: ConsentSignature | None = None,
    clinic_parts: Sequence[ClinicPart] = (),
    clinic: str = "",
) -> bytes:
    """Return the consent form of an option as PDF, signed or to be signed; the same input gives the same bytes.

    Parameters
    ----------
    clinic_parts, clinic : as for `consent_page`.

    Raises
    ------
    ValueError : the option uses no device; a stroke leaves its field.
    """
    strokes = signing.strokes if signing else ()
    drawn = {SIGNATURE: _signature_svg(strokes).encode()} if strokes else {}
    return print_page("consent", consent_page(plan, concern, option, signing, clinic_parts, clinic), drawn)


def _signature_svg(strokes: tuple[Stroke, ...]) -> str:
    """Return the signature as SVG, built from numbers alone so that no submitted text gets into the file."""
    if not all(0 <= part <= 1 for stroke in strokes for point in stroke for part in point):
        raise ValueError("a stroke of the signature leaves its field")
    lines = (" ".join(f"{_WIDTH * x:.1f},{_HEIGHT * y:.1f}" for x, y in stroke) for stroke in strokes)
    drawn = "".join(
        f'<polyline points="{line}" fill="none" stroke="#1c2430" stroke-width="2" stroke-linecap="round"/>'
        for line in lines
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}">{drawn}</svg>'
