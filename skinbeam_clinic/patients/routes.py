"""Routes of patients: the list, a patient's page, contact details, a copy of the data, and erasure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.photo.limits import limit
from skinbeam.text import LANGUAGES, Formatter, render_message, to_local_time
from skinbeam_clinic.appointments.routes import list_todays_appointments
from skinbeam_clinic.appointments.times import time_formats
from skinbeam_clinic.consultations.answers import carry_past_sessions
from skinbeam_clinic.consultations.case_files import form_from_case
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.documents.models import AttachmentKind
from skinbeam_clinic.documents.plain_text import LONGEST_NOTE
from skinbeam_clinic.errors import ConflictError, catalogue_error, clinic_error
from skinbeam_clinic.follow_ups.routes import list_due_follow_ups
from skinbeam_clinic.models import ConsultationRecord, PatientRecord
from skinbeam_clinic.patient_links.open_tasks import list_open_tasks
from skinbeam_clinic.patients.contact_details import (
    LANGUAGE,
    REMINDER_WAY,
    ReminderWay,
    check_contact_details,
    describe_birth,
)
from skinbeam_clinic.patients.former_identity import changed_identity, list_former_identities
from skinbeam_clinic.patients.record_lines import RecordLine
from skinbeam_clinic.patients.repository import find_birth_year, year_error
from skinbeam_clinic.patients.timeline import make_timeline
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_patient_rights_routes",
    "add_patient_routes",
    "show_patient",
]

_PATIENTS_LIMIT = 100  # rows of the list; a clinic with more patients searches
_DUE_LIMIT = 20
_DUE_SHOWN = 10  # follow-ups that are due; a page of their own has the others
_CONFIRMED, _RENUMBERED = "confirmed", "renumbered"  # boxes that a form has once it was refused
_AHEAD_DAYS = 90  # before the retention period ends, records are listed as due soon
_COUNTED = ("consultations", "photographs", "plans", "consents", "treatments", "notes", "attachments")
CONTACT_FIELDS = ("name", "born", "phone", "email", "address", "number", LANGUAGE, REMINDER_WAY)


def add_patient_routes(router: ClinicRouter) -> None:
    """Open the routes of patients."""
    router.add("GET", "/", _show_patients, only_reads=True)
    router.add("POST", "/search", _show_patients)
    router.add("POST", "/patients", _add_patient, form=_show_patients)
    router.add("GET", "/patients/{patient}", _show_patient, only_reads=True)
    router.add("GET", "/patients/{patient}/contact", _show_contact, only_reads=True)
    router.add("POST", "/patients/{patient}/contact", _save_contact, form=_show_contact)
    router.add("POST", "/patients/{patient}/pseudonym", _change_pseudonym, form=_show_refused_pseudonym)
    router.add("POST", "/patients/{patient}/consultations", _begin_consultation)
    router.add("POST", "/patients/{patient}/case", _begin_from_case, form=_show_patient)


@skips_altered_rows
def _show_patients(request: ClinicRequest, error: InputError | None = None) -> Response:
    """What is looked for is sent and never stands in an address."""
    asked, new = (request.text("pseudonym"), "") if error is None else ("", request.text("pseudonym"))
    found, number = request.repositories.patients.search(asked, _PATIENTS_LIMIT)
    entered = {"asked": asked, "new": new, "year": request.text("year_of_birth")}
    today, due = list_todays_appointments(request), list_due_follow_ups(request.repositories)
    spots_due = request.repositories.test_spots.list_due(_DUE_LIMIT)
    # Of the newest patients nobody asked for, no name is read; of those that were searched for, each is.
    named = {appointment.patient_id for appointment in today} | {follow_up.patient_id for follow_up in due[:_DUE_SHOWN]}
    named |= {patient.id for _, patient in spots_due} | {patient.id for patient in found if asked}
    replaced = request.repositories.patient_links.list_replaced({patient.id for patient in found})
    named |= {patient.id for others in replaced.values() for patient in others if asked}
    return request.page(
        "patients.html",
        error=error,
        named=named,
        patients=found,
        replaced=replaced,
        number=number,
        today=today,
        next_steps=request.repositories.next_steps.read(today),
        due=due,
        due_shown=_DUE_SHOWN,
        tour=request.services.tour,
        notices=request.repositories.notices.list_unread(),
        spots_due={spot.consultation_id: (spot, patient) for spot, patient in reversed(spots_due)}.values(),
        **entered,
        **time_formats(),
    )


def _add_patient(request: ClinicRequest) -> Response:
    written = request.text("year_of_birth")
    born = request.whole_number("year_of_birth") if written else None
    if written and born is None:
        raise year_error(written)
    patient = request.repositories.patients.add(request.text("pseudonym"), year_of_birth=born)
    return request.redirect(f"/patients/{patient.id}")


def _show_patient(request: ClinicRequest, error: InputError | None = None) -> Response:
    """Answer with a patient and their consultations, and the errors of a case file."""
    return show_patient(request, request.path_parameter("patient"), error, refused="case")


@skips_altered_rows
def show_patient(request: ClinicRequest, id: str, error: InputError | None = None, *, refused: str = "") -> Response:
    """Answer with a patient: consultations, notes, attachments, and all that happened, in all records of the person.

    Parameters
    ----------
    refused : the form that the error is about: `pseudonym`, `case`, `note`, `attachment`, or the id of what was to be
        struck; it is shown again as it was filled in.
    """
    repositories, refused = request.repositories, "" if error is None else refused
    consultations = repositories.consultations.of(id)
    hidden = request.member_session.names_hidden  # each typed text and each name of a file may be one
    notes = repositories.notes.of(id, names_hidden=hidden)
    attachments = repositories.attachments.of(id, names_hidden=hidden)
    subjects = _list_note_subjects(repositories, consultations)
    person = repositories.patient_links.read_person(id)
    others = () if person.is_replaced else person.others  # a closed record shows what is in it alone
    happened = [
        *make_timeline(repositories, consultations, notes, attachments),
        *(line for patient in others for line in _read_timeline(repositories, patient.id, names_hidden=hidden)),
    ]
    return request.page(
        "patient.html",
        error=error,
        faults=(error, *error.further_errors) if error is not None and refused == "case" else (),
        renamed=request.text("pseudonym") if refused == "pseudonym" else None,
        identity_erased_at=repositories.patients.identity_erased_at(id),
        patient=repositories.patients.get(id),
        named={id, *(patient.id for patient in others)},
        links=repositories.patient_links.of(id, names_hidden=hidden),
        tasks=list_open_tasks(repositories, others),
        consultations=consultations[::-1],
        happened=sorted(happened, key=lambda line: line.at, reverse=True),
        notes=notes[::-1],
        attachments=attachments[::-1],
        subjects=subjects,
        about={subject.partition(":")[2]: title for subject, title in subjects.items()},
        refused=refused,
        sent=dict(request.fields),
        longest_note=LONGEST_NOTE,
        attachment_kinds=tuple(AttachmentKind),
        most_MB=round(limit("read", "bytes_max") / 1_000_000),
    )


def _read_timeline(repositories: ClinicRepositories, id: str, *, names_hidden: bool) -> tuple[RecordLine, ...]:
    """Return all that happened in a record."""
    notes = repositories.notes.of(id, names_hidden=names_hidden)
    attachments = repositories.attachments.of(id, names_hidden=names_hidden)
    return make_timeline(repositories, repositories.consultations.of(id), notes, attachments)


def _list_note_subjects(
    repositories: ClinicRepositories, consultations: Sequence[ConsultationRecord]
) -> dict[str, str]:
    """Return what a note can be about besides the patient, the newest consultation first: value of the form → title."""
    subjects = {}
    for consultation in reversed(consultations):
        at = Formatter().moment(consultation.created_at)
        subjects[f"consultation:{consultation.id}"] = render_message("clinic.consultation-of", {"at": at})
        for treatment in repositories.treatments.of(consultation.id):
            about = {"number": treatment.number, "at": Formatter().moment(treatment.started_at or treatment.created_at)}
            subjects[f"treatment:{treatment.id}"] = render_message("clinic-document.about-session", about)
    return subjects


def _change_pseudonym(request: ClinicRequest) -> Response:
    id = request.path_parameter("patient")
    request.repositories.patients.set_pseudonym(id, request.text("pseudonym"), previous=request.text("previous"))
    return request.redirect(f"/patients/{id}")


def _show_refused_pseudonym(request: ClinicRequest, error: InputError) -> Response:
    return show_patient(request, request.path_parameter("patient"), error, refused="pseudonym")


def _show_contact(request: ClinicRequest, error: InputError | None = None) -> Response:
    id, repositories = request.path_parameter("patient"), request.repositories
    contact = repositories.patients.get_contact(id)
    stored = {name: contact.details.get(name, "") if contact else "" for name in CONTACT_FIELDS}
    fields = {name: request.text(name) for name in CONTACT_FIELDS} if error else stored
    conflict = isinstance(error, ConflictError)
    current = contact.version if contact else ""
    return request.page(
        "contact.html",
        error=error,
        patient=repositories.patients.get(id),
        fields=fields,
        version=current if conflict or not error else request.text("version"),
        stored=stored if conflict else None,
        former=list_former_identities(contact.details) if contact else (),
        confirmed=_list_confirmations(request, fields, error),
        choices={
            LANGUAGE: dict(LANGUAGES),
            REMINDER_WAY: {way.value: render_message(f"clinic-remind.{way.value}") for way in ReminderWay},
        },
    )


def _save_contact(request: ClinicRequest) -> Response:
    id = request.path_parameter("patient")
    details = check_contact_details({name: request.text(name) for name in CONTACT_FIELDS})
    contact, patient = request.repositories.patients.get_contact(id), request.repositories.patients.get(id)
    stored, version = (contact.details, contact.version) if contact else ({}, "")
    changes = _list_identity_changes(patient, stored, details)
    is_newest = version == request.text("version")  # otherwise somebody else saved
    if changes and is_newest and request.text(_CONFIRMED) != _identity_text(details):
        was, new = (", ".join(parts) for parts in zip(*changes, strict=True))
        raise clinic_error("identity-changed", _CONFIRMED, was=was, new=new)
    renumbered = request.text(_RENUMBERED) == "true"
    request.repositories.patients.set_contact(id, details, version=request.text("version"), renumbered=renumbered)
    return request.redirect(f"/patients/{id}")


def _list_identity_changes(
    patient: PatientRecord, stored: Mapping[str, str], details: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Return what would make another person of a patient: each name, date or year of birth that is replaced, and how.

    A first date of birth decides the year, so it replaces one that was entered with the patient.
    """
    changed = changed_identity(stored, details)
    changes = [(_identity_part(stored, name), _identity_part(details, name)) for name in changed]
    year = find_birth_year(details)
    if "born" not in changed and year is not None and patient.year_of_birth not in (None, year):
        was = render_message("clinic.contact-year", {"year": str(patient.year_of_birth)})
        changes.append((was, _identity_part(details, "born")))
    return changes


def _list_confirmations(
    request: ClinicRequest, fields: Mapping[str, str], error: InputError | None
) -> dict[str, tuple[str, bool]]:
    """Return the boxes that a refused form needs, by name: the value of each, and whether it was ticked."""
    if error is None or error.field not in (_CONFIRMED, _RENUMBERED):
        return {}
    boxes = {_CONFIRMED: _identity_text(check_contact_details(fields)), _RENUMBERED: "true"}
    ticked = {name: request.text(name) == value for name, value in boxes.items()}
    return {name: (value, ticked[name]) for name, value in boxes.items() if ticked[name] or error.field == name}


def _identity_text(details: Mapping[str, str]) -> str:
    """Return the typed identity, which the confirmation box of a correction repeats."""
    return f"{details.get('born', '')} {details.get('name', '')}".strip()


def _identity_part(details: Mapping[str, str], name: str) -> str:
    text = details.get(name, "")
    return (describe_birth(text) if name == "born" else text) if text else render_message("clinic.empty")


def _begin_consultation(request: ClinicRequest) -> Response:
    patient, consultations = request.path_parameter("patient"), request.repositories.consultations
    sessions = carry_past_sessions([consultation.answers for consultation in consultations.of(patient)])
    begun = consultations.begin(patient, _fill_in_clinic(request, sessions), form_key=request.text("row"))
    return request.redirect(f"/consultations/{begun.id}")


def _fill_in_clinic(request: ClinicRequest, answers: Submission) -> Submission:
    """Fill in what the clinic has stated about itself: the devices in use, and its telephone."""
    machines = [machine.device for machine in request.repositories.machines.list_all() if machine.retired_at is None]
    known = [("clinic.devices", device) for device in sorted(set(machines))]
    known += [("clinic.phone", phone)] if (phone := request.clinic_contact.phone) else []
    return replace(answers, entries=(*answers.entries, *known))


def _begin_from_case(request: ClinicRequest) -> Response:
    """Begin a consultation with a form that a case file fills in."""
    id, upload = request.path_parameter("patient"), request.uploads.get("case")
    request.repositories.patients.get(id)  # said before anything of the file is
    if upload is None:
        raise catalogue_error("case-no-file", "clinic-fault.no-file", "case")
    own = [own.name for own in request.repositories.own_devices.read().own]
    sent = form_from_case(upload.content, PurePath(upload.name).name, own)
    return request.redirect(f"/consultations/{request.repositories.consultations.begin(id, sent).id}")


# Rights of the patient: a copy of all stored data, and erasure.


def add_patient_rights_routes(router: ClinicRouter) -> None:
    """Open the routes of what a patient may ask for."""
    router.add("POST", "/patients/{patient}/copy", _download_copy)
    router.add("GET", "/erasures", _show_erasable, only_reads=True)
    router.add("GET", "/patients/{patient}/erasure", _show_erasure, only_reads=True)
    router.add("POST", "/patients/{patient}/erasure", _erase_patient, form=_show_erasure)
    router.add("GET", "/photographs/{photograph}/erasure", _show_photograph_erasure, only_reads=True)
    router.add("POST", "/photographs/{photograph}/erasure", _erase_photograph, form=_show_photograph_erasure)


def _download_copy(request: ClinicRequest) -> Response:
    """The archive that `skinbeam records export` writes; its name tells no pseudonym to who looks over a shoulder."""
    content = request.repositories.patient_copies.make(request.path_parameter("patient"))
    name = render_message("clinic.copy-file", {"date": to_local_time(now()).date().isoformat()})
    return request.download(content, name, "application/zip")


@skips_altered_rows
def _show_erasable(request: ClinicRequest) -> Response:
    """Whose records may go; each leads to the page that tells what would, and asks."""
    years = request.services.keep_years
    erasable = request.repositories.erasure.list_erasable(retention_years=years, ahead_days=_AHEAD_DAYS)
    due, soon = ([patient for patient in erasable if patient.is_due is wanted] for wanted in (True, False))
    return request.page("erasures.html", due=due, soon=soon, ahead_days=_AHEAD_DAYS, years=years)


@skips_altered_rows
def _show_erasure(request: ClinicRequest, error: InputError | None = None) -> Response:
    id, repositories, years = request.path_parameter("patient"), request.repositories, request.services.keep_years
    held = repositories.erasure.preview(id, retention_years=years)
    counts = {name: getattr(held, name) for name in _COUNTED}
    return request.page(
        "erasure.html",
        error=error,
        patient=repositories.patients.get(id),
        named={id},
        held=held,
        records=render_message("clinic.erasure-records", counts),
        years=years,
    )


def _erase_patient(request: ClinicRequest) -> Response:
    """Erase once the pseudonym was typed, then show what is left."""
    id, repositories = request.path_parameter("patient"), request.repositories
    if request.text("pseudonym") != repositories.patients.get(id).pseudonym:
        raise catalogue_error("erasure-pseudonym", "clinic-fault.pseudonym", "pseudonym")
    repositories.erasure.erase(id, retention_years=request.services.keep_years)
    return request.redirect(f"/patients/{id}/erasure")


def _show_photograph_erasure(request: ClinicRequest, error: InputError | None = None) -> Response:
    """What would go with a photograph, and a tick to confirm it; or why it must be kept."""
    id = request.path_parameter("photograph")
    held = request.repositories.photograph_erasure.preview(id)
    status = 200 if error is None else None  # that it must be kept is the page's own answer
    return request.page("photograph_erasure.html", status, error=error or held.refusal, photograph=id, held=held)


def _erase_photograph(request: ClinicRequest) -> Response:
    """Erase once it was confirmed, then show the consultation."""
    if request.text("confirmed") != "true":
        raise catalogue_error("erasure-unconfirmed", "clinic-fault.unconfirmed", "confirmed")
    consultation = request.repositories.photograph_erasure.erase(request.path_parameter("photograph"))
    return request.redirect(f"/consultations/{consultation}")
