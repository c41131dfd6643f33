"""Routes by which a guest comes in: the empty form, its plan, and addresses of a plan's files for programs.

A browser is sent to the page of the job, as in every clinic. A program waits for its plan and is sent to it; the plan
of one that disconnects is cancelled.
"""

import asyncio
from contextlib import suppress

from anyio import to_thread
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from skinbeam.model.errors import InputError
from skinbeam.text import current_language
from skinbeam_clinic.consultations.answers import check_typed_numbers, read_form_answers
from skinbeam_clinic.consultations.case_files import case_from_form
from skinbeam_clinic.consultations.earlier_pulses import check_earlier_pulses
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.routes import add_consultation_routes, readable_type, view_face
from skinbeam_clinic.guest_clinic.clinics import GuestClinics, GuestConsultation, GuestPhotograph
from skinbeam_clinic.jobs.queue import DONE, FAILED, OPEN_STATES
from skinbeam_clinic.jobs.routes import add_job_routes
from skinbeam_clinic.jobs.worker import PLAN_JOB
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.plans.routes import add_plan_routes, plan_file_response
from skinbeam_clinic.plans.setting_routes import add_setting_routes
from skinbeam_clinic.web.errors import RefusedError, accepts_page, refusal
from skinbeam_clinic.web.pages import render_form
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import GuestRouter

__all__ = ["GUEST_FILES", "add_guest_routes"]

GUEST_FILES = ("plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf")
_POLL_S = 0.05


def add_guest_routes(router: GuestRouter, guests: GuestClinics) -> None:
    """Open the routes of guests: their own, and those of the clinic's features that plan."""
    for add in (add_consultation_routes, add_job_routes, add_plan_routes, add_setting_routes):
        add(router)
    router.add("GET", "/", lambda _: HTMLResponse(render_form(Submission())))
    router.add("POST", "/consult", lambda request: _consult(request, guests))
    router.add("POST", "/points", lambda request: _show_points(request, guests))
    router.add("GET", "/plans/{plan}/answers", _show_answers)
    router.add("GET", "/plans/{plan}/{name}", _download_file)


def _consult(request: ClinicRequest, guests: GuestClinics) -> Response:
    """Request the plan of a form; a form that is wrong is answered at once, and its photograph is offered again."""
    sent = read_form_answers(request.fields)
    try:
        check_typed_numbers(sent)
        case_from_form(sent)
        check_earlier_pulses(sent, CATALOGUE)
    except InputError:
        if "photo" in request.uploads and accepts_page(request.http_request):
            # What is wrong with the photograph is told once the answers are right.
            with suppress(InputError, RefusedError), guests.waiting_place():
                request.http_request.state.submission = guests.begin(sent, _sent_photograph(request)).record.answers
        raise
    with guests.waiting_place():
        begun = guests.begin(sent, _sent_photograph(request))
        names = {"consultation": begun.record.id, "revision": begun.record.revision, "language": current_language()}
        job = begun.repositories.jobs.add(PLAN_JOB, names)
    request.services.worker.wake()
    if accepts_page(request.http_request):
        return request.redirect(f"/jobs/{job.id}")
    return _PlanResponse(request, guests, begun, job.id)


def _sent_photograph(request: ClinicRequest) -> GuestPhotograph | None:
    """Return the photograph that came with a form.

    Raises
    ------
    InputError : it cannot be read.
    """
    upload = request.uploads.get("photo")
    if upload is None:
        return None
    return GuestPhotograph(upload.content, readable_type(upload))


def _show_points(request: ClinicRequest, guests: GuestClinics) -> Response:
    """Answer with the form and the points of the face on its photograph."""
    sent = read_form_answers(request.fields)
    if "photo" not in request.uploads and not sent.photo:
        return HTMLResponse(render_form(sent))
    with guests.waiting_place():
        begun = guests.begin(sent, _sent_photograph(request))
        answers = request.http_request.state.submission = begun.record.answers
        return HTMLResponse(render_form(answers, face=view_face(begun.repositories, answers)))


def _show_answers(request: ClinicRequest) -> Response:
    plan = request.repositories.plans.get(request.path_parameter("plan"))
    return request.redirect(f"/consultations/{plan.consultation_id}")


def _download_file(request: ClinicRequest) -> Response:
    if request.path_parameter("name") not in GUEST_FILES:
        raise refusal(404)
    return plan_file_response(request)


class _PlanResponse(Response):
    """Waits until a job has ended, and sends the client to its plan, or answers with what is wrong."""

    def __init__(self, request: ClinicRequest, guests: GuestClinics, begun: GuestConsultation, job: str) -> None:
        super().__init__()
        self._request = request
        self._guests = guests
        self._begun = begun
        self._job = job

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        jobs, client = self._begun.repositories.jobs, Request(scope, receive)
        while (job := await to_thread.run_sync(jobs.get, self._job)).state in OPEN_STATES:
            if await client.is_disconnected():
                await to_thread.run_sync(jobs.cancel, self._job)
                return
            if self._request.services.closing.is_set():
                break
            await asyncio.sleep(_POLL_S)
        await to_thread.run_sync(self._guests.find_session, {"job": self._job})  # used now, so that its plan stays
        response: Response = RedirectResponse(f"/plans/{job.progress.plan}", status_code=303)
        if job.state == FAILED:
            assert isinstance(job.progress.fault, dict)  # of a plan
            response = self._request.error_response(InputError(**job.progress.fault))
        elif job.state != DONE:
            response = self._request.error_response(refusal(503))
        await response(scope, receive, send)
