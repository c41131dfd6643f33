"""One upright face or a clear refusal, and regions that sit on it."""

import math
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from paths import TESTS

from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.face.face import Face
from skinbeam.photo.face.finder import FaceRefusal, find_faces_by_cascades, find_single_face
from skinbeam.photo.face.mesh import MESH_REGIONS, asymmetry
from skinbeam.photo.face.region_sites import REGION_SITES
from skinbeam.photo.face.regions import FaceView, SkinRegions, face_view, find_regions
from skinbeam.photo.quality import sharpness

PORTRAIT = read_photograph(TESTS.parent / "examples" / "first-consultation" / "face.jpg").rgb

# What is seen of a face with a fringe and a collar, whatever its size.
CORE = {"glabella", "periorbital-right", "periorbital-left", "nose", "cheek-right", "cheek-left", "perioral", "chin"}

# Points of the portrait marked by hand on an enlarged print, good to a pixel.
RIGHT_PUPIL, LEFT_PUPIL, MOUTH = (203.6, 101.0), (246.6, 103.0), (223.6, 146.0)


def shown(rgb: np.ndarray) -> tuple[Face, FaceView, SkinRegions]:
    face = find_single_face(rgb, find_faces_by_cascades)
    assert isinstance(face, Face)
    seen = face_view(rgb, face)
    return face, seen, find_regions(seen)


@cache
def portrait() -> tuple[Face, FaceView, SkinRegions]:
    """What is found on the portrait; its search takes a second, and most tests compare another picture with it."""
    return shown(PORTRAIT)


def resized(factor: float) -> np.ndarray:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(PORTRAIT, None, fx=factor, fy=factor, interpolation=how)


def whole(mask: np.ndarray, seen: FaceView) -> np.ndarray:
    """A mask of a view at scale 1 in the frame of the portrait."""
    frame = np.zeros(PORTRAIT.shape[:2], bool)
    frame[seen.origin[1] :, seen.origin[0] :][: mask.shape[0], : mask.shape[1]] = mask
    return frame


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def test_the_pupils_and_the_mouth_are_where_a_person_puts_them() -> None:
    face, _, _ = portrait()
    assert math.dist(face.right_pupil, RIGHT_PUPIL) < 2  # a pixel by hand, one by the iris under its lid
    assert math.dist(face.left_pupil, LEFT_PUPIL) < 2
    assert math.dist(face.mouth, MOUTH) < 4  # a smiling mouth is 12 px high
    assert abs(face.roll_deg) < 6


@pytest.mark.parametrize("side_px", [400, 700, 1500, 3000])
def test_the_pupils_stay_where_they_are_at_every_size(side_px: int) -> None:
    factor = side_px / PORTRAIT.shape[1]
    face = find_single_face(resized(factor), find_faces_by_cascades)
    assert isinstance(face, Face)
    # Two pixels of the portrait, as above: nothing finer is in an enlarged copy, and the smallest has 1.3 times fewer.
    assert math.dist(np.divide(face.right_pupil, factor), RIGHT_PUPIL) < 2
    assert math.dist(np.divide(face.left_pupil, factor), LEFT_PUPIL) < 2


def test_a_dark_outer_lid_does_not_draw_the_pupils_away() -> None:
    rgb = PORTRAIT.copy()
    for (x, y), outer in ((RIGHT_PUPIL, -1), (LEFT_PUPIL, 1)):
        near, far = sorted((round(x + 5 * outer), round(x + 14 * outer)))
        rgb[round(y - 6) : round(y), near:far] //= 3
    face = find_single_face(rgb, find_faces_by_cascades)
    assert isinstance(face, Face)
    assert math.dist(face.right_pupil, RIGHT_PUPIL) < 2
    assert math.dist(face.left_pupil, LEFT_PUPIL) < 2


def test_every_region_of_the_portrait_is_found_and_lies_where_it_should() -> None:
    face, seen, regions = portrait()
    assert set(regions.masks) | set(regions.absence_reasons) == set(REGION_SITES)
    assert set(regions.masks) >= CORE
    assert {"neck", "decolletage"} <= set(regions.absence_reasons)  # a suit and its collar
    centre = {
        name: seen.to_picture(np.argwhere(mask)[:, ::-1].mean(axis=0)[None])[0] for name, mask in regions.masks.items()
    }
    heights = ["glabella", "nose", "perioral", "chin"]
    assert sorted(heights, key=lambda name: centre[name][1]) == heights
    for name in ("cheek", "periorbital"):
        assert centre[f"{name}-right"][0] < centre["nose"][0] < centre[f"{name}-left"][0]
    total = sum(mask.astype(int) for mask in regions.masks.values())
    assert (total > 1).mean() < 0.001  # regions meet along their outlines only
    for pupil in (face.right_pupil, face.left_pupil):
        x, y = (round(value - start) for value, start in zip(pupil, seen.origin, strict=True))
        assert not regions.skin[y - 2 : y + 3, x - 4 : x + 5].any()


def test_what_is_behind_the_frame_of_glasses_is_no_region() -> None:
    _, seen, plain = portrait()
    rgb = seen.rgb.copy()
    for x, y in (seen.face.right_pupil, seen.face.left_pupil):
        cv2.rectangle(rgb, (round(x - 14), round(y - 7)), (round(x + 14), round(y + 8)), (10, 10, 10), 2)
    framed = find_regions(replace(seen, rgb=rgb))
    around = {"periorbital-right", "periorbital-left", "eyelid-right", "eyelid-left"}
    assert around & set(plain.masks)
    assert not around & set(framed.masks)
    assert around <= set(framed.absence_reasons)


def test_hair_and_collar_are_not_skin() -> None:
    _, seen, regions = portrait()
    x0, y0 = seen.origin
    hair = regions.skin[40 - y0 : 72 - y0, 170 - x0 : 290 - x0]  # above the fringe's lower edge
    collar = regions.skin[195 - y0 : 240 - y0, 195 - x0 : 255 - x0]
    assert not hair.any()
    assert not collar.any()


def test_a_mirrored_photograph_gives_mirrored_regions() -> None:
    _, seen, regions = portrait()
    _, other, mirrored = shown(np.ascontiguousarray(PORTRAIT[:, ::-1]))
    swap = {"right": "left", "left": "right"}
    for name in CORE:
        mask = regions.masks[name]
        stem, _, side = name.partition("-")
        twin = mirrored.masks[f"{stem}-{swap[side]}" if side else stem]
        # Pupils move by up to 0.7 of 44 px between the two, so a strip of a pixel along each outline may differ.
        assert overlap(whole(mask, seen), whole(twin, other)[:, ::-1]) > 0.7, name


@pytest.mark.parametrize("factor", [0.72, 1.5, 2.6])
def test_regions_grow_with_the_photograph(factor: float) -> None:
    _, seen, regions = portrait()
    _, larger, found = shown(resized(factor))
    for name in ("cheek-right", "cheek-left", "nose", "chin", "perioral"):
        area = found.masks[name].sum() / (factor * larger.scale) ** 2 * seen.scale**2
        # The outline is drawn in by at least a pixel: on a region 20 px wide that is a fifth of its area.
        assert area == pytest.approx(regions.masks[name].sum(), rel=0.3), name


def test_brightness_leaves_the_regions_where_they_are() -> None:
    _, seen, regions = portrait()
    _, other, dim = shown((PORTRAIT * 0.7).astype(np.uint8))
    for name in ("cheek-right", "cheek-left", "nose", "chin", "perioral"):
        assert overlap(whole(regions.masks[name], seen), whole(dim.masks[name], other)) > 0.75, name


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_is_refused(turns: int) -> None:
    found = find_single_face(np.ascontiguousarray(np.rot90(PORTRAIT, turns)), find_faces_by_cascades)
    assert isinstance(found, FaceRefusal)
    assert found.code == "picture-turned"


def test_a_tilt_of_the_head_is_followed_up_to_its_limit() -> None:
    turn = cv2.getRotationMatrix2D((225, 110), 12, 1)
    face = find_single_face(
        cv2.warpAffine(PORTRAIT, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE), find_faces_by_cascades
    )
    assert isinstance(face, Face)
    upright, _, _ = portrait()
    # Half a pixel on each of two pupils 44 px apart is a degree.
    assert face.roll_deg == pytest.approx(upright.roll_deg - 12, abs=2)

    def tilted(_: np.ndarray) -> list[Face]:
        return [replace(upright, left_pupil=(upright.right_pupil[0] + 40, upright.right_pupil[1] + 32))]

    refused = find_single_face(PORTRAIT, tilted)
    assert isinstance(refused, FaceRefusal)
    assert refused.code == "face-tilted"
    assert "39 degrees, more than 35" in refused.message.text  # atan(32/40) is 38.7


def test_no_face_and_two_faces_are_refused() -> None:
    noise = np.random.default_rng(2).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    for empty in (np.full((300, 300, 3), 170, np.uint8), noise):
        found = find_single_face(empty, find_faces_by_cascades)
        assert isinstance(found, FaceRefusal)
        assert (found.code, found.faces) == ("no-face", 0)
    two = find_single_face(np.concatenate([PORTRAIT, PORTRAIT], axis=1), find_faces_by_cascades)
    assert isinstance(two, FaceRefusal)
    assert (two.code, two.faces) == ("several-faces", 2)
    assert "2 faces" in two.message.text


def test_fewer_than_thirty_pixels_between_the_pupils_are_refused() -> None:
    found = find_single_face(resized(0.65), find_faces_by_cascades)  # 44 px x 0.65 = 28.6
    assert isinstance(found, FaceRefusal)
    assert found.code == "too-small"
    assert isinstance(find_single_face(resized(0.72), find_faces_by_cascades), Face)  # 31.7


def test_sharpness_falls_with_blur_and_not_with_light() -> None:
    face, _, _ = portrait()
    blurred = [sharpness(face_view(cv2.GaussianBlur(PORTRAIT, (0, 0), s), face)) for s in (0.5, 1, 2, 4)]
    assert blurred == sorted(blurred, reverse=True)
    assert blurred[0] > 10 * blurred[-1]
    sharp, dim = sharpness(face_view(PORTRAIT, face)), sharpness(face_view((PORTRAIT * 0.5).astype(np.uint8), face))
    assert dim == pytest.approx(sharp, rel=0.05)  # rounding to half as many levels


@pytest.fixture(scope="module")
def mesh_face() -> Face:
    """The portrait's face by the mesh, from its stored points: the backend's own package is not needed."""
    points = np.loadtxt(TESTS / "data" / "photo_mesh.csv", delimiter=",")
    right, left = (float(points[468, 0]), float(points[468, 1])), (float(points[473, 0]), float(points[473, 1]))
    mouth = tuple(float(value) for value in (points[13] + points[14]) / 2)
    return Face(right, left, (mouth[0], mouth[1]), (177.0, 66.0, 96.0, 96.0), "mesh", points)


def test_mesh_and_cascades_agree_on_the_portrait(mesh_face: Face) -> None:
    face, seen, regions = portrait()
    assert math.dist(face.right_pupil, mesh_face.right_pupil) < 2
    assert math.dist(face.left_pupil, mesh_face.left_pupil) < 2
    assert math.dist(face.mouth, mesh_face.mouth) < 3
    by_mesh = find_regions(replace(seen, face=mesh_face.transformed(seen.scale, *seen.origin)))
    for name in ("cheek-right", "cheek-left", "nose", "chin", "periorbital-right"):
        # The mesh draws other outlines: its nose ends higher, its cheek runs to the jaw, it tells no lid from its rim.
        assert overlap(by_mesh.masks[name], regions.masks[name]) > (0.3 if "orbital" in name else 0.45), name


def test_the_mesh_lists_name_regions() -> None:
    assert set(MESH_REGIONS) < set(REGION_SITES)
    assert all(0 <= index < 468 for points in MESH_REGIONS.values() for index in points)


def test_a_face_turned_away_loses_its_far_side(mesh_face: Face) -> None:
    assert mesh_face.points is not None
    assert abs(asymmetry(mesh_face.points)) < 0.3
    away = mesh_face.points.copy()
    away[1, 0] = away[234, 0] + 0.1 * (away[454, 0] - away[234, 0])  # the nose near the person's right edge
    assert asymmetry(away) == pytest.approx(2 * 0.1 - 1)
    seen = face_view(PORTRAIT, replace(mesh_face, points=away))
    found = find_regions(seen)
    assert set(found.turned_away) == {f"{name}-right" for name in ("cheek", "periorbital", "eyelid", "jaw")}
    assert "cheek-right" not in found.masks
    assert "cheek-left" in found.masks


def test_the_perioral_region_goes_round_the_mouth() -> None:
    face, seen, regions = portrait()
    rows = np.nonzero(regions.masks["perioral"].any(axis=1))[0] + seen.origin[1]
    assert rows.min() < face.mouth[1] - 0.25 * face.pupil_px
    assert rows.max() > face.mouth[1] + 0.25 * face.pupil_px
