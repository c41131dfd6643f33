"""Make a plan in a subprocess, which can be killed at any moment and leaves the web server its processor time.

The subprocess runs a command line of its own: it starts as fresh as `skinbeam consult` and uses parallel processes in
the same way. It has access neither to the database nor to its key: it gets answers, a photograph and a folder, and
writes its files there. For guests, who wait for their plan and nothing else, it is made in the server's own process.
"""

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from skinbeam._version import __version__
from skinbeam.api.preview import DOCUMENT_FILE
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.parallel import listen_to_progress
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.text import ENGLISH, Message, use_language
from skinbeam.what_if.chosen_setting import ChosenSetting
from skinbeam.workflow import PREVIEW_FOLDER, consult
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.photograph_marks import confirmed_places
from skinbeam_clinic.models import NewPlan
from skinbeam_clinic.plans.document import progress_line
from skinbeam_clinic.plans.worker_process import StepListener, compute_in_subprocess, send_result

__all__ = [
    "PHOTOGRAPH_FILE",
    "PLAN_FILES",
    "SETTINGS_FILE",
    "make_plan_in_process",
    "make_plan_in_subprocess",
    "preview_name",
]

PLAN_FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf", "run.json")
PHOTOGRAPH_FILE = "photograph"  # error messages name this file
SETTINGS_FILE = "settings.json"  # the settings that a clinician chose
_PLAN_FOLDER = "made"


@dataclass(frozen=True)
class _PlanIdentity:
    """What identifies a plan beside its files."""

    case_sha256: str
    plan_sha256: str
    seed: int
    draws: int
    version: str


def make_plan_in_subprocess(
    submission: Submission, home: Path, on_progress: StepListener, language: str = ENGLISH
) -> NewPlan:
    """Make the plan for a form's answers with its reports, as the command line does.

    Parameters
    ----------
    home : a folder for this plan alone, which contains the photograph if one was sent, and the settings that a
        clinician chose.
    language : of steps and errors; the plan is English.
    on_progress : called with the current step at least twice a second; an exception that it raises ends the subprocess.

    Raises
    ------
    InputError : the case or the photograph is wrong.
    ProcessEndedError : the subprocess ended without a result.
    ProcessDefectError : the subprocess met a defect.
    """
    last = ""

    def pass_on(step: str) -> None:
        nonlocal last
        last = step or last
        on_progress(last)

    identity = compute_in_subprocess(__name__, home, language, pass_on, data=submission.to_json())
    return _read_plan(_PlanIdentity(**identity), home / _PLAN_FOLDER)


def make_plan_in_process(
    submission: Submission, home: Path, on_progress: StepListener, language: str = ENGLISH
) -> NewPlan:
    """Make the plan for a form's answers in this process, which then has what is simulated ready for the next one.

    Parameters
    ----------
    home, language, on_progress : as of `make_plan_in_subprocess`; the plan goes on until it next tells a step.

    Raises
    ------
    InputError : the case or the photograph is wrong.
    """
    return _read_plan(_make_plan(submission, home, language, on_progress), home / _PLAN_FOLDER)


def preview_name(name: str) -> str:
    """Return the name of a plan's file for a preview picture, or for the list of these pictures."""
    return name if name == DOCUMENT_FILE else f"preview-{name}"


def _read_plan(identity: _PlanIdentity, folder: Path) -> NewPlan:
    """Return a plan that was made in a folder, with its files."""
    drawn = sorted((folder / PREVIEW_FOLDER).glob("*")) if (folder / PREVIEW_FOLDER).is_dir() else []
    files = {name: folder / name for name in PLAN_FILES} | {preview_name(path.name): path for path in drawn}
    return NewPlan(**vars(identity), files={name: path.read_bytes() for name, path in files.items()})


def _make_sent_plan(home: Path, language: str, send_step: StepListener) -> dict[str, str | int]:
    """Run in the subprocess: make the plan of the answers that were sent to it, and tell its steps."""
    sent = Submission.from_json(sys.stdin.buffer.read())
    return asdict(_make_plan(sent, home, language, send_step))


def _make_plan(submission: Submission, home: Path, language: str, on_progress: StepListener) -> _PlanIdentity:
    """Make a plan in the folder, and return what identifies it."""
    settings = json.loads((home / SETTINGS_FILE).read_bytes()) if (home / SETTINGS_FILE).exists() else []
    chosen = tuple(map(ChosenSetting.from_record, settings))

    def hear(step: Message | ConcernPlan) -> None:
        with use_language(language):
            on_progress(progress_line(step))

    with listen_to_progress(hear):
        with use_language(language):
            consultation = check_consultation(
                case_from_form(submission, home),
                home / PHOTOGRAPH_FILE if submission.photo else None,
                with_records=True,
            )
        plan, _ = consult(
            consultation,
            home / _PLAN_FOLDER,
            language=language,
            chosen=chosen,
            confirmed_marks=confirmed_places(submission),
        )
    return _PlanIdentity(plan.case_sha256, plan.plan_sha256, plan.seed, plan.draws, __version__)


if __name__ == "__main__":
    send_result(_make_sent_plan)
