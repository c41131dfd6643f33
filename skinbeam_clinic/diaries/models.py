"""What is kept of the time after a treatment: the patient's diary and the alarms out of it."""

import datetime
from dataclasses import dataclass

__all__ = [
    "Alarm",
    "AlarmCount",
    "DiaryEntry",
    "DiaryLink",
    "DiaryNote",
    "DiaryStatus",
    "DiarySubject",
    "NewDiaryLink",
    "UnreadEntries",
]


@dataclass(frozen=True)
class DiaryNote:
    """What a patient wrote: pain from 0 to 10, redness, the warning signs that were ticked, and a question."""

    pain: int
    redness: str
    signs: tuple[str, ...]
    question: str


@dataclass(frozen=True)
class DiaryEntry:
    """An entry of a diary; `read_at` and `read_by`: when and by whom of the clinic it was read first."""

    id: str
    treatment_id: str
    day: int
    note: DiaryNote
    photograph_id: str | None
    written_at: datetime.datetime
    read_at: datetime.datetime | None
    read_by: str | None


@dataclass(frozen=True)
class DiarySubject:
    """Whose diary it is, and of which session: the first pulse was at `began`, None where there was none yet."""

    treatment_id: str
    consultation_id: str
    patient_id: str
    pseudonym: str
    plan_id: str
    option: str
    number: int
    began: datetime.datetime | None


@dataclass(frozen=True)
class DiaryLink:
    """A way to a diary; what opens it is kept nowhere."""

    id: str
    treatment_id: str
    language: str
    until: datetime.datetime
    made_at: datetime.datetime
    made_by: str
    ended_at: datetime.datetime | None


@dataclass(frozen=True)
class NewDiaryLink:
    """A link that was just made; `token` is shown once."""

    link: DiaryLink
    token: str


@dataclass(frozen=True)
class DiaryStatus:
    """What a patient is told of their own entries, and nothing of what stands in them.

    Parameters
    ----------
    kept : the entry that was asked for is there.
    waiting : an alarm of this diary waits for an answer.
    answered_at : when the last one was answered.
    """

    kept: bool
    waiting: bool
    answered_at: datetime.datetime | None


@dataclass(frozen=True)
class Alarm:
    """An entry that somebody must see now; a clinician decides what it was."""

    id: str
    consultation_id: str
    patient_id: str
    pseudonym: str
    entry: DiaryEntry
    raised_at: datetime.datetime
    answered_at: datetime.datetime | None
    answered_by: str | None
    answer: str
    decided_at: datetime.datetime | None
    decided_by: str | None
    reason: str
    adverse_event_id: str | None


@dataclass(frozen=True)
class AlarmCount:
    """How many alarms nobody has answered, since when the first of them waits, and whether word of one got nowhere."""

    number: int
    since: datetime.datetime | None
    unsent: bool


@dataclass(frozen=True)
class UnreadEntries:
    """Entries of a diary that nobody has read: how many, with how many questions, and of when the first is."""

    treatment_id: str
    pseudonym: str
    entries: int
    questions: int
    since: datetime.datetime
