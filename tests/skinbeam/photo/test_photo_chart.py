"""The common chart of 24 patches is found at any turn and tilt, corrects the light, and is taken for nothing else."""

from typing import Any

import cv2
import numpy as np
import pytest
from paths import ROOT

from skinbeam.api.analyse_photo import report_analysis
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import analyse_photograph
from skinbeam.photo.colour import linear_to_lab, srgb_to_linear
from skinbeam.photo.colour_target import (
    COLUMNS,
    ROWS,
    ColourCalibration,
    ColourChart,
    calibrate_by_chart,
    find_chart,
    reference_light,
)
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph

PORTRAIT = read_photograph(ROOT / "examples" / "first-consultation" / "face.jpg").rgb
DAYLIGHT, WARM, COLD = (1.0, 1.0, 1.0), (1.3, 1.0, 0.55), (0.7, 1.0, 1.4)
CELL, GAP = 40, 6  # of the drawn chart, in its own pixels


def drawn(order: np.ndarray | None = None) -> np.ndarray:
    """A chart as linear light: its patches, in another order if asked, on a dark frame."""
    pitch, edge = CELL + GAP, GAP + 5
    chart = np.full((ROWS * pitch + edge + 5, COLUMNS * pitch + edge + 5, 3), 0.03, np.float32)
    light = np.clip(reference_light(), 0, 1)[np.arange(24) if order is None else order]
    for k in range(24):
        row, column = divmod(k, COLUMNS)
        y, x = edge + row * pitch, edge + column * pitch
        chart[y : y + CELL, x : x + CELL] = light[k]
    return chart


def bytes_of(light: np.ndarray) -> np.ndarray:
    light = np.clip(light, 0, 1)
    return np.round(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)).astype(
        np.uint8
    )


def held(
    scene: np.ndarray,
    chart: np.ndarray,
    *,
    share: float = 0.2,
    at: tuple[float, float] = (0.75, 0.75),
    roll_deg: float = 0.0,
    tilt_deg: tuple[float, float] = (0.0, 0.0),
    light: tuple[float, float, float] = DAYLIGHT,
    exposure: float = 0.8,
    noise: float = 2.0,
) -> tuple[np.ndarray, np.ndarray]:
    """A picture of a scene with a chart that takes a share of its width, under a light; and its corners."""
    height, width = scene.shape[:2]
    tall, wide = chart.shape[:2]
    x, y, z = np.radians((*tilt_deg, roll_deg))
    turns = [cv2.Rodrigues(np.array(axis))[0] for axis in ((0, 0, z), (x, 0, 0), (0, y, 0))]
    flat = np.array([(0, 0), (wide, 0), (wide, tall), (0, tall)], np.float32)
    held_out = (
        np.c_[(flat - (wide / 2, tall / 2)) * share * width / wide, np.zeros(4)] @ (turns[0] @ turns[1] @ turns[2]).T
    )
    seen = held_out[:, :2] * (1.2 * width / (1.2 * width + held_out[:, 2:])) + np.array(at) * (width, height)
    plane = cv2.getPerspectiveTransform(flat, seen.astype(np.float32))
    there = cv2.warpPerspective(np.ones((tall, wide), np.float32), plane, (width, height))[..., None]
    whole = srgb_to_linear(scene) * (1 - there) + cv2.warpPerspective(chart, plane, (width, height)) * there
    blurred = cv2.GaussianBlur(bytes_of(whole * light * exposure), (0, 0), 0.7)
    grain = np.random.default_rng(5).normal(0, noise, blurred.shape)
    _, coded = cv2.imencode(".jpg", np.clip(blurred + grain, 0, 255).astype(np.uint8)[..., ::-1])
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]), seen


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    return cv2.resize(PORTRAIT, (1000, 1000), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    "how",
    [
        {"share": 0.15},
        {"share": 0.15, "tilt_deg": (30.0, 0.0), "light": WARM},
        {"share": 0.15, "tilt_deg": (0.0, -30.0), "light": COLD, "roll_deg": 20.0},
        {"share": 0.3, "tilt_deg": (20.0, 20.0), "roll_deg": 90.0},
        {"share": 0.25, "roll_deg": 180.0, "light": WARM, "exposure": 0.4},
        {"share": 0.4, "roll_deg": -45.0, "at": (0.5, 0.6), "light": COLD},
    ],
)
def test_a_chart_is_found_where_it_is_held(how: dict[str, Any], scene: np.ndarray) -> None:
    picture, corners = held(scene, drawn(), **how)
    chart = find_chart(picture)
    assert chart is not None
    # The outline is that of the patches with a tenth of a cell around them; the frame is 11 of 287 px wider.
    apart = np.linalg.norm(chart.outline[:, None] - corners, axis=2).min(axis=1)
    assert apart.max() < 0.08 * np.linalg.norm(corners[0] - corners[1])
    # Its patches in their order: a factor for each channel brings them to what they are.
    light = chart.light / (np.array(how.get("light", DAYLIGHT)) * how.get("exposure", 0.8))
    kept = ~chart.clipped
    off = np.linalg.norm(linear_to_lab(light) - linear_to_lab(np.clip(reference_light(), 0, 1)), axis=1)
    assert np.median(off[kept]) < 6  # blur and coding of patches of some 20 px


def test_a_mirrored_chart_of_a_selfie_is_found(scene: np.ndarray) -> None:
    picture, _ = held(scene, drawn(), light=WARM)
    straight, mirrored = find_chart(picture), find_chart(np.ascontiguousarray(picture[:, ::-1]))
    assert straight is not None
    assert mirrored is not None
    np.testing.assert_allclose(straight.light, mirrored.light, atol=0.03)


def checked(seed: int, cell: int, colours: int) -> np.ndarray:
    """A shirt or a wall of tiles: squares in a few colours on a dark ground."""
    rng = np.random.default_rng(seed)
    shades = rng.integers(30, 255, (colours, 3))
    at = rng.integers(0, colours, (600 // cell, 600 // cell))
    picture = np.full((600, 600, 3), 25, np.uint8)
    for row, column in np.ndindex(at.shape):
        picture[row * cell + 2 : (row + 1) * cell - 2, column * cell + 2 : (column + 1) * cell - 2] = shades[
            at[row, column]
        ]
    return picture


def shelf(seed: int) -> np.ndarray:
    """Backs of books."""
    rng = np.random.default_rng(seed)
    picture = np.full((600, 800, 3), 25, np.uint8)
    for top in range(0, 600, 100):
        x = 3
        while x < 780:
            wide = int(rng.integers(12, 80))
            picture[top + 8 : top + 92, x : x + wide] = rng.integers(30, 230, 3)
            x += wide + 4
    return picture


def test_what_is_no_chart_is_not_taken_for_one(scene: np.ndarray) -> None:
    for picture in (PORTRAIT, scene, checked(1, 100, 12), checked(2, 50, 3), checked(3, 25, 9), shelf(4), shelf(5)):
        assert find_chart(picture) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_chart_of_other_colours_is_not_taken_for_it(seed: int, scene: np.ndarray) -> None:
    """The same grid with its patches in another order: geometry alone does not make the chart."""
    order = np.random.default_rng(seed).permutation(24)
    assert find_chart(held(scene, drawn(order), share=0.3)[0]) is None


def seen_through(light: np.ndarray, camera: np.ndarray, clip: bool = True) -> ColourChart:
    seen = light @ camera
    return ColourChart(np.clip(seen, 0, 1), (seen >= 1).any(axis=1) & clip, np.zeros((4, 2)))


def test_a_camera_that_mixes_channels_is_corrected_and_the_rest_is_told() -> None:
    camera = np.array([[0.8, 0.1, 0.02], [0.15, 0.7, 0.2], [0.05, 0.1, 0.6]])
    card = calibrate_by_chart(seen_through(reference_light(), camera))
    assert isinstance(card, ColourCalibration)
    assert card.delta_E is not None
    assert card.delta_E < 0.5  # a matrix undoes a matrix; blue and cyan lie outside sRGB, where bytes end
    skin = np.array([[0.45, 0.28, 0.2], [0.1, 0.06, 0.04]])
    np.testing.assert_allclose(linear_to_lab(card(skin @ camera)), linear_to_lab(skin), atol=1.0)
    # An exposure changes nothing of what is corrected but its level.
    brighter = calibrate_by_chart(seen_through(reference_light(), 0.5 * camera))
    assert isinstance(brighter, ColourCalibration)
    np.testing.assert_allclose(brighter(skin @ (0.5 * camera)), card(skin @ camera), rtol=0.02, atol=0.002)


def test_a_chart_that_cannot_serve_says_why() -> None:
    bright = calibrate_by_chart(seen_through(reference_light(), 12 * np.eye(3)))
    assert isinstance(bright, Unknown)
    assert "clipped" in bright.reason
    rng = np.random.default_rng(3)
    soiled = calibrate_by_chart(seen_through(reference_light() * rng.lognormal(0, 0.9, (24, 3)), np.eye(3), clip=False))
    assert isinstance(soiled, Unknown)
    assert "mixed" in soiled.reason


def test_a_chart_beside_the_face_brings_back_its_colour(scene: np.ndarray) -> None:
    """The same face under warm, dim light reads as in the light of the portrait, and the chart is no skin."""
    told = {}
    for name, light, exposure in (("plain", DAYLIGHT, 1.0), ("warm", WARM, 0.6)):
        picture, corners = held(scene, drawn(), share=0.25, at=(0.18, 0.5), light=light, exposure=exposure)
        look = analyse_photograph(DecodedPhotograph(picture, "0" * 64))
        document = report_analysis(look, None).to_dict()
        assert document["card"]["kind"] == "chart"
        assert document["card"]["delta_E"] < 6
        assert document["colour"]["calibrated"]
        assert "uncalibrated-photo" not in {warning["code"] for warning in document["warnings"]}
        told[name] = document["colour"]["ita_deg"]["median"]
        assert not isinstance(look.skin, Unknown)
        frame = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(frame, [np.round(corners).astype(np.int32)], 1)
        ys, xs = np.nonzero(look.skin.regions.skin)
        back = look.skin.view.to_picture(np.stack([xs, ys], axis=1).astype(float)).round().astype(int)
        assert not frame[back[:, 1], back[:, 0]].any()
    assert told["warm"] == pytest.approx(told["plain"], abs=6)  # without the chart they are 20 degrees apart


@pytest.mark.parametrize("side_px", [64, 90, 130])
def test_the_smallest_pictures_that_are_read_are_searched_too(side_px: int) -> None:
    assert find_chart(np.full((64, side_px, 3), 128, np.uint8)) is None
