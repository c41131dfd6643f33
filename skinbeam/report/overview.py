"""Build the overview on the first page: options in one line, leading reasons, and concerns without a laser."""

from collections.abc import Sequence
from typing import Final

from skinbeam.course.setting_words import describe_train
from skinbeam.evidence.expectation.expectation import DosePlacement
from skinbeam.evidence.studies.trial_table import treatment_arms
from skinbeam.laser.beam import coverage_pct
from skinbeam.laser.device import describe_window
from skinbeam.model.document import dataclass_fields
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.vocabulary import COLOUR_MODALITIES, PHOTOTYPES, laser_modalities
from skinbeam.plan_records.course import DeviceSetup
from skinbeam.plan_records.plan import Assessment, ConcernPlan, NearestOption, Option
from skinbeam.report.context import DisplayValue, NearestPart, OptionGlance, ShareBar
from skinbeam.report.formatting import (
    capitalise,
    concern_name,
    device_name,
    display_value,
    inline_name,
    join_items,
    option_slug,
    option_title,
    people_of_100,
    per_100,
    quantity_label,
    ranked_options,
    report_text,
    showing_days,
    showing_days_brief,
    showing_days_in_words,
    value_sentence,
)
from skinbeam.report.outcomes import improved_share, worst_harm
from skinbeam.report.plain_words import choice_name, harm_in_words, is_done_at_home, plain_name, range_in_words
from skinbeam.suitability.judgement import Suitability
from skinbeam.suitability.table import RuleReason, decision_severity
from skinbeam.text import Formatter, catalogue, render_message, translate

__all__ = [
    "REASONS_LED",
    "are_ruled_out",
    "cause_without_laser",
    "colour_may_change",
    "decision_without_laser",
    "empty_glance",
    "evidence_lines",
    "leading_reasons",
    "nearest_setting",
    "no_laser_headline",
    "option_glance",
    "possible_changes",
    "reason_weight",
    "setting_line",
    "share_bar",
    "spoken_summary",
]

_SAME_NM = 5.0


def evidence_lines(concern: ConcernPlan, option: Option | NearestOption, phototype: str | None) -> tuple[str, str]:
    """Return the strength of evidence for an option in two short texts.

    The first counts trials and people for this condition; the second counts the trials with this light and phototype
    and says how near their dose is. Both are empty where no trial stands behind the good share.
    """
    studies = option.expected.studies
    if not studies or not isinstance(improved_share(option), Estimate):
        return "", ""
    parts = []
    behind = {study.study for study in studies}
    of_these = [arm for arm in treatment_arms(concern.condition, option.modality) if arm.study in behind]
    if option.setup is not None:
        nm = option.setup.wavelength_nm
        same = {a.study for a in of_these if a.wavelength_nm is not None and abs(a.wavelength_nm - nm) <= _SAME_NM}
        parts.append(report_text("evidence_light", studies=len(same)))
    if phototype in PHOTOTYPES:
        place = PHOTOTYPES.index(phototype)
        such = {a.study for a in of_these if a.phototypes is not None and a.phototypes[0] <= place <= a.phototypes[1]}
        parts.append(report_text("evidence_phototype", studies=len(such), phototype=phototype))
    dose = option.expected.dose
    if isinstance(dose, DosePlacement):
        parts.append(report_text(f"evidence_dose_{dose.where.replace('-', '_')}"))
    return report_text("studies", studies=len(studies), patients=sum(study.patients for study in studies)), join_items(
        parts
    )


# Order of the reasons of a decision: those that change the treatment most come first.

REASONS_LED: Final = 3

_WAITS: Final = frozenset(
    {
        "earlier-pale-mark",
        "earlier-scar",
        "earlier-unread",
        "isotretinoin-deep-peel",
        "isotretinoin-six-months",
        "isotretinoin-year-full-field",
    }
)
_BEFORE: Final = frozenset(
    {
        "anaesthetic-risk",
        "antithrombotic",
        "antiviral-around-mouth",
        "antiviral-history",
        "cold-sores-without-laser",
        "corneal-shields",
        "dark-marks-topicals-first",
        "earlier-columns",
        "earlier-injury",
        "earlier-sign",
        "eyewear-around-eyes",
        "herpes-other-lasers",
        "keloid-first-line",
        "keloid-other-lasers",
        "medication-not-checked",
        "melasma-topicals-first",
        "photosensitiser-cautioned",
        "raised-scars",
        "tattoo",
    }
)


def reason_weight(reason: RuleReason) -> tuple[int, int]:
    """Return the sort key of a reason, smallest first.

    Refusals come before referrals, then rules that postpone treatment, steps before the first pulse, changed settings,
    and other cautions.
    """
    does = 0 if reason.rule in _WAITS else 1 if reason.rule in _BEFORE else 2 if reason.bounds else 3
    return -decision_severity(reason.decision), does


def leading_reasons(openings: Sequence[str], deciding_count: int) -> list[int]:
    """Return the places of the leading reasons: all deciding ones, then the first of each topic up to `REASONS_LED`.

    Parameters
    ----------
    openings : how each reason begins, by weight; the text before a colon is its topic.
    deciding_count : how many of the first ones refuse or refer; all of them lead.
    """
    topics: dict[str, int] = {}
    for place, begin in enumerate(openings):
        topics.setdefault(begin.partition(":")[0], place)
    fill = [place for place in topics.values() if place >= deciding_count][: max(0, REASONS_LED - deciding_count)]
    return [*range(deciding_count), *fill]


# An option in one line: settings, good and bad outcome of 100 people, visits, days, evidence.

_NO_TREATMENT = "no-treatment"
_SETTING_ORDER = ("fluence_J_cm2", "energy_mJ", "diameter_um", "density_per_cm2", "spot_mm", "pulse_ms")


def option_glance(concern: ConcernPlan, option: Option, phototype: str | None = None) -> OptionGlance:
    """Return an option in one line; where the phototype is known, its evidence counts the trials of such skin."""
    key, p = worst_harm(option)
    harm = harm_in_words(key)
    good, bad = per_100(improved_share(option)), per_100(p)
    nothing = report_text("leaflet.none") if option.modality == _NO_TREATMENT else ""
    glanced = {
        "good": good,
        "bad": DisplayValue(report_text("harm_share", harm=capitalise(harm), share=bad.text), "", True)
        if bad.is_known
        else bad,
        "sessions": DisplayValue(nothing, "", True) if nothing else display_value(option.sessions),
        "downtime": DisplayValue(nothing, "", True) if nothing else showing_days(option),
    }
    has_values = any(value.is_known for value in glanced.values())
    if is_done_at_home(option):  # whatever it does, it takes no visits
        glanced["sessions"] = DisplayValue(report_text("brief_at_home"), "", True)
    trials, evidence = evidence_lines(concern, option, phototype)
    setting = "" if option.setup is None else setting_line(option.setup)
    return OptionGlance(
        anchor=f"option-{option_slug(concern, option)}",
        no_laser_headline="",
        concern=concern_name(concern),
        option=join_items([option_title(option), device_name(option)]),
        name=device_name(option) or option_title(option),
        setting=join_items(filter(None, (setting, report_text("beyond_practice") if option.beyond_practice else ""))),
        has_values=has_values,
        good_span=share_bar(improved_share(option)),
        bad_name=harm if bad.is_known else "",
        bad_span=share_bar(p),
        visits=nothing or (report_text("brief_at_home") if is_done_at_home(option) else _visits(option)),
        days=nothing or showing_days_brief(option),
        trials=trials,
        evidence=evidence,
        **{
            name: DisplayValue(value.text, "", value.is_known) for name, value in glanced.items()
        },  # notes are on the option's card
    )


def empty_glance(concern: ConcernPlan) -> OptionGlance:
    """Return the line of a concern of which no treatment is compared: what it is must be known first."""
    unknown = DisplayValue("", "", False)
    return OptionGlance(
        anchor="",
        no_laser_headline="",
        concern=concern_name(concern),
        option=report_text("glance_examined_first"),
        name="",
        setting="",
        has_values=False,
        good=unknown,
        bad=unknown,
        sessions=unknown,
        downtime=unknown,
        trials="",
        evidence="",
        good_span=None,
        bad_name="",
        bad_span=None,
        visits="",
        days="",
    )


def share_bar(p: Value) -> ShareBar | None:
    """Return a share of people as a bar; None where it is unknown."""
    if isinstance(p, Unknown):
        return None
    low, median, high = (round(100 * x, 1) for x in (p.low, p.median, p.high))
    return ShareBar(low, median, high, people_of_100(p.median), per_100(p).text)


def _visits(option: Option) -> str:
    sessions = option.sessions
    if isinstance(sessions, Unknown):
        return ""
    low, high = (display_value(end).text for end in (sessions.low, sessions.high))
    return low if low == high else report_text("brief_range", low=low, high=high)


def setting_line(setup: DeviceSetup) -> str:
    """Return the settings of a device as clinicians say them: dose, density, spot, pulse, passes and cooling."""
    settings = setup.settings
    columns = {} if settings.columns is None else dataclass_fields(settings.columns)
    values = {
        "fluence_J_cm2": settings.fluence_J_cm2,
        **columns,
        "spot_mm": settings.spot_mm,
        "pulse_ms": settings.pulse_ms,
    }
    parts = [
        describe_window(settings.footprint_mm)
        if name == "spot_mm" and settings.footprint_mm is not None
        else describe_train(settings)
        if name == "pulse_ms" and settings.subpulse_delay_ms is not None
        else display_value(values[name], quantity_label(name)[1]).text
        for name in _SETTING_ORDER
        if values.get(name) is not None
    ]
    if settings.columns is not None:
        share = coverage_pct(settings.columns.diameter_um, settings.columns.density_per_cm2)
        parts.append(render_message("setting.coverage", {"share": Formatter().number(share, digits=2)}))
    if settings.passes is not None and settings.passes > 1:
        parts.append(report_text("passes", passes=settings.passes))
    if settings.compression is not None:
        parts.append(report_text("pressed", what=translate(settings.compression)))
    if settings.cooling is not None:
        before, delay = (
            display_value(x, "ms").text for x in (settings.cooling.before_ms or 0.0, settings.cooling.delay_ms or 0.0)
        )
        spray = settings.cooling.kind == "spray"
        parts.append(
            report_text("cooled_by_spray", before=before, delay=delay)
            if spray
            else report_text("cooled_by", kind=translate(settings.cooling.kind))
        )
    return join_items(parts)


# Two plain sentences on a concern, to be read aloud.


def spoken_summary(concern: ConcernPlan) -> tuple[str, ...]:
    """Return two sentences: the first option and how many people it helps, then its harm, visits and days.

    Where a doctor has to examine the lesion first, that is the only sentence.
    """
    if concern.examination is not None:
        return (concern.examination.message.text,)
    first = ranked_options(concern)[0]
    return capitalise(_benefit_sentence(concern, first)), _cost_sentence(first)


def _benefit_sentence(concern: ConcernPlan, first: Option) -> str:
    name, choice = plain_name("condition", concern.condition, concern.title), choice_name(first)
    site = plain_name("site", concern.site)
    params = {"concern": inline_name(name), "site": site, "choice": inline_name(choice)}
    p = improved_share(first)
    if isinstance(p, Unknown):
        return report_text("aloud.helps_unknown", **params)
    shares = {"people": people_of_100(p.median), "low": people_of_100(p.low), "high": people_of_100(p.high)}
    if first.modality == _NO_TREATMENT:
        return report_text("aloud.nothing", concern=params["concern"], site=site, **shares)
    return report_text("aloud.helps", **params, **shares)


def _cost_sentence(first: Option) -> str:
    """Return the most frequent known harm, visits and days; unknown ones are named as unknown."""
    key, p = worst_harm(first)
    sessions, shows = first.sessions, first.shows_days
    at_home = is_done_at_home(first)
    if not at_home and isinstance(p, Unknown) and isinstance(sessions, Unknown) and isinstance(shows, Unknown):
        return report_text("aloud.costs_unknown")
    parts = [
        report_text("aloud.harm_unknown")
        if isinstance(p, Unknown)
        else report_text("aloud.harm", harm=harm_in_words(key), people=people_of_100(p.median)),
        report_text("aloud.at_home")
        if at_home
        else report_text("aloud.visits_unknown")
        if isinstance(sessions, Unknown)
        else report_text("aloud.visits", visits=range_in_words(sessions)),
        report_text("aloud.days_unknown")
        if isinstance(shows, Unknown)
        else report_text("aloud.days", days=showing_days_in_words(first)),
    ]
    return capitalise("; ".join(parts) + ".")


# A concern without a laser: the nearest setting, what barred it, and what could change that.

_SEARCH_REASONS = ("plan.too-weak", "plan.too-weak-undosed", "plan.no-safe-dose", "plan.no-dose-below-injury")
# Why a kind of laser is no choice of this clinic for a concern: no target, no such device, not at the site.
_NOT_USABLE: Final = ("condition-why.", "plan.no-device", "plan.not-at-site", "plan.other-clinic")
_COLOUR_REASONS = _SEARCH_REASONS[:3]


def no_laser_headline(concern: ConcernPlan) -> str:
    """Return that no laser is offered, or that no setting was found by the search; empty where a laser is offered."""
    if concern.first_laser is not None:
        return ""
    return report_text("no_setting_found" if _refusal_ids(concern) & set(_SEARCH_REASONS) else "no_laser_offered")


def are_ruled_out(concerns: Sequence[ConcernPlan]) -> bool:
    """Return whether no concern has a laser because rules refuse each that the clinic could use for it."""
    return bool(concerns) and all(concern.first_laser is None and _is_ruled_out(concern) for concern in concerns)


def _is_ruled_out(concern: ConcernPlan) -> bool:
    lasers = [option for option in concern.refused if option.modality in laser_modalities()]
    reasons = [{reason.id for reason in laser.reasons} for laser in lasers]
    usable = [ids for ids in reasons if not any(name.startswith(_NOT_USABLE) for name in ids)]
    return bool(usable) and all(any(name.startswith("rules.") for name in ids) for ids in usable)


# The plain reasons (`leaflet_no_laser`) that a search gave, and those of what light did to this skin before.
_SEARCHED: Final = (
    "no-safe-dose",
    "no-dose-below-injury",
    "published-dose-out-of-reach",
    "too-weak",
    "too-weak-undosed",
)
_LIGHT_BEFORE: Final = (
    "column-wound",
    "eye",
    "marked",
    "pale-mark",
    "removal-wound",
    "scar",
    "surface-mark",
    "surface-scar",
    "surface-wound",
    "too-little",
    "undosed",
    "unknown-device",
    "worse",
)


def cause_without_laser(concerns: Sequence[ConcernPlan]) -> str:
    """Return why no concern of a plan has a laser: ruled_out, no_setting, waits, no_machine or not_offered.

    A cause is named only where it is that of every concern; not_offered is true of any.
    """
    if are_ruled_out(concerns):
        return "ruled_out"
    causes = {_cause_of_concern(concern) for concern in concerns}
    return causes.pop() if len(causes) == 1 else "not_offered"


def _cause_of_concern(concern: ConcernPlan) -> str:
    named = {reason.text.id.removeprefix("leaflet_no_laser.") for reason in concern.no_laser}
    if not named.isdisjoint(_SEARCHED):
        return "no_setting"
    if not named.isdisjoint(_LIGHT_BEFORE):
        return "waits"
    others = (name for name in named if f"condition-why.{name}" not in catalogue() and name != "not-at-site")
    return "no_machine" if {*others} - {"other-clinic"} == {"no-device"} else "not_offered"


def decision_without_laser(concerns: Sequence[ConcernPlan], suitability: Suitability) -> tuple[str, str]:
    """Return a title that replaces the decision, and a text on the concerns without a laser.

    The title is empty unless no concern has a laser. Both are empty where all have one, or where a rule decides the
    whole case.
    """
    lost = {concern_name(concern): no_laser_headline(concern) for concern in concerns if concern.first_laser is None}
    if not lost or suitability.decision not in ("suitable", "with-caution"):
        return "", ""
    sentence = " ".join(
        report_text(
            "without_for", headline=head, concerns="; ".join(name for name, found in lost.items() if found == head)
        )
        for head in dict.fromkeys(lost.values())
    )
    return ("" if len(lost) < len(concerns) else next(iter(lost.values()))), sentence


def nearest_setting(concern: ConcernPlan, person: Assessment) -> NearestPart | None:
    """Return the setting nearest to being offered; None where none was tried, or a laser is offered."""
    near = concern.nearest
    if near is None:
        return None
    phototype = None if isinstance(person.phototype, Unknown) else person.phototype
    half = improved_share(near)
    counted = report_text("nearest_trials", share=per_100(half).text)
    evidence = join_items(evidence_lines(concern, near, phototype))
    return NearestPart(
        summary=_nearest_summary(near, person),
        setting=report_text("nearest_setting", device=device_name(near), setting=setting_line(near.setup)),
        target_share=report_text(
            "nearest_reached",
            share=per_100(near.p_effective).text,
            required=per_100(near.p_effective_required).text,
        ),
        obstacle=_bar_reason(near),
        practice=near.practice.text,
        trials=value_sentence(half) if isinstance(half, Unknown) else counted,
        evidence=evidence,
        span=share_bar(half),
    )


def colour_may_change(concern: ConcernPlan, person: Assessment) -> bool:
    """Return whether measuring the skin colour could lead to a laser: a guess from the phototype spans many skins.

    Only light that pigment absorbs depends on it; water absorbs that of fractional and ablative lasers.
    """
    by_colour = [refused for refused in concern.refused if refused.modality in COLOUR_MODALITIES]
    reasons = {reason.id for refused in by_colour for reason in refused.reasons}
    return concern.first_laser is None and _is_colour_guessed(person) and bool(reasons & set(_COLOUR_REASONS))


def possible_changes(concern: ConcernPlan, person: Assessment) -> tuple[str, ...]:
    """Return what a clinic can do so that a laser could be offered for a concern that has none."""
    changes = [report_text("change_colour")] if colour_may_change(concern, person) else []
    if concern.first_laser is None and "plan.too-weak-undosed" in _refusal_ids(concern):
        changes.append(report_text("change_clinic"))
    return tuple(changes)


def _nearest_summary(near: NearestOption, person: Assessment) -> str:
    """Return why no laser is offered, in one sentence: the sufficient dose is above the greatest allowed one."""
    enough, most = near.reaching_J_cm2, near.setup.settings.fluence_J_cm2
    if near.limit is None or most is None or not isinstance(enough, float):
        return report_text("nearest_summary_other")
    doses = {"enough": display_value(enough, "J/cm²").text, "most": display_value(most, "J/cm²").text}
    return report_text("nearest_summary_guessed" if _is_colour_guessed(person) else "nearest_summary", **doses)


def _bar_reason(near: NearestOption) -> str:
    """Return what bars the dose that would be enough, or that there is no such dose."""
    enough = near.reaching_J_cm2
    if isinstance(enough, Unknown):
        return value_sentence(enough)
    if enough is None:
        return report_text("nearest_barred_columns", why=near.why.text)
    required = per_100(near.p_effective_required).text
    return report_text("nearest_barred", dose=display_value(enough, "J/cm²").text, required=required, why=near.why.text)


def _is_colour_guessed(person: Assessment) -> bool:
    """Return whether the skin colour is known from the phototype alone."""
    return isinstance(person.ita_deg, Unknown)


def _refusal_ids(concern: ConcernPlan) -> set[str]:
    """Return the message ids of the reasons for which lasers were refused."""
    return {reason.id for refused in concern.refused for reason in refused.reasons}
