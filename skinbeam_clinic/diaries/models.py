"""Immutable records of patients' diaries after a treatment, their links, and alarms."""

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
    """Content of a diary entry: pain from 0 to 10, redness, the warning signs that were ticked, and a question."""

    pain: int
    redness: str
    signs: tuple[str, ...]
    question: str


@dataclass(frozen=True)
class DiaryEntry:
    """An entry of a diary; `read_at` and `read_by`: when and by which member it was first read."""

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
    """The patient and the treatment of a diary; `started_at`: when the treatment started, None if it has not."""

    treatment_id: str
    consultation_id: str
    patient_id: str
    pseudonym: str
    plan_id: str
    option: str
    number: int
    started_at: datetime.datetime | None


@dataclass(frozen=True)
class DiaryLink:
    """A link to a diary; its token is not stored."""

    id: str
    treatment_id: str
    language: str
    expires_at: datetime.datetime
    created_at: datetime.datetime
    created_by: str
    ended_at: datetime.datetime | None


@dataclass(frozen=True)
class NewDiaryLink:
    """A newly created link; `token` is displayed only once."""

    link: DiaryLink
    token: str


@dataclass(frozen=True)
class DiaryStatus:
    """Status of a diary for the patient, without the content of entries.

    Parameters
    ----------
    is_stored : whether the requested entry is stored.
    has_open_alarm : whether an alarm of this diary is unanswered.
    answered_at : when the last alarm was answered.
    """

    is_stored: bool
    has_open_alarm: bool
    answered_at: datetime.datetime | None


@dataclass(frozen=True)
class Alarm:
    """An alarm raised by an entry, which must be answered at once and then assessed by a clinician."""

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
    """Number of unanswered alarms, since when the first has waited, and whether the notification of one has failed."""

    count: int
    since: datetime.datetime | None
    has_unsent: bool


@dataclass(frozen=True)
class UnreadEntries:
    """Unread entries of a diary: their number, the number with questions, and the time of the first."""

    treatment_id: str
    patient_id: str
    pseudonym: str
    entries: int
    questions: int
    since: datetime.datetime
