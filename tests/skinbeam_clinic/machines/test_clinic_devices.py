"""Devices that a clinic describes itself: checked when they are sent, never changed, withdrawn and offered again."""

import datetime
import re

import pytest
from altered_database import run, unguarded
from clinic_samples import Clinics

from skinbeam.laser.case_devices import find_device
from skinbeam.laser.device import devices, read_catalogue_file
from skinbeam.model.case import Case
from skinbeam.model.document import sha256_hex
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import parse_record
from skinbeam_clinic.access import Role
from skinbeam_clinic.machines.clinic_devices import ClinicDevices, OwnDevice
from skinbeam_clinic.machines.own_device_view import view_own_device
from skinbeam_clinic.repositories import ClinicRepositories

DYE = read_catalogue_file("pulsed-dye-595").replace(b'title = "', b'title = "Room 2: ', 1)
FILE = "dye-room-2.toml"
OWN = f"dye-room-2-{sha256_hex(DYE)[:6]}"


def test_a_device_is_added_withdrawn_and_offered_again(repositories: ClinicRepositories) -> None:
    own = repositories.own_devices
    made = own.add(DYE, FILE)
    assert (made.name, made.file, made.text.encode()) == (OWN, f"{OWN}.toml", DYE)
    assert made.device.title.startswith("Room 2: ")
    assert made.device.dose == devices()["pulsed-dye-595"].dose
    assert own.read().own == (own.get(made.id),) == (made,)
    assert set(own.read().all_devices) == set(own.read().offered_devices) == {*devices(), OWN}
    gone = own.set_offered(made.id, offered=False)
    assert gone.withdrawn_at is not None
    assert own.set_offered(made.id, offered=False) == gone
    assert set(own.read().all_devices) - set(own.read().offered_devices) == {OWN}
    assert own.set_offered(made.id, offered=True) == made
    done = [step.action for step in repositories.audit_log.newest(10) if step.subject == f"own_device/{made.id}"]
    assert done == ["own-device.offered", "own-device.withdrawn", "own-device.added"]


@pytest.mark.parametrize(
    ("content", "file", "code"),
    [
        (DYE, "Dye Room.toml", "bad-device-name"),
        (DYE, "dye.txt", "bad-device-name"),
        (DYE, ".toml", "bad-device-name"),
        (DYE, f"{'d' * 41}.toml", "bad-device-name"),
        (DYE, FILE, "device-known"),
        (DYE, f"{OWN}.toml", "device-known"),
        (b"no table", "other.toml", "not-toml"),
        (b"\xff", "other.toml", "not-utf8"),
        (DYE.replace(b"title", b"titel"), "other.toml", "unknown-key"),
        (re.sub(rb'title = "[^"]+"', b'title = " "', DYE), "other.toml", "wrong-value"),
    ],
)
def test_a_device_that_cannot_be_used_is_refused(
    repositories: ClinicRepositories, content: bytes, file: str, code: str
) -> None:
    repositories.own_devices.add(DYE, FILE)
    with pytest.raises(InputError) as refused:
        repositories.own_devices.add(content, file)
    assert refused.value.code == code
    assert len(repositories.own_devices.read().own) == 1


def test_a_corrected_file_is_another_device_of_the_same_words(repositories: ClinicRepositories) -> None:
    """Also one that was saved from here under its name and changed: doses of one say nothing of the other."""
    first = repositories.own_devices.add(DYE, FILE)
    corrected = DYE + b"# its pulses were measured\n"
    second = repositories.own_devices.add(corrected, first.file)
    assert (second.name, second.text.encode()) == (f"dye-room-2-{sha256_hex(corrected)[:6]}", corrected)
    assert {first.name, second.name} < set(repositories.own_devices.read().offered_devices)


def test_a_machine_of_an_own_device_is_listed_with_its_title(clinics: Clinics) -> None:
    owner, repositories = clinics.browser(Role.OWNER), clinics.repositories()
    sent = owner.post("/own-devices", files={"device_file": (FILE, DYE)}, follow_redirects=True)
    assert "595 nm" in sent.text
    machine = {"device": OWN, "serial": "SYN-7", "name": "Dye laser"}
    assert owner.post("/machines", data=machine).status_code == 303
    (own,) = repositories.own_devices.read().own
    assert own.device.title in owner.get("/machines").text
    owner.post(f"/own-devices/{own.id}/offer", data={"offered": "false"})
    page = owner.get("/machines").text
    assert re.search(r"Room 2: [^<]*, serial number SYN-7", page), "a machine of a withdrawn device stays"
    assert f'<option value="{OWN}"' not in page
    refused = owner.post("/machines", data=machine | {"serial": "SYN-8"})
    assert (refused.status_code, "Unknown device" in refused.text) == (422, True)


def test_the_file_of_a_device_is_saved_as_it_was_sent(clinics: Clinics) -> None:
    owner = clinics.browser(Role.OWNER)
    owner.post("/own-devices", files={"device_file": (FILE, DYE)})
    assert owner.get(f"/device-files/{OWN}").content == DYE
    assert owner.get("/device-files/pulsed-dye-595").content == read_catalogue_file("pulsed-dye-595")
    assert owner.get("/device-files/nobody").status_code == 404


def test_a_file_that_cannot_be_used_is_refused_at_its_field(clinics: Clinics) -> None:
    owner = clinics.browser(Role.OWNER)
    wrong = DYE.replace(b"pulse_ms = ", b"pulse_s = ", 1)
    page = owner.post("/own-devices", files={"device_file": (FILE, wrong)}, headers={"accept": "text/html"})
    assert page.status_code == 422
    assert "pulse_s" in page.text
    assert "No device file was chosen" in owner.post("/own-devices", data={}, headers={"accept": "text/html"}).text


def test_a_page_tells_how_a_file_was_read(repositories: ClinicRepositories) -> None:
    own = repositories.own_devices
    dye, columns = own.add(DYE, FILE), own.add(read_catalogue_file("fractional-1565"), "columns.toml")
    assert view_own_device(dye).facts[1:] == ("pulse 0.45 ms to 40 ms", "beam 5, 7, 10, 12, 15 mm", "3 to 20 J/cm²")
    assert view_own_device(columns).facts == ("1565 nm", "pulse 3 ms", "beam 0.14 mm", "10 to 70 mJ for each column")


def test_what_plans_do_not_know_of_a_device_is_shown(repositories: ClinicRepositories) -> None:
    known = repositories.own_devices.add(DYE, FILE)
    assert view_own_device(known).warnings == ()
    strange = DYE.replace(b'classes = ["pdl-595"]\n', b"").replace(b"595", b"640")
    unknown = repositories.own_devices.add(strange, "strange.toml")
    warnings = view_own_device(unknown).warnings
    assert all(warning.startswith("640 nm in pulses of") for warning in warnings)
    assert len(warnings) == len(unknown.device.heads), "its light is of no class"


def test_devices_with_one_title_are_told_apart_by_their_names(repositories: ClinicRepositories) -> None:
    """The file of a known device is saved, changed and added with the title that it had, and a corrected one again."""
    file = read_catalogue_file("pulsed-dye-595")
    first, second = (repositories.own_devices.add(file, f"{word}.toml").name for word in ("first", "second"))
    known = repositories.own_devices.add(DYE, FILE)
    read = repositories.own_devices.read()
    title = devices()["pulsed-dye-595"].title
    assert read.title("pulsed-dye-595") == title
    assert [read.title(name) for name in (first, second)] == [f"{title} ({first})", f"{title} ({second})"]
    assert read.title(known.name) == known.device.title


def test_a_case_names_own_devices_by_their_files() -> None:
    """Also one whose name is the title of another one, or a catalogue name but for a hyphen, as a later release may
    have it."""
    at = datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)
    titled = re.sub(rb'title = "[^"]+"', b'title = "Room 2"', DYE).decode()
    columns = read_catalogue_file("fractional-co2-10600").decode()
    texts = {"room-2": columns, "other": titled, "pulseddye-595": columns}
    known = ClinicDevices(tuple(OwnDevice(name, name, text, at, "Ann", None) for name, text in texts.items()))
    case = parse_record(
        Case,
        {
            "clinic": {"devices": ["room-2", "ktp-532"]},
            "session": [
                {"week": 0, "treats": "acne-scars", "device": name}
                for name in ("pulseddye-595", "room-2", "pulsed-dye-595", "elsewhere")
            ],
            "test_spot": [
                {"device": "other", "site": "cheeks", "fluence_J_cm2": 6, "reaction": "none", "read_after_h": 48}
            ],
        },
        file="form",
    )
    named = known.name_files(case)
    assert named.clinic is not None
    assert named.clinic.devices == ["room-2.toml", "ktp-532"]
    sessions = [find_device(session.device or "", named) for session in named.session]
    expected = (known.find("pulseddye-595"), known.find("room-2"), devices()["pulsed-dye-595"], None)
    assert sessions == list(expected)
    assert [find_device(spot.device, named) for spot in named.test_spot] == [known.find("other")]


def test_a_device_that_was_altered_is_named_and_no_plan_goes_by_it(clinics: Clinics) -> None:
    owner, own = clinics.browser(Role.OWNER), clinics.repositories(Role.OWNER).own_devices
    weak, strong = own.add(DYE, "weak.toml"), own.add(read_catalogue_file("ktp-532"), "strong.toml")
    unguarded(
        clinics.database,
        run(
            "UPDATE own_device SET text_sealed = (SELECT text_sealed FROM own_device AS other "
            f"WHERE other.id = '{strong.id}') WHERE id = '{weak.id}'"
        ),
    )
    page = owner.get("/machines")
    assert (page.status_code, "Device that the clinic describes of " in page.text) == (200, True)
    assert strong.file in page.text
    assert weak.file not in page.text
    with pytest.raises(InputError) as refused:
        own.read()
    assert refused.value.code == "altered-data"
