"""Requests for a plan of a consultation that is stored."""

from collections.abc import Mapping
from typing import Any

from skinbeam_clinic.jobs.worker import PLAN_JOB
from skinbeam_clinic.models import Job
from skinbeam_clinic.web.errors import RefusedError
from skinbeam_clinic.web.request import ClinicRequest

__all__ = ["request_plan"]


def request_plan(request: ClinicRequest, payload: Mapping[str, Any], content: str = "") -> Job:
    """Add the job of a plan to the queue, and wake the worker.

    All guests share a few places. A guest has one open plan: a new request replaces the one before.

    Parameters
    ----------
    payload, content : as of `JobRepository.add`.

    Raises
    ------
    InputError : `busy`: all places of guests are occupied; `too-long`.
    BusyError : too many plans of a clinic wait already.
    """
    jobs, guests = request.repositories.jobs, request.services.guests
    if guests is None:
        job = jobs.add(PLAN_JOB, payload, content)
    else:
        try:
            with guests.waiting_place(request.member_session.member.clinic_id):
                job = jobs.add(PLAN_JOB, payload, content)
                jobs.cancel_earlier(job)
        except RefusedError as refused:
            raise refused.error from None
    request.services.worker.wake()
    return job
