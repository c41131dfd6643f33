"""The face network: small, large, tilted and covered faces, and no face where there is none."""

import hashlib
import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib import resources

import cv2
import numpy as np
import pytest
from drawn_hand import Hand
from paths import ROOT

from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.face import finder
from skinbeam.photo.face.face import Face, face_view
from skinbeam.photo.face.finder import FaceRefusal, find_faces, find_single_face
from skinbeam.photo.face.network import find_faces_by_network, is_turned
from skinbeam.photo.face.regions import find_regions
from skinbeam.photo.face.upright import upright_crop

PORTRAIT = read_photograph(ROOT / "examples" / "first-consultation" / "face.jpg").rgb
RIGHT_PUPIL, LEFT_PUPIL = (203.6, 101.0), (246.6, 103.0)  # marked by hand, as in test_photo_face
FACE_PX = 95.0  # width of the face: 2.2 times 43 px between the pupils


def turned(rgb: np.ndarray, roll_deg: float) -> tuple[np.ndarray, np.ndarray]:
    """The picture turned about the middle of the face, and the matrix of the turn."""
    turn = cv2.getRotationMatrix2D((225.0, 110.0), roll_deg, 1.0)
    return cv2.warpAffine(rgb, turn, (512, 512), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), turn


def only(rgb: np.ndarray) -> Face:
    (face,) = find_faces_by_network(rgb)
    return face


@cache
def of_portrait() -> Face:
    return only(PORTRAIT)


def test_the_weights_are_those_of_the_opencv_zoo_with_their_licence() -> None:
    folder = resources.files("skinbeam") / "data" / "face_network"
    weights = (folder / "face_detection_yunet_2023mar.onnx").read_bytes()
    # The number that the zoo itself names for this file.
    assert hashlib.sha256(weights).hexdigest() == "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
    licence = (folder / "LICENSE").read_text(encoding="utf-8")
    assert "MIT License" in licence
    assert "Shiqi Yu" in licence


@pytest.mark.parametrize(("width", "height"), [(3000, 70), (5000, 64), (64, 5000)])
def test_a_strip_holds_no_face(width: int, height: int) -> None:
    """In a copy of a few rows the network answers with boxes of no area, of which none is a face."""
    assert find_faces_by_network(np.full((height, width, 3), (200, 150, 130), np.uint8)) == []


@pytest.mark.parametrize(
    "roll_deg", [-30, -15, 5, 30, *(pytest.param(turn, marks=pytest.mark.long) for turn in (-20, -5, 15, 20))]
)
def test_the_pupils_turn_with_the_head(roll_deg: float) -> None:
    picture, turn = turned(PORTRAIT, roll_deg)
    found = find_single_face(picture, find_faces_by_network)
    assert isinstance(found, Face)
    for pupil, marked in ((found.right_pupil, RIGHT_PUPIL), (found.left_pupil, LEFT_PUPIL)):
        assert math.dist(pupil, turn @ (*marked, 1.0)) < 2  # a pixel by hand, one by the iris under its lid
    upright = of_portrait()
    # Half a pixel on each of two pupils 43 px apart is 1.3 degrees, in both pictures.
    assert found.roll_deg == pytest.approx(upright.roll_deg - roll_deg, abs=2)


@pytest.mark.parametrize("face_px", [60, 100, 400, 2000])
def test_small_and_large_faces_are_found(face_px: float) -> None:
    factor = face_px / FACE_PX
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    face = only(cv2.resize(PORTRAIT, None, fx=factor, fy=factor, interpolation=way))
    for pupil, marked in ((face.right_pupil, RIGHT_PUPIL), (face.left_pupil, LEFT_PUPIL)):
        # Two pixels of the portrait, or one and a half of a copy whose iris is 4 px wide.
        assert math.dist(np.divide(pupil, factor), marked) < max(2, 1.5 / factor)


def test_a_small_face_is_told_as_small_and_not_as_missing() -> None:
    factor = 60 / FACE_PX
    refused = find_single_face(cv2.resize(PORTRAIT, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA))
    assert isinstance(refused, FaceRefusal)
    assert (refused.code, refused.faces) == ("too-small", 1)


def test_a_small_face_in_a_large_picture_is_found() -> None:
    picture = np.full((1500, 2000, 3), 140, np.uint8)
    picture[700:1212, 900:1412] = PORTRAIT
    face = only(picture)
    assert math.dist(face.right_pupil, np.add(RIGHT_PUPIL, (900, 700))) < 2
    assert math.dist(face.left_pupil, np.add(LEFT_PUPIL, (900, 700))) < 2


def test_regions_turn_with_the_head() -> None:
    seen = face_view(PORTRAIT, of_portrait())
    plain = find_regions(seen).masks
    picture, turn = turned(PORTRAIT, 30)
    view = face_view(picture, only(picture))
    masks = find_regions(view).masks
    for name in ("cheek-right", "cheek-left", "nose", "chin"):
        frame = np.zeros(PORTRAIT.shape[:2], np.uint8)
        frame[view.origin[1] :, view.origin[0] :][: view.rgb.shape[0], : view.rgb.shape[1]] = masks[name]
        back = cv2.warpAffine(frame, cv2.invertAffineTransform(turn), (512, 512), flags=cv2.INTER_NEAREST) > 0
        own = np.zeros(PORTRAIT.shape[:2], bool)
        own[seen.origin[1] :, seen.origin[0] :][: seen.rgb.shape[0], : seen.rgb.shape[1]] = plain[name]
        # A strip of a pixel along each outline may differ, as in a mirrored picture; unturned outlines share 0.5.
        assert (back & own).sum() / (back | own).sum() > 0.7, name


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_picture_on_its_side_or_head_is_told(turns: int) -> None:
    assert is_turned(np.ascontiguousarray(np.rot90(PORTRAIT, turns)))


@pytest.mark.parametrize("roll_deg", [30, -30])
def test_a_tilted_head_is_no_turned_picture(roll_deg: float) -> None:
    assert not is_turned(turned(PORTRAIT, roll_deg)[0])


def test_two_faces_are_two_faces_however_they_are_tilted() -> None:
    two = np.concatenate([turned(PORTRAIT, 20)[0], turned(PORTRAIT, -20)[0]], axis=1)
    refused = find_single_face(two)
    assert isinstance(refused, FaceRefusal)
    assert (refused.code, refused.faces) == ("several-faces", 2)


FACELESS = ("blank", "noise", "skin", "stripes", "socket", "hand", "dark hand")


@cache
def pictures_without_a_face() -> dict[str, np.ndarray]:
    """Of the names above; drawing them takes half a second."""
    rng = np.random.default_rng(4)
    rows, columns = np.mgrid[:360, :360]
    soft = cv2.GaussianBlur(rng.normal(size=(360, 360, 1)), (0, 0), 30)[..., None] / 0.01
    socket = np.full((360, 360, 3), 235, np.uint8)
    for x in (140, 220):
        cv2.circle(socket, (x, 180), 18, (25, 25, 25), cv2.FILLED)
    return {
        "blank": np.full((360, 360, 3), 180, np.uint8),
        "noise": rng.integers(0, 256, (360, 360, 3), dtype=np.uint8),
        "skin": np.clip(np.array((200, 150, 125)) + 12 * soft, 0, 255).astype(np.uint8),
        "stripes": np.repeat((127 + 100 * np.sin(columns / 9 + rows / 30))[..., None], 3, axis=2).astype(np.uint8),
        "socket": socket,
        "hand": Hand(mm_per_px=0.5).rgb(),
        "dark hand": Hand(mm_per_px=0.5, tone="dark").rgb(),
    }


@pytest.mark.parametrize("name", FACELESS)
def test_no_face_is_found_where_none_is(name: str) -> None:
    assert find_faces(pictures_without_a_face()[name]) == []


def covered(outlines: list[list[tuple[float, float]]], colour: tuple[int, int, int]) -> np.ndarray:
    """The portrait with outlines filled, in pupil distances from between the eyes."""
    picture = PORTRAIT.copy()
    middle, across = np.add(RIGHT_PUPIL, LEFT_PUPIL) / 2, np.subtract(LEFT_PUPIL, RIGHT_PUPIL)
    down = np.array([-across[1], across[0]])
    for outline in outlines:
        points = [np.round(middle + x * across + y * down).astype(np.int32) for x, y in outline]
        cv2.fillPoly(picture, [np.array(points)], colour, cv2.LINE_AA)
    return picture


MASK = [(-1.05, 0.35), (0.0, 0.22), (1.05, 0.35), (0.95, 1.2), (0.45, 1.95), (-0.45, 1.95), (-0.95, 1.2)]
LENS = [(0.12, -0.2), (0.88, -0.2), (0.92, 0.1), (0.7, 0.3), (0.3, 0.3), (0.1, 0.1)]


def test_a_face_behind_a_mask_is_found_and_what_it_hides_is_told() -> None:
    picture = covered([MASK], (150, 190, 215))
    found = find_single_face(picture)
    assert isinstance(found, Face)
    assert math.dist(found.right_pupil, RIGHT_PUPIL) < 2
    assert math.dist(found.left_pupil, LEFT_PUPIL) < 2
    regions = find_regions(face_view(picture, found))
    assert {"perioral", "chin", "cheek-right", "cheek-left"} <= set(regions.absence_reasons)
    assert {"forehead", "glabella"} & set(regions.masks)  # what it leaves free is read


def test_eyes_behind_dark_lenses_are_about_where_they_are() -> None:
    face = only(covered([LENS, [(-x, y) for x, y in LENS]], (12, 12, 14)))
    # Nothing of the eyes shows: the pupils lie at least behind their lenses, half as high as 0.25 of the 43 px between.
    assert math.dist(face.right_pupil, RIGHT_PUPIL) < 0.25 * 43
    assert math.dist(face.left_pupil, LEFT_PUPIL) < 0.25 * 43


def test_the_cascades_search_where_the_network_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (face,) = find_faces(PORTRAIT)
    assert face.backend == "network"
    monkeypatch.setattr(finder, "find_faces_by_network", lambda rgb: [])
    (face,) = find_faces(PORTRAIT)
    assert face.backend == "cascades"


def test_each_thread_has_its_network() -> None:
    pictures = [PORTRAIT, np.ascontiguousarray(PORTRAIT[:400, :460])] * 2
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(find_faces_by_network, pictures))
    assert [len(faces) for faces in found] == [1] * 4
    assert found[0][0].right_pupil == found[2][0].right_pupil
    assert found[1][0].right_pupil == found[3][0].right_pupil


@pytest.mark.parametrize("apart_px", [11.0, 43.0, 150.0])
def test_a_point_goes_to_an_upright_copy_and_back(apart_px: float) -> None:
    picture = np.zeros((512, 512, 3), np.uint8)
    cv2.circle(picture, (300, 220), 12, (255, 255, 255), cv2.FILLED)
    crop = upright_crop(picture, (203.0, 150.0), (243.0, 165.0), apart_px=apart_px, side_px=900, eyes_at=0.4)
    rows, columns = np.nonzero(crop.rgb[..., 0] > 127)
    (x, y) = crop.to_picture([(columns.mean(), rows.mean())])[0]
    # Half a pixel of the picture, or of the copy where that is coarser.
    assert math.dist((x, y), (300, 220)) < 0.5 * max(1.0, math.hypot(40, 15) / apart_px)
    level = crop.to_crop @ np.array([(203.0, 150.0, 1.0), (243.0, 165.0, 1.0)]).T
    assert level[1, 0] == pytest.approx(level[1, 1])
    assert level[0, 1] - level[0, 0] == pytest.approx(apart_px)
