"""Routes of a plan in progress: its page, its progress as server-sent events, and the button that cancels it.

All of it is read from the job's row, so that other browsers, other processes and a restarted program show the same.
"""

import asyncio
import html
import time
from collections.abc import AsyncIterator
from contextlib import nullcontext

from anyio import to_thread
from fastapi.responses import Response, StreamingResponse

from skinbeam.model.errors import InputError
from skinbeam.text import render_message
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight
from skinbeam_clinic.consultations.routes import show_filled_form
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.queue import DONE, FAILED, OPEN_STATES, QUEUED
from skinbeam_clinic.jobs.worker import PLAN_JOB
from skinbeam_clinic.models import Job
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_job_routes"]

_POLL_S = 0.5
_SESSION_CHECK_S = 30.0  # between two checks of the session: once it has ended, no more events are sent
_HEADERS = {"X-Accel-Buffering": "no"}  # a proxy would buffer events until there are many


def add_job_routes(router: ClinicRouter) -> None:
    """Add the routes of jobs."""
    router.add("GET", "/jobs/{job}", _show_job)
    router.add("GET", "/jobs/{job}/events", _stream_progress)
    router.add("POST", "/jobs/{job}/cancel", _cancel_job)


def _show_job(request: ClinicRequest) -> Response:
    """Redirect to the finished plan, show the form with the error of a failed job, or else show the progress."""
    job = _find_plan_job(request)
    if job.state == DONE:
        return request.redirect(f"/plans/{job.progress.plan}")
    here = f"/jobs/{job.id}"
    if request.http_request.headers.get("hx-request"):  # the page polls for changes
        if job.state in OPEN_STATES:
            return Response(status_code=204)
        # The cancel button redirects there, too: this answer may overtake the one to the button.
        return request.redirect(here if job.state == FAILED else f"/consultations/{job.payload['consultation']}")
    consultation = request.repositories.consultations.get(job.payload["consultation"])
    if job.state == FAILED:
        if consultation.revision != job.payload["revision"]:
            return request.redirect(f"/consultations/{consultation.id}")
        assert isinstance(job.progress.fault, dict)  # of a plan
        error = InputError(**job.progress.fault)
        return show_filled_form(request, consultation, error)
    patient = request.repositories.patients.get(consultation.patient_id)
    return request.page(
        "job.html",
        here=here,
        consultation=consultation,
        patient=patient,
        running=job.state in OPEN_STATES,
        said=_describe_progress(job),
    )


def _find_plan_job(request: ClinicRequest) -> Job:
    """Return the plan job of the request; other jobs of the queue have no page and cannot be cancelled.

    Raises
    ------
    RecordNotFoundError : this clinic has no such plan job.
    """
    job = request.repositories.jobs.get(request.path_parameter("job"))
    if job.kind != PLAN_JOB:
        raise clinic_error("absent", "job")
    return job


def _describe_progress(job: Job) -> str:
    if job.state == QUEUED:
        return render_message("clinic.job-waits")
    return job.progress.step or render_message("clinic.job-begins")


def _stream_progress(request: ClinicRequest) -> Response:
    _find_plan_job(request)
    return StreamingResponse(
        _progress_events(request, request.path_parameter("job")), media_type="text/event-stream", headers=_HEADERS
    )


async def _progress_events(request: ClinicRequest, id: str) -> AsyncIterator[str]:
    """Yield an event `said` with each new step, and `ended` once the job has ended."""
    jobs, asked, last = request.repositories.jobs, time.monotonic(), ""
    # A member who may only read cannot cancel the job, neither by the button nor by leaving the page.
    counted = request.services.job_listeners.listen(id, lambda: jobs.cancel(id, why="page closed"))
    with counted if request.has_right(AccessRight.TREAT) else nullcontext():
        while not request.services.closing.is_set():
            try:
                if time.monotonic() - asked >= _SESSION_CHECK_S:
                    asked = time.monotonic()
                    if not await to_thread.run_sync(_is_signed_in, request):
                        return
                job = await to_thread.run_sync(jobs.get, id)
            except InputError:  # the database does not answer: the browser reconnects
                return
            if job.state not in OPEN_STATES:
                yield "event: ended\ndata:\n\n"
                return
            progress = html.escape(_describe_progress(job))
            # A comment is sent where nothing is new, so that a client that left is noticed.
            yield f"event: said\ndata: {progress}\n\n" if progress != last else ":\n\n"
            last = progress
            await asyncio.sleep(_POLL_S)


def _is_signed_in(request: ClinicRequest) -> bool:
    who = request.services.find_session(request.http_request, active=False)  # the page asks by itself
    return who is not None and who.step_due is None and who.member.role in PERMITTED_ROLES[AccessRight.READ]


def _cancel_job(request: ClinicRequest) -> Response:
    job = request.repositories.jobs.cancel(_find_plan_job(request).id)
    return request.redirect(f"/consultations/{job.payload['consultation']}")
