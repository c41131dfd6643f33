"""A real server at work: what it writes on its streams and on its disk holds no secret and nobody's name."""

import base64
import datetime
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pyotp
import pytest
from clinic_samples import HOME, PASSWORD, Clinics, two_clinics
from diary_samples import treated

from skinbeam_clinic.access import Role
from skinbeam_clinic.database.connection import FILES_VARIABLE
from skinbeam_clinic.database.encryption import KEY_VARIABLE, generate_key
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.diaries.models import DiaryNote
from skinbeam_clinic.monitoring.health import TOKEN_VARIABLE

pytestmark = pytest.mark.check

PATIENCE_S = 90.0
WRONG, LATER = "a wrong secret phrase", "quite another secret phrase"
PERSON = {
    "name": "Synthia Loggedname",
    "phone": "030 555 0147",
    "email": "synthia@logged.example",
    "born": "1961-02-03",
}
WORDS = "my cheek burns since Tuesday"  # of a patient
MONITOR, MAIL_PASSWORD, MAIL_RECEIVER = "monitor-token-4711", "mail-password-0815", "night@logged.example"
# What pages show by their nature and what stands in the database in the open: names of members and pseudonyms.
OPEN_ON_DISK = {"member": "clinician", "pseudonym": "LOGGED-1"}


@dataclass
class Written:
    """What a server wrote, and the secrets that it was given or handed out, each under what it is."""

    streams: str = ""
    folder: Path = field(default_factory=Path)
    secrets: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    folder, key = tmp_path_factory.mktemp("written"), generate_key()
    found = Written(folder=folder)
    found.secrets |= {"key": key, "password": PASSWORD, "wrong password": WRONG, "new password": LATER}
    found.secrets |= PERSON | {"words": WORDS, "monitor": MONITOR, "mail": MAIL_PASSWORD, "receiver": MAIL_RECEIVER}
    with two_clinics(folder, key=key) as clinics:
        found.secrets["diary link"] = ring(clinics)
        with served(folder, key) as (url, process):
            work(url, found.secrets)
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE_S)
        found.streams = "".join((folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        yield found


def ring(clinics: Clinics) -> str:
    """Have a diary raise an alarm, which the server tries to send by mail, and return the token of its link."""
    repositories, until = (
        clinics.repositories(Role.CLINICIAN),
        datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=9),
    )
    token = repositories.diaries.create_link(
        treated(repositories, days_ago=2.0).treatment, language="en", until=until
    ).token
    warning = DiaryNote(4, "strong", ("fever",), WORDS)
    DiaryAccess(clinics.database).open(token).add_entry("0" * 32, 1, warning, photograph=None, alarm=True)
    return token


@contextmanager
def served(folder: Path, key: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    (folder / "tmp").mkdir()
    environment = {
        KEY_VARIABLE: key,
        FILES_VARIABLE: str(folder / "files"),
        "SKINBEAM_DB": str(folder / "clinic.sqlite"),
        "TMPDIR": str(folder / "tmp"),
        TOKEN_VARIABLE: MONITOR,
        "SKINBEAM_SMTP": f"smtps://sender:{MAIL_PASSWORD}@127.0.0.1:9",  # where nothing listens
        "SKINBEAM_ALARM_FROM": "clinic@logged.example",
        "SKINBEAM_ALARM_TO": MAIL_RECEIVER,
    }
    command = [sys.executable, "-m", "skinbeam", "serve", "--port", str(port)]
    with (
        (folder / "out").open("wb") as out,
        (folder / "err").open("wb") as err,
        subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=err) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        with httpx2.Client(transport=httpx2.HTTPTransport(retries=12)) as client:  # until it listens
            client.get(f"{url}/health", timeout=PATIENCE_S)
        try:
            yield url, process
        finally:
            process.kill()


def work(url: str, secrets: dict[str, str]) -> None:
    """Sign in, be refused, keep a patient, make every kind of token, and send what breaks."""
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        for password in (WRONG, PASSWORD):
            client.post("/sign-in", data={"house": HOME, "name": "clinician", "password": password})
        secrets["session"], secrets["browser"] = client.cookies["skinbeam"], client.cookies["skinbeam-browser"]
        patient = client.post("/patients", data={"pseudonym": OPEN_ON_DISK["pseudonym"]}).headers["location"]
        version = re.search(r'name="version" value="(\w*)"', client.get(f"{patient}/contact").text)
        assert version is not None
        assert client.post(f"{patient}/contact", data=PERSON | {"version": version[1]}).status_code == 303
        client.post("/search", data={"pseudonym": PERSON["name"]})
        client.get(patient, params={"asked": WORDS})
        client.get(f"/patients/{PERSON['name']}")
        feed = re.search(r"calendar\.ics\?token=([\w-]+)", client.post("/feeds").text)
        assert feed is not None
        secrets["feed"] = feed[1]
        assert client.get("/calendar.ics", params={"token": feed[1]}).status_code == 200
        client.get("/calendar.ics", params={"token": f"{feed[1]}x"})
        client.get(f"/diary/{secrets['diary link']}")
        client.get(f"/diary/{secrets['diary link'][:-1]}x")
        codes(client, secrets)
        client.post("/account/password", data={"old": PASSWORD, "new": LATER})
        client.post("/sign-in", data={"house": HOME, "name": "clinician", "password": LATER})
        secrets["session before the code"] = client.cookies["skinbeam"]
        client.post("/sign-in/code", data={"code": secrets["recovery code"]})
        secrets["last session"] = client.cookies["skinbeam"]
    with httpx2.Client(base_url=url, timeout=PATIENCE_S) as client:
        client.post("/sign-in", data={"house": HOME, "name": "owner", "password": PASSWORD})
        secrets["owner's session"] = client.cookies["skinbeam"]
        client.post("/people", data={"name": "Late", "role": "auditor", "password": LATER, "own": PASSWORD})
        made = re.search(
            r"skinbeam_[\w-]{43}", client.post("/tokens", data={"name": "r", "days": "1", "own": PASSWORD}).text
        )
        assert made is not None
        secrets["token"] = made[0]
        for token in (made[0], f"{made[0]}x"):
            client.get("/fhir/Patient", headers={"authorization": f"Bearer {token}"})
        client.get("/metrics", headers={"authorization": f"Bearer {MONITOR}"})
        client.post("/patients", content=WORDS.encode(), headers={"content-type": "multipart/form-data; boundary=x"})
        client.post("/patients", content=WORDS.encode(), headers={"content-type": "application/json"})
        client.get("/", headers={"host": "logged.example"})
        client.get("/", headers={"x-forwarded-for": WORDS, "cookie": f"skinbeam={WORDS}"})
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_S) as line:
        line.sendall(f"GET /{WORDS} NONSENSE\r\n{WRONG}\r\n\r\n".encode())
        line.recv(1000)


def codes(client: httpx2.Client, secrets: dict[str, str]) -> None:
    """Set up one-time codes, and note their key and a recovery code."""
    address = re.search(r'name="address" value="([^"]+)"', client.get("/account").text)
    assert address is not None
    totp = pyotp.parse_uri(address[1].replace("&amp;", "&"))
    sent = {"address": address[1].replace("&amp;", "&"), "code": totp.now(), "password": PASSWORD}
    shown = re.findall(r"<code>([a-z2-7-]{29})</code>", client.post("/account/codes", data=sent).text)
    secrets["key of codes"], secrets["recovery code"] = totp.secret, shown[0]


def spellings(secret: str) -> set[str]:
    """A secret as it may be written: as it is, in an address, in base64, and as Python prints its bytes."""
    raw = secret.encode()
    ways = {secret, secret.replace(" ", "+"), secret.replace(" ", "%20"), repr(raw)[2:-1]}
    return ways | {base64.b64encode(raw).decode().rstrip("="), base64.urlsafe_b64encode(raw).decode().rstrip("=")}


def find_secrets(text: str, secrets: Mapping[str, str]) -> set[str]:
    return {what for what, secret in secrets.items() if any(way in text for way in spellings(secret))}


def test_the_search_finds_what_is_there() -> None:
    line = f"a line with {WORDS.replace(' ', '%20')}"
    assert find_secrets(line, {"words": WORDS, "mail": MAIL_PASSWORD}) == {"words"}


def test_neither_log_nor_streams_hold_a_secret_or_a_name(written: Written) -> None:
    for route in ("/sign-in", "/search", "/calendar.ics", "/diary/{link}", "/tokens", "/fhir/{kind}", "none"):
        assert f'"route": "{route}"' in written.streams, "or nothing was tried"
    assert len(written.secrets) > 18
    assert find_secrets(written.streams, written.secrets | OPEN_ON_DISK) == set()


def test_the_disk_holds_no_secret_and_nobodys_name(written: Written) -> None:
    paths = [path for path in written.folder.rglob("*") if path.is_file() and path.name not in ("out", "err")]
    assert {"clinic.sqlite"} <= {path.name for path in paths}
    disk = "\n".join(path.read_bytes().decode("latin-1") for path in paths)
    assert OPEN_ON_DISK["pseudonym"] in disk, "the search reads what is there"
    assert find_secrets(disk, written.secrets) == set()


def test_files_are_for_their_user_alone(written: Written) -> None:
    paths = [written.folder / "clinic.sqlite", *(written.folder / "files").rglob("*")]
    assert len(paths) > 1
    assert {path.name for path in paths if path.stat().st_mode & 0o077} == set()
