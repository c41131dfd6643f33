"""The marks of a face drawn on its picture: circles around spots, outlines of patches, lines along lines; a legend."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from skinbeam.messages import text
from skinbeam.photo.findings.mark import Mark
from skinbeam.photo.reading.read import Picture

__all__ = ["with_marks"]

Colour = tuple[int, int, int]

# Told apart by form, too: spots are circles, patches outlines, vessels and folds lines.
_COLOURS: Mapping[str, Colour] = {
    "diffuse-pigment": (150, 90, 0),
    "redness": (255, 120, 180),
    "fine-lines": (255, 255, 255),
    "vessels": (0, 70, 255),
    "scars": (150, 60, 220),
    "inflamed": (230, 0, 60),
    "spots": (255, 120, 0),
}
_SEEN: Colour = (20, 20, 20)  # the second circle around a spot that a doctor must see
_ROW_PX, _SIGN_PX = 26, 40
_LETTERS = 0.55  # of the font's size: 12 px high


def with_marks(picture: Picture, marks: Sequence[Mark], origin: tuple[int, int], zoom: float) -> Picture:
    """Return a picture with marks and the legend of their kinds below.

    Parameters
    ----------
    picture : the view from `origin` on, enlarged `zoom` times.
    """
    drawn = picture.copy()
    for kind, colour in _COLOURS.items():
        for mark in marks:
            if mark.kind == kind:
                _draw(drawn, mark, colour, np.array(origin), zoom)
    kinds = [kind for kind in _COLOURS if any(mark.kind == kind for mark in marks)]
    return np.vstack([drawn, _legend(drawn.shape[1], kinds, seen=any(mark.to_be_seen for mark in marks))])


def _draw(drawn: Picture, mark: Mark, colour: Colour, origin: NDArray[np.int_], zoom: float) -> None:
    corner = np.array(mark.origin)
    if mark.line is not None:
        along = np.round((mark.line + 0.5 - origin) * zoom).astype(np.int32)
        cv2.polylines(drawn, [along], False, _SEEN, 4, cv2.LINE_AA)
        cv2.polylines(drawn, [along], False, colour, 2, cv2.LINE_AA)
        return
    contours, _ = cv2.findContours((mark.cover > 0).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for contour in contours:
        if mark.kind in ("redness", "diffuse-pigment"):
            outline = np.round((contour.reshape(-1, 2) + corner + 0.5 - origin) * zoom).astype(np.int32)
            cv2.polylines(drawn, [outline], True, colour, 2, cv2.LINE_AA)
            continue
        centre, radius = cv2.minEnclosingCircle(contour)
        x, y = ((np.array(centre) + corner + 0.5 - origin) * zoom).round().astype(int).tolist()
        around = round((radius + 1.5) * zoom)
        cv2.circle(drawn, (x, y), around, colour, 2, cv2.LINE_AA)
        if mark.to_be_seen:
            cv2.circle(drawn, (x, y), around + 5, _SEEN, 2, cv2.LINE_AA)


def _legend(width: int, kinds: Sequence[str], *, seen: bool) -> Picture:
    """A sign and a name for each kind, two to a row; a picture without marks says so."""
    names = [(_COLOURS[kind], text(f"finding-kind.{kind}"), kind) for kind in kinds]
    if seen:
        names.append((_SEEN, text("finding-kind.to-be-seen"), "to-be-seen"))
    rows = max(1, (len(names) + 1) // 2)
    legend = np.full((rows * _ROW_PX + 12, width, 3), 225, np.uint8)
    if not names:
        _write(legend, text("finding-kind.none"), 8, 6 + _ROW_PX // 2)
    for number, (colour, name, kind) in enumerate(names):
        x, y = 8 + (number % 2) * width // 2, 6 + number // 2 * _ROW_PX + _ROW_PX // 2
        middle = (x + _SIGN_PX // 2, y)
        if kind in ("vessels", "fine-lines"):
            cv2.line(legend, (x + 4, y), (x + _SIGN_PX - 4, y), _SEEN, 4, cv2.LINE_AA)
            cv2.line(legend, (x + 4, y), (x + _SIGN_PX - 4, y), colour, 2, cv2.LINE_AA)
        elif kind in ("redness", "diffuse-pigment"):
            cv2.rectangle(legend, (x + 6, y - 8), (x + _SIGN_PX - 6, y + 8), colour, 2)
        else:
            cv2.circle(legend, middle, 8, colour, 2, cv2.LINE_AA)
        _write(legend, name, x + _SIGN_PX + 6, y)
    return legend


def _write(image: Picture, name: str, x: int, y: int) -> None:
    (_, height), _ = cv2.getTextSize(name, cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, 1)
    cv2.putText(image, name, (x, y + height // 2), cv2.FONT_HERSHEY_SIMPLEX, _LETTERS, _SEEN, 1, cv2.LINE_AA)
