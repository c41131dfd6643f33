"""A patient's copy of their records: a ZIP that a person can open and another clinic can import (`copied_patient`)."""

import base64
import datetime
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from skinbeam.text import LANGUAGES, current_language, use_language
from skinbeam_clinic.database.clinic_access import ClinicAccess, Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import record_values
from skinbeam_clinic.exchange.copied_patient import COPY_SCHEMA, RECORD_FILE
from skinbeam_clinic.exchange.copy_overview import OVERVIEW_FILE, CopiedRecords, CopyPaths, render_overview
from skinbeam_clinic.exchange.repository import DossierRepository
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.models import ConsultationContents, Dossier, PatientRecord
from skinbeam_clinic.patient_links.models import PatientLink
from skinbeam_clinic.patients.contact_details import LANGUAGE
from skinbeam_clinic.record_repositories import RecordRepositories
from skinbeam_clinic.test_spots.sealed_content import copied_spot_values

__all__ = ["PatientCopyRepository"]


class PatientCopyRepository(Repository):
    """Makes copies of the records of a clinic's patients."""

    def __init__(self, access: ClinicAccess) -> None:
        super().__init__(access)
        self._dossiers = DossierRepository(access)
        self._records = RecordRepositories(access)

    def make(self, patient_id: str) -> bytes:
        """Return all records of a patient as a ZIP: `record.json`, photographs, plans, signed documents, attachments.

        A page to read, `overview.html`, lists them in the language of the patient, else in the current one. The copy of
        a record that is kept contains those that were closed as its duplicates.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        """
        with self._dossiers.exporting((patient_id,), copied=True) as read:
            return self.pack(read(patient_id), self._records.own_devices.read())

    def pack(self, dossier: Dossier, devices: ClinicDevices) -> bytes:
        """Return the copy of the patient of a dossier, which is being exported (`DossierRepository.exporting`)."""
        patient_id = dossier.patient.id
        contact, replaced = self._records.patients.get_contact(patient_id), self._dossiers.read_replaced(patient_id)
        details = {} if contact is None else dict(contact.details)
        copied = self._collect((dossier, *replaced), details, devices)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            language = details.get(LANGUAGE, "")
            with use_language(language if language in LANGUAGES else current_language()):
                archive.writestr(OVERVIEW_FILE, render_overview(copied, now()))
            record = {
                "schema": COPY_SCHEMA,
                "clinic": copied.clinic,
                "patient": asdict(dossier.patient),
                "contact": details,
                "notes": [record_values(note) for record in copied.records for note in record.notes],
                "attachments": self._pack_attachments(archive, copied),
                "appointments": [
                    asdict(appointment) for record in copied.records for appointment in record.appointments
                ],
                "reminders": [
                    asdict(reminder)
                    for record in copied.records
                    for reminder in self._records.reminders.of(record.patient.id)
                ],
                "consultations": [
                    self._pack_consultation(archive, copied, consultation) for consultation in copied.consultations
                ],
                "links": list(map(asdict, self._open_links(patient_id))),
                "replaced": [self._replaced_record(record.patient) for record in replaced],
            }
            archive.writestr(RECORD_FILE, json.dumps(record, indent=2, ensure_ascii=False, default=_json_value))
        return packed.getvalue()

    def _collect(
        self, records: tuple[Dossier, ...], contact: Mapping[str, str], devices: ClinicDevices
    ) -> CopiedRecords:
        consultations = [consultation for record in records for consultation in record.consultations]
        consultations.sort(key=lambda consultation: consultation.consultation.created_at)
        alarms = (
            alarm
            for consultation in consultations
            for alarm in self._records.alarms.of_consultation(consultation.consultation.id)
        )
        return CopiedRecords(
            self._access.member.clinic,
            contact,
            records,
            tuple(consultations),
            {alarm.id: alarm for alarm in alarms},
            CopyPaths.assign(records, consultations),
            devices,
        )

    def _replaced_record(self, patient: PatientRecord) -> dict[str, object]:
        """Return a record that was closed as a duplicate, and its links; what was done in it is among all the rest."""
        contact = self._records.patients.get_contact(patient.id)
        return {
            "patient": asdict(patient),
            "contact": {} if contact is None else dict(contact.details),
            "links": list(map(asdict, self._open_links(patient.id))),
        }

    def _open_links(self, id: str) -> list[PatientLink]:
        """Return the links of a record; one that was undone is about somebody else, too, and stays out."""
        return [link for link in self._records.patient_links.of(id) if link.end is None]

    def _pack_attachments(self, archive: zipfile.ZipFile, copied: CopiedRecords) -> list[dict[str, Any]]:
        packed = []
        for attachment, _ in (attachment for record in copied.records for attachment in record.attachments):
            place = copied.paths.attachments[attachment.id]
            archive.writestr(place, self._records.attachments.read_content(attachment.id)[1])
            packed.append(record_values(attachment) | {"file": place})
        return packed

    def _pack_consultation(
        self, archive: zipfile.ZipFile, copied: CopiedRecords, consultation: ConsultationContents
    ) -> dict[str, Any]:
        paths, photographs, consents, plans = copied.paths, [], [], []
        for photograph, content in consultation.photographs:
            place = paths.photographs[photograph.id]
            archive.writestr(place, content)
            photographs.append(asdict(photograph) | {"file": place})
        for consent, document in consultation.consents:
            if document is not None:
                archive.writestr(paths.documents[consent.id], document)
            consents.append(asdict(consent) | {"document": paths.documents.get(consent.id, "")})
        for contents in consultation.plans:
            places = paths.plans[contents.plan.id]
            for name, place in places.items():
                archive.writestr(place, contents.files[name])
            chosen = [asdict(choice) for choice in contents.choices]
            plans.append(asdict(contents.plan) | {"files": dict(places), "choices": chosen})
        return record_values(consultation.consultation) | {
            "treatments": [record_values(treatment) for treatment in consultation.treatments],
            "photographs": photographs,
            "plans": plans,
            "consents": consents,
            "diary": _diary(consultation, copied),
            "suggested_concerns": [
                asdict(concern) for concern in self._records.suggestions.of(consultation.consultation.id)
            ],
            "test_spots": [copied_spot_values(spot) for spot in consultation.test_spots],
            "follow_ups": [
                asdict(follow_up) | {"measured": list(map(asdict, self._records.pair_analyses.of(follow_up.id)))}
                for follow_up in consultation.follow_ups
            ],
        }


def _diary(consultation: ConsultationContents, copied: CopiedRecords) -> list[dict[str, Any]]:
    """Return the diary entries of a consultation, with their photographs and alarms.

    An alarm includes the clinic's answer and decision.
    """
    columns = ("raised_at", "answered_at", "answered_by", "answer", "decided_at", "decided_by", "reason")
    return [
        asdict(entry)
        | {"photograph": copied.paths.photographs.get(entry.photograph_id or "", "")}
        | {
            "alarm": {name: getattr(alarm, name) for name in columns}
            if (alarm := copied.alarms.get(entry.id))
            else None
        }
        for entry in consultation.diary
    ]


def _json_value(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot stand in a copy")
