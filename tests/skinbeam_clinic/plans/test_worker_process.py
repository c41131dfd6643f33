"""A process that computes for the server knows none of its secrets."""

import ast
import subprocess
from pathlib import Path

import pytest

from skinbeam_clinic.accounts.oidc_provider import SECRET_FILE_VARIABLE, SECRET_VARIABLE
from skinbeam_clinic.database.encryption import KEY_FILE_VARIABLE, KEY_VARIABLE
from skinbeam_clinic.diaries.alarm_notifier import MAIL_VARIABLE
from skinbeam_clinic.monitoring.health import TOKEN_VARIABLE
from skinbeam_clinic.plans.worker_process import start_process

SECRETS = (
    KEY_VARIABLE,
    KEY_FILE_VARIABLE,
    SECRET_VARIABLE,
    SECRET_FILE_VARIABLE,
    MAIL_VARIABLE,
    TOKEN_VARIABLE,
    "SKINBEAM_DB",  # an address that may have a password in it
    "PGPASSWORD",  # libpq reads it (PostgreSQL documentation, 32.15)
)


def test_the_process_inherits_no_secret_and_what_it_needs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "a-secret")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # where compiled kernels are
    (tmp_path / "tell_environment.py").write_text("import os\nprint(dict(os.environ))\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with start_process("tell_environment", nice=5, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        inherited = ast.literal_eval(process.stdout.read().decode())
    assert "a-secret" not in inherited.values()
    assert inherited["XDG_CACHE_HOME"] == str(tmp_path)
