"""The session in the app: refused without a consent that holds, stopped by its checklist, and kept row by row."""

import datetime
import html
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from app_samples import LEAST, made_plan
from clinic_samples import Clinics, planned
from starlette.testclient import TestClient
from treated_rows import agree
from treatment_samples import clear_answers, read_spots

from skinbeam.laser.device import devices
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.report.consent_form import teach_back_questions
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.database import columns
from skinbeam_clinic.database.tables import new_id
from skinbeam_clinic.exchange.deidentification import deidentify_dossier
from skinbeam_clinic.exchange.fhir.bundle import make_bundle, read_bundle
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.patients.history import list_session_facts
from skinbeam_clinic.plans.routes import open_plan
from skinbeam_clinic.pulse_settings import PulseSettings, SpotSettings, step_settings
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.checklist import list_items, list_open_items
from skinbeam_clinic.treatments.face_map import PAIRED_SITES, list_regions
from skinbeam_clinic.treatments.models import BodySide, Treatment

ROW = {"site": "cheeks", "side": "right", "fluence_J_cm2": "7.5", "pulse_ms": "6", "spot_mm": "7", "endpoint": "seek"}
SIGNED = {"person": "Synthetic Person"}


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    return clinics.browser(Role.CLINICIAN)


@pytest.fixture(scope="module")
def machine(clinics: Clinics) -> str:
    owner = clinics.repositories(Role.OWNER)
    return owner.machines.add(device="pulsed-dye-595", serial="SYN-9", name="Dye laser").id


def stored_consent(clinics: Clinics) -> str:
    """What `agreed` gives, written into the records without the pages."""
    repositories = clinics.repositories()
    consultation = repositories.consultations.begin(repositories.patients.add().id, make_submission(LEAST.items()))
    plan = repositories.plans.add(consultation.id, made_plan(), revision=consultation.revision)
    consent = agree(repositories, plan.id, "0.0")
    read_spots(repositories, plan)
    return f"/consents/{consent}"


def agreed(client: TestClient, clinics: Clinics, *, spots: bool = True) -> str:
    """The name of a signed consent to the first option of a fresh plan, whose test spots were read."""
    patient = client.post("/patients").headers["location"]
    plan = clinics.plan(client, client.post(f"{patient}/consultations").headers["location"])
    here = f"{plan}/consent/0.0"
    client.post(f"{here}/talk", data={"days": "0"})
    records = open_plan(clinics.repositories(), plan.rpartition("/")[2]).plan
    right = teach_back_questions(records, records.concerns[0].options[0])
    client.post(f"{here}/told-back", data={f"answer.{one.id}": str(one.right_index) for one in right})
    assert client.post(f"{here}/signature", data=SIGNED).status_code == 303
    if spots:
        read_spots(clinics.repositories(), clinics.repositories().plans.get(plan.rpartition("/")[2]))
    found = re.search(r'action="(/consents/\w+)/treatments"', client.get(here).text)
    assert found
    return found[1]


@pytest.fixture
def here(client: TestClient, clinics: Clinics, machine: str) -> str:
    return prepared(client, clinics, machine, stored_consent(clinics))


@pytest.fixture(scope="module")
def running(clinics: Clinics, machine: str) -> str:
    """The address of a treatment in which nothing was fired; what is refused leaves it so."""
    client = clinics.browser(Role.CLINICIAN)
    return started(client, clinics, prepared(client, clinics, machine, agreed(client, clinics)))


def prepared(client: TestClient, clinics: Clinics, machine: str, consent: str) -> str:
    """The address of a treatment whose machine is picked."""
    begun = client.post(f"{consent}/treatments").headers["location"]
    assert client.post(f"{begun}/machine", data={"machine": machine}).headers["location"] == begun
    return str(begun)


def stored_treatment(clinics: Clinics, here: str) -> Treatment:
    return clinics.repositories().treatments.get(here.rpartition("/")[2])


def answers(clinics: Clinics, here: str, **changed: str) -> dict[str, str]:
    ordered = stored_treatment(clinics, here).ordered
    return {item: answer for item, (answer, _) in clear_answers(ordered).items()} | changed


def started(client: TestClient, clinics: Clinics, here: str) -> str:
    client.post(f"{here}/checklist", data=answers(clinics, here))
    assert client.post(f"{here}/start").headers["location"] == here
    return here


def page_text(answer: Any) -> str:
    return html.unescape(answer.text)


def test_what_the_plan_orders_stands_on_the_page_and_in_the_record(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    ordered, page = stored_treatment(clinics, here).ordered, page_text(client.get(here))
    assert (ordered.device, ordered.settings.fluence_J_cm2, ordered.site) == ("pulsed-dye-595", 7.5, "cheeks")
    assert [item.name for item in list_items(ordered) if not item.is_always_included] == ["spots", "cooling"]
    assert "7.5 J/cm²" in page
    assert "eyewear for 595 nm" in page
    assert "serial number SYN-9" in page
    assert "greying or whitening" in page


def test_a_consent_that_does_not_hold_is_refused_with_the_way_on(client: TestClient, clinics: Clinics) -> None:
    consent = agreed(client, clinics)
    clinics.repositories().consents.withdraw(consent.rpartition("/")[2])
    response = client.post(f"{consent}/treatments")
    assert response.status_code == 422
    assert "this consent is void" in page_text(response).lower()


def test_the_checklist_lets_nobody_fire_before_it_is_clear(client: TestClient, clinics: Clinics, here: str) -> None:
    assert "Still open: identity," in page_text(client.get(here))
    assert client.post(f"{here}/start").status_code == 422
    assert client.post(f"{here}/areas", data=ROW).status_code == 422
    client.post(f"{here}/checklist", data=answers(clinics, here, tan="yes"))
    page = page_text(client.get(here))
    assert "Tanned skin absorbs more light" in page  # in the rule's own words
    assert "Change the answers" in page
    assert client.post(f"{here}/start").status_code == 422
    client.post(f"{here}/decision", data={"item": "tan", "why-tan": "arms alone, not the face"})
    page = page_text(client.get(here))
    assert "arms alone, not the face" in page
    assert "The checklist is complete." in page
    assert client.post(f"{here}/start").headers["location"] == here
    assert stored_treatment(clinics, here).state == "treating"


def test_a_new_medicine_is_reported_with_what_the_rules_say_of_it(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    sent = answers(clinics, here, medicines="yes") | {"medicines.words": "minocycline"}
    client.post(f"{here}/checklist", data=sent)
    assert "skin may react to light or darken" in page_text(client.get(here))


def test_what_two_changes_mean_together_is_said_once(client: TestClient, clinics: Clinics, here: str) -> None:
    """A pregnancy and isotretinoin, both new: each by itself, nobody was told to call the prescriber today."""
    sent = answers(clinics, here, medicines="yes", pregnancy="yes") | {"medicines.words": "isotretinoin"}
    client.post(f"{here}/checklist", data=sent)
    assert page_text(client.get(here)).count("harm the unborn child") == 1


def test_eyewear_is_put_on_and_not_decided_away(client: TestClient, clinics: Clinics, here: str) -> None:
    client.post(f"{here}/checklist", data=answers(clinics, here) | {"eyewear-room": "no"})
    assert "a decision cannot override it" in page_text(client.get(here))
    refused = client.post(f"{here}/decision", data={"item": "eyewear-room", "why-eyewear-room": "in a hurry"})
    assert refused.status_code == 422


@pytest.mark.parametrize("device", ["qs-ndyag-532-1064", "fractional-1550", "ipl"])
def test_eyewear_is_asked_for_the_light_of_the_machine_that_is_used_and_asked_again_for_another(
    client: TestClient, clinics: Clinics, here: str, machine: str, device: str
) -> None:
    client.post(f"{here}/checklist", data=answers(clinics, here))
    assert "The checklist is complete." in page_text(client.get(here))
    other = clinics.repositories(Role.OWNER).machines.add(device=device, serial=new_id(), name="Another").id
    emitted = devices()[device].wavelengths_nm
    for chosen, lights in ((other, emitted[:1] if device == "ipl" else emitted), (machine, (595.0,))):
        client.post(f"{here}/machine", data={"machine": chosen, "why": "the planned one is at the workshop"})
        (asked,) = re.findall(r"patient wear eyewear for ([^?]*)\?", page_text(client.get(here)))
        assert [float(nm) for nm in re.findall(r"[0-9.]+", asked)] == list(lights)
        open_items = [one.name for one in list_open_items(stored_treatment(clinics, here))]
        assert open_items[-3:] == ["cooling", "eyewear-patient", "eyewear-room"]
        client.post(f"{here}/checklist", data=answers(clinics, here))
        assert set(open_items) - {"device"} == {"cooling", "eyewear-patient", "eyewear-room"}
    assert "The checklist is complete." in page_text(client.get(here))
    client.post(f"{here}/machine", data={"machine": machine})  # the same one once more: nothing is asked again
    assert "The checklist is complete." in page_text(client.get(here))


@pytest.mark.parametrize(("answer", "named"), [("no", "isotretinoin"), ("no", ""), ("yes", "isotretinoin")])
def test_a_medicine_that_is_named_is_never_kept_under_a_no(
    client: TestClient, clinics: Clinics, here: str, answer: str, named: str
) -> None:
    sent = client.post(f"{here}/checklist", data=answers(clinics, here, medicines=answer) | {"medicines.words": named})
    refused = answer == "no" and bool(named)
    assert sent.status_code == (422 if refused else 303)
    assert ("isotretinoin was named" in page_text(sent)) == refused
    open_items = [one.name for one in list_open_items(stored_treatment(clinics, here))]
    assert open_items == ([] if (answer, named) == ("no", "") else ["medicines"])  # the other answers are kept


def test_what_was_fired_stands_on_map_and_table_at_once(client: TestClient, clinics: Clinics, here: str) -> None:
    started(client, clinics, here)
    sent = ROW | {"pulses": "40", "pain_0_10": "3", "words": "<b>even</b>"}
    assert client.post(f"{here}/areas", data=sent).headers["location"] == f"{here}#fired"
    page = client.get(here).text
    assert "cheeks, right: rows 1" in page
    assert "cheeks, left: rows" not in page
    assert "40 pulses" in page
    assert "&lt;b&gt;even" in page
    assert "<b>even" not in page
    (area,) = stored_treatment(clinics, here).areas
    assert (area.fired.side, area.fired.pain_0_10, area.fired.settings.pulse_ms) == (BodySide.RIGHT, 3.0, 6.0)


def test_a_dose_goes_from_the_tablet_to_the_next_plan_and_to_fhir_and_back_as_a_number(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    """No binary number is 7.31 exactly, so a way through a text that rounds would change it."""
    dose, read = 7.31, []
    started(client, clinics, here)
    assert client.post(f"{here}/areas", data=ROW | {"fluence_J_cm2": "7,31"}).status_code == 303
    client.post(f"{here}/end", data={"state": "done"})
    treatment = stored_treatment(clinics, here)
    (area,) = treatment.areas
    assert area.fired.settings == PulseSettings(fluence_J_cm2=dose, pulse_ms=6.0, spot_mm=7.0)

    def plan(sent: Submission, home: Path, heed: Callable[[str], None], language: str) -> NewPlan:
        read.append(Submission.from_json(sent.to_json()))  # as the process that plans reads it
        return planned(sent, home, heed, language)

    revision = str(clinics.repositories().consultations.get(treatment.consultation_id).revision)
    clinics.plan(client, f"/consultations/{treatment.consultation_id}", make=plan, revision=revision)
    (sent,) = read
    assert not [name for name, _ in sent.entries if name.startswith(("session.", "test_spot."))]
    (session,) = case_from_form(sent, Path()).case.session
    assert (session.fluence_J_cm2, session.pulse_ms, session.wavelength_nm) == (dose, 6.0, 595.0)
    (downloaded,) = tomllib.loads(client.get(f"/consultations/{treatment.consultation_id}/case.toml").text)["session"]
    assert downloaded == session.model_dump(exclude_defaults=True)

    repositories = clinics.repositories(Role.OWNER)
    patient = repositories.consultations.get(treatment.consultation_id).patient_id
    bundle = make_bundle(deidentify_dossier(repositories.dossiers.export(patient, "fhir")), "Harbour Clinic")
    shown = [
        (component["valueQuantity"]["value"], component["valueQuantity"]["code"])
        for entry in json.loads(bundle)["entry"]
        if entry["resource"]["id"] == area.id
        for component in entry["resource"]["component"]
        if component["code"]["coding"][0]["code"] == "fluence_J_cm2"
    ]
    assert shown == [(dose, "J/cm2"), (-2.5, "%")]  # the dose, and that it is 2.5 % below the plan's 7.5 J/cm²
    (again,) = [done for one in read_bundle(bundle).consultations for done in one.treatments]
    assert [one.fired.settings for one in again.areas] == [area.fired.settings]
    assert again.ordered == treatment.ordered
    (fact,) = list_session_facts([again], [])
    assert session.ita_deg == treatment.ordered.ita_deg == 34.0  # of the plan
    assert (session.site, session.weeks_ago) == (treatment.ordered.site, 0.0)
    assert fact.row_on(fact.fired_at) == session


def test_more_than_the_plan_is_warned_of_then_kept_with_its_reason(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    started(client, clinics, here)
    more = ROW | {"fluence_J_cm2": "9,0", "words": "dense net"}
    warned = client.post(f"{here}/areas", data=more | {"reason": "it did not close"})
    assert warned.status_code == 422
    assert "Fluence 9 J/cm² instead of 7.5 J/cm²: 20 % above the plan" in page_text(warned)
    assert 'value="dense net"' in warned.text
    for name in ("confirmed", "reason"):  # the browser asks for neither, or a slip could not be corrected to the plan
        (field,) = re.findall(rf'<input [^>]*name="{name}"[^>]*>', warned.text)
        assert "required" not in field
    confirm = re.search(r'name="confirmed" value="([^"]+)"', warned.text)
    assert confirm
    yes = {"confirmed": confirm[1], "reason": "it did not close"}
    assert client.post(f"{here}/areas", data=more | yes | {"fluence_J_cm2": "90"}).status_code == 422  # another dose
    assert client.post(f"{here}/areas", data=more | yes | {"reason": ""}).status_code == 422
    assert stored_treatment(clinics, here).areas == ()
    assert client.post(f"{here}/areas", data=more | yes).status_code == 303
    page = page_text(client.get(here))
    assert "20 % above the plan" in page
    assert "Reason: it did not close" in page


def test_another_site_than_that_of_the_plan_is_warned_of_then_kept_with_its_reason(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    """Dose, eyewear and consent are of one site: an eyelid is none of it where the plan is for the cheeks."""
    started(client, clinics, here)
    there, yes = ROW | {"site": "eyelid"}, {"confirmed": "site=eyelid", "reason": "asked for it"}
    warned = client.post(f"{here}/areas", data=there | {"reason": "asked for it"})
    assert warned.status_code == 422
    said = "Eyelid, right: the plan and the consent are for another site (cheeks)"
    assert said.lower() in page_text(warned).lower()
    assert client.post(f"{here}/areas", data=there | yes | {"reason": ""}).status_code == 422
    assert client.post(f"{here}/areas", data=there | yes | {"site": "neck"}).status_code == 422  # yet another site
    assert stored_treatment(clinics, here).areas == ()
    assert client.post(f"{here}/areas", data=there | yes).status_code == 303
    page = page_text(client.get(here))
    assert said.lower() in page.lower()
    assert "Reason: asked for it" in page
    around = client.post(f"{here}/areas", data=ROW | {"site": "full-face"})
    assert around.status_code == 303, "the cheeks are part of the full face"


def test_a_slip_of_the_decimal_point_is_reported_to_be_more_than_the_machine_can(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    started(client, clinics, here)
    warning = page_text(client.post(f"{here}/areas", data=ROW | {"fluence_J_cm2": "75"}))
    most = f"{devices()['pulsed-dye-595'].dose[1]:g}"
    assert f"900 % above the plan; more than the {most} J/cm² that a rule of the plan or the machine itself" in warning


def test_a_pulse_of_nanoseconds_is_in_the_form_as_the_form_reads_it(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    """The form of a Q-switched laser held 1e-05 ms, which no form reads, so no row of it could be saved."""
    started(client, clinics, here)
    short = ROW | {"pulse_ms": "", "pulse_ns": "10", "confirmed": "pulse_ms=1e-05", "reason": "another laser"}
    assert client.post(f"{here}/areas", data=short).status_code == 303
    (area,) = stored_treatment(clinics, here).areas
    assert area.fired.settings.pulse_ms == 1e-5
    page = client.get(f"{here}?corrects={area.id}").text  # in the unit of the plan, whose laser is another one
    (pulse,) = re.findall(r'name="pulse_ms" type="text" inputmode="decimal" value="([^"]*)"', page)
    corrected = short | {"pulse_ms": pulse, "pulse_ns": "", "corrects": area.id, "why": "40 and not 30", "pulses": "40"}
    assert client.post(f"{here}/areas", data=corrected).status_code == 303
    assert stored_treatment(clinics, here).areas[-1].fired.settings.pulse_ms == 1e-5
    wrong = client.post(f"{here}/areas", data=short | {"pulse_ns": "ten"})
    assert 'pulse: "ten" is no number' in page_text(wrong).lower()
    assert 'data-entry="pulse_ns"' in wrong.text


def test_a_sign_that_stops_says_stop_with_the_plans_first_aid(client: TestClient, clinics: Clinics, here: str) -> None:
    started(client, clinics, here)
    client.post(f"{here}/areas", data=ROW | {"endpoint": "stop.0"})
    page = page_text(client.get(here))
    assert "Fire no further pulse." in page
    assert "A blister: stop and cool." in page
    assert "greying or whitening of the skin" in page
    assert stored_treatment(clinics, here).state == "stopped"
    assert stored_treatment(clinics, here).areas[0].fired.endpoint_words.startswith("Synthetic: greying")


def test_a_severe_event_stops_and_is_resolved_later(client: TestClient, clinics: Clinics, here: str) -> None:
    started(client, clinics, here)
    event = {"kind": "blister", "grade": "severe", "event-site": "cheeks", "event-words": "two"}
    assert client.post(f"{here}/events", data=event).status_code == 303
    page = client.get(here).text
    assert "Fire no further pulse." in page
    found = re.search(r'action="(/adverse-events/\w+/end)"', page)
    assert found
    client.post(found[1], data={"words": "dry after two days"})
    assert "dry after two days" in client.get(here).text
    refused = client.post(f"{here}/events", data=event | {"grade": "awful"})
    assert refused.status_code == 422
    assert "how bad the adverse event was is not chosen" in refused.text.lower()


def test_what_is_ended_is_corrected_by_a_new_row_that_says_why(client: TestClient, clinics: Clinics, here: str) -> None:
    started(client, clinics, here)
    client.post(f"{here}/areas", data=ROW)
    client.post(f"{here}/end", data={"state": "done"})
    assert stored_treatment(clinics, here).state == "done"
    found = re.search(r'href="[^"]*(\?corrects=\w+)#row"', client.get(here).text)
    assert found
    form = page_text(client.get(f"{here}{found[1]}"))
    assert "Why it is corrected" in form
    late = ROW | {"corrects": found[1].partition("=")[2], "side": "left"}
    assert client.post(f"{here}/areas", data=late).status_code == 422
    assert client.post(f"{here}/areas", data=late | {"why": "mixed up the sides"}).status_code == 303
    page = page_text(client.get(here))
    assert "corrects row 1: mixed up the sides" in page
    assert "cheeks, left: rows 2" in page
    assert "cheeks, right: rows" not in page
    client.post(f"{here}/notes", data={"note": "told to the patient"})
    assert "told to the patient" in page_text(client.get(here))


def test_a_row_that_is_sent_twice_is_kept_once(client: TestClient, clinics: Clinics, here: str) -> None:
    started(client, clinics, here)
    row = re.search(r'name="row" value="(\w{32})"', client.get(here).text)
    assert row
    for _ in range(2):
        assert client.post(f"{here}/areas", data=ROW | {"row": row[1]}).status_code == 303
    assert len(stored_treatment(clinics, here).areas) == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"fluence_J_cm2": "1,000"}, '"1,000" is unclear'),
        ({"fluence_J_cm2": ""}, "the dose is missing"),
        ({"pulses": "many"}, '"many" is no whole number'),
        ({"pulses": "0"}, "pulses or spots: 0 is out of range"),  # what was never fired is no row
        ({"passes": "0"}, "passes: 0 is out of range"),
        ({"pain_0_10": "11"}, "11 is out of range"),
        ({"endpoint": "stop.99"}, "the observed endpoint is missing"),
        ({"site": "moon"}, "no place was chosen"),
        ({"site": "buttock"}, "no place was chosen"),
    ],
)
def test_what_cannot_be_read_is_reported_and_what_was_typed_stays(
    client: TestClient, clinics: Clinics, running: str, changed: dict[str, str], message: str
) -> None:
    answer = client.post(f"{running}/areas", data=ROW | {"words": "dense net"} | changed)
    assert answer.status_code == 422
    assert message in page_text(answer).lower()
    assert 'value="dense net"' in answer.text
    assert stored_treatment(clinics, running).areas == ()


def test_a_place_of_the_map_is_chosen_without_a_script_too(client: TestClient, clinics: Clinics, here: str) -> None:
    started(client, clinics, here)
    page = client.get(f"{here}?site=nose&side=both").text
    assert '<option value="nose" selected>' in page


def test_the_map_shows_every_site_that_a_case_treats() -> None:
    sites = {name for name, entry in vocabulary_table("site").items() if entry["use"] == "treatment"}
    drawn = list_regions(())
    assert {one.site for one in drawn} == sites - {"full-face"}  # which is every part of the face
    assert {one.site for one in drawn if one.side is not BodySide.BOTH} == set(PAIRED_SITES)
    full = {one.site for one in list_regions([(1, "full-face", BodySide.BOTH)]) if one.rows}
    assert full == sites - {"full-face", "neck", "decolletage", "arms", "hands", "back", "abdomen"}


def test_a_change_of_the_answers_meanwhile_is_reported(client: TestClient, clinics: Clinics, here: str) -> None:
    consultations = clinics.repositories().consultations
    answered = consultations.get(stored_treatment(clinics, here).consultation_id)
    consultations.save(answered.id, Submission(), revision=answered.revision)
    assert "The consent to this is no longer valid" in page_text(client.get(here))


def test_aftercare_tells_each_day_in_the_language_of_the_patient(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    started(client, clinics, here)
    page = page_text(client.get(f"{here}/aftercare"))
    assert "Day 3, " in page
    assert "fine crusts fall off by themselves" in page
    assert "Call at once if an eye hurts" in page
    assert "Nach Ihrer Behandlung" in page_text(client.get(f"{here}/aftercare?language=de"))


def test_an_assistant_prepares_and_finds_no_way_to_fire(client: TestClient, clinics: Clinics, here: str) -> None:
    helper = clinics.browser(Role.ASSISTANT)
    helper.post(f"{here}/checklist", data=answers(clinics, here))
    page = helper.get(here).text
    assert f'action="{here}/start"' not in page
    assert helper.post(f"{here}/start").status_code == 403
    started(client, clinics, here)
    page = helper.get(here).text
    assert f'action="{here}/areas"' not in page
    assert f'action="{here}/notes"' in page
    assert clinics.browser(Role.AUDITOR).get(here).status_code == 200


def test_a_session_too_soon_or_after_a_burn_begins_only_once_a_clinician_says_why(
    client: TestClient, clinics: Clinics, machine: str
) -> None:
    consent = agreed(client, clinics)
    for number in range(3):
        here = str(client.post(f"{consent}/treatments").headers["location"])
        client.post(f"{here}/machine", data={"machine": machine})
        client.post(f"{here}/checklist", data=answers(clinics, here) | {"course": "quiet"})
        client.post(f"{here}/start")
        if number == 2:
            break
        if number == 1:
            assert stored_treatment(clinics, here).started_at is None
            assert "the shortest interval of the plan between two sessions" in page_text(client.get(here))
            client.post(f"{here}/decision", data={"item": "course", "why-course": "the nose was left out this morning"})
            client.post(f"{here}/start")
        assert stored_treatment(clinics, here).started_at is not None
        client.post(f"{here}/areas", data=ROW)
        client.post(f"{here}/end", data={"state": "done"})
        if number == 1:
            client.post(f"{here}/events", data={"kind": "blister", "grade": "mild"})
    assert stored_treatment(clinics, here).started_at is None
    page = html.unescape(client.get(here).text)
    assert "no more than two thirds of that dose is planned" in page
    assert "an objection to this session" in page.casefold()
    plan = re.search(r'href="(/plans/\w+)"', page)
    assert plan
    assert "This plan can no longer be signed" in client.get(plan[1]).text
    assert client.post(f"{here}/decision", data={"item": "course", "why-course": ""}).status_code == 422
    client.post(f"{here}/decision", data={"item": "course", "why-course": "healed; 5 J/cm² now"})
    assert client.post(f"{here}/start").status_code == 303
    assert stored_treatment(clinics, here).started_at is not None


@pytest.mark.parametrize(
    ("reaction", "hours_ago", "answer"),
    [
        (None, 0.0, "Not all fired"),
        ("", 100.0, "Not read yet, or read too early"),
        ("none", 1.0, "Not read yet, or read too early"),
    ],
)
def test_no_session_starts_against_the_records_of_its_test_spots(
    client: TestClient, clinics: Clinics, machine: str, reaction: str | None, hours_ago: float, answer: str
) -> None:
    here = str(client.post(f"{agreed(client, clinics, spots=False)}/treatments").headers["location"])
    plan = clinics.repositories().plans.get(stored_treatment(clinics, here).plan_id)
    if reaction is not None:
        read_spots(clinics.repositories(), plan, reaction=reaction, hours_ago=hours_ago)
    client.post(f"{here}/machine", data={"machine": machine})
    client.post(f"{here}/checklist", data=answers(clinics, here) | {"spots": "allowed"})  # what somebody claims
    assert client.post(f"{here}/start").status_code == 422
    assert answer in page_text(client.get(here))
    assert client.post(f"{here}/decision", data={"item": "spots", "why-spots": ""}).status_code == 422
    assert client.post(f"{here}/start").status_code == 422
    client.post(f"{here}/decision", data={"item": "spots", "why-spots": "read on paper by Dr Ann"})
    assert "read on paper by Dr Ann" in page_text(client.get(here))
    assert client.post(f"{here}/start").status_code == 303


@pytest.mark.parametrize("is_over", [False, True])
def test_an_injury_that_becomes_known_while_a_session_runs_is_shown_there(
    client: TestClient, clinics: Clinics, machine: str, is_over: bool
) -> None:
    """Here by linking the record of the same person in which it was read; nothing asks the checklist again."""
    here = str(client.post(f"{stored_consent(clinics)}/treatments").headers["location"])
    client.post(f"{here}/machine", data={"machine": machine})
    started(client, clinics, here)
    repositories = clinics.repositories()
    kept = repositories.consultations.get(stored_treatment(clinics, here).consultation_id).patient_id
    closed = repositories.patients.add().id
    other = repositories.consultations.begin(closed, make_submission(LEAST.items()))
    read_spots(repositories, repositories.plans.add(other.id, made_plan(), revision=1), reaction="blister")
    if is_over:
        client.post(f"{here}/end", data={"state": "stopped"})
        assert stored_treatment(clinics, here).is_over
    assert 'id="stops"' not in client.get(here).text
    repositories.patient_links.link(closed, kept, "One person.")
    assert ('id="stops"' in client.get(here).text) is not is_over


def test_a_decision_about_spots_does_not_cover_spots_that_are_fired_later(
    client: TestClient, clinics: Clinics, machine: str
) -> None:
    here = str(client.post(f"{agreed(client, clinics, spots=False)}/treatments").headers["location"])
    client.post(f"{here}/machine", data={"machine": machine})
    client.post(f"{here}/checklist", data=answers(clinics, here))
    client.post(f"{here}/decision", data={"item": "spots", "why-spots": "read on paper"})
    plan = clinics.repositories().plans.get(stored_treatment(clinics, here).plan_id)
    read_spots(clinics.repositories(), plan, reaction="")
    assert client.post(f"{here}/start").status_code == 422
    for spot in clinics.repositories().test_spots.of(plan.consultation_id):
        clinics.repositories().test_spots.add_reading(spot.id, "none")
    assert "The checklist is complete." in page_text(client.get(here))  # the records answer, and nobody else is asked
    assert client.post(f"{here}/start").status_code == 303


def test_spots_below_the_planned_dose_do_not_let_it_be_fired(
    client: TestClient, clinics: Clinics, machine: str
) -> None:
    here = str(client.post(f"{agreed(client, clinics, spots=False)}/treatments").headers["location"])
    repositories = clinics.repositories()
    plan = repositories.plans.get(stored_treatment(clinics, here).plan_id)
    ladder = open_plan(repositories, plan.id).plan.test_spots[0]
    top = ladder.spots[-1]
    planned = step_settings(ladder, top)
    for share in (0.6, 0.9):
        settings = replace(planned, fluence_J_cm2=share * float(top.fluence_J_cm2 or 0.0))
        firing = SpotFiring(plan.id, settings, ladder.read_after_h, ORAL_CONSENT)
        spot = repositories.test_spots.fire(plan.consultation_id, firing, columns.now() - datetime.timedelta(hours=100))
        repositories.test_spots.add_reading(spot.id, "none")
    assert "Not all fired" in page_text(client.get(here))


def test_after_an_injury_at_a_spot_of_its_device_nobody_decides(
    client: TestClient, clinics: Clinics, here: str
) -> None:
    client.post(f"{here}/checklist", data=answers(clinics, here))
    treatment, repositories = stored_treatment(clinics, here), clinics.repositories()
    settings = SpotSettings(device="pulsed-dye-595", site="cheeks", wavelength_nm=595.0, fluence_J_cm2=6.0)
    firing = SpotFiring(treatment.plan_id, settings, 72.0, ORAL_CONSENT)
    repositories.test_spots.add_reading(repositories.test_spots.fire(treatment.consultation_id, firing).id, "blister")
    assert client.post(f"{here}/start").status_code == 422
    sent = {"item": "course", "why-course": "it is urgent"}
    assert client.post(f"{here}/decision", data=sent).status_code == 422
    assert client.post(f"{here}/start").status_code == 422
    assert stored_treatment(clinics, here).started_at is None
    assert stored_treatment(clinics, here).current_answers["spots"].answer == "not-allowed"
    assert "No pulse of this device until a new plan is made" in client.get(here).text
