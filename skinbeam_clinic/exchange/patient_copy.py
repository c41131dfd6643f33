"""A patient's copy of their records: one file that a person can open and another clinic can take in.

Consents given and appointments made elsewhere, and what came of treatments under them, are in the copy and are not
taken in: consent is to what this clinic has explained. What was done elsewhere is taken in as words beside its plan.
"""

import base64
import datetime
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from skinbeam.errors import InputError
from skinbeam.records.desk.appointments import Appointments
from skinbeam.records.desk.consents import Consents
from skinbeam.records.desk.consultations import Consultations
from skinbeam.records.desk.course.suggestions import Suggestions
from skinbeam.records.desk.course.test_spots import TestSpots
from skinbeam.records.desk.diary.alarms import Alarms
from skinbeam.records.desk.diary.entries import Diaries
from skinbeam.records.desk.follow_ups import FollowUps
from skinbeam.records.desk.patients import Patients
from skinbeam.records.desk.photographs import Photographs
from skinbeam.records.desk.plans import Plans
from skinbeam.records.desk.treatments import Treatments
from skinbeam.records.faults import fault
from skinbeam.records.kept import Consultation, Made, Patient, Permissions
from skinbeam.records.roles import Act
from skinbeam.records.spots import TestSpot, spot_of
from skinbeam.records.store import tables
from skinbeam.records.store.work import Access
from skinbeam.records.treated_json import done_elsewhere

__all__ = ["Copies"]

_SCHEMA = "skinbeam.copy/1"
_RECORD = "record.json"
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_MOST_BYTES = 2_000_000_000  # of all that a copy holds, unpacked


class Copies:
    """Copies of the records of a clinic's patients."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._treatments = Treatments(access)
        self._patients = Patients(access)
        self._appointments = Appointments(access)
        self._consultations = Consultations(access)
        self._photographs = Photographs(access)
        self._plans = Plans(access)
        self._consents = Consents(access)
        self._test_spots = TestSpots(access)
        self._suggestions = Suggestions(access)
        self._follow_ups = FollowUps(access)
        self._diaries = Diaries(access)
        self._alarms = Alarms(access)

    def make(self, patient_id: str) -> bytes:
        """Return everything that is kept of a patient as a ZIP: `record.json`, photographs, plans, signed documents.

        Raises
        ------
        AbsentError : this clinic has no such patient.
        """
        with self._access.page():
            return self._made(patient_id)

    def _made(self, patient_id: str) -> bytes:
        with self._access.work(Act.EXPORT) as work:
            work.get(tables.Patient, patient_id)
            work.note("copy.made", f"patient/{patient_id}")
        patient, contact = self._patients.get(patient_id), self._patients.contact(patient_id)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            record = {
                "schema": _SCHEMA,
                "clinic": self._access.member.clinic,
                "patient": asdict(patient),
                "contact": {} if contact is None else dict(contact.contact),
                "appointments": [asdict(one) for one in self._appointments.of(patient_id)],
                "consultations": [
                    self._consultation(archive, f"{number:03}", one)
                    for number, one in enumerate(self._consultations.of(patient_id), 1)
                ],
            }
            archive.writestr(_RECORD, json.dumps(record, indent=2, ensure_ascii=False, default=_plain))
        return packed.getvalue()

    def take_in(self, content: bytes) -> Patient:
        """Keep a copy as a new patient of this clinic, with contact, answers, photographs, plans and test spots.

        Raises
        ------
        InputError : `bad-copy`: it is none, or not whole; what was taken in until then is told by the trail.
        """
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
                    raise fault("bad-copy", "copy")
                files = {name: archive.read(name) for name in archive.namelist()}
            record = json.loads(files[_RECORD])
            if record["schema"] != _SCHEMA:
                raise fault("bad-copy", "copy")
            held = list(_held(record, files))
            contact, year = record["contact"], record["patient"]["year_of_birth"]
        except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
            raise error if isinstance(error, InputError) else fault("bad-copy", "copy") from None
        patient = self._patients.add(year_of_birth=year)
        if contact:
            self._patients.set_contact(patient.id, contact)
        for answers, photographs, plans, test_spots in held:
            consultation = self._consultations.begin(patient.id, answers)
            for photograph in photographs:
                self._photographs.add(consultation.id, *photograph)
            for made, choices in plans:
                plan = self._plans.add(consultation.id, made, revision=consultation.revision)
                for option, notes in choices:
                    self._plans.choose(plan.id, option, notes)
            for test_spot in test_spots:
                self._test_spots.take_in(consultation.id, test_spot)
        return patient

    def _consultation(self, archive: zipfile.ZipFile, folder: str, one: Consultation) -> dict[str, Any]:
        photographs = []
        for number, photograph in enumerate(self._photographs.of(one.id), 1):
            place = f"{folder}/photograph-{number:02}.{_ENDINGS[photograph.media_type]}"
            archive.writestr(place, self._photographs.content(photograph.id)[1])
            photographs.append(asdict(photograph) | {"file": place})
        consents = []
        for number, consent in enumerate(self._consents.of(one.id), 1):
            place = ""
            if consent.document is not None:
                place = f"{folder}/consent-{number:02}.pdf"
                archive.writestr(place, self._consents.document(consent.id))
            consents.append(asdict(consent) | {"document": place})
        plans = []
        for number, plan in enumerate(self._plans.of(one.id), 1):
            places = {name: f"{folder}/plan-{number:02}/{name}" for name in plan.files}
            for name, place in places.items():
                archive.writestr(place, self._plans.file(plan.id, name))
            chosen = [asdict(choice) for choice in self._plans.choices(plan.id)]
            plans.append(asdict(plan) | {"files": places, "choices": chosen})
        return asdict(one) | {
            "treatments": [asdict(treatment) for treatment in self._treatments.of(one.id)],
            "photographs": photographs,
            "plans": plans,
            "consents": consents,
            "diary": self._diary(one, photographs),
            "suggested_concerns": [asdict(concern) for concern in self._suggestions.of(one.id)],
            "test_spots": [asdict(spot) for spot in self._test_spots.of(one.id)],
            "follow_ups": [asdict(follow_up) for follow_up in self._follow_ups.of(one.id)],
        }

    def _diary(self, one: Consultation, photographs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The entries of the diaries of a consultation, with their photographs and what the clinic made of them."""
        places = {str(photograph["id"]): photograph["file"] for photograph in photographs}
        alarms = {alarm.id: alarm for alarm in self._alarms.of_consultation(one.id)}
        told = ("raised_at", "answered_at", "answered_by", "answer", "decided_at", "decided_by", "reason")
        return [
            asdict(entry)
            | {"photograph": places.get(entry.photograph_id or "", "")}
            | {"alarm": {name: getattr(alarms[entry.id], name) for name in told} if entry.id in alarms else None}
            for entry in self._diaries.of_consultation(one.id)
        ]


_Held = tuple[
    Mapping[str, Any],
    list[tuple[bytes, str, Permissions]],
    list[tuple[Made, list[tuple[str, str]]]],
    list[TestSpot],
]


def _held(record: Mapping[str, Any], files: Mapping[str, bytes]) -> Iterator[_Held]:
    """What each consultation of a copy holds, all of it read before anything is kept."""
    for one in record["consultations"]:
        photographs = [
            (files[photograph["file"]], str(photograph["media_type"]), Permissions(**photograph["permissions"]))
            for photograph in one["photographs"]
        ]
        plans = []
        for plan in one["plans"]:
            plan["choices"] += done_elsewhere(one, plan["id"])
            about = {name: str(plan[name]) for name in ("case_sha256", "plan_sha256", "version")}
            held = {name: files[place] for name, place in plan["files"].items()}
            made = Made(**about, seed=int(plan["seed"]), draws=int(plan["draws"]), files=held)
            plans.append((made, [(str(choice["option"]), str(choice["notes"])) for choice in plan["choices"]]))
        yield dict(one["answers"]), photographs, plans, [spot_of(spot) for spot in one.get("test_spots", ())]


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} cannot stand in a copy")
