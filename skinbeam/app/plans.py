"""The last plans and photographs, in a temporary folder that goes with the app; the oldest go when new ones come.

What an app that was killed left behind goes when the next one starts.
"""

import hashlib
import secrets
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from skinbeam.app.faults import refusal
from skinbeam.app.forms import Submission
from skinbeam.document import write_atomically
from skinbeam.errors import InputError, SkinbeamError
from skinbeam.files.unfinished import work_folder
from skinbeam.laser.device import devices
from skinbeam.messages import Message, text
from skinbeam.plan.check import Consultation, check_consultation
from skinbeam.plan.records import ConcernPlan
from skinbeam.plan.work.progress import Listener, heard
from skinbeam.report.consult import consult
from skinbeam.schema.load import loaded_case
from skinbeam.schema.refusals.meant import unknown_device

__all__ = ["GoneError", "Plans"]

_KEPT = 16
_WAITING = 8


class GoneError(SkinbeamError):
    """Nobody waits for the plan any more."""


@dataclass(frozen=True)
class _Kept:
    folder: Path
    case_sha256: str
    sent: Submission


class Plans:
    """Makes plans, one at a time, and keeps the last of them until `close`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._root = self._stack.enter_context(work_folder(Path(tempfile.gettempdir()), "skinbeam-app"))
        self._plans: OrderedDict[str, _Kept] = OrderedDict()
        self._photographs: OrderedDict[str, Path] = OrderedDict()
        self._one_at_a_time = threading.Lock()  # the kernels share one pool of threads, which is not re-entrant
        self._looking = threading.Lock()  # one photograph may take gigabytes while it is decoded
        self._keeping = threading.Lock()  # the same photograph may come twice at once
        self._places = threading.BoundedSemaphore(_WAITING)

    def close(self) -> None:
        """Remove everything."""
        self._stack.close()

    def folder(self, name: str) -> Path | None:
        """Return where the files of a plan lie, or None when it is not kept."""
        kept = self._plans.get(name)
        return None if kept is None else kept.folder

    def sent(self, name: str) -> Submission | None:
        """Return the form that a plan was made from, or None when it is not kept."""
        kept = self._plans.get(name)
        return None if kept is None else kept.sent

    def keep_photograph(self, content: bytes) -> str:
        """Keep a photograph for the next send of the form and return its SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._root / digest / "photograph"  # this name is told in complaints
        with self._keeping:
            if digest not in self._photographs:
                write_atomically(path, content)
            self._photographs[digest] = path
            self._photographs.move_to_end(digest)
            while len(self._photographs) > _KEPT:
                shutil.rmtree(self._photographs.popitem(last=False)[1].parent)
        return digest

    def make(
        self, sent: Submission, *, gone: Callable[[], bool] = lambda: False, hear: Listener = lambda _: None
    ) -> str:
        """Make the plan of a form and return the name it is kept under; the same answers are planned once.

        Parameters
        ----------
        gone : whether nobody waits for it any more; asked now and then.
        hear : told where the plan is.

        Raises
        ------
        InputError : the case or the photograph is wrong; no plan was waited for.
        RefusedError : 503, too many plans are waited for.
        GoneError : nobody waits for it any more.
        """
        for name in sent.tables.get("clinic", {}).get("devices", ()):
            if name not in devices():  # a case file may name a device file; a form must not read files of this machine
                raise unknown_device(name, devices(), field="clinic.devices")

        def heed(what: Message | ConcernPlan | None = None) -> None:
            if gone():
                raise GoneError("nobody waits for the plan any more")
            if what is not None:
                hear(what)

        home = Path(tempfile.mkdtemp(dir=self._root))
        try:
            loaded = loaded_case(sent.tables, home, "form")
            if not self._places.acquire(blocking=False):
                raise refusal(503)
            try:
                with self._looking:
                    heed()
                    consultation = check_consultation(loaded, self._photograph(sent.photo))
                with self._one_at_a_time, heard(heed):
                    heed()
                    return self._made(sent, consultation)
            finally:
                self._places.release()
        finally:
            if all(kept.folder != home for kept in list(self._plans.values())):
                shutil.rmtree(home, ignore_errors=True)

    def _made(self, sent: Submission, consultation: Consultation) -> str:
        case_sha256, folder = consultation.sha256(), consultation.loaded.folder
        known = next((name for name, kept in self._plans.items() if kept.case_sha256 == case_sha256), None)
        if known is None:
            consult(consultation, folder)
            known = secrets.token_urlsafe(24)  # who knows the answers, and so the hash of a plan, cannot ask for it
            self._plans[known] = _Kept(folder, case_sha256, sent)
        self._plans.move_to_end(known)
        while len(self._plans) > _KEPT:
            shutil.rmtree(self._plans.popitem(last=False)[1].folder, ignore_errors=True)
        return known

    def _photograph(self, digest: str) -> Path | None:
        """Where a photograph is kept; it is read before the plan waits, so that it may be dropped meanwhile."""
        if not digest:
            return None
        kept = self._photographs.get(digest)
        if kept is None:
            raise InputError(
                "photo-gone", text("app-fault.photo-gone"), field="photo", hint=text("app-fault.photo-gone-hint")
            )
        return kept
