"""Records that come from another clinic, with the times that they have there, as a new patient of this one.

Consent given there was to what that clinic explained: it is kept as it was, and void here. All of it is taken in by one
step, or nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields

from skinbeam.records.desk.consents import VoidReason
from skinbeam.records.desk.consultations import State
from skinbeam.records.desk.patients import add_patient
from skinbeam.records.kept import Consent, Dossier, KeptConsultation, KeptPlan, Patient, Plan
from skinbeam.records.roles import Act
from skinbeam.records.store import tables
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Arrivals"]

_ARRIVED = "record.arrived"


class Arrivals:
    """Takes records in."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def take_in(self, dossier: Dossier) -> Patient:
        """Keep a dossier that was read whole as a new patient under a new pseudonym, every row by a new name.

        Raises
        ------
        InputError : `bad-year`.
        """
        contents = [content for one in dossier.consultations for _, content in one.photographs]
        contents += [content for one in dossier.consultations for kept in one.plans for content in kept.files.values()]
        names = {content: self._access.keep_file(Act.TREAT, content) for content in contents}
        with self._access.work(Act.TREAT) as work:
            patient = add_patient(work, year_of_birth=dossier.patient.year_of_birth)
            for one in dossier.consultations:
                _Arrival(work, names).consultation(one, patient.id)
        return patient


class _Arrival:
    """Writes the rows of a consultation; `files` are the names of contents in the store."""

    def __init__(self, work: Work, files: Mapping[bytes, str]) -> None:
        self._work = work
        self._files = files

    def consultation(self, one: KeptConsultation, patient_id: str) -> None:
        work, held = self._work, one.consultation
        photographs = {photograph.id: new_id() for photograph, _ in one.photographs}
        answers = dict(held.answers) | {"photograph": photographs.get(held.answers["photograph"], "")}
        state = State.PLANNED if held.state == State.AGREED else State(held.state)  # no consent holds here
        row = tables.Consultation(
            clinic_id=work.clinic_id,
            id=new_id(),
            patient_id=patient_id,
            state=state.value,
            revision=held.revision,
            created_at=held.created_at,
            saved_at=held.saved_at,
            saved_by=work.actor,
        )
        work.seal(row, "answers_sealed", json_text(answers).encode())
        work.keep(row, _ARRIVED)
        for photograph, content in one.photographs:
            kept = tables.Photograph(
                clinic_id=work.clinic_id,
                id=photographs[photograph.id],
                consultation_id=row.id,
                file=self._files[content],
                media_type=photograph.media_type,
                added_at=photograph.added_at,
                added_by=work.actor,
                **{f"for_{use}": allowed for use, allowed in asdict(photograph.permissions).items()},
            )
            work.keep(kept, _ARRIVED)
        plans = {kept.plan.id: self._plan(kept, row.id) for kept in one.plans}
        for consent, _ in one.consents:
            self._consent(consent, plans[consent.plan_id])

    def _plan(self, kept: KeptPlan, consultation_id: str) -> str:
        work = self._work
        same = {field.name: getattr(kept.plan, field.name) for field in fields(Plan)}
        own = {"id": new_id(), "consultation_id": consultation_id, "made_by": work.actor}
        files = {name: self._files[content] for name, content in kept.files.items()}
        row = tables.Plan(clinic_id=work.clinic_id, **same | own | {"files": files})
        work.keep(row, _ARRIVED, plan_sha256=row.plan_sha256)
        for choice in kept.choices:
            chosen = tables.Choice(
                clinic_id=work.clinic_id,
                id=new_id(),
                plan_id=row.id,
                option=choice.option,
                made_at=choice.made_at,
                made_by=work.actor,
            )
            work.seal(chosen, "notes_sealed", choice.notes.encode())
            work.keep(chosen, _ARRIVED)
        return row.id

    def _consent(self, consent: Consent, plan_id: str) -> None:
        work = self._work
        row = tables.Consent(
            clinic_id=work.clinic_id,
            id=new_id(),
            plan_id=plan_id,
            option=consent.option,
            plan_sha256=consent.plan_sha256,
            explained_at=consent.explained_at,
            explained_by=work.actor,
            not_before=consent.not_before,
            signature_kind=consent.signature_kind,
            signed_at=consent.signed_at,
            signed_by=None if consent.signed_at is None else work.actor,
        )
        work.keep(row, _ARRIVED, plan_sha256=row.plan_sha256)
        reason = consent.void_reason or VoidReason.ELSEWHERE.value
        void = tables.ConsentVoid(
            clinic_id=work.clinic_id,
            id=row.id,
            reason=reason,
            voided_at=consent.voided_at or now(),
            voided_by=work.actor,
        )
        work.keep(void, _ARRIVED, reason=reason)
