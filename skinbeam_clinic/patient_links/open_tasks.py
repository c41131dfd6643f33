"""What is still to be done of a record that was closed as a duplicate, for the page of the one that is kept."""

from collections.abc import Collection, Iterator, Sequence

from skinbeam.text import render_message
from skinbeam_clinic.appointments.models import AppointmentState
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.follow_ups.models import DueFollowUp
from skinbeam_clinic.follow_ups.routes import list_due_follow_ups
from skinbeam_clinic.models import PatientRecord
from skinbeam_clinic.patients.record_lines import RecordLine
from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["list_open_tasks"]


def list_open_tasks(
    repositories: ClinicRepositories, patients: Sequence[PatientRecord]
) -> list[tuple[RecordLine, str]]:
    """Return the appointments ahead, and what was begun in each record and awaits somebody, each with its pseudonym.

    Of a record the oldest come first.
    """
    tasks: list[tuple[RecordLine, str]] = []
    due = list_due_follow_ups(repositories) if patients else ()
    for patient in patients:
        lines = [*_appointment_lines(repositories, patient.id), *_consultation_lines(repositories, patient.id, due)]
        tasks += [(line, patient.pseudonym) for line in sorted(lines, key=lambda line: line.at)]
    return tasks


def _appointment_lines(repositories: ClinicRepositories, patient_id: str) -> Iterator[RecordLine]:
    for appointment in repositories.appointments.of(patient_id):
        if appointment.state is AppointmentState.BOOKED and appointment.ends_at > now():
            about = {"purpose": render_message(f"appointment-for.{appointment.purpose}")}
            yield RecordLine(
                appointment.starts_at,
                render_message("clinic-link.task-appointment", about),
                f"/appointments/{appointment.id}",
            )


def _consultation_lines(
    repositories: ClinicRepositories, patient_id: str, follow_ups: Collection[DueFollowUp]
) -> Iterator[RecordLine]:
    due = {follow_up.consultation_id: follow_up for follow_up in follow_ups}
    for consultation in repositories.consultations.of(patient_id):
        id = consultation.id
        for spot in repositories.test_spots.of(id):
            if not spot.is_read:
                path = f"/consultations/{id}/test-spots"
                yield RecordLine(spot.due_at, render_message("clinic-link.task-spot"), path)
        for alarm in repositories.alarms.of_consultation(id):
            if alarm.decided_at is None:
                yield RecordLine(alarm.raised_at, render_message("clinic-link.task-alarm"), "/alarms")
        for event in repositories.adverse_events.of(id):
            if event.resolved_at is None:
                path = f"/treatments/{event.treatment_id}#events"
                yield RecordLine(event.seen_at, render_message("clinic-link.task-event"), path)
        if id in due:
            path = f"/patients/{patient_id}/follow-ups"
            yield RecordLine(due[id].treated_at, render_message("clinic-link.task-follow-up"), path)
