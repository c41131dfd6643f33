"""Build the timeline of a patient: one line for each recorded event, with a link to its page.

Each kind of record has a function that takes the repositories and a consultation and yields its lines; a new kind of
record needs such a function in `_LINE_SOURCES`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from skinbeam.text import render_message
from skinbeam_clinic.documents.models import Attachment, ClinicalNote
from skinbeam_clinic.follow_ups.models import FollowUpMoment
from skinbeam_clinic.machines.clinic_devices import ClinicDevices
from skinbeam_clinic.models import ConsultationRecord
from skinbeam_clinic.patients.record_lines import RecordLine, describe_pulse
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.cooling_views import describe_cooling
from skinbeam_clinic.used_cooling import UsedCooling

__all__ = ["make_timeline"]

LineSource = Callable[[ClinicRepositories, ConsultationRecord], Iterator[RecordLine]]


def make_timeline(
    repositories: ClinicRepositories,
    consultations: Iterable[ConsultationRecord],
    notes: Iterable[ClinicalNote] = (),
    attachments: Iterable[Attachment] = (),
) -> tuple[RecordLine, ...]:
    """Return all that happened in consultations, and all notes and attachments, the newest first."""
    sources = _line_sources(repositories.own_devices.read())
    lines = [line for consultation in consultations for kind in sources for line in kind(repositories, consultation)]
    lines += [*map(_note_line, notes), *map(_attachment_line, attachments)]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _note_line(note: ClinicalNote) -> RecordLine:
    """Return the line of a note, which stands on the page of the patient; its words stand there alone."""
    text = render_message("clinic-timeline.note", {"by": note.noted_by})
    return RecordLine(note.noted_at, text, f"/patients/{note.patient_id}#note-{note.id}")


def _attachment_line(attachment: Attachment) -> RecordLine:
    about = {"kind": render_message(f"clinic-document.{attachment.kind}"), "by": attachment.added_by}
    text = render_message("clinic-timeline.attachment", about)
    return RecordLine(attachment.added_at, text, f"/patients/{attachment.patient_id}#attachment-{attachment.id}")


def _consultation_lines(_: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    yield RecordLine(
        consultation.created_at, render_message("clinic-timeline.consultation"), f"/consultations/{consultation.id}"
    )


def _plan_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for plan in repositories.plans.of(consultation.id):
        yield RecordLine(
            plan.made_at, render_message("clinic-timeline.plan", {"by": plan.made_by}), f"/plans/{plan.id}"
        )


def _consent_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for consent in repositories.consents.of(consultation.id):
        path = f"/plans/{consent.plan_id}/consent/{consent.option}"
        yield RecordLine(
            consent.explained_at, render_message("clinic-timeline.explained", {"by": consent.explained_by}), path
        )
        if consent.signed_at is not None:
            yield RecordLine(
                consent.signed_at, render_message("clinic-timeline.signed", {"by": str(consent.signed_by)}), path
            )
        if consent.voided_at is not None:
            why = {"reason": render_message(f"clinic-void.{consent.void_reason}")}
            yield RecordLine(consent.voided_at, render_message("clinic-timeline.void", why), path)


def _test_spot_lines(
    devices: ClinicDevices, repositories: ClinicRepositories, consultation: ConsultationRecord
) -> Iterator[RecordLine]:
    path = f"/consultations/{consultation.id}/test-spots"
    for record in repositories.test_spots.of(consultation.id):
        about = {
            "pulse": describe_pulse(devices, record.firing.settings.device, record.firing.settings),
            "by": record.fired_by,
        }
        spot = render_message("clinic-timeline.spot", about)
        yield RecordLine(record.fired_at, _add_cooling(spot, [record.firing.cooling]), path)
        for reading in record.readings:
            seen = {"reaction": render_message(f"reaction.{reading.reaction}"), "by": reading.read_by}
            yield RecordLine(reading.seen_at, render_message("clinic-timeline.reading", seen), path)


def _treatment_lines(
    devices: ClinicDevices, repositories: ClinicRepositories, consultation: ConsultationRecord
) -> Iterator[RecordLine]:
    for treatment in repositories.treatments.of(consultation.id):
        path, params = f"/treatments/{treatment.id}", {"number": treatment.number}
        which = "prepared" if treatment.started_at is None else treatment.state
        about = {
            "line": render_message(f"clinic-timeline.{which}", params),
            "device": devices.title(treatment.device or treatment.ordered.device),
        }
        session = render_message("clinic-timeline.with-device", about)
        if treatment.started_at is None:
            yield RecordLine(treatment.created_at, session, path)
        else:
            used = [area.fired.cooling for area in treatment.valid_areas]
            yield RecordLine(treatment.started_at, _add_cooling(session, used), path)
        for event in treatment.events:
            yield RecordLine(event.seen_at, render_message("clinic-timeline.event", params), path)


def _add_cooling(line: str, used: Iterable[UsedCooling | None]) -> str:
    """Return a line with each cooling that was used; unchanged where none is recorded."""
    words = "; ".join(dict.fromkeys(describe_cooling(cooling) for cooling in used if cooling is not None))
    return render_message("clinic-timeline.cooled", {"line": line, "cooling": words}) if words else line


def _follow_up_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for follow_up in repositories.follow_ups.of(consultation.id):
        which = "follow-up-before" if follow_up.moment is FollowUpMoment.BEFORE else "follow-up"
        yield RecordLine(
            follow_up.seen_at,
            render_message(f"clinic-timeline.{which}", {"by": follow_up.noted_by}),
            f"/follow-ups/{follow_up.id}",
        )


def _diary_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for entry in repositories.diaries.of_consultation(consultation.id):
        yield RecordLine(
            entry.written_at,
            render_message("clinic-timeline.diary", {"day": entry.day}),
            f"/treatments/{entry.treatment_id}/diary",
        )


def _line_sources(devices: ClinicDevices) -> tuple[LineSource, ...]:
    return (
        _consultation_lines,
        _plan_lines,
        _consent_lines,
        partial(_test_spot_lines, devices),
        partial(_treatment_lines, devices),
        _diary_lines,
        _follow_up_lines,
    )
