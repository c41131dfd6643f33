"""What the records hand out: frozen, decrypted, without anything that belongs to a database."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skinbeam.text import ENGLISH
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Appointment
from skinbeam_clinic.diaries.models import DiaryEntry
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import Treatment

__all__ = [
    "COMMAND_LINE_ACTOR",
    "PATIENT_ACTOR",
    "AccessToken",
    "AuditEntry",
    "Consent",
    "ConsultationContents",
    "ConsultationRecord",
    "Contact",
    "Dossier",
    "ErasablePatient",
    "ErasurePreview",
    "Job",
    "Member",
    "MemberSession",
    "NewPlan",
    "Passkey",
    "PatientRecord",
    "PhotographPermissions",
    "PhotographRecord",
    "PlanChoice",
    "PlanContents",
    "PlanRecord",
    "TeachBack",
]

PATIENT_ACTOR = "patient"  # who acts where a patient does, by a link or on a tablet that was handed over
COMMAND_LINE_ACTOR = "command line"  # who acts when nobody is signed in: whoever runs the machine


@dataclass(frozen=True)
class Member:
    """Somebody of a clinic; `codes`: one-time codes are set up; `passkeys`: how many, where all members are listed."""

    clinic_id: str
    clinic: str
    id: str
    name: str
    role: Role
    codes: bool = False
    disabled_at: datetime.datetime | None = None
    passkeys: int = 0


@dataclass(frozen=True)
class Passkey:
    """A passkey of a member, by the name that they gave it."""

    id: str
    name: str
    created_at: datetime.datetime
    used_at: datetime.datetime | None


@dataclass(frozen=True)
class MemberSession:
    """A browser's session: `token` belongs into its cookie and nowhere else; `code_due` while the code is missing."""

    token: str
    member: Member
    code_due: bool
    until: datetime.datetime


@dataclass(frozen=True)
class AccessToken:
    """What another system reads the records of a clinic with: its name, until when it is good, and its last use."""

    id: str
    name: str
    made_at: datetime.datetime
    made_by: str
    until: datetime.datetime
    ended_at: datetime.datetime | None
    used_at: datetime.datetime | None


@dataclass(frozen=True)
class PatientRecord:
    """A patient by pseudonym."""

    id: str
    pseudonym: str
    year_of_birth: int | None
    created_at: datetime.datetime
    erased_at: datetime.datetime | None


@dataclass(frozen=True)
class Contact:
    """Who a patient is: names and ways to reach them, as the clinic's form asks."""

    contact: Mapping[str, str]
    saved_at: datetime.datetime


@dataclass(frozen=True)
class ErasablePatient:
    """A patient whose records need be kept no longer: of whom something was last written down, and kept until when."""

    id: str
    pseudonym: str
    last_entry: datetime.datetime
    kept_until: datetime.datetime


@dataclass(frozen=True)
class ErasurePreview:
    """How much is kept of a patient, and what an erasure now would leave.

    Parameters
    ----------
    keep_until : the records of treatment must be kept until then; None where nothing must.
    asked_at : when erasure was last asked for and left what must be kept; None where it never was.
    """

    contact: bool
    consultations: int
    photographs: int
    plans: int
    consents: int
    treatments: int
    keep_until: datetime.datetime | None
    asked_at: datetime.datetime | None


@dataclass(frozen=True)
class ConsultationRecord:
    """Answers as they were last saved; the next save names this `revision`."""

    id: str
    patient_id: str
    state: str
    revision: int
    answers: Mapping[str, Any]
    created_at: datetime.datetime
    saved_at: datetime.datetime
    saved_by: str


@dataclass(frozen=True)
class PhotographPermissions:
    """What a photograph may be used for; each was asked apart."""

    care: bool = True
    teaching: bool = False
    publication: bool = False


@dataclass(frozen=True)
class PhotographRecord:
    """A photograph; its content is fetched by its `file`."""

    id: str
    consultation_id: str
    file: str
    media_type: str
    permissions: PhotographPermissions
    added_at: datetime.datetime
    added_by: str


@dataclass(frozen=True)
class NewPlan:
    """A plan as its maker hands it over: what it is of, what it takes to make it again, and its files by name."""

    case_sha256: str
    plan_sha256: str
    version: str
    seed: int
    draws: int
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class PlanRecord:
    """A kept plan; `files` are the names of its contents in the store."""

    id: str
    consultation_id: str
    consultation_revision: int
    case_sha256: str
    plan_sha256: str
    version: str
    seed: int
    draws: int
    files: Mapping[str, str]
    made_at: datetime.datetime
    made_by: str


@dataclass(frozen=True)
class PlanChoice:
    """What was chosen of a plan, and the notes that were taken."""

    id: str
    plan_id: str
    option: str
    notes: str
    made_at: datetime.datetime
    made_by: str


@dataclass(frozen=True)
class TeachBack:
    """One time that somebody told back what was explained: what they answered, in words, and which of it was wrong."""

    answers: Mapping[str, str]
    wrong: tuple[str, ...]
    told_at: datetime.datetime
    told_by: str


@dataclass(frozen=True)
class Consent:
    """Consent to an option of a plan: explained, signed not before `not_before`, void once a plan replaces it.

    Parameters
    ----------
    told : each time that it was told back, oldest first; it is signed only after one without anything wrong.
    """

    id: str
    plan_id: str
    option: str
    plan_sha256: str
    explained_at: datetime.datetime
    explained_by: str
    not_before: datetime.datetime
    told: tuple[TeachBack, ...]
    answers: Mapping[str, Any] | None
    signature_kind: str | None
    signature: bytes | None
    document: str | None
    signed_at: datetime.datetime | None
    signed_by: str | None
    void_reason: str | None
    voided_at: datetime.datetime | None
    language: str = ENGLISH


@dataclass(frozen=True)
class PlanContents:
    """A plan with the content of its files by name, and what was chosen of it, oldest first."""

    plan: PlanRecord
    files: Mapping[str, bytes]
    choices: tuple[PlanChoice, ...] = ()


@dataclass(frozen=True)
class ConsultationContents:
    """A consultation with all that hangs on it: contents of photographs and plans, and the documents of consents."""

    consultation: ConsultationRecord
    photographs: tuple[tuple[PhotographRecord, bytes], ...] = ()
    plans: tuple[PlanContents, ...] = ()
    consents: tuple[tuple[Consent, bytes | None], ...] = ()
    treatments: tuple[Treatment, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    test_spots: tuple[TestSpotRecord, ...] = ()
    diary: tuple[DiaryEntry, ...] = ()


@dataclass(frozen=True)
class Dossier:
    """Everything of a patient that is kept under the pseudonym: who that is stands elsewhere."""

    patient: PatientRecord
    consultations: tuple[ConsultationContents, ...] = ()
    appointments: tuple[Appointment, ...] = ()


@dataclass(frozen=True)
class AuditEntry:
    """A step of the trail: who did what to which record.

    Parameters
    ----------
    seen : of a step that names several records, each with what of it was seen; else empty.
    """

    seq: int
    at: datetime.datetime
    actor: str
    action: str
    subject: str
    seen: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Job:
    """Work in the queue; `attempt` is the one under way, and who took an earlier one has lost it."""

    id: str
    clinic_id: str
    kind: str
    payload: Mapping[str, Any]
    state: str
    attempt: int
    progress: Mapping[str, Any]
    created_at: datetime.datetime
    created_by: str
