"""Store patient reports, once for each follow-up, and hand the questions over to a patient on a tablet."""

import datetime
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.repository import get_followed_consultation
from skinbeam_clinic.database import follow_up_tables
from skinbeam_clinic.database.clinic_access import ClinicAccess
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.transaction import ClinicTransaction, open_transaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.follow_ups.follow_up_grades import (
    followed_concern,
    list_course,
    list_follow_ups,
    load_follow_up,
)
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
    SelfRating,
)
from skinbeam_clinic.follow_ups.sealed_content import FOLLOW_UP_CONTENT, FollowUpContent, ReportContent
from skinbeam_clinic.models import PATIENT_ACTOR, Member

__all__ = [
    "PatientAnswers",
    "PatientHandover",
    "ReportQuestions",
    "check_words",
    "find_baseline",
    "get_editable",
    "mark_read",
    "report_questions",
    "save_content",
    "save_report",
]

_LONGEST_WORDS = 10_000  # characters
_MOST_DAYS_AWAY = 365  # as a case allows for what a person accepts


@dataclass(frozen=True)
class PatientAnswers:
    """The answers of a patient, as submitted.

    Parameters
    ----------
    baseline_rating : remembered rating, if it was not recorded before the first treatment.
    days_away : from other people, after the last session.
    """

    current_rating: SelfRating
    baseline_rating: SelfRating | None = None
    quarter: ImprovementQuarter | None = None
    change: AestheticChange | None = None
    satisfied_1_5: int | None = None
    words: str = ""
    days_away: int | None = None


@dataclass(frozen=True)
class ReportQuestions:
    """The questions to ask: `moment` of the follow-up, and `asks_baseline`: whether to ask about the time before,
    too."""

    moment: FollowUpMoment
    asks_baseline: bool


def report_questions(follow_up: FollowUp, baseline: FollowUp | None) -> ReportQuestions:
    """Return the questions of a follow-up, given the follow-up before the first treatment, if there is one."""
    return ReportQuestions(
        follow_up.moment, follow_up.moment is FollowUpMoment.AFTER and (baseline is None or baseline.said is None)
    )


def save_report(work: ClinicTransaction, id: str, answers: PatientAnswers, *, self_completed: bool) -> FollowUp:
    """Store a patient's report; raises as `FollowUpRepository.save_report`."""
    row, content = get_editable(work, id)
    if content.report is not None:
        raise clinic_error("said-already", "follow-up")
    after = content.moment is FollowUpMoment.AFTER
    numbers = [
        n
        for rating in (answers.current_rating, answers.baseline_rating)
        if rating is not None
        for n in (rating.confidence_0_10, rating.pain_0_10)
    ]
    if not all(0 <= number <= 10 for number in numbers) or answers.satisfied_1_5 not in (None, *range(1, 6)):
        raise clinic_error("bad-answer", "follow-up")
    later = (answers.baseline_rating, answers.quarter, answers.change, answers.satisfied_1_5, answers.days_away)
    is_possible = answers.days_away is None or 0 <= answers.days_away <= _MOST_DAYS_AWAY
    if not is_possible or (not after and any(answer is not None for answer in later)):
        raise clinic_error("bad-answer", "follow-up")
    baseline = answers.baseline_rating
    report = ReportContent(
        now=replace(answers.current_rating, remembered=not after and _has_started(work, row)),
        before=None if baseline is None else replace(baseline, remembered=True),
        quarter=answers.quarter,
        change=answers.change,
        satisfied_1_5=answers.satisfied_1_5,
        words=check_words(answers.words),
        alone=self_completed,
        said_at=now(),
        noted_by=work.actor,
        days_away=answers.days_away,
    )
    read = content if self_completed else mark_read(content, work.actor)
    return save_content(work, row, replace(read, report=report), "follow-up.said")


def mark_read(content: FollowUpContent, member_id: str) -> FollowUpContent:
    """Return the content with a member among those who have seen the patient's report."""
    return content if member_id in content.opened else replace(content, opened=(*content.opened, member_id))


def find_baseline(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> FollowUp | None:
    """Return the follow-up before the first treatment of the same course; None without one."""
    concern = followed_concern(work, row)
    course = list_course(work, row.consultation_id, concern)
    return next(
        (
            follow_up
            for follow_up in list_follow_ups(work, course, concern)
            if follow_up.moment is FollowUpMoment.BEFORE
        ),
        None,
    )


def get_editable(work: ClinicTransaction, id: str) -> tuple[follow_up_tables.FollowUpRow, FollowUpContent]:
    """Return a follow-up that may be changed, and the content of its sealed column.

    Raises
    ------
    RecordNotFoundError, ClosedError : there is none, or its consultation is closed.
    """
    row = work.get(follow_up_tables.FollowUpRow, id)
    get_followed_consultation(work, row.consultation_id)
    return row, work.open_record(row, FOLLOW_UP_CONTENT)


def save_content(
    work: ClinicTransaction, row: follow_up_tables.FollowUpRow, content: FollowUpContent, action: str
) -> FollowUp:
    """Seal and store a follow-up."""
    work.seal_record(row, FOLLOW_UP_CONTENT, content)
    work.save(row, action)
    return load_follow_up(work, row)


def check_words(words: str) -> str:
    """Return words if they are not too long to be stored.

    Raises
    ------
    InputError : `too-long`.
    """
    if len(words) > _LONGEST_WORDS:
        raise clinic_error("too-long", "follow-up", hint={"longest": _LONGEST_WORDS})
    return words


def _has_started(work: ClinicTransaction, row: follow_up_tables.FollowUpRow) -> bool:
    course = list_course(work, row.consultation_id, followed_concern(work, row))
    return any(treatment.started_at is not None for treatment in course)


# Handover of the questions to the patient on a tablet. The token contains the follow-up and the time of expiry, signed
# with the secret of the database, and is not stored. It is valid for half an hour and for one report, since a stored
# report is never overwritten.

_VALIDITY = datetime.timedelta(minutes=30)


class PatientHandover:
    """Hands over the questions of follow-ups to patients, and stores their answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hand_over(self, member: Member, id: str) -> str:
        """Return a token that opens the questions of a follow-up.

        Raises
        ------
        RecordNotFoundError : this clinic has no such record.
        DeniedError : the member's role lacks the right.
        InputError : `closed`, or `said-already`.
        """
        with ClinicAccess(self._database, member).writing(AccessRight.WRITE) as work:
            _, content = get_editable(work, id)
            if content.report is not None:
                raise clinic_error("said-already", "follow-up")
            work.log("follow-up.handed-over", f"follow_up/{id}")
        about = f"{member.clinic_id}.{id}.{int((now() + _VALIDITY).timestamp())}"
        return f"{about}.{self._signature(about)}"

    def get_questions(self, token: str) -> ReportQuestions:
        """Return the questions that a token opens.

        Raises
        ------
        RecordNotFoundError : the token is invalid or expired, or the questions were answered.
        """
        with self._open_transaction(token) as (work, row):
            work.log("follow-up.asked", f"follow_up/{row.id}")
            follow_up = load_follow_up(work, row)
            if follow_up.said is not None:
                raise clinic_error("absent", "follow-up")
            return report_questions(
                follow_up, find_baseline(work, row) if follow_up.moment is FollowUpMoment.AFTER else None
            )

    def save_report(self, token: str, answers: PatientAnswers) -> FollowUp:
        """Store the patient's report; raises as `asked` and as `FollowUpRepository.save_report`."""
        with self._open_transaction(token) as (work, row):
            return save_report(work, row.id, answers, self_completed=True)

    @contextmanager
    def _open_transaction(self, token: str) -> Iterator[tuple[ClinicTransaction, follow_up_tables.FollowUpRow]]:
        about, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(about).encode()):
            raise clinic_error("absent", "follow-up")
        clinic_id, id, until = about.split(".")
        if now().timestamp() >= int(until):
            raise clinic_error("absent", "follow-up")
        with open_transaction(self._database, clinic_id, PATIENT_ACTOR) as work:
            yield work, work.get(follow_up_tables.FollowUpRow, id)

    def _signature(self, about: str) -> str:
        return self._database.secret.signature("handed-over", about.encode("utf-8", "replace"))
