"""What a photograph suggests follows the decisions about its marks: struck ones count for nothing."""

import html
import re
from dataclasses import replace

import pytest
from clinic_samples import Clinics
from preview_samples import look, seen
from starlette.testclient import TestClient

from skinbeam.text import Message
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations import suggestion_routes
from skinbeam_clinic.consultations.forms import MARKS_PHOTOGRAPH, Submission
from skinbeam_clinic.consultations.photograph_marks import read_marks
from skinbeam_clinic.consultations.suggestion_marks import suggestion_support
from skinbeam_clinic.consultations.suggestions import SuggestedConcern, SuggestionContent
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions

SPOTS = SuggestionContent(
    condition="age-spots",
    site="cheeks",
    findings=("3 brown spots",),
    messages=(Message("finding.told_spots", {"count": 3, "low": 3.0, "high": 5.0}),),
    finding_regions=(("spots", "cheek-right"), ("spots", "cheek-left")),
)
ACNE = SuggestionContent(
    condition="active-acne",
    site="cheeks",
    findings=("7 red spots",),
    messages=(),
    severity="moderate",
    finding_regions=(("inflamed", "cheek-right"),),
)
LINES = SuggestionContent(
    condition="wrinkles", site="forehead", findings=(), messages=(), finding_regions=(("fine-lines", "forehead"),)
)
REDNESS = SuggestionContent(
    condition="redness", site="nose", findings=(), messages=(), finding_regions=(("redness", "nose"),)
)
# Four spots of three regions, seven red spots, two lines of 6 and 7 mm, two red areas 15 and 8 mm wide.
MARKS = [
    *[("spots", region, 4.0) for region in ("cheek-right", "cheek-right", "cheek-left", "nose")],
    *[("inflamed", "cheek-right", 3.0)] * 7,
    *[("fine-lines", "forehead", size) for size in (6.0, 7.0)],
    *[("redness", "nose", size) for size in (15.0, 8.0)],
]


def form(photograph: str, **decisions: str) -> Submission:
    rows = [
        (f"mark.{number}.{key}", text)
        for number, (kind, region, size) in enumerate(MARKS)
        for key, text in zip(
            ("kind", "region", "x_mm", "y_mm", "size_mm"), (kind, region, f"{number}", "9", f"{size}"), strict=True
        )
    ]
    decided = [(f"mark.{name[1:]}.decision", word) for name, word in decisions.items()]
    return Submission((("patient.age_years", "52"), *rows, *decided, (MARKS_PHOTOGRAPH, photograph)), photograph)


@pytest.fixture
def consultation(clinics: Clinics) -> ConsultationRecord:
    """A consultation with the marks of its photograph and what it suggests."""
    repositories = clinics.repositories()
    begun = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(begun.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()).id
    repositories.suggestions.add(begun.id, photograph, [SPOTS, ACNE, LINES, REDNESS])
    return repositories.consultations.save(begun.id, form(photograph), revision=begun.revision)


@pytest.fixture
def suggested(clinics: Clinics, consultation: ConsultationRecord) -> dict[str, SuggestedConcern]:
    return {one.condition: one for one in clinics.repositories().suggestions.of(consultation.id)}


def decided(consultation: ConsultationRecord, **decisions: str) -> Submission:
    return form(consultation.answers.photo, **decisions)


def test_without_a_decision_about_its_marks_a_suggestion_is_as_the_photograph_gave_it(
    consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    assert all(suggestion_support(one, consultation.answers) is None for one in suggested.values())
    # A spot of the nose is none of the suggested cheeks.
    assert suggestion_support(suggested["age-spots"], decided(consultation, m3="struck")) is None
    # Marks of another photograph decide nothing about this one.
    other = form("another", m0="struck")
    assert suggestion_support(suggested["age-spots"], other) is None


@pytest.mark.parametrize(
    ("condition", "decisions", "counted", "enough"),
    [
        ("age-spots", {"m0": "struck"}, 2, False),  # from three spots on
        ("active-acne", {"m4": "struck"}, 6, True),
        ("active-acne", {f"m{number}": "struck" for number in range(4, 9)}, 2, False),
        ("wrinkles", {"m11": "struck"}, 1, False),  # 7 mm of the 10 that count
        ("redness", {"m14": "struck"}, 1, False),  # a disc 15 mm wide has 177 mm², of 200
        # Confirmed marks of a suggestion count alone, in all of its regions.
        ("age-spots", {"m0": "confirmed", "m1": "confirmed"}, 2, False),
    ],
)
def test_a_suggestion_counts_confirmed_or_unstruck_marks(
    condition: str,
    decisions: dict[str, str],
    counted: int,
    enough: bool,
    consultation: ConsultationRecord,
    suggested: dict[str, SuggestedConcern],
) -> None:
    support = suggestion_support(suggested[condition], decided(consultation, **decisions))
    assert support is not None
    assert (support.counted, support.is_enough) == (counted, enough)


def test_confirming_all_of_its_marks_leaves_a_suggestion_as_it_was(
    consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    confirmed = decided(consultation, m0="confirmed", m1="confirmed", m2="confirmed")
    assert suggestion_support(suggested["age-spots"], confirmed) is None


def test_confirming_a_mark_of_one_suggestion_leaves_the_others(
    consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    one_red_spot = decided(consultation, m4="confirmed")
    for condition in ("age-spots", "wrinkles", "redness"):
        assert suggestion_support(suggested[condition], one_red_spot) is None
    of_another = decided(consultation, m0="confirmed", m11="struck")
    support = suggestion_support(suggested["wrinkles"], of_another)
    assert support is not None
    assert support.counted == 1
    assert suggestion_support(suggested["active-acne"], of_another) is None


def test_acne_is_graded_by_the_red_spots_that_count(
    consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    support = suggestion_support(suggested["active-acne"], decided(consultation, m4="struck", m5="struck"))
    assert support is not None
    assert support.severity == "mild"  # up to five on the worse half of the face (Hayashi 2008); seven were moderate


def test_one_counted_mark_is_enough_beside_a_spot_that_a_doctor_must_see(
    consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    noticed = replace(suggested["age-spots"], to_be_seen=1)
    two, none = decided(consultation, m0="struck"), decided(consultation, m0="struck", m1="struck", m2="struck")
    for answers, enough in ((two, True), (none, False)):
        support = suggestion_support(noticed, answers)
        assert support is not None
        assert support.is_enough is enough


def test_a_photograph_suggests_together_with_the_regions_of_its_marks(
    clinics: Clinics, consultation: ConsultationRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    (spots,) = (finding for finding in seen().findings if finding.marks)
    skin = replace(seen(), findings=(replace(spots, count=3, to_be_seen=1),))
    monkeypatch.setattr(suggestion_routes, "_analyse", lambda *_given: replace(look(), skin=skin))
    repositories = clinics.repositories()
    begun = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(begun.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()).id
    here = f"/consultations/{begun.id}/suggestions"
    sent = {"revision": str(begun.revision), "photo.kept": photograph, "patient.age_years": "52"}
    assert clinics.browser(Role.CLINICIAN).post(here, data=sent).status_code == 303
    (one,) = repositories.suggestions.of(begun.id)
    assert (one.finding_regions, one.to_be_seen) == (((spots.kind, spots.region),), 1)


def page_text(client: TestClient, consultation: ConsultationRecord) -> str:
    page = client.get(f"/consultations/{consultation.id}").text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def sent(consultation: ConsultationRecord, answers: Submission) -> dict[str, str]:
    return {"revision": str(consultation.revision), "photo.kept": answers.photo} | dict(answers.entries)


def test_the_page_withdraws_a_suggestion_whose_marks_were_struck_and_offers_it_again(
    clinics: Clinics, consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    client, here = clinics.browser(Role.CLINICIAN), f"/consultations/{consultation.id}"
    take = f'formaction="{here}/suggestions/{suggested["age-spots"].id}/kept"'
    assert take in client.get(here).text
    struck = decided(consultation, m0="struck")
    assert client.post(f"{here}/answers", data=sent(consultation, struck)).status_code == 303
    assert take not in client.get(here).text
    assert "No longer suggested: 2 of its 3 marks kept" in page_text(client, consultation)
    after = clinics.repositories().consultations.get(consultation.id)
    assert client.post(f"{here}/answers", data=sent(after, decided(consultation))).status_code == 303
    assert take in client.get(here).text


def test_a_suggestion_is_not_taken_over_together_with_the_marks_that_were_struck(
    clinics: Clinics, consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    client, here = clinics.browser(Role.CLINICIAN), f"/consultations/{consultation.id}"
    struck = decided(consultation, m0="struck", m4="struck", m5="struck")
    for condition in ("age-spots", "active-acne"):
        stored = clinics.repositories().consultations.get(consultation.id)
        path = f"{here}/suggestions/{suggested[condition].id}/kept"
        entries = Submission((*struck.entries, *_concerns(stored)), struck.photo)
        answer = client.post(path, data=sent(stored, entries))
        if condition == "active-acne":
            assert answer.status_code == 303
        else:
            assert answer.status_code == 422
            assert "not taken over: 2 of its 3 marks are not enough" in answer.text
    concerns = clinics.repositories().consultations.get(consultation.id).answers.tables["concern"]
    assert concerns == [{"condition": "active-acne", "site": "cheeks", "severity": "mild"}]
    decisions = {one.condition: one.decision for one in clinics.repositories().suggestions.of(consultation.id)}
    assert decisions["age-spots"] is None


def _concerns(consultation: ConsultationRecord) -> list[tuple[str, str]]:
    return [entry for entry in consultation.answers.entries if entry[0].startswith("concern.")]


def test_the_notice_of_a_spot_that_a_doctor_must_see_stays_when_all_is_struck(clinics: Clinics) -> None:
    repositories = clinics.repositories()
    begun = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(begun.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()).id
    repositories.suggestions.add(begun.id, photograph, [replace(SPOTS, to_be_seen=1)])
    struck = form(photograph, m0="struck", m1="struck", m2="struck")
    begun = repositories.consultations.save(begun.id, struck, revision=begun.revision)
    page = page_text(clinics.browser(Role.CLINICIAN), begun)
    assert "No longer suggested: 0 of its 3 marks kept" in page
    assert "A doctor must still see each spot" in page


@pytest.mark.parametrize("size", ["1e200", "-40", "301"])
def test_a_size_that_no_mark_has_adds_nothing_and_the_consultation_opens(
    size: str, clinics: Clinics, consultation: ConsultationRecord, suggested: dict[str, SuggestedConcern]
) -> None:
    client, here = clinics.browser(Role.CLINICIAN), f"/consultations/{consultation.id}"
    added = {
        f"mark.{number}.{key}": text
        for number, (kind, region) in ((50, ("redness", "nose")), (51, ("fine-lines", "forehead")))
        for key, text in (("kind", kind), ("region", region), ("size_mm", size))
    }
    struck = decided(consultation, m11="struck", m14="struck")
    assert client.post(f"{here}/answers", data=sent(consultation, struck) | added).status_code == 303
    page = client.get(here)
    assert page.status_code == 200
    assert "at most 300 mm" in page.text
    answers = clinics.repositories().consultations.get(consultation.id).answers
    sizes = [mark.size_mm for mark in read_marks(answers) if mark.place is None]
    assert sizes == [None, None]
    # What is left is what is left without them: a disc 15 mm wide of 200 mm², and 7 of 10 mm.
    for condition in ("redness", "wrinkles"):
        support = suggestion_support(suggested[condition], answers)
        assert support is not None
        assert not support.is_enough
