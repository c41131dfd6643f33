"""Make and store plans of the demonstration form, one at a time, by the same functions as the command line.

A plan whose client has disconnected is cancelled. The last plans and photographs are in a temporary folder, which is
removed with the app; older ones are removed when new ones are added. The folder of an app that was killed is removed
when the next one starts.
"""

import hashlib
import secrets
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.document import write_atomically
from skinbeam.model.errors import InputError, SkinbeamError
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.plan.case_check import CheckedConsultation, check_consultation
from skinbeam.plan.parallel import ProgressListener, listen_to_progress
from skinbeam.plan_records.plan import ConcernPlan
from skinbeam.text import Message, current_language, render_message
from skinbeam.workflow import consult
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.face_points import PHOTOGRAPH_LOCK, FacePointsView, make_face_points_view
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.web.errors import refusal

__all__ = [
    "DemonstrationPlanner",
    "DemonstrationPlans",
    "RequesterGoneError",
]

_MOST_WAITING = 8

T = TypeVar("T")


class RequesterGoneError(SkinbeamError):
    """The client has disconnected, so nobody waits for the plan any more."""


class DemonstrationPlanner:
    """Makes plans one after the other, with a limited number waiting."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()  # the kernels share one pool of threads, which is not re-entrant
        self._places = threading.BoundedSemaphore(_MOST_WAITING)

    def make(
        self,
        submission: Submission,
        folder: Path,
        photograph: Callable[[], Path | None],
        finish: Callable[[CheckedConsultation], T],
        *,
        is_gone: Callable[[], bool],
        on_progress: ProgressListener,
    ) -> T:
        """Check a form, wait for its turn, and return what `finish` makes of its consultation.

        Parameters
        ----------
        folder : the folder that stands for that of a case file.
        photograph : returns its path; it is called before the plan waits, so that the photograph may be dropped
        meanwhile. gone : whether the client has disconnected; called now and then. hear : called with the progress of
        the plan.

        Raises
        ------
        InputError : the case or the photograph is wrong; no plan was waited for.
        RefusedError : 503, too many plans are waiting.
        RequesterGoneError : the client has disconnected.
        """

        def heed(what: Message | ConcernPlan | None = None) -> None:
            if is_gone():
                raise RequesterGoneError("nobody waits for the plan any more")
            if what is not None:
                on_progress(what)

        loaded = case_from_form(submission, folder)
        with self._waiting_place():
            with PHOTOGRAPH_LOCK:
                heed()
                consultation = check_consultation(loaded, photograph())
            with self._one_at_a_time, listen_to_progress(heed):
                heed()
                return finish(consultation)

    def face_points(self, submission: Submission, photograph: Path) -> FacePointsView:
        """Wait for its turn, and return the photograph of a form with the points of its face.

        Raises
        ------
        InputError : it cannot be read.
        RefusedError : 503, too many are waiting.
        """
        with self._waiting_place(), PHOTOGRAPH_LOCK:
            return make_face_points_view(read_photograph(photograph).rgb, submission)

    @contextmanager
    def _waiting_place(self) -> Iterator[None]:
        """Occupy one of the limited places for waiting plans."""
        if not self._places.acquire(blocking=False):
            raise refusal(503)
        try:
            yield
        finally:
            self._places.release()


_MOST_PLANS = 16


@dataclass(frozen=True)
class _StoredPlan:
    folder: Path
    key: tuple[str, str]  # the hash of the case, and the language
    submission: Submission


class DemonstrationPlans:
    """Makes plans, one at a time, and stores the last of them until `close`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._root = self._stack.enter_context(work_folder(Path(tempfile.gettempdir()), "skinbeam-app"))
        self._plans: OrderedDict[str, _StoredPlan] = OrderedDict()
        self._photographs: OrderedDict[str, Path] = OrderedDict()
        self._planner = DemonstrationPlanner()
        self._keeping = threading.Lock()  # the same photograph may come twice at once

    def close(self) -> None:
        """Remove all plans and photographs."""
        self._stack.close()

    def folder(self, name: str) -> Path | None:
        """Return the folder of a plan's files, or None when the plan is not stored."""
        kept = self._plans.get(name)
        return None if kept is None else kept.folder

    def submission(self, name: str) -> Submission | None:
        """Return the form from which a plan was made, or None when the plan is not stored."""
        kept = self._plans.get(name)
        return None if kept is None else kept.submission

    def store_photograph(self, content: bytes) -> str:
        """Store a photograph until the form is sent again, and return its SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._root / digest / "photograph"  # error messages contain this file name
        with self._keeping:
            if digest not in self._photographs:
                write_atomically(path, content)
            self._photographs[digest] = path
            self._photographs.move_to_end(digest)
            while len(self._photographs) > _MOST_PLANS:
                shutil.rmtree(self._photographs.popitem(last=False)[1].parent)
        return digest

    def make(
        self, sent: Submission, *, gone: Callable[[], bool] = lambda: False, hear: ProgressListener = lambda _: None
    ) -> str:
        """Make the plan of a form and return its name; a form with the same answers returns the stored plan.

        Parameters
        ----------
        gone : whether the client has disconnected; called now and then.
        hear : called with the progress of the plan.

        Raises
        ------
        InputError : the case or the photograph is wrong; no plan was waited for.
        RefusedError : 503, too many plans are waiting.
        RequesterGoneError : the client has disconnected.
        """
        home = Path(tempfile.mkdtemp(dir=self._root))
        try:
            photograph, made = partial(self._photograph, sent.photo), partial(self._store_plan, sent)
            return self._planner.make(sent, home, photograph, made, is_gone=gone, on_progress=hear)
        finally:
            if all(kept.folder != home for kept in list(self._plans.values())):
                shutil.rmtree(home, ignore_errors=True)

    def face_points(self, sent: Submission) -> FacePointsView | None:
        """Return the photograph of a form with the points of its face; None without a photograph.

        Raises
        ------
        InputError : it is no longer stored, or cannot be read.
        RefusedError : 503, too many are waiting.
        """
        photograph = self._photograph(sent.photo)
        return None if photograph is None else self._planner.face_points(sent, photograph)

    def _store_plan(self, sent: Submission, consultation: CheckedConsultation) -> str:
        asked, folder = (consultation.sha256(), current_language()), consultation.loaded.folder
        known = next((name for name, kept in self._plans.items() if kept.key == asked), None)
        if known is None:
            consult(consultation, folder, language=current_language())
            known = secrets.token_urlsafe(24)  # random, since somebody who knows the answers could compute the hash
            self._plans[known] = _StoredPlan(folder, asked, sent)
        self._plans.move_to_end(known)
        while len(self._plans) > _MOST_PLANS:
            shutil.rmtree(self._plans.popitem(last=False)[1].folder, ignore_errors=True)
        return known

    def _photograph(self, digest: str) -> Path | None:
        """Return the path of a stored photograph; None without one."""
        if not digest:
            return None
        kept = self._photographs.get(digest)
        if kept is None:
            raise InputError(
                "photo-gone",
                render_message("app-fault.photo-gone"),
                field="photo",
                hint=render_message("app-fault.photo-gone-hint"),
            )
        return kept
