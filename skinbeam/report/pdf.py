"""Make PDF files with Typst: same bytes twice, no system fonts, no download.

Values travel as JSON in `sys.inputs`; nothing is ever pasted into the source of a template.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib
import typst

from skinbeam.report.context import LeafletPage, ReportPage

__all__ = ["make_pdf"]


def make_pdf(template: str, page: ReportPage | LeafletPage, files: Mapping[str, bytes]) -> bytes:
    """Return the PDF (tagged, PDF/UA-1) of `page` in `templates/<template>.typ`; `files` are its figures by path."""
    # Typst takes a mapping of file names, which its type hints do not know.
    sources: Any = {"main.typ": _template(template), "style.typ": _template("style")} | dict(files)
    return bytes(
        typst.compile(
            sources,
            format="pdf",
            sys_inputs={"page": json.dumps(asdict(page), ensure_ascii=False)},
            font_paths=[str(Path(matplotlib.get_data_path()) / "fonts" / "ttf")],
            ignore_system_fonts=True,
            pdf_standards=["ua-1"],
        )
    )


@cache
def _template(name: str) -> bytes:
    return (resources.files("skinbeam.report") / "templates" / f"{name}.typ").read_bytes()
