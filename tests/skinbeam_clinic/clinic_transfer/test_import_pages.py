"""The import on the page of an owner: a preview that writes nothing, every error by line, confirmation, and undo."""

import datetime
import gc
import re
import weakref

import pytest
from clinic_pages import looked_at, opened_page, served
from clinic_samples import HOME, OTHER, PASSWORD, Clinics
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam_clinic.access import Role
from skinbeam_clinic.clinic_transfer import routes
from skinbeam_clinic.clinic_transfer.models import ClinicSnapshot, ImportPlan, ImportSummary
from skinbeam_clinic.clinic_transfer.repository import ImportRepository, Planner
from skinbeam_clinic.clinic_transfer.routes import MOST_LINES, _WaitingImports
from skinbeam_clinic.database.columns import now

MAPPING = b"""[patients]
delimiter = ";"
dates = "DD.MM.YYYY"
columns = {pseudonym = "Code", born = "Geboren"}

[sessions]
words.treats = {Couperose = "redness"}
"""
PATIENTS = b"Code;Geboren\r\nPAGE-1;03.04.1980\r\nPAGE-2;29.02.1984\r\n"
SESSIONS = b"patient,date,treats,device,fluence_J_cm2\nPAGE-2,2021-04-05,Couperose,pulsed-dye-595,7\n"
APPOINTMENTS = (
    b"patient,date,time,minutes,member,purpose,state\n"
    b"PAGE-1,2020-03-02,09:30,30,clinician,consultation,kept\nPAGE-2,2999-03-02,10:00,30,clinician,session,\n"
)
FILES = {
    "patients": ("people.csv", PATIENTS),
    "appointments": ("diary.csv", APPOINTMENTS),
    "sessions": ("laser.csv", SESSIONS),
    "closed_days": ("closed.csv", b"first_day,last_day,yearly\n2026-12-24,2027-01-01,true\n"),
    "mapping": ("map.toml", MAPPING),
}


def pseudonyms(clinics: Clinics) -> set[str]:
    return {one.pseudonym for one in clinics.repositories(Role.OWNER).patients.list_all()}


def waiting_in(page: str) -> str:
    return re.search(r'name="waiting" value="(\w+)"', page)[1]  # type: ignore[index]


def previewed(client: TestClient, **files: tuple[str, bytes]) -> str:
    response = client.post("/imports/preview", files=FILES | files)
    assert response.status_code == 200
    return response.text


def test_an_owner_looks_confirms_and_takes_it_back(clinics: Clinics) -> None:
    owner, before = clinics.browser(Role.OWNER), pseudonyms(clinics)
    page = previewed(owner)
    for shown in (
        "Nothing is stored yet",
        "Patients: 2",
        "Appointments: 2",
        "Past sessions: 1",
        "Closed days: 1",
        "2026-12-24 – 2027-01-01 · every year",
        "PAGE-1",
        "Code → pseudonym · Geboren → born",
    ):
        assert shown in page
    assert "2020-03-02 09:30 · consultation · came" in page
    assert "2999-03-02 10:00 · session<" in page
    assert pseudonyms(clinics) == before
    made = owner.post("/imports", data={"waiting": waiting_in(page)})
    assert (made.status_code, "Patients: 2; appointments: 2; past sessions: 1; closed days: 1." in made.text) == (
        200,
        True,
    )
    assert pseudonyms(clinics) == before | {"PAGE-1", "PAGE-2"}
    repositories = clinics.repositories(Role.OWNER)
    (patient,) = (one for one in repositories.patients.list_all() if one.pseudonym == "PAGE-2")
    (course,) = repositories.consultations.of(patient.id)
    (session,) = course.answers.tables["session"]
    assert (session["treats"], session["fluence_J_cm2"]) == ("redness", 7.0)
    undo = re.search(r'action="(/imports/\w+/undo)"', owner.get("/imports").text)[1]  # type: ignore[index]
    assert owner.post(undo).headers["location"] == "/imports"
    assert pseudonyms(clinics) == before
    assert owner.post(undo).status_code == 404
    assert undo not in owner.get("/imports").text


def test_every_error_is_shown_with_file_line_and_column_and_nothing_is_written(clinics: Clinics) -> None:
    owner, before = clinics.browser(Role.OWNER), pseudonyms(clinics)
    wrong = PATIENTS.replace(b"29.02.1984", b"29.02.1983")
    response = owner.post("/imports/preview", files=FILES | {"patients": ("people.csv", wrong)})
    assert response.status_code == 422
    assert "people.csv, line 3, column Geboren" in response.text
    assert "laser.csv, line 2, column patient" in response.text  # of a patient who could not be read
    assert "waiting" not in re.findall(r'name="(\w+)"', response.text)
    assert pseudonyms(clinics) == before


def test_what_waits_is_for_the_one_who_sent_it_and_is_imported_once(clinics: Clinics) -> None:
    owner = clinics.browser(Role.OWNER)
    waiting = waiting_in(previewed(owner))
    stranger = clinics.browser(Role.OWNER, OTHER)
    assert stranger.post("/imports", data={"waiting": waiting}).status_code == 422
    assert owner.post("/imports", data={"waiting": waiting}).status_code == 200
    again = owner.post("/imports", data={"waiting": waiting})
    assert (again.status_code, "no longer here" in again.text) == (422, True)
    assert owner.post("/imports/preview", files=FILES).status_code == 422  # the same files, which were imported
    clinics.repositories(Role.OWNER).imports.undo(clinics.repositories(Role.OWNER).imports.list_done()[0].summary.id)


def test_a_second_click_while_the_first_is_at_work_imports_nothing(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, second = clinics.browser(Role.OWNER), clinics.browser(Role.OWNER)
    waiting = waiting_in(previewed(owner))
    write, answers = ImportRepository.write, []

    def write_after_a_second_click(imports: ImportRepository, plan: Planner) -> ImportSummary:
        answers.append(second.post("/imports", data={"waiting": waiting}))
        return write(imports, plan)

    monkeypatch.setattr(ImportRepository, "write", write_after_a_second_click)
    assert owner.post("/imports", data={"waiting": waiting}).status_code == 200
    assert [(one.status_code, "no longer here" in one.text) for one in answers] == [(422, True)]
    repositories = clinics.repositories(Role.OWNER)
    repositories.imports.undo(repositories.imports.list_done()[0].summary.id)


def test_what_failed_waits_again(clinics: Clinics) -> None:
    owner, repositories = clinics.browser(Role.OWNER), clinics.repositories(Role.OWNER)
    waiting = waiting_in(previewed(owner))
    added = repositories.patients.add("PAGE-1")
    assert owner.post("/imports", data={"waiting": waiting}).status_code == 422
    repositories.patients.set_pseudonym(added.id, "OTHER-3")
    assert owner.post("/imports", data={"waiting": waiting}).status_code == 200
    repositories.imports.undo(repositories.imports.list_done()[0].summary.id)


class Planned:
    """A plan that is nothing but its memory."""

    def __call__(self, clinic: ClinicSnapshot, at: datetime.datetime) -> ImportPlan:
        raise NotImplementedError


def test_names_and_dates_of_birth_leave_the_memory_when_an_import_has_expired(
    clinics: Clinics, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, member, other = _WaitingImports(), clinics.members[HOME, Role.OWNER], clinics.members[OTHER, Role.OWNER]
    plan = Planned()
    held = weakref.ref(plan)
    waiting.add(member, plan)
    del plan
    waiting.add(other, Planned())
    assert held() is not None
    monkeypatch.setattr(routes, "now", lambda: now() + datetime.timedelta(minutes=31))
    waiting.add(other, Planned())
    gc.collect()
    assert held() is None


def test_the_imports_of_one_member_push_out_none_of_another(clinics: Clinics) -> None:
    waiting, member, other = _WaitingImports(), clinics.members[HOME, Role.OWNER], clinics.members[OTHER, Role.OWNER]
    held = waiting.add(member, Planned())
    names = [waiting.add(other, Planned()) for _ in range(50)]
    with waiting.taking(member, held), waiting.taking(other, names[-1]):
        pass
    with pytest.raises(InputError) as found, waiting.taking(other, names[0]):
        pass
    assert found.value.code == "import-gone"


def test_what_changed_between_preview_and_confirmation_is_found(clinics: Clinics) -> None:
    owner = clinics.browser(Role.OWNER)
    waiting = waiting_in(previewed(owner))
    added = clinics.repositories(Role.OWNER).patients.add("PAGE-1")
    response = owner.post("/imports", data={"waiting": waiting})
    assert response.status_code == 422
    assert "people.csv, line 2" in response.text
    assert "PAGE-2" not in pseudonyms(clinics)
    clinics.repositories(Role.OWNER).patients.set_pseudonym(added.id, "OTHER-1")


def test_an_import_that_somebody_has_worked_on_stays_and_the_page_says_whose(clinics: Clinics) -> None:
    owner, repositories = clinics.browser(Role.OWNER), clinics.repositories(Role.OWNER)
    files = {"patients": ("one.csv", b"pseudonym\nPAGE-9\n"), "sessions": None, "mapping": None}
    preview = owner.post("/imports/preview", files={name: sent for name, sent in files.items() if sent})
    owner.post("/imports", data={"waiting": waiting_in(preview.text)})
    (patient,) = (one for one in repositories.patients.list_all() if one.pseudonym == "PAGE-9")
    repositories.consultations.begin(patient.id)
    undo = f"/imports/{repositories.imports.list_done()[0].summary.id}/undo"
    refused = owner.post(undo)
    assert (refused.status_code, "PAGE-9" in refused.text) == (422, True)
    assert "PAGE-9" in pseudonyms(clinics)


def test_nothing_and_too_much_are_reported(clinics: Clinics) -> None:
    owner = clinics.browser(Role.OWNER)
    nothing = owner.post("/imports/preview", files={"mapping": ("map.toml", MAPPING)})
    assert (nothing.status_code, "Name at least one file" in nothing.text) == (422, True)
    for end in (b"\n", b"\r\n", b"\r"):
        many = b"pseudonym" + end + b"".join(b"M-%d" % number + end for number in range(MOST_LINES))
        response = owner.post("/imports/preview", files={"patients": ("many.csv", many)})
        assert (response.status_code, "import-csv" in response.text) == (422, True)
        assert f"the files have {MOST_LINES + 1} lines" in response.text.casefold()
        fewer = many[: many.rindex(b"M-")] + end * 3  # lines that are empty are none
        assert owner.post("/imports/preview", files={"patients": ("fewer.csv", fewer)}).status_code == 200


@pytest.mark.check
def test_a_real_browser_imports_and_takes_back(browser: Browser, clinics: Clinics) -> None:
    with opened_page(browser) as page, served(clinics.app) as address:
        page.goto(address)
        page.get_by_label("Clinic").fill(HOME)
        page.get_by_role("textbox", name="Name").fill("owner")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("link", name="People").click()
        page.get_by_role("link", name="Import from another program").click()
        for name, (file, content) in FILES.items():
            sent = content.replace(b"29.02.1984", b"31.02.1984")
            page.locator(f"[name={name}]").set_input_files({"name": file, "mimeType": "text/csv", "buffer": sent})
        page.get_by_role("button", name="Show what would be made").click()
        expect(page.get_by_role("alert")).to_contain_text("people.csv, line 3, column Geboren")
        looked_at(page, "import-errors")
        for name, (file, content) in FILES.items():
            page.locator(f"[name={name}]").set_input_files({"name": file, "mimeType": "text/csv", "buffer": content})
        page.get_by_role("button", name="Show what would be made").click()
        expect(page.get_by_text("Nothing is stored yet")).to_be_visible()
        looked_at(page, "import-preview")
        page.get_by_role("button", name="Import all of it").click()
        expect(page.get_by_role("status")).to_contain_text("Patients: 2")
        looked_at(page, "import-made")
        page.get_by_role("button", name="Take it back").first.click()
        expect(page.get_by_role("status")).to_have_count(0)
