"""Plans with a device that the clinic describes itself: in forms, in plans within its ranges, in case files."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from app_samples import LEAST
from clinic_samples import Clinics
from starlette.testclient import TestClient

from skinbeam.laser.device import read_catalogue_file
from skinbeam.model.document import pretty_json, sha256_hex
from skinbeam.model.input_files import load_case
from skinbeam.plan.planner import make_plan
from skinbeam.plan_records.document import read_plan
from skinbeam_clinic.access import Role
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission, make_submission
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.patients.record_lines import describe_pulse
from skinbeam_clinic.plans import setting_process
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.plans.plan_subprocess import PLAN_FILES
from skinbeam_clinic.plans.setting_answer import SettingQuestion
from skinbeam_clinic.plans.setting_process import PlannedPerson
from skinbeam_clinic.plans.setting_quantities import option_sliders
from skinbeam_clinic.pulse_settings import NO_SETTINGS, OrderedSettings
from skinbeam_clinic.treatments.orders import make_order

MOST_J_CM2 = 6.0  # less than plans give otherwise
WEAK = re.sub(rb"(fluence_J_cm2 = .*high = )[\d.]+", rb"\g<1>6.0", read_catalogue_file("pulsed-dye-595"))
OWN = f"dye-room-2-{sha256_hex(WEAK)[:6]}"
ANSWERS = LEAST | {
    "patient.age_years": "52",
    "patient.phototype": "II",
    "concern.0.condition": "facial-telangiectasia",
    "clinic.devices": OWN,
}
DRAWS = 50


@pytest.fixture
def client(clinics: Clinics) -> TestClient:
    own = clinics.repositories(Role.OWNER).own_devices
    if not own.read().own:
        own.add(WEAK, "dye-room-2.toml")
    return clinics.browser(Role.CLINICIAN)


def planned(sent: Submission, home: Path, _heed: Callable[[str], None], _language: str) -> NewPlan:
    """Make the plan on few draws and without its reports."""
    plan = make_plan(case_from_form(sent, home), draws=DRAWS).plan
    files = dict.fromkeys(PLAN_FILES, b"report") | {"plan.json": pretty_json(plan.document).encode()}
    return NewPlan(plan.case_sha256, plan.plan_sha256, plan.version, plan.seed, plan.draws, files)


def begun(client: TestClient) -> str:
    patient = client.post("/patients").headers["location"]
    return str(client.post(f"{patient}/consultations").headers["location"])


def test_a_plan_keeps_to_what_the_clinic_says_that_its_device_can_emit(
    client: TestClient, clinics: Clinics, tmp_path: Path
) -> None:
    here = begun(client)
    plan = clinics.plan(client, here, make=planned, **ANSWERS).rpartition("/")[2]
    document = clinics.repositories().plans.read_file(plan, "plan.json")
    options = [one for one in json.loads(document)["concerns"][0]["options"] if one["settings"]]
    assert {one["device"] for one in options} == {OWN}
    assert max(one["settings"]["fluence_J_cm2"] for one in options) <= MOST_J_CM2
    stored, known = read_plan(json.loads(document)), clinics.repositories().own_devices.read()
    (option, *_) = (one for one in stored.concerns[0].options if one.setup is not None)
    assert option_sliders(option, known.all_devices[OWN])
    order = make_order(known, stored, *find_option(stored, "0.0"))
    assert order.emitted.fluence_J_cm2 == MOST_J_CM2
    assert known.title(OWN) in describe_pulse(known, OWN, order.settings)
    assert make_order(CATALOGUE, stored, *find_option(stored, "0.0")).emitted == NO_SETTINGS, "a plan from elsewhere"
    (tmp_path / f"{OWN}.toml").write_bytes(WEAK)
    case = tmp_path / "case.toml"
    case.write_bytes(client.get(f"{here}/case.toml").content)
    assert pretty_json(make_plan(load_case(case), draws=DRAWS).document).encode() == document


def test_other_settings_of_the_device_can_be_asked_about(client: TestClient, clinics: Clinics) -> None:
    """Also once the folder of its file is gone, and no further than the clinic says that it emits."""
    known = clinics.repositories().own_devices.read()
    quantities = OrderedSettings(wavelength_nm=595.0, pulse_ms=10.0, spot_mm=7.0, fluence_J_cm2=5.0, passes=1.0)
    treatment = ("facial-telangiectasia", "cheeks", "vascular")
    question = SettingQuestion("a", DRAWS, 0, OWN, treatment, 5.0, quantities, "en")
    simulations = setting_process._Simulations()
    with setting_process._person_message(PlannedPerson(make_submission(ANSWERS.items()), None, known.own)) as person:
        assert simulations.reply(setting_process.QuestionMessage(question, person)).answer is not None
    again = replace(question, quantities=replace(quantities, fluence_J_cm2=5.5))
    assert simulations.reply(setting_process.QuestionMessage(again, None)).answer is not None
    beyond = replace(question, quantities=replace(quantities, fluence_J_cm2=7.0))
    fault = simulations.reply(setting_process.QuestionMessage(beyond, None)).fault
    assert fault is not None
    assert (fault["code"], known.all_devices[OWN].title in fault["message"]) == ("settings-not-offered", True)


def test_a_case_file_may_name_the_device_file_of_the_clinic_alone(client: TestClient, clinics: Clinics) -> None:
    patient = client.post("/patients").headers["location"]
    case = (
        '[patient]\nage_years = 42\n[[concern]]\ncondition = "facial-telangiectasia"\nsite = "cheeks"\n'
        f'[clinic]\ndevices = ["{OWN}.toml"]\n[[session]]\nweek = 0\ntreats = "facial-telangiectasia"\n'
        f'device = "{OWN}.toml"\n'
    ).encode()
    begun = client.post(f"{patient}/case", files={"case": ("case.toml", case)}).headers["location"]
    tables = clinics.repositories().consultations.get(begun.rpartition("/")[2]).answers.tables
    assert (tables["clinic"]["devices"], tables["session"][0]["device"]) == ([OWN], OWN)
    strange = case.replace(b'devices = ["', b'devices = ["../')
    refused = client.post(f"{patient}/case", files={"case": ("case.toml", strange)})
    assert (refused.status_code, "unknown device" in refused.text.lower()) == (422, True)


def test_a_withdrawn_device_stays_where_it_was_chosen(client: TestClient, clinics: Clinics) -> None:
    owner, (own, *_) = clinics.repositories(Role.OWNER).own_devices, clinics.repositories().own_devices.read().own
    chosen, new = begun(client), begun(client)
    client.post(f"{chosen}/answers", data=ANSWERS | {"revision": "1"})
    ticked = f'value="{OWN}" autocomplete="off" checked'
    assert ticked in client.get(chosen).text
    assert f'name="clinic.devices" value="{OWN}"' in client.get(new).text
    owner.set_offered(own.id, offered=False)
    assert ticked in client.get(chosen).text
    assert f'name="clinic.devices" value="{OWN}"' not in client.get(new).text
    owner.set_offered(own.id, offered=True)


def test_no_form_names_a_file_of_this_machine(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret.toml").write_bytes(WEAK)
    monkeypatch.chdir(tmp_path)
    for name in ("secret", "secret.toml", f"{tmp_path}/secret.toml"):
        answer = client.post(f"{begun(client)}/plan", data=ANSWERS | {"clinic.devices": name, "revision": "1"})
        assert (answer.status_code, "unknown device" in answer.text.lower()) == (422, True)
