"""The part of a report that answers when a reader moves dose and pulse: numbers inside the page, and one plain script.

Printed pages, and browsers that run no script, show the still figure alone.
"""

import base64
import hashlib
import json
import math
from importlib import resources
from typing import Final

from markupsafe import Markup

from skinbeam.model.document import round_significant
from skinbeam.report.context import LiveFigure
from skinbeam.report.formatting import capitalise, display_value, people_of_100, quantity_label, report_text
from skinbeam.report.graphics.figure_data import WindowData
from skinbeam.text import translate
from skinbeam.what_if.window import PublishedDoseRange

__all__ = ["live_figure", "script_hashes"]

_SAME_ROW: Final = 1.25  # published doses are reported at pulses or densities up to this factor beyond theirs


def live_figure(data: WindowData) -> LiveFigure | None:
    """Return the sliders of a window; None where a probability is not known or the plan has no place in it."""
    if not (data.p_effect and data.p_harm) or data.chosen_dose is None or data.chosen_row is None:
        return None
    (dose, dose_unit), (row, row_unit) = map(quantity_label, (data.dose_quantity, data.row_quantity))
    numbers = {
        "doses": [display_value(value, dose_unit).text for value in data.dose],
        "rows": [display_value(value, row_unit).text for value in data.rows],
        "effect": [list(map(people_of_100, row)) for row in data.p_effect],
        "harm": [list(map(people_of_100, row)) for row in data.p_harm],
        "broken": [[share > 1.0 for share in row] for row in data.limit_fraction],
        "published": [_published_text(data, value, dose_unit) for value in data.rows],
        "inside": [_inside_published(data, value) for value in data.rows],
        "words": {
            "answer": report_text("live_answer", effect=data.effect, harm=data.harm),
            "kept": report_text("live_kept"),
            "broken": report_text("live_broken", limits=data.limits) if data.limits else report_text("live_broken_any"),
        },
    }
    return LiveFigure(
        capitalise(dose),
        capitalise(row),
        len(data.dose) - 1,
        list(data.dose).index(data.chosen_dose),
        len(data.rows) - 1,
        list(data.rows).index(data.chosen_row),
        # A page may not end a script inside a string.
        Markup(json.dumps(numbers, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")),
    )


def _published_at(data: WindowData, row: float) -> PublishedDoseRange | None:
    """Return the published doses at the row nearest to one; None where sources used no such pulse or density."""
    ends = [dose.row_value for dose in data.published_doses]
    if not ends or not min(ends) / _SAME_ROW <= row <= max(ends) * _SAME_ROW:
        return None
    return min(data.published_doses, key=lambda published: abs(math.log(published.row_value / row)))


def _published_text(data: WindowData, row: float, unit: str) -> str:
    if not data.published_doses:  # where all is beyond practice, the option says so; elsewhere no range is drawn
        return ""
    span = _published_at(data, row)
    if span is None:
        return report_text("live_unpublished")
    low, high = (display_value(round_significant(end, 2)).text for end in (span.low, span.high))
    span_text = low if low == high else report_text("range", low=low, high=high)
    return report_text("live_published", range=f"{span_text} {translate(unit)}")


def _inside_published(data: WindowData, row: float) -> list[bool]:
    """Return which doses lie within the published ones at a row."""
    span = _published_at(data, row)
    return [span is not None and span.low <= dose <= span.high for dose in data.dose]


def script_hashes() -> tuple[str, ...]:
    """Return the hashes by which a content security policy allows the scripts of the page, and no others."""
    return tuple(map(_script_hash, ("live.js", "compare.js")))


def _script_hash(name: str) -> str:
    file = resources.files("skinbeam.report") / "templates" / name
    script = file.read_text(encoding="utf-8").removesuffix("\n")  # as the page includes it
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
