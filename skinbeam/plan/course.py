"""One course that treats several concerns in a sensible order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.estimate import Unknown
from skinbeam.laser.wording import light_of
from skinbeam.messages import Formatter, Message
from skinbeam.plan.records import ConcernPlan, Option, Range, Visit
from skinbeam.plan.setup import DeviceSetting, Setup
from skinbeam.provenance import used
from skinbeam.shipped import shipped_table
from skinbeam.units import MS, NS, PS, US

__all__ = ["course_of", "settings_in_words"]


def _rules() -> Mapping[str, Any]:
    rules: Mapping[str, Any] = shipped_table("data/limits.toml")["course"]
    return rules


def course_of(concerns: Sequence[ConcernPlan]) -> tuple[Visit, ...]:
    """Return visits with their week, concerns and steps, for the first laser option of each concern.

    Concerns that share a device are treated together. Groups follow each other: vessels, pigment, resurfacing. The
    number of sessions is the least that the source gives, as each session is reviewed before the next; an unknown
    number is one. The interval is the source's upper end, never less than the least of the course rules; a session
    whose week that least decided says so.
    """
    rules = _rules()
    groups: dict[tuple[str, str], list[_Part]] = {}
    for concern in concerns:
        if concern.first_laser is not None:
            option, setup = concern.first_laser
            groups.setdefault((option.modality, setup.device), []).append(_Part(concern.place, option, setup))
    if groups:
        used(rules["source"])
    ordered = sorted(groups.items(), key=lambda item: rules["order"].index(item[0][0]))
    visits: list[Visit] = []
    week = 0
    for (_, _), members in ordered:
        count = max(part.sessions for part in members)
        gap, floor = _gap([part.option.interval_weeks for part in members], rules["least_weeks"])
        for index in range(count):
            steps: list[Message] = []
            if not visits and len(groups) > 1:
                steps.append(Message("course.order"))
            if visits:
                steps.append(Message("course.review"))
                if index == 0:
                    steps.append(Message("course.wait", {"weeks": rules["least_weeks"]}))
                elif floor is not None:
                    steps.append(floor)
            taking_part = [part for part in members if index < part.sessions]
            steps += [part.step for part in taking_part]
            visits.append(Visit(len(visits) + 1, week, tuple(part.place for part in taking_part), tuple(steps)))
            week += gap if index + 1 < count else rules["least_weeks"]
    return tuple(visits)


@dataclass(frozen=True)
class _Part:
    """A concern in the course: its place, its first laser option and the settings of that."""

    place: str
    option: Option
    setup: Setup

    @property
    def sessions(self) -> int:
        """The least number that the source gives; one where it is unknown."""
        span = self.option.sessions
        return 1 if isinstance(span, Unknown) else int(span.low)

    @property
    def step(self) -> Message:
        """What is done at each visit."""
        words = settings_in_words(self.setup.settings, lamp=self.setup.lamp)
        return Message("course.treat", {"device": self.setup.device_title, "settings": words})


def _gap(intervals: Sequence[Range | Unknown], least_weeks: int) -> tuple[int, Message | None]:
    """Weeks between sessions that treat together; where the least decided them, that it did."""
    known = [int(span.high) for span in intervals if not isinstance(span, Unknown)]
    if not known:
        return least_weeks, Message("course.least-unknown", {"weeks": least_weeks})
    if max(known) < least_weeks:
        return least_weeks, Message("course.least", {"weeks": least_weeks, "source_weeks": max(known)})
    return max(known), None


def _pulse_in_words(pulse_ms: float) -> str:
    """A pulse length in the unit that people say it in: ps, ns, µs, or ms from a tenth of one on."""
    units = ((0.1, 1.0, "ms"), (US / MS, US / MS, "µs"), (NS / MS, NS / MS, "ns"), (0.0, PS / MS, "ps"))
    _, size, unit = next(one for one in units if pulse_ms >= one[0])
    return f"{Formatter().number(pulse_ms / size)} {unit}"


def settings_in_words(settings: DeviceSetting, *, lamp: bool = False) -> str:
    """Return settings as a short text with units, the light first: a device may have several.

    Parameters
    ----------
    lamp : whether it is a filtered lamp, whose wavelength is the cut-off of its filter.
    """
    write = Formatter().number
    parts = [light_of(settings.wavelength_nm, lamp=lamp)]
    if settings.microbeam is not None:
        beam = settings.microbeam
        parts += [
            f"{write(beam.energy_mJ)} mJ per microbeam of {write(beam.diameter_um)} µm",
            f"{write(beam.density_per_cm2)} per cm²",
        ]
    if settings.fluence_J_cm2 is not None:
        parts.append(f"{write(settings.fluence_J_cm2)} J/cm²")
    if settings.spot_mm is not None:
        parts.append(f"spot {write(settings.spot_mm)} mm")
    parts.append(f"pulse {_pulse_in_words(settings.pulse_ms)}")
    if settings.passes is not None:
        parts.append("1 pass" if settings.passes == 1 else f"{settings.passes} passes")
    if settings.cooling is not None:
        parts.append(f"{settings.cooling.kind} cooling")
    return ", ".join(parts)
