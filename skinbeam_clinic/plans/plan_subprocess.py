"""A plan made in a process of its own, which can be ended at any moment and leaves the pages their processor.

The process is a command line of its own: it starts as fresh as `skinbeam consult`, and works side by side as that does.
It knows neither the database nor its key: it is given answers, a photograph and a folder, and writes its files there.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, Any

from skinbeam._version import __version__
from skinbeam.app.case import case_of
from skinbeam.app.clinic.running.lines import begin_lines
from skinbeam.app.forms import Submission
from skinbeam.app.steps import said
from skinbeam.errors import InputError, SkinbeamError
from skinbeam.messages import ENGLISH, Message, speaking
from skinbeam.plan.check import check_consultation
from skinbeam.plan.records import ConcernPlan
from skinbeam.plan.work.processes import end_with_parent
from skinbeam.plan.work.progress import heard
from skinbeam.preview.document import LISTED
from skinbeam.records.kept import Made
from skinbeam.records.store.keys import FILE_VARIABLE, VARIABLE
from skinbeam.report.consult import PREVIEW_FOLDER, consult

__all__ = ["FILES", "PHOTOGRAPH", "BrokenError", "DefectError", "made_apart", "preview_name"]

FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf", "run.json")
PHOTOGRAPH = "photograph"  # this name is told in complaints
_MADE = "made"
_BEAT_S = 0.5
# Pages come first. A session of its own would have a share of its own, whatever it is worth (Linux's autogroups).
_NICE = 10

Heed = Callable[[str], None]
_log = logging.getLogger(__name__)


class BrokenError(SkinbeamError):
    """The process ended without a word: killed from outside, or out of memory."""


class DefectError(SkinbeamError):
    """The process met a defect, and has told the log."""


def made_apart(sent: Submission, home: Path, heed: Heed, language: str = ENGLISH) -> Made:
    """Make the plan of answers with its reports as the command line does.

    Parameters
    ----------
    home : a folder of its own, which holds the photograph where one was sent.
    language : in which steps and faults are told; the plan is English.
    heed : told where the plan is, twice a second at least; what it raises ends the process.

    Raises
    ------
    InputError : the case or the photograph is wrong.
    BrokenError, DefectError : as they say.
    """
    # -P: nothing of the folder that the program was started in is imported in place of a library.
    command = [sys.executable, "-P", "-m", __name__, str(home), language, str(os.getpid())]
    environment = {name: value for name, value in os.environ.items() if name not in (VARIABLE, FILE_VARIABLE)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            with suppress(BrokenPipeError), process.stdin as answers:
                answers.write(json.dumps({"entries": sent.entries, "photo": sent.photo}).encode())
            return _made(process.stdout, home / _MADE, heed)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # whatever it started goes with it


def preview_name(name: str) -> str:
    """Return the name under which a plan keeps a picture of what may come, or their list."""
    return name if name == LISTED else f"preview-{name}"


def _made(told: IO[bytes], folder: Path, heed: Heed) -> Made:
    """Wait for the plan, and pass on each step."""
    last = ""
    for line in _lines(told):
        step = json.loads(line or "{}")
        if "fault" in step:
            raise InputError(**step["fault"])
        if "defect" in step:
            raise DefectError("a defect while a plan was made")
        if "made" in step:
            drawn = sorted((folder / PREVIEW_FOLDER).glob("*")) if (folder / PREVIEW_FOLDER).is_dir() else []
            files = {name: folder / name for name in FILES} | {preview_name(path.name): path for path in drawn}
            return Made(**step["made"], files={name: path.read_bytes() for name, path in files.items()})
        last = step.get("said", last)
        heed(last)
    raise BrokenError("the process that makes a plan ended without a word")


def _lines(told: IO[bytes]) -> Iterator[bytes]:
    """Give each line, and an empty one where none has come for a while."""
    rest = b""
    while True:
        if not wait([told.fileno()], _BEAT_S):
            yield b""
            continue
        got = os.read(told.fileno(), 65536)
        if not got:
            return
        *lines, rest = (rest + got).split(b"\n")
        yield from lines


def _main(home: Path, language: str, parent: int) -> None:
    """What the process does."""
    end_with_parent(parent)
    begin_lines()
    told = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no step

    def tell(**step: Any) -> None:
        os.write(told, json.dumps(step).encode() + b"\n")

    def hear(what: Message | ConcernPlan) -> None:
        with speaking(language):
            tell(said=said(what))

    read = json.load(sys.stdin)
    sent = Submission(tuple((name, words) for name, words in read["entries"]), read["photo"])
    try:
        with heard(hear):
            with speaking(language):
                consultation = check_consultation(case_of(sent, home), home / PHOTOGRAPH if sent.photo else None)
            plan, _ = consult(consultation, home / _MADE, language=language)
    except InputError as error:
        tell(fault=error.as_record())
    except Exception:
        _log.exception("defect while making a plan")
        tell(defect=True)
    else:
        names = ("case_sha256", "plan_sha256", "seed", "draws")
        tell(made={name: getattr(plan, name) for name in names} | {"version": __version__})


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
