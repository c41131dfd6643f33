"""Patients: the list, one of them with their consultations, and, apart, who that is."""

from pathlib import PurePath

from fastapi.responses import Response

from skinbeam.app.case import read_case
from skinbeam.app.clinic.answers import kept_answers
from skinbeam.app.clinic.course.appointments import today
from skinbeam.app.clinic.course.timeline import timeline
from skinbeam.app.clinic.course.times import written
from skinbeam.app.clinic.followed.follow_ups import due
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.messages import text

__all__ = ["add_patients"]

_SHOWN = 100  # of the list; who has more patients looks for one
_DUE_SHOWN = 20
CONTACT = ("name", "born", "phone", "email", "address")


def add_patients(gate: Gate) -> None:
    """Open the routes of patients."""
    gate.add("GET", "/", _list)
    gate.add("POST", "/search", _list)
    gate.add("POST", "/patients", _add)
    gate.add("GET", "/patients/{patient}", _one)
    gate.add("GET", "/patients/{patient}/contact", _contact)
    gate.add("POST", "/patients/{patient}/contact", _set_contact)
    gate.add("POST", "/patients/{patient}/consultations", _begin)
    gate.add("POST", "/patients/{patient}/case", _begin_from_case)


def _list(visit: Visit, error: InputError | None = None) -> Response:
    """What is looked for is sent and never stands in an address."""
    asked, new = (visit.said("pseudonym"), "") if error is None else ("", visit.said("pseudonym"))
    found, number = visit.desk.patients.some(asked, _SHOWN)
    status = 200 if error is None else status_of(error)
    said = {"asked": asked, "new": new, "year": visit.said("year")}
    shown = {"patients": found, "number": number, "today": today(visit), "due": due(visit.desk)}
    shown["spots_due"] = visit.desk.test_spots.due(_DUE_SHOWN)
    return visit.page("patients.html", status, error=error, **shown, **said, **written())


def _add(visit: Visit) -> Response:
    year = visit.said("year")
    try:
        born = int(year) if year.isdecimal() and len(year) == len("2000") else 0 if year else None
        patient = visit.desk.patients.add(visit.said("pseudonym"), year_of_birth=born)
    except InputError as error:
        return _list(visit, error)
    return visit.go(f"/patients/{patient.id}")


def _one(visit: Visit, error: InputError | None = None) -> Response:
    """Answer with a patient and their consultations, and what was wrong with a case file."""
    id, desk = visit.path("patient"), visit.desk
    consultations = desk.consultations.of(id)
    return visit.page(
        "patient.html",
        200 if error is None else status_of(error),
        error=error,
        faults=() if error is None else (error, *error.others),
        patient=desk.patients.get(id),
        consultations=consultations[::-1],
        happened=timeline(desk, consultations),
    )


def _contact(visit: Visit, error: InputError | None = None) -> Response:
    id, desk = visit.path("patient"), visit.desk
    kept = desk.patients.contact(id)
    held = {name: visit.said(name) for name in CONTACT} if error else dict(kept.contact) if kept else {}
    fields = {name: held.get(name, "") for name in CONTACT}
    status = 200 if error is None else status_of(error)
    return visit.page("contact.html", status, error=error, patient=desk.patients.get(id), fields=fields)


def _set_contact(visit: Visit) -> Response:
    id = visit.path("patient")
    try:
        visit.desk.patients.set_contact(id, {name: visit.said(name) for name in CONTACT})
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _contact(visit, error)
    return visit.go(f"/patients/{id}")


def _begin(visit: Visit) -> Response:
    return visit.go(f"/consultations/{visit.desk.consultations.begin(visit.path('patient')).id}")


def _begin_from_case(visit: Visit) -> Response:
    """Begin with the form that a case file fills in."""
    id, upload = visit.path("patient"), visit.uploads.get("case")
    visit.desk.patients.get(id)  # said before anything of the file is
    try:
        if upload is None:
            raise InputError(
                "case-no-file", text("clinic-fault.no-file"), field="case", hint=text("clinic-fault.no-file-hint")
            )
        sent = read_case(upload.content, PurePath(upload.name).name)
    except InputError as error:
        return _one(visit, error)
    return visit.go(f"/consultations/{visit.desk.consultations.begin(id, kept_answers(sent)).id}")
