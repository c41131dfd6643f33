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
from functools import partial
from pathlib import Path

from skinbeam.app.forms import Submission
from skinbeam.app.planner import Planner
from skinbeam.app.points import ShownFace
from skinbeam.document import write_atomically
from skinbeam.errors import InputError
from skinbeam.files.unfinished import work_folder
from skinbeam.messages import spoken, text
from skinbeam.plan.check import Consultation
from skinbeam.plan.work.progress import Listener
from skinbeam.report.consult import consult

__all__ = ["Plans"]

_KEPT = 16


@dataclass(frozen=True)
class _Kept:
    folder: Path
    asked: tuple[str, str]  # the hash of the case, and the language
    sent: Submission


class Plans:
    """Makes plans, one at a time, and keeps the last of them until `close`."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._root = self._stack.enter_context(work_folder(Path(tempfile.gettempdir()), "skinbeam-app"))
        self._plans: OrderedDict[str, _Kept] = OrderedDict()
        self._photographs: OrderedDict[str, Path] = OrderedDict()
        self._planner = Planner()
        self._keeping = threading.Lock()  # the same photograph may come twice at once

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
        home = Path(tempfile.mkdtemp(dir=self._root))
        try:
            photograph, made = partial(self._photograph, sent.photo), partial(self._made, sent)
            return self._planner.make(sent, home, photograph, made, gone=gone, hear=hear)
        finally:
            if all(kept.folder != home for kept in list(self._plans.values())):
                shutil.rmtree(home, ignore_errors=True)

    def face(self, sent: Submission) -> ShownFace | None:
        """Return the photograph of a form with the points of its face; None without a photograph.

        Raises
        ------
        InputError : it is no longer kept, or cannot be read.
        RefusedError : 503, too many are waited for.
        """
        photograph = self._photograph(sent.photo)
        return None if photograph is None else self._planner.face(sent, photograph)

    def _made(self, sent: Submission, consultation: Consultation) -> str:
        asked, folder = (consultation.sha256(), spoken()), consultation.loaded.folder
        known = next((name for name, kept in self._plans.items() if kept.asked == asked), None)
        if known is None:
            consult(consultation, folder, language=spoken())
            known = secrets.token_urlsafe(24)  # who knows the answers, and so the hash of a plan, cannot ask for it
            self._plans[known] = _Kept(folder, asked, sent)
        self._plans.move_to_end(known)
        while len(self._plans) > _KEPT:
            shutil.rmtree(self._plans.popitem(last=False)[1].folder, ignore_errors=True)
        return known

    def _photograph(self, digest: str) -> Path | None:
        """Where a photograph is kept."""
        if not digest:
            return None
        kept = self._photographs.get(digest)
        if kept is None:
            raise InputError(
                "photo-gone", text("app-fault.photo-gone"), field="photo", hint=text("app-fault.photo-gone-hint")
            )
        return kept
