"""A document drawn into a file, as SVG, PNG or PDF by the end of its name, with a caption of one sentence above.

Lines differ by their pattern and areas by their hatching, not by colour alone; axes have round numbers. The same
document gives the same bytes.
"""

import io
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from skinbeam.document import write_atomically
from skinbeam.errors import InputError
from skinbeam.report.charts import STYLE
from skinbeam.report.curves.expect import expect_figure
from skinbeam.report.curves.light import light_figure
from skinbeam.report.curves.skin import skin_figure
from skinbeam.report.curves.threshold import threshold_figure
from skinbeam.report.shown import say
from skinbeam.report.window import window_figure_of

__all__ = ["check_plot", "write_plot"]

# Nothing of the moment or of the library is written into a file.
_METADATA: Mapping[str, Mapping[str, None]] = {
    ".svg": {"Date": None, "Creator": None},
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
_DPI = 160
_CAPTION_LETTERS = 100  # of a line
_DRAWN: Mapping[str, Callable[[Mapping[str, Any]], Figure]] = {
    "expect": expect_figure,
    "skin": skin_figure,
    "threshold": threshold_figure,
    "window": window_figure_of,
}


def check_plot(path: Path) -> None:
    """Refuse a name that is of no kind of picture, before anything is computed.

    Raises
    ------
    InputError : another end than .svg, .png or .pdf.
    """
    if path.suffix.lower() not in _METADATA:
        raise InputError(
            "unknown-picture",
            f'"{path.name}" is of no known kind of picture',
            field="--plot",
            hint="A name that ends in .svg, .png or .pdf.",
        )


def write_plot(document: Mapping[str, Any], path: Path, *, tops_um: Mapping[str, float] | None = None) -> str:
    """Draw a document of `light`, `skin`, `window`, `expect` or `threshold` into a file; return why there is none.

    Parameters
    ----------
    tops_um : of light, where each layer begins.

    Raises
    ------
    InputError : the file cannot be written.
    """
    kind = str(document["schema"]).removeprefix("skinbeam.").partition("/")[0]
    if kind == "threshold" and "unknown" in document["dose"]:
        return say("curves.nothing", reason=document["dose"]["unknown"])
    end, out = path.suffix.lower(), io.BytesIO()
    with rc_context(STYLE):
        figure = light_figure(document, tops_um or {}) if kind == "light" else _DRAWN[kind](document)
        about = {"endpoint": document["endpoint"].replace("-", " ")} if kind == "threshold" else {}
        caption = textwrap.fill(say(f"curves.{kind}", **about), _CAPTION_LETTERS)
        figure.suptitle(caption, x=0.01, ha="left", fontsize=9.0)
        figure.savefig(out, format=end[1:], dpi=_DPI, metadata=_METADATA[end])
    write_atomically(path, out.getvalue())
    return ""
