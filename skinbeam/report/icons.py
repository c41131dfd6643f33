"""Icon arrays: 100 people as dots, good and bad with the same size and the same denominator.

Drawn as plain SVG, one path for each kind of dot. A dot is a line of no length with round ends.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from skinbeam.estimate import Estimate, Unknown
from skinbeam.report.shown import per_100, say

__all__ = ["IconArray", "counts", "icon_arrays"]

_STEP = 13  # px between dots
_SIDE = 10 * _STEP
_LINE = 15  # px of a line of text
_LABEL_LINES = 3
_LABEL_WIDTH = 26  # characters
_MARGIN = 8
_CELL = 178  # px: array and the text beside its edges
_COLOURS = {"good": ("#0b5394", "#9cc2e5"), "bad": ("#a33b00", "#f3b78f")}
_EMPTY = "#8a8f98"
_TEXT = "#1c2430"


@dataclass(frozen=True)
class IconArray:
    """What one array shows: a probability between people, good or bad."""

    label: str
    tone: Literal["good", "bad"]
    p: Estimate | Unknown


def counts(p: Estimate) -> tuple[int, int, int]:
    """Return low, median and high as whole people of 100."""
    low, median, high = (min(100, max(0, int(100 * x + 0.5))) for x in (p.low, p.median, p.high))
    return low, median, high


def icon_arrays(arrays: Sequence[IconArray]) -> str:
    """Return an SVG with the arrays side by side.

    Full dots are the low end of the range, pale full dots reach to the median, rings to the high end.
    """
    labels = [textwrap.wrap(a.label, _LABEL_WIDTH, max_lines=_LABEL_LINES, placeholder=" …") for a in arrays]
    top = _MARGIN + _LINE * max(map(len, labels)) + 4
    width, height = _CELL * len(arrays) + _MARGIN, top + _SIDE + 2 * _LINE + _MARGIN
    title = escape("; ".join(map(_describe, arrays)))
    body = "".join(
        f'<g transform="translate({_MARGIN + i * _CELL},{top})">{_array(array, labels[i])}</g>'
        for i, array in enumerate(arrays)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img"><title>{title}</title><g font-family="DejaVu Sans, Verdana, sans-serif" font-size="11.5" '
        f'fill="{_TEXT}">{body}</g></svg>\n'
    )


def _describe(array: IconArray) -> str:
    """The array in words."""
    shown = per_100(array.p)
    return f"{array.label}: {shown.text}" + (f" ({shown.note})" if not shown.known else "")


def _array(array: IconArray, label: Sequence[str]) -> str:
    """One array: label above, dots from the origin down, numbers below."""
    parts = [_text(0, -6 - _LINE * (len(label) - 1 - i), line, weight="bold") for i, line in enumerate(label)]
    dark, pale = _COLOURS[array.tone]
    below = _SIDE + _LINE
    if isinstance(array.p, Unknown):
        parts.append(_dots(range(100), _EMPTY, 9) + _dots(range(100), "#ffffff", 7.4))
        parts.append(
            f'<text x="{_SIDE / 2}" y="{_SIDE / 2 + 18}" font-size="52" font-weight="bold" fill="{_TEXT}" '
            'stroke="#ffffff" stroke-width="6" paint-order="stroke" text-anchor="middle">?</text>'
        )
        parts.append(_text(0, below, say("icons_unknown"), weight="bold"))
        return "".join(parts)
    low, median, high = counts(array.p)
    parts.append(_dots(range(high, 100), _EMPTY, 4))
    parts.append(_dots(range(median, high), dark, 10) + _dots(range(median, high), "#ffffff", 6.6))
    parts.append(_dots(range(low, median), dark, 10) + _dots(range(low, median), pale, 7.4))
    parts.append(_dots(range(low), dark, 10))
    parts.append(_text(0, below, say("icons_median", people=median), weight="bold", fill=dark))
    if low != high:
        parts.append(_text(0, below + _LINE, say(f"icons_range_{array.p.kind}", low=low, high=high)))
    return "".join(parts)


def _dots(which: range, colour: str, size: float) -> str:
    """Dots number `which`, counted from the top left, row by row."""
    if not which:
        return ""
    half = _STEP // 2
    path = "".join(f"M{half + _STEP * (i % 10)} {half + _STEP * (i // 10)}h.01" for i in which)
    return f'<path d="{path}" stroke="{colour}" stroke-width="{size}" stroke-linecap="round" fill="none"/>'


def _text(x: float, y: float, words: str, *, weight: str = "normal", fill: str = _TEXT) -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}" fill="{fill}">{escape(words)}</text>'
