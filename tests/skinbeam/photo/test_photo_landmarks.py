"""What every finder of landmarks promises, the cascades and the mesh alike."""

import math
from collections.abc import Callable
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from paths import TESTS

from skinbeam.model.errors import InputError
from skinbeam.photo.analysis import SkinAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import DecodedPhotograph, read_photograph
from skinbeam.photo.face import mesh
from skinbeam.photo.face.finder import BACKENDS, FaceFinder

PORTRAIT = read_photograph(TESTS.parent / "examples" / "first-consultation" / "face.jpg").rgb

# Marked by hand on an enlarged print, good to a pixel, as in test_photo_face.
RIGHT_PUPIL, LEFT_PUPIL, MOUTH = (203.6, 101.0), (246.6, 103.0), (223.6, 146.0)


@pytest.fixture(params=sorted(BACKENDS))
def named(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, FaceFinder]:
    """Each backend by its name; the library of the mesh is replaced by what it answered on the portrait."""
    if request.param == "mesh":
        monkeypatch.setattr(mesh, "_models", lambda: (answering(detected), answering(meshed)))
    return request.param, BACKENDS[request.param]


def answering(answer: Callable[[], SimpleNamespace]) -> SimpleNamespace:
    nothing = SimpleNamespace(detections=None, multi_face_landmarks=None)
    return SimpleNamespace(process=lambda rgb: answer() if rgb.std() > 1 else nothing)


def detected() -> SimpleNamespace:
    box = SimpleNamespace(xmin=0.2, ymin=0.1, width=0.6, height=0.9)  # so wide that the whole picture is cut out
    return SimpleNamespace(detections=[SimpleNamespace(location_data=SimpleNamespace(relative_bounding_box=box))])


def meshed() -> SimpleNamespace:
    points = np.loadtxt(TESTS / "data" / "photo_mesh.csv", delimiter=",") / PORTRAIT.shape[1::-1]
    return SimpleNamespace(
        multi_face_landmarks=[SimpleNamespace(landmark=[SimpleNamespace(x=x, y=y) for x, y in points])]
    )


def test_one_face_with_its_points_where_a_person_puts_them(named: tuple[str, FaceFinder]) -> None:
    name, finder = named
    (face,) = finder(PORTRAIT)
    assert face.backend == name
    assert math.dist(face.right_pupil, RIGHT_PUPIL) < 2  # a pixel by hand, one by the iris under its lid
    assert math.dist(face.left_pupil, LEFT_PUPIL) < 2
    assert math.dist(face.mouth, MOUTH) < 4  # a smiling mouth is 12 px high
    x, y, width, height = face.box
    for point in (face.right_pupil, face.left_pupil, face.mouth):
        assert x < point[0] < x + width
        assert y < point[1] < y + height
    assert face.points is None or face.points.shape == (478, 2)


def test_a_copy_of_twice_the_size_has_its_points_twice_as_far(named: tuple[str, FaceFinder]) -> None:
    _, finder = named
    (face,) = finder(cv2.resize(PORTRAIT, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC))
    assert math.dist(np.divide(face.right_pupil, 2), RIGHT_PUPIL) < 2
    assert math.dist(np.divide(face.left_pupil, 2), LEFT_PUPIL) < 2
    assert math.dist(np.divide(face.mouth, 2), MOUTH) < 4


def test_a_plain_wall_has_no_face(named: tuple[str, FaceFinder]) -> None:
    assert named[1](np.full((300, 300, 3), 170, np.uint8)) == []


def test_points_that_a_person_set_stand() -> None:
    set_by_hand = (*RIGHT_PUPIL, *LEFT_PUPIL, *MOUTH)
    skin = analyse_photograph(DecodedPhotograph(PORTRAIT, "0"), points=set_by_hand).skin
    assert isinstance(skin, SkinAnalysis)
    assert (skin.face.right_pupil, skin.face.left_pupil, skin.face.mouth) == (RIGHT_PUPIL, LEFT_PUPIL, MOUTH)
    assert skin.face.backend == "points"
    assert {"cheek-right", "cheek-left", "nose"} <= set(skin.regions.masks)


@pytest.mark.parametrize(
    "points",
    [
        (*RIGHT_PUPIL, *LEFT_PUPIL),
        (*RIGHT_PUPIL, *LEFT_PUPIL, 223.0, 5000.0),
        (*LEFT_PUPIL, *RIGHT_PUPIL, *MOUTH),
        (*RIGHT_PUPIL, *LEFT_PUPIL, 223.0, 40.0),
        (*RIGHT_PUPIL, *LEFT_PUPIL, 223.0, math.nan),
    ],
    ids=["four numbers", "outside", "swapped", "mouth above", "no number"],
)
def test_points_of_no_upright_face_are_refused(points: tuple[float, ...]) -> None:
    with pytest.raises(InputError) as refused:
        analyse_photograph(DecodedPhotograph(PORTRAIT, "0"), points=points)
    assert refused.value.field == "points"
