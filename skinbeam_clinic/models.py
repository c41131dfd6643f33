"""Frozen, decrypted records that the repositories return; they do not depend on the database."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_serializer

from skinbeam.model.errors import InputError
from skinbeam.text import ENGLISH
from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import Appointment
from skinbeam_clinic.clinic_texts.models import ClinicText
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.diaries.models import DiaryEntry
from skinbeam_clinic.documents.models import Attachment, ClinicalNote
from skinbeam_clinic.follow_ups.models import FollowUp
from skinbeam_clinic.test_spots.models import TestSpotRecord
from skinbeam_clinic.treatments.models import Treatment

__all__ = [
    "COMMAND_LINE_ACTOR",
    "NO_PROGRESS",
    "PATIENT_ACTOR",
    "AccessToken",
    "AuditEntry",
    "Consent",
    "ConsentAnswers",
    "ConsultationContents",
    "ConsultationRecord",
    "Contact",
    "Dossier",
    "ErasablePatient",
    "ErasurePreview",
    "Job",
    "JobProgress",
    "LinkRelation",
    "LinkedPatient",
    "Member",
    "MemberSession",
    "NewPlan",
    "OidcIdentity",
    "OpenSession",
    "Passkey",
    "PatientRecord",
    "PhotographErasurePreview",
    "PhotographPermissions",
    "PhotographRecord",
    "PlanChoice",
    "PlanContents",
    "PlanRecord",
    "SignInStep",
    "TeachBack",
]

PATIENT_ACTOR = "patient"  # the actor when a patient acts, through a link or on a tablet that was handed over
COMMAND_LINE_ACTOR = "command line"  # the actor when nobody is signed in: whoever runs the machine


@dataclass(frozen=True)
class Member:
    """A member of a clinic.

    `has_one_time_codes` says whether one-time codes are set up. `passkey_count` is their number, filled in only where
    all members are listed.
    """

    clinic_id: str
    clinic: str
    id: str
    name: str
    role: Role
    has_one_time_codes: bool = False
    disabled_at: datetime.datetime | None = None
    passkey_count: int = 0


@dataclass(frozen=True)
class OpenSession:
    """A session of a member that has not ended.

    Parameters
    ----------
    current : whether it is the one that asks.
    """

    created_at: datetime.datetime
    seen_at: datetime.datetime
    current: bool


@dataclass(frozen=True)
class Passkey:
    """A passkey of a member, with the name that they gave it."""

    id: str
    name: str
    created_at: datetime.datetime
    used_at: datetime.datetime | None


@dataclass(frozen=True)
class OidcIdentity:
    """An identity of a member at an OpenID Connect provider: its issuer, and who the person is there."""

    id: str
    issuer: str
    subject: str
    created_at: datetime.datetime
    used_at: datetime.datetime | None


class SignInStep(StrEnum):
    """What a session still lacks before it may see records."""

    CODE = "code"  # a one-time code
    PASSWORD = "password"  # their own, since an owner set the one that they signed in with or a setup needs it
    PASSKEY = "passkey"  # the clinic requires a second factor, and the member's is a passkey
    SETUP = "setup"  # the clinic requires a second factor, and the member has none


@dataclass(frozen=True)
class MemberSession:
    """A browser's session: `token` is for its cookie only; `step_due` is what the sign-in still lacks.

    `factor_checked` is whether a second factor was checked in it, and `names_hidden` whether its pages show pseudonyms
    alone, where the role may see names.
    """

    token: str
    member: Member
    step_due: SignInStep | None
    expires_at: datetime.datetime
    factor_checked: bool = False
    names_hidden: bool = False


@dataclass(frozen=True)
class AccessToken:
    """A token with which another system reads the records of a clinic: its name, expiry and last use."""

    id: str
    name: str
    created_at: datetime.datetime
    created_by: str
    expires_at: datetime.datetime
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
    """The names and contact details of a patient, with the fields of the clinic's form.

    The next save must name this `version`.
    """

    details: Mapping[str, str]
    saved_at: datetime.datetime
    version: str


@dataclass(frozen=True)
class ErasablePatient:
    """A patient whose records need not be retained any longer, or whose retention period ends soon.

    `last_entry` is when something was last recorded of the patient, `retained_until` when the retention period ended
    or ends.
    """

    id: str
    pseudonym: str
    last_entry: datetime.datetime
    retained_until: datetime.datetime
    is_due: bool


@dataclass(frozen=True)
class ErasurePreview:
    """Counts of a patient's stored records, and what an erasure now would leave.

    Parameters
    ----------
    retain_until : the records of treatment must be kept until then; None where nothing must.
    requested_at : when erasure was last requested and left what must be kept; None where it never was.
    """

    has_contact: bool
    consultations: int
    photographs: int
    plans: int
    consents: int
    treatments: int
    notes: int
    attachments: int
    retain_until: datetime.datetime | None
    requested_at: datetime.datetime | None


@dataclass(frozen=True)
class PhotographErasurePreview:
    """What an erasure of a photograph would take along.

    Parameters
    ----------
    in_answers : whether it is the photograph of the answers, which would become a draft.
    plans, pairs, suggestions : how many would be erased with it.
    diary_entries, readings : how many of them, and of test spots, would stay without a photograph.
    refusal : why it must be kept; None where it need not be.
    """

    consultation_id: str
    added_at: datetime.datetime
    in_answers: bool
    suggestions: int
    plans: int
    pairs: int
    diary_entries: int
    readings: int
    refusal: InputError | None


@dataclass(frozen=True)
class ConsultationRecord:
    """A consultation with its answers as last saved; the next save must name this `revision`."""

    id: str
    patient_id: str
    state: str
    revision: int
    answers: Submission
    created_at: datetime.datetime
    saved_at: datetime.datetime
    saved_by: str


@dataclass(frozen=True)
class PhotographPermissions:
    """The uses that a patient has permitted for a photograph; permission was asked for each use separately."""

    care: bool = True
    teaching: bool = False
    publication: bool = False


@dataclass(frozen=True)
class PhotographRecord:
    """A photograph; its content is in the file store under `file`.

    A change of its permissions must name this `version`.
    """

    id: str
    consultation_id: str
    file: str
    media_type: str
    permissions: PhotographPermissions
    added_at: datetime.datetime
    added_by: str
    version: str = field(default="", compare=False)  # of the stored row, which no copy outside carries


@dataclass(frozen=True)
class NewPlan:
    """A plan to be stored: hashes of case and plan; version, seed and draws to reproduce it; its files by name."""

    case_sha256: str
    plan_sha256: str
    version: str
    seed: int
    draws: int
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class PlanRecord:
    """A stored plan; `files` are the names of its contents in the file store."""

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
    """The option that was chosen of a plan, with notes."""

    id: str
    plan_id: str
    option: str
    notes: str
    made_at: datetime.datetime
    made_by: str


@dataclass(frozen=True)
class TeachBack:
    """A patient's answers to questions about what was explained, and the questions answered wrongly."""

    answers: Mapping[str, str]
    wrong: tuple[str, ...]
    told_at: datetime.datetime
    told_by: str


@dataclass(frozen=True)
class ConsentAnswers:
    """Answers in the form of a consent: the permitted uses of photographs, and the name of the person who signs."""

    photographs: tuple[str, ...] = ()
    person: str = ""


@dataclass(frozen=True)
class Consent:
    """Consent to an option of a plan: explained, signed not before `not_before`, void once a new plan replaces it.

    Parameters
    ----------
    told : each teach-back, oldest first; the consent can be signed only after one without wrong answers.
    texts : the clinic's own texts with which it was explained, each as it was then.
    """

    id: str
    plan_id: str
    option: str
    plan_sha256: str
    explained_at: datetime.datetime
    explained_by: str
    not_before: datetime.datetime
    told: tuple[TeachBack, ...]
    answers: ConsentAnswers | None
    signature_kind: str | None
    signature: bytes | None
    document: str | None
    signed_at: datetime.datetime | None
    signed_by: str | None
    void_reason: str | None
    voided_at: datetime.datetime | None
    language: str = ENGLISH
    texts: tuple[ClinicText, ...] = ()


@dataclass(frozen=True)
class PlanContents:
    """A plan with the content of its files by name, and its choices, oldest first."""

    plan: PlanRecord
    files: Mapping[str, bytes]
    choices: tuple[PlanChoice, ...] = ()


@dataclass(frozen=True)
class ConsultationContents:
    """A consultation with all its records: contents of photographs and plans, and the documents of consents."""

    consultation: ConsultationRecord
    photographs: tuple[tuple[PhotographRecord, bytes], ...] = ()
    plans: tuple[PlanContents, ...] = ()
    consents: tuple[tuple[Consent, bytes | None], ...] = ()
    treatments: tuple[Treatment, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    test_spots: tuple[TestSpotRecord, ...] = ()
    diary: tuple[DiaryEntry, ...] = ()


class LinkRelation(StrEnum):
    """How a record is linked to another one of the same person, in the codes of `Patient.link` of FHIR."""

    REPLACED_BY = "replaced-by"
    REPLACES = "replaces"


@dataclass(frozen=True)
class LinkedPatient:
    """Another record of the same person; the id is empty where it was read from a Bundle, which names none."""

    relation: LinkRelation
    id: str
    pseudonym: str


@dataclass(frozen=True)
class Dossier:
    """All records of a patient under the pseudonym; the contact details are not part of it.

    Only a copy that is imported has the contents of attachments.
    """

    patient: PatientRecord
    consultations: tuple[ConsultationContents, ...] = ()
    appointments: tuple[Appointment, ...] = ()
    notes: tuple[ClinicalNote, ...] = ()
    attachments: tuple[tuple[Attachment, bytes | None], ...] = ()
    links: tuple[LinkedPatient, ...] = ()


@dataclass(frozen=True)
class AuditEntry:
    """An entry of the audit log: who did what to which record.

    Parameters
    ----------
    records_read : for an entry that names several records, the parts that were read, by record; otherwise empty.
    changes : facts about a person that were replaced, by name, with the former and the new one where both may be read.
    """

    seq: int
    at: datetime.datetime
    actor: str
    action: str
    subject: str
    records_read: Mapping[str, Sequence[str]]
    changes: Mapping[str, Sequence[object]] = field(default_factory=dict)


@dataclass(frozen=True)
class JobProgress:
    """How far a job is, or how it ended; stored JSON holds what is not empty.

    Parameters
    ----------
    step : the current step, in the words of whoever asked.
    plan : id of the plan that was made.
    fault : the error as `InputError.as_record` gives it; of a mail that was not sent, what stopped it.
    sent, failed : how many mails were sent, and could not be sent.
    """

    step: Annotated[str, Field(alias="said")] = ""
    plan: str = ""
    fault: dict[str, str] | str | None = None
    sent: int = 0
    failed: int = 0

    @model_serializer
    def as_record(self) -> dict[str, dict[str, str] | str | int]:
        """Return what is not empty, as JSON holds it."""
        values = {"said": self.step, "plan": self.plan, "fault": self.fault, "sent": self.sent, "failed": self.failed}
        return {name: value for name, value in values.items() if value}


NO_PROGRESS = JobProgress()


@dataclass(frozen=True)
class Job:
    """A job of the queue.

    `attempt` numbers the current attempt; a worker with an earlier number has lost the job. `payload` is ids of
    records, `content` the JSON of what else the job needs.
    """

    id: str
    clinic_id: str
    kind: str
    payload: Mapping[str, Any]
    state: str
    attempt: int
    progress: JobProgress
    created_at: datetime.datetime
    created_by: str
    content: str = ""
