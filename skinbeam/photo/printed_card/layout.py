"""Layout of the printed colour and scale card, in mm from its upper left corner: x to the right, y downwards.

Four ArUco markers stand at the corners. Between them are a black field, paper left white,
and greys. A printer's own greys are not known, because every driver draws tones by another curve. The greys here are
therefore screens of black lines on white, whose mean follows from geometry: the share of black, wider by the ink that
spreads at both edges of each line. Two pitches tell that spread apart from the share. Pitches are whole numbers of dots
of printers with 300 and 600 dots per inch.
"""

from dataclasses import dataclass
from functools import cache

import cv2

__all__ = [
    "BLACK_CELLS",
    "CARD_MM",
    "FIELD_MM",
    "MARKERS",
    "MARKER_MM",
    "MARKER_MODULES",
    "SCALE_MM",
    "SCREENS",
    "SOLID_XY_MM",
    "WHITE_CELLS",
    "WHITE_FIELD_XY_MM",
    "Cell",
    "Screen",
    "marker_dictionary",
    "marker_modules",
]

Point = tuple[float, float]

_DOT_MM = 25.4 / 600
_COARSE_MM, _FINE_MM = 24 * _DOT_MM, 12 * _DOT_MM

CARD_MM: Point = (130.0, 100.0)
MARKER_MM, MARKER_MODULES = 20.0, 6  # side of a marker, and its modules across with the black border
MARKERS = {23: (6.0, 6.0), 26: (104.0, 6.0), 29: (104.0, 60.0), 43: (6.0, 60.0)}  # number → upper left corner
FIELD_MM = 14 * _COARSE_MM
_COLUMNS = (30.9, 48.9, 66.9, 84.9)
_ROWS = (6.0, 24.0)
SOLID_XY_MM: Point = (_COLUMNS[0], _ROWS[0])
WHITE_FIELD_XY_MM: Point = (_COLUMNS[0], _ROWS[1])
SCALE_MM = (15.0, 84.5, 100.0)  # of the scale: its left end, its line, its length


@dataclass(frozen=True)
class Screen:
    """A grey field of parallel black lines.

    Parameters
    ----------
    xy_mm : upper left corner.
    pitch_mm : from line to line.
    black : share of black in the drawing.
    vertical : direction of the lines.
    """

    xy_mm: Point
    pitch_mm: float
    black: float
    vertical: bool


@dataclass(frozen=True)
class Cell:
    """A square of one tone on which the light is measured: its middle and half its side."""

    xy_mm: Point
    half_mm: float


SCREENS = tuple(
    Screen((x, y), pitch, black, vertical)
    for y, pitch, vertical in ((_ROWS[0], _COARSE_MM, True), (_ROWS[1], _FINE_MM, False))
    for x, black in zip(_COLUMNS[1:], (0.75, 0.5, 0.25), strict=True)
)

WHITE_CELLS = (
    *(Cell((x, y), 3.5) for x in (16.0, 114.0) for y in (33.0, 43.0, 53.0)),
    *(Cell((x, 50.0), 4.0) for x in (38.0, 56.0, 74.0, 92.0)),
    Cell((WHITE_FIELD_XY_MM[0] + FIELD_MM / 2, WHITE_FIELD_XY_MM[1] + FIELD_MM / 2), 4.0),
    *(Cell((x, 3.0), 1.5) for x in (16.0, 40.0, 65.0, 90.0, 114.0)),
    *(Cell((x, 96.5), 1.5) for x in (16.0, 65.0, 114.0)),
)
_BORDER_MM = MARKER_MM / MARKER_MODULES / 2
# In the borders of the markers, and in the black field: they show how even the light is where the white is overexposed.
BLACK_CELLS = (
    *(
        Cell((x + across, y + down), _BORDER_MM - 0.5)
        for x, y in MARKERS.values()
        for across, down in (
            (MARKER_MM / 2, _BORDER_MM),
            (MARKER_MM / 2, MARKER_MM - _BORDER_MM),
            (_BORDER_MM, MARKER_MM / 2),
            (MARKER_MM - _BORDER_MM, MARKER_MM / 2),
        )
    ),
    Cell((SOLID_XY_MM[0] + FIELD_MM / 2, SOLID_XY_MM[1] + FIELD_MM / 2), FIELD_MM / 2 - 2.5),
)


@cache
def marker_dictionary() -> "cv2.aruco.Dictionary":
    """Return the dictionary of the markers: 4 by 4 modules, the fewest, so that a small marker is still read."""
    return cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_50)


def marker_modules(number: int) -> tuple[tuple[bool, ...], ...]:
    """Return the modules of a marker with its border, by rows from the top: whether each is black."""
    image = cv2.aruco.generateImageMarker(marker_dictionary(), number, MARKER_MODULES)
    return tuple(tuple(bool(value < 128) for value in row) for row in image)
