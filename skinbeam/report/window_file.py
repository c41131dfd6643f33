"""The figure that the `window` command writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from skinbeam.document import write_atomically
from skinbeam.report.charts import window
from skinbeam.report.figures import WindowData
from skinbeam.report.shown import say

__all__ = ["write_window"]


def write_window(document: Mapping[str, Any], folder: Path) -> Path:
    """Draw a window document (`skinbeam.window/1`) as `window.svg` in `folder` and return its path.

    Names of endpoints that the document does not hold are left as "effect" and "harm".
    """
    names: dict[str, Any] = {
        kind: str(document[kind]).replace("-", " ") if kind in document else say(f"any_{kind}")
        for kind in ("effect", "harm")
    }
    lists: dict[str, Any] = {name: document[name] for name in ("of", "dose", "pulse_ms", "p_effect", "p_harm")}
    path = folder / "window.svg"
    write_atomically(path, window(WindowData(**lists, **names)))
    return path
