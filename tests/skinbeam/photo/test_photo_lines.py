"""Drawn vessels and wrinkles come back with length and width, in every tone, light and size; plain skin has none."""

from dataclasses import replace

import numpy as np
import pytest
from drawn_skin import TONES, Drawn, length_of, wave

from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.findings.lines import find_vessels, find_wrinkles, look_at_lines
from skinbeam.photo.findings.ridges import hysteresis_mask, thin_mask

LINES = [wave(8, 7 + 9 * k, 40, turn_deg=3 * k) for k in range(4)]
LENGTH = sum(map(length_of, LINES))


def with_vessels(width_mm: float, density: float = 0.4) -> Drawn:
    return Drawn(vessels=[(line, width_mm, density) for line in LINES])


def with_folds(width_mm: float, density: float = 0.15) -> Drawn:
    return Drawn(folds=[(line, width_mm, density) for line in LINES])


def total(marks: tuple) -> float:
    return sum(mark.size_mm.median for mark in marks)


@pytest.mark.parametrize("tone", TONES)
def test_plain_skin_has_neither_vessels_nor_wrinkles(tone: str) -> None:
    for seed in range(2):  # 48 cm² in all
        plain = Drawn(tone=tone, seed=seed).detail()
        assert find_vessels(plain) == ()
        assert find_wrinkles(plain) == ()


@pytest.mark.parametrize("tone", TONES)
def test_vessels_come_back_with_their_length_and_are_no_wrinkles(tone: str) -> None:
    seen = replace(with_vessels(0.4), tone=tone).detail()
    found = find_vessels(seen)
    assert len(LINES) <= len(found) <= len(LINES) + 1  # noise may bring a spur on dark skin
    # An end is lost where the ridge fades and one is added where it is blurred: two millimetres each of 40.
    assert total(found) == pytest.approx(LENGTH, rel=0.1)
    assert find_wrinkles(seen) == ()
    assert {(mark.kind, mark.map_name, mark.region) for mark in found} == {("vessels", "haemoglobin", "cheek-right")}


@pytest.mark.parametrize("tone", TONES)
def test_wrinkles_come_back_with_their_length_and_are_no_vessels(tone: str) -> None:
    seen = replace(with_folds(0.8), tone=tone).detail()
    found = find_wrinkles(seen)
    assert total(found) == pytest.approx(LENGTH, rel=0.06)
    assert find_vessels(seen) == ()
    assert {(mark.kind, mark.map_name) for mark in found} == {("fine-lines", "shade")}


def test_a_line_is_seen_where_it_is_and_in_pieces_that_are_too_short_to_be_found() -> None:
    whole, plain = with_folds(0.8).detail(), Drawn().detail()
    marks = find_wrinkles(whole)
    lines = [mark.line for mark in marks]
    again = look_at_lines(whole, "fine-lines", lines)
    # The ridge filter answers weakly at the ends, over the width of its widest scale.
    assert min(sight.share for sight in again) > 0.9
    for mark, sight in zip(marks, again, strict=True):
        assert sight.density == pytest.approx(mark.contrast, rel=0.1)  # the middle of the line is looked for anew
    # On plain skin noise is that strong here and there.
    assert max(sight.share for sight in look_at_lines(plain, "fine-lines", lines)) < 0.2
    dashes = [(line[k : k + len(line) // 12], 0.8, 0.15) for line in LINES for k in range(0, len(line), len(line) // 8)]
    broken = Drawn(folds=dashes).detail()
    shares = [sight.share for sight in look_at_lines(broken, "fine-lines", lines)]
    assert min(shares) > 0.5
    assert total(find_wrinkles(broken)) < 0.5 * LENGTH


@pytest.mark.parametrize("width_mm", [0.5, 0.8, 1.2])
def test_the_interval_of_a_width_holds_what_was_drawn(width_mm: float) -> None:
    found = find_vessels(with_vessels(width_mm).detail())
    widths = [mark.width_mm for mark in found if isinstance(mark.width_mm, Estimate)]
    assert len(widths) == len(LINES)
    for width in widths:
        # Drawn widths are whole pixels of 0.04 mm; a tenth of a millimetre is what the trace wanders.
        assert width.low - 0.1 <= width_mm <= width.high + 0.1
        assert width.median == pytest.approx(width_mm, abs=0.15)


def test_a_vessel_narrower_than_the_blur_may_have_no_width_at_all() -> None:
    found = find_vessels(replace(with_vessels(0.2), mm_per_px=0.25).detail())
    assert found
    for mark in found:
        if isinstance(mark.width_mm, Unknown):
            assert "at most" in mark.width_mm.reason
        else:
            assert mark.width_mm.low == 0 < 0.2 < mark.width_mm.high


@pytest.mark.parametrize(
    "change",
    [{"exposure": 0.4}, {"exposure": 1.4}, {"slope": 1.2}, {"light": (1.1, 1.0, 0.8)}, {"light": (0.9, 1.0, 1.2)}],
    ids=str,
)
def test_light_changes_neither_length_nor_width(change: dict) -> None:
    plain, lit = with_vessels(0.6), replace(with_vessels(0.6), **change)
    before, after = find_vessels(plain.detail()), find_vessels(lit.detail())
    assert total(after) == pytest.approx(total(before), rel=0.05)
    middle = [np.median([mark.width_mm.median for mark in found]) for found in (before, after)]
    assert middle[1] == pytest.approx(middle[0], abs=0.08)  # two steps of the widths that are tried


@pytest.mark.parametrize("turn_deg", [20, 45, 90])
def test_a_turned_vessel_is_as_long_and_as_wide(turn_deg: int) -> None:
    drawn = Drawn(size_mm=(50, 50), vessels=[(wave(25, 8, 30, turn_deg=turn_deg), 0.6, 0.4)])
    (mark,) = (
        find_vessels(drawn.detail())
        if turn_deg == 90
        else find_vessels(replace(drawn, vessels=[(wave(10, 8, 30, turn_deg=turn_deg), 0.6, 0.4)]).detail())
    )
    assert mark.size_mm.median == pytest.approx(length_of(wave(0, 0, 30)), rel=0.06)
    assert mark.width_mm.median == pytest.approx(0.6, abs=0.15)


@pytest.mark.parametrize("mm_per_px", [0.12, 0.2, 0.28])
def test_the_size_of_the_picture_changes_neither(mm_per_px: float) -> None:
    found = find_vessels(replace(with_vessels(0.8), mm_per_px=mm_per_px).detail())
    assert total(found) == pytest.approx(LENGTH, rel=0.08)
    widths = [mark.width_mm.median for mark in found if isinstance(mark.width_mm, Estimate)]
    assert np.median(widths) == pytest.approx(0.8, abs=0.2)


def test_the_mark_of_a_vessel_covers_it() -> None:
    drawn = with_vessels(0.8)
    seen = drawn.detail()
    for mark in find_vessels(seen):
        area = mark.area_px * drawn.mm_per_px**2
        assert area == pytest.approx(mark.size_mm.median * 0.8, rel=0.2)  # a width is read to 0.15 mm
        # What it adds to the map of blood is what was drawn, where it covers a pixel whole.
        assert mark.excess.max() == pytest.approx(0.4, rel=0.3)


def test_a_skeleton_is_thin_connected_and_in_the_mask() -> None:
    mask = np.zeros((60, 80), bool)
    mask[10:20, 5:70] = True
    mask[10:50, 30:37] = True
    thin = thin_mask(mask)
    assert (thin <= mask).all()
    assert not (thin[:-1, :-1] & thin[1:, :-1] & thin[:-1, 1:] & thin[1:, 1:]).any()
    assert (hysteresis_mask(thin, thin & (np.arange(80) < 20)) == thin).all()
