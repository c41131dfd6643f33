"""Draw the guideline for a condition: treatments by group of phototypes, with the place that sources give each."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from skinbeam.api.guideline import CellEntry, GuidelineAnswer
from skinbeam.model.estimate import Unknown
from skinbeam.report.formatting import report_text
from skinbeam.report.graphics.charts import new_figure

__all__ = ["guideline_figure"]

_ROW_IN, _COLUMN_IN, _FRAME_IN, _NAMES_IN = 0.27, 0.42, 1.3, 3.6
_PLACES = ("first", "second", "third")
_FILLS = {"1": "#9cc2e5", "2": "#cfe2f3", "3": "#eaf2fa", "×": "#f3c9b5"}


def guideline_figure(answer: GuidelineAnswer) -> Figure:
    """Return a table of treatments by phototypes: 1, 2 and 3 are places, a cross is a treatment to avoid."""
    columns = [_marks(cell) for cell in answer.cells]
    treatments = list(dict.fromkeys(name for column in columns for name in column))
    figure = new_figure(_NAMES_IN + _COLUMN_IN * len(columns), _FRAME_IN + _ROW_IN * len(treatments))
    ax: Any = figure.subplots()
    for x, column in enumerate(columns):
        for name, mark in column.items():
            y = treatments.index(name)
            ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, facecolor=_FILLS[mark], edgecolor="white"))
            ax.text(x, y, mark, ha="center", va="center")
    headings = [" ".join(filter(None, (cell.subtype, cell.site, cell.phototype))) for cell in answer.cells]
    ax.set_xticks(range(len(columns)), headings, rotation=90)
    ax.xaxis.tick_top()
    ax.set_yticks(range(len(treatments)), treatments)
    ax.set_xlim(-0.5, len(columns) - 0.5)
    ax.set_ylim(len(treatments) - 0.5, -0.5)
    ax.set_xlabel(report_text("curves.places"))
    return figure


def _marks(cell: CellEntry) -> dict[str, str]:
    """Return the mark of each treatment of a cell; what is to be avoided stays so, whatever its place."""
    marks: dict[str, str] = {}
    for number, name in enumerate(_PLACES, 1):
        entry = getattr(cell, name)
        if not isinstance(entry, Unknown):
            marks.setdefault(entry.title.partition(":")[0], str(number))
    return marks | {treatment.title: "×" for treatment in cell.avoid}
