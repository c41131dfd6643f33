"""What each of today's patients needs next, from an alarm that must be answered to a checklist.

The rows of all of them are read together, so that a full day takes no more statements than one appointment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.appointments.models import Appointment, AppointmentState, Purpose
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.diaries.repository import list_stopped_courses
from skinbeam_clinic.patient_links.person import kept_ids
from skinbeam_clinic.test_spots.repository import list_consultations_due
from skinbeam_clinic.treatments.models import TreatmentState

__all__ = ["NextStep", "NextStepReader"]

_NEEDS_CURRENT_PLAN = frozenset({Purpose.CONSULTATION, Purpose.TEST_SPOT, Purpose.SESSION})


@dataclass(frozen=True)
class NextStep:
    """What an appointment needs next.

    Parameters
    ----------
    name : of the sentence `appointment-next.NAME`.
    path : of the page on which it is done.
    """

    name: str
    path: str


class NextStepReader(Repository):
    """Reads what appointments need next."""

    def read(self, appointments: Iterable[Appointment]) -> Mapping[str, NextStep]:
        """Return the next step of each appointment that is not over, by its id; one that needs nothing is left out."""
        awaited = [
            appointment
            for appointment in appointments
            if appointment.state in (AppointmentState.BOOKED, AppointmentState.ATTENDED)
        ]
        with self._access.reading_unlogged(AccessRight.READ) as work:
            courses = _read_courses(
                work,
                {appointment.consultation_id for appointment in awaited if appointment.consultation_id is not None},
            )
        steps = {appointment.id: _find_next(appointment, courses) for appointment in awaited}
        return {id: step for id, step in steps.items() if step is not None}


@dataclass(frozen=True)
class _Courses:
    """Of consultations by id: their newest plan, the consents to it, the session that is prepared, and what is due.

    Parameters
    ----------
    harmed : the treatment of the newest adverse event that is not resolved.
    kept : closed record → the record of the same person that is kept.
    """

    plans: Mapping[str, str]
    outdated: frozenset[str]  # whose answers have changed since that plan, which can then no longer be signed
    closed: frozenset[str]
    consents: Mapping[str, list[tables.ConsentRow]]  # by plan, without void ones
    prepared: Mapping[str, str]
    stopped: frozenset[str]
    harmed: Mapping[str, str]
    due: frozenset[str]
    pictured: frozenset[str]
    kept: Mapping[str, str]


def _read_courses(work: ClinicTransaction, ids: set[str]) -> _Courses:
    plan, photograph, treatment = tables.PlanRow, tables.PhotographRow, treatment_tables.TreatmentRow
    made = work.rows(plan, plan.consultation_id.in_(ids), order=(plan.made_at,))
    newest = {row.consultation_id: row for row in made}
    plans = {consultation: row.id for consultation, row in newest.items()}
    consultations, kept = work.get_many(tables.ConsultationRow, ids), kept_ids(work)
    consents = defaultdict(list)
    explained = work.rows(
        tables.ConsentRow, tables.ConsentRow.plan_id.in_(plans.values()), order=(tables.ConsentRow.explained_at,)
    )
    void = work.get_many(tables.ConsentVoidRow, (consent.id for consent in explained))
    for consent in explained:
        if consent.id not in void:
            consents[consent.plan_id].append(consent)
    preparing = treatment.state == TreatmentState.PREPARING.value
    begun = work.rows(treatment, treatment.consultation_id.in_(ids), preparing, order=(treatment.created_at,))
    event = treatment_tables.AdverseEventRow
    events = work.rows(event, event.consultation_id.in_(ids), event.resolved_at.is_(None), order=(event.seen_at,))
    return _Courses(
        plans=plans,
        outdated=frozenset(id for id, row in newest.items() if row.consultation_revision != consultations[id].revision),
        closed=frozenset(
            id
            for id, consultation in consultations.items()
            if consultation.state == ConsultationState.CLOSED.value or consultation.patient_id in kept
        ),
        consents=consents,
        prepared={row.consultation_id: row.id for row in begun},
        stopped=list_stopped_courses(work, ids),
        harmed={row.consultation_id: row.treatment_id for row in events},
        due=list_consultations_due(work, ids),
        pictured=frozenset(row.consultation_id for row in work.rows(photograph, photograph.consultation_id.in_(ids))),
        kept=kept,
    )


def _find_next(appointment: Appointment, courses: _Courses) -> NextStep | None:
    """Return the first step that is open: what may have done harm is before everything else."""
    id = appointment.consultation_id
    if id is None:
        patient = courses.kept.get(appointment.patient_id, appointment.patient_id)
        return NextStep("begin", f"/patients/{patient}") if appointment.purpose is Purpose.CONSULTATION else None
    if id in courses.stopped:
        return NextStep("alarm", "/alarms")
    if id in courses.harmed:
        return NextStep("adverse-event", f"/treatments/{courses.harmed[id]}#events")
    if id in courses.due:
        return NextStep("spots", f"/consultations/{id}/test-spots")
    if id in courses.closed:
        return None  # nothing can be added to it
    plan = courses.plans.get(id)
    if plan is None and id not in courses.pictured:  # a patient may want none: what was planned without one goes on
        return NextStep("photograph", f"/consultations/{id}")
    if plan is None or (id in courses.outdated and appointment.purpose in _NEEDS_CURRENT_PLAN):
        return NextStep("plan", f"/consultations/{id}")
    if appointment.purpose is Purpose.SESSION:
        consents = courses.consents.get(plan, [])
        if not consents:
            return NextStep("explain", f"/plans/{plan}")
        if all(each.signed_at is None for each in consents):
            return NextStep("consent", f"/plans/{plan}/consent/{consents[-1].option}")
        if id in courses.prepared:
            return NextStep("checklist", f"/treatments/{courses.prepared[id]}")
    return None
