"""Every route × everybody who may knock, from the table that the app itself obeys."""

import datetime
from collections.abc import Mapping

import pytest
from app_samples import LEAST
from clinic_samples import HOME, OTHER, PASSWORD, Clinics, planned
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from skinbeam.app.clinic.answers import kept_answers
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.routes import ROUTES, Door, admitted
from skinbeam.app.clinic.worker import PLAN
from skinbeam.app.forms import submission
from skinbeam.records.desk.consents import SignatureKind
from skinbeam.records.kept import Permissions
from skinbeam.records.people.accounts import Accounts
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.roles import Role

NOW = datetime.timedelta(0)
OF_RECORDS = sorted((method, path) for method, path in ROUTES if "{" in path)
# What a route needs so that it is the record that decides the answer.
SENT: Mapping[str, dict[str, str]] = {
    "/people/{member}/role": {"role": "clinician"},
    "/people/{member}/password": {"password": PASSWORD},
    "/people/{member}/in": {"allowed": "true"},
    "/plans/{plan}/choice": {"option": "0.0"},
    "/plans/{plan}/consent/{option}/talk": {"days": "0"},
    "/consultations/{consultation}/answers": LEAST | {"revision": "1"},
    "/consultations/{consultation}/plan": LEAST | {"revision": "1"},
}


@pytest.fixture(scope="module")
def names(clinics: Clinics, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Records of the first clinic, by what a route calls them."""
    desk, folder = clinics.desk(), tmp_path_factory.mktemp("plan")
    patient = desk.patients.add("S-17", year_of_birth=1974)
    consultation = desk.consultations.begin(patient.id, kept_answers(submission(LEAST.items())))
    photograph = desk.photographs.add(consultation.id, b"\xff\xd8\xff face", "image/jpeg", Permissions())
    made = planned(submission(LEAST.items()), folder, lambda _: None)
    kept = desk.plans.add(consultation.id, made, revision=consultation.revision)
    consent = desk.consents.explain(kept.id, option="0.0", cooling_off=NOW)
    signed = {"kind": SignatureKind.TYPED, "signature": b"S", "document": b"%PDF", "signed_at": consent.not_before}
    desk.consents.tell_back(consent.id, {}, ())
    desk.consents.sign(consent.id, answers={}, **signed)  # type: ignore[arg-type]
    owner = clinics.members[HOME, Role.OWNER]
    job = desk.jobs.add(PLAN, {"consultation": consultation.id, "revision": consultation.revision, "language": "en"})
    desk.jobs.cancel(job.id)  # who listens to one that waits would wait, too
    spare = Accounts(clinics.database, owner, Passwords()).add("spare", Role.AUDITOR, PASSWORD)
    return {
        "patient": patient.id,
        "consultation": consultation.id,
        "photograph": photograph.id,
        "plan": kept.id,
        "job": job.id,
        "option": "0.0",
        "name": "plan.json",
        "consent": consent.id,
        "member": spare.id,
    }


def ask(client: TestClient, method: str, path: str, names: Mapping[str, str]) -> int:
    address = path.format(**names)
    answer = client.get(address) if method == "GET" else client.post(address, data=SENT.get(path, {"x": "y"}))
    assert answer.status_code != 500
    return -1 if answer.headers.get("location") == "/sign-in" and path != "/sign-out" else answer.status_code


def test_the_table_holds_every_route_and_no_other(clinics: Clinics) -> None:
    open_routes = {(method, one.path) for one in routes_of(clinics) for method in one.methods or ()}
    assert open_routes == set(ROUTES)


def routes_of(clinics: Clinics) -> list[APIRoute]:
    """The routes however deep the framework has put them."""
    found: list[APIRoute] = []
    waiting = list(clinics.app.routes)
    while waiting:
        one = waiting.pop()
        if isinstance(one, APIRoute):
            found.append(one)
        else:
            waiting += list(getattr(getattr(one, "original_router", one), "routes", None) or ())
    return found


def test_a_route_that_is_not_in_the_table_cannot_be_opened(clinics: Clinics) -> None:
    with pytest.raises(KeyError):
        Gate(None, None).add("GET", "/everything", lambda visit: visit.page("x"))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_a_role_is_let_in_where_the_table_says_and_nowhere_else(
    clinics: Clinics, names: dict[str, str], method: str, path: str, role: Role
) -> None:
    status = ask(clinics.browser(role), method, path, names)
    if path == "/sign-out":
        clinics.tokens.pop((HOME, role))
    if role in admitted(ROUTES[method, path]):
        assert status not in (-1, 401, 403)
    else:
        assert status == 403


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES))
def test_who_is_not_signed_in_is_sent_to_the_door(
    clinics: Clinics, names: dict[str, str], method: str, path: str
) -> None:
    status = ask(clinics.browser(), method, path, names)
    if ROUTES[method, path] is Door.ANYBODY:
        assert status in (200, 422)
    else:
        assert status == (-1 if method == "GET" else 401)


@pytest.mark.parametrize(("method", "path"), OF_RECORDS)
def test_the_owner_of_another_clinic_finds_nothing(
    clinics: Clinics, names: dict[str, str], method: str, path: str
) -> None:
    assert ask(clinics.browser(Role.OWNER, OTHER), method, path, names) == 404


def test_every_route_of_a_record_answers_who_may_see_it(clinics: Clinics, names: dict[str, str]) -> None:
    """So that a 404 for strangers is not a 404 for everybody."""
    for method, path in OF_RECORDS:
        if method == "GET":
            assert ask(clinics.browser(Role.OWNER), method, path, names) == 200, path


def test_what_another_clinic_has_is_in_no_list(clinics: Clinics, names: dict[str, str]) -> None:
    stranger = clinics.browser(Role.OWNER, OTHER)
    for page in ("/", "/people", "/trail"):
        told = stranger.get(page).text
        assert "S-17" not in told
        assert all(name not in told for key, name in names.items() if key not in ("option", "name"))
