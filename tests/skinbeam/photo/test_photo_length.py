"""A length that a person gives says how large a pixel is, as surely as its two points were set."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import ROOT

from skinbeam.api.analyse_photo import report_photo
from skinbeam.model.errors import InputError
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.scale import scale_from_length

FILE = ROOT / "examples" / "first-consultation" / "face.jpg"
PORTRAIT = read_photograph(FILE).rgb
HEIGHT, WIDTH = PORTRAIT.shape[:2]
PUPIL_PX = 44.1  # of the portrait


@given(
    start=st.tuples(st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1)),
    turn=st.floats(0, 2 * math.pi),
    apart_px=st.floats(40, 200),
    mm_per_px=st.floats(0.01, 2.0),
)
def test_a_length_is_its_millimetres_over_its_pixels(
    start: tuple[float, float], turn: float, apart_px: float, mm_per_px: float
) -> None:
    end = start[0] + apart_px * math.cos(turn), start[1] + apart_px * math.sin(turn)
    if not (0 <= end[0] < WIDTH and 0 <= end[1] < HEIGHT) or math.dist(start, end) < 40:
        return
    scale = scale_from_length(PORTRAIT, (*start, *end, mm_per_px * apart_px))
    assert scale.median == pytest.approx(mm_per_px, rel=1e-9)
    # 1.5 px for each of two points, 95 %: what lies within two pixels of both points is held.
    assert scale.low <= mm_per_px * apart_px / (apart_px + 4) * 1.01
    assert scale.high >= mm_per_px * apart_px / (apart_px - 4) * 0.99
    assert scale.kind == "measured"


def test_the_farther_apart_the_points_the_surer_is_the_scale() -> None:
    near, far = (scale_from_length(PORTRAIT, (10, 10, 10 + px, 10, px)) for px in (50, 250))
    assert (far.high - far.low) / (near.high - near.low) == pytest.approx(50 / 250, rel=0.02)


def test_a_length_replaces_what_the_eyes_say_of_a_face() -> None:
    usual = report_photo(FILE).to_dict()
    # 60 mm between the pupils, told by a length elsewhere in the picture.
    told = report_photo(FILE, length=(20, 250, 120, 250, 100 * 60 / PUPIL_PX)).to_dict()
    assert told["scale_mm_per_px"]["median"] == pytest.approx(60 / PUPIL_PX, rel=1e-5)
    assert told["scale_mm_per_px"]["kind"] == "measured"
    width = {name: one["high"] / one["low"] for name, one in (("usual", usual["scale_mm_per_px"]),)}["usual"]
    assert told["scale_mm_per_px"]["high"] / told["scale_mm_per_px"]["low"] < 1.1 < width
    assert told["case_sha256"] != usual["case_sha256"]


@pytest.mark.parametrize(
    ("length", "read_as"),
    [
        ((10, 10, 100, 10), "five numbers"),
        ((10, 10, 100, math.nan, 50), "five numbers"),
        ((10, 10, 100, 5000, 50), "outside the picture"),
        ((-1, 10, 100, 10, 50), "outside the picture"),
        ((10, 10, 10, 10, 50), "0 pixels apart"),
        ((10, 10, 45, 10, 50), "35 pixels apart"),
        ((10, 10, 110, 10, 0), "0 mm on 100"),
        ((10, 10, 110, 10, -20), "mm on 100"),
        ((10, 10, 110, 10, 1000), "mm on 100"),
        ((10, 10, 110, 10, 300), "the pupils lie 13"),  # 132 mm
        ((10, 10, 110, 10, 50), "the pupils lie 22"),
    ],
)
def test_a_length_that_cannot_be_is_refused(length: tuple[float, ...], read_as: str) -> None:
    with pytest.raises(InputError) as refused:
        report_photo(FILE, length=length).to_dict()
    assert (refused.value.code, refused.value.field) == ("bad-length", "length")
    assert read_as in refused.value.message
    assert "pixels of the upright picture" in refused.value.hint
