"""The choices of a concern in the leaflet: each with a good and a bad outcome of the same size, of 100 people."""

from collections.abc import Sequence

from skinbeam.estimate import Estimate, Unknown
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.plan.spans import Range
from skinbeam.report.context import LeafletChoice, LeafletOption, LeafletOutcome
from skinbeam.report.icons import IconArray, dot_array
from skinbeam.report.leaflet.words import (
    choice_name,
    harm_in_words,
    light_in_words,
    of_100,
    plain,
    range_in_words,
    span_in_words,
)
from skinbeam.report.names import ranked, slug
from skinbeam.report.outcomes import fault_values, good_of, harm_values, worst_harm
from skinbeam.report.showing import days_in_words
from skinbeam.report.shown import capital, join, people, say, show

__all__ = ["choices_told", "dot_files", "options_of", "options_table", "seen_after"]

OPTIONS_IN_TABLE = 4  # columns of a page
_NO_TREATMENT = "no-treatment"
_RARE = 0.01  # harms below are told together, with the highest end of their ranges
_FAULT = {"burn-if-cooling-fails": "leaflet.fault_cooling"}  # what the person can feel and say at once


def options_table(concern: ConcernPlan) -> tuple[list[Option], list[Option]]:
    """Return the choices that are drawn, no treatment the last of them, and those that are only named."""
    options = ranked(concern)
    none = [o for o in options if o.modality == _NO_TREATMENT]
    drawn = concern.foremost(OPTIONS_IN_TABLE - len(none))
    return [*drawn, *none], [o for o in options if o not in drawn and o not in none]


def options_of(concern: ConcernPlan) -> tuple[LeafletOption, ...]:
    """Return the choices that are drawn."""
    table, _ = options_table(concern)
    return tuple(_option(concern, option, table) for option in table)


def dot_files(concern: ConcernPlan) -> dict[str, bytes]:
    """Return the dots of every choice that is drawn, by file below the report's folder."""
    return {
        _file(concern, option, tone): dot_array(array).encode()
        for option in options_table(concern)[0]
        for tone, array in _arrays(option).items()
    }


def seen_after(options: Sequence[Option]) -> str:
    """Return when the trials of these choices looked; empty where no number comes from a trial."""
    known = [option for option in options if isinstance(good_of(option), Estimate)]
    spans = [option.followup_months for option in known]
    printed = [span for span in spans if not isinstance(span, Unknown)]
    if not printed:
        return say("leaflet.seen_unknown") if known else ""
    low, high = round(min(span.low for span in printed)), round(max(span.high for span in printed))
    if low == high == 1:
        return say("leaflet.seen", months=say("leaflet.month"))
    return say("leaflet.seen", months=say("leaflet.months", months=show(Range(low, high, "months")).text))


def choices_told(concern: ConcernPlan) -> tuple[LeafletChoice, ...]:
    """Return what speaks for and against each choice that is drawn or named, each once."""
    names = dict.fromkeys(o.modality for part in options_table(concern) for o in part)
    return tuple(
        LeafletChoice(capital(plain("choice", name)), plain("plus", name, "-"), plain("minus", name, "-"))
        for name in names
    )


def _option(concern: ConcernPlan, option: Option, table: Sequence[Option]) -> LeafletOption:
    """One choice; a laser with its light, and two of the same kind and light are told apart by their device."""
    name = choice_name(option)
    if option.setup is not None:
        parts = {"choice": name, "light": light_in_words(option.setup)}
        lights = [(choice_name(o), o.setup.wavelength_nm) for o in table if o.setup is not None]
        alone = lights.count((name, option.setup.wavelength_nm)) == 1
        device = option.setup.device_title
        name = say("leaflet.choice_light", **parts) if alone else say("leaflet.choice_device", device=device, **parts)
    if option.beyond_practice:
        name = say("leaflet.choice_beyond", choice=name)
    nothing = say("leaflet.none") if option.modality == _NO_TREATMENT else ""
    good, bad = (_outcome(concern, option, tone, array) for tone, array in _arrays(option).items())
    return LeafletOption(
        name=capital(name),
        good=good,
        bad=bad,
        harms=_other_harms(option),
        visits=nothing or range_in_words(option.sessions),
        days=nothing or days_in_words(option),
    )


def _arrays(option: Option) -> dict[str, IconArray]:
    """One good and one bad outcome."""
    key, _, p = worst_harm(option)
    return {
        "good": IconArray(say("leaflet.icons_good"), "good", good_of(option)),
        "bad": IconArray(say("leaflet.icons_bad", harm=harm_in_words(key)), "bad", p),
    }


def _outcome(concern: ConcernPlan, option: Option, tone: str, array: IconArray) -> LeafletOutcome:
    number, span = of_100(array.p), span_in_words(array.p)
    return LeafletOutcome(
        label=array.label,
        file=_file(concern, option, tone),
        alt=join([f"{capital(choice_name(option))}. {array.label}: {number}", span]),
        number=number,
        span=span,
    )


def _other_harms(option: Option) -> str:
    """The harms that are not drawn: how many of 100, or that it is not known."""
    drawn = worst_harm(option)[0]
    rest = [(harm_in_words(key), p) for key, _, p in harm_values(option) if key and key != drawn]
    alike: dict[tuple[str, str], list[tuple[str, Estimate]]] = {}
    for name, p in rest:
        if isinstance(p, Estimate):
            rare = p.median < _RARE and span_in_words(p)
            alike.setdefault(("", "") if rare else (of_100(p), span_in_words(p)), []).append((name, p))
    known = [
        _harm_number([name for name, _ in same], max((p for _, p in same), key=lambda p: p.high))
        for same in alike.values()
    ]
    unknown = [name for name, p in rest if isinstance(p, Unknown)]
    lines = [say("leaflet.harms_more", harms="; ".join(known))] if known else []
    lines += [say("leaflet.harms_unknown", harms=join(unknown))] if unknown else []
    return " ".join([*lines, *_faults(option)])


def _faults(option: Option) -> list[str]:
    """What a model says of harm after a fault that can be acted on; its draws are no range of clinics."""
    told = [say(_FAULT[name], people=of_100(p)) for name, p in fault_values(option) if name in _FAULT]
    return [say("leaflet.faults", faults="; ".join(told))] if told else []


def _harm_number(names: Sequence[str], p: Estimate) -> str:
    """Harms with the same number and range; of several it is said that the number is of each."""
    harms, number, span = join(names), of_100(p), span_in_words(p)
    if p.median < _RARE and span:
        return say("leaflet.harm_rare", harms=harms, most=people(p.high))
    harms = harms if len(names) == 1 else say("leaflet.harms_each", harms=harms)
    if not span:
        return say("leaflet.harm_exact", harm=harms, number=number)
    return say("leaflet.harm_number", harm=harms, number=number, span=span)


def _file(concern: ConcernPlan, option: Option, tone: str) -> str:
    return f"figures/leaflet-{slug(concern, option)}-{tone}.svg"
