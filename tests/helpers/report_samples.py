"""A made-up plan and made-up figures to try the report with; none of it is about a person."""

import io
import json
import math
from pathlib import Path
from typing import Any

from paths import TESTS
from plan_reading import read_plan
from pypdf import PdfReader

from skinbeam.model.estimate import Unknown
from skinbeam.plan.section import SkinSection
from skinbeam.plan_records.plan import Plan
from skinbeam.report.graphics.figure_data import (
    ConcernFigures,
    FigureData,
    WindowData,
)
from skinbeam.report.leaflet.leaflet_page import leaflet_page
from skinbeam.report.pdf import print_page
from skinbeam.report.report_figures import draw_report_figures
from skinbeam.report.report_files import make_leaflet, write_report
from skinbeam.what_if.window import PublishedDoseRange

PLAN_FILE = TESTS / "data" / "plan-sample.json"
LAYERS = (
    ("stratum corneum", 0.0),
    ("living epidermis", 15.0),
    ("papillary dermis", 75.0),
    ("upper plexus", 200.0),
    ("reticular dermis", 280.0),
)


def sample_plan() -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(PLAN_FILE.read_text(encoding="utf-8"))
    return plan


def sample() -> Plan:
    return read_plan(sample_plan())


def draw_and_write_report(plan: Plan, figures: FigureData, folder: Path, **about_the_photograph: Any) -> list[Path]:
    leaflet = make_leaflet(plan, about_the_photograph.get("preview"))
    return write_report(plan, draw_report_figures(plan, figures), leaflet, folder, **about_the_photograph)


def leaflet_pdf(plan: Plan) -> PdfReader:
    figures = draw_report_figures(plan, FigureData()).files
    return PdfReader(io.BytesIO(print_page("leaflet", leaflet_page(plan), figures)))


def sample_section() -> SkinSection:
    depth_um = [10.0 * i for i in range(101)]
    light = [1.8 * math.exp(-z / 250) for z in depth_um]
    heat = [33 + 25 * math.exp(-(((z - 300) / 200) ** 2)) for z in depth_um]
    return SkinSection(
        depth_um=depth_um,
        light=(light, [0.7 * x for x in light], [1.3 * x for x in light]),
        peak_C=(heat, [x - 5 for x in heat], [x + 8 for x in heat]),
        layers=list(LAYERS),
        level=0.8,
        target_um=(200.0, 420.0),
    )


def sample_window(pulses: int = 6) -> WindowData:
    dose, pulse_ms = [1.2**i for i in range(16)], [0.45, 1.5, 3.0, 6.0, 10.0, 20.0][:pulses]

    def share(half: float) -> list[list[float]]:
        return [[1 / (1 + math.exp(-6 * math.log(d / (half * p**0.25)))) for d in dose] for p in pulse_ms]

    return WindowData(
        "fluence_J_cm2",
        dose,
        pulse_ms,
        share(3),
        share(10),
        "vessel closure",
        "epidermal necrosis",
        limit_fraction=[[p / 0.1 for p in row] for row in share(10)],
        limits="burn of the epidermis",
        published_doses=[PublishedDoseRange(pulse, 3.0, 8.0) for pulse in pulse_ms],
        maker_doses=[PublishedDoseRange(pulse_ms[-1], 4.0, 6.0)],
        chosen_dose=dose[10],
        chosen_row=pulse_ms[-1],
    )


def sample_figures() -> FigureData:
    return FigureData(
        (
            ConcernFigures("facial-telangiectasia", "cheeks", sample_section(), sample_window()),
            ConcernFigures("age-spots", "cheeks", sample_section(), sample_window(1)),
            ConcernFigures("acne-scars", "cheeks", sample_section(), Unknown("the grid was not computed")),
        )
    )
