"""Regions of the face map, which displays the treated sites by their names in a case file; the project's own drawing.

The view is from the front, so that the patient's right is at the left. A region with two sides is drawn once, at the
left, and mirrored at the middle line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skinbeam.model.conditions import known_sites
from skinbeam.report.formatting import site_title
from skinbeam.text import render_message
from skinbeam_clinic.treatments.models import BodySide

__all__ = ["OUTLINES", "PAIRED_SITES", "FaceRegion", "describe_place", "list_regions"]

WIDTH = 300

# Site → its path, on the patient's right if it has two sides, and the position of its label.
_FACE_PATHS: Mapping[str, tuple[str, float, float]] = {
    "forehead": ("M74 78C90 32 120 22 150 22S210 32 226 78V104H172L166 92H134L128 104H74Z", 150, 62),
    "glabella": ("M132 96H168L165 137H135Z", 150, 122),
    "eyelid": ("M74 128C84 108 118 108 130 128 118 148 84 148 74 128Z", 102, 133),
    "periorbital": ("M54 110 71 112C64 130 72 154 100 155L130 149 131 166C90 182 58 168 53 130Z", 80, 166),
    "nose": ("M136 142H164L177 206C170 222 130 222 123 206Z", 150, 188),
    "cheeks": ("M55 176C80 186 108 182 127 170L118 206C116 222 112 234 106 244L74 264C61 238 55 206 55 176Z", 88, 220),
    "perioral": ("M112 236C124 226 176 226 188 236L192 274C176 286 124 286 108 274Z", 150, 260),
    "chin": ("M114 286C128 294 172 294 186 286L184 332C170 348 130 348 116 332Z", 150, 320),
    "jaw": ("M73 270 104 252 108 286 110 336C94 324 80 298 73 270Z", 96, 300),
    "neck": ("M108 352C130 364 170 364 192 352L198 404H102Z", 150, 388),
    "decolletage": ("M100 410H200C226 418 244 426 252 440L150 506 48 440C56 426 74 418 100 410Z", 150, 456),
    "arms": ("M4 452 40 446 52 506 40 548H4Z", 26, 508),
    "hands": ("M58 520H104L108 562C96 574 66 574 54 562Z", 81, 552),
    "abdomen": ("M122 522C138 530 162 530 178 522L182 570C166 576 134 576 118 570Z", 150, 554),
    # Seen from behind, beside the neck.
    "back": ("M222 366C238 374 268 374 284 366L296 380 284 388V420H222V388L210 380Z", 253, 404),
}
PAIRED_SITES = ("periorbital", "eyelid", "cheeks", "jaw", "hands", "arms")
# Background outlines that are no regions: head, ears, eyes, mouth.
OUTLINES = (
    "M150 10C66 10 42 78 46 160 49 252 100 356 150 360 200 356 251 252 254 160 258 78 234 10 150 10Z",
    "M46 150C30 140 28 176 40 206L50 210M254 150C270 140 272 176 260 206L250 210",
    "M82 128C92 118 112 118 122 128M178 128C188 118 208 118 218 128",
    "M124 254C136 246 145 248 150 250 155 248 164 246 176 254 166 264 134 264 124 254Z",
)


@dataclass(frozen=True)
class FaceRegion:
    """A region of the map.

    Parameters
    ----------
    mirrored : whether the path is mirrored at the middle line.
    x, y : position of the label.
    rows : numbers of the treated areas in the region.
    """

    site: str
    side: BodySide
    title: str
    path: str
    mirrored: bool
    x: float
    y: float
    rows: tuple[int, ...]

    @property
    def label(self) -> str:
        """The row numbers as text; two and an ellipsis at most, since there is no room for more."""
        shown = ", ".join(map(str, self.rows[:2]))
        return f"{shown} …" if len(self.rows) > 2 else shown


def list_regions(rows: Sequence[tuple[int, str, BodySide]]) -> tuple[FaceRegion, ...]:
    """Return every region of the map.

    Parameters
    ----------
    rows : number, site and side of each treated area; an area of the full face covers every region of the face.
    """
    regions = []
    for site, (path, x, y) in _FACE_PATHS.items():
        for side in (BodySide.RIGHT, BodySide.LEFT) if site in PAIRED_SITES else (BodySide.BOTH,):
            mirrored = side is BodySide.LEFT
            there = tuple(number for number, where, which in rows if _covers(where, which, site, side))
            title = describe_place(site, side)
            regions.append(FaceRegion(site, side, title, path, mirrored, WIDTH - x if mirrored else x, y, there))
    return tuple(regions)


def describe_place(site: str, side: BodySide) -> str:
    """Return a site and side in words."""
    named = site_title(site)
    return named if side is BodySide.BOTH else render_message(f"clinic-session.{side}-side", {"site": named})


def _covers(where: str, which: BodySide, site: str, side: BodySide) -> bool:
    if where == "full-face":
        return not known_sites()[site].off_face
    return where == site and (which is BodySide.BOTH or which is side)
