"""Draws the pictures of docs/evidence.md, ships the numbers in them, and writes the page anew.

Run `python docs/evidence_figures.py` after `make evidence`; it writes docs/images/evidence/ and docs/evidence.md.
"""

import json
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import skinbeam
from research.evidence_fit import page
from research.evidence_pictures import pictures
from research.evidence_pictures.forest import Forest, ForestRow, TreatmentGroup, forests, new_clinic_intervals
from research.evidence_pictures.funnel import FUNNEL_OUTCOMES, TREATMENT_KINDS, funnel_points, log_odds, study_counts
from research.evidence_pictures.harms import HarmQuestion, harm_interval, harm_questions, predicted_count
from research.evidence_pictures.intervals import (
    PredictiveInterval,
    PrintedInterval,
    name_title,
    share_interval,
    study_label,
)
from skinbeam.evidence.studies.outcomes import OutcomeCount
from skinbeam.evidence.synthesis.improvement_law import HALF_PCT
from skinbeam.model.document import to_json_types
from skinbeam.model.vocabulary import PHOTOTYPES, vocabulary_table

__all__ = ["drawn_forest", "drawn_funnel", "drawn_gaps", "drawn_harm"]

DOCS: Final = Path(__file__).parent
ROW_IN, WIDTH_IN = 0.158, 7.0
LABELS_IN, PRINTED_IN, TOP_IN, BOTTOM_IN = 3.05, 0.85, 0.42, 1.02  # margins of a forest
STYLE: Final = {
    "font.size": 8,
    "font.sans-serif": ["DejaVu Sans", "Verdana"],  # alike in width
    "svg.fonttype": "none",  # letters stay letters: small files that can be searched and read aloud
    "svg.hashsalt": "skinbeam",
}
BLACK, GREY, PALE = "black", "0.45", "0.92"
SYMBOLS: Final = dict(zip(TREATMENT_KINDS, ("s", "o", "^", "D", "x"), strict=True))
HARM_TITLES: Final = {"pih": "dark marks", "hypopigmentation": "light marks", "scar": "scars"}


def drawn_forest(forest: Forest) -> Figure:
    """Return the arms of a condition by treatment, the answer for a new clinic under each treatment."""
    figure, ax = _rows(forest.rows, forest.title)
    intervals = {group.modality: new_clinic_intervals(forest.condition, group.modality) for group in forest.groups}
    middles = [line.printed.middle for group in forest.groups for line in group.lines]
    middles += [found.median for pair in intervals.values() for found in pair]
    low = -30.0 if min(middles) < 0.0 else -2.0
    ax.set(xlim=(low, 102.0), xlabel="per cent")
    ax.axvline(0.0, color=GREY, lw=0.6)
    ax.axvline(HALF_PCT, color=GREY, lw=0.6, ls=":")
    _written(ax, -1, "", "patients")
    y = 0
    for group in forest.groups:
        y = _drawn_group(ax, group, intervals[group.modality], y)
    marks = [
        _key("s", BLACK, "patients at least half better"),
        _key("s", "white", "patients better by another cut, named beside"),
        _key("o", "white", "mean improvement"),
        _key("D", BLACK, "new clinic: at least half better, 80 and 95 %"),
        _key("D", "white", "new clinic: mean, 80 and 95 %"),
    ]
    _legend(figure, marks)
    return figure


def _drawn_group(ax: Any, group: TreatmentGroup, told: tuple[PredictiveInterval, PredictiveInterval], y: int) -> int:
    _headed(ax, y, group.title.partition(" (")[0])
    for line in group.lines:
        y += 1
        _written(ax, y, line.label, str(line.patients or ""), _in_words(line))
        mark = "o" if line.cut_pct is None else "s"
        _drawn(ax, y, line.printed, mark, BLACK if line.cut_pct == HALF_PCT else "white")
    for label, found, face in zip(("at least half better", "mean improvement"), told, (BLACK, "white"), strict=True):
        y += 1
        ax.axhspan(y - 0.5, y + 0.5, color=PALE, lw=0, zorder=0)
        _answered(ax, y, found, face)
        _written(ax, y, f"New clinic, {label}", "", f"{found.median:.0f} %")
    return y + 1


def _in_words(line: ForestRow) -> str:
    cut = "" if line.cut_pct in (None, HALF_PCT) else f" ≥{line.cut_pct:g}"
    return f"{line.printed.middle:.0f} %{cut}"


def drawn_harm(harm: HarmQuestion) -> Figure:
    """Return every count of a harm, and below it the answers for a new clinic."""
    figure, ax = _rows(len(harm.study_counts) + len(harm.variants) + 2, harm.title)
    ax.set_xscale("function", functions=(lambda x: np.sqrt(np.maximum(x, 0.0)), np.square))
    ax.set(xlim=(0.0, 100.0), xlabel="per cent of patients")
    ax.set_xticks([0, 1, 5, 10, 20, 40, 60, 80, 100])
    _headed(ax, 0, "Studies")
    for y, row in enumerate(harm.study_counts, 1):
        low, high = predicted_count(row)
        outside = not low <= row.events <= high
        ax.barh(
            y, 100.0 * (high - low) / row.patients, left=100.0 * low / row.patients, height=0.7, color=PALE, zorder=1
        )
        found = share_interval(row.events, row.patients)
        _drawn(ax, y, PrintedInterval(*(100.0 * (v or 0.0) for v in (found.middle, found.low, found.high))), "s", BLACK)
        _written(ax, y, _of_row(harm, row), "", f"{row.events} of {row.patients}{' !' if outside else ''}")
    start = len(harm.study_counts) + 1
    _headed(ax, start, "Answer for a new clinic")
    for y, (label, asked) in enumerate(harm.variants, start + 1):
        interval = harm_interval(asked)
        percent = PredictiveInterval(100.0 * interval.median, _percent(interval.inner), _percent(interval.outer))
        _answered(ax, y, percent, BLACK)
        _written(ax, y, label, "", f"{percent.median:.2g} %")
    keys = [
        _key("s", BLACK, "counted, 95 % interval"),
        Line2D([], [], color=PALE, lw=6, label="95 % for a new clinic of that size that does the same"),
        _key("D", BLACK, "new clinic, 80 and 95 %"),
    ]
    _legend(figure, keys)
    return figure


def _percent(ends: tuple[float, float]) -> tuple[float, float]:
    return 100.0 * ends[0], 100.0 * ends[1]


def _of_row(harm: HarmQuestion, row: OutcomeCount) -> str:
    """The study, what it treated, and where it stands on what the answers differ by."""
    if any(asked.months for _, asked in harm.variants):
        stands = "time not printed" if row.months is None else f"{row.months:g} months"
    elif row.phototypes is None:
        stands = "type not printed"
    else:
        stands = " to ".join(dict.fromkeys(PHOTOTYPES[k] for k in row.phototypes))
    return ", ".join(filter(None, (study_label(row.study), row.condition.replace("-", " "), stands)))


def drawn_funnel() -> Figure:
    """Return harms against the number of patients in whom they were counted, a panel for each harm."""
    figure = Figure(figsize=(WIDTH_IN, 4.2), layout="constrained")
    panels: Any = figure.subplots(1, len(FUNNEL_OUTCOMES), sharey=True)
    shares = (0.001, 0.01, 0.1, 0.5, 0.9)
    sizes = np.geomspace(3, 3000, 200)
    for ax, outcome in zip(panels, FUNNEL_OUTCOMES, strict=True):
        ax.plot([log_odds(0, of) for of in sizes], sizes, color=GREY, lw=0.8, ls=":")
        for kind, symbol in SYMBOLS.items():
            own = [mark for mark in funnel_points(outcome) if mark.kind == kind]
            across, up = [mark.log_odds for mark in own], [mark.patients for mark in own]
            ax.plot(across, up, symbol, color=BLACK, mfc="none", ms=4.5, mew=0.8)
        ax.set_xticks([float(np.log(p / (1.0 - p))) for p in shares], [f"{100 * p:g}" for p in shares])
        ax.set(xlim=(-8.0, 5.0), ylim=(4.0, 2000.0), yscale="log", title=HARM_TITLES[outcome])
        ax.set_xlabel("per cent harmed (log-odds)")
        ax.set_yticks([5, 10, 20, 50, 100, 200, 500, 1000], ["5", "10", "20", "50", "100", "200", "500", "1000"])
        ax.minorticks_off()
    panels[0].set_ylabel("patients")
    handles = [Line2D([], [], ls="", marker=m, mfc="none", mec=BLACK, label=kind) for kind, m in SYMBOLS.items()]
    handles.append(Line2D([], [], color=GREY, lw=0.8, ls=":", label="nobody harmed"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def drawn_gaps() -> Figure:
    """Return the grid of conditions and treatments with the number of studies in each field."""
    conditions, modalities = list(vocabulary_table("condition")), list(vocabulary_table("modality"))
    figure = Figure(figsize=(WIDTH_IN, 9.4))
    ax = figure.add_axes((0.255, 0.07, 0.74, 0.7))
    for cell in study_counts():
        x, y = modalities.index(cell.modality), conditions.index(cell.condition)
        if not cell.improvement and not cell.dark_marks:
            if cell.searches:
                ax.plot(x, y, ".", color=GREY, ms=3)
            continue
        ax.add_patch(_field(x, y))
        ax.text(x, y - 0.22, str(cell.improvement or "–"), ha="center", va="center")
        ax.text(x, y + 0.24, str(cell.dark_marks or "–"), ha="center", va="center", style="italic", color="0.3")
    ax.set(xlim=(-0.5, len(modalities) - 0.5), ylim=(len(conditions) - 0.5, -0.5))
    ax.set_xticks(range(len(modalities)), [_short("modality", name, 99) for name in modalities], rotation=90)
    ax.set_yticks(range(len(conditions)), [_short("condition", name, 30) for name in conditions])
    ax.tick_params(length=0, labeltop=True, labelbottom=False)
    for k in range(max(len(modalities), len(conditions))):
        ax.axvline(k - 0.5, color="0.8", lw=0.5)
        ax.axhline(k - 0.5, color="0.8", lw=0.5)
    figure.text(
        0.01,
        0.02,
        "above: studies of improvement; below, slanted: studies that counted dark marks\n"
        "dot: searched for, nothing usable found; white without a dot: not searched for by name",
        linespacing=1.5,
    )
    return figure


def _short(kind: Any, name: str, width: int) -> str:
    """A title without its remark, on two lines where it is long."""
    return textwrap.fill(name_title(kind, name).partition(" (")[0], width)


def _field(x: int, y: int) -> Any:
    return mpl.patches.Rectangle((x - 0.5, y - 0.5), 1.0, 1.0, facecolor="0.88", edgecolor="none")


def _legend(figure: Figure, keys: Sequence[Line2D]) -> None:
    place = (0.06 / WIDTH_IN, 0.05 / figure.get_figheight())
    figure.legend(handles=keys, loc="lower left", bbox_to_anchor=place, ncols=2, frameon=False, borderpad=0.0)


def _rows(rows: int, heading: str) -> tuple[Figure, Any]:
    """An empty picture with room for text on both sides of its rows, the first at the top."""
    height = ROW_IN * rows + TOP_IN + BOTTOM_IN
    figure = Figure(figsize=(WIDTH_IN, height))
    box = (LABELS_IN / WIDTH_IN, BOTTOM_IN / height, 1 - (LABELS_IN + PRINTED_IN) / WIDTH_IN, ROW_IN * rows / height)
    ax = figure.add_axes(box)
    figure.text(0.08 / WIDTH_IN, 1 - 0.2 / height, heading, weight="bold", size=9, va="center")
    ax.set_ylim(rows - 0.4, -0.6)
    ax.set_yticks([])
    for side in ("left", "right", "top"):
        ax.spines[side].set_visible(False)
    return figure, ax


def _headed(ax: Any, y: int, heading: str) -> None:
    wide = WIDTH_IN - LABELS_IN - PRINTED_IN
    ax.text((0.08 - LABELS_IN) / wide, y, heading, transform=ax.get_yaxis_transform(), va="center", weight="bold")


def _written(ax: Any, y: int, label: str, count: str = "", printed: str = "") -> None:
    across = ax.get_yaxis_transform()
    wide = WIDTH_IN - LABELS_IN - PRINTED_IN
    ax.text((0.18 - LABELS_IN) / wide, y, label, transform=across, va="center")
    ax.text(-0.06 / wide, y, count, transform=across, va="center", ha="right")
    ax.text(1 + 0.06 / wide, y, printed, transform=across, va="center")


def _drawn(ax: Any, y: int, found: PrintedInterval, mark: str, face: str) -> None:
    if found.low is not None and found.high is not None:
        ax.plot([found.low, found.high], [y, y], color=BLACK, lw=0.8, zorder=2)
    ax.plot(found.middle, y, mark, color=BLACK, mfc=face, ms=4.2, mew=0.8, zorder=3)


def _answered(ax: Any, y: int, found: PredictiveInterval, face: str) -> None:
    ax.plot(found.outer, [y, y], color=BLACK, lw=0.8, zorder=2)
    ax.plot(found.inner, [y, y], color=BLACK, lw=2.8, solid_capstyle="butt", zorder=2)
    ax.plot(found.median, y, "D", color=BLACK, mfc=face, ms=5.0, mew=0.9, zorder=3)


def _key(mark: str, face: str, label: str) -> Line2D:
    return Line2D([], [], ls="-", lw=0.8, color=BLACK, marker=mark, mfc=face, ms=4.5, label=label)


def main() -> None:
    """Draw all, ship the numbers, write the page."""
    every: Sequence[tuple[pictures.EvidencePicture, Figure]] = [
        *((pictures.forest_picture(forest), drawn_forest(forest)) for forest in forests()),
        (pictures.FUNNEL, drawn_funnel()),
        (pictures.GAPS, drawn_gaps()),
        *((pictures.harm_picture(harm), drawn_harm(harm)) for harm in harm_questions()),
    ]
    folder = DOCS / pictures.FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    for picture, figure in every:
        figure.savefig(folder / picture.file, metadata={"Date": None})
    numbers = json.dumps(to_json_types(pictures.compute_numbers()), indent=1) + "\n"
    (Path(skinbeam.__file__).parent / pictures.NUMBERS_FILE).write_text(numbers, encoding="utf-8")
    (DOCS.parent / page.PAGE).write_text(page.render_page(), encoding="utf-8")


if __name__ == "__main__":
    with mpl.rc_context(STYLE):
        main()
