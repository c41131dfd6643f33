"""The pictures of a strip: before, the days after a session, the end and twelve months for each percentile, harms."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from skinbeam.estimate import Estimate, Unknown
from skinbeam.messages import Message
from skinbeam.photo.look import SeenSkin
from skinbeam.photo.reading.read import Picture
from skinbeam.plan.records import Plan
from skinbeam.plan.visit.recovery import healing_days, today
from skinbeam.plan.visits import Visit
from skinbeam.preview.forward import Float, Pigment
from skinbeam.preview.frame import Frame, frame_of
from skinbeam.preview.gates import days, entry, months, value
from skinbeam.preview.records import PERCENTILES, Left, Moment, Panel, Removal, Row, Sign, Strip
from skinbeam.preview.removals import removals
from skinbeam.preview.signs import Treated, harms, signs
from skinbeam.provenance import collect
from skinbeam.schema.names import table

__all__ = ["because", "strip_of"]

_REASONS = 2  # told in place of a picture; the others stand below


def strip_of(plan: Plan, seen: SeenSkin, *, exponent: float | None = None) -> Strip:
    """Return the pictures of a plan on the skin of a photograph.

    Parameters
    ----------
    exponent : of the assumption that a grade is a share of contrast; that of `data/preview.toml` if left out.
    """
    with collect() as sources:
        power = float(entry("grade", "exponent")["value"]) if exponent is None else exponent
        treated = [(one, one.first_laser[0]) for one in plan.concerns if one.first_laser is not None]
        taken, left = removals(plan.concerns, seen)
        shown, unsized = signs(treated, seen)
        least = value("strip", "purpura_least")
        drawn = [one for one in shown if one.p is None or (isinstance(one.p, Estimate) and one.p.median >= least)]
        visit = _longest(plan.course, drawn)
        frame = frame_of(seen.view, None if isinstance(seen.maps, Unknown) else Pigment.of(seen.maps))
        here = [pair for pair in treated if visit is not None and pair[0].place in visit.treats]
        at_visit = [sign for sign in drawn if visit is not None and sign.concern in visit.treats]
        panels: list[_Made] = [_before(frame)]
        panels += [_day(day, here, at_visit, frame) for day in days()]
        for percentile in PERCENTILES:
            panels.append(_end(percentile, taken, left, frame, power))
            panels.append(_later(percentile, taken, left, frame, power))
        found = list(harms(treated, [one for one in shown if one not in drawn], seen))
        panels += [_harm(one, frame) for one in found if isinstance(one, Sign)]
        left = (*left, *unsized, *(one for one in found if isinstance(one, Left)))
    return Strip(
        panels=tuple(one.panel for one in panels),
        rows=tuple(row for one in panels for row in one.rows),
        left=_once(left),
        visit=None if visit is None else _named(visit, here),
        assumption=Message("preview.assumption"),
        notes=(Message("preview.at-its-own"),) if len({one.concern for one in taken}) > 1 else (),
        sources=tuple(sources),
    )


@dataclass(frozen=True)
class _Made:
    panel: Panel
    rows: tuple[Row, ...] = ()


def _once(left: Sequence[Left]) -> tuple[Left, ...]:
    """Each reason once, with everything that it is the reason of."""
    why = {one.why.english: one.why for one in left}
    about = {said: [one.about for one in left if one.why.english == said] for said in why}
    return tuple(Left(_each(name for names in about[said] for name in names), why[said]) for said in why)


def because(one: Left) -> Message:
    """Return a sentence that says what is not drawn, and why."""
    return Message("preview.because", {"about": list(one.about), "why": one.why})


def _each(names: Iterable[Message]) -> tuple[Message, ...]:
    """Messages, those that say the same once."""
    return tuple({name.english: name for name in names}.values())


def _longest(course: Sequence[Visit], drawn: Sequence[Sign]) -> Visit | None:
    """The visit after which drawn signs last the longest; the first where nothing is drawn."""

    def lasts(visit: Visit) -> float:
        return max((one.until_day or 0.0 for one in drawn if one.concern in visit.treats), default=0.0)

    return max(course, key=lasts, default=None)


def _named(visit: Visit, here: Treated) -> Message:
    sites = dict.fromkeys(str(table("site")[concern.site]["title"]) for concern, _ in here)
    lights = dict.fromkeys(option.setup.device_title for _, option in here if option.setup is not None)
    return Message(
        "preview.visit",
        {"number": visit.session, "week": visit.week, "device": list(lights), "sites": list(sites)},
    )


def _before(frame: Frame) -> _Made:
    return _Made(Panel(Moment("before"), Message("preview-label.before"), "before.png", frame.picture))


def _day(day: int, here: Treated, drawn: Sequence[Sign], frame: Frame) -> _Made:
    """The day after the session: what is drawn of it, or the plan's words where none of what shows can be."""
    moment, label = Moment("day", day=day), Message("preview-label.day", {"day": day})
    if not here:
        return _Made(Panel(moment, label, None, None, why=Message("preview.no-session")))
    told = {option.modality: today(option, day).now for _, option in here if day <= healing_days(option)}
    words = _each(one.text for one in told.values() if one is not None)
    lasting = [sign for sign in drawn if sign.until_day is not None and day <= sign.until_day]
    if not lasting and told:
        return _Made(Panel(moment, label, None, None, notes=words, why=Message("preview.day-undrawn")))
    file = f"day-{day}.png"
    picture = _drawn(lasting, frame)
    notes = (*words, Message("preview.at-least")) if lasting else (Message("preview.day-over"),)
    rows = tuple(_sign_row(file, sign, day=day) for sign in lasting)
    return _Made(Panel(moment, label, file, picture, notes=notes), rows)


def _drawn(lasting: Sequence[Sign], frame: Frame) -> Picture:
    """The picture with signs, and a line around the skin that has them."""
    if not lasting:
        return frame.picture
    picture = frame.with_added(_sum(lasting))
    return frame.outlined(picture, np.maximum.reduce([sign.added for sign in lasting]))


def _sum(lasting: Sequence[Sign]) -> Mapping[str, Float]:
    """The maps that signs raise: where two raise one map, the one that raises it more."""
    added: dict[str, Float] = {}
    for sign in lasting:
        before = added.get(sign.carried_by)
        added[sign.carried_by] = sign.added if before is None else np.maximum(before, sign.added)
    return added


def _sign_row(file: str, sign: Sign, *, day: int | None = None) -> Row:
    return Row(
        picture=file,
        concern=sign.concern,
        treatment=sign.treatment,
        map=sign.carried_by,
        day=day,
        healing_sign=sign.name,
        size=sign.size.english,
        frequency=sign.p,
        sources=sign.sources,
    )


def _taken(
    taken: Sequence[Removal], percentile: int, power: float, kept: Mapping[str, float] | None = None
) -> tuple[dict[str, Float], list[float]]:
    """What the maps grow by (never upwards), and the share that is taken of each removal."""
    shares = [one.share(percentile, power) * (1.0 if kept is None else kept[one.concern]) for one in taken]
    added: dict[str, Float] = {}
    for one, share in zip(taken, shares, strict=True):
        before = added.get(one.carried_by, np.zeros_like(one.excess))
        added[one.carried_by] = np.minimum(before, np.asarray(-share * one.excess, np.float32))
    return added, shares


def _end(percentile: int, taken: Sequence[Removal], left: Sequence[Left], frame: Frame, power: float) -> _Made:
    moment, label = Moment("end", percentile=percentile), Message("preview-label.end")
    if not taken:
        return _Made(_untold(moment, label, left))
    file = f"end-p{percentile}.png"
    added, shares = _taken(taken, percentile, power)
    rows = [_removal_row(file, one, share, percentile) for one, share in zip(taken, shares, strict=True)]
    panel = Panel(
        moment,
        label,
        file,
        frame.with_added(added),
        frequency=_frequency(percentile, taken),
        notes=_exceptions(percentile, taken),
    )
    return _Made(panel, tuple(rows))


def _later(percentile: int, taken: Sequence[Removal], left: Sequence[Left], frame: Frame, power: float) -> _Made:
    """A year on: what is kept of the gain, where somebody followed it for every finding that is drawn."""
    when = months()
    moment, label = (
        Moment("months", months=when, percentile=percentile),
        Message("preview-label.months", {"months": when}),
    )
    if not taken:
        return _Made(_untold(moment, label, left))
    kept = {one.concern: one.kept_fraction.median for one in taken if isinstance(one.kept_fraction, Estimate)}
    if untold := _each(one.title for one in taken if one.concern not in kept):
        why = Message("preview.not-kept", {"months": when, "concerns": list(untold)})
        return _Made(Panel(moment, label, None, None, frequency=_frequency(percentile, taken), why=why))
    file = f"months-{when}-p{percentile}.png"
    added, shares = _taken(taken, percentile, power, kept)
    rows = [_removal_row(file, one, share, percentile, months=when) for one, share in zip(taken, shares, strict=True)]
    picture = frame.with_added(added)
    return _Made(Panel(moment, label, file, picture, frequency=_frequency(percentile, taken)), tuple(rows))


def _untold(moment: Moment, label: Message, left: Sequence[Left]) -> Panel:
    """In place of a result: why none can be drawn."""
    reasons = tuple(because(one) for one in _once(left)[:_REASONS])
    return Panel(moment, label, None, None, notes=reasons, why=Message("preview.nothing"))


def _removal_row(file: str, one: Removal, share: float, percentile: int, *, months: int | None = None) -> Row:
    return Row(
        picture=file,
        concern=one.concern,
        treatment=one.treatment,
        map=one.carried_by,
        finding=one.finding,
        count=one.count,
        share_removed=share,
        percentile=percentile,
        estimate=one.improvement_pct,
        months=months,
        sources=one.improvement_pct.basis,
    )


def _frequency(percentile: int, taken: Sequence[Removal]) -> Message:
    """How many people see more or less than the picture."""
    improved = [one.improved_pct(percentile) for one in taken]
    if percentile == PERCENTILES[0] and max(improved) <= 0:
        return Message("preview-frequency.none")
    if percentile != PERCENTILES[0] and min(improved) >= 100:
        return Message(f"preview-frequency.gone-p{percentile}")
    return Message(f"preview-frequency.p{percentile}")


def _exceptions(percentile: int, taken: Sequence[Removal]) -> tuple[Message, ...]:
    """Concerns of which the frequency of the picture does not hold: nothing changes, or nothing is left to change."""
    found = {}
    for one in taken:
        improved = one.improved_pct(percentile)
        if improved <= 0:
            found[one.concern] = Message("preview.no-change", {"concern": one.title})
        elif improved >= 100:
            found[one.concern] = Message("preview.gone", {"concern": one.title})
    return tuple(found.values())


def _harm(sign: Sign, frame: Frame) -> _Made:
    file = f"harm-{sign.name}.png"
    p = sign.p
    assert isinstance(p, Estimate)  # or it would have no picture
    counted = {"p": p.median, "low": p.low, "high": p.high}
    panel = Panel(
        Moment("harm"),
        Message(f"preview-label.harm-{sign.name}"),
        file,
        _drawn([sign], frame),
        frequency=Message("preview-frequency.harm", _per_hundred(counted)),
        notes=(Message("preview.at-least"), Message("preview.harm-where", {"title": sign.title})),
    )
    return _Made(panel, (_sign_row(file, sign),))


def _per_hundred(shares: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{100 * share:.0f}" if 100 * share >= 1 else "<1" for name, share in shares.items()}
