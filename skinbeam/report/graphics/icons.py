"""Icon arrays: 100 people as dots, good and bad outcomes at the same size and with the same denominator.

Drawn as plain SVG, one path for each kind of dot. A dot is a line of zero length with round ends.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.report.formatting import people_of_100, per_100, report_text

__all__ = ["IconArray", "describe_array", "dot_array_svg", "icon_arrays_svg", "people_counts"]

_STEP = 13  # px between dots
_SIDE = 10 * _STEP
_LINE = 15  # px of a line of text
_LABEL_LINES = 3
_LABEL_WIDTH = 26  # characters
_MARGIN = 8
_CELL = 192  # px: array and the text beside its edges
_SCALE = 0.85  # of the default display size
_COLOURS = {"good": ("#0b5394", "#9cc2e5"), "bad": ("#a33b00", "#f3b78f")}
_EMPTY = "#8a8f98"
_TEXT = "#1c2430"


@dataclass(frozen=True)
class IconArray:
    """The content of one icon array: the probability of a good or a bad outcome."""

    label: str
    tone: Literal["good", "bad"]
    p: Estimate | Unknown


def people_counts(p: Estimate) -> tuple[int, int, int]:
    """Return low, median and high as whole people of 100."""
    low, median, high = (min(100, max(0, int(100 * x + 0.5))) for x in (p.low, p.median, p.high))
    return low, median, high


def icon_arrays_svg(arrays: Sequence[IconArray]) -> str:
    """Return an SVG with the arrays side by side.

    Filled dots reach to the low end of the range, pale filled dots to the median, rings to the high end.
    """
    labels = [textwrap.wrap(a.label, _LABEL_WIDTH, max_lines=_LABEL_LINES, placeholder=" …") for a in arrays]
    top = _MARGIN + _LINE * max(map(len, labels)) + 4
    body = "".join(
        f'<g transform="translate({_MARGIN + i * _CELL},{top})">{_array(array, label)}</g>'
        for i, (array, label) in enumerate(zip(arrays, labels, strict=True))
    )
    width, height = _CELL * len(arrays) + _MARGIN, top + _SIDE + 2 * _LINE + _MARGIN
    return _svg(width, height, "; ".join(map(describe_array, arrays)), body)


def dot_array_svg(array: IconArray) -> str:
    """Return an SVG of the dots alone, for a page that prints the text around them."""
    return _svg(_SIDE, _SIDE, describe_array(array), _people(array))


def describe_array(array: IconArray) -> str:
    """Return a text description of the array."""
    shown = per_100(array.p)
    return f"{array.label}: {shown.text}" + (f" ({shown.note})" if not shown.is_known else "")


def _svg(width: int, height: int, title: str, body: str) -> str:
    shown = f'width="{round(_SCALE * width)}" height="{round(_SCALE * height)}" viewBox="0 0 {width} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {shown} role="img"><title>{escape(title)}</title>'
        f'<g font-family="DejaVu Sans, Verdana, sans-serif" font-size="11.5" fill="{_TEXT}">{body}</g></svg>\n'
    )


def _array(array: IconArray, label: Sequence[str]) -> str:
    """Return the SVG of one array: label above, dots from the origin down, numbers below."""
    above = "".join(_text(0, -6 - _LINE * (len(label) - 1 - i), line, weight="bold") for i, line in enumerate(label))
    below = _SIDE + _LINE
    if isinstance(array.p, Unknown):
        return above + _people(array) + _text(0, below, report_text("icons_unknown"), weight="bold")
    low, median, high = map(people_of_100, (array.p.low, array.p.median, array.p.high))
    dark, _ = _COLOURS[array.tone]
    numbers = _text(0, below, report_text("icons_median", people=median), weight="bold", fill=dark)
    if low != high:
        numbers += _text(0, below + _LINE, report_text(f"icons_range_{array.p.kind}", low=low, high=high))
    return above + _people(array) + numbers


def _people(array: IconArray) -> str:
    """Return the SVG of the hundred dots; an unknown takes the same space."""
    if isinstance(array.p, Unknown):
        return (
            _dots(range(100), _EMPTY, 9)
            + _dots(range(100), "#ffffff", 7.4)
            + f'<text x="{_SIDE / 2}" y="{_SIDE / 2 + 18}" font-size="52" font-weight="bold" fill="{_TEXT}" '
            'stroke="#ffffff" stroke-width="6" paint-order="stroke" text-anchor="middle">?</text>'
        )
    low, median, high = people_counts(array.p)
    dark, pale = _COLOURS[array.tone]
    return (
        _dots(range(high, 100), _EMPTY, 4)
        + _dots(range(median, high), dark, 10)
        + _dots(range(median, high), "#ffffff", 6.6)
        + _dots(range(low, median), dark, 10)
        + _dots(range(low, median), pale, 7.4)
        + _dots(range(low), dark, 10)
    )


def _dots(which: range, colour: str, size: float) -> str:
    """Return a path of the dots with these numbers, counted from the top left, row by row."""
    if not which:
        return ""
    half = _STEP // 2
    path = "".join(f"M{half + _STEP * (i % 10)} {half + _STEP * (i // 10)}h.01" for i in which)
    return f'<path d="{path}" stroke="{colour}" stroke-width="{size}" stroke-linecap="round" fill="none"/>'


def _text(x: float, y: float, words: str, *, weight: str = "normal", fill: str = _TEXT) -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}" fill="{fill}">{escape(words)}</text>'
