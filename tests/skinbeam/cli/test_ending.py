"""Ctrl-C and SIGTERM end the command at once and leave nothing; a program that calls it is left as it was."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from paths import ROOT

from skinbeam.cli import main

BOTH = pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
# What is asserted of times leaves room for a busy machine; the processes would run for a minute.
SOON_S = 5.0


def started(program: str, *arguments: str) -> subprocess.Popen[str]:
    """A program that is ended when asked, once it has said that it is ready."""
    head = (
        "import sys, time\nfrom pathlib import Path\nfrom skinbeam.cli.interruption import end_on_signal as "
        "ended_when_asked\n"
    )
    body = "".join(f"    {line}\n" for line in program.splitlines())
    running = subprocess.Popen(
        [sys.executable, "-c", f"{head}with ended_when_asked(until_exit=True):\n{body}", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert running.stdout is not None
    assert running.stdout.readline().startswith("ready")
    return running


def ends_at_once(running: subprocess.Popen[str], asked: signal.Signals) -> None:
    begun = time.monotonic()
    running.send_signal(asked)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (130, "", "")
    assert time.monotonic() - begun < SOON_S


@BOTH
def test_a_callback_of_compiled_code_neither_swallows_it_nor_dies_of_it(asked: signal.Signals) -> None:
    """What is raised in such a callback is printed and forgotten, or the process dies of it."""
    compare = (
        "import ctypes\n"
        "kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)\n"
        "def compare(a, b):\n"
        "    print('ready', flush=True)\n"
        "    until = time.monotonic() + 60\n"
        "    while time.monotonic() < until:\n"
        "        pass\n"
        "    return 0\n"
        "ctypes.CDLL(None).qsort((ctypes.c_int * 2)(2, 1), 2, 4, kind(compare))\n"
    )
    ends_at_once(started(compare), asked)


@BOTH
def test_compiled_code_that_comes_back_late_is_not_waited_for(asked: signal.Signals) -> None:
    ends_at_once(started("import ctypes\nprint('ready', flush=True)\nctypes.CDLL(None).usleep(60_000_000)\n"), asked)


@BOTH
def test_what_is_half_written_goes(asked: signal.Signals, tmp_path: Path) -> None:
    writes = (
        "from skinbeam.model.atomic_files import temporary_path as unfinished, work_folder\n"
        "here = Path(sys.argv[1])\n"
        "with unfinished(here / 'a') as one, work_folder(here, 'b') as other:\n"
        "    (here / 'mine').write_text('whole')\n"
        "    one.write_text('half')\n"
        "    print('ready', flush=True)\n"
        "    for k in range(1_000_000):\n"
        "        (other / f'{k}').write_text('half')\n"
        "        time.sleep(0.001)\n"
    )
    running = started(writes, str(tmp_path))
    time.sleep(0.2)
    ends_at_once(running, asked)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine"]


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@BOTH
def test_processes_that_it_started_end_too(asked: signal.Signals, tmp_path: Path) -> None:
    starts = (
        "import multiprocessing, subprocess\n"
        'inner = \'import subprocess; p = subprocess.Popen(["sleep", "60"]); print(p.pid, flush=True); p.wait()\'\n'
        "outer = subprocess.Popen([sys.executable, '-c', inner], stdout=subprocess.PIPE, text=True)\n"
        "forked = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "forked.start()\n"
        "Path(sys.argv[1]).write_text(f'{outer.pid} {forked.pid} {outer.stdout.readline()}')\n"
        "print('ready', flush=True)\n"
        "forked.join()\n"
    )
    file = tmp_path / "started"
    running = started(starts, str(file))
    children = [int(word) for word in file.read_text().split()]
    assert len(children) == 3
    assert all(map(alive, children))
    ends_at_once(running, asked)
    until = time.monotonic() + SOON_S
    while any(map(alive, children)) and time.monotonic() < until:  # a grandchild is reaped by the system
        time.sleep(0.05)
    assert not any(map(alive, children))


def test_a_forked_process_may_be_ended_alone(tmp_path: Path) -> None:
    alone = (
        "import multiprocessing\n"
        "forked = multiprocessing.get_context('fork').Process(target=time.sleep, args=(60,))\n"
        "forked.start()\n"
        "print('ready', flush=True)\n"
        "time.sleep(0.2)\n"
        "forked.terminate()\n"
        "forked.join()\n"
        "print('lived on', forked.exitcode)\n"
    )
    running = started(alone)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out.split(), err) == (0, ["lived", "on", "-15"], "")


def test_who_takes_the_signal_over_answers_it() -> None:
    over = (
        "import signal\n"
        "heard = []\n"
        "signal.signal(signal.SIGTERM, lambda *_: heard.append('answered'))\n"
        "print('ready', flush=True)\n"
        "while not heard:\n"
        "    time.sleep(0.01)\n"
        "time.sleep(0.5)\n"
        "print(*heard)\n"
    )
    running = started(over)
    running.send_signal(signal.SIGTERM)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (0, "answered\n", "")


@BOTH
def test_a_run_that_is_done_is_not_broken_off(asked: signal.Signals) -> None:
    """While Python takes itself down nobody can answer any more: what was asked for is done."""
    done = (
        "import os\n"
        "class Late:\n"
        "    def __del__(self, kill=os.kill, pid=os.getpid()):\n"
        f"        kill(pid, {int(asked)})\n"
        "kept = Late()\n"
        "print('ready')\n"
    )
    running = started(done)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("begun", "ending"),
    [
        ("atexit.register(print, 'registered')", "registered\n"),
        ("threading.Thread(target=lambda: (time.sleep(0.5), print('thread'))).start()", "thread\n"),
        ("ThreadPoolExecutor(1).submit(lambda: (time.sleep(0.5), print('pool')))", "pool\n"),
    ],
)
def test_a_command_that_is_done_waits_for_what_was_begun(begun: str, ending: str) -> None:
    head = "import atexit, sys, threading, time\nfrom concurrent.futures import ThreadPoolExecutor\n"
    code = f"{head}from skinbeam.cli import main\n{begun}\nsys.argv = ['skinbeam', '--version']\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.startswith("skinbeam ")
    assert done.stdout.endswith(ending)
    assert done.stderr == ""


def test_a_program_that_calls_the_command_line_is_left_as_it_was() -> None:
    before = [signal.getsignal(asked) for asked in (signal.SIGINT, signal.SIGTERM)]
    threads = set(threading.enumerate())
    with pytest.raises(SystemExit):
        main(["--version"])
    assert [signal.getsignal(asked) for asked in (signal.SIGINT, signal.SIGTERM)] == before
    woken = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(woken)
    assert woken == -1
    until = time.monotonic() + SOON_S
    while set(threading.enumerate()) - threads and time.monotonic() < until:
        time.sleep(0.01)
    assert set(threading.enumerate()) <= threads
