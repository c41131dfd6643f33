"""Fixtures that several test modules use."""

import gc
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from skinbeam.cli import main
from skinbeam.cli.runner import GARBAGE_COLLECTION_THRESHOLD, LIBRARY_ENVIRONMENT

# As the command has them, also for what tests call without it and for the processes that they start.
os.environ.update(LIBRARY_ENVIRONMENT | os.environ)
# A failed assertion of a helper says what differs, as one of a test does.
pytest.register_assert_rewrite(*(file.stem for file in (Path(__file__).parent / "helpers").glob("*.py")))

from app_samples import Planner
from hypothesis import HealthCheck, Phase, settings
from playwright.sync_api import Playwright, sync_playwright
from starlette.testclient import TestClient
from store import open_store

from skinbeam_clinic.guest_clinic.server import open_guest_app
from skinbeam_clinic.plans.plan_subprocess import make_plan_in_process

# How long one example takes says how busy the machine is, and nothing of what is promised.
# Explaining which parts of a failing example matter takes minutes with a patient's records, and seconds are enough to
# shrink it.
settings.register_profile(
    "tests",
    deadline=None,
    phases=[phase for phase in Phase if phase is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")
gc.set_threshold(GARBAGE_COLLECTION_THRESHOLD)  # as the command has it
os.fsync = lambda fd: None  # no test cuts the power; what is killed loses nothing that the system holds


def pytest_collection_finish() -> None:
    """Search what was imported and collected for garbage no more: it stays as long as the tests run."""
    gc.freeze()


class Ran(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session", autouse=True)
def store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> None:
    """One store for all workers: their own folders lie beside each other in that of the run."""
    own = tmp_path_factory.getbasetemp()
    open_store((own if worker_id == "master" else own.parent) / "store")


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The one driver of all browsers; a thread can have only one, and no event loop beside it."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """The command line, in this process."""

    def one(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as left:
            main(list(arguments))
        assert isinstance(left.value.code, int)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(left.value.code, out, err)

    return one


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """A browser's side of the app of guests, in this process; `planner` makes its plans where a test has one."""
    make = request.getfixturevalue("planner") if "planner" in request.fixturenames else make_plan_in_process
    with (
        open_guest_app(make_plan=make) as app,
        TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as made,
    ):
        yield made


@pytest.fixture
def planner() -> Planner:
    """A stand-in for the planning behind the app."""
    return Planner()
