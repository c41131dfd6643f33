"""Store and read consents to a plan: explanation, cooling-off period, teach-back, signature, withdrawal.

A consent is signed once; it becomes void when the plan is replaced or the consent is withdrawn.
"""

import datetime
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from skinbeam.report.consent_context import TeachBackTry
from skinbeam.report.consent_form import cooling_off_days
from skinbeam.text import ENGLISH, to_local_time
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.clinic_texts.repository import get_shown_texts, read_consent_texts, save_consent_texts
from skinbeam_clinic.consultations.repository import (
    ConsultationState,
    advance_state,
    get_open_consultation,
    list_plan_rows,
)
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import clock_jump, now, time_after
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Consent, ConsentAnswers, TeachBack

__all__ = [
    "ANSWERS_CONTENT",
    "TEACH_BACK_CONTENT",
    "ConsentRepository",
    "SignatureKind",
    "TeachBackContent",
    "VoidReason",
    "find_think_time_end",
    "get_valid_consent",
    "list_withdrawn_plans",
    "teach_back_tries",
    "void_replaced_consents",
]

_LONGEST_JSON = 100_000  # characters


@dataclass(frozen=True)
class TeachBackContent:
    """The sealed column of a teach-back: question → answer in words, and the questions answered wrongly."""

    answers: Mapping[str, str]
    wrong: tuple[str, ...]


TEACH_BACK_CONTENT = SealedRecord(TeachBackContent, tables.TellBackRow.answers_sealed, _LONGEST_JSON, "answers")
ANSWERS_CONTENT = SealedRecord(ConsentAnswers, tables.ConsentRow.answers_sealed, _LONGEST_JSON, "answers")


class SignatureKind(StrEnum):
    """How a consent was signed."""

    DRAWN = "drawn"
    TYPED = "typed"


class VoidReason(StrEnum):
    """Why a consent is no longer valid."""

    ELSEWHERE = "elsewhere"  # given in another clinic: it covers what that clinic explained
    NEW_PLAN = "new-plan"
    WITHDRAWN = "withdrawn"


class ConsentRepository(Repository):
    """The consents of a clinic."""

    def record_explanation(
        self,
        plan_id: str,
        *,
        option: str,
        cooling_off: datetime.timedelta,
        language: str = ENGLISH,
        texts: Sequence[str] = (),
    ) -> Consent:
        """Record that an option of a plan was explained now; it may be signed once the cooling-off period is over.

        Teach-back and signature use the `language` of the explanation.

        Parameters
        ----------
        texts : ids of the versions of the clinic's own texts that the form showed, in its order.

        Raises
        ------
        RecordNotFoundError : also where a version is not one of a consent form in this language.
        InputError : `clinic-text-changed`: one is not in force any more; `closed`, or `plan-outdated`: the answers
            have changed, or a later plan replaces this one.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            plan = _get_current_plan(work, plan_id)
            at = now()
            row = work.new_row(
                tables.ConsentRow,
                plan_id=plan.id,
                option=option,
                plan_sha256=plan.plan_sha256,
                explained_at=at,
                explained_by=work.actor,
                not_before=at + cooling_off,
            )
            work.save(row, "consent.explained", plan_sha256=plan.plan_sha256)
            if language != ENGLISH:
                spoken = work.new_row(tables.ConsentLanguageRow, id=row.id, language=language)
                work.save(spoken, "consent.language", language=language)
            save_consent_texts(work, row.id, get_shown_texts(work, language, texts), "consent.text")
            return _read_consent(work, row)

    def record_teach_back(self, id: str, answers: Mapping[str, str], wrong: Collection[str]) -> Consent:
        """Store the patient's answers of a teach-back; every attempt is stored.

        Parameters
        ----------
        answers : question → answer in words.
        wrong : the questions whose answer was wrong.

        Raises
        ------
        InputError : as for `sign`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            _, consent = _get_signable(work, id)
            told_at = time_after(teach_back.told_at for teach_back in _read_teach_backs(work, id))
            row = work.new_row(tables.TellBackRow, consent_id=id, told_at=told_at, told_by=work.actor)
            work.seal_record(row, TEACH_BACK_CONTENT, TeachBackContent(dict(answers), tuple(sorted(wrong))))
            work.save(row, "consent.told-back")
            return _read_consent(work, consent)

    def sign(
        self,
        id: str,
        *,
        answers: ConsentAnswers,
        kind: SignatureKind,
        signature: bytes,
        document: bytes,
        signed_at: datetime.datetime,
    ) -> Consent:
        """Sign a consent: store the answers, the signature, and the signed document.

        Parameters
        ----------
        signature : the strokes that were drawn, or the name that was typed.
        document : PDF, which contains the hash of its plan and `signed_at`.

        Raises
        ------
        InputError : `too-early`, `clock-set`, `not-told-back`, `signed-already`, `void`, `plan-outdated`, `closed`, or
            `too-long`.
        """
        written = ANSWERS_CONTENT.to_json(answers)
        with self._access.writing_with_files(AccessRight.TREAT, [document]) as (work, files):
            plan, row = _get_signable(work, id)
            teach_backs = _read_teach_backs(work, id)
            if not teach_backs or teach_backs[-1].wrong:
                raise clinic_error("not-told-back", "consent")
            work.seal(row, "answers_sealed", written)
            row.signature_kind = kind.value
            work.seal(row, "signature_sealed", signature)
            row.document, row.signed_at, row.signed_by = files[document], signed_at, work.actor
            work.save(row, "consent.signed", plan_sha256=row.plan_sha256)
            advance_state(work, plan.consultation_id, ConsultationState.AGREED)
            return _read_consent(work, row)

    def withdraw(self, id: str) -> Consent:
        """Record that a consent was withdrawn, which is possible at any time."""
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(tables.ConsentRow, id)
            _void_consent(work, row, VoidReason.WITHDRAWN)
            plan = work.get(tables.PlanRow, row.plan_id)
            if work.get(tables.ConsultationRow, plan.consultation_id).state == ConsultationState.AGREED:
                advance_state(work, plan.consultation_id, ConsultationState.PLANNED)
            return _read_consent(work, row)

    def get(self, id: str) -> Consent:
        """Return a consent, signed or not, void or not."""
        with self._access.reading_row(tables.ConsentRow, id, "consent.seen") as (work, row):
            return _read_consent(work, row)

    def of(self, consultation_id: str) -> tuple[Consent, ...]:
        """Return the consents of a consultation, oldest first, void ones included."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "consents.listed") as (work, _):
            table, plans = tables.ConsentRow, [row.id for row in list_plan_rows(work, consultation_id)]
            consent_rows = work.rows_by(table, table.plan_id, plans, table.explained_at)
            at = now()  # dated in the future, since the clock was set back: older
            rows = sorted(
                itertools.chain(*consent_rows.values()),
                key=lambda row: (row.explained_at <= at, row.explained_at, row.id),
            )
            return tuple(work.read_each(rows, lambda row: _read_consent(work, row)))

    def think_time_end(self, consultation_id: str) -> datetime.datetime | None:
        """Return when the time to think about the newest plan of a consultation is over; None without a plan."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "consents.listed") as (work, _):
            return find_think_time_end(work, consultation_id)

    def read_document(self, id: str) -> bytes:
        """Return the signed document (PDF).

        Raises
        ------
        RecordNotFoundError : this clinic has no such consent, or it was not signed.
        """
        with self._access.reading(AccessRight.READ) as work:
            file = work.get(tables.ConsentRow, id).document
            if file is None:
                raise clinic_error("absent", "file")
            work.log("consent.seen", f"consent/{id}")
        return self._access.database.files.get(self._access.member.clinic_id, file)


def get_valid_consent(work: ClinicTransaction, id: str) -> tuple[tables.PlanRow, tables.ConsentRow]:
    """Return a signed and valid consent with its plan; every treatment requires one.

    Raises
    ------
    RecordNotFoundError : this clinic has no such record.
    InputError : `not-signed`, `void`, `plan-outdated`, or `closed`.
    """
    row = work.get(tables.ConsentRow, id)
    if row.signed_at is None:
        raise clinic_error("not-signed", "consent")
    if work.find(tables.ConsentVoidRow, id):
        raise clinic_error("void", "consent")
    return _get_current_plan(work, row.plan_id), row


def teach_back_tries(consent: Consent) -> tuple[TeachBackTry, ...]:
    """Return the teach-backs of a consent as its document tells them: the day, who asked, and the wrong answers."""
    return tuple(
        TeachBackTry(
            to_local_time(teach_back.told_at).date(),
            teach_back.told_by,
            {id: teach_back.answers[id] for id in teach_back.wrong},
        )
        for teach_back in consent.told
    )


def find_think_time_end(work: ClinicTransaction, consultation_id: str) -> datetime.datetime | None:
    """Return when the time to think about the newest plan of a consultation is over; None without a plan.

    It is the earliest moment at which a valid consent to the plan may be signed. As long as nothing was explained, the
    usual time to think begins now.
    """
    plans = list_plan_rows(work, consultation_id)
    if not plans:
        return None
    explained = work.rows(tables.ConsentRow, tables.ConsentRow.plan_id == plans[-1].id)
    ids = [row.id for row in explained]
    void = {row.id for row in work.rows(tables.ConsentVoidRow, tables.ConsentVoidRow.id.in_(ids))}
    usual = now() + datetime.timedelta(days=cooling_off_days())
    return min((row.not_before for row in explained if row.id not in void), default=usual)


def void_replaced_consents(work: ClinicTransaction, plan: tables.PlanRow) -> None:
    """Void every consent to the other plans of a consultation."""
    others = [other.id for other in list_plan_rows(work, plan.consultation_id) if other.id != plan.id]
    for row in work.rows(tables.ConsentRow, tables.ConsentRow.plan_id.in_(others)):
        _void_consent(work, row, VoidReason.NEW_PLAN)


def _void_consent(work: ClinicTransaction, row: tables.ConsentRow, reason: VoidReason) -> None:
    if work.find(tables.ConsentVoidRow, row.id) is None:
        void = work.new_row(
            tables.ConsentVoidRow, id=row.id, reason=reason.value, voided_at=now(), voided_by=work.actor
        )
        work.save(void, "consent.void", reason=reason.value)


def list_withdrawn_plans(work: ClinicTransaction, plan_ids: Collection[str]) -> frozenset[str]:
    """Return those plans of which a consent was withdrawn and none is left, signed or waiting for a signature."""
    table = tables.ConsentRow
    consents = work.rows_by(table, table.plan_id, plan_ids)
    void = work.get_many(tables.ConsentVoidRow, (row.id for rows in consents.values() for row in rows))
    return frozenset(
        plan
        for plan, rows in consents.items()
        if all(row.id in void for row in rows) and any(void[row.id].reason == VoidReason.WITHDRAWN for row in rows)
    )


def _get_current_plan(work: ClinicTransaction, plan_id: str) -> tables.PlanRow:
    """Return a plan if it is the last one of its consultation and was made from the current answers."""
    plan = work.get(tables.PlanRow, plan_id)
    consultation = get_open_consultation(work, plan.consultation_id)
    last = list_plan_rows(work, plan.consultation_id)[-1]
    if last.id != plan.id or consultation.revision != plan.consultation_revision:
        raise clinic_error("plan-outdated", "plan")
    return plan


def _get_signable(work: ClinicTransaction, id: str) -> tuple[tables.PlanRow, tables.ConsentRow]:
    """Return a consent that may be signed now, and its plan."""
    row = work.get(tables.ConsentRow, id)
    if row.signed_at is not None:
        raise clinic_error("signed-already", "consent")
    if work.find(tables.ConsentVoidRow, id):
        raise clinic_error("void", "consent")
    plan = _get_current_plan(work, row.plan_id)
    if now() < row.not_before:
        raise clinic_error("too-early", "consent", until=row.not_before)
    if now() - clock_jump() < row.not_before:
        raise clinic_error("clock-set", "consent")
    return plan, row


def _read_teach_backs(work: ClinicTransaction, consent_id: str) -> tuple[TeachBack, ...]:
    table = tables.TellBackRow
    rows = work.rows_of(table, table.consent_id, consent_id, table.told_at)
    return tuple(work.read_row(TeachBack, row, **vars(work.open_record(row, TEACH_BACK_CONTENT))) for row in rows)


def _read_consent(work: ClinicTransaction, row: tables.ConsentRow) -> Consent:
    void, spoken = work.find(tables.ConsentVoidRow, row.id), work.find(tables.ConsentLanguageRow, row.id)
    return work.read_row(
        Consent,
        row,
        told=_read_teach_backs(work, row.id),
        answers=None if row.answers_sealed is None else work.open_record(row, ANSWERS_CONTENT),
        signature=None if row.signature_sealed is None else work.open(row, "signature_sealed"),
        void_reason=None if void is None else void.reason,
        voided_at=None if void is None else void.voided_at,
        language=ENGLISH if spoken is None else spoken.language,
        texts=read_consent_texts(work, row.id),
    )
