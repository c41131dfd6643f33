"""The questions about settings that wait for a process: one for each who asks, those of a person at hand first."""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from traceback import clear_frames

from skinbeam.model.errors import InputError
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.plans.setting_answer import SettingAnswer, SettingQuestion
from skinbeam_clinic.plans.setting_process import PlannedPerson

__all__ = ["SettingQueue", "WaitingQuestion"]

_MOST_QUESTIONS = 100
_LONGEST_UNREAD_S = 10.0  # a page asks again every second or two; one that does not has been left
_LONGEST_AHEAD_S = 10.0  # questions of a person who is waiting go before one that has waited less than this


@dataclass(eq=False)
class WaitingQuestion:
    """A question that waits, or is being answered.

    Parameters
    ----------
    person : None where the process had the person when it was asked, and once it is completed.
    asked_at_s : on the clock that never runs back.
    asked_by : all who wait for the answer.
    completion : set once it is answered, failed or no longer wanted.
    completed_at_s : on the clock that never runs back.
    """

    question: SettingQuestion
    person: PlannedPerson | None
    asked_at_s: float
    asked_by: set[Hashable] = field(default_factory=set)
    completion: threading.Event = field(default_factory=threading.Event)
    answer: SettingAnswer | None = None
    error: Exception | None = None
    completed_at_s: float | None = None

    @property
    def has_failed(self) -> bool:
        """Whether it has no answer for a reason that is not in the question, such as a process that was killed."""
        return self.error is not None and not isinstance(self.error, InputError)

    def complete(self) -> None:
        """Wake whoever waits, and drop the answers and the photograph of the person."""
        self.person = None
        for error in (self.error, None if self.error is None else self.error.__cause__):
            if error is not None:
                clear_frames(error.__traceback__)  # of the calls that the person was handed through
        self.completed_at_s = time.monotonic()
        self.completion.set()


class SettingQueue:
    """The questions of one process, for every thread of the server.

    A question is here until whoever asked has been told how it ended, or has left the page, so that it is asked of the
    process once.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[SettingQuestion, WaitingQuestion] = OrderedDict()
        self._begun: OrderedDict[SettingQuestion, WaitingQuestion] = OrderedDict()
        self._closed = False
        self._changed = threading.Condition()

    def find(self, question: SettingQuestion, asker: Hashable) -> WaitingQuestion | None:
        """Return the question where it was asked before, and note that this asker waits for it, too.

        A failure, unless the question is at fault, is told to those who waited for it; for others it is tried again.
        """
        with self._changed:
            self._forget_abandoned()
            found = self._waiting.get(question) or self._begun.get(question)
            if found is not None and found.has_failed and asker not in found.asked_by:
                del self._begun[question]
                found = None
            if found is not None:
                self._forget(asker, but=found)
                found.asked_by.add(asker)
            return found

    def add(self, question: SettingQuestion, person: PlannedPerson | None, asker: Hashable) -> WaitingQuestion:
        """Add a question; one that the same asker has waiting is no longer wanted, since a slider has moved on.

        Raises
        ------
        BusyError : too many wait, or the server ends.
        """
        with self._changed:
            self._forget(asker)
            if self._closed or len(self._waiting) >= _MOST_QUESTIONS:
                raise clinic_error("settings-busy", "option")
            added = WaitingQuestion(question, person, time.monotonic(), {asker})
            self._waiting[question] = added
            self._changed.notify_all()
            return added

    def take(self, people: Collection[str]) -> WaitingQuestion | None:
        """Wait for a question, and return it; None once the queue is closed.

        The oldest is next, unless a person of another is at hand and the oldest has not waited for long.

        Parameters
        ----------
        people : the plans whose people are at hand.
        """
        with self._changed:
            while not self._closed and not self._waiting:
                self._changed.wait()
            if self._closed:
                return None
            oldest = next(iter(self._waiting.values()))
            found = oldest
            if time.monotonic() - oldest.asked_at_s < _LONGEST_AHEAD_S:
                at_hand = (question for question in self._waiting.values() if question.question.plan_sha256 in people)
                found = next(at_hand, oldest)
            del self._waiting[found.question]
            self._forget_abandoned()
            self._begun[found.question] = found
            return found

    def remove(self, waiting: WaitingQuestion) -> None:
        """Remove a question once whoever asked is told how it ended."""
        with self._changed:
            if self._begun.get(waiting.question) is waiting:
                del self._begun[waiting.question]

    def close(self) -> None:
        """Wake everybody who waits, and accept no more questions."""
        with self._changed:
            self._closed = True
            for question in (*self._waiting.values(), *self._begun.values()):
                question.complete()
            self._changed.notify_all()

    def _forget(self, asker: Hashable, but: WaitingQuestion | None = None) -> None:
        for key, question in list(self._waiting.items()):
            if question is not but and asker in question.asked_by:
                question.asked_by.discard(asker)
                if not question.asked_by:
                    del self._waiting[key]
                    question.complete()

    def _forget_abandoned(self) -> None:
        """Remove the questions whose outcome nobody fetched, since the page was left."""
        oldest_s = time.monotonic() - _LONGEST_UNREAD_S
        for key, question in list(self._begun.items()):
            if question.completed_at_s is not None and question.completed_at_s < oldest_s:
                del self._begun[key]
