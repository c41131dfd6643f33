"""The points of a face in the form: shown on its photograph, and counted for the photograph that they were set on."""

import re
from typing import Any

import pytest
from app_samples import EXAMPLE, LEAST, PAGE, Form, Planner
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.consultations.case_files import form_from_case
from skinbeam_clinic.consultations.face_points import read_points
from skinbeam_clinic.consultations.forms import Submission, make_submission

NAMES = [f"photo.points.{point}.{axis}" for point in range(3) for axis in range(2)]
MOVED = dict(zip(NAMES, ("203.5", "101", "246,5", "103", "223.5", "146"), strict=True))
PHOTO = {"photo": ("me.jpg", (EXAMPLE / "face.jpg").read_bytes(), "image/jpeg")}


def sent(more: dict[str, str], photo: str = "a") -> Submission:
    return make_submission((LEAST | more).items(), photo)


def test_points_count_for_the_photograph_that_they_were_set_on() -> None:
    on_a = MOVED | {"photo.points.of": "a"}
    assert sent(on_a).tables["photo"] == {"points": [[203.5, 101.0], [246.5, 103.0], [223.5, 146.0]]}
    assert read_points(sent(on_a)) == [203.5, 101.0, 246.5, 103.0, 223.5, 146.0]
    for other in (sent(on_a, "b"), sent(on_a, ""), sent(MOVED), sent({"photo.points.of": "a"})):
        assert "photo" not in other.tables
        assert read_points(other) is None


def test_spots_count_as_examined_on_the_photograph_that_was_looked_at() -> None:
    on_a = {"photo.spots_examined": "true", "photo.points.of": "a"}
    assert sent(on_a).tables["photo"] == {"spots_examined": True}
    assert sent(on_a | MOVED).tables["photo"].keys() == {"spots_examined", "points"}
    for other in (sent(on_a, "b"), sent(on_a, ""), sent({"photo.spots_examined": "true"})):
        assert "photo" not in other.tables


@pytest.mark.parametrize(
    "wrong",
    [{name: MOVED[name] for name in NAMES[:5]}, {name: MOVED[name] for name in NAMES[2:]}, {**MOVED, NAMES[3]: "left"}],
    ids=["five numbers", "two points", "a word"],
)
def test_points_that_are_not_six_numbers_are_refused(wrong: dict[str, str]) -> None:
    faulty = sent(wrong | {"photo.points.of": "a"})
    with pytest.raises(InputError) as refused:
        read_points(faulty)
    assert faulty.find_field(refused.value.field) == "photo.points"


def test_a_case_file_gives_a_form_without_points_that_belong_to_a_photograph_elsewhere() -> None:
    case = b"[patient]\nage_years = 40\n[photo]\npoints = [[1, 2], [3, 2], [2, 5]]\n"
    assert form_from_case(case, "case.toml").tables == {"patient": {"age_years": 40.0}}


def test_the_page_shows_the_points_that_are_found_and_the_plan_is_made_with_those_that_were_moved(
    client: TestClient, planner: Planner
) -> None:
    shown = client.post("/points", data=LEAST, files=PHOTO, headers=PAGE)
    form = Form(shown.text)
    stored_name = dict(form.filled)["photo.kept"]
    found = [float(str(form.controls[name]["placeholder"])) for name in NAMES]
    # Marked by hand, good to a pixel; the mouth of a smile is 12 px high.
    assert found == pytest.approx([203.6, 101, 246.6, 103, 223.6, 146], abs=4)
    assert shown.text.count("data:image/jpeg;base64,") == 1
    assert sorted(form.filled) == sorted([*LEAST.items(), ("photo.kept", stored_name)])  # what was found is no answer

    set_on = {"photo.kept": stored_name, "photo.points.of": stored_name}
    plain = client.post("/consult", data=LEAST | set_on)
    moved = client.post("/consult", data=LEAST | set_on | MOVED)
    assert plain.status_code == moved.status_code == 303
    cases: list[Any] = planner.cases
    assert [case.photo_analysis.skin.face.backend for case in cases] == ["network", "points"]
    assert cases[1].photo_analysis.skin.face.left_pupil == (246.5, 103.0)
    again = client.get(client.get(f"{moved.headers['location']}/answers").headers["location"])
    answers = dict(Form(again.text).filled)
    assert answers == LEAST | MOVED | {"photo.kept": answers["photo.kept"]}

    crossed = client.post("/consult", data=LEAST | set_on | MOVED | {NAMES[0]: "300"})
    assert crossed.status_code == 422
    assert crossed.json()["error"]["field"] == "photo.points"
    job = client.post("/consult", data=LEAST | set_on | MOVED | {NAMES[0]: "300"}, headers=PAGE).headers["location"]
    client.get(f"{job}/events")
    crossed = client.get(job)
    assert "Pupils and mouth: The points are not the right pupil" in Form(crossed.text).words


def test_without_a_face_the_points_stand_in_the_middle(client: TestClient) -> None:
    import cv2
    import numpy as np

    wall = cv2.imencode(".png", np.full((300, 400, 3), 170, np.uint8))[1].tobytes()
    shown = client.post("/points", data=LEAST, files={"photo": ("wall.png", wall, "image/png")}, headers=PAGE)
    form = Form(shown.text)
    found = [float(str(form.controls[name]["placeholder"])) for name in NAMES]
    right, left, mouth = (found[k : k + 2] for k in (0, 2, 4))
    assert (right[0] + left[0]) / 2 == mouth[0] == 200
    assert (right[1], left[1]) == (150, 150)
    assert left[0] > right[0]
    assert 150 < mouth[1] < 300
    assert "No face" in form.words
    assert "Move each to its place" in form.words


def test_a_file_that_is_no_photograph_is_the_fault(client: TestClient) -> None:
    refused = client.post("/points", data=LEAST, files={"photo": ("me.jpg", b"no picture", "image/jpeg")}, headers=PAGE)
    assert refused.status_code == 422
    assert "is not a picture" in Form(refused.text).words
    assert not re.search(r"data:image", refused.text)
