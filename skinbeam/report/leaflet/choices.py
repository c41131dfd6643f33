"""The choices of a concern in the leaflet, each with a good and a bad outcome of 100 people, drawn at the same size."""

from collections.abc import Sequence

from skinbeam.evidence.expectation.applicability import COMBINED_IN_ALL, OTHER_LIGHT
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.plan_records.course import SourceRange
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.report.context import LeafletChoice, LeafletOption, LeafletOutcome
from skinbeam.report.formatting import (
    capitalise,
    display_value,
    join_items,
    option_slug,
    people_of_100,
    ranked_options,
    report_text,
    showing_days_in_words,
)
from skinbeam.report.graphics.icons import IconArray, dot_array_svg
from skinbeam.report.outcomes import fault_values, harm_values, improved_share, worst_harm
from skinbeam.report.plain_words import (
    choice_key,
    choice_name,
    harm_in_words,
    is_done_at_home,
    is_under_one,
    light_in_words,
    plain_name,
    range_in_words,
    share_of_100,
    span_in_words,
)

__all__ = [
    "combined_sentence",
    "dot_files",
    "follow_up_sentence",
    "leaflet_choices",
    "leaflet_options",
    "option_name",
    "options_table",
    "other_light_sentence",
]

OPTIONS_IN_TABLE = 4  # columns of a page
_NO_TREATMENT = "no-treatment"
_FAULT = {"burn-if-cooling-fails": "leaflet.fault_cooling"}  # faults that the person can feel and report at once


def options_table(concern: ConcernPlan) -> tuple[list[Option], list[Option]]:
    """Return the choices that are drawn, no treatment the last of them, and those that are only named."""
    if concern.examination is not None:
        return [], []
    options = ranked_options(concern)
    none = [o for o in options if o.modality == _NO_TREATMENT]
    drawn = concern.first_options(OPTIONS_IN_TABLE - len(none))
    return [*drawn, *none], [o for o in options if o not in drawn and o not in none]


def leaflet_options(concern: ConcernPlan) -> tuple[LeafletOption, ...]:
    """Return the drawn choices of a concern as page records."""
    table, _ = options_table(concern)
    return tuple(_leaflet_option(concern, option, table) for option in table)


def dot_files(concern: ConcernPlan) -> dict[str, bytes]:
    """Return the dot pictures of every drawn choice, by file below the report's folder."""
    return {
        _file(concern, option, tone): dot_array_svg(array).encode()
        for option in options_table(concern)[0]
        for tone, array in _arrays(option).items()
    }


def follow_up_sentence(options: Sequence[Option]) -> str:
    """Return when the trials of these choices measured the result; empty where no number comes from a trial."""
    known = [option for option in options if isinstance(improved_share(option), Estimate)]
    spans = [option.followup_months for option in known]
    printed = [span for span in spans if not isinstance(span, Unknown)]
    if not printed:
        return report_text("leaflet.seen_unknown") if known else ""
    is_of_all = len(printed) == len(known)
    return " ".join([_time_of_results(printed), *([] if is_of_all else [report_text("leaflet.seen_not_all")])])


def _time_of_results(printed: Sequence[SourceRange]) -> str:
    low, high = round(min(span.low for span in printed)), round(max(span.high for span in printed))
    if high == 0:
        return report_text("leaflet.seen_at_end")
    if high == 1:
        months = report_text("leaflet.month")
    else:  # people read no number of zero months
        span = SourceRange(low or high, high, "months")
        months = report_text("leaflet.months", months=display_value(span).text)
    return report_text("leaflet.seen" if low else "leaflet.seen_from_end", months=months)


def combined_sentence(options: Sequence[Option]) -> str:
    """Return of which choices each number is of people who had another treatment, too; empty where of none."""
    return _sentence_of_warned(options, COMBINED_IN_ALL, some="leaflet.combined", one="leaflet.combined_one")


def other_light_sentence(options: Sequence[Option]) -> str:
    """Return of which choices each number is of people who were treated with other light; empty where of none."""
    return _sentence_of_warned(options, OTHER_LIGHT, some="leaflet.other_light", one="leaflet.other_light_one")


def _sentence_of_warned(options: Sequence[Option], code: str, *, some: str, one: str) -> str:
    """Return what a warning means for the numbers of the choices that have it, which are named unless there is one."""
    warned = [option for option in options if _is_result_warned_of(option, code)]
    if not warned:
        return ""
    if len(options) == 1:
        return report_text(one)
    names = (option_name(option, options) for option in warned)
    return report_text(some, choices=join_items(dict.fromkeys(names)))


def _is_result_warned_of(option: Option, code: str) -> bool:
    """Return whether an option has a result from trials, and a warning about it."""
    is_told = any(warning.code == code for warning in option.expected.warnings)
    return is_told and option.modality != _NO_TREATMENT and isinstance(improved_share(option), Estimate)


def leaflet_choices(concern: ConcernPlan, *, may_be_pregnant: bool) -> tuple[LeafletChoice, ...]:
    """Return advantages and disadvantages of each choice that is drawn or named, without duplicates."""
    names = dict.fromkeys(choice_key(o) for part in options_table(concern) for o in part)
    return tuple(
        LeafletChoice(
            capitalise(plain_name("choice", name)),
            plain_name("plus", name, "-"),
            _disadvantage(name, concern.condition, may_be_pregnant=may_be_pregnant),
        )
        for name in names
    )


def _disadvantage(name: str, condition: str, *, may_be_pregnant: bool) -> str:
    """Return what is bad about a choice for a condition; pregnancy is left out for people who cannot be pregnant."""
    always = plain_name("minus", f"{name}-{condition}", plain_name("minus", name, "-"))
    return always if may_be_pregnant else plain_name("minus", f"{name}-not-pregnant", always)


def option_name(option: Option, table: Sequence[Option]) -> str:
    """Return a choice in words that tell it apart from the others of a table, and that its setting is unpublished.

    A laser is named with its light, and two of the same kind and light also with their device.
    """
    name = choice_name(option)
    if option.setup is not None:
        parts = {"choice": name, "light": light_in_words(option.setup)}
        lights = [(choice_name(o), o.setup.wavelength_nm) for o in table if o.setup is not None]
        alone = lights.count((name, option.setup.wavelength_nm)) == 1
        device = option.setup.device_title
        name = (
            report_text("leaflet.choice_light", **parts)
            if alone
            else report_text("leaflet.choice_device", device=device, **parts)
        )
    return report_text("leaflet.choice_beyond", choice=name) if option.beyond_practice else name


def _leaflet_option(concern: ConcernPlan, option: Option, table: Sequence[Option]) -> LeafletOption:
    nothing = report_text("leaflet.none") if option.modality == _NO_TREATMENT else ""
    good, bad = (_leaflet_outcome(concern, option, tone, array) for tone, array in _arrays(option).items())
    return LeafletOption(
        name=capitalise(option_name(option, table)),
        good=good,
        bad=bad,
        harms=_other_harms(option),
        visits=nothing
        or (report_text("leaflet.at_home") if is_done_at_home(option) else range_in_words(option.sessions)),
        days=nothing or showing_days_in_words(option),
    )


def _arrays(option: Option) -> dict[str, IconArray]:
    """Return the icon arrays of one good and one bad outcome."""
    key, p = worst_harm(option)
    return {
        "good": IconArray(report_text("leaflet.icons_good"), "good", improved_share(option)),
        "bad": IconArray(report_text("leaflet.icons_bad", harm=harm_in_words(key)), "bad", p),
    }


def _leaflet_outcome(concern: ConcernPlan, option: Option, tone: str, array: IconArray) -> LeafletOutcome:
    number, span = share_of_100(array.p), span_in_words(array.p)
    return LeafletOutcome(
        label=array.label,
        file=_file(concern, option, tone),
        alt=join_items([f"{capitalise(choice_name(option))}. {array.label}: {number}", span]),
        number=number,
        span=span,
    )


def _other_harms(option: Option) -> str:
    """Return the harms that are not drawn: how many of 100, or that it is not known."""
    drawn = worst_harm(option)[0]
    rest = [(harm_in_words(key), p) for key, p in harm_values(option) if key and key != drawn]
    alike: dict[tuple[str, str], list[tuple[str, Estimate]]] = {}
    for name, p in rest:
        if isinstance(p, Estimate):
            rare = is_under_one(p) and span_in_words(p)
            alike.setdefault(("", "") if rare else (share_of_100(p), span_in_words(p)), []).append((name, p))
    known = [
        _harm_number([name for name, _ in same], max((p for _, p in same), key=lambda p: p.high))
        for same in alike.values()
    ]
    unknown = [name for name, p in rest if isinstance(p, Unknown)]
    if not drawn and len(rest) == 1:
        unknown = []  # the picture says so already
    lines = [report_text("leaflet.harms_more", harms="; ".join(known))] if known else []
    lines += [report_text("leaflet.harms_unknown", harms=join_items(unknown))] if unknown else []
    return " ".join([*lines, *_fault_sentences(option)])


def _fault_sentences(option: Option) -> list[str]:
    """Return the modelled probability of harm after faults that the person can report.

    Its range is that of model draws, not of clinics.
    """
    faults = [report_text(_FAULT[name], people=share_of_100(p)) for name, p in fault_values(option) if name in _FAULT]
    return [report_text("leaflet.faults", faults="; ".join(faults))] if faults else []


def _harm_number(names: Sequence[str], p: Estimate) -> str:
    """Return harms with the same number and range in one phrase; for several, that the number holds for each."""
    harms, number, span = join_items(names), share_of_100(p), span_in_words(p)
    if is_under_one(p) and span:
        return report_text("leaflet.harm_rare", harms=harms, most=people_of_100(p.high))
    harms = harms if len(names) == 1 else report_text("leaflet.harms_each", harms=harms)
    if not span:
        return report_text("leaflet.harm_exact", harm=harms, number=number)
    return report_text("leaflet.harm_number", harm=harms, number=number, span=span)


def _file(concern: ConcernPlan, option: Option, tone: str) -> str:
    return f"figures/leaflet-{option_slug(concern, option)}-{tone}.svg"
