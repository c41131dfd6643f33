"""Pages ask the database no more often the more they show."""

from collections import Counter

import pytest
from clinic_samples import two_clinics
from diary_samples import treated
from document_samples import LETTER, PDF
from page_statements import list_selects, statements_of
from sqlalchemy import event
from treated_rows import add_treatment

from skinbeam_clinic.access import AccessRight, Role
from skinbeam_clinic.database.tables import PatientRow
from skinbeam_clinic.repositories import ClinicRepositories


def test_more_sessions_and_their_notes_take_no_more_statements(tmp_path_factory: pytest.TempPathFactory) -> None:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        repositories, client = made.repositories(), made.browser(Role.CLINICIAN)
        of = treated(repositories, days_ago=30)
        paths = (
            f"/patients/{of.patient}",
            f"/patients/{of.patient}/follow-ups",
            f"/consultations/{of.consultation}",
            f"/plans/{of.plan}",
            f"/treatments/{of.treatment}",
        )
        consent = repositories.treatments.get(of.treatment).consent_id
        add_treatment(repositories, consent, days_ago=25)  # where there is one alone, it is not asked for twice
        few = {path: statements_of(made, client, path) for path in paths}
        for days_ago in (20, 10):
            add_treatment(repositories, consent, days_ago=days_ago)
        assert {path: statements_of(made, client, path) for path in paths} == few


def test_the_page_of_a_plan_asks_the_database_nothing_twice(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It shows one moment, in which the answer is the same."""
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        of = treated(made.repositories(), days_ago=30)
        asked = Counter(list_selects(made, made.browser(Role.CLINICIAN), f"/plans/{of.plan}"))
        assert asked
        assert [one for one, count in asked.items() if count > 1] == []


def test_a_longer_audit_log_takes_no_more_statements(tmp_path_factory: pytest.TempPathFactory) -> None:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        client = made.browser(Role.OWNER)
        repositories = made.repositories(Role.CLINICIAN)
        repositories.patients.add()
        few = statements_of(made, client, "/trail")
        for _ in range(30):
            repositories.patients.add()
        assert statements_of(made, client, "/trail") == few


def test_rows_among_no_values_are_not_asked_for(repositories: ClinicRepositories) -> None:
    known = repositories.patients.add()
    asked: list[str] = []
    access = repositories._access
    event.listen(access.database.engine, "before_cursor_execute", lambda *of: asked.append(of[2]))
    with access.reading(AccessRight.READ) as work:
        before = len(asked)
        assert work.rows(PatientRow, PatientRow.id.in_([])) == []
        assert work.rows(PatientRow, PatientRow.erased_at.is_(None), PatientRow.id.in_({}.values())) == []
        assert work.list_names(PatientRow, PatientRow.pseudonym, PatientRow.id.in_(())) == []
        assert len(asked) == before
        assert [row.id for row in work.rows(PatientRow, PatientRow.id.in_([known.id]))] == [known.id]
        assert [row.id for row in work.rows(PatientRow, PatientRow.id.not_in([]))] == [known.id]
        assert len(asked) == before + 2


def test_more_notes_and_attachments_take_no_more_statements(tmp_path_factory: pytest.TempPathFactory) -> None:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        repositories, client = made.repositories(), made.browser(Role.CLINICIAN)
        patient = repositories.patients.add().id
        counts = []
        for _ in range(2):
            for number in range(3):
                repositories.notes.strike(repositories.notes.add(patient, f"Note {number}.").id, "a mistake")
                repositories.attachments.add(patient, PDF, **LETTER)
            counts.append(statements_of(made, client, f"/patients/{patient}"))
        assert counts[0] == counts[1]


def test_more_patients_take_no_more_statements_of_another_program(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It asks for all of them, a page at a time, with the links of those who have two records."""
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        repositories, client = made.repositories(), made.reader()
        counts = []
        for _ in range(2):
            ids = [repositories.patients.add().id for _ in range(6)]
            repositories.patient_links.link(*ids[:2], "One person.")
            client.get("/fhir/Patient?_count=1")
            counts.append(statements_of(made, client, "/fhir/Patient?_count=1"))
        assert counts[0] == counts[1]
