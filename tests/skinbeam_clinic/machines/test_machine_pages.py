"""The page of machines."""

import html

from clinic_samples import Clinics

from skinbeam_clinic.access import Role

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
    assert "Owner saved this" in late.text
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
