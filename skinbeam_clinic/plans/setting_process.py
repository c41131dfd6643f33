"""Simulate settings in a kept process, so that the web server stays free and the skins of a person are drawn once.

The process keeps the people of the last plans that were asked about, half a gigabyte each. It ends when nobody has
asked for a while, when the server ends, or when an answer takes too long; the next question starts another one.
Questions and answers are JSON, one message each.

Whoever asks about a dose goes on to the next. While no question comes, the process answers the same question at every
dose of the device, then at the pulses and spots beside it, and sends these answers with its next reply. A person who
makes room for another is answered at every dose first, the last pulse and spot before earlier ones, as far as that
takes no longer than seconds.
The server keeps answers, so that a slider of doses is answered without the process, also while others ask about theirs.
"""

import gc
import logging
import os
import sys
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from subprocess import Popen

from pydantic import TypeAdapter, ValidationError

from skinbeam.laser.device import Device
from skinbeam.model.atomic_files import work_folder
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.input_files import LoadedCase
from skinbeam.plan.case_check import check_consultation
from skinbeam.plan.person import AssessedPerson, assess_person
from skinbeam.text import use_language
from skinbeam.what_if.asked_setting import SettingNotOfferedError
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.clinic_devices import OwnDevice, write_device_files
from skinbeam_clinic.monitoring.json_log import configure_logging
from skinbeam_clinic.plans.plan_subprocess import PHOTOGRAPH_FILE
from skinbeam_clinic.plans.setting_answer import SettingAnswer, SettingQuestion, answer_question
from skinbeam_clinic.plans.setting_quantities import not_offered_error
from skinbeam_clinic.plans.worker_process import ProcessEndedError, kill_process, start_process

__all__ = ["AnsweredQuestion", "PlannedPerson", "QuestionMessage", "Reply", "SentPerson", "SettingProcess"]

_FEWEST_PEOPLE, _MOST_PEOPLE = 2, 6
_CONTAINER_MEMORY = Path("/sys/fs/cgroup/memory.max")  # of Linux; "max" where there is no limit
_PERSON_BYTES, _MEMORY_SHARE = 500 * 2**20, 0.125  # of a person; of the machine, for people
_IDLE_S = 600.0
_QUIET_S = 1.0  # after a reply: whoever moves a slider has asked again by then
_LEAVING_S = 10.0  # for the curves of a person who makes room; whoever comes waits for them
_LONGEST_S = 180.0  # the first answer of a new version compiles for a minute; one that takes longer than this hangs
_NICE = 5  # after the server's pages, and before plans, since somebody looks at the slider
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlannedPerson:
    """The answers that a plan was made from, with the records joined to them, and the photograph if there is one.

    Parameters
    ----------
    own_devices : those that the clinic describes itself.
    """

    submission: Submission
    photograph: bytes | None
    own_devices: tuple[OwnDevice, ...] = ()


@dataclass(frozen=True)
class SentPerson:
    """The answers of a person, and the folder of the photograph and of the clinic's device files."""

    submission: Submission
    home: Path


@dataclass(frozen=True)
class QuestionMessage:
    """A question; `person` where the process does not hold the person of its plan."""

    question: SettingQuestion
    person: SentPerson | None


@dataclass(frozen=True)
class AnsweredQuestion:
    """A question that nobody waited for, with its answer."""

    question: SettingQuestion
    answer: SettingAnswer


@dataclass(frozen=True)
class Reply:
    """What the process replies; without an answer and without a fault it met a defect, which is in the log.

    Parameters
    ----------
    fault : why the question has no answer, as `InputError.as_record` gives it.
    curves : questions that were answered ahead.
    people : the hashes of the plans whose people the process holds.
    """

    answer: SettingAnswer | None
    fault: dict[str, str] | None
    curves: tuple[AnsweredQuestion, ...]
    people: tuple[str, ...]


_MESSAGES, _REPLIES = TypeAdapter(QuestionMessage), TypeAdapter(Reply)


class SettingProcess:
    """A running process, and the hashes of the plans whose people it holds.

    Parameters
    ----------
    processes : how many such processes share the memory.
    """

    def __init__(self, processes: int = 1) -> None:
        self.people: tuple[str, ...] = ()
        self._connection, other = Pipe()
        with other:
            self._process: Popen[bytes] = start_process(
                __name__, str(other.fileno()), str(_people_limit(processes)), nice=_NICE, pass_fds=[other.fileno()]
            )

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def ask(self, question: SettingQuestion, person: PlannedPerson | None) -> Reply:
        """Send a question, and wait for the reply.

        Parameters
        ----------
        person : of the plan, where the process does not hold them.

        Raises
        ------
        ProcessEndedError : the process ended without a reply, or took too long.
        """
        if person is None or question.plan_sha256 in self.people:
            return self._exchange(question, None)
        with _person_message(person) as message:
            return self._exchange(question, message)

    def _exchange(self, question: SettingQuestion, person: SentPerson | None) -> Reply:
        try:
            self._connection.send_bytes(_MESSAGES.dump_json(QuestionMessage(question, person)))
            if not self._connection.poll(_LONGEST_S):
                raise ProcessEndedError("a setting took too long to simulate")
            reply = _REPLIES.validate_json(self._connection.recv_bytes())
        except (EOFError, OSError) as error:
            raise ProcessEndedError("the process that simulates settings ended without a word") from error
        except ValidationError:
            raise ProcessEndedError("the process that simulates settings sent what is no reply") from None
        self.people = reply.people
        return reply

    def kill(self) -> None:
        """Kill the process at once."""
        if not self.has_ended:
            kill_process(self._process)
            self._process.wait()

    def close(self) -> None:
        """Close the connection to it."""
        self._connection.close()


def _people_limit(processes: int) -> int:
    """Return how many people a process may hold in its share of the memory of the machine, or of its container."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    with suppress(OSError, ValueError):  # no such limit
        limits.append(int(_CONTAINER_MEMORY.read_text(encoding="ascii")))
    most = int(min(limits) * _MEMORY_SHARE / processes / _PERSON_BYTES)
    return max(_FEWEST_PEOPLE, min(_MOST_PEOPLE, most))


@contextmanager
def _person_message(person: PlannedPerson) -> Iterator[SentPerson]:
    """Provide the message that tells the process a person, whose files are in a folder until the reply."""
    with work_folder(Path(tempfile.gettempdir()), "skinbeam-clinic") as home:
        if person.photograph is not None:
            (home / PHOTOGRAPH_FILE).write_bytes(person.photograph)
        write_device_files(person.own_devices, home)
        yield SentPerson(person.submission, home)


# In the process.


@dataclass
class _KeptPerson:
    """A person who can be asked about.

    Parameters
    ----------
    unanswered : the questions of curves that are not answered yet.
    neighbours : the questions of pulses and spots beside those that were asked about, the last first.
    begun : all questions whose curves were begun, and those beside them.
    """

    loaded: LoadedCase
    person: AssessedPerson
    unanswered: list[SettingQuestion] = field(default_factory=list)
    neighbours: list[SettingQuestion] = field(default_factory=list)
    begun: set[SettingQuestion] = field(default_factory=set)

    def begin_curve(self, question: SettingQuestion) -> None:
        """Note the question at every dose, and at the pulses and spots beside, to be answered when there is time."""
        device = self.find_device(question.device)
        self.begun.add(question)
        self.unanswered = [*self._begin(question.list_curve(device)), *self.unanswered]
        self.neighbours = [*self._begin(question.list_neighbours(device)), *self.neighbours]

    def find_device(self, name: str) -> Device:
        """Return the device of the plan with this name."""
        machine = self.person.find_machine(name)
        assert machine is not None, "the plan was made with it"
        return machine.device

    def _begin(self, questions: Iterable[SettingQuestion]) -> list[SettingQuestion]:
        new = [question for question in questions if question not in self.begun]
        self.begun |= set(new)
        return new

    @property
    def is_unfinished(self) -> bool:
        """Whether a question is to be answered."""
        return bool(self.unanswered or self.neighbours)

    def answer_next(self) -> AnsweredQuestion | None:
        """Answer one question; None where it has no answer, such as a density that an energy excludes."""
        question = (self.unanswered or self.neighbours).pop(0)
        with use_language(question.language):
            try:
                return AnsweredQuestion(question, answer_question(self.person, self.loaded, question))
            except (InputError, NotAvailable):
                return None


class _Simulations:
    """The people of the last plans, and the answers of curves that the server has not got yet."""

    def __init__(self, most_people: int = _FEWEST_PEOPLE) -> None:
        self.people: OrderedDict[str, _KeptPerson] = OrderedDict()
        self._most_people = most_people
        self._curves: list[AnsweredQuestion] = []

    @property
    def is_unfinished(self) -> bool:
        """Whether a question is to be answered that nobody waits for."""
        return any(person.is_unfinished for person in self.people.values())

    def reply(self, message: QuestionMessage) -> Reply:
        """Return the answer to a question, with all those of curves that were found meanwhile."""
        answer, fault = self._answer(message)
        curves, self._curves = self._curves, []
        return Reply(answer, fault, tuple(curves), tuple(self.people))

    def continue_curves(self) -> None:
        """Answer one question, of a curve before its neighbours; the person of the last question is first."""
        people = list(reversed(self.people.values()))
        curves = (person for person in people if person.unanswered)
        self._continue_curve(next(curves, None) or next(person for person in people if person.is_unfinished))

    def _answer(self, message: QuestionMessage) -> tuple[SettingAnswer | None, dict[str, str] | None]:
        """Return the answer, or the fault of the question; neither after a defect."""
        question = message.question
        with use_language(question.language):
            try:
                if message.person is not None:
                    self._add_person(question, message.person)
                self.people.move_to_end(question.plan_sha256)
                asked_person = self.people[question.plan_sha256]
                answer = answer_question(asked_person.person, asked_person.loaded, question)
                if question.cooling is None:  # whoever treated with another cooling asks about that one setting
                    asked_person.begin_curve(question)
                return answer, None
            except SettingNotOfferedError as error:
                return None, not_offered_error(
                    self.people[question.plan_sha256].find_device(question.device), error
                ).as_record()
            except InputError as error:
                return None, error.as_record()
            except NotAvailable as error:
                return None, clinic_error("settings-unknown", "option", reason=error.reason).as_record()
            except Exception:
                _log.exception("defect while simulating a setting")
                return None, None

    def _continue_curve(self, person: _KeptPerson) -> None:
        try:
            found = person.answer_next()
        except Exception:  # whoever asks for the dose itself is told
            _log.exception("defect while simulating a curve")
            found = None
        if found is not None:
            self._curves.append(found)

    def _add_person(self, question: SettingQuestion, sent: SentPerson) -> None:
        """Draw a person, in place of the one that was asked about longest ago."""
        while len(self.people) >= self._most_people:
            leaving, until = next(iter(self.people.values())), time.monotonic() + _LEAVING_S
            while leaving.unanswered and time.monotonic() < until:
                self._continue_curve(leaving)
            self.people.popitem(last=False)
            del leaving
        gc.collect()  # the memory of the one that went is needed for the one that comes
        loaded = case_from_form(sent.submission, sent.home)
        checked = check_consultation(
            loaded, sent.home / PHOTOGRAPH_FILE if sent.submission.photo else None, with_records=True
        )
        person = assess_person(checked, question.draws, question.seed)
        self.people[question.plan_sha256] = _KeptPerson(checked.loaded, person)


def _main(connection: Connection, most_people: int) -> None:
    """Answer questions until the server has ended, or no question has come for a while."""
    configure_logging()
    simulations, quiet_s = _Simulations(most_people), _IDLE_S
    while True:
        try:
            if connection.poll(quiet_s):
                message = _MESSAGES.validate_json(connection.recv_bytes())
                connection.send_bytes(_REPLIES.dump_json(simulations.reply(message)))
                quiet_s = _QUIET_S
            elif simulations.is_unfinished:
                simulations.continue_curves()
                quiet_s = 0.0
            elif quiet_s == _IDLE_S:
                return
            else:
                quiet_s = _IDLE_S
        except (EOFError, OSError):
            return


if __name__ == "__main__":
    # What libraries print goes to the log; the server listens to the connection alone.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _main(Connection(int(sys.argv[1])), int(sys.argv[2]))
