"""The examples under `deploy/`: every file, option, variable and address in them is there, and nothing runs as root."""

import http.server
import itertools
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import typer.main
from paths import ROOT

from skinbeam.cli.commands import full_app
from skinbeam_clinic.access import ROUTES
from skinbeam_clinic.database.encryption import read_keys
from skinbeam_clinic.diaries.views import DIARY_PATH
from skinbeam_clinic.web.security import MAX_BODY_BYTES

DEPLOY = ROOT / "deploy"
SOURCES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in [*(ROOT / "skinbeam").rglob("*.py"), *(ROOT / "skinbeam_clinic").rglob("*.py")]
)
MANUAL = (ROOT / "docs" / "guide" / "serving.md").read_text(encoding="utf-8")
PORT = 8000
SERVICES = sorted(path.name for path in DEPLOY.glob("*.service"))
TIMERS = sorted(path.name for path in DEPLOY.glob("*.timer"))
HARDENED = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "RestrictSUIDSGID": "yes",
    "CapabilityBoundingSet": "",
    "UMask": "0077",
}


def instructions() -> list[tuple[str, str]]:
    """The steps of the container file, each on one line."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def arguments_of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def settings(name: str) -> dict[str, list[str]]:
    """What a unit sets, under each name all of it in order."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in (DEPLOY / name).read_text(encoding="utf-8").replace("\\\n", "").splitlines():
        if line and line[0] not in "#[":
            name, _, value = line.partition("=")
            found[name].append(value)
    return found


def check_command(words: list[str]) -> None:
    """Have the command line read what would be started, as far as it can without starting it."""
    command: Any = typer.main.get_command(full_app())
    while hasattr(command, "commands"):
        command, *words = command.commands[words[0]], *words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    assert [word for word in words if word.startswith("--") and word not in known] == []
    command.make_context("skinbeam", words).close()


def test_a_container_is_built_from_the_lock_file_alone() -> None:
    (installs, ours) = [rest for rest in arguments_of("RUN") if "pip install" in rest]
    for option in ("--require-hashes", "--no-deps", "--only-binary :all:", "-r serve.lock"):
        assert option in installs
    assert "--no-deps" in ours
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored, "what is not named does not even reach the builder"
    for rest in arguments_of("COPY"):
        if not rest.startswith("--from"):
            *sources, _ = rest.split()
            assert all((ROOT / source).exists() for source in sources)
            assert {f"!{source}" for source in sources} <= set(ignored)


def test_a_container_runs_as_nobody_and_holds_no_secret() -> None:
    last_stage = [word for word, _ in instructions()][::-1].index("FROM")
    user = [rest for word, rest in instructions()[-last_stage:] if word == "USER"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", user[-1])
    words = [word for word, _ in instructions()]
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :]), "nothing of the image is its own"
    assert not re.search(r"SKINBEAM_(KEY|METRICS_TOKEN)=", str(instructions()))


def test_every_variable_and_option_of_the_examples_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKINBEAM_DB", "clinic.sqlite")
    variables: list[str] = []
    for name in SERVICES:
        variables += (unit := settings(name))["Environment"]
        for start in unit["ExecStart"]:
            check_command(shlex.split(start)[1:])
    (entry,), (begins,) = arguments_of("ENTRYPOINT"), arguments_of("CMD")
    assert json.loads(entry) == ["skinbeam"]
    check_command(json.loads(begins))
    names = re.findall(r"\b(SKINBEAM_\w+)=", " ".join([*arguments_of("ENV"), *variables]))
    names += re.findall(r"\bSKINBEAM_\w+", MANUAL)
    assert len(names) > 8
    assert [name for name in names if f'"{name}"' not in SOURCES] == []


def test_what_the_manual_starts_in_a_container_is_known() -> None:
    started = re.findall(r"^  skinbeam (serve .+)$|\$shut skinbeam (.+)$", MANUAL, flags=re.M)
    commands = [shlex.split(one or other) for one, other in started]
    assert [words[0] for words in commands] == ["records", "records", "serve"]
    check_command(commands[-1])
    run = re.findall(r"(?<=:)/[\w/-]+(?=[\s\":])", MANUAL[MANUAL.index("shut=") : MANUAL.index("podman run")])
    volumes = json.loads(*arguments_of("VOLUME"))
    assert set(volumes) <= set(run)


def test_every_folder_that_a_read_only_container_is_given_something_in_can_be_written_to() -> None:
    """Where podman puts a secret or a volume, it makes a file first, for which the root of such a container is shut."""
    options = shlex.split(MANUAL[MANUAL.index('shut="') + len('shut="') : MANUAL.index('"\npodman run')])
    given = {name: [value for option, value in itertools.pairwise(options) if option == name] for name in options}
    assert "--read-only" in given
    open_folders = {value.partition(":")[0] for value in given["--tmpfs"]}
    key = re.search(r"SKINBEAM_KEY_FILE=(\S+)", (DEPLOY / "Containerfile").read_text(encoding="utf-8"))
    assert key is not None
    secrets = {f"/run/secrets/{value.partition(',')[0]}" for value in given["--secret"]}
    assert secrets == {key[1]}
    assert {str(Path(one).parent) for one in secrets} <= open_folders


@pytest.mark.parametrize(("status", "ends"), [(200, 0), (503, 1)])
def test_the_health_check_of_a_container_ends_as_the_server_is(status: int, ends: int) -> None:
    asked: list[str] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    (check,) = arguments_of("HEALTHCHECK")
    python, *words = json.loads(check[check.index("CMD") + 3 :])
    assert python == "python"
    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = [word.replace(str(PORT), str(server.server_port)) for word in words]
        done = subprocess.run([sys.executable, *here], capture_output=True, timeout=30, check=False)
        server.shutdown()
    assert (done.returncode, asked) == (ends, ["/health"])
    assert ("GET", "/health") in ROUTES
    assert arguments_of("EXPOSE") == [str(PORT)]


@pytest.mark.parametrize("name", SERVICES)
def test_the_unit_shuts_the_program_in(name: str) -> None:
    unit = settings(name)
    for setting, value in HARDENED.items():
        assert unit[setting] == [value], setting
    assert unit["User"] not in ([], ["root"])
    (credential,) = unit["LoadCredential"]
    assert f"SKINBEAM_KEY_FILE=%d/{credential.split(':')[0]}" in unit["Environment"]
    folders = [f"/var/lib/{state}" for state in unit["StateDirectory"]]
    folders += [f"/var/cache/{cache}" for cache in unit["CacheDirectory"]] + unit["RequiresMountsFor"]
    written = re.findall(r"(?<==)/var/[\w/.]+", " ".join(unit["Environment"]))
    assert written
    assert all(path.startswith(tuple(folders)) for path in written)


def test_the_server_may_end_by_a_signal_and_a_backup_may_not() -> None:
    ends = {name: settings(name)["SuccessExitStatus"] for name in SERVICES}
    assert ends.pop("skinbeam.service") == ["130"]
    assert set(map(tuple, ends.values())) == {()}


def test_backups_go_where_the_rehearsal_looks_for_them() -> None:
    backup, check = settings("skinbeam-backup.service"), settings("skinbeam-check.service")
    (folder,) = backup["ReadWritePaths"]
    assert check["ReadWritePaths"] == [], "what only reads the backups cannot remove them"
    for unit in (backup, check):
        assert f"SKINBEAM_BACKUPS={folder}" in unit["Environment"]
        assert unit["RequiresMountsFor"] == [folder]
    assert f"install -d -o skinbeam -g skinbeam -m 0700 {folder}" in MANUAL


@pytest.mark.parametrize("name", TIMERS)
def test_a_timer_starts_a_unit_and_makes_up_for_what_was_missed(name: str) -> None:
    assert name.replace(".timer", ".service") in SERVICES
    assert settings(name)["Persistent"] == ["true"]
    assert re.search(rf"systemctl enable --now .*\b{name}", MANUAL)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here to read the unit")
@pytest.mark.parametrize("name", SERVICES + TIMERS)
def test_systemd_reads_the_unit_and_finds_it_shut(name: str, tmp_path: Path) -> None:
    for path in [*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")]:  # a timer is read with the unit that it starts
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(
            re.sub(r"(?<=^ExecStart=)\S+", sys.executable, text, flags=re.M), encoding="utf-8"
        )
    unit = tmp_path / name
    checks = (["verify", "--man=no"], ["security", "--offline=yes", "--threshold=20"])
    for words in checks[: 2 if name in SERVICES else 1]:
        done = subprocess.run(["systemd-analyze", *words, str(unit)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""


def directives(words: str) -> list[str]:
    """What nginx's example says under a name, each without its end."""
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    return re.findall(rf"^\s*{words}\s+(.+);$", text, flags=re.M)


def test_nginx_passes_on_what_the_app_decides_by() -> None:
    headers = dict(line.split(maxsplit=1) for line in directives("proxy_set_header"))
    assert headers == {
        "Host": "$http_host",  # not $host, which has no port: a form's origin has one, and would be refused
        "X-Forwarded-For": "$remote_addr",  # not what the client claims
        "X-Forwarded-Proto": "$scheme",
    }
    (size,) = directives("client_max_body_size")
    assert int(size.removesuffix("m")) * 1024**2 == MAX_BODY_BYTES
    assert set(directives("proxy_pass")) == {f"http://127.0.0.1:{PORT}"}
    (caddy,) = re.findall(r"max_size (\d+)MiB", (DEPLOY / "Caddyfile").read_text(encoding="utf-8"))
    assert int(caddy) * 1024**2 == MAX_BODY_BYTES


def test_both_proxies_have_browsers_keep_to_encryption() -> None:
    lasts = re.compile(r'Strict-Transport-Security "max-age=(\d+); includeSubDomains"')
    for name in ("nginx.conf", "Caddyfile"):
        (seconds,) = lasts.findall((DEPLOY / name).read_text(encoding="utf-8"))
        assert int(seconds) >= 365 * 24 * 3600, name
    assert directives("ssl_protocols") == ["TLSv1.2 TLSv1.3"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not here to name the ciphers")
def test_nginx_offers_no_cipher_in_blocks_and_none_whose_sessions_one_key_opens() -> None:
    (chosen,) = directives("ssl_ciphers")
    done = subprocess.run(
        ["openssl", "ciphers", "-v", "-s", "-tls1_2", chosen], capture_output=True, text=True, check=True
    )
    ciphers = [line.split() for line in done.stdout.splitlines()]
    assert len(ciphers) > 3
    for name, _, exchange, _, _, code in ciphers:
        assert exchange == "Kx=ECDH", name
        assert code == "Mac=AEAD", name
    assert directives("ssl_session_tickets") == ["off"], "the key of tickets opens every session until it is changed"


def test_nginx_writes_no_photograph_to_its_disk_and_no_key_to_its_log() -> None:
    assert directives("proxy_request_buffering") == ["off"]
    assert directives("proxy_max_temp_file_size") == ["0"]
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    quiet = {
        path
        for path, inside in re.findall(r"location (?:= )?(\S+) \{(.*?)\}", text, re.S)
        if "access_log off" in inside
    }
    keys = {path.partition("{")[0] for method, path in ROUTES if path.startswith(DIARY_PATH) or path == "/calendar.ics"}
    assert quiet == keys == {DIARY_PATH, "/calendar.ics"}
    plain, _ = re.split(r"^    listen 443", text, maxsplit=1, flags=re.M)
    for line in ("access_log off;", "error_log /dev/null;"):
        assert line in plain, "who comes without encryption is sent on, with the key in the address"
    options, _, site = (DEPLOY / "Caddyfile").read_text(encoding="utf-8").partition("laser.clinic.example {")
    assert "exclude http.log.error" in options
    assert not re.search(r"^\s*log\b", site, flags=re.M)


@pytest.mark.skipif(shutil.which("caddy") is None, reason="caddy is not here to read its file")
def test_caddy_reads_its_file_and_logs_no_address() -> None:
    words = ["caddy", "adapt", "--adapter", "caddyfile", "--validate", "--config", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    read = json.loads(done.stdout)
    assert read["logging"]["logs"] == {"default": {"exclude": ["http.log.error"]}}
    assert "logs" not in read["apps"]["http"]["servers"]["srv0"], "requests are not logged"


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not here to read its file")
def test_nginx_reads_its_file(tmp_path: Path) -> None:
    made = f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {tmp_path}/key.pem -out {tmp_path}/cert.pem"
    subprocess.run(shlex.split(made), check=True, capture_output=True)
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    (tmp_path / "site.conf").write_text(re.sub(r"/etc/ssl/[^/]+", str(tmp_path), text), encoding="utf-8")
    whole = f"pid {tmp_path}/pid; error_log {tmp_path}/log; events {{}} http {{ include {tmp_path}/site.conf; }}"
    (tmp_path / "nginx.conf").write_text(whole, encoding="utf-8")
    words = ["nginx", "-t", "-c", f"{tmp_path}/nginx.conf"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_the_key_that_the_manual_makes_is_a_key() -> None:
    (line,) = re.findall(r"openssl rand .*(?= > /etc/skinbeam/key)", MANUAL)
    made = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert read_keys({"SKINBEAM_KEY": made}).seal(b"x", "here")
