"""A photograph above the limit: the page says size, limit and what to do, and nothing that was typed is lost."""

import re
from typing import Any

import pytest
from app_samples import LEAST
from clinic_samples import HOME, PASSWORD, Clinics
from limits import RateLimitItemPerDay
from starlette.testclient import TestClient

from skinbeam.photo.limits import limit
from skinbeam_clinic.access import Role
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.repository import AccountRepository
from skinbeam_clinic.web import routing


def begun(clinics: Clinics, pseudonym: str) -> str:
    client = clinics.browser(Role.CLINICIAN)
    patient = client.post("/patients", data={"pseudonym": pseudonym}).headers["location"]
    return str(client.post(f"{patient}/consultations").headers["location"])


def test_a_photograph_that_is_too_large_is_reported_with_its_size_and_what_to_do(clinics: Clinics) -> None:
    page, client = begun(clinics, "LARGE-1"), clinics.browser(Role.CLINICIAN)
    most = int(limit("read", "bytes_max"))
    sent = LEAST | {"revision": "1", "patient.age_years": "47"}
    answers = f"{page}/answers"
    response = client.post(answers, data=sent, files={"photo": ("a.jpg", b"\xff\xd8\xff" + bytes(most + 999_997))})
    assert response.status_code == 413
    assert "31 MB" in response.text
    assert f"at most {most // 1_000_000} MB" in response.text
    assert "lower resolution" in response.text
    assert 'src="/photographs/' not in client.get(page).text  # nothing of it was stored
    # What was filled in is on the page, and can be sent from there without the photograph.
    hidden_fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.text))
    assert hidden_fields["patient.age_years"] == "47"
    assert client.post(answers, data=hidden_fields).status_code == 303
    assert 'value="47"' in client.get(page).text


def test_a_photograph_at_the_limit_is_taken(clinics: Clinics) -> None:
    page, client = begun(clinics, "LARGE-2"), clinics.browser(Role.CLINICIAN)
    photo = ("a.jpg", b"\xff\xd8\xff" + bytes(int(limit("read", "bytes_max")) - 3))
    answer = client.post(f"{page}/answers", data=LEAST | {"revision": "1"}, files={"photo": photo})
    assert answer.status_code == 303


def test_the_next_consultation_begins_with_the_sessions_that_were_entered_before(clinics: Clinics) -> None:
    client = clinics.browser(Role.CLINICIAN)
    patient = client.post("/patients", data={"pseudonym": "EARLIER-1"}).headers["location"]
    first = client.post(f"{patient}/consultations").headers["location"]
    row = {"session.0.week": "0", "session.0.treats": "redness", "session.0.fluence_J_cm2": "7.25"}
    client.post(f"{first}/answers", data=LEAST | row | {"revision": "1", "patient.age_years": "47"})
    second = client.get(client.post(f"{patient}/consultations").headers["location"]).text
    assert 'value="7.25"' in second
    assert 'value="47"' not in second  # everything else is asked anew


@pytest.mark.parametrize(("limited", "most"), [("_FILES_A_DAY", 3), ("_UPLOADED_MB_A_DAY", 6)])
def test_one_member_fills_no_disk_and_loses_nothing_that_was_typed(
    limited: str, most: int, clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files of two megabytes the fourth is refused; what stands beside it can be saved, and others upload."""
    owner = AccountRepository(clinics.database, clinics.members[HOME, Role.OWNER], PasswordHasher())
    owner.add(limited, Role.CLINICIAN, PASSWORD)
    client = clinics.browser()
    client.cookies.clear()
    client.post("/sign-in", data={"house": HOME, "name": limited, "password": PASSWORD})
    page = begun(clinics, f"QUOTA{limited}")
    monkeypatch.setattr(routing, limited, RateLimitItemPerDay(most))

    def upload(by: TestClient, number: int, **sent: str) -> Any:
        photo = {"photo": ("a.jpg", b"\xff\xd8\xff" + bytes([number]) * 2_000_000)}
        revision = re.search(r'name="revision" value="(\d+)"', by.get(page).text)
        assert revision is not None
        return by.post(f"{page}/answers", data=LEAST | sent | {"revision": revision[1]}, files=photo)

    assert [upload(client, number).status_code for number in range(3)] == [303] * 3
    response = upload(client, 3, **{"patient.age_years": "47"})
    assert response.status_code == 413
    assert "As many files were uploaded by you within a day" in response.text
    hidden_fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', response.text))
    assert client.post(f"{page}/answers", data=hidden_fields).status_code == 303
    assert 'value="47"' in client.get(page).text
    assert upload(clinics.browser(Role.CLINICIAN), 3).status_code == 303


def test_what_one_member_may_upload_is_several_times_a_busy_day() -> None:
    """Sixty patients with ten photographs of the largest size each are a day that nobody has."""
    photographs = 60 * 10
    assert routing._FILES_A_DAY.amount >= 3 * photographs
    assert routing._UPLOADED_MB_A_DAY.amount * 1_000_000 >= photographs * limit("read", "bytes_max")
