"""What a photograph adds to a plan: concerns that it suggests, and a warning of spots that a doctor must see."""

from dataclasses import replace
from typing import Any

import pytest
from portrait import portrait_analysis

from skinbeam.model.case import Case
from skinbeam.model.document import to_json_types
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.photo.analysis import PhotoAnalysis
from skinbeam.photo.findings.finding import SkinFinding, suggest_concerns
from skinbeam.plan.planner import _photo_suggestions, _suspicious_spot_notices
from skinbeam.plan.referral import case_with_dark_spots, refer_dark_spots
from skinbeam.suitability.explanation import explain_decision
from skinbeam.suitability.judgement import judge_case, judge_suitability
from skinbeam.text import Message, use_language

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
    return portrait_analysis()


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
    assert "severity" not in to_json_types(one)


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
    acne = replace(SPOTS, kind="inflamed", suggests="active-acne", severity="moderate", found_count=3)
    (one,) = suggest_concerns([acne])
    assert to_json_types(one)["severity"] == "moderate"


def test_acne_is_suggested_by_all_lesions_that_were_found() -> None:
    """Few lesions come back on every copy of the picture; a grade of acne counts those that were found at all."""
    acne = replace(SPOTS, kind="inflamed", suggests="active-acne", count=1)
    assert suggest_concerns([replace(acne, found_count=2)]) == ()
    assert len(suggest_concerns([replace(acne, found_count=12)])) == 1


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
    assert "To be seen by a doctor before any laser: 1." in notice.message.text
    assert "cheeks, the person's right" in notice.message.text


DARK = replace(
    SPOTS,
    kind="dark-spots",
    region="nose",
    site="nose",
    count=1,
    suggests=None,
    told=Message("finding.told_dark_spot", {"low": 5.0, "high": 9.0}),
    to_be_seen=1,
)


def test_a_very_dark_spot_refers_until_a_doctor_has_examined_it(look: PhotoAnalysis) -> None:
    tables: dict[str, Any] = {
        "patient": {"age_years": 40.0, "phototype": "II", "sex": "female"},
        "concern": [{"condition": "redness", "site": "cheeks"}],
    }
    case = Case.model_validate(tables)
    examined = Case.model_validate({**tables, "photo": {"spots_examined": True}})
    judged = judge_case(case)
    assert refer_dark_spots(judged, case, None) is judged
    assert refer_dark_spots(judged, case, seeing(look, SPOTS, replace(SPOTS, to_be_seen=1))) is judged
    referred = refer_dark_spots(judged, case, seeing(look, DARK))
    assert judged.decision in ("suitable", "with-caution")
    assert (referred.decision, referred.reasons[0].rule) == ("refer", "photo-dark-spots")
    assert "a very dark spot, 5 to 9 mm wide (nose)" in referred.reasons[0].message.text
    assert explain_decision(case, referred)[0].text.id == "leaflet_why.photo-dark-spots"
    allowed = refer_dark_spots(judged, examined, seeing(look, DARK))
    assert allowed.decision == "with-caution"
    assert "photo-dark-spots-examined" in {reason.rule for reason in allowed.reasons}
    # Freezing fades a spot, so it waits as well; examined or without a dark spot, the case stays as it is.
    assert case_with_dark_spots(examined, seeing(look, DARK)) is examined
    assert case_with_dark_spots(case, seeing(look, SPOTS)) is case
    for judged_case, waits in ((case, False), (case_with_dark_spots(case, seeing(look, DARK)), True)):
        freezing = judge_suitability(judged_case, concern=judged_case.concern[0], modality="cryotherapy")
        assert any(reason.rule == "pigmented-lesion-undiagnosed" for reason in freezing.reasons) is waits
    (notice,) = _suspicious_spot_notices(seeing(look, DARK))
    assert "A doctor must see this before any laser" in notice.message.text
