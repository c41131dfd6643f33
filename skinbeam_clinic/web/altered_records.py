"""Tell on a page of each record that is left out of it, or shown without its words, since it was altered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skinbeam.text import Formatter, render_message
from skinbeam_clinic.database.altered_rows import AlteredRow
from skinbeam_clinic.database.follow_up_tables import AlarmRow, DiaryEntryRow, FollowUpRow
from skinbeam_clinic.database.patient_link_tables import PatientLinkRow
from skinbeam_clinic.database.tables import AttachmentRow, ClinicalNoteRow, ConsentRow, ConsultationRow, ContactRow
from skinbeam_clinic.database.text_tables import ClinicTextRow
from skinbeam_clinic.database.treatment_tables import (
    AdverseEventRow,
    AppointmentReminderRow,
    AppointmentRow,
    MachineUpkeepRow,
    OwnDeviceRow,
    TestSpotRow,
    TreatedAreaRow,
    TreatmentRow,
)

__all__ = ["AlteredRecordView", "view_altered_rows"]


@dataclass(frozen=True)
class AlteredRecordView:
    """A record that cannot be read: what it is and of when, and the page that says why; empty where it has none."""

    title: str
    path: str


@dataclass(frozen=True)
class _Kind:
    """The column that dates the records of a table, and the address of a page, with columns to fill in."""

    moment: str = ""
    path: str = ""


_KINDS: Mapping[str, _Kind] = {
    ContactRow.__tablename__: _Kind(path="/patients/{id}/contact"),
    ConsultationRow.__tablename__: _Kind("created_at", "/consultations/{id}"),
    PatientLinkRow.__tablename__: _Kind("linked_at", "/patients/{patient_id}#person"),
    ClinicalNoteRow.__tablename__: _Kind("noted_at", "/patients/{patient_id}#note-{id}"),
    AttachmentRow.__tablename__: _Kind("added_at", "/patients/{patient_id}#attachment-{id}"),
    ConsentRow.__tablename__: _Kind("explained_at", "/plans/{plan_id}/consent/{option}"),
    TestSpotRow.__tablename__: _Kind("fired_at", "/consultations/{consultation_id}/test-spots"),
    TreatmentRow.__tablename__: _Kind("created_at", "/treatments/{id}"),
    TreatedAreaRow.__tablename__: _Kind("fired_at", "/treatments/{treatment_id}"),
    AdverseEventRow.__tablename__: _Kind("seen_at", "/treatments/{treatment_id}"),
    FollowUpRow.__tablename__: _Kind("seen_at", "/follow-ups/{id}"),
    DiaryEntryRow.__tablename__: _Kind("written_at", "/treatments/{treatment_id}/diary"),
    AlarmRow.__tablename__: _Kind("raised_at", "/alarms"),
    AppointmentRow.__tablename__: _Kind("starts_at", "/appointments/{id}"),
    AppointmentReminderRow.__tablename__: _Kind("noted_at", "/appointments/{appointment_id}"),
    ClinicTextRow.__tablename__: _Kind("written_at", "/texts/{text_id}"),
    MachineUpkeepRow.__tablename__: _Kind("noted_at", "/machines"),
    OwnDeviceRow.__tablename__: _Kind("added_at", "/machines"),
}


def view_altered_rows(rows: Iterable[AlteredRow], pseudonyms: Mapping[str, str]) -> tuple[AlteredRecordView, ...]:
    """Return the altered rows for display.

    Parameters
    ----------
    pseudonyms : of the patients whose contact details are among the rows, by their ids.
    """
    return tuple(_view_row(row, pseudonyms) for row in rows)


def _view_row(row: AlteredRow, pseudonyms: Mapping[str, str]) -> AlteredRecordView:
    kind, columns = _KINDS.get(row.table, _Kind()), {**row.columns, "id": row.id}
    name = row.table.replace("_", "-") if row.table in _KINDS else "other"
    about = {"patient": pseudonyms.get(row.id, "")} if row.table == ContactRow.__tablename__ else {}
    record = render_message(f"clinic-altered.{name}", about)
    if at := columns.get(kind.moment):
        record = render_message("clinic-altered.of", {"record": record, "at": Formatter().moment(at)})
    return AlteredRecordView(record, kind.path.format(**columns))
