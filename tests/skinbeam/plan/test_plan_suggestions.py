"""What a photograph adds to a plan: concerns that it suggests, and a warning of spots that a doctor must see."""

from dataclasses import replace
from typing import Any

import pytest
from paths import ROOT

from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.findings.finding import SkinFinding, suggest_concerns
from skinbeam.plan.planner import _photo_suggestions, _suspicious_spot_notices
from skinbeam.text import Message, use_language

FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
AREA = Estimate(30.0, 25.0, 35.0, 0.95, "assumed")
SPOTS = SkinFinding(
    kind="spots",
    region="cheek-right",
    site="cheeks",
    count=3,
    area_mm2=AREA,
    severity=Unknown("no scale"),
    confidence="low",
    suggests="age-spots",
    told=Message("finding.told_spots", {"count": 3, "low": 2.0, "high": 5.0}),
    to_be_seen=0,
)


@pytest.fixture(scope="module")
def look() -> PhotoAnalysis:
    return analyse_photograph(read_photograph(FACE))


def seeing(look: PhotoAnalysis, *findings: SkinFinding) -> PhotoAnalysis:
    assert not isinstance(look.skin, Unknown)
    return replace(look, skin=replace(look.skin, findings=findings))


def test_findings_of_one_condition_and_site_are_one_suggestion() -> None:
    left = replace(SPOTS, region="cheek-left", count=1)
    (one,) = suggest_concerns([SPOTS, left])
    assert (one.condition, one.site, one.severity) == ("age-spots", "cheeks", None)
    assert one.seen[0].text == "3 brown spots, 2 to 5 mm wide (cheeks, the person's right)"
    with use_language("de"):
        assert one.seen[0].text == "3 braune Flecken, 2 bis 5 mm breit (Wangen, rechts aus Sicht der Person)"
    assert "severity" not in one.as_record()


@pytest.mark.parametrize(
    ("change", "there"),
    [
        ({"count": 2}, False),
        ({"count": 2, "to_be_seen": 1}, True),
        ({"count": 0, "told": None, "region": "full-face"}, False),
        ({"kind": "vessels", "length_mm": AREA}, True),
        ({"kind": "vessels", "length_mm": Estimate(6.0, 5.0, 7.0, 0.95, "assumed")}, False),
        ({"kind": "redness", "count": Unknown("a region"), "area_mm2": AREA}, False),
        ({"kind": "pores"}, False),
    ],
    ids=str,
)
def test_only_what_is_enough_is_suggested(change: dict[str, Any], there: bool) -> None:
    assert bool(suggest_concerns([replace(SPOTS, **change)])) is there


def test_the_severity_of_a_scale_goes_with_it() -> None:
    (one,) = suggest_concerns([replace(SPOTS, kind="inflamed", suggests="active-acne", severity="moderate")])
    assert one.as_record()["severity"] == "moderate"


def test_a_plan_is_told_what_its_case_does_not_have(look: PhotoAnalysis) -> None:
    nobody: dict[str, Any] = {"patient": {"age_years": 40.0}}
    case = Case.model_validate({**nobody, "concern": [{"condition": "age-spots", "site": "chin"}]})
    same = Case.model_validate({**nobody, "concern": [{"condition": "age-spots", "site": "cheeks"}]})
    assert [one.condition for one in _photo_suggestions(case, seeing(look, SPOTS))] == ["age-spots"]
    assert _photo_suggestions(same, seeing(look, SPOTS)) == ()
    assert _photo_suggestions(case, None) == ()


def test_a_spot_that_must_be_seen_warns_and_does_not_block(look: PhotoAnalysis) -> None:
    assert list(_suspicious_spot_notices(seeing(look, SPOTS))) == []
    (notice,) = _suspicious_spot_notices(seeing(look, replace(SPOTS, to_be_seen=1)))
    assert notice.code == "spot-to-be-seen"
    assert "must be seen by a doctor before any laser" in notice.message
    assert "cheeks, the person's right" in notice.message
