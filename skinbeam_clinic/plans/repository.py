"""Store and read plans and the options chosen from them.

Plans and choices are never changed; a newer plan voids consents to older ones.
"""

from dataclasses import fields

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consents.repository import void_replaced_consents
from skinbeam_clinic.consultations.repository import (
    ConsultationState,
    advance_state,
    check_unchanged,
    get_open_consultation,
    list_plan_rows,
)
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import time_after
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import NewPlan, PlanChoice, PlanRecord

__all__ = ["PlanRepository"]

_LONGEST_NOTES = 100_000  # characters


class PlanRepository(Repository):
    """The plans of a clinic's consultations."""

    def add(self, consultation_id: str, plan: NewPlan, *, revision: int) -> PlanRecord:
        """Store a plan made from this revision of the answers; consents to earlier plans become void.

        An identical last plan is not stored twice, so that a repeated job has no further effect.

        Raises
        ------
        ConflictError : the answers have changed in the meantime, so that the plan is for other answers.
        InputError : `closed`.
        """
        with self._access.writing_with_files(AccessRight.TREAT, plan.files.values()) as (work, names):
            files = {name: names[content] for name, content in plan.files.items()}
            check_unchanged(work, work.get(tables.ConsultationRow, consultation_id), revision)
            earlier = list_plan_rows(work, consultation_id)
            for last in earlier[-1:]:
                same = (last.plan_sha256, last.consultation_revision, last.files)
                if same == (plan.plan_sha256, revision, files):
                    return work.read_row(PlanRecord, last)
            get_open_consultation(work, consultation_id)
            advance_state(work, consultation_id, ConsultationState.PLANNED)
            row = work.new_row(
                tables.PlanRow,
                consultation_id=consultation_id,
                consultation_revision=revision,
                made_at=time_after(plan.made_at for plan in earlier),
                made_by=work.actor,
                **{field.name: getattr(plan, field.name) for field in fields(plan)} | {"files": files},
            )
            work.save(row, "plan.made", plan_sha256=plan.plan_sha256)
            void_replaced_consents(work, row)
            return work.read_row(PlanRecord, row)

    def get(self, id: str) -> PlanRecord:
        """Return a plan."""
        with self._access.reading_row(tables.PlanRow, id, "plan.seen") as (work, row):
            return work.read_row(PlanRecord, row)

    def read_file(self, id: str, name: str) -> bytes:
        """Return a file of a plan by its name, such as `plan.json`.

        Raises
        ------
        RecordNotFoundError : this clinic has no such plan, or the plan has no such file.
        """
        with self._access.reading(AccessRight.READ) as work:
            stored = work.get(tables.PlanRow, id).files.get(name)
            if stored is None:
                raise clinic_error("absent", "file")
            work.log("plan.file.seen", f"plan/{id}", file=name)
        return self._access.database.files.get(self._access.member.clinic_id, stored)

    def of(self, consultation_id: str) -> tuple[PlanRecord, ...]:
        """Return the plans of a consultation, oldest first; the last one is current."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "plans.listed") as (work, _):
            return tuple(work.read_row(PlanRecord, row) for row in list_plan_rows(work, consultation_id))

    def choose(self, id: str, option: str, notes: str = "") -> PlanChoice:
        """Store the option chosen from a plan, and the reasons; a later choice replaces an earlier one.

        Raises
        ------
        InputError : `closed`, or `too-long`.
        """
        if len(notes) > _LONGEST_NOTES:
            raise clinic_error("too-long", "notes", hint={"longest": _LONGEST_NOTES})
        with self._access.writing(AccessRight.TREAT) as work:
            plan = work.get(tables.PlanRow, id)
            get_open_consultation(work, plan.consultation_id)
            earlier = work.rows(tables.PlanChoiceRow, tables.PlanChoiceRow.plan_id == id)
            made_at = time_after(choice.made_at for choice in earlier)
            row = work.new_row(tables.PlanChoiceRow, plan_id=id, option=option, made_at=made_at, made_by=work.actor)
            work.seal(row, "notes_sealed", notes.encode())
            work.save(row, "choice.made")
            return _plan_choice(work, row)

    def list_choices(self, id: str) -> tuple[PlanChoice, ...]:
        """Return the choices made from a plan, oldest first; the last one of a concern is current."""
        with self._access.reading_row(tables.PlanRow, id, "choices.listed") as (work, _):
            table = tables.PlanChoiceRow
            rows = work.rows_of(table, table.plan_id, id, table.made_at)
            return tuple(_plan_choice(work, row) for row in rows)


def _plan_choice(work: ClinicTransaction, row: tables.PlanChoiceRow) -> PlanChoice:
    return work.read_row(PlanChoice, row, notes=work.open(row, "notes_sealed").decode())
