"""What a photograph suggested is kept as it was told, with what became of it, and goes with its consultation."""

import io
import json
import zipfile
from dataclasses import replace

import pytest

from skinbeam.text import Message
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.suggestions import SuggestedConcern, SuggestionContent, SuggestionDecision
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.errors import ClosedError, DeniedError, RecordNotFoundError
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.repositories import ClinicRepositories

SPOTS = SuggestionContent(
    condition="age-spots",
    site="cheeks",
    findings=("3 brown spots, 2 to 5 mm wide (cheeks)",),
    messages=(Message("finding.told_spots", {"count": 3, "low": 2.0, "high": 5.0}),),
)
ACNE = SuggestionContent(
    condition="active-acne", site="chin", findings=("9 red spots",), messages=(), severity="moderate"
)


def suggested(repositories: ClinicRepositories) -> tuple[SuggestedConcern, ...]:
    consultation = repositories.consultations.begin(repositories.patients.add().id)
    photograph = repositories.photographs.add(
        consultation.id, b"\xff\xd8\xff face", "image/jpeg", PhotographPermissions()
    )
    return repositories.suggestions.add(consultation.id, photograph.id, [SPOTS, ACNE])


def test_suggestions_come_back_as_they_were_made_and_decided(repositories: ClinicRepositories) -> None:
    spots, acne = suggested(repositories)
    assert (spots.condition, spots.site, spots.severity, spots.seen) == (
        "age-spots",
        "cheeks",
        "",
        SPOTS.findings,
    )
    assert (acne.severity, acne.decision) == ("moderate", None)
    decided = repositories.suggestions.decide(spots.id, SuggestionDecision.ACCEPTED)
    assert (decided.decision, decided.decided_by) == (SuggestionDecision.ACCEPTED, repositories.member.name)
    assert (
        repositories.suggestions.decide(spots.id, SuggestionDecision.DISMISSED).decision == SuggestionDecision.ACCEPTED
    )  # the first one stands
    assert [one.decision for one in repositories.suggestions.of(spots.consultation_id)] == [
        SuggestionDecision.ACCEPTED,
        None,
    ]


def test_a_photograph_that_is_read_again_keeps_what_it_suggested(repositories: ClinicRepositories) -> None:
    spots, acne = suggested(repositories)
    again = repositories.suggestions.add(spots.consultation_id, spots.photograph_id, [ACNE])
    assert again == (spots, acne)


def test_only_who_treats_decides_and_nobody_in_a_closed_consultation(
    repositories: ClinicRepositories, database: Database
) -> None:
    spots, _ = suggested(repositories)
    assistant = ClinicRepositories(database, replace(repositories.member, role=Role.ASSISTANT))
    assert assistant.suggestions.of(spots.consultation_id)
    with pytest.raises(DeniedError):
        assistant.suggestions.decide(spots.id, SuggestionDecision.ACCEPTED)
    with pytest.raises(RecordNotFoundError):
        repositories.suggestions.decide("0" * 32, SuggestionDecision.ACCEPTED)
    repositories.consultations.close(spots.consultation_id, revision=1)
    with pytest.raises(ClosedError):
        repositories.suggestions.decide(spots.id, SuggestionDecision.ACCEPTED)


def test_nothing_of_it_lies_open_and_the_trail_names_no_condition(
    repositories: ClinicRepositories, database: Database
) -> None:
    spots, _ = suggested(repositories)
    repositories.suggestions.decide(spots.id, SuggestionDecision.DISMISSED)
    steps = repositories.audit_log.newest(50, subject=f"suggested_concern/{spots.id}")
    assert {"suggestion.made", "suggestion.dismissed"} <= {one.action for one in steps}
    with database.reading() as session:
        stored = repr(session.connection().exec_driver_sql("SELECT * FROM suggested_concern").all())
        stored += repr(session.connection().exec_driver_sql("SELECT detail FROM trail").all())
    assert not {word for word in ("age-spots", "cheeks", "brown") if word in stored}
    assert all(checked.findings == () for checked in verify_database(database))


def test_a_copy_of_the_records_holds_them_and_an_erasure_takes_them(
    repositories: ClinicRepositories, database: Database
) -> None:
    spots, _ = suggested(repositories)
    patient = repositories.consultations.get(spots.consultation_id).patient_id
    with zipfile.ZipFile(io.BytesIO(repositories.patient_copies.make(patient))) as archive:
        record = json.loads(archive.read("record.json"))
    (consultation,) = record["consultations"]
    assert [one["condition"] for one in consultation["suggested_concerns"]] == ["age-spots", "active-acne"]
    owner = ClinicRepositories(database, replace(repositories.member, role=Role.OWNER))
    assert owner.erasure.erase(patient, retention_years=0) is None
    with database.reading() as session:
        assert not session.connection().exec_driver_sql("SELECT * FROM suggested_concern").all()
