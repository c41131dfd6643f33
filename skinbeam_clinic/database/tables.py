"""The tables, as the newest migration leaves them.

Every row of a clinic carries the clinic in its primary key, and every reference within a clinic repeats it: a row that
points into another clinic cannot be written. Columns that end in `_sealed` hold encrypted text (`keys`).
"""

import datetime
import secrets
from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from skinbeam_clinic.database.columns import CanonicalJson, UtcDateTime

__all__ = [
    "AuditEntryRow",
    "Base",
    "ClinicRow",
    "ClinicScoped",
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
    "PasskeyRow",
    "PatientRow",
    "PhotographRow",
    "PlanChoiceRow",
    "PlanRow",
    "RecoveryRow",
    "StoreRow",
    "TellBackRow",
    "list_row_files",
    "new_id",
]

_ID = String(32)
_HASH = String(64)
_WORD = String(200)
_CREDENTIAL = String(1364)  # 1023 bytes, which is as long as one may be, in base64


def new_id() -> str:
    """Return a name for a row that nobody can guess."""
    return secrets.token_hex(16)


class Base(DeclarativeBase):
    """What all tables share: names of constraints, and kinds of columns."""

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
    """A row of one clinic."""

    clinic_id: Mapped[str] = mapped_column(_ID, ForeignKey("clinic.id"), primary_key=True)
    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)


def _clinic_reference(table: str, column: str) -> ForeignKeyConstraint:
    """A reference to a row of the same clinic."""
    return ForeignKeyConstraint(["clinic_id", column], [f"{table}.clinic_id", f"{table}.id"])


class StoreRow(Base):
    """The one row about the database itself: its secret, sealed, which also tells whether a key is the right one."""

    __tablename__ = "store"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    secret_sealed: Mapped[bytes]
    created_at: Mapped[datetime.datetime]


class ClinicRow(Base):
    """A clinic, and where its trail ends: removing the last entries leaves a trail that is too short."""

    __tablename__ = "clinic"
    id: Mapped[str] = mapped_column(_ID, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(_WORD)
    plain_name: Mapped[str] = mapped_column(_WORD, unique=True)
    synthetic: Mapped[bool]
    created_at: Mapped[datetime.datetime]
    trail_length: Mapped[int] = mapped_column(BigInteger, default=0)
    trail_head: Mapped[str] = mapped_column(_HASH, default="")


class MemberRow(ClinicScoped, Base):
    """Somebody who works there. `code_step` is the last one-time code's time step, so that none is used twice."""

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
    """A key pair of a member's own device: here the public key, and how often the private one says that it was used."""

    __tablename__ = "passkey"
    __table_args__ = (_clinic_reference("member", "member_id"), Index(None, "clinic_id", "member_id"))
    member_id: Mapped[str] = mapped_column(_ID)
    name: Mapped[str] = mapped_column(_WORD)
    credential: Mapped[str] = mapped_column(_CREDENTIAL, unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime.datetime]
    used_at: Mapped[datetime.datetime | None]


class RecoveryRow(ClinicScoped, Base):
    """What is left of a member's recovery codes, as signatures, by the member's name in the clinic."""

    __tablename__ = "recovery"
    __table_args__ = (_clinic_reference("member", "id"),)
    signatures: Mapped[list[str]]
    made_at: Mapped[datetime.datetime]


class LoginSessionRow(Base):
    """A browser that is signed in, by the hash of what it holds."""

    __tablename__ = "login_session"
    __table_args__ = (_clinic_reference("member", "member_id"),)
    token_hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    clinic_id: Mapped[str] = mapped_column(_ID)
    member_id: Mapped[str] = mapped_column(_ID)
    created_at: Mapped[datetime.datetime]
    seen_at: Mapped[datetime.datetime]
    ended_at: Mapped[datetime.datetime | None]
    code_at: Mapped[datetime.datetime | None]


class LoginChallengeRow(Base):
    """What a passkey was asked to sign, by the hash of it and of what it was asked for; good for one answer."""

    __tablename__ = "login_challenge"
    challenge_hash: Mapped[str] = mapped_column(_HASH, primary_key=True)
    until: Mapped[datetime.datetime]


class LoginLockRow(Base):
    """Failures of one name, known or not, by the name's signature."""

    __tablename__ = "login_lock"
    subject: Mapped[str] = mapped_column(_HASH, primary_key=True)
    failures: Mapped[int]
    until: Mapped[datetime.datetime]


class AuditEntryRow(Base):
    """One step of a clinic's trail; the database itself refuses to change or remove one."""

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
    """A patient by pseudonym alone."""

    __tablename__ = "patient"
    __table_args__ = (UniqueConstraint("clinic_id", "pseudonym"),)
    pseudonym: Mapped[str] = mapped_column(_WORD)
    year_of_birth: Mapped[int | None]
    created_at: Mapped[datetime.datetime]
    erased_at: Mapped[datetime.datetime | None]


class ContactRow(ClinicScoped, Base):
    """Who a patient is, apart and encrypted, by the patient's name in the clinic."""

    __tablename__ = "contact"
    __table_args__ = (_clinic_reference("patient", "id"),)
    contact_sealed: Mapped[bytes]
    saved_at: Mapped[datetime.datetime]


class ConsultationRow(ClinicScoped, Base):
    """What was asked and answered, saved as it is typed; `revision` counts the saves."""

    __tablename__ = "consultation"
    __table_args__ = (_clinic_reference("patient", "patient_id"), Index(None, "clinic_id", "patient_id"))
    patient_id: Mapped[str] = mapped_column(_ID)
    state: Mapped[str] = mapped_column(_WORD)
    revision: Mapped[int]
    answers_sealed: Mapped[bytes]
    created_at: Mapped[datetime.datetime]
    saved_at: Mapped[datetime.datetime]
    saved_by: Mapped[str] = mapped_column(_WORD)


class PhotographRow(ClinicScoped, Base):
    """A photograph; its content is a file of that name. What it may be used for was asked for each use apart."""

    __tablename__ = "photograph"
    __table_args__ = (_clinic_reference("consultation", "consultation_id"), Index(None, "clinic_id", "consultation_id"))
    consultation_id: Mapped[str] = mapped_column(_ID)
    file: Mapped[str] = mapped_column(_HASH)
    media_type: Mapped[str] = mapped_column(_WORD)
    for_care: Mapped[bool]
    for_teaching: Mapped[bool]
    for_publication: Mapped[bool]
    added_at: Mapped[datetime.datetime]
    added_by: Mapped[str] = mapped_column(_WORD)


class PlanRow(ClinicScoped, Base):
    """A plan, whole and never changed: its files, and what it takes to make it again."""

    __tablename__ = "plan"
    __table_args__ = (_clinic_reference("consultation", "consultation_id"), Index(None, "clinic_id", "consultation_id"))
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
    """What was chosen of a plan, and why; a change of mind is a new row."""

    __tablename__ = "choice"
    __table_args__ = (_clinic_reference("plan", "plan_id"), Index(None, "clinic_id", "plan_id"))
    plan_id: Mapped[str] = mapped_column(_ID)
    option: Mapped[str] = mapped_column(_WORD)
    notes_sealed: Mapped[bytes]
    made_at: Mapped[datetime.datetime]
    made_by: Mapped[str] = mapped_column(_WORD)


class ConsentRow(ClinicScoped, Base):
    """Consent to an option of a plan: when it was explained and may be signed, what was answered, how it was signed."""

    __tablename__ = "consent"
    __table_args__ = (_clinic_reference("plan", "plan_id"), Index(None, "clinic_id", "plan_id"))
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
    """The language in which a consent was explained, where it is not English; the row has the consent's name."""

    __tablename__ = "consent_language"
    __table_args__ = (_clinic_reference("consent", "id"),)
    language: Mapped[str] = mapped_column(_WORD)


class ConsentVoidRow(ClinicScoped, Base):
    """Why a consent holds no more: a row of its own beside the one it is about, with the consent's name."""

    __tablename__ = "consent_void"
    __table_args__ = (_clinic_reference("consent", "id"),)
    reason: Mapped[str] = mapped_column(_WORD)
    voided_at: Mapped[datetime.datetime]
    voided_by: Mapped[str] = mapped_column(_WORD)


class TellBackRow(ClinicScoped, Base):
    """One time that somebody told back what was explained to them: what they answered, and what of it was wrong."""

    __tablename__ = "tell_back"
    __table_args__ = (_clinic_reference("consent", "consent_id"), Index(None, "clinic_id", "consent_id"))
    consent_id: Mapped[str] = mapped_column(_ID)
    answers_sealed: Mapped[bytes]
    told_at: Mapped[datetime.datetime]
    told_by: Mapped[str] = mapped_column(_WORD)


class JobRow(ClinicScoped, Base):
    """Work that waits, or is under way until `lease_until`; who finds it later than that takes it over."""

    __tablename__ = "job"
    __table_args__ = (Index(None, "state", "created_at"),)
    kind: Mapped[str] = mapped_column(_WORD)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(_WORD)
    attempts: Mapped[int]
    progress_sealed: Mapped[bytes | None]
    lease_until: Mapped[datetime.datetime | None]
    created_at: Mapped[datetime.datetime]
    created_by: Mapped[str] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]


def list_row_files(row: ClinicScoped) -> Iterator[str]:
    """Give the files that a row speaks of."""
    if isinstance(row, PhotographRow):
        yield row.file
    elif isinstance(row, PlanRow):
        yield from row.files.values()
    elif isinstance(row, ConsentRow) and row.document is not None:
        yield row.document
