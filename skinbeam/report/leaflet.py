"""Build the patient's leaflet from the plan document, in plain words.

Conditions, sites, choices and harms have plain names of their own in the catalogue. Advice for the time after
treatment is written for patients where the rules are, and stands here as the plan words it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import catalogue, text
from skinbeam.report.context import LeafletConcern, LeafletOption, LeafletPage, Picture
from skinbeam.report.icons import IconArray, counts, icon_arrays
from skinbeam.report.options import good_of, ranked, slug, title_of, worst_harm
from skinbeam.report.shown import estimate_of, join, say, sentence, sentences, show, words

__all__ = ["CONCERNS_IN_FULL", "leaflet_arrays", "leaflet_file", "leaflet_page", "sentences_of"]

CONCERNS_IN_FULL = 4  # what two pages hold in a size that can be read
_OPTIONS_IN_TABLE = 4


def leaflet_page(plan: Mapping[str, Any]) -> LeafletPage:
    """Return the leaflet's context."""
    concerns = plan.get("concerns", ())
    shown = concerns[:CONCERNS_IN_FULL]
    decision = plan.get("suitability") or {}
    state = str(decision.get("decision", "unknown"))
    return LeafletPage(
        banner=say("leaflet.banner"),
        plan_sha256=str(plan.get("plan_sha256", "")),
        title=say("leaflet.title"),
        intro=_numbered("intro"),
        state=state,
        decision=_numbered(f"decision_{state.replace('-', '_')}"),
        concerns=tuple(map(_concern, shown)),
        other_concerns=_others(concerns[CONCERNS_IN_FULL:]),
        reading=_numbered("reading"),
        unknowns=tuple(_unknowns(shown)),
        healing=tuple(_healing(shown)),
        aftercare=_advice(plan.get("aftercare"), "aftercare"),
        call=_advice(plan.get("when_to_call"), "call"),
        questions=_numbered("question"),
        words=words("leaflet"),
    )


def leaflet_file(concern: Mapping[str, Any]) -> str:
    """Return the file of the first choice's arrays, below the report's folder."""
    return f"figures/leaflet-{slug(concern, ranked(concern)[0])}.svg"


def leaflet_arrays(concern: Mapping[str, Any]) -> str:
    """Return the SVG of the first choice's arrays: one good, one bad, of the same size."""
    first = ranked(concern)[0]
    key, _, p = worst_harm(first)
    return icon_arrays(
        [
            IconArray(say("leaflet.icons_good"), "good", good_of(first)),
            IconArray(say("leaflet.icons_bad", harm=_harm(key)), "bad", p),
        ]
    )


def sentences_of(page: LeafletPage) -> list[str]:
    """Return every running sentence, for the reading age; headings and names in tables are not sentences."""
    found: list[str] = []
    for name in (field.name for field in fields(page)):
        value = getattr(page, name)
        if name in ("intro", "decision", "reading", "unknowns", "healing", "aftercare", "call", "questions"):
            found += value
        if name == "concerns":
            found += [line for concern in value for line in concern.text]
            found += [concern.more for concern in value if concern.more]
    return [*found, page.banner, *([page.other_concerns] if page.other_concerns else [])]


def _numbered(start: str) -> tuple[str, ...]:
    """The sentences `leaflet.<start>_1`, `_2`, ... in order."""
    found: list[str] = []
    while f"leaflet.{start}_{len(found) + 1}" in catalogue():
        found.append(say(f"leaflet.{start}_{len(found) + 1}"))
    return tuple(found)


def _concern(concern: Mapping[str, Any]) -> LeafletConcern:
    options = ranked(concern)
    name = str(concern["condition"])
    lines = tuple(
        say(f"leaflet_{part}.{name}") for part in ("is", "can", "cannot") if f"leaflet_{part}.{name}" in catalogue()
    )
    none = next((o for o in options if o["modality"] == "no-treatment"), None)
    laser = [o for o in options if o is not none]
    table = [*laser[: _OPTIONS_IN_TABLE - 1], *([none] if none else [])]
    rest = laser[_OPTIONS_IN_TABLE - 1 :]
    return LeafletConcern(
        title=say(
            "leaflet.concern_at_site",
            concern=_plain("condition", name, sentence(concern.get("title"))),
            site=_plain("site", str(concern["site"])),
        ),
        text=lines or (sentence(concern.get("can")),),
        expected=_picture(concern, options),
        options=tuple(_option(option, table) for option in table),
        more=say("leaflet.more", names=join(dict.fromkeys(map(_choice, rest)))) if rest else "",
    )


def _picture(concern: Mapping[str, Any], options: Sequence[Mapping[str, Any]]) -> Picture:
    """The first choice's arrays, or why there are none."""
    if not options:
        return Picture("", "", "", say("leaflet.no_choice"))
    good, (key, _, bad) = _of_100(good_of(options[0])), worst_harm(options[0])
    caption = say("leaflet.icons_caption", choice=_choice(options[0]))
    return Picture(
        leaflet_file(concern), say("leaflet.icons_alt", good=good, harm=_harm(key), bad=_of_100(bad)), caption, ""
    )


def _option(option: Mapping[str, Any], table: Sequence[Mapping[str, Any]]) -> LeafletOption:
    """One row; two rows of the same kind are told apart by their device."""
    twice = sum(_choice(other) == _choice(option) for other in table) > 1
    name = _choice(option)
    if twice and "device" in option:
        name = say("leaflet.choice_device", choice=name, device=sentence(option.get("device_title", option["device"])))
    key, _, p = worst_harm(option)
    bad = _of_100(p)
    unknown = say("leaflet.not_known")
    return LeafletOption(
        name=name,
        good=_of_100(good_of(option)),
        bad=say("leaflet.harm_number", number=bad, harm=_harm(key)) if isinstance(p, Estimate) else unknown,
        visits=_range(option.get("sessions")),
        days=_range(option.get("downtime_days")),
    )


def _range(value: Any) -> str:
    """A small number in plain words: `1 to 3`."""
    known = estimate_of(value)
    if value is None or isinstance(known, Unknown):
        return say("leaflet.not_known")
    if isinstance(known, Estimate):
        low, high = (str(int(end + 0.5)) for end in (known.low, known.high))
        return low if low == high else say("leaflet.range", low=low, high=high)
    return show(value).text


def _of_100(p: Estimate | Unknown) -> str:
    """People of 100 with the range, as whole people."""
    if isinstance(p, Unknown):
        return say("leaflet.not_known")
    low, median, high = counts(p)
    return (
        say("leaflet.people", people=median)
        if low == high
        else say("leaflet.people_range", people=median, low=low, high=high)
    )


def _unknowns(concerns: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """What is not known of the first choices, then what nobody knows of any."""
    for concern in concerns:
        options = ranked(concern)
        place = _plain("condition", str(concern["condition"]), sentence(concern.get("title"))).lower()
        if options and isinstance(good_of(options[0]), Unknown):
            yield say("leaflet.unknown_good", choice=_choice(options[0]).lower(), concern=place)
        elif options and isinstance(worst_harm(options[0])[2], Unknown):
            yield say("leaflet.unknown_bad", choice=_choice(options[0]).lower(), concern=place)
    yield from _numbered("unknown")


def _healing(concerns: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """Visits and days of healing for each first choice that is a treatment."""
    for concern in concerns:
        first = next(iter(ranked(concern)), None)
        if first is None or "device" not in first:
            continue
        days, pain = estimate_of(first.get("downtime_days")), estimate_of(first.get("pain_0_10"))
        place = _plain("condition", str(concern["condition"]), sentence(concern.get("title")))
        lines = [
            say("leaflet.healing_days", concern=place, days=_range(first["downtime_days"]))
            if isinstance(days, Estimate)
            else say("leaflet.healing_unknown", concern=place)
        ]
        if isinstance(pain, Estimate):
            lines.append(say("leaflet.healing_pain", pain=_range(first["pain_0_10"])))
        yield " ".join(lines)
    yield from _numbered("healing")


def _advice(records: Any, kind: str) -> tuple[str, ...]:
    """Advice of the plan, written for patients; without any, the line that sends the reader to the clinician."""
    lines = sentences(records if isinstance(records, list) else None)
    return tuple(dict.fromkeys(lines)) or _numbered(kind)


def _others(concerns: Sequence[Mapping[str, Any]]) -> str:
    """Concerns that find no room, by name."""
    names = [_plain("condition", str(c["condition"]), sentence(c.get("title"))).lower() for c in concerns]
    return say("leaflet.other_concerns", names=join(dict.fromkeys(names))) if names else ""


def _choice(option: Mapping[str, Any]) -> str:
    return _plain("choice", str(option["modality"]), title_of(option))


def _harm(key: str) -> str:
    """A harm in plain words; without a key, any harm."""
    name = key.replace("_", "-") or "any"
    return _plain("harm", name, name.replace("-", " "))


def _plain(kind: str, name: str, fallback: str = "") -> str:
    """The plain name of a thing; one that has none keeps its usual name."""
    key = f"leaflet_{kind}.{name}"
    return text(key) if key in catalogue() else fallback or name.replace("-", " ")
