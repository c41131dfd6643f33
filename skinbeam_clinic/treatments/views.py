"""A treatment in words: its settings, how they differ from the plan, the rows of what was fired, what stops."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.app.clinic.course.face_map import place_told
from skinbeam.messages import text
from skinbeam.plan.records import Immediate, Option
from skinbeam.records.checklist import Item, stops
from skinbeam.records.treated import Answer, Deviation, Grade, Source, TreatedArea, Treatment
from skinbeam.report.shown import capital, quantity, show

__all__ = ["Row", "Sign", "deviation_told", "rows_of", "signs_of", "stop_seen", "stopping", "value_told"]

_NO_UNIT = ("passes",)


@dataclass(frozen=True)
class Sign:
    """Something that may be seen at the skin: what the form calls it, and its words."""

    value: str
    title: str


@dataclass(frozen=True)
class Row:
    """A row of what was fired, as the page shows it."""

    number: int
    area: TreatedArea
    place: str
    settings: str
    endpoint: str
    deviations: tuple[tuple[bool, str], ...]
    corrected_by: int | None
    corrects: int | None


def value_told(name: str, value: float) -> str:
    """Return a setting with its unit."""
    return show(value, "" if name in _NO_UNIT else quantity(name)[1]).text


def deviation_told(one: Deviation) -> str:
    """Return how a setting differs from the plan, such as "fluence 9 J/cm² instead of 7.5 J/cm²: 20 % above"."""
    fired, planned = value_told(one.name, one.fired), value_told(one.name, one.planned)
    if one.name == "wavelength_nm":
        return text("clinic-session.other-light", {"fired": fired, "planned": planned})
    name = capital(text("clinic-session.passes") if one.name == "passes" else quantity(one.name)[0])
    said = {"name": name, "fired": fired, "planned": planned, "pct": show(abs(round(one.pct))).text}
    told = text("clinic-session.above" if one.pct > 0 else "clinic-session.below", said)
    if one.most is None:
        return told
    return f"{told}; {text('clinic-session.above-most', {'most': value_told(one.name, one.most)})}"


def signs_of(option: Option) -> tuple[Sign, ...]:
    """Return what may be said to have been seen: what the plan seeks, each sign that stops, nothing, something else."""
    known = option.immediate if isinstance(option.immediate, Immediate) else None
    seek = [] if known is None else [Sign("seek", text("clinic-session.endpoint-seek", {"words": known.seek.text}))]
    stop = [] if known is None else [one.text for one in known.stop_at]
    told = (text("clinic-session.endpoint-stop", {"words": one}) for one in stop)
    rest = (Sign(name, text(f"clinic-session.endpoint-{name}")) for name in ("none", "other"))
    return (*seek, *(Sign(f"stop.{number}", words) for number, words in enumerate(told)), *rest)


def rows_of(treatment: Treatment, signs: Sequence[Sign]) -> tuple[Row, ...]:
    """Return the rows of what was fired, the oldest first, numbered from 1."""
    numbers = {area.id: number for number, area in enumerate(treatment.areas, 1)}
    corrected = {one: numbers[area.id] for area in treatment.areas if (one := area.fired.corrects) is not None}
    titles = {one.value: one.title for one in signs}
    return tuple(_row(area, numbers, corrected, titles) for area in treatment.areas)


def _row(area: TreatedArea, numbers: Mapping[str, int], corrected: Mapping[str, int], titles: Mapping[str, str]) -> Row:
    fired = area.fired
    said = [value_told(name, value) for name, value in fired.settings.items()]
    for name, count in (("passes", fired.passes), ("pulses", fired.pulses)):
        if count is not None:
            said.append(text(f"clinic-session.{name}-told", {name: count}))
    return Row(
        number=numbers[area.id],
        area=area,
        place=place_told(fired.site, fired.side),
        settings=", ".join(said),
        endpoint=titles.get(fired.endpoint, fired.endpoint_words),
        deviations=tuple((one.hotter, deviation_told(one)) for one in area.deviations),
        corrected_by=corrected.get(area.id),
        corrects=None if fired.corrects is None else numbers.get(fired.corrects),
    )


def stop_seen(treatment: Treatment, rows: Sequence[Row]) -> tuple[str, ...]:
    """Return what says stop: signs that stop among rows that stand, and severe events of the session."""
    signs = [row.endpoint for row in rows if row.area in treatment.standing and row.area.fired.endpoint[:5] == "stop."]
    bad = [
        f"{text(f'clinic-adverse.{event.kind}')}, {text(f'clinic-grade.{event.grade}')}"
        for event in treatment.events
        if event.source is Source.SESSION and event.grade in (Grade.SEVERE, Grade.SERIOUS)
    ]
    return tuple(dict.fromkeys([*signs, *bad]))


def stopping(asked: Sequence[Item], answered: Mapping[str, Answer]) -> tuple[tuple[Item, Answer], ...]:
    """Return the items whose answer stops or was decided on, in the order in which they are asked."""
    given = [(item, answered[item.name]) for item in asked if item.name in answered]
    return tuple((item, one) for item, one in given if stops(one) or one.decision is not None)
