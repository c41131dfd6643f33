"""Make PDF files with Typst: reproducible bytes, no system fonts, no download.

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
from typing import Any, Literal

import matplotlib
import typst

from skinbeam.model.atomic_files import work_folder
from skinbeam.report.card_context import CardPage
from skinbeam.report.consent_context import ConsentPage
from skinbeam.report.context import LeafletPage, ReportPage
from skinbeam.report.letter_context import AppointmentCardPage, LetterPage
from skinbeam.text import current_language

__all__ = ["make_pdf", "typst_folder"]

_TEMPLATES = ("report", "leaflet", "consent", "card", "letter", "appointments", "style")


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


def make_pdf(
    template: str,
    page: ReportPage | LeafletPage | ConsentPage | CardPage | LetterPage | AppointmentCardPage,
    root: Path,
    *,
    part: Literal["plan", "appendix"] = "plan",
) -> bytes:
    """Return the PDF (tagged, PDF/UA-1) of `page` in `templates/<template>.typ`.

    Parameters
    ----------
    root : folder with the templates and the figures of the page, from `typst_folder`.
    part : of a report: the plan, or the appendix with every number behind it.
    """
    return bytes(
        typst.compile(
            str(root / f"{template}.typ"),
            root=str(root),
            format="pdf",
            sys_inputs={
                "page": json.dumps(_with_glyphs(asdict(page)), ensure_ascii=False),
                "part": part,
                "language": current_language(),
            },
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
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
        return {name: _with_glyphs(one) for name, one in value.items()}
    return [_with_glyphs(one) for one in value] if isinstance(value, list | tuple) else value


@cache
def _template(name: str) -> bytes:
    return (resources.files("skinbeam.report") / "templates" / f"{name}.typ").read_bytes()
