"""The plan and the charts that many reports of these tests share."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from report_samples import sample_plan

from skinbeam.report import report_figures
from skinbeam.text import current_language

CHARTS = ("draw_section", "draw_window", "draw_calendar")
_drawn: dict[tuple[str, str, bytes], str] = {}


@pytest.fixture
def plan() -> dict[str, Any]:
    """The document of a synthetic plan."""
    return sample_plan()


@pytest.fixture
def charts_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw each chart of a report once in a worker, for tests of the page around the charts.

    `test_report_figures.py` holds that a chart is the same bytes twice.
    """
    for name in CHARTS:
        monkeypatch.setattr(report_figures, name, _remembered(name, getattr(report_figures, name)))


def _remembered(name: str, draw: Callable[[Any], str]) -> Callable[[Any], str]:
    def once(data: Any) -> str:
        key = (name, current_language(), pickle.dumps(data))
        if key not in _drawn:
            _drawn[key] = draw(data)
        return _drawn[key]

    return once
