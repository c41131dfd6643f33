"""Build the panels of a strip: before, the days after a session, the end and twelve months by percentile, harms.

The days are reported in the words of the plan: no source gives the strength of what shows on them, and a picture that
shows less than what comes would promise too much.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skinbeam.course.recovery import count_healing_days, expectation_on_day
from skinbeam.model.conditions import known_sites
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import collect_sources
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.photo.view import View
from skinbeam.plan_records.course import Visit
from skinbeam.plan_records.plan import Option, Plan
from skinbeam.preview.harms import TreatedConcerns, harm_signs
from skinbeam.preview.light_changes import LightChanges
from skinbeam.preview.removals import find_removals, finding_message
from skinbeam.preview.rendering import PhotoFrame, crop_frame, find_close_up, make_frame
from skinbeam.preview.settings import late_months, setting_entry, strip_days
from skinbeam.preview.strip import (
    PERCENTILES,
    ChangeRow,
    CloseUp,
    HarmSign,
    Omission,
    Panel,
    PanelMoment,
    PreviewStrip,
    Removal,
)
from skinbeam.preview.undrawn_harms import find_undrawn_harms
from skinbeam.text import Message, round_to_people

__all__ = ["make_strip", "omission_message"]

_REASONS = 2  # number of reasons shown in place of a picture; the others are in the footnotes
_CLOSE_UPS = 2  # of gains, the strongest: more would be longer than a page
_BEFORE = PanelMoment("before")


def make_strip(plan: Plan, skin: SkinAnalysis, *, exponent: float | None = None) -> PreviewStrip:
    """Draw the pictures of a plan on the skin of a photograph.

    Parameters
    ----------
    exponent : of the assumption that a grade is a share of contrast; that of `data/preview.toml` if left out.
    """
    with collect_sources() as sources:
        power = float(setting_entry("grade", "exponent")["value"]) if exponent is None else exponent
        treated = [(concern, concern.first_laser[0]) for concern in plan.concerns if concern.first_laser is not None]
        changes = None if isinstance(skin.maps, Unknown) else LightChanges.from_analysis(skin, skin.maps)
        taken, left = find_removals(plan.concerns, skin, changes)
        visit = _longest_visit(plan.course, treated)
        frame = make_frame(skin.view)
        here = [pair for pair in treated if visit is not None and pair[0].place in visit.treats]
        panels: list[_PanelRows] = [_PanelRows(_before_panel(frame, "before.png"))]
        panels += [_PanelRows(_day_panel(day, here)) for day in strip_days()]
        for percentile in PERCENTILES:
            panels.append(_end_panel(percentile, taken, left, frame, power))
            panels.append(_late_panel(percentile, taken, left, frame, power))
        signs = list(harm_signs(treated, skin, changes))
        harms = [sign for sign in signs if isinstance(sign, HarmSign)]
        panels += [_harm_panel(sign, frame) for sign in harms]
        left = (*left, *(sign for sign in signs if isinstance(sign, Omission)))
        undrawn = find_undrawn_harms(treated, {sign.harm: sign.frequency.median for sign in harms})
    return PreviewStrip(
        panels=tuple(panel_rows.panel for panel_rows in panels),
        close_ups=_close_ups(taken, harms, skin.view, power),
        change_rows=tuple(row for panel_rows in panels for row in panel_rows.rows),
        omissions=_unique_omissions(left),
        undrawn_harms=undrawn,
        visit=None if visit is None else _visit_label(visit, here),
        assumption=Message("preview.assumption"),
        notes=_notes(taken, harms),
        sources=tuple(sources),
    )


@dataclass(frozen=True)
class _PanelRows:
    panel: Panel
    rows: tuple[ChangeRow, ...] = ()


def _notes(taken: Sequence[Removal], harms: Sequence[HarmSign]) -> tuple[Message, ...]:
    """Return what has to be known to read the pictures."""
    notes = []
    if taken:
        counted = _unique_messages(_finding_title(removal) for removal in taken)
        notes += [Message("preview.changed", {"findings": list(counted)}), Message("preview.gains-at-end")]
    notes += _unique_messages(
        Message("preview.bounded", {"concern": removal.title, "pct": round(removal.most_counted_pct)})
        for removal in taken
        if removal.is_bounded(PERCENTILES[-1])
    )
    if len({removal.concern for removal in taken}) > 1:
        notes.append(Message("preview.at-its-own"))
    if harms:
        notes.append(Message("preview.example"))
    return tuple(notes)


def _finding_title(removal: Removal) -> Message:
    finding = finding_message(removal.finding, removal.count)
    return Message("preview.close-up", {"concern": removal.title, "finding": finding})


def _unique_omissions(left: Sequence[Omission]) -> tuple[Omission, ...]:
    """Merge omissions of the same reason into one that names everything it applies to."""
    why = {omission.reason.english: omission.reason for omission in left}
    about = {reason: [omission.subjects for omission in left if omission.reason.english == reason] for reason in why}
    return tuple(
        Omission(_unique_messages(name for names in about[reason] for name in names), why[reason]) for reason in why
    )


def omission_message(omission: Omission) -> Message:
    """Return a sentence that says what is not drawn, and why."""
    return Message("preview.because", {"about": list(omission.subjects), "why": omission.reason})


def _unique_messages(names: Iterable[Message]) -> tuple[Message, ...]:
    """Return the messages without duplicates of the same text."""
    return tuple({name.english: name for name in names}.values())


def _longest_visit(course: Sequence[Visit], treated: TreatedConcerns) -> Visit | None:
    """Return the visit whose effects show the longest; the first where none shows."""

    def shows_days(visit: Visit) -> int:
        return max(
            (count_healing_days(option) for concern, option in treated if concern.place in visit.treats), default=0
        )

    return max(course, key=shows_days, default=None)


def _visit_label(visit: Visit, concerns: TreatedConcerns) -> Message:
    """Return the visit and its sites, with its laser if it has one; the steps of a visit name several."""
    sites = dict.fromkeys(known_sites()[concern.site].title for concern, _ in concerns)
    params = {"number": visit.session, "week": visit.week, "sites": list(sites)}
    lights = list(dict.fromkeys(option.setup.device_title for _, option in concerns if option.setup is not None))
    if len(lights) > 1:
        return Message("preview.visit-of-several", params)
    return Message("preview.visit", {**params, "device": lights})


def _before_panel(frame: PhotoFrame, file: str) -> Panel:
    return Panel(_BEFORE, Message("preview-label.before"), file, frame.picture)


def _day_panel(day: int, concerns: TreatedConcerns) -> Panel:
    """Return what shows on a day after the session, in the plan's words."""
    moment, label = PanelMoment("day", day=day), Message("preview-label.day", {"day": day})
    if not concerns:
        return Panel(moment, label, None, None, reason=Message("preview.no-session"))
    showing = [option for _, option in concerns if day <= count_healing_days(option)]
    if not showing:
        untold = any(_may_show_longer(option) for _, option in concerns)
        reason = Message("preview.day-unknown" if untold else "preview.day-over")
        return Panel(moment, label, None, None, reason=reason)
    notes = [expectation_on_day(option, day).current for option in showing]
    words = _unique_messages(note.text for note in notes if note is not None)
    undrawn = Message("preview.day-undrawn")
    return Panel(moment, label, None, None, notes=words or (Message("preview.day-untold"),), reason=undrawn)


def _may_show_longer(option: Option) -> bool:
    """Return whether nobody says when an option's last trace is gone: a time of the calendar is a least one."""
    return isinstance(option.shows_days, Unknown) or option.shows_days.what == "calendar"


def _end_panel(
    percentile: int, taken: Sequence[Removal], left: Sequence[Omission], frame: PhotoFrame, power: float
) -> _PanelRows:
    moment, label = PanelMoment("end", percentile=percentile), _gain_label(percentile, taken)
    if not taken:
        return _PanelRows(_unknown_panel(moment, label, left))
    shares = [(removal, removal.share_removed(percentile, power)) for removal in taken]
    return _gain_panel(moment, label, f"end-p{percentile}.png", percentile, shares, frame)


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
    lasting = {
        removal.concern: removal.remaining_fraction.median
        for removal in taken
        if isinstance(removal.remaining_fraction, Estimate)
    }
    if untold := _unique_messages(removal.title for removal in taken if removal.concern not in lasting):
        why = Message("preview.not-kept", {"months": when, "concerns": list(untold)})
        return _PanelRows(Panel(moment, label, None, None, reason=why))
    shares = [(removal, removal.share_removed(percentile, power) * lasting[removal.concern]) for removal in taken]
    return _gain_panel(moment, label, f"months-{when}-p{percentile}.png", percentile, shares, frame)


def _gain_panel(
    moment: PanelMoment,
    label: Message,
    file: str,
    percentile: int,
    shares: Sequence[tuple[Removal, float]],
    frame: PhotoFrame,
) -> _PanelRows:
    """Draw a panel with the shares that are removed; where two removals change one pixel, the stronger one is used."""
    taken = [removal for removal, _ in shares]
    light = np.zeros_like(taken[0].ln_light)
    for removal, share in shares:
        change = np.asarray(share * removal.ln_light, np.float32)
        light = np.where(np.abs(change) > np.abs(light), change, light)
    rows = tuple(
        ChangeRow(
            picture=file,
            concern=removal.concern,
            treatment=removal.treatment,
            map=removal.map_name,
            finding=removal.finding,
            count=removal.count,
            share_removed=share,
            percentile=percentile,
            estimate=removal.improvement_pct,
            months=moment.months,
            sources=removal.improvement_pct.basis,
        )
        for removal, share in shares
    )
    frequency, notes = _frequency(percentile, taken), _exceptions(percentile, taken)
    return _PanelRows(Panel(moment, label, file, frame.with_light(light), frequency=frequency, notes=notes), rows)


def _unknown_panel(moment: PanelMoment, label: Message, left: Sequence[Omission]) -> Panel:
    """Return a panel that says why no result can be drawn."""
    reasons = tuple(omission_message(omission) for omission in _unique_omissions(left)[:_REASONS])
    return Panel(moment, label, None, None, notes=reasons, reason=Message("preview.nothing"))


def _gain_label(percentile: int, taken: Sequence[Removal]) -> Message:
    """Return the name of a picture of a gain; one without a change is not called a little gain."""
    nothing = bool(taken) and all(removal.improvement_at(percentile) <= 0 for removal in taken)
    return Message("preview-label.no-gain" if nothing else f"preview-label.p{percentile}")


def _frequency(percentile: int, taken: Sequence[Removal]) -> Message:
    """Return how many people improve more or less than in the picture."""
    improved = [removal.improvement_at(percentile) for removal in taken]
    if percentile == PERCENTILES[0] and max(improved) <= 0:
        return Message("preview-frequency.none")
    if any(removal.is_bounded(percentile) for removal in taken):
        return Message(
            "preview-frequency.bounded" if percentile == PERCENTILES[-1] else f"preview-frequency.p{percentile}-bounded"
        )
    return Message(f"preview-frequency.p{percentile}")


def _exceptions(percentile: int, taken: Sequence[Removal]) -> tuple[Message, ...]:
    """Return the concerns to which the frequency of the picture does not apply, because they do not change."""
    if all(removal.improvement_at(percentile) <= 0 for removal in taken):
        return ()
    return _unique_messages(
        Message("preview.no-change", {"concern": removal.title})
        for removal in taken
        if removal.improvement_at(percentile) <= 0
    )


def _harm_panel(sign: HarmSign, frame: PhotoFrame) -> _PanelRows:
    file = f"harm-{sign.name}.png"
    p = sign.frequency
    where = Message("preview.harm-where", {"title": sign.title})
    lasts = () if sign.days is None else (Message("preview.harm-days", {"days": round(sign.days)}),)
    panel = Panel(
        PanelMoment("harm"),
        Message(f"preview-label.harm-{sign.name}"),
        file,
        frame.with_light(sign.ln_light),
        frequency=Message(
            "preview-frequency.harm",
            {"p": round_to_people(p.median), "low": round_to_people(p.low), "high": round_to_people(p.high)},
        ),
        notes=(where, *lasts),
    )
    row = ChangeRow(
        picture=file,
        concern=sign.concern,
        treatment=sign.treatment,
        map=sign.map_name,
        harm=sign.name,
        size=sign.size.document_text,
        frequency=p,
        sources=sign.sources,
    )
    return _PanelRows(panel, (row,))


def _close_ups(taken: Sequence[Removal], harms: Sequence[HarmSign], view: View, power: float) -> tuple[CloseUp, ...]:
    """Return enlarged parts of the photograph: the strongest gains at each percentile, and each harm."""
    strongest = sorted(taken, key=lambda removal: -float(np.abs(removal.ln_light).sum()))[:_CLOSE_UPS]
    shown = [_gain_close_up(number, removal, view, power) for number, removal in enumerate(strongest, start=1)]
    for number, sign in enumerate(harms, start=len(shown) + 1):
        frame = crop_frame(view, find_close_up(view, sign.ln_light))
        whole = _harm_panel(sign, frame).panel
        after = replace(whole, file=f"close-up-{number}-{sign.name}.png")
        title = Message(f"preview-label.harm-{sign.name}")
        shown.append(CloseUp(title, True, (_before_panel(frame, f"close-up-{number}-before.png"), after)))
    return tuple(shown)


def _gain_close_up(number: int, removal: Removal, view: View, power: float) -> CloseUp:
    frame = crop_frame(view, find_close_up(view, removal.ln_light))
    after = tuple(
        Panel(
            PanelMoment("end", percentile=percentile),
            _gain_label(percentile, [removal]),
            f"close-up-{number}-p{percentile}.png",
            frame.with_light(np.asarray(removal.share_removed(percentile, power) * removal.ln_light, np.float32)),
            frequency=_frequency(percentile, [removal]),
        )
        for percentile in PERCENTILES
    )
    return CloseUp(_finding_title(removal), False, (_before_panel(frame, f"close-up-{number}-before.png"), *after))
