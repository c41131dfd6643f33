"""Icon arrays, skin section, window and calendar: the right counts, labels with units, the same bytes twice."""

import itertools
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import sample, sample_figures, sample_section, sample_window

from skinbeam.api.window import TherapeuticWindow, WindowDoseRange
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.report.graphics.charts import CalendarRow, _space_labels, draw_calendar, draw_section
from skinbeam.report.graphics.curves import write_plot
from skinbeam.report.graphics.figure_data import FigureData
from skinbeam.report.graphics.icons import IconArray, icon_arrays_svg, people_counts
from skinbeam.report.graphics.window import draw_window
from skinbeam.report.report_figures import draw_report_figures

SHARES = st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted)


def estimate(low: float, median: float, high: float) -> Estimate:
    return Estimate(median, low, high, 0.8, "pooled")


def dots(svg: str) -> dict[tuple[str, str], int]:
    """How many dots there are of each colour and size."""
    paths = re.findall(r'<path d="([^"]+)" stroke="([^"]+)" stroke-width="([^"]+)"', svg)
    return {(colour, size): d.count("M") for d, colour, size in paths}


@given(SHARES)
def test_an_icon_array_shows_a_hundred_people_and_its_range(shares: list[float]) -> None:
    low, median, high = people_counts(estimate(*shares))
    assert 0 <= low <= median <= high <= 100
    assert all(abs(100 * share - count) <= 0.5 for share, count in zip(shares, (low, median, high), strict=True))
    seen = dots(icon_arrays_svg([IconArray("better", "good", estimate(*shares))]))
    assert seen.get(("#9cc2e5", "7.4"), 0) == median - low
    assert seen.get(("#ffffff", "6.6"), 0) == high - median
    assert seen.get(("#8a8f98", "4"), 0) == 100 - high


def test_good_and_bad_are_drawn_to_one_scale() -> None:
    p = estimate(0.1, 0.2, 0.4)
    good, bad = (icon_arrays_svg([IconArray("same label", tone, p)]) for tone in ("good", "bad"))
    recoloured = good.replace("#0b5394", "#a33b00").replace("#9cc2e5", "#f3b78f")
    assert recoloured == bad


def test_an_unknown_takes_the_same_place_and_shows_no_number() -> None:
    known = icon_arrays_svg([IconArray("better", "good", estimate(0.1, 0.2, 0.4))])
    unknown = icon_arrays_svg([IconArray("better", "good", Unknown("no trial"))])
    size = re.compile(r'width="(\d+)" height="(\d+)"')
    assert size.search(known)[0] == size.search(unknown)[0]  # type: ignore[index]  # both match
    assert "no trial" in unknown
    assert "of 100 people" not in unknown


def test_markup_in_a_label_stays_text() -> None:
    svg = icon_arrays_svg([IconArray("<b>&", "bad", Unknown("<i>"))])
    assert "<b>" not in svg
    assert "<i>" not in svg


@pytest.mark.parametrize(
    "make",
    [
        lambda: draw_section(sample_section()),
        lambda: draw_section(replace(sample_section(), target_um=None)),
        lambda: draw_window(sample_window()),
        lambda: draw_window(sample_window(1)),
        lambda: draw_window(replace(sample_window(), chosen_dose=None, chosen_row=None)),
        lambda: draw_calendar([CalendarRow("veins", ((0.0, "1"), (6.0, "2"))), CalendarRow("scars", ((12.0, "3"),))]),
    ],
)
def test_a_chart_is_the_same_bytes_twice_and_holds_no_date(make: object) -> None:
    first, second = make(), make()  # type: ignore[operator]  # a lambda of the list above
    assert first == second
    assert "<dc:date>" not in first
    assert "<text" not in first  # letters are paths: no font is needed to read them


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_a_window_without_any_contour_is_drawn(p: float) -> None:
    """No effect anywhere, or harm everywhere: nothing to draw a line at, and no warning."""
    flat = [[p] * 16 for _ in range(6)]
    assert draw_window(replace(sample_window(), p_effect=flat, p_harm=flat)).startswith("<?xml")


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=12).map(sorted))
def test_names_of_thin_layers_do_not_overlap(middles: list[float]) -> None:
    places = _space_labels(middles, 75.0, 1000.0)
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert all(gap >= 75.0 - 1e-9 for gap in gaps)  # rounding of sums of a few thousand
    assert places[-1] <= 1000.0 - 37.5


def test_every_figure_of_the_plan_is_drawn_and_named() -> None:
    drawn = draw_report_figures(sample(), sample_figures())
    assert {
        "figures/calendar.svg",
        "figures/section-acne-scars-cheeks.svg",
        "figures/window-age-spots-cheeks.svg",
    } <= set(drawn.files)
    named = {picture.file for pictures in drawn.pictures.values() for picture in pictures if picture.file}
    assert named <= set(drawn.files)
    lost = [p for pictures in drawn.pictures.values() for p in pictures if p.unknown]
    assert {p.unknown for p in lost} == {"the grid was not computed", "no pulse was simulated for this concern"}


@pytest.mark.usefixtures("charts_drawn_once")
def test_a_caption_says_which_area_a_window_lacks() -> None:
    """An empty figure is not a figure that failed."""

    def caption(**changed: Any) -> str:
        window = replace(sample_window(), **changed)
        veins = replace(sample_figures().concerns[0], window=window)
        drawn = draw_report_figures(sample(), FigureData((veins,)))
        (picture,) = [one for one in drawn.pictures["concern-facial-telangiectasia-cheeks"] if "window" in one.file]
        return picture.caption

    rows, doses = len(sample_window().rows), len(sample_window().dose)
    weak, strong, allowed = ([[share] * doses for _ in range(rows)] for share in (0.3, 0.8, 0.9))
    unreached, unbroken = "reaches the target in half", "No setting in it passes a limit"
    assert unreached in caption(p_effect=weak)
    assert unreached not in caption(p_effect=strong)
    assert unbroken in caption(limit_fraction=allowed)
    assert unbroken not in caption(limit_fraction=[[2.0] * doses for _ in range(rows)])
    assert unbroken not in caption(limit_fraction=())


def test_without_simulated_figures_the_reason_stands_in_their_place() -> None:
    drawn = draw_report_figures(sample(), FigureData())
    assert not [name for name in drawn.files if "section" in name or "window" in name]
    for concern in sample().concerns:
        pictures = drawn.pictures[f"concern-{concern.condition}-{concern.site}"]
        assert [bool(picture.unknown) for picture in pictures] == [True, True]


def window(**changed: Any) -> TherapeuticWindow:
    data = sample_window()
    maker = WindowDoseRange(3.0, 4.0, 6.0)
    found = TherapeuticWindow(
        case_sha256="0" * 64,
        seed=0,
        effect="vessel-closure",
        harm="epidermal-necrosis",
        of=data.dose_quantity,
        dose=np.array(data.dose),
        pulse_ms=np.array(data.rows),
        p_effect=np.array(data.p_effect),
        p_harm=np.array(data.p_harm),
        p_harm_allowed=0.1,
        practised=(maker,),
        makers=(maker,),
        sources=(),
    )
    return replace(found, **changed)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"p_effect": Unknown("it cannot be judged")},
        {"p_harm": Unknown("it cannot be judged")},
        {"p_harm_allowed": Unknown("no limit is set on it")},
        {"practised": (), "makers": ()},
    ],
)
def test_a_window_document_is_drawn_as_a_file(changed: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "window.svg"
    write_plot(window(**changed), path)
    drawn = path.read_text(encoding="utf-8")
    assert drawn.startswith("<?xml")
    hatched = "p_harm" not in changed and "p_harm_allowed" not in changed
    assert ("not allowed" in drawn) is hatched  # text is drawn as paths, with the words in a comment
    assert ("published doses" in drawn) is ("practised" not in changed)
    assert ("recommended by a maker" in drawn) is ("makers" not in changed)
