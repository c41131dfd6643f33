"""The sealed column of a diary entry."""

from skinbeam_clinic.database.follow_up_tables import DiaryEntryRow
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.diaries.models import DiaryNote

__all__ = ["NOTE_CONTENT"]

NOTE_CONTENT = SealedRecord(DiaryNote, DiaryEntryRow.entry_sealed)
