"""Write the clinic's colour and scale card as PDF: drawn to size from the layout by which photographs are searched."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from skinbeam._version import __version__
from skinbeam.model.document import DocumentResult, sha256_hex, write_atomically
from skinbeam.model.errors import InputError
from skinbeam.photo.printed_card.layout import (
    CARD_MM,
    FIELD_MM,
    MARKER_MM,
    MARKERS,
    SCALE_MM,
    SCREENS,
    SOLID_XY_MM,
    WHITE_FIELD_XY_MM,
    marker_modules,
)
from skinbeam.report.card_context import CardPage, MarkerDrawing, ScreenDrawing
from skinbeam.report.pdf import print_page
from skinbeam.text import Message, current_language

__all__ = ["CardFile", "card_page", "make_card", "write_card"]

_WORDS = ("title", "purpose", "h_print", "h_use", "card_name", "card_line", "card_alt", "foot")
_PARAMETERS: Mapping[str, Mapping[str, int | str]] = {
    "print_check": {"mm": round(SCALE_MM[2])},
    "foot": {"version": __version__},
}
_PRINTING = ("print_size", "print_check", "print_paper", "print_cut")
_USING = ("use_beside", "use_light", "use_whole", "use_picture")


def card_page() -> CardPage:
    """Return the page of the card in the current language."""
    return CardPage(
        words={name: _card_message(name).text for name in _WORDS},
        printing=tuple(_card_message(name).text for name in _PRINTING),
        using=tuple(_card_message(name).text for name in _USING),
        width_mm=CARD_MM[0],
        height_mm=CARD_MM[1],
        marker_mm=MARKER_MM,
        field_mm=FIELD_MM,
        markers=tuple(MarkerDrawing(*corner, marker_modules(number)) for number, corner in MARKERS.items()),
        solid=SOLID_XY_MM,
        white=WHITE_FIELD_XY_MM,
        screens=tuple(
            ScreenDrawing(*screen.xy_mm, screen.pitch_mm, screen.black, screen.vertical) for screen in SCREENS
        ),
        scale_mm=SCALE_MM,
    )


def _card_message(name: str) -> Message:
    return Message(f"photo-card.{name}", _PARAMETERS.get(name, {}))


def make_card() -> bytes:
    """Return the card as PDF in the current language; the same release gives the same bytes."""
    return print_page("card", card_page())


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CardFile(DocumentResult):
    """The card that was written. `scale_mm` : length of its scale, by which a print is checked."""

    schema: ClassVar[str] = "skinbeam.card/1"

    file: str
    sha256: str
    size_mm: tuple[float, float]
    scale_mm: float
    instructions: tuple[Message, ...]


def write_card(output: Path) -> CardFile:
    """Write the card as PDF.

    Raises
    ------
    InputError : the file cannot be written, or its name is that of another kind of file.
    """
    if output.suffix.lower() not in ("", ".pdf"):
        raise InputError(
            "unknown-picture",
            f'"{output.name}" is not the name of a PDF',
            field="output",
            hint="A name that ends in .pdf.",
        )
    content = make_card()
    write_atomically(output, content)
    return CardFile(
        case_sha256=sha256_hex({"language": current_language()}),
        seed=0,
        file=str(output),
        sha256=hashlib.sha256(content).hexdigest(),
        size_mm=CARD_MM,
        scale_mm=SCALE_MM[2],
        instructions=tuple(map(_card_message, (*_PRINTING, *_USING))),
    )
