"""A patient's copy of their records: a ZIP that a person can open and another clinic can import (`copied_patient`)."""

import base64
import datetime
import io
import json
import zipfile
from dataclasses import asdict
from typing import Any

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.reminders import ReminderRepository
from skinbeam_clinic.appointments.repository import AppointmentRepository
from skinbeam_clinic.consents.repository import ConsentRepository
from skinbeam_clinic.consultations.repository import ConsultationRepository, PhotographRepository
from skinbeam_clinic.consultations.suggestions import SuggestionRepository
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.sealed_record import record_values
from skinbeam_clinic.database.transaction import ClinicAccess
from skinbeam_clinic.diaries.repository import AlarmRepository, DiaryRepository
from skinbeam_clinic.documents.attachment_content import ENDINGS
from skinbeam_clinic.documents.attachments import AttachmentRepository
from skinbeam_clinic.documents.notes import NoteRepository
from skinbeam_clinic.exchange.copied_patient import COPY_SCHEMA, RECORD_FILE
from skinbeam_clinic.follow_ups.pair_analyses import PairAnalysisRepository
from skinbeam_clinic.follow_ups.repository import FollowUpRepository
from skinbeam_clinic.models import ConsultationRecord
from skinbeam_clinic.patients.repository import PatientRepository
from skinbeam_clinic.plans.repository import PlanRepository
from skinbeam_clinic.test_spots.repository import TestSpotRepository
from skinbeam_clinic.test_spots.sealed_content import copied_spot_values
from skinbeam_clinic.treatments.repository import TreatmentRepository

__all__ = ["PatientCopyRepository"]

_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}


class PatientCopyRepository:
    """Makes copies of the records of a clinic's patients."""

    def __init__(self, access: ClinicAccess) -> None:
        self._access = access
        self._treatments = TreatmentRepository(access)
        self._patients = PatientRepository(access)
        self._appointments = AppointmentRepository(access)
        self._reminders = ReminderRepository(access)
        self._consultations = ConsultationRepository(access)
        self._photographs = PhotographRepository(access)
        self._plans = PlanRepository(access)
        self._consents = ConsentRepository(access)
        self._test_spots = TestSpotRepository(access)
        self._suggestions = SuggestionRepository(access)
        self._follow_ups = FollowUpRepository(access)
        self._pair_analyses = PairAnalysisRepository(access)
        self._diaries = DiaryRepository(access)
        self._alarms = AlarmRepository(access)
        self._notes = NoteRepository(access)
        self._attachments = AttachmentRepository(access)

    def make(self, patient_id: str) -> bytes:
        """Return all records of a patient as a ZIP: `record.json`, photographs, plans, signed documents, attachments.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient.
        """
        with self._access.combine_reads():
            return self._build_record(patient_id)

    def _build_record(self, patient_id: str) -> bytes:
        with self._access.writing(AccessRight.EXPORT) as work:
            work.get(tables.PatientRow, patient_id)
            work.log("copy.made", f"patient/{patient_id}")
        self._follow_ups.mark_reports_copied(patient_id)
        patient, contact = self._patients.get(patient_id), self._patients.get_contact(patient_id)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            record = {
                "schema": COPY_SCHEMA,
                "clinic": self._access.member.clinic,
                "patient": asdict(patient),
                "contact": {} if contact is None else dict(contact.details),
                "notes": [record_values(one) for one in self._notes.of(patient_id)],
                "attachments": self._pack_attachments(archive, patient_id),
                "appointments": [asdict(one) for one in self._appointments.of(patient_id)],
                "reminders": [asdict(one) for one in self._reminders.of(patient_id)],
                "consultations": [
                    self._consultation(archive, f"{number:03}", one)
                    for number, one in enumerate(self._consultations.of(patient_id), 1)
                ],
            }
            archive.writestr(RECORD_FILE, json.dumps(record, indent=2, ensure_ascii=False, default=_json_value))
        return packed.getvalue()

    def _pack_attachments(self, archive: zipfile.ZipFile, patient_id: str) -> list[dict[str, Any]]:
        packed = []
        for number, one in enumerate(self._attachments.of(patient_id), 1):
            place = f"attachments/{number:03}{ENDINGS[one.media_type]}"
            archive.writestr(place, self._attachments.read_content(one.id)[1])
            packed.append(record_values(one) | {"file": place})
        return packed

    def _consultation(self, archive: zipfile.ZipFile, folder: str, one: ConsultationRecord) -> dict[str, Any]:
        photographs = []
        for number, photograph in enumerate(self._photographs.of(one.id), 1):
            place = f"{folder}/photograph-{number:02}.{_ENDINGS[photograph.media_type]}"
            archive.writestr(place, self._photographs.read_content(photograph.id)[1])
            photographs.append(asdict(photograph) | {"file": place})
        consents = []
        for number, consent in enumerate(self._consents.of(one.id), 1):
            place = ""
            if consent.document is not None:
                place = f"{folder}/consent-{number:02}.pdf"
                archive.writestr(place, self._consents.read_document(consent.id))
            consents.append(asdict(consent) | {"document": place})
        plans = []
        for number, plan in enumerate(self._plans.of(one.id), 1):
            places = {name: f"{folder}/plan-{number:02}/{name}" for name in plan.files}
            for name, place in places.items():
                archive.writestr(place, self._plans.read_file(plan.id, name))
            chosen = [asdict(choice) for choice in self._plans.list_choices(plan.id)]
            plans.append(asdict(plan) | {"files": places, "choices": chosen})
        return record_values(one) | {
            "treatments": [record_values(treatment) for treatment in self._treatments.of(one.id)],
            "photographs": photographs,
            "plans": plans,
            "consents": consents,
            "diary": self._diary(one, photographs),
            "suggested_concerns": [asdict(concern) for concern in self._suggestions.of(one.id)],
            "test_spots": [copied_spot_values(spot) for spot in self._test_spots.list_every(one.id)],
            "follow_ups": [
                asdict(follow_up) | {"measured": list(map(asdict, self._pair_analyses.of(follow_up.id)))}
                for follow_up in self._follow_ups.of(one.id)
            ],
        }

    def _diary(self, one: ConsultationRecord, photographs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the diary entries of a consultation, with their photographs and alarms.

        An alarm includes the clinic's answer and decision.
        """
        places = {str(photograph["id"]): photograph["file"] for photograph in photographs}
        alarms = {alarm.id: alarm for alarm in self._alarms.of_consultation(one.id)}
        columns = ("raised_at", "answered_at", "answered_by", "answer", "decided_at", "decided_by", "reason")
        return [
            asdict(entry)
            | {"photograph": places.get(entry.photograph_id or "", "")}
            | {"alarm": {name: getattr(alarms[entry.id], name) for name in columns} if entry.id in alarms else None}
            for entry in self._diaries.of_consultation(one.id)
        ]


def _json_value(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot stand in a copy")
