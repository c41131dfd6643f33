"""Record of the page of the colour and scale card."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CardPage", "MarkerDrawing", "ScreenDrawing"]


@dataclass(frozen=True)
class MarkerDrawing:
    """A marker: its upper left corner in mm, and whether each of its modules is black, by rows."""

    x: float
    y: float
    modules: tuple[tuple[bool, ...], ...]


@dataclass(frozen=True)
class ScreenDrawing:
    """A grey field of lines: its upper left corner and pitch in mm, share of black, direction."""

    x: float
    y: float
    pitch_mm: float
    black: float
    vertical: bool


@dataclass(frozen=True)
class CardPage:
    """Everything that the page of the card shows; lengths in mm.

    Parameters
    ----------
    words : fixed sentences, by their name in the template.
    printing, using : numbered instructions.
    solid, white : upper left corners of the black field and of the framed white one.
    scale_mm : left end, line and length of the scale.
    """

    words: Mapping[str, str]
    printing: tuple[str, ...]
    using: tuple[str, ...]
    width_mm: float
    height_mm: float
    marker_mm: float
    field_mm: float
    markers: tuple[MarkerDrawing, ...]
    solid: tuple[float, float]
    white: tuple[float, float]
    screens: tuple[ScreenDrawing, ...]
    scale_mm: tuple[float, float, float]
