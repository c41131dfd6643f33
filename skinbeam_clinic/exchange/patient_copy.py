"""A patient's copy of their records: a ZIP that a person can open and another clinic can import (`copied_patient`)."""

import base64
import datetime
import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from skinbeam_clinic.database.sealed_record import record_values
from skinbeam_clinic.database.transaction import ClinicAccess, Repository
from skinbeam_clinic.documents.attachment_content import ENDINGS
from skinbeam_clinic.exchange.copied_patient import COPY_SCHEMA, RECORD_FILE
from skinbeam_clinic.exchange.repository import DossierRepository
from skinbeam_clinic.models import ConsultationContents, Dossier, PatientRecord
from skinbeam_clinic.patient_links.models import PatientLink
from skinbeam_clinic.record_repositories import RecordRepositories
from skinbeam_clinic.test_spots.sealed_content import copied_spot_values

__all__ = ["PatientCopyRepository"]

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class PatientCopyRepository(Repository):
    """Makes copies of the records of a clinic's patients."""

    def __init__(self, access: ClinicAccess) -> None:
        super().__init__(access)
        self._dossiers = DossierRepository(access)
        self._records = RecordRepositories(access)

    def make(self, patient_id: str) -> bytes:
        """Return all records of a patient as a ZIP: `record.json`, photographs, plans, signed documents, attachments.

        The copy of a record that is kept contains those that were closed as its duplicates.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or has erased them.
        """
        with self._dossiers.exporting((patient_id,), copied=True) as read:
            return self.pack(read(patient_id))

    def pack(self, dossier: Dossier) -> bytes:
        """Return the copy of the patient of a dossier, which is being exported (`DossierRepository.exporting`)."""
        patient_id = dossier.patient.id
        contact, replaced = self._records.patients.get_contact(patient_id), self._dossiers.read_replaced(patient_id)
        records = (dossier, *replaced)
        consultations = (consultation for record in records for consultation in record.consultations)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            record = {
                "schema": COPY_SCHEMA,
                "clinic": self._access.member.clinic,
                "patient": asdict(dossier.patient),
                "contact": {} if contact is None else dict(contact.details),
                "notes": [record_values(note) for record in records for note in record.notes],
                "attachments": self._pack_attachments(archive, records),
                "appointments": [asdict(appointment) for record in records for appointment in record.appointments],
                "reminders": [
                    asdict(reminder) for record in records for reminder in self._records.reminders.of(record.patient.id)
                ],
                "consultations": [
                    self._pack_consultation(archive, f"{number:03}", consultation)
                    for number, consultation in enumerate(
                        sorted(consultations, key=lambda consultation: consultation.consultation.created_at), 1
                    )
                ],
                "links": list(map(asdict, self._open_links(patient_id))),
                "replaced": [self._replaced_record(record.patient) for record in replaced],
            }
            archive.writestr(RECORD_FILE, json.dumps(record, indent=2, ensure_ascii=False, default=_json_value))
        return packed.getvalue()

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

    def _pack_attachments(self, archive: zipfile.ZipFile, records: Sequence[Dossier]) -> list[dict[str, Any]]:
        packed = []
        for number, (attachment, _) in enumerate(
            (attachment for record in records for attachment in record.attachments), 1
        ):
            place = f"attachments/{number:03}{ENDINGS[attachment.media_type]}"
            archive.writestr(place, self._records.attachments.read_content(attachment.id)[1])
            packed.append(record_values(attachment) | {"file": place})
        return packed

    def _pack_consultation(
        self, archive: zipfile.ZipFile, folder: str, consultation: ConsultationContents
    ) -> dict[str, Any]:
        photographs = []
        for number, (photograph, content) in enumerate(consultation.photographs, 1):
            place = f"{folder}/photograph-{number:02}.{_ENDINGS[photograph.media_type]}"
            archive.writestr(place, content)
            photographs.append(asdict(photograph) | {"file": place})
        consents = []
        for number, (consent, document) in enumerate(consultation.consents, 1):
            place = ""
            if document is not None:
                place = f"{folder}/consent-{number:02}.pdf"
                archive.writestr(place, document)
            consents.append(asdict(consent) | {"document": place})
        plans = []
        for number, contents in enumerate(consultation.plans, 1):
            places = {name: f"{folder}/plan-{number:02}/{name}" for name in contents.files}
            for name, place in places.items():
                archive.writestr(place, contents.files[name])
            chosen = [asdict(choice) for choice in contents.choices]
            plans.append(asdict(contents.plan) | {"files": places, "choices": chosen})
        return record_values(consultation.consultation) | {
            "treatments": [record_values(treatment) for treatment in consultation.treatments],
            "photographs": photographs,
            "plans": plans,
            "consents": consents,
            "diary": self._diary(consultation, photographs),
            "suggested_concerns": [
                asdict(concern) for concern in self._records.suggestions.of(consultation.consultation.id)
            ],
            "test_spots": [copied_spot_values(spot) for spot in consultation.test_spots],
            "follow_ups": [
                asdict(follow_up) | {"measured": list(map(asdict, self._records.pair_analyses.of(follow_up.id)))}
                for follow_up in consultation.follow_ups
            ],
        }

    def _diary(self, consultation: ConsultationContents, photographs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the diary entries of a consultation, with their photographs and alarms.

        An alarm includes the clinic's answer and decision.
        """
        places = {str(photograph["id"]): photograph["file"] for photograph in photographs}
        alarms = {alarm.id: alarm for alarm in self._records.alarms.of_consultation(consultation.consultation.id)}
        columns = ("raised_at", "answered_at", "answered_by", "answer", "decided_at", "decided_by", "reason")
        return [
            asdict(entry)
            | {"photograph": places.get(entry.photograph_id or "", "")}
            | {"alarm": {name: getattr(alarms[entry.id], name) for name in columns} if entry.id in alarms else None}
            for entry in consultation.diary
        ]


def _json_value(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot stand in a copy")
