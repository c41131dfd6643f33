"""The clinic's app put together: every route of the table, and what all of them share."""

import datetime
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from skinbeam.app.clinic.api.description import add_description
from skinbeam.app.clinic.api.reading import add_reading
from skinbeam.app.clinic.api.tokens import add_tokens
from skinbeam.app.clinic.audience import Audience
from skinbeam.app.clinic.consents import add_consents
from skinbeam.app.clinic.consultations import add_consultations
from skinbeam.app.clinic.course.appointments import add_appointments
from skinbeam.app.clinic.course.calendars import add_calendars
from skinbeam.app.clinic.course.machines import add_machines
from skinbeam.app.clinic.course.test_spots import add_test_spots
from skinbeam.app.clinic.course.treatments import add_treatments
from skinbeam.app.clinic.diary.alarms import add_alarms
from skinbeam.app.clinic.diary.clinic_side import add_diaries
from skinbeam.app.clinic.diary.closed import DIARY
from skinbeam.app.clinic.diary.outside import Outside
from skinbeam.app.clinic.diary.pager import Pager
from skinbeam.app.clinic.diary.patient_side import add_patient_diary
from skinbeam.app.clinic.door.account import add_account
from skinbeam.app.clinic.door.front import add_front, chosen_language
from skinbeam.app.clinic.followed.rooms import add_followed
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.jobs import add_jobs
from skinbeam.app.clinic.learning.page import add_learning
from skinbeam.app.clinic.patients import add_patients
from skinbeam.app.clinic.people import add_people
from skinbeam.app.clinic.plans import add_plans
from skinbeam.app.clinic.rights import add_rights
from skinbeam.app.clinic.running.health import Health
from skinbeam.app.clinic.running.metrics import Metrics
from skinbeam.app.clinic.running.watch import Watch
from skinbeam.app.clinic.running.watching import TOKEN_VARIABLE, add_watching
from skinbeam.app.clinic.suggestions import add_suggestions
from skinbeam.app.clinic.visit import House, Visit
from skinbeam.app.clinic.worker import Worker
from skinbeam.app.faults import RefusedError, refusal
from skinbeam.app.security import STATIC, Guard, names_of
from skinbeam.errors import InputError
from skinbeam.records.desk.erasure import KEEP_YEARS
from skinbeam.records.faults import fault
from skinbeam.records.people.passkeys import PasskeyDoor
from skinbeam.records.people.passwords import Passwords
from skinbeam.records.people.readers import Readers
from skinbeam.records.people.signin import SignIn
from skinbeam.records.store.database import Database

__all__ = ["build_clinic"]


def build_clinic(
    database: Database,
    host: str = "127.0.0.1",
    names: Iterable[str] = (),
    *,
    keep_years: int = KEEP_YEARS,
    zone: datetime.tzinfo | None = None,
    outside: Outside | None = None,
) -> FastAPI:
    """Return the clinic's app on an open database, which it closes when it ends; it answers to `names` too.

    `state.closing` is called once the program is told to end, before the last answers are given.

    Parameters
    ----------
    keep_years : how long the law of the place makes a clinic keep records of treatment.
    zone : time zone of the moments that pages tell; that of this machine where it is None.
    outside : how patients reach the clinic, and how it is called when a diary needs to be read.
    """
    outside = outside or Outside()
    passwords = Passwords()
    doors = SignIn(database, passwords), Readers(database), PasskeyDoor(database)
    house = House(database, passwords, *doors, Worker(database), Audience(), keep_years, outside=outside)
    pager = Pager(database, outside)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        house.worker.start()
        pager.start()
        yield
        pager.end()
        await to_thread.run_sync(house.worker.stop)
        database.close()

    def answer(request: Request, status: int, error: InputError) -> Response:
        return Visit(house, request, None).fault(RefusedError(status, error))

    async def by_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        refused = refusal(error.status_code)
        told = fault("absent", "path") if refused.status == 404 else refused.error
        response = answer(request, refused.status, told)
        response.headers.update(error.headers or {})
        return response

    app = FastAPI(title="skinbeam", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(
        Guard, names=names_of(host, names), answer=answer, language=chosen_language, zone=zone, secret=DIARY
    )
    metrics = Metrics(database)
    app.add_middleware(Watch, metrics=metrics)  # the last that is added stands outside
    app.add_exception_handler(HTTPException, by_status)
    router = APIRouter()
    gate = Gate(house, router)
    add_followed(gate)
    people = (add_front, add_account, add_people, add_machines, add_patients, add_rights)
    programs = (add_tokens, add_description, add_reading)
    diary = (add_patient_diary, add_diaries, add_alarms)
    after = (add_test_spots, add_treatments, add_calendars, add_appointments, add_learning, *diary)
    for add in (*people, add_consultations, add_suggestions, add_jobs, add_plans, add_consents, *after, *programs):
        add(gate)
    add_watching(gate, Health(database, house.worker), metrics, os.environ.get(TOKEN_VARIABLE, ""))
    app.include_router(router)

    def closing() -> None:
        house.closing.set()
        house.worker.end()
        pager.end()

    app.state.closing = closing
    return app
