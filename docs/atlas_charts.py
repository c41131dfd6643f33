"""The charts of the atlas as inline SVG: small, of text that can be read aloud, and clear without colour."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

__all__ = ["Place", "dose_chart", "harm_chart"]

WIDTH, HEIGHT = 380, 270
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 30, 46
LIGHTEST, DARKEST = 67.0, -53.0
TICKS: Final = (60, 40, 20, 0, -20, -40)


@dataclass(frozen=True)
class Place:
    """What one colour got: None is unknown, or no setting.

    Parameters
    ----------
    low, high : between which the planned dose may be moved.
    textbook : probability that the textbook's setting harms.
    """

    ita_deg: float
    dose: float | None
    low: float | None
    high: float | None
    planned: float | None
    textbook: float | None


def dose_chart(places: Sequence[Place], *, title: str, unit: str, textbook: float | None) -> str:
    """Return the planned dose by colour, how far it may be moved, and the textbook's dose across."""
    tops = [value for place in places for value in (place.dose, place.high) if value is not None]
    y = _axis(max([*tops, textbook or 0.0, 1e-9]))
    parts = [_frame(title, unit, y)]
    if textbook is not None:
        parts.append(_line("textbook", [(LIGHTEST, textbook), (DARKEST, textbook)], y))
    for place in places:
        x = _x(place.ita_deg)
        if place.dose is None:
            parts.append(_cross(x))
            continue
        if place.low is not None and place.high is not None and place.high >= place.low:
            top, foot = y.at(place.high), y.at(place.low)
            parts.append(
                f'<rect class="span" x="{x - 4:.1f}" y="{top:.1f}" width="8" height="{max(foot - top, 2):.1f}"/>'
            )
        parts.append(f'<circle class="planned" cx="{x:.1f}" cy="{y.at(place.dose):.1f}" r="4"/>')
    return _svg(parts)


def harm_chart(places: Sequence[Place], *, title: str, allowed: float | None) -> str:
    """Return how many of a hundred the textbook's setting and the planned one harm, by colour."""
    shown = [100.0 * p for place in places for p in (place.textbook, place.planned) if p is not None]
    y = _axis(max([*shown, 20.0]))
    parts = [_frame(title, "of 100", y)]
    if allowed is not None:
        parts.append(_line("allowed", [(LIGHTEST, 100.0 * allowed), (DARKEST, 100.0 * allowed)], y))
    known = [(place.ita_deg, 100.0 * place.textbook) for place in places if place.textbook is not None]
    parts.append(_line("textbook", known, y))
    for ita, p in known:
        parts.append(f'<rect class="mark" x="{_x(ita) - 3:.1f}" y="{y.at(p) - 3:.1f}" width="6" height="6"/>')
    for place in places:
        x = _x(place.ita_deg)
        if place.planned is None:
            parts.append(_cross(x))
        else:
            parts.append(f'<circle class="planned" cx="{x:.1f}" cy="{y.at(100.0 * place.planned):.1f}" r="4"/>')
    return _svg(parts)


@dataclass(frozen=True)
class _Axis:
    most: float
    step: float

    def at(self, value: float) -> float:
        """Where a value stands, down from the top."""
        return TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - min(value / self.most, 1.0))


def _axis(most: float) -> _Axis:
    """An axis from 0 to beyond the greatest value, on round steps."""
    decade = 10.0 ** math.floor(math.log10(most))
    step = next(m * decade for m in (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0) if m * decade * 5 >= most)
    return _Axis(step * math.ceil(most / step * 1.02), step)


def _x(ita_deg: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (LIGHTEST - ita_deg) / (LIGHTEST - DARKEST)


def _frame(title: str, unit: str, y: _Axis) -> str:
    """Title, axes, grid and their figures."""
    floor = HEIGHT - BOTTOM
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f"<title>{escape(title)}</title>",
        f'<text class="unit" x="{LEFT - 40}" y="16">{escape(unit)}</text>',
        f'<text class="end" x="{LEFT}" y="{HEIGHT - 6}">light</text>',
        f'<text class="end" x="{middle:.0f}" y="{HEIGHT - 6}" text-anchor="middle">ITA in °</text>',
        f'<text class="end" x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">dark</text>',
    ]
    for k in range(round(y.most / y.step) + 1):
        at = y.at(k * y.step)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{k * y.step:g}</text>')
    for tick in TICKS:
        text = f"−{-tick}" if tick < 0 else f"{tick}"
        parts.append(f'<text x="{_x(tick):.1f}" y="{floor + 17}" text-anchor="middle">{text}</text>')
    parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{floor}" y2="{floor}"/>')
    return "".join(parts)


def _line(kind: str, points: Sequence[tuple[float, float]], y: _Axis) -> str:
    coordinates = " ".join(f"{_x(ita):.1f},{y.at(value):.1f}" for ita, value in points)
    return f'<polyline class="{kind}" points="{coordinates}"/>' if points else ""


def _cross(x: float) -> str:
    """No setting."""
    y = HEIGHT - BOTTOM - 9
    return f'<path class="none" d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8"/>'


def _svg(parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img">{"".join(parts)}</svg>'
