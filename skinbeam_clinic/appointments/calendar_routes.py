"""Appointments as iCalendar: a week to keep, one for the patient, and a feed for a member's own calendar program.

What leaves the clinic so lies on other machines: it says when and where, to the clinic's own people who comes by
pseudonym, and nothing of what it is for.
"""

import datetime
from collections.abc import Iterable

from fastapi.responses import Response

from skinbeam.text import render_message
from skinbeam_clinic.appointments.calendar_feeds import FEED_DAYS, CalendarFeedRepository, find_feed_member
from skinbeam_clinic.appointments.models import Appointment, AppointmentState
from skinbeam_clinic.appointments.routes import calendar_range
from skinbeam_clinic.appointments.times import span_days
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_calendar_routes", "make_calendar"]

_TYPE = "text/calendar; charset=utf-8"
_FEED_PAST, _FEED_FUTURE = datetime.timedelta(days=31), datetime.timedelta(days=366)  # what a feed holds


def add_calendar_routes(gate: ClinicRouter) -> None:
    """Open the routes of iCalendar."""
    gate.add("GET", "/appointments.ics", _download_days)
    gate.add("GET", "/appointments/{appointment}.ics", _download_appointment)
    gate.add("GET", "/calendar.ics", _answer_feed)
    gate.add("GET", "/feeds", _show_feeds)
    gate.add("POST", "/feeds", _make_feed)
    gate.add("POST", "/feeds/{feed}/end", _end_feed)


def make_calendar(appointments: Iterable[Appointment], clinic: str, *, named: bool) -> bytes:
    """Return appointments as iCalendar (RFC 5545), with moments in UTC.

    An appointment keeps its UID; its SEQUENCE rises with each change, so that a program takes the newest.

    Parameters
    ----------
    named : whether each says who comes, by pseudonym, and where; for the patient it says the clinic alone.
    """
    from icalendar import Calendar, Event

    made = now().replace(microsecond=0)
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//skinbeam//appointments//EN")
    calendar.add("method", "PUBLISH")
    for one in appointments:
        event = Event()
        event.add("uid", f"{one.id}@skinbeam")
        event.add("sequence", one.revision - 1)
        event.add("dtstamp", made)
        event.add("dtstart", one.starts_at)
        event.add("dtend", one.ends_at)
        event.add("status", "CANCELLED" if one.state == AppointmentState.CANCELLED else "CONFIRMED")
        event.add("class", "PRIVATE")
        if named:
            event.add(
                "summary", render_message("appointment.event", {"pseudonym": one.pseudonym, "member": one.member})
            )
            if where := ", ".join(part for part in (one.room, one.machine) if part):
                event.add("location", where)
        else:
            event.add("summary", render_message("appointment.event-at", {"clinic": clinic}))
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _download_days(visit: ClinicRequest) -> Response:
    """The days that the calendar shows, and of whom."""
    first, days, who = calendar_range(visit)
    booked = visit.desk.appointments.between(*span_days(first, days), member_id=who)
    return visit.download(_named_calendar(visit.desk, booked), f"appointments-{first}.ics", _TYPE)


def _download_appointment(visit: ClinicRequest) -> Response:
    one = visit.desk.appointments.get(visit.path("appointment"))
    content = make_calendar([one], visit.signed.member.clinic, named=False)
    return visit.download(content, "appointment.ics", _TYPE)


def _answer_feed(visit: ClinicRequest) -> Response:
    """What a calendar program reads, which signs in nowhere: the token in the address tells whose it is."""
    member = find_feed_member(visit.house.database, visit.request.query_params.get("token", ""))
    desk, at = ClinicRepositories(visit.house.database, member), now()
    booked = desk.appointments.between(at - _FEED_PAST, at + _FEED_FUTURE, member_id=member.id)
    return Response(_named_calendar(desk, booked), media_type=_TYPE)


def _named_calendar(desk: ClinicRepositories, booked: Iterable[Appointment]) -> bytes:
    return make_calendar(booked, desk.member.clinic, named=True)


def _show_feeds(visit: ClinicRequest, address: str = "") -> Response:
    return visit.page("course/feeds.html", feeds=_own_feeds(visit).all(), address=address, days=FEED_DAYS)


def _make_feed(visit: ClinicRequest) -> Response:
    _, token = _own_feeds(visit).make()
    return _show_feeds(visit, visit.address(f"/calendar.ics?token={token}"))


def _end_feed(visit: ClinicRequest) -> Response:
    _own_feeds(visit).end(visit.path("feed"))
    return visit.redirect("/feeds")


def _own_feeds(visit: ClinicRequest) -> CalendarFeedRepository:
    return CalendarFeedRepository(visit.house.database, visit.signed.member)
