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

from skinbeam.app.clinic.consultations import filled_form
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.app.clinic.worker import PLAN
from skinbeam.errors import InputError
from skinbeam.messages import text
from skinbeam.records.faults import fault
from skinbeam.records.kept import Job
from skinbeam.records.roles import MAY, Act
from skinbeam.records.store.queue import DONE, FAILED, OPEN, QUEUED

__all__ = ["add_jobs"]

_LOOK_S = 0.5
_SIGNED_IN_S = 30.0  # between two looks at the sign-in: whoever is signed in no more is told nothing more
_HEADERS = {"X-Accel-Buffering": "no"}  # a server before this one would hold events back until there are many


def add_jobs(gate: Gate) -> None:
    """Open the routes of jobs."""
    gate.add("GET", "/jobs/{job}", _page)
    gate.add("GET", "/jobs/{job}/events", _events)
    gate.add("POST", "/jobs/{job}/cancel", _cancel)


def _page(visit: Visit) -> Response:
    """Lead to the plan, or to the form where something is wrong with it; else show how far the job is."""
    job = _job(visit)
    if job.state == DONE:
        return visit.go(f"/plans/{job.progress['plan']}")
    here = f"/jobs/{job.id}"
    if visit.request.headers.get("hx-request"):  # the page asks whether anything has changed
        if job.state in OPEN:
            return Response(status_code=204)
        # Where the button that stops it leads, too: this answer may overtake the one to the button.
        return visit.go(here if job.state == FAILED else f"/consultations/{job.payload['consultation']}")
    consultation = visit.desk.consultations.get(job.payload["consultation"])
    if job.state == FAILED:
        if consultation.revision != job.payload["revision"]:
            return visit.go(f"/consultations/{consultation.id}")
        error = InputError(**job.progress["fault"])
        return visit.html(filled_form(visit, consultation, error), status_of(error))
    patient = visit.desk.patients.get(consultation.patient_id)
    return visit.page(
        "job.html", here=here, consultation=consultation, patient=patient, running=job.state in OPEN, said=_said(job)
    )


def _job(visit: Visit) -> Job:
    """The plan that is being made; what else waits in the queue has no page and is called off by nobody.

    Raises
    ------
    AbsentError : this clinic makes none of that name.
    """
    job = visit.desk.jobs.get(visit.path("job"))
    if job.kind != PLAN:
        raise fault("absent", "job")
    return job


def _said(job: Job) -> str:
    if job.state == QUEUED:
        return text("clinic.job-waits")
    return job.progress.get("said") or text("clinic.job-begins")


def _events(visit: Visit) -> Response:
    _job(visit)
    return StreamingResponse(_told(visit, visit.path("job")), media_type="text/event-stream", headers=_HEADERS)


async def _told(visit: Visit, id: str) -> AsyncIterator[str]:
    """Yield `said` with each step, and `ended` once there is nothing more to wait for."""
    jobs, asked, last = visit.desk.jobs, time.monotonic(), ""
    # Who only reads stops nothing, neither by a button nor by leaving.
    counted = visit.house.audience.listening(id, lambda: jobs.cancel(id, why="page closed"))
    with counted if visit.may(Act.TREAT) else nullcontext():
        while not visit.house.closing.is_set():
            try:
                if time.monotonic() - asked >= _SIGNED_IN_S:
                    asked = time.monotonic()
                    if not await to_thread.run_sync(_still_in, visit):
                        return
                job = await to_thread.run_sync(jobs.get, id)
            except InputError:  # the database does not answer: the browser asks again
                return
            if job.state not in OPEN:
                yield "event: ended\ndata:\n\n"
                return
            said = html.escape(_said(job))
            yield f"event: said\ndata: {said}\n\n" if said != last else ":\n\n"  # the sign of life finds who has left
            last = said
            await asyncio.sleep(_LOOK_S)


def _still_in(visit: Visit) -> bool:
    who = visit.house.door.who(visit.signed.token)
    return who is not None and who.member.role in MAY[Act.READ]


def _cancel(visit: Visit) -> Response:
    job = visit.desk.jobs.cancel(_job(visit).id)
    return visit.go(f"/consultations/{job.payload['consultation']}")
