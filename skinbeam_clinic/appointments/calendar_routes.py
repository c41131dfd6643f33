"""Routes of appointments as iCalendar: days to download, one appointment for a patient, feeds for members.

These files are stored on machines outside the clinic, so they contain the time and the place, for members also the
pseudonym of the patient, and never the purpose of an appointment.
"""

import datetime
from collections.abc import Iterable

from fastapi.responses import Response

from skinbeam.text import render_message
from skinbeam_clinic.appointments.calendar_feeds import FEED_DAYS, find_feed_member
from skinbeam_clinic.appointments.models import Appointment, AppointmentState
from skinbeam_clinic.appointments.routes import calendar_range
from skinbeam_clinic.appointments.times import span_days
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_calendar_routes"]

_TYPE = "text/calendar; charset=utf-8"
_FEED_PAST, _FEED_FUTURE = datetime.timedelta(days=31), datetime.timedelta(days=366)  # range of a feed


def add_calendar_routes(router: ClinicRouter) -> None:
    """Open the routes of iCalendar."""
    router.add("GET", "/appointments.ics", _download_days)
    router.add("GET", "/appointments/{appointment}.ics", _download_appointment)
    router.add("GET", "/calendar.ics", _answer_feed)
    router.add("GET", "/feeds", _show_feeds)
    router.add("POST", "/feeds", _make_feed)
    router.add("POST", "/feeds/{feed}/end", _end_feed)


def _make_calendar(appointments: Iterable[Appointment], clinic: str, *, with_names: bool, place: str = "") -> bytes:
    """Return appointments as iCalendar (RFC 5545), with times in UTC.

    The UID of an appointment never changes; its SEQUENCE rises with each change, so that a program uses the newest.

    Parameters
    ----------
    with_names : whether to include the pseudonym of the patient, the member, room and machine; a patient's own file
        names the clinic alone.
    place : the address of the clinic, for a patient's own file; empty where none is set.
    """
    from icalendar import Calendar, Event

    made = now().replace(microsecond=0)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//skinbeam//appointments//EN")
    calendar.add("method", "PUBLISH")
    for appointment in appointments:
        event = Event()
        event.add("uid", f"{appointment.id}@skinbeam")
        event.add("sequence", appointment.revision - 1)
        event.add("dtstamp", made)
        event.add("dtstart", appointment.starts_at)
        event.add("dtend", appointment.ends_at)
        event.add("status", "CANCELLED" if appointment.state == AppointmentState.CANCELLED else "CONFIRMED")
        event.add("class", "PRIVATE")
        if with_names:
            event.add(
                "summary",
                render_message("appointment.event", {"pseudonym": appointment.pseudonym, "member": appointment.member}),
            )
            if where := ", ".join(part for part in (appointment.room, appointment.machine) if part):
                event.add("location", where)
        else:
            event.add("summary", render_message("appointment.event-at", {"clinic": clinic}))
            if place:
                event.add("location", place)
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _download_days(request: ClinicRequest) -> Response:
    """The days that the calendar shows, and whose appointments."""
    first, days, who = calendar_range(request)
    booked = request.repositories.appointments.between(*span_days(first, days), member_id=who)
    return request.download(_named_calendar(request.repositories, booked), f"appointments-{first}.ics", _TYPE)


def _download_appointment(request: ClinicRequest) -> Response:
    appointment = request.repositories.appointments.get(request.path_parameter("appointment"))
    content = _make_calendar(
        [appointment], request.member_session.member.clinic, with_names=False, place=request.clinic_contact.place
    )
    return request.download(content, "appointment.ics", _TYPE)


def _answer_feed(request: ClinicRequest) -> Response:
    """What a calendar program reads, which signs in nowhere: the token in the address tells whose it is."""
    member = find_feed_member(request.services.database, request.http_request.query_params.get("token", ""))
    repositories, at = ClinicRepositories(request.services.database, member), now()
    booked = repositories.appointments.between(at - _FEED_PAST, at + _FEED_FUTURE, member_id=member.id)
    return Response(_named_calendar(repositories, booked), media_type=_TYPE)


def _named_calendar(repositories: ClinicRepositories, appointments: Iterable[Appointment]) -> bytes:
    return _make_calendar(appointments, repositories.member.clinic, with_names=True)


def _show_feeds(request: ClinicRequest, address: str = "") -> Response:
    return request.page(
        "course/feeds.html", feeds=request.repositories.calendar_feeds.list_open(), address=address, days=FEED_DAYS
    )


def _make_feed(request: ClinicRequest) -> Response:
    _, token = request.repositories.calendar_feeds.create()
    return _show_feeds(request, request.address(f"/calendar.ics?token={token}"))


def _end_feed(request: ClinicRequest) -> Response:
    request.repositories.calendar_feeds.end(request.path_parameter("feed"))
    return request.redirect("/feeds")
