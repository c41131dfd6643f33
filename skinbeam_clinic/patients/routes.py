"""Patients: the list, one of them with their consultations, and, apart, who that is."""

from pathlib import PurePath

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.appointments.routes import list_todays_appointments
from skinbeam_clinic.appointments.times import time_formats
from skinbeam_clinic.consultations.answers import serialize_answers
from skinbeam_clinic.consultations.case_files import form_from_case
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.follow_ups.routes import list_due_follow_ups
from skinbeam_clinic.patients.timeline import make_timeline
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_patient_rights_routes",
    "add_patient_routes",
]

_PATIENTS_SHOWN = 100  # of the list; who has more patients looks for one
_DUE_SHOWN = 20
CONTACT_FIELDS = ("name", "born", "phone", "email", "address")


def add_patient_routes(gate: ClinicRouter) -> None:
    """Open the routes of patients."""
    gate.add("GET", "/", _show_patients)
    gate.add("POST", "/search", _show_patients)
    gate.add("POST", "/patients", _add_patient)
    gate.add("GET", "/patients/{patient}", _show_patient)
    gate.add("GET", "/patients/{patient}/contact", _show_contact)
    gate.add("POST", "/patients/{patient}/contact", _save_contact)
    gate.add("POST", "/patients/{patient}/consultations", _begin_consultation)
    gate.add("POST", "/patients/{patient}/case", _begin_from_case)


def _show_patients(visit: ClinicRequest, error: InputError | None = None) -> Response:
    """What is looked for is sent and never stands in an address."""
    asked, new = (visit.said("pseudonym"), "") if error is None else ("", visit.said("pseudonym"))
    found, number = visit.desk.patients.some(asked, _PATIENTS_SHOWN)
    status = 200 if error is None else error_status(error)
    said = {"asked": asked, "new": new, "year": visit.said("year")}
    shown = {
        "patients": found,
        "number": number,
        "today": list_todays_appointments(visit),
        "due": list_due_follow_ups(visit.desk),
    }
    shown["spots_due"] = visit.desk.test_spots.due(_DUE_SHOWN)
    return visit.page("patients.html", status, error=error, **shown, **said, **time_formats())


def _add_patient(visit: ClinicRequest) -> Response:
    year = visit.said("year")
    try:
        born = int(year) if year.isdecimal() and len(year) == len("2000") else 0 if year else None
        patient = visit.desk.patients.add(visit.said("pseudonym"), year_of_birth=born)
    except InputError as error:
        return _show_patients(visit, error)
    return visit.redirect(f"/patients/{patient.id}")


def _show_patient(visit: ClinicRequest, error: InputError | None = None) -> Response:
    """Answer with a patient and their consultations, and what was wrong with a case file."""
    id, desk = visit.path("patient"), visit.desk
    consultations = desk.consultations.of(id)
    return visit.page(
        "patient.html",
        200 if error is None else error_status(error),
        error=error,
        faults=() if error is None else (error, *error.others),
        patient=desk.patients.get(id),
        consultations=consultations[::-1],
        happened=make_timeline(desk, consultations),
    )


def _show_contact(visit: ClinicRequest, error: InputError | None = None) -> Response:
    id, desk = visit.path("patient"), visit.desk
    kept = desk.patients.contact(id)
    held = {name: visit.said(name) for name in CONTACT_FIELDS} if error else dict(kept.contact) if kept else {}
    fields = {name: held.get(name, "") for name in CONTACT_FIELDS}
    status = 200 if error is None else error_status(error)
    return visit.page("contact.html", status, error=error, patient=desk.patients.get(id), fields=fields)


def _save_contact(visit: ClinicRequest) -> Response:
    id = visit.path("patient")
    try:
        visit.desk.patients.set_contact(id, {name: visit.said(name) for name in CONTACT_FIELDS})
    except InputError as error:
        if error_status(error) != 422:
            raise
        return _show_contact(visit, error)
    return visit.redirect(f"/patients/{id}")


def _begin_consultation(visit: ClinicRequest) -> Response:
    return visit.redirect(f"/consultations/{visit.desk.consultations.begin(visit.path('patient')).id}")


def _begin_from_case(visit: ClinicRequest) -> Response:
    """Begin with the form that a case file fills in."""
    id, upload = visit.path("patient"), visit.uploads.get("case")
    visit.desk.patients.get(id)  # said before anything of the file is
    try:
        if upload is None:
            raise InputError(
                "case-no-file",
                render_message("clinic-fault.no-file"),
                field="case",
                hint=render_message("clinic-fault.no-file-hint"),
            )
        sent = form_from_case(upload.content, PurePath(upload.name).name)
    except InputError as error:
        return _show_patient(visit, error)
    return visit.redirect(f"/consultations/{visit.desk.consultations.begin(id, serialize_answers(sent)).id}")


# What a patient may ask for: a copy of everything that is kept of them, and that it is erased.


def add_patient_rights_routes(gate: ClinicRouter) -> None:
    """Open the routes of what a patient may ask for."""
    gate.add("POST", "/patients/{patient}/copy", _download_copy)
    gate.add("GET", "/erasures", _show_erasable)
    gate.add("GET", "/patients/{patient}/erasure", _show_erasure)
    gate.add("POST", "/patients/{patient}/erasure", _erase_patient)


def _download_copy(visit: ClinicRequest) -> Response:
    """The archive that `skinbeam records export` writes; its name tells no pseudonym to who looks over a shoulder."""
    content = visit.desk.copies.make(visit.path("patient"))
    name = render_message("clinic.copy-file", {"date": now().date().isoformat()})
    return visit.download(content, name, "application/zip")


def _show_erasable(visit: ClinicRequest) -> Response:
    """Whose records may go; each leads to the page that tells what would, and asks."""
    years = visit.house.keep_years
    return visit.page("erasures.html", due=visit.desk.erasure.due(keep_years=years), years=years)


def _show_erasure(visit: ClinicRequest, error: InputError | None = None) -> Response:
    id, desk, years = visit.path("patient"), visit.desk, visit.house.keep_years
    held = desk.erasure.foresee(id, keep_years=years)
    counts = {name: getattr(held, name) for name in ("consultations", "photographs", "plans", "consents", "treatments")}
    return visit.page(
        "erasure.html",
        200 if error is None else error_status(error),
        error=error,
        patient=desk.patients.get(id),
        held=held,
        records=render_message("clinic.erasure-records", counts),
        years=years,
    )


def _erase_patient(visit: ClinicRequest) -> Response:
    """Erase once the pseudonym was typed, then show what is left."""
    id, desk = visit.path("patient"), visit.desk
    if visit.said("pseudonym") != desk.patients.get(id).pseudonym:
        return _show_erasure(
            visit,
            InputError(
                "erasure-pseudonym",
                render_message("clinic-fault.pseudonym"),
                field="pseudonym",
                hint=render_message("clinic-fault.pseudonym-hint"),
            ),
        )
    desk.erasure.erase(id, keep_years=visit.house.keep_years)
    return visit.redirect(f"/patients/{id}/erasure")
