"""Write a whole clinic into a folder, for leaving again: CSV for spreadsheets and other programs, copies, and FHIR.

`patients.csv`, `appointments.csv`, `sessions.csv` and `closed_days.csv` have the columns that an import reads. The
other tables have a column for each field of a record, with nested fields as JSON. Each patient's copy holds
photographs, documents and attachments; `devices` holds the device files of the clinic.

What an import reads of a record that was closed as a duplicate stands there under the pseudonym of the record that is
kept, so that an import makes one patient of both; `patient_links.csv` tells which records they were.
"""

import datetime
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.document import unwritable_error
from skinbeam.text import to_local_time
from skinbeam_clinic.accounts.clinic_contact import ClinicContact
from skinbeam_clinic.appointments.reminders import AppointmentReminder
from skinbeam_clinic.clinic_texts.models import ClinicText
from skinbeam_clinic.clinic_transfer.csv_files import write_csv, write_csv_lines
from skinbeam_clinic.clinic_transfer.mapping import FIELDS, ImportKind
from skinbeam_clinic.clinic_transfer.private_files import FOLDER_MODE, refuse_existing, write_private_file
from skinbeam_clinic.consultations.forms import row_values
from skinbeam_clinic.database.sealed_record import record_values
from skinbeam_clinic.diaries.models import DiaryEntry
from skinbeam_clinic.documents.models import Attachment, ClinicalNote
from skinbeam_clinic.exchange.record_formats import make_bundler
from skinbeam_clinic.exchange.repository import read_together
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.machines.clinic_devices import OwnDevice
from skinbeam_clinic.machines.upkeep import MachineUpkeep
from skinbeam_clinic.models import (
    Consent,
    ConsultationContents,
    ConsultationRecord,
    Dossier,
    PhotographRecord,
    PlanChoice,
    PlanRecord,
)
from skinbeam_clinic.patient_links.models import PatientLink
from skinbeam_clinic.patients.history import list_session_facts
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import AdverseEvent, ClinicMachine, TreatedArea, Treatment

__all__ = ["export_clinic"]

_CONTACT = ("number", "name", "born", "phone", "email", "address")
_RECORDS: Mapping[str, type[Any]] = {
    "consultations": ConsultationRecord,
    "photographs": PhotographRecord,
    "plans": PlanRecord,
    "choices": PlanChoice,
    "consents": Consent,
    "test_spots": TestSpotRecord,
    "treatments": Treatment,
    "treated_areas": TreatedArea,
    "adverse_events": AdverseEvent,
    "follow_ups": FollowUp,
    "diary_entries": DiaryEntry,
    "notes": ClinicalNote,
    "attachments": Attachment,
}
_CLINIC_RECORDS: Mapping[str, type[Any]] = {
    "machines": ClinicMachine,
    "machine_upkeep": MachineUpkeep,
    "own_devices": OwnDevice,
    "clinic_texts": ClinicText,
    "patient_links": PatientLink,
}


class _Table:
    """A table of the export: its file, and the rows that are not in it yet."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        write_private_file(path, write_csv(columns, ()))
        self._path = path
        self.rows: list[tuple[object, ...]] = []
        self.number_written = 0

    def write(self) -> None:
        """Write the rows to the end of the file."""
        with self._path.open("ab") as file:
            file.write(write_csv_lines(self.rows))
        self.number_written += len(self.rows)
        self.rows.clear()


def export_clinic(repositories: ClinicRepositories, folder: Path) -> dict[str, int]:
    """Write all records of a clinic into a new folder, which only this user can read, and return counts.

    A Bundle leaves out a photograph that cannot be read; the copy of its patient holds it as it was stored.

    Raises
    ------
    InputError : `file-taken`: there is something at its path; or it cannot be written.
    NotAvailable : the library of FHIR is not installed.
    """
    refuse_existing(folder)
    bundle, left_out = make_bundler(), 0
    repositories.imports.note_export()
    columns: dict[str, Sequence[str]] = {kind.value: FIELDS[kind] for kind in ImportKind}
    columns |= {name: ("patient", *_columns(record)) for name, record in _RECORDS.items()}
    columns |= {name: _columns(record) for name, record in _CLINIC_RECORDS.items()}
    columns |= {
        "appointment_reminders": ("patient", *_columns(AppointmentReminder)),
        "clinic_contact": _columns(ClinicContact),
        "files": ("patient", "copy", "fhir"),
    }
    try:
        with work_folder(folder.parent, folder.name) as place:  # also removes what a killed export left
            for part in ("copies", "devices", "fhir"):
                (place / part).mkdir(FOLDER_MODE)
            tables = {name: _Table(place / f"{name}.csv", named) for name, named in columns.items()}
            for name in _CLINIC_RECORDS:
                tables[name].rows.extend(map(_cells, getattr(repositories, name).list_all()))
                tables[name].write()
            tables["closed_days"].rows.extend(
                tuple(_cell(getattr(days, name)) for name in FIELDS[ImportKind.CLOSED_DAYS])
                for days in repositories.closed_days.list_all()
            )
            tables["clinic_contact"].rows.append(_cells(repositories.clinic_contact.get()))
            devices = repositories.own_devices.read()
            for own in devices.own:
                write_private_file(place / "devices" / own.file, own.text.encode())
            numbers, kept = itertools.count(1), repositories.patient_links.list_kept_ids()
            pseudonyms = {patient.id: patient.pseudonym for patient in repositories.patients.list_all()}
            for together in read_together(tuple(pseudonyms)):
                with repositories.dossiers.exporting(together, "csv", "fhir", copied=True) as read:
                    for id in together:
                        number = next(numbers)
                        copy, fhir = f"copies/{number:05}.zip", f"fhir/{number:05}.json"
                        dossier, contact = read(id), repositories.patients.get_contact(id)
                        details = {} if contact is None else contact.details
                        _add_rows(tables, dossier, details, pseudonyms[kept.get(id, id)])
                        name = dossier.patient.pseudonym
                        reminders = repositories.reminders.of(id)
                        tables["appointment_reminders"].rows.extend((name, *_cells(reminder)) for reminder in reminders)
                        write_private_file(place / copy, repositories.patient_copies.pack(dossier, devices))
                        content, result = bundle(dossier, repositories.member.clinic)
                        write_private_file(place / fhir, content)
                        left_out += len(result.photographs_left_out or ())
                        tables["files"].rows.append((name, copy, fhir))
                for table in tables.values():
                    table.write()
            place.replace(folder)
    except OSError as error:
        raise unwritable_error(folder, error, field="--output") from None
    del tables["files"]
    return {name: table.number_written for name, table in tables.items()} | {"photographs_not_in_fhir": left_out}


def _add_rows(tables: Mapping[str, _Table], dossier: Dossier, contact: Mapping[str, str], person: str) -> None:
    """Add everything of a patient to the tables.

    Parameters
    ----------
    person : pseudonym of the record that is kept: of a closed one that in its place, of any other its own.
    """
    patient = dossier.patient
    known = {name: contact.get(name, "") for name in _CONTACT} | {"pseudonym": patient.pseudonym}
    known["year_of_birth"] = "" if patient.year_of_birth is None else str(patient.year_of_birth)
    if person == patient.pseudonym:
        tables["patients"].rows.append(tuple(known[name] for name in FIELDS[ImportKind.PATIENTS]))
    for appointment in dossier.appointments:
        starts = to_local_time(appointment.starts_at)
        values = {
            "patient": person,
            "date": starts.date().isoformat(),
            "time": f"{starts:%H:%M}",
            "minutes": (appointment.ends_at - appointment.starts_at) // datetime.timedelta(minutes=1),
            "member": appointment.member,
            "machine": appointment.machine,
            "purpose": appointment.purpose.value,
            "state": appointment.state.value,
        }
        tables["appointments"].rows.append(tuple(values[name] for name in FIELDS[ImportKind.APPOINTMENTS]))
    for session in _past_sessions(dossier, person):
        tables["sessions"].rows.append(tuple(session.get(name, "") for name in FIELDS[ImportKind.SESSIONS]))
    for name, records in _list_records(dossier.consultations):
        tables[name].rows.extend((patient.pseudonym, *_cells(record)) for record in records)
    for name, documents in (
        ("notes", dossier.notes),
        ("attachments", [attachment for attachment, _ in dossier.attachments]),
    ):
        tables[name].rows.extend((patient.pseudonym, *_cells(document)) for document in documents)


def _past_sessions(dossier: Dossier, person: str) -> Iterator[dict[str, object]]:
    """Yield each session in which something was fired, with the lowest dose of its areas as the next plan reads it."""
    for consultation in dossier.consultations:
        for fact in list_session_facts(consultation.treatments, consultation.follow_ups):
            values = row_values(fact.row_on(fact.fired_at))
            row = values | {"adverse": "; ".join(values.get("adverse", ()))}
            row |= {"patient": person, "date": to_local_time(fact.fired_at).date().isoformat()}
            yield row


def _list_records(consultations: Iterable[ConsultationContents]) -> Iterator[tuple[str, Iterable[Any]]]:
    """Yield the records of consultations by table."""
    for consultation in consultations:
        yield "consultations", [consultation.consultation]
        yield "photographs", [photograph for photograph, _ in consultation.photographs]
        yield "plans", [contents.plan for contents in consultation.plans]
        yield "choices", [choice for contents in consultation.plans for choice in contents.choices]
        yield "consents", [consent for consent, _ in consultation.consents]
        yield "test_spots", consultation.test_spots
        yield "treatments", consultation.treatments
        yield "treated_areas", [area for treatment in consultation.treatments for area in treatment.areas]
        yield "adverse_events", [event for treatment in consultation.treatments for event in treatment.events]
        yield "follow_ups", consultation.follow_ups
        yield "diary_entries", consultation.diary


def _columns(record: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


def _cells(record: Any) -> tuple[object, ...]:
    return tuple(_cell(value) for value in record_values(record).values())


def _cell(value: Any) -> object:
    if value is None:
        return ""
    if isinstance(value, bool | int | float | str | datetime.date | Enum | bytes):
        plain = _plain(value)
        return json.dumps(plain) if isinstance(plain, bool) else plain  # a number stays one, also a negative one
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: Any) -> object:
    """Return a value as JSON can hold it; signatures are in the documents of the copies."""
    if isinstance(value, datetime.date):  # a moment is one, too
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bytes):
        return ""
    if isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} cannot stand in a table")
