"""The sealed column of a follow-up, in which members stand by their ids, and ratings and readings are lists."""

import datetime
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, SerializerFunctionWrapHandler, model_serializer

from skinbeam_clinic.database.follow_up_tables import FollowUpRow
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.follow_ups.models import ClinicianGrade, FollowUpMoment, PatientReport, ScaleReading, SelfRating

__all__ = ["FOLLOW_UP_CONTENT", "FollowUpContent", "GradeContent", "ReportContent"]

_ListedRating = Annotated[SelfRating, BeforeValidator(lambda values: SelfRating(*values)), PlainSerializer(astuple)]
_ListedReading = Annotated[
    ScaleReading, BeforeValidator(lambda values: ScaleReading(*values)), PlainSerializer(astuple)
]
_Time = Annotated[datetime.datetime, Field(alias="at")]
_MemberId = Annotated[str, Field(alias="by")]


@dataclass(frozen=True)
class ReportContent(PatientReport):
    """A patient's answers; `noted_by` is the id of a member."""

    now: _ListedRating
    before: _ListedRating | None
    said_at: _Time
    noted_by: _MemberId

    def report(self, name_of: Callable[[str], str]) -> PatientReport:
        """Return the report with the member's name."""
        return PatientReport(**vars(self) | {"noted_by": name_of(self.noted_by)})


@dataclass(frozen=True)
class GradeContent(ClinicianGrade):
    """A grade by a member of the clinic, without the name of the `rater`."""

    readings: tuple[_ListedReading, ...]
    graded_at: _Time
    rater: Annotated[str, Field(default="", exclude=True)]
    rater_id: _MemberId
    measured: bool = False

    def grade(self, name_of: Callable[[str], str]) -> ClinicianGrade:
        """Return the grade with the rater's name."""
        return ClinicianGrade(**vars(self) | {"rater": name_of(self.rater_id)})


@dataclass(frozen=True)
class FollowUpContent:
    """Report and grades of a follow-up.

    Parameters
    ----------
    report : the patient's report; None before it.
    grades : oldest first.
    opened, paired : the members who have seen the report, and those who know the order of the photographs.
    option : of the concern that it follows, where the treatment was ordered for another one; None where it was not.
    """

    moment: FollowUpMoment
    report: Annotated[ReportContent | None, Field(alias="said")] = None
    grades: tuple[GradeContent, ...] = ()
    opened: tuple[str, ...] = ()
    paired: tuple[str, ...] = ()
    option: str | None = None

    @model_serializer(mode="wrap")
    def as_record(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Return what JSON holds; of the concern of the order it is what programs wrote that knew of no other."""
        values: dict[str, Any] = write(self)
        return {name: value for name, value in values.items() if (name, value) != ("option", None)}


FOLLOW_UP_CONTENT = SealedRecord(FollowUpContent, FollowUpRow.judged_sealed)
