"""The page of machines."""

import html
from dataclasses import replace

import pytest
from clinic_samples import Clinics

from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.diaries.alarm_notifier import ContactSettings
from skinbeam_clinic.web.application import build_clinic_app

MACHINE = {"device": "pulsed-dye-595", "serial": "SYN-7", "name": "Dye <b>laser</b>", "room": "2"}


def test_an_owner_adds_a_machine_and_retires_it(clinics: Clinics) -> None:
    client = clinics.browser(Role.OWNER)
    assert client.post("/machines", data=MACHINE).headers["location"] == "/machines"
    page = client.get("/machines").text
    assert "serial number SYN-7" in page
    assert MACHINE["name"] not in page
    assert MACHINE["name"] in html.unescape(page)
    made = clinics.repositories().machines.list_all()[0]
    client.post(f"/machines/{made.id}", data={"name": "Dye laser", "room": "3", "version": made.version})
    late = client.post(f"/machines/{made.id}", data={"name": "Laser", "room": "", "version": made.version})
    assert late.status_code == 409
    assert "Last saved by owner, " in late.text
    client.post(f"/machines/{made.id}/use", data={"used": "false"})
    assert "not in use since" in client.get("/machines").text
    assert clinics.repositories().machines.get(made.id).room == "3"


def test_what_was_typed_stays_when_it_is_refused(clinics: Clinics) -> None:
    client = clinics.browser(Role.OWNER)
    response = client.post("/machines", data=MACHINE | {"serial": "", "name": "Third"})
    assert response.status_code == 422
    assert 'value="Third"' in response.text
    assert 'value="pulsed-dye-595" selected' in response.text
    assert "This is not valid for a machine." in response.text
    assert client.post("/machines", data=MACHINE | {"device": "none"}).status_code == 422
    assert client.post("/machines/none/use").status_code == 404


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.ASSISTANT])
def test_a_consultation_begins_with_the_machines_in_use_and_the_telephone_of_the_clinic(
    clinics: Clinics, role: Role
) -> None:
    machines = clinics.repositories(Role.OWNER).machines
    for one in machines.list_all():
        machines.set_in_use(one.id, in_use=False)
    patient = clinics.browser(role).post("/patients").headers["location"]

    def begun(phone: str = "") -> Submission:
        app = build_clinic_app(clinics.database, outside_contact=ContactSettings(phone=phone))
        client = replace(clinics, app=app, tokens={}).browser(role)
        here = client.post(f"{patient}/consultations").headers["location"]
        return clinics.repositories().consultations.get(here.rpartition("/")[2]).answers

    assert begun().tables == {}  # nothing is known: every device may be planned with
    for number, device in enumerate(("ndyag-1064", "pulsed-dye-595", "pulsed-dye-595")):
        machines.add(device=device, serial=f"{role}-{number}", name="Laser")
    gone = machines.add(device="ipl", serial=f"{role}-gone", name="Lamp")
    machines.set_in_use(gone.id, in_use=False)
    assert begun("030 5551").tables["clinic"] == {"devices": ["ndyag-1064", "pulsed-dye-595"], "phone": "030 5551"}
