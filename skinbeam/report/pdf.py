"""Make PDF files with Typst: reproducible bytes, no download, and the fonts of the machine only for other scripts.

Values are passed as JSON in `sys.inputs`; nothing is ever inserted into the source of a template.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import matplotlib
import typst
from matplotlib.ft2font import FT2Font

from skinbeam.model.atomic_files import work_folder
from skinbeam.report.card_context import CardPage
from skinbeam.report.consent_context import ConsentPage
from skinbeam.report.context import LeafletPage, ReportPage
from skinbeam.report.letter_context import AppointmentCardPage, LetterPage, PhotographLabelPage
from skinbeam.text import current_language

__all__ = ["make_pdf", "print_page", "typst_folder"]

_PdfPage: TypeAlias = (
    ReportPage | LeafletPage | ConsentPage | CardPage | LetterPage | AppointmentCardPage | PhotographLabelPage
)

_TEMPLATES = ("report", "leaflet", "consent", "card", "letter", "appointments", "labels", "style")


_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"  # DejaVu, which every template uses
_LAST_COMMON = "\u04ff"  # up to here, Latin, Greek and Cyrillic, DejaVu has every letter


@contextmanager
def typst_folder(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Provide a temporary folder with the templates and `files` (figures by path), from which PDF files are made.

    Typst takes in-memory sources as text only, and photographs are binary.
    """
    with work_folder(Path(tempfile.gettempdir()), "skinbeam-pdf") as root:
        for name, content in ({f"{name}.typ": _template(name) for name in _TEMPLATES} | dict(files)).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(content)
        yield root


def print_page(template: str, page: _PdfPage, files: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """Return the PDF of a page, with its figures by path; for several files with the same figures see `make_pdf`."""
    with typst_folder(files) as root:
        return make_pdf(template, page, root)


def make_pdf(template: str, page: _PdfPage, root: Path, *, part: Literal["plan", "appendix"] = "plan") -> bytes:
    """Return the PDF (tagged, PDF/UA-1) of `page` in `templates/<template>.typ`.

    Parameters
    ----------
    root : folder with the templates and the figures of the page, from `typst_folder`.
    part : of a report: the plan, or the appendix with every number behind it.
    """
    text = json.dumps(_with_glyphs(asdict(page)), ensure_ascii=False)
    return bytes(
        typst.compile(
            str(root / f"{template}.typ"),
            root=str(root),
            format="pdf",
            sys_inputs={"page": text, "part": part, "language": current_language()},
            font_paths=[str(_FONTS)],
            ignore_system_fonts=not _needs_system_fonts(text),
            pdf_standards=["ua-1"],
        )
    )


# Characters that no font draws, for which Typst makes no PDF: the first and the last control, and no character at all.
_WITHOUT_GLYPH = str.maketrans(dict.fromkeys("\x00\x7f\ufeff\ufffe\uffff", "\ufffd"))


def _with_glyphs(value: Any) -> Any:
    """Return a value of JSON in which characters without a glyph are shown as such."""
    if isinstance(value, str):
        return value.translate(_WITHOUT_GLYPH)
    if isinstance(value, dict):
        return {name: _with_glyphs(entry) for name, entry in value.items()}
    return [_with_glyphs(entry) for entry in value] if isinstance(value, list | tuple) else value


def _needs_system_fonts(text: str) -> bool:
    """Return whether a text, as a name in Chinese or Thai, has letters that only a font of the machine may draw."""
    rare = {ord(letter) for letter in text if letter > _LAST_COMMON}
    return bool(rare) and not rare <= _letters_of_font()


@cache
def _letters_of_font() -> frozenset[int]:
    return frozenset(FT2Font(str(_FONTS / "DejaVuSans.ttf")).get_charmap())


@cache
def _template(name: str) -> bytes:
    return (resources.files("skinbeam.report") / "templates" / f"{name}.typ").read_bytes()
