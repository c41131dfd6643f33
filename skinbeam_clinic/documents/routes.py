"""Routes of notes and attachments, which the page of a patient shows.

An attachment is sent as a file to store, under a name that tells nothing of a person: no browser shows it as a page of
this address.
"""

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.documents.attachment_content import ENDINGS
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.patients.routes import show_patient
from skinbeam_clinic.web.request import ClinicRequest, check_name
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_document_routes"]


def add_document_routes(router: ClinicRouter) -> None:
    """Open the routes of notes and attachments."""
    router.add("POST", "/patients/{patient}/notes", _add_note, form=_show_refused_note)
    router.add("POST", "/notes/{note}/striking", _strike_note, form=_show_refused_note_strike)
    router.add("POST", "/patients/{patient}/attachments", _add_attachment, form=_show_refused_attachment)
    router.add("GET", "/attachments/{attachment}", _download_attachment)
    router.add("POST", "/attachments/{attachment}/striking", _strike_attachment, form=_show_refused_attachment_strike)


def _add_note(request: ClinicRequest) -> Response:
    id = request.path_parameter("patient")
    kind, _, about = request.text("about").partition(":")
    if kind not in ("", "consultation", "treatment"):
        raise clinic_error("absent", "about")
    subject = {f"{kind}_id": check_name(about)} if kind else {}
    note = request.repositories.notes.add(id, request.text("notes"), form_key=request.text("row"), **subject)
    return request.redirect(f"/patients/{id}#note-{note.id}")


def _show_refused_note(request: ClinicRequest, error: InputError) -> Response:
    return show_patient(request, request.path_parameter("patient"), error, refused="note")


def _strike_note(request: ClinicRequest) -> Response:
    note = request.repositories.notes.strike(request.path_parameter("note"), request.text("why"))
    return request.redirect(f"/patients/{note.patient_id}#note-{note.id}")


def _show_refused_note_strike(request: ClinicRequest, error: InputError) -> Response:
    id = request.path_parameter("note")
    return show_patient(request, request.repositories.notes.find_patient_id(id), error, refused=id)


def _add_attachment(request: ClinicRequest) -> Response:
    id, upload = request.path_parameter("patient"), request.uploads.get("attachment")
    request.repositories.patients.get(id)  # said before anything of the file is
    if upload is None:
        raise clinic_error("no-attachment", "attachment")
    added = request.repositories.attachments.add(
        id,
        upload.content,
        kind=request.text("kind"),
        name=upload.name,
        description=request.text("description"),
        form_key=request.text("row"),
    )
    return request.redirect(f"/patients/{id}#attachment-{added.id}")


def _show_refused_attachment(request: ClinicRequest, error: InputError) -> Response:
    return show_patient(request, request.path_parameter("patient"), error, refused="attachment")


def _download_attachment(request: ClinicRequest) -> Response:
    found, content = request.repositories.attachments.read_content(request.path_parameter("attachment"))
    date = to_local_time(found.added_at).date().isoformat()
    name = render_message(f"clinic-document.file-{found.kind}", {"date": date})
    return request.download(content, f"{name}{ENDINGS[found.media_type]}", found.media_type)


def _strike_attachment(request: ClinicRequest) -> Response:
    struck = request.repositories.attachments.strike(request.path_parameter("attachment"), request.text("why"))
    return request.redirect(f"/patients/{struck.patient_id}#attachment-{struck.id}")


def _show_refused_attachment_strike(request: ClinicRequest, error: InputError) -> Response:
    id = request.path_parameter("attachment")
    return show_patient(request, request.repositories.attachments.find_patient_id(id), error, refused=id)
