"""Consultations to plan in tests, each made once in a run; none of them is about a person."""

import tomllib
from pathlib import Path
from typing import Any

from paths import ROOT
from store import stored

from skinbeam.model.case import Case
from skinbeam.model.input_files import LoadedCase, load_case, parse_record
from skinbeam.plan.planner import make_plan
from skinbeam.report.graphics.figure_data import FigureData, concern_figures

EXAMPLES = ROOT / "examples"
CONDITIONS = sorted((EXAMPLES / "conditions").glob("*.toml"))

EVERY_FIFTH = CONDITIONS[2::5]  # which have every kind of laser: `make check` reads these, `make validate` all

PLAN_DRAWS = 100  # half of what a plan draws unless it is told: enough for limits to be held against
PERSON = """
[patient]
age_years = 45
sex = "female"
phototype = "II"
ita_deg = 60.0
"""
NAMED = (
    'diagnosed = true\ndiagnosed_by = "dermatologist"\ndiagnosis_method = "dermoscopy"\ndiagnosis_date = 2026-03-02\n'
)


def concern(condition: str, site: str = "cheeks", extra: str = NAMED) -> str:
    return f'\n[[concern]]\ncondition = "{condition}"\nsite = "{site}"\narea_cm2 = 10.0\n{extra}\n'


def devices(*names: str) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"\n[clinic]\ndevices = [{listed}]\n"


def loaded(text: str, folder: Path = EXAMPLES) -> LoadedCase:
    return LoadedCase(parse_record(Case, tomllib.loads(text), file="case.toml"), folder, "case.toml")


def document(text: str, *, draws: int = PLAN_DRAWS, seed: int = 0) -> Any:
    """The document of the plan, a copy for each call."""
    return stored(_document, text, draws, seed)


def example(file: Path) -> Any:
    """The document of the plan of an example, a copy for each call."""
    return stored(_example, file)[0]


def example_figures(file: Path) -> FigureData:
    """What the figures of an example are drawn from."""
    figures: FigureData = stored(_example, file)[1]
    return figures


# A plan holds the skins that it was made on, a gigabyte of them: the document and what figures show are kept.
def _document(text: str, draws: int, seed: int) -> Any:
    return make_plan(loaded(text), draws=draws, seed=seed).document


def _example(file: Path) -> Any:
    made = make_plan(load_case(file))
    return made.document, FigureData(tuple(map(concern_figures, made.concerns)))


def laser_options(document: Any) -> list[dict[str, Any]]:
    return [option for part in document["concerns"] for option in part["options"] if "device" in option]
