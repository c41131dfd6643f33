"""Work in copies of a process: the same results, told and sourced as if done here, and nothing left behind.

Each test runs a program of its own: the process of the tests has threads and would do the work itself.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no process is copied")
IMPORTS = """
import os, sys, threading, time
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.text import Message
from skinbeam.plan import parallel as processes
from skinbeam.plan.parallel import run_in_parallel as side_by_side
from skinbeam.plan.parallel import listen_to_progress as heard, report_progress as say
from skinbeam.model.sources import collect_sources as collect, cite_sources as used
assert processes._count_processors() >= 1
processes._count_processors = lambda: 2
"""


def program(body: str) -> list[str]:
    return [sys.executable, "-c", IMPORTS + body]


def printed(body: str) -> str:
    ran = subprocess.run(program(body), cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout.strip()


def test_results_come_in_order_with_what_was_said_and_read() -> None:
    said = """
def work(n):
    say(Message("progress.device", {"concern": "", "device": str(n)})); used(f"source-{n}")
    time.sleep(0.2)
    return n * n, os.getpid()
heard_of = []
with heard(heard_of.append), collect() as sources:
    made = side_by_side(work, [3, 1, 2], on_started=lambda: print("meanwhile"))
print([square for square, _ in made], len({pid for _, pid in made} | {os.getpid()}))
print(sorted(one.params["device"] for one in heard_of), sorted(sources))
"""
    assert printed(said).splitlines() == [
        "meanwhile",
        "[9, 1, 4] 3",
        "['1', '2', '3'] ['source-1', 'source-2', 'source-3']",
    ]


def test_a_process_with_threads_does_the_work_itself() -> None:
    body = """
threading.Thread(target=time.sleep, args=[60], daemon=True).start()
print(set(side_by_side(lambda _: os.getpid(), [1, 2])) == {os.getpid()})
"""
    assert printed(body) == "True"


def test_errors_come_back_whole() -> None:
    body = """
def work(error): raise error
other = InputError("b-code", "b message", field="b.field", hint="B hint.")
first = InputError("a-code", "a message", field="a.field", hint="A hint.", file="a.toml")
for error in (first.with_further_errors([other]), NotAvailable("a reason", body={"key": 1})):
    try:
        side_by_side(work, [error, error])
    except type(error) as came:
        print(str(vars(came)) == str(vars(error)), str(came) == str(error))
"""
    assert printed(body).splitlines() == ["True True"] * 2


def test_a_copy_that_is_ended_from_outside_is_no_silent_hang() -> None:
    body = """
try:
    side_by_side(lambda n: os.kill(os.getpid(), 9) if n else time.sleep(60), [0, 1])
except ChildProcessError:
    print("told")
"""
    assert printed(body) == "told"


def test_copies_run_kernels_where_kernels_ran_before() -> None:
    """GNU OpenMP, which Numba's parallel kernels run on, ends a copy of a process in which it had begun."""
    body = """
import numpy as np
from skinbeam.physics.numerics.interpolation import interpolate_history
from skinbeam.physics.numerics.threads import map_in_threads
def work(n):
    return float(interpolate_history(np.array([[0.0, 2.0]]), np.array([[[0.0, n]]]), np.array([[1.0]]))[0, 0, 0])
assert map_in_threads(lambda n: n + 1, [1, 2]) == [2, 3]
print(side_by_side(work, [1, 2]))
"""
    assert printed(body) == "[0.5, 1.0]"


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_copy_outlives_its_process(ending: signal.Signals) -> None:
    body = """
from skinbeam.cli.interruption import end_on_signal as ended_when_asked
def work(n):
    say(Message("progress.device", {"concern": "", "device": str(os.getpid())}))
    time.sleep(600)
with ended_when_asked(until_exit=True), heard(lambda one: print(one.params["device"], flush=True)):
    side_by_side(work, [1, 2])
"""
    with subprocess.Popen(program(body), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        copies = [int(running.stdout.readline()) for _ in range(2)]
        assert running.pid not in copies
        running.send_signal(ending)
        running.wait(timeout=10)
    deadline = time.monotonic() + 2
    while any(map(_runs, copies)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(_runs, copies))


def _runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be asked how does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.check
def test_a_consultation_is_the_same_on_one_processor(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(
        '[patient]\nage_years = 40\nphototype = "II"\n[clinic]\ndevices = ["qs-ndyag-532-1064", "er-yag-2940"]\n'
        + "".join(
            f'[[concern]]\ncondition = "{condition}"\nsite = "cheeks"\narea_cm2 = 4.0\n'
            for condition in ("freckles", "wrinkles")
        ),
        encoding="utf-8",
    )
    body = """
from pathlib import Path
from skinbeam.plan.case_check import check_consultation
from skinbeam.workflow import consult
from skinbeam.model.input_files import load_case
processes._count_processors = lambda: int(sys.argv[1])
consult(check_consultation(load_case(Path(sys.argv[2]) / "case.toml")), Path(sys.argv[2]) / sys.argv[1], draws=60)
"""
    for processors in ("1", "2"):
        subprocess.run([*program(body), processors, str(tmp_path)], cwd=ROOT, check=True, timeout=300)
    one, two = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path / "1", tmp_path / "2")
    )
    assert one == two
    assert Path("plan.json") in one
