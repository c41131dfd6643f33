"""A sweep answers each case as the command for one does; what fails is a row; wherever it is cut off, it goes on."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from skinbeam.answers.simulate import simulate_document
from skinbeam.errors import InputError
from skinbeam.schema.load import load_case
from skinbeam.sweeps.answers import ANSWERED, FAILED, PARTLY, value_at
from skinbeam.sweeps.ask import sweep
from skinbeam.sweeps.cluster import check_address
from skinbeam.sweeps.cost import cost_of
from skinbeam.sweeps.file import load_sweep
from skinbeam.sweeps.store import errors_of

CASE = """
[skin]
site = "forearm"
temperature_C = 33.0
[bath]
temperature_C = 60.0
exposure_s = 8.0
"""
SWEEP = """
case = "case.toml"
draws = 2
outputs = ["damage.epidermis_fraction", "temperature_C.basal_peak"]
[axes]
"bath.temperature_C" = {from = 45.0, to = 69.0, steps = 25}
"bath.exposure_s" = {from = 1.0, to = 20.0, steps = 8}
"""
CASES = 200


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    (tmp_path / "case.toml").write_text(CASE, encoding="utf-8")
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    return tmp_path


def test_a_number_is_read_at_its_path_and_a_reason_where_there_is_none() -> None:
    document = {"a": {"median": 2.0, "low": 1.0}, "b": [{"c": True}], "d": {"unknown": "why"}, "e": "word"}
    assert value_at(document, "a") == (2.0, "")
    assert value_at(document, "a.low") == (1.0, "")
    assert value_at(document, "b.0.c") == (1.0, "")
    for path in ("d", "d.median"):
        number, reason = value_at(document, path)
        assert np.isnan(number)
        assert reason == "why"
    for path in ("e", "f", "b.1", "a.median.more"):
        number, reason = value_at(document, path)
        assert np.isnan(number)
        assert "no number" in reason


def test_the_cost_is_told_and_an_output_that_no_answer_has_is_refused_with_the_nearest(desk: Path) -> None:
    cost = cost_of(load_sweep(desk / "sweep.toml"))
    assert cost.cases == CASES
    assert cost.seconds_per_case > 0.0
    assert 1 <= cost.cases_a_block <= CASES
    (desk / "sweep.toml").write_text(SWEEP.replace("epidermis_fraction", "epidermis_part"), encoding="utf-8")
    with pytest.raises(InputError) as told:
        cost_of(load_sweep(desk / "sweep.toml"))
    assert '"damage.epidermis_fraction"' in told.value.hint


def test_a_sweep_of_which_no_case_answers_is_refused_with_the_first_reason(desk: Path) -> None:
    (desk / "sweep.toml").write_text(SWEEP.replace("bath.exposure_s", "bath.exposures"), encoding="utf-8")
    with pytest.raises(InputError) as told:
        cost_of(load_sweep(desk / "sweep.toml"))
    assert "exposures" in told.value.message


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tcp://example.org:8786", "http://127.0.0.1:8786", "x"])
def test_a_scheduler_that_others_could_reach_in_the_open_is_refused(address: str) -> None:
    with pytest.raises(InputError) as told:
        check_address(address)
    assert "tls://" in told.value.hint


@pytest.mark.parametrize("address", ["tls://cluster.example.org:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786"])
def test_an_encrypted_scheduler_and_one_of_this_machine_are_taken(address: str) -> None:
    check_address(address)


@pytest.mark.check
def test_a_case_of_a_sweep_answers_as_it_does_alone_and_one_that_fails_is_a_row(desk: Path) -> None:
    axes = {"bath.exposure_s": [2.0, 8.0, -1.0], "skin.ita_deg": [50.0, 20.0]}
    asked = ["damage.epidermis_fraction", "temperature_C.basal_peak", "microlesion.depth_um"]
    one, two = (sweep(desk / "case.toml", asked, axes=axes, draws=3, workers=count) for count in (1, 2))
    assert one.equals(two)
    (desk / "alone.toml").write_text(
        CASE.replace("exposure_s = 8.0", "exposure_s = 2.0").replace("33.0", "33.0\nita_deg = 20.0"), encoding="utf-8"
    )
    alone = simulate_document(load_case(desk / "alone.toml"), draws=3)
    place = {"bath.exposure_s": 2.0, "skin.ita_deg": 20.0}
    for path in asked[:2]:
        assert float(one[path].sel(place)) == value_at(alone, path)[0]
    failed = one["status"].sel({"bath.exposure_s": -1.0})
    assert (failed == FAILED).all()
    assert (one["status"].sel({"bath.exposure_s": [2.0, 8.0]}) == PARTLY).all()  # a bath leaves no columns
    rows = errors_of(one)
    assert len(rows) == one["status"].size
    assert all("exposure_s" in row["message"] for row in rows if row["status"] == FAILED)
    assert all("microlesion.depth_um" in row["message"] for row in rows if row["status"] == PARTLY)


def started(desk: Path) -> Any:
    command = [sys.executable, "-m", "skinbeam", "sweep", "sweep.toml", "-o", "out.zarr", "--workers", "2", "--json"]
    return subprocess.Popen(command, cwd=desk, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def written(desk: Path) -> dict[str, int]:
    """The files of blocks that were written, and when."""
    folder = desk / "out.zarr" / "status" / "c"
    return {str(file.relative_to(folder)): file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def kill_and_go_on(desk: Path, times: int) -> None:
    """Kill the run, and now and then one of its workers, at random moments, until nothing is left to kill."""
    chance = random.Random(0)
    before: dict[str, int] = {}
    for _ in range(times):
        with started(desk) as running:
            aim = len(before) + chance.randint(1, 4)
            while running.poll() is None and len(written(desk)) < aim:
                time.sleep(0.02)
            if chance.random() < 0.5:
                with contextlib.suppress(OSError):  # either may have ended meanwhile
                    lists = Path(f"/proc/{running.pid}/task").glob("*/children")  # workers are children of a thread
                    children = [int(child) for each in lists for child in each.read_text().split()]
                    for child in chance.sample(children, min(1, len(children))):
                        os.kill(child, signal.SIGKILL)
                time.sleep(chance.random())
            running.kill()
        now = written(desk)
        assert not set(before.items()) - set(now.items())  # nothing lost, nothing written twice
        before = now
    running = started(desk)
    out, err = running.communicate(timeout=600)
    assert running.returncode == 0, err
    assert not set(before.items()) - set(written(desk).items())
    assert b'"answered": 200' in out


def check_whole(desk: Path) -> None:
    """Every case stands, where it belongs: hotter for longer kills more."""
    results = xr.open_zarr(desk / "out.zarr").load()
    assert (results["status"] == ANSWERED).all()
    dead = results["damage.epidermis_fraction"]
    assert (dead.diff("bath.temperature_C") >= 0.0).all()
    assert (dead.diff("bath.exposure_s") >= 0.0).all()
    assert float(dead.min()) < 0.1
    assert float(dead.max()) > 0.9


@pytest.mark.check
def test_a_sweep_that_is_killed_goes_on_and_repeats_nothing(desk: Path) -> None:
    kill_and_go_on(desk, 3)
    check_whole(desk)


@pytest.mark.long
def test_a_sweep_that_is_killed_again_and_again_goes_on_and_repeats_nothing(desk: Path) -> None:
    kill_and_go_on(desk, 12)
    check_whole(desk)


@pytest.mark.check
def test_a_store_of_another_sweep_and_one_that_is_being_written_are_refused(desk: Path) -> None:
    running = started(desk)
    while running.poll() is None and not written(desk):
        time.sleep(0.02)
    second = started(desk)
    out, _ = second.communicate(timeout=120)
    assert second.returncode == 2
    assert b"store-taken" in out
    running.communicate(timeout=300)
    assert running.returncode == 0
    (desk / "sweep.toml").write_text(SWEEP.replace("draws = 2", "draws = 3"), encoding="utf-8")
    other = started(desk)
    out, _ = other.communicate(timeout=120)
    assert other.returncode == 2
    assert b"another-sweep" in out
    (desk / "out.zarr" / "mine.txt").write_text("kept", encoding="utf-8")
    assert (desk / "out.zarr" / "mine.txt").read_text(encoding="utf-8") == "kept"
