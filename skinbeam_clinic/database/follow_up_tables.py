"""The tables of what comes after a treatment: the patient's diary, alarms out of it, follow-ups, and readers' tokens.

Of a token there is its hash alone: who has the database opens no diary and reads nothing through the interface.
"""

import datetime

from sqlalchemy import ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from skinbeam_clinic.database.tables import Base, ClinicScoped
from skinbeam_clinic.database.treatment_tables import (
    AdverseEventRow,
    ConsultationScoped,
    TestSpotRow,
    TreatedAreaRow,
    TreatmentRow,
)

__all__ = [
    "CONSULTATION_TABLES",
    "AlarmDecisionRow",
    "AlarmRow",
    "ApiTokenRow",
    "CalendarFeedRow",
    "DiaryEntryRow",
    "DiaryLinkRow",
    "DiaryReadingRow",
    "FollowUpRow",
    "PhotographPairRow",
    "SuggestedConcernRow",
]

_ID = String(32)
_HASH = String(64)
_WORD = String(200)


class DiaryLinkRow(ConsultationScoped, Base):
    """A way to the diary of a treatment for who has no account, good until it ends or another takes its place."""

    __tablename__ = "diary_link"
    _REFERS = (("treatment_id", "treatment"),)
    treatment_id: Mapped[str] = mapped_column(_ID)
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    language: Mapped[str] = mapped_column(_WORD)
    until: Mapped[datetime.datetime]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]


class DiaryEntryRow(ConsultationScoped, Base):
    """What a patient wrote on one day after a treatment."""

    __tablename__ = "diary_entry"
    _REFERS = (("treatment_id", "treatment"), ("photograph_id", "photograph"))
    treatment_id: Mapped[str] = mapped_column(_ID)
    day: Mapped[int]
    entry_sealed: Mapped[bytes]
    photograph_id: Mapped[str | None] = mapped_column(_ID)
    written_at: Mapped[datetime.datetime]


class AlarmRow(ConsultationScoped, Base):
    """A diary entry that somebody of the clinic must see now, and who answered it."""

    __tablename__ = "alarm"
    _REFERS = (("entry_id", "diary_entry"),)
    entry_id: Mapped[str] = mapped_column(_ID)
    raised_at: Mapped[datetime.datetime]
    answered_at: Mapped[datetime.datetime | None]
    answered_by: Mapped[str | None] = mapped_column(_WORD)
    answer_sealed: Mapped[bytes | None]


class DiaryReadingRow(ConsultationScoped, Base):
    """Who of the clinic has read a diary entry first, and when; the row has the entry's name."""

    __tablename__ = "diary_reading"
    _REFERS = (("entry_id", "diary_entry"),)
    entry_id: Mapped[str] = mapped_column(_ID)
    read_at: Mapped[datetime.datetime]
    read_by: Mapped[str] = mapped_column(_WORD)


class AlarmDecisionRow(ConsultationScoped, Base):
    """What a clinician made of an alarm: an adverse event, or none, and why; the row has the alarm's name."""

    __tablename__ = "alarm_decision"
    _REFERS = (("alarm_id", "alarm"), ("adverse_event_id", "adverse_event"))
    alarm_id: Mapped[str] = mapped_column(_ID)
    adverse_event_id: Mapped[str | None] = mapped_column(_ID)
    reason_sealed: Mapped[bytes]
    decided_at: Mapped[datetime.datetime]
    decided_by: Mapped[str] = mapped_column(_WORD)


class FollowUpRow(ConsultationScoped, Base):
    """What came of it, judged after the last treatment: grades, words and numbers of clinician and patient."""

    __tablename__ = "follow_up"
    _REFERS = (("treatment_id", "treatment"),)
    treatment_id: Mapped[str] = mapped_column(_ID)
    judged_sealed: Mapped[bytes]
    seen_at: Mapped[datetime.datetime]
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)


class PhotographPairRow(ConsultationScoped, Base):
    """Two photographs of the same place, from before and from the follow-up."""

    __tablename__ = "photograph_pair"
    _REFERS = (("follow_up_id", "follow_up"), ("before_id", "photograph"), ("after_id", "photograph"))
    follow_up_id: Mapped[str] = mapped_column(_ID)
    before_id: Mapped[str] = mapped_column(_ID)
    after_id: Mapped[str] = mapped_column(_ID)


class SuggestedConcernRow(ConsultationScoped, Base):
    """A concern that a photograph suggested, and what a clinician did with it: kept, dismissed, or nothing yet."""

    __tablename__ = "suggested_concern"
    _REFERS = (("photograph_id", "photograph"),)
    photograph_id: Mapped[str] = mapped_column(_ID)
    suggestion_sealed: Mapped[bytes]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)
    decision: Mapped[str | None] = mapped_column(_WORD)
    decided_at: Mapped[datetime.datetime | None]
    decided_by: Mapped[str | None] = mapped_column(_WORD)


class ApiTokenRow(ClinicScoped, Base):
    """What another system shows to read the records of the clinic, by its hash; it ends by itself."""

    __tablename__ = "api_token"
    __table_args__ = (Index(None, "clinic_id", "until"),)
    name: Mapped[str] = mapped_column(_WORD)
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    until: Mapped[datetime.datetime]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]


class CalendarFeedRow(ClinicScoped, Base):
    """The address at which a member's own calendar program reads their appointments, by its hash; it ends by itself."""

    __tablename__ = "calendar_feed"
    __table_args__ = (
        ForeignKeyConstraint(["clinic_id", "member_id"], ["member.clinic_id", "member.id"]),
        Index(None, "clinic_id", "member_id"),
    )
    member_id: Mapped[str] = mapped_column(_ID)
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    until: Mapped[datetime.datetime]
    made_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]


# Each before what it refers to, so that the rows of a consultation can be removed in this order.
CONSULTATION_TABLES: tuple[type[ConsultationScoped], ...] = (
    SuggestedConcernRow,
    PhotographPairRow,
    FollowUpRow,
    AlarmDecisionRow,
    AlarmRow,
    DiaryReadingRow,
    DiaryEntryRow,
    DiaryLinkRow,
    AdverseEventRow,
    TreatedAreaRow,
    TreatmentRow,
    TestSpotRow,
)
