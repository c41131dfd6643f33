"""Pages ask the database no more often the more they show."""

import pytest
from clinic_samples import two_clinics
from diary_samples import treated
from page_statements import statements_of
from treated_rows import add_treatment

from skinbeam_clinic.access import Role


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
        few = {path: statements_of(made, client, path) for path in paths}
        consent = repositories.treatments.get(of.treatment).consent_id
        for days_ago in (20, 10):
            add_treatment(repositories, consent, days_ago=days_ago)
        assert {path: statements_of(made, client, path) for path in paths} == few


def test_a_longer_audit_log_takes_no_more_statements(tmp_path_factory: pytest.TempPathFactory) -> None:
    with two_clinics(tmp_path_factory.mktemp("clinics")) as made:
        client = made.browser(Role.OWNER)
        repositories = made.repositories(Role.CLINICIAN)
        repositories.patients.add()
        few = statements_of(made, client, "/trail")
        for _ in range(30):
            repositories.patients.add()
        assert statements_of(made, client, "/trail") == few
