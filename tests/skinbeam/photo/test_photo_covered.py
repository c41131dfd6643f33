"""What lies on a face is no region of it; what is of the skin stays one."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from paths import ROOT

from skinbeam.photo.colour import srgb_to_linear
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import find_faces_by_cascades, find_single_face
from skinbeam.photo.face.regions import FaceView, face_view, find_regions

PORTRAIT = read_photograph(ROOT / "examples" / "first-consultation" / "face.jpg").rgb


@pytest.fixture(scope="module")
def seen() -> FaceView:
    # Twice as large, so that what is painted is wider than the margins of a pixel.
    face = find_single_face(
        cv2.resize(PORTRAIT, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), find_faces_by_cascades
    )
    assert isinstance(face, Face)
    return face_view(cv2.resize(PORTRAIT, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), face)


def painted(seen: FaceView, at: tuple[float, float], half: tuple[float, float], factor: tuple[float, ...]) -> FaceView:
    """A view whose linear light is multiplied within an ellipse; places in pupil distances from between the eyes."""
    mask = inside(seen, at, half)[..., None]
    light = np.where(mask, srgb_to_linear(seen.rgb) * factor, srgb_to_linear(seen.rgb))
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return replace(seen, rgb=np.round(255 * np.clip(coded, 0, 1)).astype(np.uint8))


def inside(seen: FaceView, at: tuple[float, float], half: tuple[float, float]) -> np.ndarray:
    x, y = seen.face.template_to_pixels(np.array([at]))[0]
    mask = np.zeros(seen.rgb.shape[:2], np.uint8)
    axes = round(half[0] * seen.face.pupil_px), round(half[1] * seen.face.pupil_px)
    cv2.ellipse(mask, (round(x), round(y)), axes, 0, 0, 360, 1, cv2.FILLED)
    return mask.astype(bool)


CHEEK, WIDE = (-0.72, 0.55), (0.16, 0.16)


def test_a_shaved_beard_is_no_skin_and_its_cheek_above_is(seen: FaceView) -> None:
    at, half = (0.0, 1.6), (0.3, 0.12)
    # Half the light of all channels, a little less of the red: grey hair in the pores.
    bearded = find_regions(painted(seen, at, half, (0.5, 0.52, 0.56)))
    plain = find_regions(seen)
    beard = inside(seen, at, (0.8 * half[0], 0.8 * half[1]))
    assert (plain.skin & beard).mean() > 0.5 * beard.mean()
    assert not (bearded.skin & beard).any()
    assert bearded.masks["cheek-right"].sum() > 0.9 * plain.masks["cheek-right"].sum()


@pytest.mark.parametrize("grey", [0.1, 0.3, 0.6])
def test_grey_of_any_lightness_is_no_skin(seen: FaceView, grey: float) -> None:
    patch = inside(seen, CHEEK, WIDE)
    rgb = seen.rgb.copy()
    rgb[patch] = round(255 * grey)  # a strand of hair, a collar, a plaster
    found = find_regions(replace(seen, rgb=rgb))
    assert not (found.skin & inside(seen, CHEEK, (0.12, 0.12))).any()


@pytest.mark.parametrize(
    "factor",
    [(0.75, 0.6, 0.45), (1.0, 0.7, 0.75), (0.6, 0.55, 0.5)],
    ids=["brown spot", "red patch", "shade"],
)
def test_spots_redness_and_shade_are_skin(seen: FaceView, factor: tuple[float, ...]) -> None:
    marked = find_regions(painted(seen, CHEEK, (0.08, 0.08), factor))
    there = inside(seen, CHEEK, (0.08, 0.08))
    assert (marked.skin & there).sum() > 0.95 * there.sum()
