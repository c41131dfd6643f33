"""Points of a face that a case file gives are those that its plan is made with."""

from typing import Any

import pytest
from paths import ROOT

from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, case_from_tables
from skinbeam.photo.analysis import SkinAnalysis
from skinbeam.plan.case_check import check_consultation

HERE = ROOT / "examples" / "first-consultation"
CASE = {"patient": {"age_years": 40}, "concern": [{"condition": "redness", "site": "cheeks"}]}
POINTS = [[203.5, 101], [246.5, 103], [223.5, 146]]


def case(**photo: Any) -> LoadedCase:
    return case_from_tables(CASE | ({"photo": photo} if photo else {}), HERE, "case.toml")


def test_a_plan_is_made_with_the_points_of_its_case() -> None:
    looks = [check_consultation(case(**said), HERE / "face.jpg").photo_analysis for said in ({"points": POINTS}, {})]
    given, found = (look.skin for look in looks if look is not None)
    assert isinstance(given, SkinAnalysis)
    assert isinstance(found, SkinAnalysis)
    assert [given.face.right_pupil, given.face.left_pupil, given.face.mouth] == [tuple(one) for one in POINTS]
    assert (given.face.backend, found.face.backend != "points") == ("points", True)


def test_points_enter_the_hash_of_a_case_and_none_leave_it_as_it_was() -> None:
    plain = case(file="face.jpg").sha256()
    photo = check_consultation(case(), HERE / "face.jpg").photo_analysis
    assert photo is not None
    assert case().sha256(photo.photo_sha256) == plain  # as before a case could hold points
    marked = case(file="face.jpg", points=POINTS).sha256()
    moved = case(file="face.jpg", points=[[203.5, 102], *POINTS[1:]]).sha256()
    assert len({plain, marked, moved}) == 3
    assert case(points=POINTS).sha256(photo.photo_sha256) == marked  # however the photograph came


def test_points_without_a_photograph_are_refused() -> None:
    with pytest.raises(InputError) as refused:
        check_consultation(case(points=POINTS))
    assert (refused.value.code, refused.value.field) == ("missing-key", "photo.file")
