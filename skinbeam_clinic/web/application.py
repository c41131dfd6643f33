"""The clinic's FastAPI application: every route, the middleware and the background workers."""

import datetime
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from skinbeam.model.errors import InputError
from skinbeam_clinic.accounts.oidc_provider import OidcProvider, OidcSettings
from skinbeam_clinic.accounts.oidc_sign_in import OidcSignIn
from skinbeam_clinic.accounts.passkeys import PasskeySignIn
from skinbeam_clinic.accounts.passwords import PasswordHasher
from skinbeam_clinic.accounts.routes import select_language
from skinbeam_clinic.accounts.sign_in import SignIn
from skinbeam_clinic.accounts.tokens import ApiTokenAuthenticator
from skinbeam_clinic.appointments.reminder_sender import ReminderSender
from skinbeam_clinic.appointments.reminder_settings import ReminderSettings
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.diaries.alarm_notifier import AlarmNotifier, ContactSettings
from skinbeam_clinic.diaries.views import DIARY_PATH
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.guest_clinic.clinics import GuestClinics
from skinbeam_clinic.jobs.worker import JobListeners, PlanMaker, PlanWorker
from skinbeam_clinic.monitoring.health import TOKEN_VARIABLE, HealthChecks, add_monitoring_routes
from skinbeam_clinic.monitoring.metrics import Metrics, RequestMonitor
from skinbeam_clinic.monitoring.unusual_activity import ActivityLimits, ActivityWatch
from skinbeam_clinic.patients.erasure import RETENTION_YEARS
from skinbeam_clinic.plans.plan_subprocess import make_plan_in_subprocess
from skinbeam_clinic.polling_thread import PollingThread
from skinbeam_clinic.web.errors import RefusedError, refusal
from skinbeam_clinic.web.request import ClinicRequest, ClinicServices
from skinbeam_clinic.web.routing import ClinicRouter, GuestRouter
from skinbeam_clinic.web.security import STATIC_FOLDER, RequestGuard, server_names

__all__ = ["build_clinic_app"]


def build_clinic_app(
    database: Database,
    host: str = "127.0.0.1",
    names: Iterable[str] = (),
    *,
    keep_years: int = RETENTION_YEARS,
    zone: datetime.tzinfo | None = None,
    outside_contact: ContactSettings | None = None,
    reminders: ReminderSettings | None = None,
    tour: Mapping[str, str] | None = None,
    oidc: OidcSettings | None = None,
    activity_limits: ActivityLimits | None = None,
    guests: GuestClinics | None = None,
    make_plan: PlanMaker = make_plan_in_subprocess,
) -> FastAPI:
    """Return the clinic's app on an open database, which it closes when it ends.

    `state.closing` must be called once the program is asked to end, before the last answers are given.

    Parameters
    ----------
    names : further host names that the app accepts.
    keep_years : how long the law of the place makes a clinic keep records of treatment.
    zone : time zone of the times on pages; that of this machine where it is None.
    outside_contact : how patients reach the clinic, and how the clinic is alerted when a diary needs to be read.
    reminders : how patients are reminded of their appointments; by default as `ReminderSettings`.
    tour : step of the tour of the sample clinic → path of its page; None for a clinic without one.
    oidc : the OpenID Connect provider at which members may sign in; None for none.
    activity_limits : what is unusual, so that owners are told; by default those of `ActivityLimits`.
    guests : the clinics of guests; the app then has their routes alone. None for the app of members.
    """
    outside_contact = outside_contact or ContactSettings()
    passwords = PasswordHasher()
    doors = SignIn(database, passwords), ApiTokenAuthenticator(database), PasskeySignIn(database)
    house = ClinicServices(
        database,
        passwords,
        *doors,
        PlanWorker(database, make_plan),
        JobListeners(),
        keep_years,
        outside_contact=outside_contact,
        reminders=reminders or ReminderSettings(),
        tour=tour or {},
        oidc=None if oidc is None else OidcSignIn(database, OidcProvider(oidc)),
        guests=guests,
    )
    metrics = Metrics(database)
    threads: list[PollingThread] = [AlarmNotifier(database, outside_contact)]
    if guests is None:
        threads.append(ActivityWatch(database, activity_limits or ActivityLimits(), metrics))
        if outside_contact.mail is not None and house.reminders.sender:
            phone = outside_contact.phone
            threads.append(ReminderSender(database, outside_contact.mail, house.reminders, phone=phone, zone=zone))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        house.worker.start()
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.stop()
        house.setting_simulator.close()
        await to_thread.run_sync(house.worker.stop)
        database.close()

    def answer(request: Request, status: int, error: InputError) -> Response:
        return ClinicRequest(house, request, None).error_response(RefusedError(status, error))

    async def by_status(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        refused = refusal(error.status_code)
        fault = clinic_error("absent", "path") if refused.status == 404 else refused.error
        response = answer(request, refused.status, fault)
        response.headers.update(error.headers or {})
        return response

    app = FastAPI(title="skinbeam", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    app.add_middleware(
        RequestGuard,
        names=server_names(host, names),
        error_response=answer,
        language=select_language,
        zone=zone,
        secret_prefix=DIARY_PATH,
    )
    app.add_middleware(RequestMonitor, metrics=metrics)  # the middleware added last is the outermost
    app.add_exception_handler(HTTPException, by_status)
    router = APIRouter()
    if guests is None:  # each kind of server loads its own routes alone
        from skinbeam_clinic.web.member_routes import add_clinic_routes

        gate = ClinicRouter(house, router)
        add_clinic_routes(gate)
        add_monitoring_routes(gate, HealthChecks(database, house.worker), metrics, os.environ.get(TOKEN_VARIABLE, ""))
    else:
        from skinbeam_clinic.guest_clinic.routes import add_guest_routes

        add_guest_routes(GuestRouter(house, router), guests)
    app.include_router(router)

    def closing() -> None:
        house.closing.set()
        house.worker.request_stop()
        house.setting_simulator.close()
        for thread in threads:
            thread.stop()

    app.state.closing = closing
    return app
