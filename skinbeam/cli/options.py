"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from skinbeam.schema.names import ENDPOINTS

__all__ = ["ENDS", "CaseFile", "Draws", "Json", "Plot", "Quiet", "Seed"]

CaseFile = Annotated[Path, typer.Argument(metavar="CASE.toml", help="The case file.")]
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print nothing but what is wrong, and what --json asks for.")]
Plot = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Draw it, as FILE.svg, FILE.png or FILE.pdf.")
]
Draws = Annotated[int, typer.Option("--draws", min=1, max=100_000, help="Sampled skins.")]
ENDS = ", ".join(sorted(ENDPOINTS))
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**63 - 1, help="Seed of every random draw.")]
