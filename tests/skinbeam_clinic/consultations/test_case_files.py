"""Case files in the app: what the command line refuses is refused, and the way there and back changes no plan."""

import html
from pathlib import Path

import pytest
from app_samples import FULL, LEAST, grouped
from clinic_samples import Clinics
from consultation_pages import JSON, begin_consultation
from paths import ROOT
from starlette.testclient import TestClient

from skinbeam.model.errors import InputError
from skinbeam.model.input_files import case_from_tables, load_case
from skinbeam_clinic.access import Role

BROKEN = sorted((ROOT / "tests" / "data" / "broken" / "case").glob("*.toml"))
EXAMPLES = sorted((ROOT / "examples").glob("con*/*.toml"))[::4]
SMALL = b'[patient]\nage_years = 42\n[[concern]]\ncondition = "redness"\nsite = "cheeks"\n'
DEVICE = b'[[test_spot]]\nsite = "cheeks"\nread_after_h = 72\nreaction = "none"\ndevice = "mine.toml"\n'
TWO_HARMS = b'[[session]]\nweek = 0\ntreats = "redness"\nadverse = ["blister", "scar"]\n'


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture
def patient(client: TestClient) -> str:
    return str(client.post("/patients").headers["location"])


def upload(client: TestClient, patient: str, content: bytes, name: str = "case.toml") -> tuple[int, str]:
    """Status of the answer, and the consultation that was begun or the page that says what is wrong."""
    answer = client.post(f"{patient}/case", files={"case": (name, content, "application/toml")})
    return answer.status_code, str(answer.headers.get("location")) or html.unescape(answer.text)


def stored_sha256(clinics: Clinics, consultation: str) -> str:
    stored = clinics.repositories().consultations.get(consultation.rpartition("/")[2])
    return case_from_tables(stored.answers.tables, Path(), "form").sha256()


def fault_of(file: Path) -> InputError | None:
    """What the command line says of a file; None where it has nothing to say before it plans."""
    try:
        load_case(file)
    except InputError as error:
        return error
    return None


def test_what_a_case_file_says_is_what_the_form_asks_for_a_plan_of(
    client: TestClient, clinics: Clinics, patient: str
) -> None:
    taken = 0
    for file in EXAMPLES:
        status, here = upload(client, patient, file.read_bytes())
        if status == 303:
            assert stored_sha256(clinics, here) == load_case(file).sha256(), file
            taken += 1
    assert taken > 10
    assert taken > 0.9 * len(EXAMPLES)


def test_the_way_to_a_case_file_and_back_changes_nothing(
    client: TestClient, clinics: Clinics, patient: str, tmp_path: Path
) -> None:
    here = begin_consultation(client)
    client.post(f"{here}/answers", data=grouped(FULL) | {"revision": "1"}, headers=JSON)
    got = client.get(f"{here}/case.toml")
    assert got.headers["content-type"] == "application/toml"
    assert got.headers["content-disposition"].startswith('attachment; filename="case-20')
    file = tmp_path / "case.toml"
    file.write_bytes(got.content)
    assert load_case(file).sha256() == stored_sha256(clinics, here)
    status, again = upload(client, patient, got.content)
    assert status == 303
    assert client.get(f"{again}/case.toml").content == got.content
    trail = clinics.repositories(Role.OWNER).audit_log.newest(50, subject=f"consultation/{here.rpartition('/')[2]}")
    seen = [what for one in trail for record in one.records_read.values() for what in record]
    assert "consultation.exported" in seen


def test_a_half_filled_form_leaves_as_it_is(client: TestClient) -> None:
    here = begin_consultation(client)
    answers = {"patient.age_years": "fifty", "patient.phototype": 'II" ]', "revision": "1"}
    client.post(f"{here}/answers", data=answers, headers=JSON)
    assert 'age_years = "fifty"\nphototype = "II\\" ]"' in client.get(f"{here}/case.toml").text


def test_what_the_command_line_refuses_is_refused_in_its_words(client: TestClient, patient: str) -> None:
    faults = [(file, error) for file in BROKEN if (error := fault_of(file))]
    for file, error in faults:
        page = client.post(f"{patient}/case", files={"case": (file.name, file.read_bytes())})
        words = " ".join(html.unescape(page.text).split())
        assert page.status_code == 422, file.name
        assert f"<code>{error.field}</code>: {' '.join(error.message.split())}" in words, file.name
    assert len(faults) > 60
    assert "Consultation of" not in client.get(patient).text


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"# " + b"x" * 1_000_000, "holds 1,000,002 bytes"),
        (b"a" + b".a" * 40 + b" = 1", "more than 32 parts"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "not valid TOML"),
        (b'title = "\xff"', "is not UTF-8"),
        (b"\xff\xd8\xff\xe0 a photograph", "is not UTF-8"),
        (SMALL + b'[photo]\nfile = "../../etc/passwd"\n', "which is not read from here"),
        (SMALL + b'[clinic]\ndevices = ["device.toml"]\n', 'unknown device "device.toml"'),
        (SMALL + DEVICE, 'unknown device "mine.toml"'),
        (SMALL + b"[bath]\ntemperature_C = 20\n", "bath"),
        (SMALL + b'[laser]\ndevice = "pulsed-dye-595"\n', "laser"),
        (SMALL + TWO_HARMS, "an entry that the form does not have"),
    ],
)
def test_what_cannot_be_taken_in_is_reported_and_begins_nothing(
    client: TestClient, patient: str, content: bytes, code: str
) -> None:
    page = client.post(f"{patient}/case", files={"case": ("../../case.toml", content)})
    assert page.status_code == 422
    assert code in html.unescape(page.text)
    assert "Consultation of" not in client.get(patient).text


def test_without_a_file_the_page_says_so(client: TestClient, patient: str) -> None:
    assert client.post(f"{patient}/case", data={"x": "y"}).status_code == 422


def test_a_form_sent_with_a_case_file_takes_none(client: TestClient) -> None:
    here = begin_consultation(client)
    files = {"case": ("case.toml", SMALL)}
    client.post(f"{here}/answers", data=LEAST | {"revision": "1"}, files=files, headers=JSON)
    assert "42" in client.get(here).text


def test_more_rows_than_the_form_offers_are_all_shown(client: TestClient, patient: str) -> None:
    medicines = b", ".join(b'{name = "medicine %d"}' % number for number in range(9))
    case = SMALL.replace(b"[[", b"medications = [" + medicines + b"]\n[[", 1)
    status, here = upload(client, patient, case)
    assert status == 303
    page = client.get(here).text
    assert all(f'value="medicine {number}"' in page for number in range(9))


def test_a_choice_that_the_form_does_not_offer_stays_chosen(client: TestClient, patient: str) -> None:
    case = SMALL.replace(b"[[", b'phototype = "I-III"\n[[', 1)
    status, here = upload(client, patient, case)
    assert status == 303
    assert '<option value="I-III" selected>' in client.get(here).text
