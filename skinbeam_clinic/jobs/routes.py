"""A plan that is being made: its page, its steps as server-sent events, and the button that stops it.

All of it is told from the job's row, so that another browser, another program and the next start know as much.
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
from skinbeam_clinic.consultations.routes import render_filled_form
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.jobs.queue import DONE, FAILED, OPEN_STATES, QUEUED
from skinbeam_clinic.jobs.worker import PLAN_JOB
from skinbeam_clinic.models import Job
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_job_routes"]

_POLL_S = 0.5
_SESSION_CHECK_S = 30.0  # between two looks at the sign-in: whoever is signed in no more is told nothing more
_HEADERS = {"X-Accel-Buffering": "no"}  # a server before this one would hold events back until there are many


def add_job_routes(gate: ClinicRouter) -> None:
    """Open the routes of jobs."""
    gate.add("GET", "/jobs/{job}", _show_job)
    gate.add("GET", "/jobs/{job}/events", _stream_progress)
    gate.add("POST", "/jobs/{job}/cancel", _cancel_job)


def _show_job(visit: ClinicRequest) -> Response:
    """Lead to the plan, or to the form where something is wrong with it; else show how far the job is."""
    job = _find_plan_job(visit)
    if job.state == DONE:
        return visit.redirect(f"/plans/{job.progress['plan']}")
    here = f"/jobs/{job.id}"
    if visit.request.headers.get("hx-request"):  # the page asks whether anything has changed
        if job.state in OPEN_STATES:
            return Response(status_code=204)
        # Where the button that stops it leads, too: this answer may overtake the one to the button.
        return visit.redirect(here if job.state == FAILED else f"/consultations/{job.payload['consultation']}")
    consultation = visit.desk.consultations.get(job.payload["consultation"])
    if job.state == FAILED:
        if consultation.revision != job.payload["revision"]:
            return visit.redirect(f"/consultations/{consultation.id}")
        error = InputError(**job.progress["fault"])
        return visit.html(render_filled_form(visit, consultation, error), error_status(error))
    patient = visit.desk.patients.get(consultation.patient_id)
    return visit.page(
        "job.html",
        here=here,
        consultation=consultation,
        patient=patient,
        running=job.state in OPEN_STATES,
        said=_describe_progress(job),
    )


def _find_plan_job(visit: ClinicRequest) -> Job:
    """The plan that is being made; what else waits in the queue has no page and is called off by nobody.

    Raises
    ------
    AbsentError : this clinic makes none of that name.
    """
    job = visit.desk.jobs.get(visit.path("job"))
    if job.kind != PLAN_JOB:
        raise clinic_error("absent", "job")
    return job


def _describe_progress(job: Job) -> str:
    if job.state == QUEUED:
        return render_message("clinic.job-waits")
    return job.progress.get("said") or render_message("clinic.job-begins")


def _stream_progress(visit: ClinicRequest) -> Response:
    _find_plan_job(visit)
    return StreamingResponse(
        _progress_events(visit, visit.path("job")), media_type="text/event-stream", headers=_HEADERS
    )


async def _progress_events(visit: ClinicRequest, id: str) -> AsyncIterator[str]:
    """Yield `said` with each step, and `ended` once there is nothing more to wait for."""
    jobs, asked, last = visit.desk.jobs, time.monotonic(), ""
    # Who only reads stops nothing, neither by a button nor by leaving.
    counted = visit.house.audience.listening(id, lambda: jobs.cancel(id, why="page closed"))
    with counted if visit.has_right(AccessRight.TREAT) else nullcontext():
        while not visit.house.closing.is_set():
            try:
                if time.monotonic() - asked >= _SESSION_CHECK_S:
                    asked = time.monotonic()
                    if not await to_thread.run_sync(_is_signed_in, visit):
                        return
                job = await to_thread.run_sync(jobs.get, id)
            except InputError:  # the database does not answer: the browser asks again
                return
            if job.state not in OPEN_STATES:
                yield "event: ended\ndata:\n\n"
                return
            said = html.escape(_describe_progress(job))
            yield f"event: said\ndata: {said}\n\n" if said != last else ":\n\n"  # the sign of life finds who has left
            last = said
            await asyncio.sleep(_POLL_S)


def _is_signed_in(visit: ClinicRequest) -> bool:
    who = visit.house.door.who(visit.signed.token)
    return who is not None and who.member.role in PERMITTED_ROLES[AccessRight.READ]


def _cancel_job(visit: ClinicRequest) -> Response:
    job = visit.desk.jobs.cancel(_find_plan_job(visit).id)
    return visit.redirect(f"/consultations/{job.payload['consultation']}")
