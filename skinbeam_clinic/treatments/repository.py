"""Store and read treatments: a session under a valid consent, with checklist, treated areas, notes and end.

No pulse is rejected because of its settings, since whatever may do harm must be in the record; a setting hotter than
planned requires a reason. A row is stored at once and never changed; a correction is a new row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.repository import mark_attended
from skinbeam_clinic.consents.repository import get_valid_consent
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.diaries.repository import is_course_stopped
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.pulse_settings import SpotSettings, case_test_spot
from skinbeam_clinic.treatments.adverse_events import end_treatment, list_adverse_events
from skinbeam_clinic.treatments.checklist import CHECKLIST_ITEMS, list_items, list_open_items
from skinbeam_clinic.treatments.models import (
    AdverseEvent,
    AreaFiring,
    ChecklistAnswer,
    ChecklistDecision,
    TreatedArea,
    Treatment,
    TreatmentNote,
    TreatmentOrder,
    TreatmentState,
    find_current_answers,
    find_deviations,
    find_valid_areas,
    is_elsewhere,
)
from skinbeam_clinic.treatments.sealed_content import (
    CHECKLIST_CONTENT,
    FIRED_CONTENT,
    NOTES_CONTENT,
    ChecklistContent,
    FiredContent,
    NotesContent,
    name_members,
)
from skinbeam_clinic.used_cooling import UsedCooling, find_cooling_change

__all__ = ["TreatmentRepository", "list_altered_treatments", "list_fired"]


class TreatmentRepository(Repository):
    """The treatments of a clinic."""

    def begin(self, consent_id: str, order: TreatmentOrder, *, appointment_id: str | None = None) -> Treatment:
        """Begin a treatment, or return the one under this consent that has not ended, whoever began it.

        Parameters
        ----------
        order : the settings and limits of the consented option.
        appointment_id : its appointment, which is marked as attended; by default the patient's nearest session, see
            `mark_attended`.

        Raises
        ------
        RecordNotFoundError : this clinic has no such consent, or the patient no such appointment.
        InputError : `closed`, `void`, `not-signed`, or `plan-outdated`: the consent is not valid.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            plan, consent = get_valid_consent(work, consent_id)
            table = treatment_tables.TreatmentRow
            known = work.rows(table, table.consultation_id == plan.consultation_id)
            for treatment in known:
                if treatment.consent_id == consent_id and treatment.ended_at is None:
                    return _read_treatment(work, treatment)
            attended_id = mark_attended(work, plan.consultation_id, appointment_id)
            row = work.new_row(
                table,
                consultation_id=plan.consultation_id,
                plan_id=plan.id,
                option=consent.option,
                consent_id=consent_id,
                appointment_id=attended_id,
                number=1 + _last_number(work, known),
                state=TreatmentState.PREPARING.value,
                created_at=now(),
                created_by=work.actor,
            )
            work.seal_record(row, CHECKLIST_CONTENT, ChecklistContent(order))
            work.save(row, "treatment.begun")
            return _read_treatment(work, row)

    def get(self, id: str) -> Treatment:
        """Return a treatment."""
        with self._access.reading_row(treatment_tables.TreatmentRow, id, "treatment.seen") as (work, row):
            return _read_treatment(work, row)

    def of(self, consultation_id: str) -> tuple[Treatment, ...]:
        """Return the treatments of a consultation, oldest first."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "treatments.listed") as (work, _):
            table = treatment_tables.TreatmentRow
            rows = work.rows_of(table, table.consultation_id, consultation_id, table.created_at)
            return _read_treatments(work, rows)

    def choose_machine(self, id: str, machine_id: str, why: str = "") -> Treatment:
        """Choose the machine; one of another device than planned blocks the treatment until a clinician decides.

        Raises
        ------
        RecordNotFoundError : this clinic has no such machine, or it is retired.
        InputError : `treatment-begun`: the treatment was started already.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = _get_preparing(work, id)
            machine = work.get(treatment_tables.MachineRow, machine_id)
            if machine.retired_at is not None:
                raise clinic_error("absent", "machine")
            row.machine_id, row.device, row.serial = machine.id, machine.device, machine.serial
            planned = machine.device == _read_order(work, row).device
            _add_answers(work, row, {"device": ("as-planned" if planned else "other", why)})
            return _read_treatment(work, row)

    def add_answers(self, id: str, answers: Mapping[str, tuple[str, str]]) -> Treatment:
        """Store answers to the checklist, each with words; one that repeats the stored answer is not added.

        Parameters
        ----------
        answers : item → answer and words.

        Raises
        ------
        InputError : `treatment-begun`, `bad-checklist` (no such item or answer), or `too-long`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = _get_preparing(work, id)
            asked = {item.name: item for item in list_items(_read_order(work, row)) if item.name != "device"}
            for item, (answer, _) in answers.items():
                if item not in asked or answer not in asked[item].answers:
                    raise clinic_error("bad-checklist", item)
            _add_answers(work, row, answers)
            return _read_treatment(work, row)

    def overrule(self, id: str, item: str, why: str) -> Treatment:
        """Store a decision to continue in spite of a blocking answer, with its reason; firm items cannot be overruled.

        Raises
        ------
        InputError : `treatment-begun`, `bad-checklist`, `no-reason`, or `too-long`.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = _get_preparing(work, id)
            checklist = work.open_record(row, CHECKLIST_CONTENT)
            given = find_current_answers(checklist.answers).get(item)
            if (
                given is None
                or CHECKLIST_ITEMS[item].is_mandatory
                or given.answer in CHECKLIST_ITEMS[item].accepted_answers
            ):
                raise clinic_error("bad-checklist", item)
            if not why:
                raise clinic_error("no-reason", f"why-{item}")
            decided = replace(given, decision=ChecklistDecision(why, now(), work.actor))
            answers = tuple(decided if answer is given else answer for answer in checklist.answers)
            work.seal_record(row, CHECKLIST_CONTENT, replace(checklist, answers=answers))
            work.save(row, "treatment.decided")
            return _read_treatment(work, row)

    def start(self, id: str) -> Treatment:
        """Start the treatment if every item is answered, none blocks it, and the consent is still valid.

        Raises
        ------
        InputError : `treatment-begun`, `checklist-open`, `course-stopped` (an alarm of a diary awaits a clinician's
            decision), or the consent is not valid (`begin`).
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = _get_preparing(work, id)
            get_valid_consent(work, row.consent_id)
            if is_course_stopped(work, row.consultation_id):
                raise clinic_error("course-stopped", "treatment")
            if list_open_items(_read_treatment(work, row)):
                raise clinic_error("checklist-open", "checklist")
            row.state, row.started_at, row.started_by = TreatmentState.TREATING.value, now(), work.actor
            work.save(row, "treatment.started")
            return _read_treatment(work, row)

    def add_area(
        self, id: str, firing: AreaFiring, *, form_key: str = "", planned_cooling: UsedCooling | None = None
    ) -> TreatedArea:
        """Store the pulses fired at an area; a sign to stop at ends the treatment. After the end a `why` is required.

        Parameters
        ----------
        planned_cooling : of the plan, for a treatment whose order, of an earlier version, does not tell it.
        form_key : of the form, so that a row submitted twice is stored once (`submission_id`).

        Raises
        ------
        RecordNotFoundError : this clinic has no such treatment, or the treatment no such row to correct.
        InputError : `checklist-open` (not started yet), `beyond-plan` (hotter than planned, cooled less or otherwise,
            or at another site, and no reason), `no-reason` (a correction, or a row after the end, without a why),
            `corrected` (it was corrected already), `too-long`, or a setting that is invalid in a case file.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(treatment_tables.TreatmentRow, id)
            areas = _read_areas(work, [id])[id]
            content = FIRED_CONTENT.to_json(FiredContent(**vars(firing), deviations=()))
            row_id = submission_id(form_key, id, content)
            sent = next((area for area in areas if area.id == row_id), None)
            if sent is not None:
                return sent
            ordered = _read_order(work, row)
            if row.started_at is None:
                raise clinic_error("checklist-open", "checklist")
            _check_case_file(row.device or ordered.device, firing)
            _check_correction(firing, areas, ended=row.ended_at is not None)
            deviations = () if firing.struck else find_deviations(ordered, firing.settings_with_passes)
            change = None if firing.struck else find_cooling_change(ordered.cooling or planned_cooling, firing.cooling)
            is_beyond = any(deviation.hotter for deviation in deviations) or is_elsewhere(ordered, firing)
            if (is_beyond or (change is not None and change.needs_reason)) and not firing.reason:
                raise clinic_error("beyond-plan", "reason")
            area = work.new_row(
                treatment_tables.TreatedAreaRow,
                id=row_id,
                consultation_id=row.consultation_id,
                treatment_id=id,
                fired_at=now(),
                fired_by=work.actor,
            )
            work.seal_record(
                area, FIRED_CONTENT, FiredContent(**vars(firing), deviations=deviations, cooling_change=change)
            )
            work.save(area, "treatment.fired")
            if firing.endpoint.startswith("stop") and not firing.struck and row.ended_at is None:
                end_treatment(work, row, TreatmentState.STOPPED)
            return _read_area(work, area)

    def add_note(self, id: str, words: str, *, shown: int | None = None) -> Treatment:
        """Add a note to a treatment, which is possible after its end, too.

        Parameters
        ----------
        shown : how many notes stood on the page when it was written; the member's own same words among those after them
            are this note, sent again by whoever lost the answer. Without it every note is added.

        Raises
        ------
        InputError : `no-reason` (the note is empty), or `too-long`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(treatment_tables.TreatmentRow, id)
            if not words:
                raise clinic_error("no-reason", "words")
            stored = _read_notes(work, row)
            later = () if shown is None else stored[shown:]
            if any((note.words, note.by) == (words, work.actor) for note in later):
                return _read_treatment(work, row)
            notes = (*stored, TreatmentNote(words, now(), work.actor))
            work.seal_record(row, NOTES_CONTENT, NotesContent(notes))
            work.save(row, "treatment.noted")
            return _read_treatment(work, row)

    def end(self, id: str, state: TreatmentState) -> Treatment:
        """End a treatment as done or stopped; one that has ended stays unchanged.

        Raises
        ------
        InputError : `nothing-fired`: a treatment without a valid row cannot be done.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(treatment_tables.TreatmentRow, id)
            if row.ended_at is None:
                if state is TreatmentState.DONE and not _read_treatment(work, row).valid_areas:
                    raise clinic_error("nothing-fired", "state")
                end_treatment(work, row, state)
            return _read_treatment(work, row)


def _get_preparing(work: ClinicTransaction, id: str) -> treatment_tables.TreatmentRow:
    """Return a treatment whose checklist may still be changed."""
    row = work.get(treatment_tables.TreatmentRow, id)
    if row.state != TreatmentState.PREPARING:
        raise clinic_error("treatment-begun", "treatment")
    return row


def _add_answers(
    work: ClinicTransaction, row: treatment_tables.TreatmentRow, answers: Mapping[str, tuple[str, str]]
) -> None:
    """Append new answers; the last answer to an item is valid, and earlier ones stay stored."""
    checklist = work.open_record(row, CHECKLIST_CONTENT)
    stored = {item: (answer.answer, answer.words) for item, answer in find_current_answers(checklist.answers).items()}
    new = tuple(
        ChecklistAnswer(item, answer, words, now(), work.actor)
        for item, (answer, words) in answers.items()
        if stored.get(item) != (answer, words) or item == "device"
    )
    work.seal_record(row, CHECKLIST_CONTENT, replace(checklist, answers=(*checklist.answers, *new)))
    work.save(row, "treatment.checked")


def _check_correction(firing: AreaFiring, areas: tuple[TreatedArea, ...], *, ended: bool) -> None:
    """Check that the corrected row exists and is not corrected yet, and that corrections and late rows have a why."""
    if firing.corrects is not None:
        if all(area.id != firing.corrects for area in areas):
            raise clinic_error("absent", "row")
        if any(area.fired.corrects == firing.corrects for area in areas):
            raise clinic_error("corrected", "corrects")
    if (ended or firing.corrects is not None) and not firing.why:
        raise clinic_error("no-reason", "why")


def _check_case_file(device: str, firing: AreaFiring) -> None:
    """Raise an InputError if the settings are invalid in a case file, which the next plan reads."""
    settings = SpotSettings(device=device, site=firing.site, **vars(firing.settings))
    case_test_spot(settings, 0.0, "none", file="treatment")


def _read_notes(work: ClinicTransaction, row: treatment_tables.TreatmentRow) -> tuple[TreatmentNote, ...]:
    return () if row.notes_sealed is None else work.open_record(row, NOTES_CONTENT).notes


def _read_order(work: ClinicTransaction, row: treatment_tables.TreatmentRow) -> TreatmentOrder:
    return work.open_record(row, CHECKLIST_CONTENT).ordered


def _read_area(work: ClinicTransaction, row: treatment_tables.TreatedAreaRow) -> TreatedArea:
    content = work.open_record(row, FIRED_CONTENT)
    return work.read_row(
        TreatedArea, row, fired=content.firing, deviations=content.deviations, cooling_change=content.cooling_change
    )


def _read_areas(work: ClinicTransaction, treatment_ids: Sequence[str]) -> dict[str, tuple[TreatedArea, ...]]:
    """Return what was fired in treatments, by their ids and in the order of firing, by one statement."""
    table = treatment_tables.TreatedAreaRow
    rows_by_treatment = work.rows_by(table, table.treatment_id, treatment_ids, table.fired_at)
    return {
        id: tuple(work.read_each(rows, lambda row: _read_area(work, row))) for id, rows in rows_by_treatment.items()
    }


def list_fired(
    work: ClinicTransaction, rows: Sequence[treatment_tables.TreatmentRow]
) -> list[treatment_tables.TreatmentRow]:
    """Return those of these treatments in which something was fired that nobody has struck out.

    What cannot be read, since it was altered, counts as fired.
    """
    areas = _read_areas(work, [row.id for row in rows])
    altered = list_altered_treatments(work)
    return [row for row in rows if row.id in altered or find_valid_areas(areas[row.id])]


def _last_number(work: ClinicTransaction, rows: Sequence[treatment_tables.TreatmentRow]) -> int:
    """Return the number of the last session among treatments: begun and still open, or ended with something fired.

    It is above their count where an earlier one was struck out, or got its number when every begun one was counted: a
    session keeps its number on paper, and another must not get the same.
    """
    begun = [row for row in rows if row.started_at is not None]
    sessions = list_fired(work, [row for row in begun if row.ended_at is not None])
    sessions += [row for row in begun if row.ended_at is None]
    return max(len(sessions), *(row.number for row in sessions), 0)


def list_altered_treatments(work: ClinicTransaction) -> frozenset[str]:
    """Return the ids of treatments of which a record was met that cannot be read, since it was altered."""
    return frozenset(
        str(row.columns["treatment_id"]) for row in work.altered.list_all() if "treatment_id" in row.columns
    )


def _read_treatment(work: ClinicTransaction, row: treatment_tables.TreatmentRow) -> Treatment:
    areas, events = _read_areas(work, [row.id])[row.id], list_adverse_events(work, [row.id])[row.id]
    return work.read_one(row, lambda row: _join_treatment(work, row, areas, events))


def _read_treatments(work: ClinicTransaction, rows: Sequence[treatment_tables.TreatmentRow]) -> tuple[Treatment, ...]:
    ids = [row.id for row in rows]
    areas, events = _read_areas(work, ids), list_adverse_events(work, ids)

    def join(row: treatment_tables.TreatmentRow) -> Treatment:
        return _join_treatment(work, row, areas[row.id], events[row.id])

    return tuple(work.read_each(rows, join))


def _join_treatment(
    work: ClinicTransaction,
    row: treatment_tables.TreatmentRow,
    areas: tuple[TreatedArea, ...],
    events: tuple[AdverseEvent, ...],
) -> Treatment:
    checklist = work.open_record(row, CHECKLIST_CONTENT)
    return work.read_row(
        Treatment,
        row,
        state=TreatmentState(row.state),
        ordered=checklist.ordered,
        answers=name_members(checklist.answers, work.actor_name),
        areas=areas,
        events=events,
        notes=tuple(replace(note, by=work.actor_name(note.by)) for note in _read_notes(work, row)),
    )
