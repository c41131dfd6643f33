"""Store and read concerns that a photograph suggested, each with the clinician's decision."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from skinbeam.text import Message
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.repository import get_open_consultation
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.follow_up_tables import SuggestedConcernRow
from skinbeam_clinic.database.sealed_record import RecordMessage, SealedRecord
from skinbeam_clinic.database.tables import ConsultationRow, PhotographRow
from skinbeam_clinic.database.transaction import ClinicTransaction

__all__ = [
    "SUGGESTION_CONTENT",
    "SuggestedConcern",
    "SuggestionContent",
    "SuggestionDecision",
    "SuggestionRepository",
]


class SuggestionDecision(StrEnum):
    """A clinician's decision about a suggested concern."""

    ACCEPTED = "kept"
    DISMISSED = "dismissed"


@dataclass(frozen=True)
class SuggestionContent:
    """What a photograph suggests, as in the sealed column.

    Parameters
    ----------
    findings : in English sentences.
    messages : the findings as messages, for rendering in other languages.
    severity : empty where no published scale gives a severity.
    finding_regions : kind and region of each finding; empty in records of before decisions about marks were followed.
    to_be_seen : number of its spots that a doctor must see.
    """

    condition: str
    site: str
    findings: Annotated[tuple[str, ...], Field(alias="seen")]
    messages: Annotated[tuple[RecordMessage, ...], Field(alias="told")]
    severity: str = ""
    finding_regions: tuple[tuple[str, str], ...] = ()
    to_be_seen: int = 0


SUGGESTION_CONTENT = SealedRecord(SuggestionContent, SuggestedConcernRow.suggestion_sealed)


@dataclass(frozen=True)
class SuggestedConcern:
    """A concern suggested by a photograph.

    `seen` and `told` are the findings and messages of `SuggestionContent`, whose other fields have the same names.

    Parameters
    ----------
    decision : None before a decision.
    """

    id: str
    consultation_id: str
    photograph_id: str
    condition: str
    site: str
    severity: str
    seen: tuple[str, ...]
    told: tuple[Message, ...]
    finding_regions: tuple[tuple[str, str], ...]
    to_be_seen: int
    made_at: datetime.datetime
    decision: SuggestionDecision | None
    decided_at: datetime.datetime | None
    decided_by: str


class SuggestionRepository(Repository):
    """The suggestions of a clinic's consultations."""

    def add(
        self, consultation_id: str, photograph_id: str, suggestions: Sequence[SuggestionContent]
    ) -> tuple[SuggestedConcern, ...]:
        """Store the concerns that a photograph suggests; a photograph analysed before keeps its first suggestions.

        Raises
        ------
        ClosedError : the consultation is closed.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            get_open_consultation(work, consultation_id)
            work.get(PhotographRow, photograph_id)
            is_same = (
                SuggestedConcernRow.consultation_id == consultation_id,
                SuggestedConcernRow.photograph_id == photograph_id,
            )
            rows = work.rows(SuggestedConcernRow, *is_same, order=(SuggestedConcernRow.made_at,))
            if not rows:
                rows = [_make_row(work, consultation_id, photograph_id, suggestion) for suggestion in suggestions]
            return tuple(_read_suggestion(work, row) for row in rows)

    def of(self, consultation_id: str) -> tuple[SuggestedConcern, ...]:
        """Return the suggestions of a consultation, oldest first."""
        with self._access.reading_row(ConsultationRow, consultation_id, "suggestions.listed") as (work, _):
            table = SuggestedConcernRow
            rows = work.rows_of(table, table.consultation_id, consultation_id, table.made_at)
            return tuple(work.read_each(rows, lambda row: _read_suggestion(work, row)))

    def decide(self, id: str, decision: SuggestionDecision) -> SuggestedConcern:
        """Store a clinician's decision about a suggestion; the first decision is final.

        Raises
        ------
        ClosedError : the consultation is closed.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(SuggestedConcernRow, id)
            get_open_consultation(work, row.consultation_id)
            if row.decision is None:
                row.decision, row.decided_at, row.decided_by = decision.value, now(), work.actor
                work.save(row, f"suggestion.{decision}")
            return _read_suggestion(work, row)


def _make_row(
    work: ClinicTransaction, consultation_id: str, photograph_id: str, suggestion: SuggestionContent
) -> SuggestedConcernRow:
    row = work.new_row(SuggestedConcernRow, consultation_id=consultation_id, photograph_id=photograph_id)
    row.made_at, row.made_by = now(), work.actor
    work.seal_record(row, SUGGESTION_CONTENT, suggestion)
    work.save(row, "suggestion.made")
    return row


def _read_suggestion(work: ClinicTransaction, row: SuggestedConcernRow) -> SuggestedConcern:
    content = work.open_record(row, SUGGESTION_CONTENT)
    same = {name: value for name, value in vars(content).items() if name not in ("findings", "messages")}
    return work.read_row(
        SuggestedConcern,
        row,
        **same,
        seen=content.findings,
        told=content.messages,
        decision=None if row.decision is None else SuggestionDecision(row.decision),
        decided_by="" if row.decided_by is None else work.actor_name(row.decided_by),
    )
