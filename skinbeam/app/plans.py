"""The last plans and photographs, in a temporary folder that goes with the app; the oldest go when new ones come."""

import hashlib
import shutil
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from skinbeam.app.faults import refusal
from skinbeam.app.forms import Submission
from skinbeam.errors import InputError
from skinbeam.laser.device import devices
from skinbeam.messages import text
from skinbeam.plan.check import Consultation, check_consultation
from skinbeam.report.consult import consult
from skinbeam.schema.load import loaded_case
from skinbeam.schema.refusals.meant import unknown_device

__all__ = ["Plans"]

_KEPT = 16
_WAITING = 8


@dataclass(frozen=True)
class _Kept:
    folder: Path
    case_sha256: str
    sent: Submission


class Plans:
    """Makes plans, one at a time, and keeps the last of them until `close`."""

    def __init__(self) -> None:
        self._root = tempfile.TemporaryDirectory(prefix="skinbeam-")
        self._plans: OrderedDict[str, _Kept] = OrderedDict()
        self._photographs: OrderedDict[str, Path] = OrderedDict()
        self._one_at_a_time = threading.Lock()  # the kernels share one pool of threads, which is not re-entrant
        self._places = threading.BoundedSemaphore(_WAITING)

    def close(self) -> None:
        """Remove everything."""
        self._root.cleanup()

    def folder(self, digest: str) -> Path | None:
        """Return where the files of a plan lie, or None when it is not kept."""
        kept = self._plans.get(digest)
        return None if kept is None else kept.folder

    def sent(self, digest: str) -> Submission | None:
        """Return the form that a plan was made from, or None when it is not kept."""
        kept = self._plans.get(digest)
        return None if kept is None else kept.sent

    def keep_photograph(self, content: bytes) -> str:
        """Keep a photograph for the next send of the form and return its SHA-256."""
        digest = hashlib.sha256(content).hexdigest()
        path = Path(self._root.name) / digest / "photograph"  # this name is told in complaints
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        self._photographs[digest] = path
        while len(self._photographs) > _KEPT:
            shutil.rmtree(self._photographs.popitem(last=False)[1].parent)
        return digest

    def make(self, sent: Submission) -> str:
        """Make the plan of a form and return its hash; the same answers are planned once.

        Raises
        ------
        InputError : the case or the photograph is wrong; nothing was waited for.
        RefusedError : 503, too many plans are waited for.
        """
        for name in sent.tables.get("clinic", {}).get("devices", ()):
            if name not in devices():  # a case file may name a device file; a form must not read files of this machine
                raise unknown_device(name, devices(), field="clinic.devices")
        home = Path(tempfile.mkdtemp(dir=self._root.name))
        try:
            loaded = loaded_case(sent.tables, home, "form")
            consultation = check_consultation(loaded, self._photograph(sent.photo))
            if not self._places.acquire(blocking=False):
                raise refusal(503)
            try:
                with self._one_at_a_time:
                    return self._made(sent, consultation)
            finally:
                self._places.release()
        finally:
            if all(kept.folder != home for kept in list(self._plans.values())):
                shutil.rmtree(home)

    def _made(self, sent: Submission, consultation: Consultation) -> str:
        case_sha256, folder = consultation.sha256(), consultation.loaded.folder
        known = next((d for d, kept in self._plans.items() if kept.case_sha256 == case_sha256), None)
        if known is None:
            plan, _ = consult(consultation, folder)
            known = plan.plan_sha256
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
