"""Draws every row of published doses and burns that a fit sees: the reported share beside the predicted one.

Run `python docs/practice_figure.py` after `make practice-report`; it writes docs/images/practice.png.
"""

from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

from skinbeam.model.package_data import load_derived_table

__all__ = ["drawn"]

FILE: Final = Path(__file__).parent / "images" / "practice.png"
LEAST, MOST = 2e-3, 1.0
STANDS_FOR = {"given": 2.4e-3, "begins": 3.2e-3}  # rows without a count stand below the others


def drawn() -> Figure:
    """Return the figure: left out sources filled, held-out sources open."""
    checks = load_derived_table("practice_checks")
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    ax = figure.add_subplot()
    ax.plot([LEAST, MOST], [LEAST, MOST], color="0.7", lw=1)
    for side, filled in (("left_out", True), ("kept_aside", False)):
        for row in checks[side]:
            _draw(ax, row, "C0" if row["kind"] == "counted" else "0.45", filled=filled)
    ax.set(xscale="log", yscale="log", xlim=(LEAST, MOST), ylim=(LEAST, MOST))
    ax.set_xlabel("predicted share of people burnt, by a fit without the source")
    ax.set_ylabel("reported share, with its 80 % interval")
    notes = (
        ("doses given, not counted", STANDS_FOR["given"]),
        ("doses at which harm begins", STANDS_FOR["begins"]),
    )
    for note, height in notes:
        ax.text(LEAST * 1.1, height, note, va="center", fontsize=8, color="0.45")
    ax.text(LEAST * 1.1, MOST * 0.8, "filled: source left out; open: held out; arrow: no burns", fontsize=8)
    return figure


def _draw(ax: Any, row: dict[str, Any], colour: str, *, filled: bool) -> None:
    face = colour if filled else "white"
    if row["kind"] != "counted":
        mark = "x" if row["kind"] == "given" else "D"
        ax.plot(row["share"], STANDS_FOR[row["kind"]], mark, color=colour, mfc=face, ms=5)
        return
    high = row["reported_high"]
    if row["harmed"]:
        share = row["harmed"] / row["of"]
        ax.plot([row["share"]] * 2, [row["reported_low"], high], color=colour, lw=1)
        ax.plot(row["share"], share, "o", color=colour, mfc=face, ms=6)
    else:
        ax.annotate(
            "", (row["share"], high / 2.5), (row["share"], high), arrowprops={"arrowstyle": "->", "color": colour}
        )
        ax.plot(row["share"], high, "_", color=colour, ms=9)


if __name__ == "__main__":
    drawn().savefig(FILE, dpi=130)
