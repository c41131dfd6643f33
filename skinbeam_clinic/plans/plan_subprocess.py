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
from skinbeam.api.preview import DOCUMENT_FILE
from skinbeam.model.errors import InputError, SkinbeamError
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.parallel import end_with_parent, listen_to_progress
from skinbeam.plan.records import ConcernPlan
from skinbeam.text import ENGLISH, Message, use_language
from skinbeam.workflow import PREVIEW_FOLDER, consult
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.encryption import KEY_FILE_VARIABLE, KEY_VARIABLE
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.monitoring.json_log import configure_logging
from skinbeam_clinic.plans.document import progress_line

__all__ = [
    "PHOTOGRAPH_FILE",
    "PLAN_FILES",
    "PlanDefectError",
    "PlanProcessError",
    "make_plan_in_subprocess",
    "preview_name",
]

PLAN_FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf", "run.json")
PHOTOGRAPH_FILE = "photograph"  # this name is told in complaints
_PLAN_MADE = "made"
_HEARTBEAT_S = 0.5
# Pages come first. A session of its own would have a share of its own, whatever it is worth (Linux's autogroups).
_NICE = 10

ProgressListener = Callable[[str], None]
_log = logging.getLogger(__name__)


class PlanProcessError(SkinbeamError):
    """The process ended without a word: killed from outside, or out of memory."""


class PlanDefectError(SkinbeamError):
    """The process met a defect, and has told the log."""


def make_plan_in_subprocess(sent: Submission, home: Path, heed: ProgressListener, language: str = ENGLISH) -> NewPlan:
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
    environment = {name: value for name, value in os.environ.items() if name not in (KEY_VARIABLE, KEY_FILE_VARIABLE)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
            with suppress(BrokenPipeError), process.stdin as answers:
                answers.write(json.dumps({"entries": sent.entries, "photo": sent.photo}).encode())
            return _await_plan(process.stdout, home / _PLAN_MADE, heed)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # whatever it started goes with it


def preview_name(name: str) -> str:
    """Return the name under which a plan keeps a picture of what may come, or their list."""
    return name if name == DOCUMENT_FILE else f"preview-{name}"


def _await_plan(told: IO[bytes], folder: Path, heed: ProgressListener) -> NewPlan:
    """Wait for the plan, and pass on each step."""
    last = ""
    for line in _read_lines(told):
        step = json.loads(line or "{}")
        if "fault" in step:
            raise InputError(**step["fault"])
        if "defect" in step:
            raise PlanDefectError("a defect while a plan was made")
        if "made" in step:
            drawn = sorted((folder / PREVIEW_FOLDER).glob("*")) if (folder / PREVIEW_FOLDER).is_dir() else []
            files = {name: folder / name for name in PLAN_FILES} | {preview_name(path.name): path for path in drawn}
            return NewPlan(**step["made"], files={name: path.read_bytes() for name, path in files.items()})
        last = step.get("said", last)
        heed(last)
    raise PlanProcessError("the process that makes a plan ended without a word")


def _read_lines(told: IO[bytes]) -> Iterator[bytes]:
    """Give each line, and an empty one where none has come for a while."""
    rest = b""
    while True:
        if not wait([told.fileno()], _HEARTBEAT_S):
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
    configure_logging()
    told = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no step

    def tell(**step: Any) -> None:
        os.write(told, json.dumps(step).encode() + b"\n")

    def hear(what: Message | ConcernPlan) -> None:
        with use_language(language):
            tell(said=progress_line(what))

    read = json.load(sys.stdin)
    sent = Submission(tuple((name, words) for name, words in read["entries"]), read["photo"])
    try:
        with listen_to_progress(hear):
            with use_language(language):
                consultation = check_consultation(
                    case_from_form(sent, home), home / PHOTOGRAPH_FILE if sent.photo else None
                )
            plan, _ = consult(consultation, home / _PLAN_MADE, language=language)
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
