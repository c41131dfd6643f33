"""SQLAlchemy tables of clinics, members, patients, plans and consents, as the newest migration defines them.

Every row of a clinic has the clinic in its primary key, and every reference within a clinic repeats it, so that no row
can refer to another clinic. Columns that end in `_sealed` hold encrypted text (`skinbeam_clinic.database.encryption`).
"""

import datetime
import hashlib
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from skinbeam_clinic.database.columns import CanonicalJson, UtcDateTime

__all__ = [
    "AttachmentRow",
    "AuditEntryRow",
    "Base",
    "ClinicContactRow",
    "ClinicRow",
    "ClinicScoped",
    "ClinicSettingsRow",
    "ClinicalNoteRow",
    "ConsentLanguageRow",
    "ConsentRow",
    "ConsentVoidRow",
    "ConsultationRow",
    "ContactRow",
    "JobRow",
    "LoginChallengeRow",
    "LoginLockRow",
    "LoginSessionRow",
    "MemberRow",
    "NoticeRow",
    "OidcIdentityRow",
    "PasskeyRow",
    "PatientRow",
    "PhotographRow",
    "PlanChoiceRow",
    "PlanRow",
    "RecoveryRow",
    "StoreRow",
    "TellBackRow",
    "TemporaryPasswordRow",
    "clinic_references",
    "list_row_files",
    "new_id",
    "submission_id",
]

_ID = String(32)
_HASH = String(64)
_WORD = String(200)
_SUBJECT = String(255)
_CREDENTIAL = String(1364)  # the longest credential has 1023 bytes, here in base64


def new_id() -> str:
    """Return a random id for a row, which nobody can guess."""
    return secrets.token_hex(16)


def submission_id(form_key: str, parent_id: str, content: bytes = b"") -> str:
    """Return the id of the row that a form makes: the same for a form that is sent again, unless it says otherwise.

    Whoever lost the answer sends the form again, and makes no second row. Whoever goes back in the browser and fills
    the same form in otherwise makes another row.

    Parameters
    ----------
    form_key : a random text that the form contains; without one every row has a new id.
    parent_id : id of the record to which the row belongs.
    content : of the row.
    """
    if not form_key:
        return new_id()
    return hashlib.sha256(f"{parent_id}/{form_key}/".encode("utf-8", "replace") + content).hexdigest()[:32]


class Base(DeclarativeBase):
    """The declarative base of all tables: naming of constraints, and column types."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        }
    )
    type_annotation_map = {datetime.datetime: UtcDateTime, dict[str, Any]: CanonicalJson, list[str]: CanonicalJson}  # noqa: RUF012


class ClinicScoped:
    """Primary key of a row that belongs to one clinic."""

    clinic_id: Mapped[str] = mapped_column(_ID, ForeignKey("clinic.id"), primary_key=True)
    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)


def clinic_references(*, indexed: Iterable[str] | None = None, **tables: str) -> tuple[SchemaItem, ...]:
    """Return foreign keys to rows of the same clinic, and the indexes by which rows are looked up.

    Parameters
    ----------
    indexed : columns to find the rows of a clinic by; by default its references.
    tables : column → the table to whose row it refers.
    """
    keys = (
        ForeignKeyConstraint(["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"])
        for column, table in tables.items()
    )
    by = (column for column in tables if column != "id") if indexed is None else indexed
    return (*keys, *(Index(None, "clinic_id", column) for column in by))


class StoreRow(Base):
    """The single row about the database itself: its sealed secret, which also shows whether a key is the right one."""

    __tablename__ = "store"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    secret_sealed: Mapped[bytes]
    created_at: Mapped[datetime.datetime]


class ClinicRow(Base):
    """A clinic, and the end of its audit log, so that removed last entries are noticed."""

    __tablename__ = "clinic"
    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(_WORD)
    plain_name: Mapped[str] = mapped_column(_WORD, unique=True)
    synthetic: Mapped[bool]
    created_at: Mapped[datetime.datetime]
    trail_length: Mapped[int] = mapped_column(BigInteger, default=0)
    trail_head: Mapped[str] = mapped_column(_HASH, default="")


class ClinicSettingsRow(ClinicScoped, Base):
    """What the owners of a clinic chose for all of it; the row has the clinic's id.

    It is a table of its own, and no columns of the clinic's row, so that the audit log signs it.
    """

    __tablename__ = "clinic_settings"
    second_factor_required: Mapped[bool]
    changed_at: Mapped[datetime.datetime]
    changed_by: Mapped[str] = mapped_column(_WORD)


class ClinicContactRow(ClinicScoped, Base):
    """The address and the telephone of a clinic, as patients read them; the row has the clinic's id.

    It is a table of its own, since rows of an earlier revision are signed with the columns that they had.
    """

    __tablename__ = "clinic_contact"
    place: Mapped[str] = mapped_column(_WORD)
    phone: Mapped[str] = mapped_column(_WORD)
    changed_at: Mapped[datetime.datetime]
    changed_by: Mapped[str] = mapped_column(_WORD)


class MemberRow(ClinicScoped, Base):
    """A member of a clinic. `code_step` is the time step of the last one-time code, so that none is used twice."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("clinic_id", "plain_name"),)
    name: Mapped[str] = mapped_column(_WORD)
    plain_name: Mapped[str] = mapped_column(_WORD)
    role: Mapped[str] = mapped_column(_WORD)
    password_hash: Mapped[str] = mapped_column(Text)
    code_secret_sealed: Mapped[bytes | None]
    code_step: Mapped[int | None]
    created_at: Mapped[datetime.datetime]
    disabled_at: Mapped[datetime.datetime | None]


class PasskeyRow(ClinicScoped, Base):
    """A passkey: the public key of a key pair on a member's own device, and the device's count of signatures."""

    __tablename__ = "passkey"
    __table_args__ = clinic_references(member_id="member")
    member_id: Mapped[str] = mapped_column(_ID)
    name: Mapped[str] = mapped_column(_WORD)
    credential: Mapped[str] = mapped_column(_CREDENTIAL, unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime.datetime]
    used_at: Mapped[datetime.datetime | None]


class OidcIdentityRow(ClinicScoped, Base):
    """An identity of a member at an OpenID Connect provider; in one clinic it belongs to one member."""

    __tablename__ = "oidc_identity"
    __table_args__ = (
        *clinic_references(member_id="member"),
        UniqueConstraint("clinic_id", "issuer", "subject"),
    )
    member_id: Mapped[str] = mapped_column(_ID)
    issuer: Mapped[str] = mapped_column(_WORD)
    subject: Mapped[str] = mapped_column(_SUBJECT)
    created_at: Mapped[datetime.datetime]
    used_at: Mapped[datetime.datetime | None]


class RecoveryRow(ClinicScoped, Base):
    """A member's unused recovery codes, as signatures; the row has the member's id."""

    __tablename__ = "recovery"
    __table_args__ = clinic_references(id="member")
    signatures: Mapped[list[str]]
    made_at: Mapped[datetime.datetime]


class TemporaryPasswordRow(ClinicScoped, Base):
    """A member's password that an owner set: until when it lets them in to choose their own; it has the member's id."""

    __tablename__ = "temporary_password"
    __table_args__ = clinic_references(id="member")
    until: Mapped[datetime.datetime]


class NoticeRow(ClinicScoped, Base):
    """What a member is told about their account until they have read it; `about` are parameters of its sentence."""

    __tablename__ = "notice"
    __table_args__ = clinic_references(member_id="member")
    member_id: Mapped[str] = mapped_column(_ID)
    kind: Mapped[str] = mapped_column(_WORD)
    about: Mapped[dict[str, Any]]
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)
    read_at: Mapped[datetime.datetime | None]


class LoginSessionRow(Base):
    """A signed-in browser session, by the hash of its token.

    `easy_password` is whether it was begun with a password that is guessed soon, and `names_hidden` whether its pages
    show pseudonyms alone.
    """

    __tablename__ = "login_session"
    __table_args__ = clinic_references(member_id="member", indexed=())
    token_hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    clinic_id: Mapped[str] = mapped_column(_ID)
    member_id: Mapped[str] = mapped_column(_ID)
    created_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    code_at: Mapped[datetime.datetime | None]
    by_password: Mapped[bool] = mapped_column(default=False)
    easy_password: Mapped[bool] = mapped_column(default=False)
    names_hidden: Mapped[bool] = mapped_column(default=False)


class LoginChallengeRow(Base):
    """A challenge of a sign-in, by the hash of the challenge and its purpose; valid for one answer."""

    __tablename__ = "login_challenge"
    challenge_hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    until: Mapped[datetime.datetime]


class LoginLockRow(Base):
    """Number of failed attempts for one name, known or not, by the name's signature."""

    __tablename__ = "login_lock"
    subject: Mapped[str] = mapped_column(_HASH, primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime.datetime]


class AuditEntryRow(Base):
    """An entry of a clinic's audit log; the database itself refuses to change or remove one."""

    __tablename__ = "trail"
    clinic_id: Mapped[str] = mapped_column(_ID, ForeignKey("clinic.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime.datetime]
    actor: Mapped[str] = mapped_column(_WORD)
    action: Mapped[str] = mapped_column(_WORD)
    subject: Mapped[str] = mapped_column(_WORD)
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(_HASH)
    hash: Mapped[str] = mapped_column(_HASH)


class PatientRow(ClinicScoped, Base):
    """A patient, identified only by the pseudonym."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("clinic_id", "pseudonym"),)
    pseudonym: Mapped[str] = mapped_column(_WORD)
    year_of_birth: Mapped[int | None]
    created_at: Mapped[datetime.datetime]
    erased_at: Mapped[datetime.datetime | None]


class ContactRow(ClinicScoped, Base):
    """Names and contact details of a patient, stored separately and encrypted; the row has the patient's id."""

    __tablename__ = "contact"
    __table_args__ = clinic_references(id="patient")
    contact_sealed: Mapped[bytes]
    saved_at: Mapped[datetime.datetime]


class ConsultationRow(ClinicScoped, Base):
    """The answers of a consultation, saved as they are typed; `revision` counts the saves."""

    __tablename__ = "consultation"
    __table_args__ = clinic_references(patient_id="patient")
    patient_id: Mapped[str] = mapped_column(_ID)
    state: Mapped[str] = mapped_column(_WORD)
    revision: Mapped[int]
    answers_sealed: Mapped[bytes]
    created_at: Mapped[datetime.datetime]
    saved_at: Mapped[datetime.datetime]
    saved_by: Mapped[str] = mapped_column(_WORD)


class PhotographRow(ClinicScoped, Base):
    """A photograph, with the name of its file and the patient's permissions, asked for each use separately."""

    __tablename__ = "photograph"
    __table_args__ = clinic_references(consultation_id="consultation")
    consultation_id: Mapped[str] = mapped_column(_ID)
    file: Mapped[str] = mapped_column(_HASH)
    media_type: Mapped[str] = mapped_column(_WORD)
    for_care: Mapped[bool]
    for_teaching: Mapped[bool]
    for_publication: Mapped[bool]
    added_at: Mapped[datetime.datetime]
    added_by: Mapped[str] = mapped_column(_WORD)


class PlanRow(ClinicScoped, Base):
    """A plan, complete and never changed: its files, and version, seed and draws to reproduce it."""

    __tablename__ = "plan"
    __table_args__ = clinic_references(consultation_id="consultation")
    consultation_id: Mapped[str] = mapped_column(_ID)
    consultation_revision: Mapped[int]
    case_sha256: Mapped[str] = mapped_column(_HASH)
    plan_sha256: Mapped[str] = mapped_column(_HASH)
    version: Mapped[str] = mapped_column(_WORD)
    seed: Mapped[int] = mapped_column(BigInteger)
    draws: Mapped[int]
    files: Mapped[dict[str, Any]]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)


class PlanChoiceRow(ClinicScoped, Base):
    """The option that was chosen of a plan, and why; a change of mind is a new row."""

    __tablename__ = "choice"
    __table_args__ = clinic_references(plan_id="plan")
    plan_id: Mapped[str] = mapped_column(_ID)
    option: Mapped[str] = mapped_column(_WORD)
    notes_sealed: Mapped[bytes]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)


class ConsentRow(ClinicScoped, Base):
    """Consent to an option of a plan: when it was explained and may be signed, the answers, and the signature."""

    __tablename__ = "consent"
    __table_args__ = clinic_references(plan_id="plan")
    plan_id: Mapped[str] = mapped_column(_ID)
    option: Mapped[str] = mapped_column(_WORD)
    plan_sha256: Mapped[str] = mapped_column(_HASH)
    explained_at: Mapped[datetime.datetime]
    explained_by: Mapped[str] = mapped_column(_WORD)
    not_before: Mapped[datetime.datetime]
    answers_sealed: Mapped[bytes | None]
    signature_kind: Mapped[str | None] = mapped_column(_WORD)
    signature_sealed: Mapped[bytes | None]
    document: Mapped[str | None] = mapped_column(_HASH)
    signed_at: Mapped[datetime.datetime | None]
    signed_by: Mapped[str | None] = mapped_column(_WORD)


class ConsentLanguageRow(ClinicScoped, Base):
    """The language in which a consent was explained, where it is not English; the row has the consent's id."""

    __tablename__ = "consent_language"
    __table_args__ = clinic_references(id="consent")
    language: Mapped[str] = mapped_column(_WORD)


class ConsentVoidRow(ClinicScoped, Base):
    """The reason why a consent is void; the row has the consent's id."""

    __tablename__ = "consent_void"
    __table_args__ = clinic_references(id="consent")
    reason: Mapped[str] = mapped_column(_WORD)
    voided_at: Mapped[datetime.datetime]
    voided_by: Mapped[str] = mapped_column(_WORD)


class TellBackRow(ClinicScoped, Base):
    """A teach-back: a patient's sealed answers to questions about what was explained, and which were wrong."""

    __tablename__ = "tell_back"
    __table_args__ = clinic_references(consent_id="consent")
    consent_id: Mapped[str] = mapped_column(_ID)
    answers_sealed: Mapped[bytes]
    told_at: Mapped[datetime.datetime]
    told_by: Mapped[str] = mapped_column(_WORD)


class ClinicalNoteRow(ClinicScoped, Base):
    """A note about a patient, and the consultation and the session that it is about, if any."""

    __tablename__ = "clinical_note"
    __table_args__ = clinic_references(patient_id="patient", consultation_id="consultation", treatment_id="treatment")
    patient_id: Mapped[str] = mapped_column(_ID)
    consultation_id: Mapped[str | None] = mapped_column(_ID)
    treatment_id: Mapped[str | None] = mapped_column(_ID)
    note_sealed: Mapped[bytes]
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)


class AttachmentRow(ClinicScoped, Base):
    """A file that belongs to a patient, with the name of its file; its own name and its description are sealed."""

    __tablename__ = "attachment"
    __table_args__ = clinic_references(patient_id="patient")
    patient_id: Mapped[str] = mapped_column(_ID)
    kind: Mapped[str] = mapped_column(_WORD)
    media_type: Mapped[str] = mapped_column(_WORD)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    file: Mapped[str] = mapped_column(_HASH)
    attachment_sealed: Mapped[bytes]
    added_at: Mapped[datetime.datetime]
    added_by: Mapped[str] = mapped_column(_WORD)


class JobRow(ClinicScoped, Base):
    """A job that waits, or runs until `lease_until`; after that another worker may take it over.

    `payload` is ids of records. What else the job needs is in `content_sealed`. `is_reminder` says of a message of an
    alarm that one was sent before.
    """

    __tablename__ = "job"
    __table_args__ = (Index(None, "state", "created_at"),)
    kind: Mapped[str] = mapped_column(_WORD)
    payload: Mapped[dict[str, Any]]
    content_sealed: Mapped[bytes | None]
    state: Mapped[str] = mapped_column(_WORD)
    attempts: Mapped[int]
    progress_sealed: Mapped[bytes | None]
    lease_until: Mapped[datetime.datetime | None]
    created_at: Mapped[datetime.datetime]
    created_by: Mapped[str] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]
    is_reminder: Mapped[bool] = mapped_column(default=False)


def list_row_files(row: ClinicScoped) -> Iterator[str]:
    """Yield the names of the files that a row refers to."""
    if isinstance(row, PhotographRow | AttachmentRow):
        yield row.file
    elif isinstance(row, PlanRow):
        yield from row.files.values()
    elif isinstance(row, ConsentRow) and row.document is not None:
        yield row.document
