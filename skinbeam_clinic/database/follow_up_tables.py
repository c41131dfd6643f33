"""SQLAlchemy tables for records after a treatment: diaries, alarms, follow-ups, API tokens and calendar feeds.

Of a token only the hash is stored: somebody who has the database can open no diary and read nothing through the API.
"""

import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from skinbeam_clinic.database.tables import Base, ClinicScoped, clinic_references
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
    "PairAnalysisRow",
    "PhotographPairRow",
    "SuggestedConcernRow",
]

_ID = String(32)
_HASH = String(64)
_WORD = String(200)


class DiaryLinkRow(ConsultationScoped, Base):
    """A link with which a patient, who has no account, opens the diary of a treatment, until it ends or is replaced."""

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
    """A patient's diary entry for one day after a treatment."""

    __tablename__ = "diary_entry"
    _REFERS = (("treatment_id", "treatment"), ("photograph_id", "photograph"))
    treatment_id: Mapped[str] = mapped_column(_ID)
    day: Mapped[int]
    entry_sealed: Mapped[bytes]
    photograph_id: Mapped[str | None] = mapped_column(_ID)
    written_at: Mapped[datetime.datetime]


class AlarmRow(ConsultationScoped, Base):
    """An alarm: a diary entry that a member of the clinic must read now, and who answered it."""

    __tablename__ = "alarm"
    _REFERS = (("entry_id", "diary_entry"),)
    entry_id: Mapped[str] = mapped_column(_ID)
    raised_at: Mapped[datetime.datetime]
    answered_at: Mapped[datetime.datetime | None]
    answered_by: Mapped[str | None] = mapped_column(_WORD)
    answer_sealed: Mapped[bytes | None]


class DiaryReadingRow(ConsultationScoped, Base):
    """Who first read a diary entry, and when; the row has the entry's id."""

    __tablename__ = "diary_reading"
    _REFERS = (("entry_id", "diary_entry"),)
    entry_id: Mapped[str] = mapped_column(_ID)
    read_at: Mapped[datetime.datetime]
    read_by: Mapped[str] = mapped_column(_WORD)


class AlarmDecisionRow(ConsultationScoped, Base):
    """A clinician's decision about an alarm: an adverse event or none, and why; the row has the alarm's id."""

    __tablename__ = "alarm_decision"
    _REFERS = (("alarm_id", "alarm"), ("adverse_event_id", "adverse_event"))
    alarm_id: Mapped[str] = mapped_column(_ID)
    adverse_event_id: Mapped[str | None] = mapped_column(_ID)
    reason_sealed: Mapped[bytes]
    decided_at: Mapped[datetime.datetime]
    decided_by: Mapped[str] = mapped_column(_WORD)


class FollowUpRow(ConsultationScoped, Base):
    """A follow-up after the last treatment: the outcome as graded and described by clinician and patient."""

    __tablename__ = "follow_up"
    _REFERS = (("treatment_id", "treatment"),)
    treatment_id: Mapped[str] = mapped_column(_ID)
    judged_sealed: Mapped[bytes]
    seen_at: Mapped[datetime.datetime]
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)


class PhotographPairRow(ConsultationScoped, Base):
    """Two photographs of the same place, one from before the treatment and one from the follow-up."""

    __tablename__ = "photograph_pair"
    _REFERS = (("follow_up_id", "follow_up"), ("before_id", "photograph"), ("after_id", "photograph"))
    follow_up_id: Mapped[str] = mapped_column(_ID)
    before_id: Mapped[str] = mapped_column(_ID)
    after_id: Mapped[str] = mapped_column(_ID)


class PairAnalysisRow(ConsultationScoped, Base):
    """What the program measured on a pair of photographs after the blind grade; the row has the pair's id."""

    __tablename__ = "pair_analysis"
    _REFERS = (("pair_id", "photograph_pair"),)
    pair_id: Mapped[str] = mapped_column(_ID)
    result_sealed: Mapped[bytes]
    measured_at: Mapped[datetime.datetime]
    requested_by: Mapped[str] = mapped_column(_WORD)


class SuggestedConcernRow(ConsultationScoped, Base):
    """A concern suggested from a photograph, and the clinician's decision: kept, dismissed, or none yet."""

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
    """A token with which another system reads the records of the clinic, stored by its hash; it expires."""

    __tablename__ = "api_token"
    __table_args__ = (Index(None, "clinic_id", "until"),)
    name: Mapped[str] = mapped_column(_WORD)
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    until: Mapped[datetime.datetime]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]


class CalendarFeedRow(ClinicScoped, Base):
    """The address at which a member's own calendar program reads their appointments, stored by its hash; it expires."""

    __tablename__ = "calendar_feed"
    __table_args__ = clinic_references(member_id="member")
    member_id: Mapped[str] = mapped_column(_ID)
    token_hash: Mapped[str] = mapped_column(_HASH, unique=True)
    until: Mapped[datetime.datetime]
    made_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]


# Each table before those that it refers to, so that the rows of a consultation can be deleted in this order.
CONSULTATION_TABLES: tuple[type[ConsultationScoped], ...] = (
    SuggestedConcernRow,
    PairAnalysisRow,
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
