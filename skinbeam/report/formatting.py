"""Format the values of a plan as text: estimates, units, durations, and names of concerns, options and devices.

Unknown values are printed as unknown, with the reason.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from skinbeam.laser.device import title_with_light
from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import bibliography
from skinbeam.model.units import MS, NS, PS
from skinbeam.plan_records.course import DeviceSetup, Duration, SourceRange
from skinbeam.plan_records.plan import ConcernPlan, NearestOption, Option, Plan
from skinbeam.report.context import DisplayValue
from skinbeam.response.records import TargetValue
from skinbeam.suitability.table import PlainReason
from skinbeam.text import (
    ENGLISH,
    Formatter,
    Message,
    catalogue,
    current_language,
    render_message,
    round_to_people,
    translate,
)

__all__ = [
    "Displayable",
    "advised_option",
    "capitalise",
    "concern_name",
    "concern_names",
    "device_name",
    "display_value",
    "inline_name",
    "join_items",
    "leading_options",
    "message_texts",
    "name_with_light",
    "option_slug",
    "option_title",
    "people_of_100",
    "per_100",
    "percent",
    "plain_reasons",
    "quantity_label",
    "ranked_options",
    "reference_text",
    "report_text",
    "section_texts",
    "showing_days",
    "showing_days_brief",
    "showing_days_in_words",
    "showing_sentences",
    "site_title",
    "split_lead",
    "split_source_keys",
    "title_at_site",
    "treatment_site_titles",
    "value_sentence",
]

Displayable = Value | Message | SourceRange | Duration | TargetValue | str | float | Sequence[str] | Sequence[float]

_FORMAT = Formatter()

_SHORT_MS = 0.001
_GLANCE_LETTERS = 150  # two lines of a page
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z])")
_PLURAL_UNITS = ("days", "weeks", "months", "years")

# Units by the suffix of a quantity's name; the longest matching suffix wins.
_UNITS = {
    "J_cm2": "J/cm²",
    "W_m2K": "W/(m²·K)",
    "W_cm2": "W/cm²",
    "per_cm2": "per cm²",
    "per_cm": "per cm",
    "mJ": "mJ",
    "ms": "ms",
    "us": "µs",
    "ns": "ns",
    "ps": "ps",
    "mm": "mm",
    "mm2": "mm²",
    "um": "µm",
    "nm": "nm",
    "cm2": "cm²",
    "Hz": "Hz",
    "deg": "°",
    "C": "°C",
    "J": "J",
    "W": "W",
    "s": "s",
    "h": "h",
    "pct": "%",
    "days": "days",
    "weeks": "weeks",
    "months": "months",
    "years": "years",
    "minutes": "min",
    "mm_per_px": "mm/px",
    "0_10": "",
    "fraction": "",
}


def report_text(id: str, **params: Any) -> str:
    """Return the message `report.<id>`, or `<id>` itself when the id contains its section."""
    return render_message(id if "." in id else f"report.{id}", params)


def section_texts(section: str) -> dict[str, str]:
    """Return the messages of a catalogue section that take no parameter, by name."""
    start = f"{section}."
    return {
        key.removeprefix(start): render_message(key)
        for key, s in catalogue().items()
        if key.startswith(start) and "{" not in s
    }


def value_sentence(value: Message | Unknown | str) -> str:
    """Return a message or plain text; for an unknown, a sentence with the reason."""
    shown = display_value(value)
    return shown.text if shown.is_known else report_text("unknown_because", reason=shown.note)


def message_texts(messages: Iterable[Message]) -> tuple[str, ...]:
    """Return the texts of messages."""
    return tuple(message.text for message in messages)


def plain_reasons(reasons: Iterable[PlainReason], *, as_paragraph: bool = False) -> tuple[str, ...]:
    """Return the plain reasons of a plan without duplicates, each preceded by the person's own statements behind it.

    Parameters
    ----------
    as_paragraph : whether they follow each other in one paragraph, where a statement of the person stands once.
    """
    said: set[str] = set()
    found: dict[str, None] = {}
    for reason in reasons:
        because = [text for text in message_texts(reason.because) if text not in said]
        found[" ".join((*because, reason.text.text))] = None
        if as_paragraph:
            said.update(because)
    return tuple(found)


def split_source_keys(source: str | Sequence[str] | None) -> tuple[str, ...]:
    """Return source keys as a tuple, from one key, several keys, or nothing."""
    return (source,) if isinstance(source, str) else tuple(source or ())


def reference_text(key: str) -> str:
    """Return a source as a list of references prints it; of a key that the bibliography lacks, that it does."""
    source = bibliography().get(key)
    if source is None:
        return report_text("fault_source", key=key)
    where = join_items(source.fields.get(name, "") for name in ("journal", "booktitle", "volume", "pages", "note"))
    link = source.fields.get("doi") or source.fields.get("url", "")
    whole = ". ".join(part for part in (source.citation, where, link) if part)
    return whole.translate({ord("{"): None, ord("}"): None}).replace("--", "–")


def display_value(value: Displayable, unit: str = "") -> DisplayValue:
    """Return any value of a plan as text with `unit`, and a note on its meaning and sources."""
    if isinstance(value, Unknown):
        return DisplayValue(report_text("unknown"), value.reason, False)
    if isinstance(value, Estimate):
        return DisplayValue(_with_unit(_interval_text(value), unit), _range_meaning(value), True)
    if isinstance(value, Message):
        return DisplayValue(value.text, "", True)
    if isinstance(value, bool):
        return DisplayValue(report_text("yes") if value else report_text("no"), "", True)
    if isinstance(value, int | float):
        return DisplayValue(_with_unit(*_number_text(value, unit)), "", True)
    if isinstance(value, str):
        return DisplayValue(_with_unit(translate(value), unit), "", True)
    if isinstance(value, SourceRange | Duration | TargetValue):
        return DisplayValue(_with_unit(_range_text(value), unit), _note(value), True)
    return DisplayValue("; ".join(display_value(item, unit).text for item in value) or report_text("none"), "", True)


def split_lead(text: str) -> tuple[str, str]:
    """Split a rule's text into a lead of whole sentences (at least one, about two lines of a page) and the rest."""
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    end = max([end for end in ends if end <= _GLANCE_LETTERS] or ends[:1], default=len(text))
    return (text, "") if len(text) <= _GLANCE_LETTERS else (text[:end].rstrip(), text[end:])


def people_of_100(share: float) -> str:
    """Return a share as whole people of 100; a share that only rounds to 0 or 100 is printed as below 1 or above 99."""
    return Formatter().value(round_to_people(share))


def per_100(value: Value | float) -> DisplayValue:
    """Return a probability as a number of people of 100."""
    if isinstance(value, Unknown):
        return display_value(value)
    if not isinstance(value, Estimate):
        return DisplayValue(report_text("of_100", people=people_of_100(value)), "", True)
    low, median, high = map(people_of_100, (value.low, value.median, value.high))
    people = median if low == high else report_text("spread", value=median, low=low, high=high)
    return DisplayValue(report_text("of_100", people=people), _range_meaning(value), True)


def percent(value: Value) -> DisplayValue:
    """Return a share between 0 and 1 in per cent."""
    return display_value(value.scaled(100) if isinstance(value, Estimate) else value, "%")


def quantity_label(name: str) -> tuple[str, str]:
    """Return the words and the unit of a quantity whose name ends in its unit: `pulse_ms` → ("pulse", "ms")."""
    stem, unit = name, ""
    for end in sorted(_UNITS, key=len, reverse=True):
        if name.endswith(f"_{end}") or name == end:
            stem, unit = name.removesuffix(end).rstrip("_") or name, _UNITS[end]
            break
    key = f"report_quantity.{name}"
    return (render_message(key) if key in catalogue() else stem.rsplit(".", 1)[-1].replace("_", " ")), unit


def capitalise(label: str) -> str:
    """Return a label with a capital first letter; the other letters are unchanged."""
    return label[:1].upper() + label[1:]


def inline_name(name: str) -> str:
    """Return a name as written within a sentence: it begins in lower case in English, and is unchanged elsewhere.

    What is upper case within it stays: the A of a vitamin, the first letters of "IPL" or "CO2 laser".
    """
    begins_word = name[:1].isupper() and not name[1:2].isupper()
    return name[:1].lower() + name[1:] if current_language() == ENGLISH and begins_word else name


def join_items(items: Iterable[str]) -> str:
    """Join items with commas, leaving out empty ones."""
    return ", ".join(item for item in items if item)


def _range_text(value: SourceRange | Duration | TargetValue) -> str:
    """Return `low to high`, after the value itself for a target; a single number where there is no spread."""
    low, high = (display_value(end).text for end in (value.low, value.high))
    if low == high:
        return low
    if isinstance(value, TargetValue):
        return report_text("spread", value=display_value(value.value).text, low=low, high=high)
    return report_text("range", low=low, high=high)


def _note(value: SourceRange | Duration | TargetValue) -> str:
    """Return what a range refers to, and its sources."""
    about: Message | str = (translate(value.conditions) if isinstance(value, TargetValue) else value.text) or ""
    about = about.text if isinstance(about, Message) else about
    keys = join_items(split_source_keys(value.source))
    return report_text("note_source", about=about, keys=keys) if about and keys else about or keys


def _number_text(value: float, unit: str) -> tuple[str, str]:
    """Return a number and its unit; pulses far below a millisecond are converted to nanoseconds or picoseconds."""
    if unit == "ms" and 0 < value < _SHORT_MS:
        value, unit = (value * MS / NS, "ns") if value * MS >= NS else (value * MS / PS, "ps")
    return _FORMAT.number(value), unit


def _interval_text(value: Estimate) -> str:
    """Return the median with its range, or the number alone when there is no spread."""
    return _FORMAT.number(value.median) if value.low == value.high else _FORMAT.interval(value)


def _range_meaning(value: Estimate) -> str:
    level = math.floor(100 * value.level + 0.5)
    if value.kind == "modelled":
        if not value.draws:  # read from studies: no skins were drawn
            return report_text("note_modelled_studies", level=level)
        return report_text("note_modelled", level=level, draws=value.draws)
    return report_text(f"note_{value.kind}", level=level)


def _with_unit(number: str, unit: str) -> str:
    """Return the number and its unit; a degree sign follows without a space, and the number 1 takes a singular unit."""
    if number == "1" and unit in _PLURAL_UNITS:
        unit = unit.removesuffix("s")
    unit = translate(unit)
    return f"{number}{unit}" if unit == "°" else f"{number} {unit}".strip()


# How long after-effects are visible, in the words of the report and of the leaflet.

_HEALING = ("downtime", "trials")  # durations until healing; other effects may be visible for longer


def showing_days(option: Option) -> DisplayValue:
    """Return the longest time that any effect of an option is visible, in whole days as elsewhere, with its cause.

    The note lists every known duration.
    """
    longest = option.shows_days
    if isinstance(longest, Unknown):
        return display_value(longest, "days")
    low, high = _end_days(longest)
    shown = display_value(replace(longest, low=float(min(low, high)), high=float(high)), "days")
    notes = dict.fromkeys(display_value(duration).note for duration in (longest, *option.shows))
    return DisplayValue(report_text(f"shows_{longest.what}", days=shown.text), " ".join(notes), True)


def showing_days_brief(option: Option) -> str:
    """Return the longest visible time as a short number; empty where nothing is known."""
    longest = option.shows_days
    if isinstance(longest, Unknown):
        return ""
    days = _whole_days(longest, "brief_range")
    return report_text("brief_least", number=days) if longest.what == "calendar" else days


def showing_days_in_words(option: Option) -> str:
    """Return the longest visible time in a few words, to fit a choice of the leaflet."""
    longest = option.shows_days
    if isinstance(longest, Unknown):
        return report_text("leaflet.not_known")
    return render_message(_duration_key("leaflet_shown", longest), {"days": _whole_days(longest)})


def showing_sentences(option: Option) -> tuple[str, ...]:
    """Return a sentence on healing time and one on the longest visible effect; empty where neither is known.

    A bruise is left out: it is described together with its probability.
    """
    known = [duration for duration in option.shows if duration.what != "bruise"]
    healed = [duration for duration in known if duration.what in _HEALING][:1]
    # `shows` is sorted, the longest first.
    shown = [*healed, *(duration for duration in known[:1] if duration not in healed)]
    return tuple(map(_showing_sentence, shown))


def _showing_sentence(duration: Duration) -> str:
    """Return how long one effect shows; of a time that begins with no day, its end alone."""
    key = _duration_key("leaflet_shows", duration)
    if duration.low < 0.5 and key in ("leaflet_shows.downtime", "leaflet_shows.trials"):
        last = math.ceil(duration.high)
        return report_text("leaflet.healing_within" if last > 1 else "leaflet.healing_within_day", days=last)
    return render_message(key, {"days": _whole_days(duration)})


def _duration_key(section: str, duration: Duration) -> str:
    """Return the message id for the duration's rule where it has one, else for its cause."""
    own = f"{section}.{duration.rule}"
    return own if own in catalogue() else f"{section}.{duration.what}"


def _end_days(duration: Duration) -> tuple[int, int]:
    """Return the ends in whole days, the upper one rounded up so that the duration is not understated."""
    return int(duration.low + 0.5), math.ceil(duration.high)


def _whole_days(duration: Duration, between: str = "leaflet.range") -> str:
    """Return a range in whole days."""
    low, high = _end_days(duration)
    return str(high) if low >= high else report_text(between, low=str(low), high=str(high))


# Names of concerns, sites, options and devices, as text and in file names.


def ranked_options(concern: ConcernPlan) -> list[Option]:
    """Return the options of a concern in order of rank; equal ranks keep the plan's order.

    None of them is shown while a doctor has to examine the lesion first.
    """
    if concern.examination is not None:
        return []
    return sorted(concern.options, key=lambda option: option.rank)


def leading_options(concern: ConcernPlan) -> list[Option]:
    """Return the first option of a concern and, where that has no laser, its first laser option: people ask for it."""
    options = ranked_options(concern)
    lasers = [option for option in options[1:] if option.setup is not None]
    return options[:1] if not options or options[0].setup is not None else [options[0], *lasers[:1]]


def advised_option(concern: ConcernPlan, *, after_laser: bool) -> Option:
    """Return the treatment of a concern that advice is for: its first laser, or what it begins with."""
    return concern.first_laser[0] if after_laser and concern.first_laser is not None else ranked_options(concern)[0]


def concern_name(concern: ConcernPlan) -> str:
    """Return the concern and its site in words."""
    return title_at_site(concern.title, concern.site)


def title_at_site(title: str, name: str) -> str:
    """Return the title of a concern with its site, unless the title names it already."""
    site = site_title(name)
    return title if site.lower() in title.lower() else report_text("concern_at_site", concern=title, site=site)


def concern_names(plan: Plan) -> dict[str, str]:
    """Return the names of concerns with their sites, by the place under which the plan's visits list them."""
    return {concern.place: concern_name(concern) for concern in plan.concerns}


def site_title(name: str) -> str:
    """Return the title of a site; a name that is not in the table is returned unchanged."""
    sites = known_sites()
    return translate(sites[name].title) if name in sites else name


def treatment_site_titles() -> dict[str, str]:
    """Return the titles of the sites that are treated, by name."""
    return {name: site_title(name) for name, site in known_sites().items() if site.use == "treatment"}


def option_slug(concern: ConcernPlan, option: Option) -> str:
    """Return a stable name of an option for files and anchors."""
    parts = (concern.condition, concern.site, option.modality, option.setup.device if option.setup is not None else "")
    return "-".join("".join(c if c.isalnum() or c == "-" else "-" for c in part) for part in parts if part)


def option_title(option: Option) -> str:
    """Return the title of an option, with the kind of the treatment where its trials were of one kind."""
    if option.technique is None:
        return option.title
    return f"{option.title}: {render_message(f'technique.{option.technique}')}"


def device_name(option: Option | NearestOption) -> str:
    """Return device and wavelength as text; empty without a device."""
    setup = option.setup
    return "" if setup is None else title_with_light(setup.device_title, setup.wavelength_nm, lamp=setup.lamp)


def name_with_light(name: str, setup: DeviceSetup | None) -> str:
    """Return the name of a quantity with the light that it is set for, since a table row is read on its own."""
    return name if setup is None else report_text("setting_of_light", name=name, light=setup.light)
