"""Build the timeline of a patient: one line for each recorded event, with a link to its page.

Each kind of record has a function that takes the repositories and a consultation and yields its lines; a new kind of
record needs such a function in `_LINE_SOURCES`.
"""

from collections.abc import Callable, Iterable, Iterator

from skinbeam.text import render_message
from skinbeam_clinic.documents.models import Attachment, ClinicalNote
from skinbeam_clinic.follow_ups.models import FollowUpMoment
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
    lines = [line for one in consultations for kind in _LINE_SOURCES for line in kind(repositories, one)]
    lines += [*map(_note_line, notes), *map(_attachment_line, attachments)]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _note_line(note: ClinicalNote) -> RecordLine:
    """Return the line of a note, which stands on the page of the patient; its words stand there alone."""
    text = render_message("clinic-timeline.note", {"by": note.noted_by})
    return RecordLine(note.noted_at, text, f"/patients/{note.patient_id}#note-{note.id}")


def _attachment_line(one: Attachment) -> RecordLine:
    about = {"kind": render_message(f"clinic-document.{one.kind}"), "by": one.added_by}
    text = render_message("clinic-timeline.attachment", about)
    return RecordLine(one.added_at, text, f"/patients/{one.patient_id}#attachment-{one.id}")


def _consultation_lines(_: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    yield RecordLine(
        consultation.created_at, render_message("clinic-timeline.consultation"), f"/consultations/{consultation.id}"
    )


def _plan_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for one in repositories.plans.of(consultation.id):
        yield RecordLine(one.made_at, render_message("clinic-timeline.plan", {"by": one.made_by}), f"/plans/{one.id}")


def _consent_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for one in repositories.consents.of(consultation.id):
        path = f"/plans/{one.plan_id}/consent/{one.option}"
        yield RecordLine(one.explained_at, render_message("clinic-timeline.explained", {"by": one.explained_by}), path)
        if one.signed_at is not None:
            yield RecordLine(one.signed_at, render_message("clinic-timeline.signed", {"by": str(one.signed_by)}), path)
        if one.voided_at is not None:
            why = {"reason": render_message(f"clinic-void.{one.void_reason}")}
            yield RecordLine(one.voided_at, render_message("clinic-timeline.void", why), path)


def _test_spot_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    path = f"/consultations/{consultation.id}/test-spots"
    for one in repositories.test_spots.of(consultation.id):
        about = {"pulse": describe_pulse(one.firing.settings.device, one.firing.settings), "by": one.fired_by}
        spot = render_message("clinic-timeline.spot", about)
        yield RecordLine(one.fired_at, _add_cooling(spot, [one.firing.cooling]), path)
        for reading in one.readings:
            seen = {"reaction": render_message(f"reaction.{reading.reaction}"), "by": reading.read_by}
            yield RecordLine(reading.seen_at, render_message("clinic-timeline.reading", seen), path)


def _treatment_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for one in repositories.treatments.of(consultation.id):
        path, params = f"/treatments/{one.id}", {"number": one.number}
        if one.started_at is None:
            yield RecordLine(one.created_at, render_message("clinic-timeline.prepared", params), path)
        else:
            session = render_message(f"clinic-timeline.{one.state}", params)
            used = [area.fired.cooling for area in one.valid_areas]
            yield RecordLine(one.started_at, _add_cooling(session, used), path)
        for event in one.events:
            yield RecordLine(event.seen_at, render_message("clinic-timeline.event", params), path)


def _add_cooling(line: str, used: Iterable[UsedCooling | None]) -> str:
    """Return a line with each cooling that was used; unchanged where none is recorded."""
    words = "; ".join(dict.fromkeys(describe_cooling(one) for one in used if one is not None))
    return render_message("clinic-timeline.cooled", {"line": line, "cooling": words}) if words else line


def _follow_up_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for one in repositories.follow_ups.of(consultation.id):
        which = "follow-up-before" if one.moment is FollowUpMoment.BEFORE else "follow-up"
        yield RecordLine(
            one.seen_at, render_message(f"clinic-timeline.{which}", {"by": one.noted_by}), f"/follow-ups/{one.id}"
        )


def _diary_lines(repositories: ClinicRepositories, consultation: ConsultationRecord) -> Iterator[RecordLine]:
    for one in repositories.diaries.of_consultation(consultation.id):
        yield RecordLine(
            one.written_at,
            render_message("clinic-timeline.diary", {"day": one.day}),
            f"/treatments/{one.treatment_id}/diary",
        )


_LINE_SOURCES: tuple[LineSource, ...] = (
    _consultation_lines,
    _plan_lines,
    _consent_lines,
    _test_spot_lines,
    _treatment_lines,
    _diary_lines,
    _follow_up_lines,
)
