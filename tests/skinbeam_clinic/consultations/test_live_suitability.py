"""Suitability while the form is filled in: the rules of a plan, as soon as answers allow, and never a fault."""

import pytest
from app_samples import FULL, LEAST
from consultations import document
from markupsafe import escape
from starlette.testclient import TestClient

from skinbeam.report.formatting import reference_text
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.consultations.suitability import SuitabilityView, judge_suitability

Fields = list[tuple[str, str]]


def judge_fields(fields: Fields) -> SuitabilityView | None:
    return judge_suitability(make_submission(fields, ""))


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [("patient.age_years", "34")],
        [("patient.age_years", "520"), ("patient.pregnant", "true")],
        [("concern.0.condition", "redness"), ("concern.0.site", "cheeks")],
        [("patient.age_years", "34"), ("concern.0.condition", "redness")],
    ],
)
def test_nothing_is_shown_before_the_answers_allow_it(fields: Fields) -> None:
    assert judge_fields(fields) is None


def test_what_decides_the_whole_case_is_shown_before_any_concern() -> None:
    found = judge_fields([("patient.age_years", "34"), ("patient.pregnant", "true")])
    assert found is not None
    assert found.decision == "not-suitable"
    assert found.reasons[0].rule == "pregnancy"


def test_the_rules_are_those_of_the_plan() -> None:
    made = document(
        '[patient]\nage_years = 40\nphototype = "III"\nhistory = ["herpes-labialis"]\n'
        '[[concern]]\ncondition = "age-spots"\nsite = "hands"\n'
    )
    found = judge_fields(
        [
            ("patient.age_years", "40"),
            ("patient.phototype", "III"),
            ("patient.history", "herpes-labialis"),
            ("concern.0.condition", "age-spots"),
            ("concern.0.site", "hands"),
            ("concern.3.condition", "melasma"),  # where is not said yet: it does not count
        ]
    )
    assert found is not None
    assert found.decision == made["suitability"]["decision"]
    spoke = [reason["text"] for reason in made["suitability"]["reasons"] if reason["decision"] != "suitable"]
    assert [reason.message.text for reason in found.reasons] == spoke


def test_the_app_answers_whatever_was_filled_in(client: TestClient) -> None:
    for fields in (LEAST, dict(FULL), {"patient.age_years": "many"}, {"patient.nonsense": "1"}):
        answer = client.post("/suitability", data=fields)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")
    told, found = client.post("/suitability", data=LEAST).text, judge_fields(list(LEAST.items()))
    assert found is not None
    sources = {reason.source for reason in found.reasons}
    assert sources
    for source in sources:
        assert told.count(escape(reference_text(source))) == 1
        assert f"({source}" not in told
    assert "colour-not-known" not in told
    assert client.post("/suitability", data={"patient.age_years": "many"}).text == ""
    assert client.post("/suitability", data=LEAST, headers={"sec-fetch-site": "cross-site"}).status_code == 403
