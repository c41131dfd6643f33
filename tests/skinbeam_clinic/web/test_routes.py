"""Every route × everybody who may knock, from the table that the app itself obeys."""

from collections.abc import Mapping

import pytest
from app_samples import LEAST
from clinic_samples import HOME, OTHER, PASSWORD, Clinics
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from skinbeam_clinic.access import GET_ALONE_ROUTES, ROUTES, Role, RouteAccess, allowed_roles
from skinbeam_clinic.web.routing import ClinicRouter
from skinbeam_clinic.web.security import HEADERS

OF_RECORDS = sorted((method, path) for method, path in ROUTES if "{" in path)
FOR_PEOPLE = sorted(route for route, door in ROUTES.items() if door is not RouteAccess.MACHINE)
# What a route needs so that it is the record that decides the answer.
SENT: Mapping[str, dict[str, str]] = {
    "/people/{member}/role": {"role": "clinician", "own": PASSWORD},
    "/people/{member}/password": {"password": PASSWORD, "own": PASSWORD},
    "/people/{member}/identities": {"subject": "", "own": PASSWORD},
    "/people/{member}/in": {"allowed": "true", "own": PASSWORD},
    "/appointments/{appointment}/state": {"state": "kept", "revision": "0"},
    "/machines/{machine}": {"name": "Dye laser"},
    "/machines/{machine}/use": {"used": "true"},
    "/machines/{machine}/upkeep": {"kind": "service", "done_on": "2026-01-12"},
    "/texts/{text}/withdrawal": {"language": "en", "number": "1"},
    "/patients/{patient}/pseudonym": {"pseudonym": "S-17"},
    "/plans/{plan}/choice": {"option": "0.0"},
    "/plans/{plan}/consent/{option}/talk": {"days": "0"},
    "/test-spots/{spot}/reading": {"reaction": "redness"},
    "/consultations/{consultation}/answers": LEAST | {"revision": "1"},
    "/consultations/{consultation}/plan": LEAST | {"revision": "1"},
}


ASKED = {"/calendar.ics": "?token={fed}", "/fhir/{kind}": "?patient={patient}"}
# A letter is written of a session that has begun; the sample session waits for its checklist.
BEGUN_ONLY = ("/treatments/{treatment}/letter", "/treatments/{treatment}/letter/{language}")
OF_NO_PATIENT = ("/texts/{text}", "/device-files/{device_name}")  # who reads them is not written down
HEAD_PATHS = sorted({path for method, path in ROUTES if method == "GET"} - GET_ALONE_ROUTES)


def ask(client: TestClient, method: str, path: str, names: Mapping[str, str]) -> int:
    asked = {**names, "treatment": names["diary"]} if path in BEGUN_ONLY else names
    address = (path + ASKED.get(path, "")).format(**asked)
    answer = client.get(address) if method == "GET" else client.post(address, data=SENT.get(path, {"x": "y"}))
    assert answer.status_code != 500
    return -1 if answer.headers.get("location") == "/sign-in" and path != "/sign-out" else answer.status_code


def comer(clinics: Clinics, method: str, path: str, clinic: str = HOME) -> TestClient:
    """Who may do everything at a route: an owner, or a program with a token."""
    return clinics.reader(clinic) if ROUTES[method, path] is RouteAccess.TOKEN else clinics.browser(Role.OWNER, clinic)


def test_the_table_holds_every_route_and_no_other(clinics: Clinics) -> None:
    open_routes = {(method, one.path) for one in routes_of(clinics) for method in one.methods or ()}
    listed = set(ROUTES) | {("HEAD", path) for path in HEAD_PATHS}
    assert not open_routes - listed, "say in skinbeam_clinic/access.py who may open these routes"
    assert not listed - open_routes, "no route is there for these rows of skinbeam_clinic/access.py"


@pytest.mark.parametrize("path", HEAD_PATHS)
def test_head_is_answered_as_get_without_a_body(clinics: Clinics, names: dict[str, str], path: str) -> None:
    """Of the events of a job nothing is begun: whoever listens and leaves would cancel it."""
    client = comer(clinics, "GET", path) if ROUTES["GET", path] is not RouteAccess.MACHINE else clinics.browser()
    asked = {**names, "treatment": names["diary"]} if path in BEGUN_ONLY else names
    address = (path + ASKED.get(path, "")).format(**asked)
    head, body = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (body.status_code, b"")
    assert head.headers.get("content-type") == body.headers.get("content-type")


def test_head_is_for_nobody_who_is_not_signed_in(clinics: Clinics) -> None:
    assert clinics.browser().head("/people").headers["location"] == "/sign-in"


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


@pytest.mark.parametrize("path", HEAD_PATHS)
def test_every_answer_says_what_it_is_and_stays_in_no_cache(clinics: Clinics, names: dict[str, str], path: str) -> None:
    client = comer(clinics, "GET", path) if ROUTES["GET", path] is not RouteAccess.MACHINE else clinics.browser()
    asked = {**names, "treatment": names["diary"]} if path in BEGUN_ONLY else names
    answer = client.head((path + ASKED.get(path, "")).format(**asked))
    same = set(HEADERS) - {"Content-Security-Policy", "Permissions-Policy", "Referrer-Policy"}  # pages have their own
    assert {name: answer.headers[name] for name in same} == {name: HEADERS[name] for name in same}
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & set(answer.headers)
    if answer.status_code == 200:
        kind = answer.headers["content-type"]
        assert "charset=utf-8" in kind or not kind.startswith("text/"), kind


def test_a_route_that_is_not_in_the_table_cannot_be_opened(clinics: Clinics) -> None:
    with pytest.raises(KeyError):
        ClinicRouter(None, None).add("GET", "/everything", lambda visit: visit.page("x"))  # type: ignore[arg-type]


@pytest.mark.parametrize(("method", "path"), FOR_PEOPLE)
def test_a_role_is_let_in_where_the_table_says_and_nowhere_else(
    clinics: Clinics, names: dict[str, str], method: str, path: str
) -> None:
    statuses = {}
    for role in Role:
        statuses[role] = ask(clinics.browser(role), method, path, names)
        if path in ("/sign-out", "/follow-ups/{follow_up}/handing"):
            clinics.tokens.pop((HOME, role))
    door = ROUTES[method, path]
    let_in = {role for role, status in statuses.items() if status not in (-1, 401, 403)}
    assert let_in == set(allowed_roles(door)), statuses
    refused = {status for role, status in statuses.items() if role not in let_in}
    assert refused <= {401 if door is RouteAccess.TOKEN else 403}, statuses


@pytest.mark.parametrize(("method", "path"), FOR_PEOPLE)
def test_who_is_not_signed_in_is_sent_to_the_door(
    clinics: Clinics, names: dict[str, str], method: str, path: str
) -> None:
    status = ask(clinics.browser(), method, path, names)
    if ROUTES[method, path] in (RouteAccess.ANYBODY, RouteAccess.LINK):
        assert status in (200, 422)
    elif ROUTES[method, path] is RouteAccess.TOKEN:
        assert status == 401
    else:
        assert status == (-1 if method == "GET" else 401)


@pytest.mark.parametrize(("method", "path"), [route for route in OF_RECORDS if ROUTES[route] is not RouteAccess.LINK])
def test_the_owner_of_another_clinic_finds_nothing(
    clinics: Clinics, names: dict[str, str], method: str, path: str
) -> None:
    assert ask(comer(clinics, method, path, OTHER), method, path, names) == 404


def test_every_route_of_a_record_answers_who_may_see_it(clinics: Clinics, names: dict[str, str]) -> None:
    """So that a 404 for strangers is not a 404 for everybody."""
    for method, path in OF_RECORDS:
        if method == "GET":
            assert ask(comer(clinics, method, path), method, path, names) == 200, path


def test_what_another_clinic_has_is_in_no_list(clinics: Clinics, names: dict[str, str]) -> None:
    stranger = clinics.browser(Role.OWNER, OTHER)
    for page in ("/", "/people", "/trail", "/alarms"):
        page_text = stranger.get(page).text
        assert "S-17" not in page_text
        assert all(
            name not in page_text for key, name in names.items() if key not in ("option", "name", "language", "kind")
        )


@pytest.mark.parametrize(
    "path",
    sorted(
        path
        for method, path in OF_RECORDS
        if method == "GET" and not path.endswith("/events") and path not in OF_NO_PATIENT
    ),
)
def test_a_view_is_one_entry_of_the_trail(clinics: Clinics, names: dict[str, str], path: str) -> None:
    """Who opens a page sees several records: the one entry names each."""
    trail, client = clinics.repositories(Role.OWNER).audit_log, comer(clinics, "GET", path)
    before = trail.newest(1)[0].seq
    assert ask(client, "GET", path, names) == 200
    entry, *earlier = trail.newest(3)[1:]
    assert entry.seq == before + 1
    assert earlier[0].action == "trail.seen"
    assert entry.actor == {RouteAccess.TOKEN: "token reader", RouteAccess.LINK: "patient"}.get(
        ROUTES["GET", path], "owner"
    )
    named = entry.records_read or {entry.subject: ()}
    assert any(record.endswith(name) for record in named for name in names.values())


def test_who_saw_a_patient_is_found_by_the_patient_whatever_page_it_was(
    clinics: Clinics, names: dict[str, str]
) -> None:
    subject, trail = f"patient/{names['patient']}", clinics.repositories(Role.OWNER).audit_log
    for path in ("/patients/{patient}", "/consultations/{consultation}", "/plans/{plan}"):
        before = len(trail.newest(1000, subject=subject))
        assert ask(clinics.browser(Role.AUDITOR), "GET", path, names) == 200
        newest, *_ = found = trail.newest(1000, subject=subject)[1:]
        assert (len(found), newest.actor) == (before + 1, "auditor")
        assert "patient.seen" in newest.records_read[subject]


def test_what_was_seen_before_a_fault_is_written_down_too(clinics: Clinics, names: dict[str, str]) -> None:
    trail, client = clinics.repositories(Role.OWNER).audit_log, clinics.browser(Role.AUDITOR)
    before = trail.newest(1)[0].seq
    address = f"/plans/{names['plan']}/consent/9.9"
    assert client.get(address).status_code == 404
    entry = trail.newest(2)[1]
    assert (entry.seq, entry.actor) == (before + 1, "auditor")
    assert f"plan/{names['plan']}" in entry.records_read


def test_only_what_was_entered_is_said_to_need_correction(clinics: Clinics, names: dict[str, str]) -> None:
    assistant = clinics.browser(Role.ASSISTANT)
    answers = (
        clinics.browser().post("/patients", data={"pseudonym": "S-1"}),  # nobody is signed in
        assistant.get("/people"),
        assistant.get("/nowhere"),
        assistant.get("/patients/none"),
    )
    assert [one.status_code for one in answers] == [401, 403, 404, 404]
    for answer in answers:
        assert "needs correction" not in answer.text
    entered = assistant.post("/patients", data={"year_of_birth": "1800"})
    assert entered.status_code == 422
    assert "needs correction" in entered.text
