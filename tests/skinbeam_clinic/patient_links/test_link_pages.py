"""Two records of one person in the app: they are compared, linked and parted, and plans are made from both."""

import datetime
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_samples import OTHER, Clinics, planned, two_clinics_on
from starlette.testclient import TestClient

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import make_submission
from skinbeam_clinic.patients.plan_history import HISTORY_FILE
from skinbeam_clinic.plans.plan_subprocess import make_plan_in_process
from skinbeam_clinic.pulse_settings import SpotSettings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring

SPOT = SpotSettings(device="pulsed-dye-595", site="cheeks", wavelength_nm=595.0, fluence_J_cm2=6.0, pulse_ms=6.0)
CASE = LEAST | {
    "patient.phototype": "II",
    "concern.0.condition": "facial-telangiectasia",
    "clinic.devices": "pulsed-dye-595",
}
BORN = f"{datetime.datetime.now(datetime.UTC).year - 42}-01-02"  # as old as the answers say
SCAR = {"test_spot.0.device": "pulsed-dye-595", "test_spot.0.reaction": "scar"}  # it does not say where, or when
CONFIRMED = {"reason": "Married; was Maier.", "confirmed": "true"}


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.check)])
def clinic(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clinics]:
    """The app on a database of either kind."""
    with two_clinics_on(request.param, tmp_path) as made:
        yield made


def add_patient(clinics: Clinics, name: str, born: str = BORN, **answers: str) -> tuple[str, str]:
    """A patient with a consultation: their ids."""
    repositories = clinics.repositories()
    patient = repositories.patients.add()
    repositories.patients.set_contact(patient.id, {"name": name, "born": born})
    sent = make_submission((LEAST | answers).items())
    return patient.id, repositories.consultations.begin(patient.id, sent).id


def blister(clinics: Clinics, consultation: str, folder: Path, reaction: str = "blister") -> str:
    """Fire a spot that leaves a blister, or another reaction, and return its id."""
    repositories = clinics.repositories()
    answers = repositories.consultations.get(consultation).answers
    plan = repositories.plans.add(consultation, planned(answers, folder, lambda _: None), revision=1)
    at = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=80)
    spot = repositories.test_spots.fire(consultation, SpotFiring(plan.id, SPOT, 72.0, ORAL_CONSENT), at)
    repositories.test_spots.add_reading(spot.id, reaction)
    return spot.id


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.partition("<main")[2])).split())


def test_a_blister_in_the_duplicate_changes_the_plan_of_the_record_that_is_kept(
    clinic: Clinics, tmp_path: Path
) -> None:
    client, repositories, seen = clinic.browser(Role.CLINICIAN), clinic.repositories(), []

    def look(sent, home, heed, _language="en"):  # type: ignore[no-untyped-def]
        seen.append(sent.tables)
        return planned(sent, home, heed)

    closed, burnt = add_patient(clinic, "Ann Maier")
    kept, consultation = add_patient(clinic, "Ann Huber")
    before = clinic.plan(client, f"/consultations/{consultation}", make=look)
    spot = blister(clinic, burnt, tmp_path)
    assert 'id="stops"' not in client.get(before).text
    assert "test_spot" not in seen[0]

    linked = client.post(f"/patients/{closed}/duplicate/{kept}", data=CONFIRMED)
    assert (linked.status_code, linked.headers["location"]) == (303, f"/patients/{kept}#person")

    # What was planned before knows nothing of the blister: it stops the plan, and nobody agrees to it any more.
    assert 'id="stops"' in client.get(before).text
    assert client.post(f"{before}/consent/0.0/talk", data={"days": "0"}).status_code == 422
    assert "blister" in client.get(f"/consultations/{consultation}").text.lower()
    # The next plan is made from it.
    after = clinic.plan(client, f"/consultations/{consultation}", make=look, **{"patient.sex": "female"})
    (row,) = seen[1]["test_spot"]
    assert (row["reaction"], row["fluence_J_cm2"]) == ("blister", 6.0)
    held = json.loads(repositories.plans.read_file(after.rpartition("/")[2], HISTORY_FILE))
    assert [one["record"] for one in held["records"]] == [f"test_spot/{spot}"]
    assert 'id="stops"' not in client.get(after).text
    # So is that of a consultation that begins later.
    another = client.post(f"/patients/{kept}/consultations").headers["location"]
    clinic.plan(client, another, make=look)
    assert seen[2]["test_spot"] == seen[1]["test_spot"]

    # Once the link was undone, no plan that was made from both is used.
    (link,) = repositories.patient_links.of(closed)
    undone = client.post(f"/patient-links/{link.id}/undoing", data={"reason": "Twins."})
    assert undone.headers["location"] == f"/patients/{closed}#person"
    stopped = client.get(after).text
    assert 'id="stops"' in stopped
    assert "records of another person" in stopped
    assert client.post(f"{after}/consent/0.0/talk", data={"days": "0"}).status_code == 422
    last = clinic.plan(client, f"/consultations/{consultation}", make=look, revision="2")
    assert "test_spot" not in seen[3]
    assert 'id="stops"' not in client.get(last).text


def test_an_incomplete_row_of_the_duplicate_is_told_where_a_plan_is_asked_for_and_read(clinic: Clinics) -> None:
    client = clinic.browser(Role.CLINICIAN)
    closed, _ = add_patient(clinic, "Ann Maier", **SCAR)
    kept, consultation = add_patient(clinic, "Ann Huber")
    plan = clinic.plan(client, f"/consultations/{consultation}")
    pages = (plan, f"/consultations/{consultation}")
    assert not any('id="incomplete"' in client.get(page).text for page in pages)
    client.post(f"/patients/{closed}/duplicate/{kept}", data=CONFIRMED)
    for page in pages:
        assert "Missing or wrong: Test spot 1, Where" in words(client.get(page).text), page
    whole = SCAR | {"test_spot.0.site": "cheeks", "test_spot.0.read_after_h": "72"}
    plan = clinic.plan(client, f"/consultations/{consultation}", **whole)
    assert not any('id="incomplete"' in client.get(page).text for page in (plan, pages[1]))


def test_no_pulse_of_any_kind_is_fired_under_a_plan_made_from_somebody_else(clinic: Clinics, tmp_path: Path) -> None:
    """Its test spots begin where another skin has borne a dose, so they stop with the rest of the plan."""
    client, repositories = clinic.browser(Role.CLINICIAN), clinic.repositories()
    closed, borne = add_patient(clinic, "Ann Maier")
    kept, consultation = add_patient(clinic, "Ann Huber")
    blister(clinic, borne, tmp_path, "none")
    link = repositories.patient_links.link(closed, kept, "Married.")
    plan = clinic.plan(client, f"/consultations/{consultation}").rpartition("/")[2]
    spots = f"/consultations/{consultation}/test-spots"
    sent = {"plan": plan, "rung": "0.0", "agreed": "true"}
    sent |= {"0.0.fluence_J_cm2": "4", "0.0.pulse_ms": "6", "0.0.spot_mm": "7"}
    assert 'value="0.0"' in client.get(spots).text
    repositories.patient_links.undo(link.id, "Twins.")
    page = client.get(spots).text
    assert "records of another person" in page
    assert 'value="0.0"' not in page, "no button records a spot"
    for path, fields in ((spots, sent), (f"/plans/{plan}/consent/0.0/talk", {"days": "0"})):
        assert client.post(path, data=fields).status_code == 422, path
    assert repositories.test_spots.of(consultation) == ()


@pytest.mark.check
def test_a_real_plan_gives_no_laser_after_a_blister_in_the_duplicate(clinic: Clinics, tmp_path: Path) -> None:
    client = clinic.browser(Role.CLINICIAN)
    closed, burnt = add_patient(clinic, "Ann Maier")
    kept, consultation = add_patient(clinic, "Ann Huber", **CASE)
    blister(clinic, burnt, tmp_path)
    plans = []
    for number in (1, 2):
        if number == 2:
            clinic.repositories().patient_links.link(closed, kept, "Married.")
        made = clinic.plan(client, f"/consultations/{consultation}", make=make_plan_in_process, **CASE)
        plans.append(clinic.repositories().plans.read_file(made.rpartition("/")[2], "plan.json"))
    alone, both = ({one["modality"] for one in json.loads(plan)["concerns"][0]["options"]} for plan in plans)
    assert "vascular" in alone, "a laser, at doses that the blister was below"
    assert "vascular" not in both
    assert [b"earlier-injury" in plan for plan in plans] == [False, True]


def test_both_records_are_seen_side_by_side_before_they_are_linked(clinic: Clinics) -> None:
    client = clinic.browser(Role.CLINICIAN)
    closed, _ = add_patient(clinic, "Ann Maier", **{"patient.phototype": "II", "patient.sex": "female"})
    kept, _ = add_patient(clinic, "Ann Huber", **{"patient.phototype": "IV", "patient.sex": "female"})
    add_patient(clinic, "Bob Frost", "1970-01-01")
    asked = client.get(f"/patients/{closed}/duplicate")
    assert f"/patients/{closed}/duplicate/{kept}" in asked.text, "the same date of birth is looked for at first"
    assert "Frost" not in asked.text
    assert f"/duplicate/{closed}" not in asked.text
    found = client.post(f"/patients/{closed}/duplicate", data={"pseudonym": "Frost"})
    assert "Bob Frost" in found.text
    page = words(client.get(f"/patients/{closed}/duplicate/{kept}").text)
    for told in ("Ann Maier", "Ann Huber", BORN, "Name differs", "Phototype differs", "Last visits"):
        assert told in page
    assert "Sex differs" not in page
    assert "Date of birth differs" not in page
    refused = client.post(f"/patients/{closed}/duplicate/{kept}", data={"reason": "Married; was Maier."})
    assert refused.status_code == 422
    assert "Married; was Maier." in refused.text
    assert client.post(f"/patients/{closed}/duplicate/{kept}", data={"confirmed": "true"}).status_code == 422
    assert not clinic.repositories().patient_links.read_person(closed).is_replaced


def test_different_dates_of_birth_are_asked_about(clinic: Clinics) -> None:
    client = clinic.browser(Role.CLINICIAN)
    closed, _ = add_patient(clinic, "Ann Maier", "1980-04-03")
    kept, _ = add_patient(clinic, "Ann Huber", "1980-03-04")
    path = f"/patients/{closed}/duplicate/{kept}"
    page = client.get(path).text
    assert 'name="birth_confirmed"' in page
    assert "Date of birth differs" in words(page)
    assert client.post(path, data=CONFIRMED).status_code == 422
    assert client.post(path, data=CONFIRMED | {"birth_confirmed": "true"}).status_code == 303
    assert clinic.repositories().patient_links.of(closed)[0].birth_confirmed


def test_a_closed_record_is_read_only_and_leads_to_the_kept_one(clinic: Clinics, tmp_path: Path) -> None:
    client, repositories = clinic.browser(Role.CLINICIAN), clinic.repositories()
    closed, burnt = add_patient(clinic, "Ann Maier")
    kept, _ = add_patient(clinic, "Ann Huber")
    spot = blister(clinic, burnt, tmp_path, "redness")
    (plan,) = repositories.plans.of(burnt)
    client.post(f"/patients/{closed}/duplicate/{kept}", data=CONFIRMED)
    name = repositories.patients.get(kept).pseudonym
    pages = (
        f"/patients/{closed}",
        f"/patients/{closed}/contact",
        f"/patients/{closed}/appointments",
        f"/patients/{closed}/follow-ups",
        f"/patients/{closed}/duplicate",
        f"/consultations/{burnt}",
        f"/consultations/{burnt}/test-spots",
        f"/plans/{plan.id}",
        f"/plans/{plan.id}/consent/0.0",
    )
    for path in pages:
        page = client.get(path)
        assert page.status_code == 200, path
        assert f'<a href="/patients/{kept}">{name}</a>' in page.text, path
    assert f'action="/patients/{closed}/consultations"' not in client.get(f"/patients/{closed}").text
    for path, sent in (
        (f"/patients/{closed}/consultations", {}),
        (f"/patients/{closed}/notes", {"notes": "Calm."}),
        (f"/consultations/{burnt}/answers", LEAST | {"revision": "1"}),
        (f"/consultations/{burnt}/plan", LEAST | {"revision": "1"}),
        (f"/plans/{plan.id}/choice", {"option": "0.0"}),
        (f"/plans/{plan.id}/consent/0.0/talk", {"days": "0"}),
    ):
        refused = client.post(path, data=sent)
        assert refused.status_code == 409, path
        assert name in words(refused.text), path
    for asked in ("Maier", repositories.patients.get(closed).pseudonym):
        found = client.post("/search", data={"pseudonym": asked}).text
        assert f'href="/patients/{kept}"' in found
        assert f'href="/patients/{closed}"' not in found
        assert f"also has the closed record {repositories.patients.get(closed).pseudonym}" in found
    # The kept one tells what happened and what is open in both.
    repositories.test_spots.add_reading(spot, "none")
    page = client.get(f"/patients/{kept}").text
    assert page.count(f"/consultations/{burnt}/test-spots") >= 1
    assert "Ann Maier" in page


def test_only_who_treats_links_records_of_their_own_clinic(clinic: Clinics) -> None:
    closed, _ = add_patient(clinic, "Ann Maier")
    kept, _ = add_patient(clinic, "Ann Huber")
    path = f"/patients/{closed}/duplicate/{kept}"
    for role in (Role.ASSISTANT, Role.AUDITOR):
        client = clinic.browser(role)
        assert client.post(path, data=CONFIRMED).status_code == 403
        assert client.get(path).status_code == 403
        assert "/duplicate" not in client.get(f"/patients/{closed}").text
    stranger: TestClient = clinic.browser(Role.OWNER, OTHER)
    assert stranger.post(path, data={}).status_code == 404, "said before anything of the form is"
    assert clinic.browser(Role.OWNER).post(path, data=CONFIRMED).status_code == 303
    (link,) = clinic.repositories().patient_links.of(closed)
    assert stranger.post(f"/patient-links/{link.id}/undoing", data={}).status_code == 404
    assert clinic.browser(Role.ASSISTANT).post(f"/patient-links/{link.id}/undoing", data={}).status_code == 403
    refused = clinic.browser(Role.OWNER).post(f"/patient-links/{link.id}/undoing", data={"reason": ""})
    assert refused.status_code == 422
    assert clinic.repositories().patient_links.of(closed)[0].end is None
