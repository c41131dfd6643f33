"""Routes of the guided camera: its page, with an earlier photograph to lay the face over, and the photograph it sends.

The measuring is done in the browser (`static/guided-camera.js`), by the limits that the analysis of a photograph uses.
Without a camera or a script the page takes a file.
"""

from dataclasses import dataclass, replace

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.photo.limits import limit
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.consultations.routes import image_type
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions, PhotographRecord
from skinbeam_clinic.web.request import ClinicRequest, check_name
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["CameraLimits", "add_camera_routes"]

_FOLLOW_UP = "follow_up"


@dataclass(frozen=True)
class CameraLimits:
    """The limits by which the page judges what the camera sees; those of the analysis of a photograph.

    Parameters
    ----------
    mean_min, mean_max : mean brightness of the face, 0 to 255.
    clipped_max : share of its pixels at the upper end of a channel.
    sharpness_min : variance of the Laplacian over that of brightness, reduced to 40 px between the pupils.
    pupil_px_min : pixels between the pupils from which fine detail is read.
    sides_max_ln : logarithm of the brightness of one half of the face over the other.
    """

    mean_min: float
    mean_max: float
    clipped_max: float
    sharpness_min: float
    pupil_px_min: float
    sides_max_ln: float


def add_camera_routes(router: ClinicRouter) -> None:
    """Open the routes of the guided camera."""
    router.add("GET", "/consultations/{consultation}/camera", _show_camera, only_reads=True)
    router.add("POST", "/consultations/{consultation}/camera", _save_photograph, form=_show_camera)


def _camera_limits() -> CameraLimits:
    return CameraLimits(
        mean_min=limit("gate", "mean_min"),
        mean_max=limit("gate", "mean_max"),
        clipped_max=limit("gate", "clipped_fraction_max"),
        sharpness_min=limit("gate", "sharpness_min"),
        pupil_px_min=limit("gate", "pupil_px_detail"),
        sides_max_ln=limit("pair", "light_spread_max"),
    )


def _show_camera(request: ClinicRequest, error: InputError | None = None) -> Response:
    repositories = request.repositories
    consultation = repositories.consultations.get(request.path_parameter("consultation"))
    follow_up = _find_follow_up(
        request, consultation, request.http_request.query_params.get(_FOLLOW_UP, "") or request.text(_FOLLOW_UP)
    )
    return request.page(
        "camera.html",
        error=error,
        here=f"/consultations/{consultation.id}",
        follow_up=follow_up,
        patient=repositories.patients.get(consultation.patient_id),
        named={consultation.patient_id},
        closed=consultation.state == ConsultationState.CLOSED,
        earlier=_list_earlier(request, consultation),
        limits=_camera_limits(),
    )


def _list_earlier(request: ClinicRequest, consultation: ConsultationRecord) -> tuple[PhotographRecord, ...]:
    """Return all photographs of the patient, the newest first."""
    repositories = request.repositories
    all_of = [
        photograph
        for record in repositories.consultations.of_person(consultation.patient_id)
        for photograph in repositories.photographs.of(record.id)
    ]
    return tuple(sorted(all_of, key=lambda photograph: photograph.added_at, reverse=True))


def _find_follow_up(request: ClinicRequest, consultation: ConsultationRecord, id: str) -> str:
    """Return the id of the follow-up for which the photograph is taken; empty without one.

    Raises
    ------
    RecordNotFoundError : this consultation has no such follow-up.
    """
    if id and request.repositories.follow_ups.get(check_name(id)).consultation_id != consultation.id:
        raise clinic_error("absent", "followup")
    return id


def _save_photograph(request: ClinicRequest) -> Response:
    """Store the photograph that the page sent, and go on to where it is used."""
    repositories = request.repositories
    consultation = repositories.consultations.get(request.path_parameter("consultation"))
    follow_up = _find_follow_up(request, consultation, request.text(_FOLLOW_UP))
    if not follow_up:
        repositories.consultations.require_open(consultation.id)
    upload = request.uploads.get("photo")
    if upload is None:
        raise clinic_error("no-photograph-sent", "photograph")
    stored = repositories.photographs.add(consultation.id, upload.content, image_type(upload), PhotographPermissions())
    if not follow_up:
        _choose_for_plan(request, consultation.id, stored)
    return request.redirect(
        f"/follow-ups/{follow_up}#photographs" if follow_up else f"/consultations/{consultation.id}#photograph"
    )


def _choose_for_plan(request: ClinicRequest, id: str, photograph: PhotographRecord) -> None:
    """Make a photograph that of the next plan, as one that is chosen in the form of the consultation.

    Raises
    ------
    ConflictError : somebody else saved at the same moment.
    """
    repositories = request.repositories
    stored = repositories.consultations.get(id)
    repositories.consultations.save(id, replace(stored.answers, photo=photograph.id), revision=stored.revision)
