"""One course that treats several concerns in a sensible order."""

from collections.abc import Mapping, Sequence
from typing import Any

from skinbeam.laser.wording import light_of
from skinbeam.messages import Formatter, Message
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table
from skinbeam.units import MS, NS, PS, US

__all__ = ["course_of", "settings_in_words"]


def _rules() -> Mapping[str, Any]:
    rules: Mapping[str, Any] = shipped_table("data/limits.toml")["course"]
    return rules


def course_of(concerns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return sessions with their week, concerns and steps, for the first laser option of each concern.

    Concerns that share a device are treated together. Groups follow each other: vessels, pigment, resurfacing. The
    number of sessions is the least that the source gives, as each session is reviewed before the next; an unknown
    number is one. The interval is the source's upper end, never less than the least of the course rules; a session
    whose week that least decided says so.
    """
    rules = _rules()
    groups: dict[tuple[str, str], list[tuple[Mapping[str, Any], Mapping[str, Any]]]] = {}
    for concern in concerns:
        first = next((option for option in concern["options"] if "device" in option), None)
        if first is not None:
            groups.setdefault((first["modality"], first["device"]), []).append((concern, first))
    if groups:
        used(rules["source"])
    ordered = sorted(groups.items(), key=lambda item: rules["order"].index(item[0][0]))
    sessions: list[dict[str, Any]] = []
    week = 0
    for (_, _), members in ordered:
        count = max(int(_least(option["sessions"], 1)) for _, option in members)
        gap, floor = _gap([option["interval_weeks"] for _, option in members], rules["least_weeks"])
        for index in range(count):
            steps: list[Message] = []
            if not sessions and len(groups) > 1:
                steps.append(Message("course.order"))
            if sessions:
                steps.append(Message("course.review"))
                if index == 0:
                    steps.append(Message("course.wait", {"weeks": rules["least_weeks"]}))
                elif floor is not None:
                    steps.append(floor)
            taking_part = [(c, o) for c, o in members if index < int(_least(o["sessions"], 1))]
            steps += [
                Message("course.treat", {"device": o["device_title"], "settings": _set_to(o)}) for _, o in taking_part
            ]
            treats = [f"{c['condition']} at {c['site']}" for c, _ in taking_part]
            sessions.append({"session": len(sessions) + 1, "week": week, "treats": treats, "steps": steps})
            week += gap if index + 1 < count else rules["least_weeks"]
    return sessions


def _gap(intervals: Sequence[Any], least_weeks: int) -> tuple[int, Message | None]:
    """Weeks between sessions that treat together; where the least decided them, that it did."""
    known = [int(span["high"]) for span in intervals if isinstance(span, Mapping) and "high" in span]
    if not known:
        return least_weeks, Message("course.least-unknown", {"weeks": least_weeks})
    if max(known) < least_weeks:
        return least_weeks, Message("course.least", {"weeks": least_weeks, "source_weeks": max(known)})
    return max(known), None


def _least(span: Any, otherwise: float) -> float:
    return float(span["low"]) if isinstance(span, Mapping) and "low" in span else otherwise


def _pulse_in_words(pulse_ms: float) -> str:
    """A pulse length in the unit that people say it in: ps, ns, µs, or ms from a tenth of one on."""
    units = ((0.1, 1.0, "ms"), (US / MS, US / MS, "µs"), (NS / MS, NS / MS, "ns"), (0.0, PS / MS, "ps"))
    _, size, unit = next(one for one in units if pulse_ms >= one[0])
    return f"{Formatter().number(pulse_ms / size)} {unit}"


def _set_to(option: Mapping[str, Any]) -> str:
    return settings_in_words(option["settings"], lamp="band_nm" in option)


def settings_in_words(settings: Mapping[str, Any], *, lamp: bool = False) -> str:
    """Return settings as a short text with units, the light first: a device may have several.

    Parameters
    ----------
    lamp : whether it is a filtered lamp, whose wavelength is the cut-off of its filter.
    """
    write = Formatter().number
    parts = [light_of(settings, lamp=lamp)]
    if "microbeam" in settings:
        beam = settings["microbeam"]
        parts += [
            f"{write(beam['energy_mJ'])} mJ per microbeam of {write(beam['diameter_um'])} µm",
            f"{write(beam['density_per_cm2'])} per cm²",
        ]
    else:
        parts += [f"{write(settings['fluence_J_cm2'])} J/cm²", f"spot {write(settings['spot_mm'])} mm"]
    parts.append(f"pulse {_pulse_in_words(settings['pulse_ms'])}")
    if settings.get("passes", 1) > 1:
        parts.append(f"{settings['passes']} passes")
    if "cooling" in settings:
        parts.append(f"{settings['cooling']['kind']} cooling")
    return ", ".join(parts)
