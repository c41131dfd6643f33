"""Render a treatment in words: settings, deviations from the plan, treated areas, and reasons to stop."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skinbeam.model.document import round_significant
from skinbeam.model.units import MM, UM
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.plan import ImmediateReaction, Option
from skinbeam.report.formatting import capitalise, display_value, quantity_label, site_title, title_at_site
from skinbeam.text import Formatter, render_message, to_local_time, translate
from skinbeam_clinic.treatments.checklist import ChecklistItem, is_blocking
from skinbeam_clinic.treatments.cooling_views import describe_cooling, describe_cooling_change
from skinbeam_clinic.treatments.face_map import describe_place
from skinbeam_clinic.treatments.models import (
    AdverseEvent,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    ChecklistAnswer,
    Deviation,
    TreatedArea,
    Treatment,
    TreatmentOrder,
    is_elsewhere,
)

__all__ = [
    "FiringRow",
    "SkinSign",
    "describe_deviation",
    "describe_elsewhere",
    "describe_event",
    "describe_reaction",
    "describe_value",
    "find_stop_signs",
    "firing_rows",
    "list_blocking_items",
    "list_signs",
    "list_treated_titles",
]

_NO_UNIT = ("passes",)


@dataclass(frozen=True)
class SkinSign:
    """An endpoint that may be observed at the skin: its value in the form, and its title."""

    value: str
    title: str


@dataclass(frozen=True)
class FiringRow:
    """A treated area for display."""

    number: int
    area: TreatedArea
    place: str
    settings: str
    endpoint: str
    deviations: tuple[tuple[bool, str], ...]
    cooling: str
    corrected_by: int | None
    corrects: int | None


def describe_value(name: str, value: float) -> str:
    """Return a setting with its unit; a spot below a millimetre is a column, which is measured in µm."""
    if name == "spot_mm" and value < 1.0:
        return display_value(round_significant(value * MM / UM, 9), quantity_label("diameter_um")[1]).text
    return display_value(value, "" if name in _NO_UNIT else quantity_label(name)[1]).text


def describe_deviation(deviation: Deviation) -> str:
    """Return a deviation from the plan in words, such as "fluence 9 J/cm² instead of 7.5 J/cm²: 20 % above"."""
    fired, planned = describe_value(deviation.name, deviation.fired), describe_value(deviation.name, deviation.planned)
    if deviation.name == "wavelength_nm":
        return render_message("clinic-session.other-light", {"fired": fired, "planned": planned})
    name = capitalise(
        render_message("clinic-session.passes") if deviation.name == "passes" else quantity_label(deviation.name)[0]
    )
    params = {"name": name, "fired": fired, "planned": planned, "pct": display_value(abs(round(deviation.pct))).text}
    sentence = render_message("clinic-session.above" if deviation.pct > 0 else "clinic-session.below", params)
    if deviation.most is None:
        return sentence
    return (
        f"{sentence}; "
        f"{render_message('clinic-session.above-most', {'most': describe_value(deviation.name, deviation.most)})}"
    )


def list_signs(option: Option) -> tuple[SkinSign, ...]:
    """Return the selectable endpoints: the plan's desired endpoint, each sign to stop at, none, and other."""
    known = option.immediate if isinstance(option.immediate, ImmediateReaction) else None
    seek = (
        []
        if known is None
        else [SkinSign("seek", render_message("clinic-session.endpoint-seek", {"words": known.seek.text}))]
    )
    stop = [] if known is None else [message.text for message in known.stop_at]
    stop_words = (render_message("clinic-session.endpoint-stop", {"words": words}) for words in stop)
    rest = (SkinSign(name, render_message(f"clinic-session.endpoint-{name}")) for name in ("none", "other"))
    return (*seek, *(SkinSign(f"stop.{number}", words) for number, words in enumerate(stop_words)), *rest)


def list_treated_titles(order: TreatmentOrder) -> list[str]:
    """Return the titles of the concerns that an order treats, that of the order first."""
    titles = [_concern_title(other.condition, other.site) for other in order.also]
    return [_concern_title(order.condition, order.site), *titles]


def _concern_title(condition: str, site: str) -> str:
    known = vocabulary_table("condition").get(condition)
    return title_at_site(condition if known is None else translate(known["title"]), site)


def firing_rows(treatment: Treatment, signs: Sequence[SkinSign]) -> tuple[FiringRow, ...]:
    """Return the treated areas for display, the oldest first, numbered from 1."""
    numbers = {area.id: number for number, area in enumerate(treatment.areas, 1)}
    corrected = {id: numbers[area.id] for area in treatment.areas if (id := area.fired.corrects) is not None}
    titles = {sign.value: sign.title for sign in signs}
    return tuple(_firing_row(area, treatment.ordered, numbers, corrected, titles) for area in treatment.areas)


def _count_words(name: str, count: int) -> str:
    if name == "passes":
        return render_message("setting.one-pass") if count == 1 else render_message("setting.passes", {"number": count})
    if count == 1:
        return render_message("clinic-session.one-pulse")
    return render_message("clinic-session.pulses-told", {"pulses": count})


def _firing_row(
    area: TreatedArea,
    order: TreatmentOrder,
    numbers: Mapping[str, int],
    corrected: Mapping[str, int],
    titles: Mapping[str, str],
) -> FiringRow:
    fired = area.fired
    parts = [describe_value(name, value) for name, value in fired.settings.numbers().items()]
    for name, count in (("passes", fired.passes), ("pulses", fired.pulses)):
        if count is not None:
            parts.append(_count_words(name, count))
    return FiringRow(
        number=numbers[area.id],
        area=area,
        place=describe_place(fired.site, fired.side),
        settings=", ".join(parts),
        endpoint=titles.get(fired.endpoint, fired.endpoint_words),
        deviations=tuple(_describe_deviations(area, order)),
        cooling=""
        if fired.struck
        else render_message("clinic-cooling.used", {"cooling": describe_cooling(fired.cooling)}),
        corrected_by=corrected.get(area.id),
        corrects=None if fired.corrects is None else numbers.get(fired.corrects),
    )


def describe_elsewhere(order: TreatmentOrder, firing: AreaFiring) -> str:
    """Return that pulses were fired at a site that the plan is not for."""
    params = {"place": describe_place(firing.site, firing.side), "planned": site_title(order.site)}
    return render_message("clinic-session.elsewhere", params)


def _describe_deviations(area: TreatedArea, order: TreatmentOrder) -> Iterator[tuple[bool, str]]:
    """Yield whether a deviation from the plan is more likely to do harm, and its words."""
    if is_elsewhere(order, area.fired):
        yield True, describe_elsewhere(order, area.fired)
    for deviation in area.deviations:
        yield deviation.hotter, describe_deviation(deviation)
    change = area.cooling_change
    if change is not None:
        yield change.needs_reason, describe_cooling_change(change, order.cooling, area.fired.cooling)


def describe_reaction(row: FiringRow) -> str:
    """Return how the skin reacted to a row of fired pulses, with what was noted beside it and the pain."""
    fired = row.area.fired
    words = fired.endpoint_words if fired.endpoint == "other" else ""
    seen = [part for part in (row.endpoint, words, fired.words) if part]
    if fired.pain_0_10 is not None:
        seen.append(render_message("clinic-letter.pain", {"pain": fired.pain_0_10}))
    return "; ".join(dict.fromkeys(part.removesuffix(".") for part in seen))


def describe_event(event: AdverseEvent) -> str:
    """Return an adverse event in one line: its kind, grade and day, what was noted, and its outcome."""
    what = render_message(f"clinic-adverse.{event.kind}"), render_message(f"clinic-grade.{event.grade}")
    day = Formatter().date(to_local_time(event.seen_at).date())
    line = render_message("clinic-letter.event", {"what": what[0], "grade": what[1], "date": day})
    if event.words:
        line = f"{line}: {event.words}"
    return f"{line.removesuffix('.')}; {event.resolved}" if event.resolved else line


def find_stop_signs(treatment: Treatment, rows: Sequence[FiringRow]) -> tuple[str, ...]:
    """Return the reasons to stop: signs to stop at in valid rows, and severe events of the session."""
    signs = [
        row.endpoint for row in rows if row.area in treatment.valid_areas and row.area.fired.endpoint[:5] == "stop."
    ]
    bad = [
        f"{render_message(f'clinic-adverse.{event.kind}')}, {render_message(f'clinic-grade.{event.grade}')}"
        for event in treatment.events
        if event.source is AdverseEventSource.SESSION
        and event.grade in (AdverseEventGrade.SEVERE, AdverseEventGrade.SERIOUS)
    ]
    return tuple(dict.fromkeys([*signs, *bad]))


def list_blocking_items(
    items: Sequence[ChecklistItem], answers: Mapping[str, ChecklistAnswer]
) -> tuple[tuple[ChecklistItem, ChecklistAnswer], ...]:
    """Return the items whose answer blocks the treatment or was overruled, in order."""
    given = [(item, answers[item.name]) for item in items if item.name in answers]
    return tuple((item, answer) for item, answer in given if is_blocking(answer) or answer.decision is not None)
