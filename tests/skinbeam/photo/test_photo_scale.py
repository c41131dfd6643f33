"""The visible iris is measured where its edge is seen, and makes the scale of a face narrower."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.photo.face.eyes import measure_iris_px
from skinbeam.photo.face.face import Face
from skinbeam.photo.scale import face_scale

FINE = 3  # times finer drawn than shown, so that edges have no steps of their own


def eyes(pupil_px: float, ratio: float, *, pupil: float = 0.4, roll_deg: float = 0.0) -> tuple[np.ndarray, Face]:
    """Two drawn eyes: irises `ratio` of the pupil distance wide behind lids, a dark pupil and a glint in each."""
    side = int(1.8 * pupil_px)
    middle, turn = 0.5 * side, math.radians(roll_deg)
    across = 0.5 * pupil_px * np.array([math.cos(turn), math.sin(turn)])
    right, left = middle - across, middle + across
    picture = np.full((FINE * side, FINE * side, 3), (190, 150, 130), np.uint8)
    for centre in (right, left):
        at = tuple(int(v) for v in np.round((centre + 0.5) * FINE))
        iris = 0.5 * ratio * pupil_px * FINE
        opening = np.zeros(picture.shape[:2], np.uint8)
        cv2.ellipse(opening, at, (round(2.1 * iris), round(0.85 * iris)), roll_deg, 0, 360, 1, -1)
        eye = np.full_like(picture, 225)
        cv2.circle(eye, at, round(iris), (90, 100, 110), -1)
        cv2.circle(eye, at, round(pupil * iris), (15, 15, 15), -1)
        cv2.circle(eye, (at[0] + round(0.3 * iris), at[1] - round(0.3 * iris)), round(0.15 * iris), (255,) * 3, -1)
        picture[opening == 1] = eye[opening == 1]
    shown = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    face = Face(tuple(right), tuple(left), (middle, 1.6 * middle), (0, 0, side, side), "template")
    return shown, face


@pytest.mark.parametrize("pupil_px", [70, 150, 400])
@pytest.mark.parametrize(("ratio", "pupil", "roll_deg"), [(0.16, 0.3, 0.0), (0.19, 0.6, 12.0), (0.22, 0.45, -20.0)])
def test_a_drawn_iris_is_measured(pupil_px: int, ratio: float, pupil: float, roll_deg: float) -> None:
    picture, face = eyes(pupil_px, ratio, pupil=pupil, roll_deg=roll_deg)
    found = measure_iris_px(picture, face)
    # Radii are tried in steps of half a fine pixel of 480 (0.2 % of the pupil distance), and each edge is good to half
    # a pixel of the picture.
    assert found == pytest.approx(ratio * pupil_px, abs=0.002 * pupil_px + 1.0)


def test_where_no_iris_is_seen_none_is_measured() -> None:
    picture, face = eyes(150, 0.19)
    assert measure_iris_px(np.full_like(picture, 128), face) is None
    assert measure_iris_px(picture[:, ::-1].copy() // 40, face) is None  # near darkness: the edge is a few levels
    assert measure_iris_px(*eyes(50, 0.19)) is None  # too small to say more than the pupil distance
    one = picture.copy()
    one[:, : one.shape[1] // 2] = (190, 150, 130)
    assert measure_iris_px(one, face) is None


@given(st.floats(65, 600), st.floats(0.16, 0.235))
def test_the_iris_draws_the_scale_to_itself_and_narrows_it(pupil_px: float, ratio: float) -> None:
    face = Face((0.0, 0.0), (pupil_px, 0.0), (0.5 * pupil_px, pupil_px), (0, 0, 1, 1), "template")
    alone, joined = face_scale(face), face_scale(replace(face, iris_px=ratio * pupil_px))
    by_iris = 11.7 / (ratio * pupil_px)
    low, high = sorted((alone.median, by_iris))
    assert low * (1 - 1e-9) <= joined.median <= high * (1 + 1e-9)
    assert math.log(joined.high / joined.low) < math.log(alone.high / alone.low)
    assert joined.low < by_iris * 1.1  # what the iris says is never outside by more than its own spread
    assert joined.high > by_iris * 0.9
    assert {"ruefer2005", "dodgson2004"} <= set(joined.basis)
    # A copy at another size has the same millimetres.
    moved = face_scale(replace(face, iris_px=ratio * pupil_px).transformed(1.0, 5.0, 7.0))
    assert moved.median == pytest.approx(joined.median)
