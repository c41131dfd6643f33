"""Writes the parts of these pages that follow from the package: command help, tables of keys, names, limits, sources,
the Python reference; and notebooks from pages.

Run `python docs/generate.py` after a change; a test compares. A part stands between two comments:

    <!-- generated: help consult -->
    ...
    <!-- end -->
"""

import io
import os
import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import Any

import typer
from parts import dark_spots, doses, guideline, layers, markdown, named, notebook, reference, tour
from parts.keys import keys, tables

from research.virtual_people.tables import result_table, shipped_results
from skinbeam.cli import main
from skinbeam.cli.commands import full_app

__all__ = ["NOTEBOOKS", "PAGES", "commands", "rendered", "tables"]

HERE = Path(__file__).parent
PAGES = (*sorted(HERE.rglob("*.md")), HERE.parent / "README.md", HERE.parent / "CONTRIBUTING.md")
NOTEBOOKS = {HERE / "guide" / "research-morning.md": HERE.parent / "examples" / "research-morning.ipynb"}
PART = re.compile(r"(<!-- generated: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
HELP_COLUMNS = "88"


def rendered(page: str) -> str:
    """Return a page with its generated parts as they should be."""
    return PART.sub(lambda found: f"{found[1]}\n{part(found[2])}\n\n{found[3]}", page)


def part(name: str) -> str:
    """Return one part: `help COMMAND`, `keys FILE TABLE`, or a name of `_PARTS`."""
    kind, _, rest = name.partition(" ")
    if kind == "help":
        return f"```text\n{help_of(rest.split())}\n```"
    if kind == "keys":
        file, _, table = rest.partition(" ")
        return keys(file, table)
    return _PARTS[name]()


def help_of(command: list[str]) -> str:
    """Return what `skinbeam COMMAND --help` prints on a terminal of a fixed width."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = HELP_COLUMNS
    try:
        with redirect_stdout(io.StringIO()) as printed, suppress(SystemExit):
            main([*command, "--help"])
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def commands() -> list[str]:
    """Return every command, and those below `lasers` and `records`."""
    group: Any = typer.main.get_command(full_app())
    return [*group.commands, "lasers check", *(f"records {name}" for name in group.commands["records"].commands)]


def _planning(name: str) -> str:
    """A table of what befalls virtual people by their plans."""
    head, *rows = result_table(name, shipped_results())
    return markdown.table(head, rows)


_PARTS: Mapping[str, Callable[[], str]] = {
    "conditions": partial(named.names, "condition"),
    "kinds": named.kinds,
    "sites": partial(named.names, "site"),
    "modalities": partial(named.names, "modality"),
    "devices": named.devices,
    "limits": named.limits,
    "bounds": named.bounds,
    "endpoints": named.endpoints,
    "kinetics": named.kinetics,
    "published doses": doses.published_doses,
    "practice fit": doses.fit,
    "tour": tour.steps,
    "practice cells": doses.cells,
    "practice rows": doses.rows,
    "practice routine": doses.routine,
    "practice unposed": doses.unposed,
    "guideline": guideline.tables,
    "planning burnt": partial(_planning, "burnt"),
    "planning treated": partial(_planning, "treated"),
    "planning clean": partial(_planning, "clean"),
    "dark spots by tone": dark_spots.by_tone,
    "dark spots by place": dark_spots.by_place,
    "dark spots alarms": dark_spots.alarms,
    "wide spots by tone": dark_spots.wide_by_tone,
    "sources": named.sources,
    "python functions": reference.functions,
    "python results": reference.result_classes,
    "layout": layers.layout,
    "layers": layers.layers,
    "folders": layers.folders,
    "contracts": layers.contracts,
}


if __name__ == "__main__":
    for file in PAGES:
        old = file.read_text(encoding="utf-8")
        if (new := rendered(old)) != old:
            file.write_text(new, encoding="utf-8")
            print(f"wrote {file.relative_to(HERE.parent)}")
    for page, file in NOTEBOOKS.items():
        file.write_text(notebook.notebook(page.read_text(encoding="utf-8")), encoding="utf-8")
