"""Build the panels of a strip: before, the days after a session, the end and twelve months by percentile, harms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skinbeam.course.recovery import count_healing_days, expectation_on_day
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import collect_sources
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.decoding.photograph import Picture
from skinbeam.plan_records.course import Visit
from skinbeam.plan_records.plan import Plan
from skinbeam.preview.healing_signs import TreatedConcerns, harm_signs, healing_signs
from skinbeam.preview.removals import find_removals
from skinbeam.preview.rendering import Float, PhotoFrame, PigmentLevels, make_frame
from skinbeam.preview.settings import late_months, setting, setting_entry, strip_days
from skinbeam.preview.strip import (
    PERCENTILES,
    ChangeRow,
    HealingSign,
    Omission,
    Panel,
    PanelMoment,
    PreviewStrip,
    Removal,
)
from skinbeam.text import Message

__all__ = ["make_strip", "omission_message"]

_REASONS = 2  # number of reasons shown in place of a picture; the others are in the footnotes


def make_strip(plan: Plan, skin: SkinAnalysis, *, exponent: float | None = None) -> PreviewStrip:
    """Draw the pictures of a plan on the skin of a photograph.

    Parameters
    ----------
    exponent : of the assumption that a grade is a share of contrast; that of `data/preview.toml` if left out.
    """
    with collect_sources() as sources:
        power = float(setting_entry("grade", "exponent")["value"]) if exponent is None else exponent
        treated = [(concern, concern.first_laser[0]) for concern in plan.concerns if concern.first_laser is not None]
        taken, left = find_removals(plan.concerns, skin)
        shown, unsized = healing_signs(treated, skin)
        least = setting("strip", "purpura_least")
        drawn = [
            sign
            for sign in shown
            if sign.frequency is None or (isinstance(sign.frequency, Estimate) and sign.frequency.median >= least)
        ]
        visit = _longest_visit(plan.course, drawn)
        frame = make_frame(skin.view, None if isinstance(skin.maps, Unknown) else PigmentLevels.from_maps(skin.maps))
        here = [pair for pair in treated if visit is not None and pair[0].place in visit.treats]
        at_visit = [sign for sign in drawn if visit is not None and sign.concern in visit.treats]
        panels: list[_PanelRows] = [_before_panel(frame)]
        panels += [_day_panel(day, here, at_visit, frame) for day in strip_days()]
        for percentile in PERCENTILES:
            panels.append(_end_panel(percentile, taken, left, frame, power))
            panels.append(_late_panel(percentile, taken, left, frame, power))
        found = list(harm_signs(treated, [sign for sign in shown if sign not in drawn], skin))
        panels += [_harm_panel(sign, frame) for sign in found if isinstance(sign, HealingSign)]
        left = (*left, *unsized, *(sign for sign in found if isinstance(sign, Omission)))
    return PreviewStrip(
        panels=tuple(panel_rows.panel for panel_rows in panels),
        change_rows=tuple(row for panel_rows in panels for row in panel_rows.rows),
        omissions=_unique_omissions(left),
        visit=None if visit is None else _visit_label(visit, here),
        assumption=Message("preview.assumption"),
        notes=(Message("preview.at-its-own"),) if len({removal.concern for removal in taken}) > 1 else (),
        sources=tuple(sources),
    )


@dataclass(frozen=True)
class _PanelRows:
    panel: Panel
    rows: tuple[ChangeRow, ...] = ()


def _unique_omissions(left: Sequence[Omission]) -> tuple[Omission, ...]:
    """Merge omissions of the same reason into one that names everything it applies to."""
    why = {omission.reason.english: omission.reason for omission in left}
    about = {said: [omission.subjects for omission in left if omission.reason.english == said] for said in why}
    return tuple(Omission(_unique_messages(name for names in about[said] for name in names), why[said]) for said in why)


def omission_message(omission: Omission) -> Message:
    """Return a sentence that says what is not drawn, and why."""
    return Message("preview.because", {"about": list(omission.subjects), "why": omission.reason})


def _unique_messages(names: Iterable[Message]) -> tuple[Message, ...]:
    """Return the messages without duplicates of the same text."""
    return tuple({name.english: name for name in names}.values())


def _longest_visit(course: Sequence[Visit], drawn: Sequence[HealingSign]) -> Visit | None:
    """Return the visit after which drawn signs last the longest; the first where nothing is drawn."""

    def lasts(visit: Visit) -> float:
        return max((sign.last_day or 0.0 for sign in drawn if sign.concern in visit.treats), default=0.0)

    return max(course, key=lasts, default=None)


def _visit_label(visit: Visit, here: TreatedConcerns) -> Message:
    sites = dict.fromkeys(str(vocabulary_table("site")[concern.site]["title"]) for concern, _ in here)
    lights = dict.fromkeys(option.setup.device_title for _, option in here if option.setup is not None)
    return Message(
        "preview.visit",
        {"number": visit.session, "week": visit.week, "device": list(lights), "sites": list(sites)},
    )


def _before_panel(frame: PhotoFrame) -> _PanelRows:
    return _PanelRows(Panel(PanelMoment("before"), Message("preview-label.before"), "before.png", frame.picture))


def _day_panel(day: int, here: TreatedConcerns, drawn: Sequence[HealingSign], frame: PhotoFrame) -> _PanelRows:
    """Return a day after the session: its drawn signs, or the plan's words where no sign can be drawn."""
    moment, label = PanelMoment("day", day=day), Message("preview-label.day", {"day": day})
    if not here:
        return _PanelRows(Panel(moment, label, None, None, reason=Message("preview.no-session")))
    told = {
        option.modality: expectation_on_day(option, day).current
        for _, option in here
        if day <= count_healing_days(option)
    }
    words = _unique_messages(note.text for note in told.values() if note is not None)
    lasting = [sign for sign in drawn if sign.last_day is not None and day <= sign.last_day]
    if not lasting and told:
        return _PanelRows(Panel(moment, label, None, None, notes=words, reason=Message("preview.day-undrawn")))
    file = f"day-{day}.png"
    picture = _draw_signs(lasting, frame)
    notes = (*words, Message("preview.at-least")) if lasting else (Message("preview.day-over"),)
    rows = tuple(_sign_row(file, sign, day=day) for sign in lasting)
    return _PanelRows(Panel(moment, label, file, picture, notes=notes), rows)


def _draw_signs(lasting: Sequence[HealingSign], frame: PhotoFrame) -> Picture:
    """Return the picture with signs, and a line around the affected skin."""
    if not lasting:
        return frame.picture
    picture = frame.with_map_changes(_combine_maps(lasting))
    return frame.with_outline(picture, np.maximum.reduce([sign.map_change for sign in lasting]))


def _combine_maps(lasting: Sequence[HealingSign]) -> Mapping[str, Float]:
    """Return the maps that signs raise; where two signs raise one map, the larger rise is used."""
    added: dict[str, Float] = {}
    for sign in lasting:
        before = added.get(sign.map_name)
        added[sign.map_name] = sign.map_change if before is None else np.maximum(before, sign.map_change)
    return added


def _sign_row(file: str, sign: HealingSign, *, day: int | None = None) -> ChangeRow:
    return ChangeRow(
        picture=file,
        concern=sign.concern,
        treatment=sign.treatment,
        map=sign.map_name,
        day=day,
        healing_sign=sign.name,
        size=sign.size.english,
        frequency=sign.frequency,
        sources=sign.sources,
    )


def _apply_removals(
    taken: Sequence[Removal], percentile: int, power: float, kept: Mapping[str, float] | None = None
) -> tuple[dict[str, Float], list[float]]:
    """Return the change of the maps (never upwards), and the share that is removed by each removal."""
    shares = [
        removal.share_removed(percentile, power) * (1.0 if kept is None else kept[removal.concern]) for removal in taken
    ]
    added: dict[str, Float] = {}
    for removal, share in zip(taken, shares, strict=True):
        before = added.get(removal.map_name, np.zeros_like(removal.excess))
        added[removal.map_name] = np.minimum(before, np.asarray(-share * removal.excess, np.float32))
    return added, shares


def _end_panel(
    percentile: int, taken: Sequence[Removal], left: Sequence[Omission], frame: PhotoFrame, power: float
) -> _PanelRows:
    moment, label = PanelMoment("end", percentile=percentile), Message("preview-label.end")
    if not taken:
        return _PanelRows(_unknown_panel(moment, label, left))
    file = f"end-p{percentile}.png"
    added, shares = _apply_removals(taken, percentile, power)
    rows = [_removal_row(file, removal, share, percentile) for removal, share in zip(taken, shares, strict=True)]
    panel = Panel(
        moment,
        label,
        file,
        frame.with_map_changes(added),
        frequency=_frequency(percentile, taken),
        notes=_exceptions(percentile, taken),
    )
    return _PanelRows(panel, tuple(rows))


def _late_panel(
    percentile: int, taken: Sequence[Removal], left: Sequence[Omission], frame: PhotoFrame, power: float
) -> _PanelRows:
    """Return the panel after a year: the remaining gain, if a study followed it for every finding that is drawn."""
    when = late_months()
    moment, label = (
        PanelMoment("months", months=when, percentile=percentile),
        Message("preview-label.months", {"months": when}),
    )
    if not taken:
        return _PanelRows(_unknown_panel(moment, label, left))
    kept = {
        removal.concern: removal.remaining_fraction.median
        for removal in taken
        if isinstance(removal.remaining_fraction, Estimate)
    }
    if untold := _unique_messages(removal.title for removal in taken if removal.concern not in kept):
        why = Message("preview.not-kept", {"months": when, "concerns": list(untold)})
        return _PanelRows(Panel(moment, label, None, None, frequency=_frequency(percentile, taken), reason=why))
    file = f"months-{when}-p{percentile}.png"
    added, shares = _apply_removals(taken, percentile, power, kept)
    rows = [
        _removal_row(file, removal, share, percentile, months=when)
        for removal, share in zip(taken, shares, strict=True)
    ]
    picture = frame.with_map_changes(added)
    return _PanelRows(Panel(moment, label, file, picture, frequency=_frequency(percentile, taken)), tuple(rows))


def _unknown_panel(moment: PanelMoment, label: Message, left: Sequence[Omission]) -> Panel:
    """Return a panel that says why no result can be drawn."""
    reasons = tuple(omission_message(omission) for omission in _unique_omissions(left)[:_REASONS])
    return Panel(moment, label, None, None, notes=reasons, reason=Message("preview.nothing"))


def _removal_row(file: str, removal: Removal, share: float, percentile: int, *, months: int | None = None) -> ChangeRow:
    return ChangeRow(
        picture=file,
        concern=removal.concern,
        treatment=removal.treatment,
        map=removal.map_name,
        finding=removal.finding,
        count=removal.count,
        share_removed=share,
        percentile=percentile,
        estimate=removal.improvement_pct,
        months=months,
        sources=removal.improvement_pct.basis,
    )


def _frequency(percentile: int, taken: Sequence[Removal]) -> Message:
    """Return how many people improve more or less than in the picture."""
    improved = [removal.improvement_at(percentile) for removal in taken]
    if percentile == PERCENTILES[0] and max(improved) <= 0:
        return Message("preview-frequency.none")
    if percentile != PERCENTILES[0] and min(improved) >= 100:
        return Message(f"preview-frequency.gone-p{percentile}")
    return Message(f"preview-frequency.p{percentile}")


def _exceptions(percentile: int, taken: Sequence[Removal]) -> tuple[Message, ...]:
    """Return the concerns to which the frequency of the picture does not apply: no change, or all gone."""
    found = {}
    for removal in taken:
        improved = removal.improvement_at(percentile)
        if improved <= 0:
            found[removal.concern] = Message("preview.no-change", {"concern": removal.title})
        elif improved >= 100:
            found[removal.concern] = Message("preview.gone", {"concern": removal.title})
    return tuple(found.values())


def _harm_panel(sign: HealingSign, frame: PhotoFrame) -> _PanelRows:
    file = f"harm-{sign.name}.png"
    p = sign.frequency
    assert isinstance(p, Estimate)  # `harm_signs` yields no sign without one
    counted = {"p": p.median, "low": p.low, "high": p.high}
    panel = Panel(
        PanelMoment("harm"),
        Message(f"preview-label.harm-{sign.name}"),
        file,
        _draw_signs([sign], frame),
        frequency=Message("preview-frequency.harm", _per_hundred(counted)),
        notes=(Message("preview.at-least"), Message("preview.harm-where", {"title": sign.title})),
    )
    return _PanelRows(panel, (_sign_row(file, sign),))


def _per_hundred(shares: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{100 * share:.0f}" if 100 * share >= 1 else "<1" for name, share in shares.items()}
