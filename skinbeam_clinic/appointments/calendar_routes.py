"""Appointments as iCalendar: a week to keep, one for the patient, and a feed for a member's own calendar program.

What leaves the clinic so lies on other machines: it says when and where, to the clinic's own people who comes by
pseudonym, and nothing of what it is for.
"""

import datetime
from collections.abc import Iterable

from fastapi.responses import Response

from skinbeam.app.clinic.course.appointments import shown
from skinbeam.app.clinic.course.times import span_of
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.messages import text
from skinbeam.records.booked import Appointment, Standing
from skinbeam.records.desk.desk import Desk
from skinbeam.records.people.feeds import FEED_DAYS, Feeds, member_of_feed
from skinbeam.records.store.columns import now

__all__ = ["add_calendars", "calendar_of"]

_TYPE = "text/calendar; charset=utf-8"
_BEFORE, _AHEAD = datetime.timedelta(days=31), datetime.timedelta(days=366)  # what a feed holds


def add_calendars(gate: Gate) -> None:
    """Open the routes of iCalendar."""
    gate.add("GET", "/appointments.ics", _days)
    gate.add("GET", "/appointments/{appointment}.ics", _one)
    gate.add("GET", "/calendar.ics", _fed)
    gate.add("GET", "/feeds", _feeds)
    gate.add("POST", "/feeds", _make)
    gate.add("POST", "/feeds/{feed}/end", _end)


def calendar_of(appointments: Iterable[Appointment], clinic: str, *, named: bool) -> bytes:
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
        event.add("status", "CANCELLED" if one.state == Standing.CANCELLED else "CONFIRMED")
        event.add("class", "PRIVATE")
        if named:
            event.add("summary", text("appointment.event", {"pseudonym": one.pseudonym, "member": one.member}))
            if where := ", ".join(part for part in (one.room, one.machine) if part):
                event.add("location", where)
        else:
            event.add("summary", text("appointment.event-at", {"clinic": clinic}))
        calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _days(visit: Visit) -> Response:
    """The days that the calendar shows, and of whom."""
    first, days, who = shown(visit)
    booked = visit.desk.appointments.between(*span_of(first, days), member_id=who)
    return visit.download(_named(visit.desk, booked), f"appointments-{first}.ics", _TYPE)


def _one(visit: Visit) -> Response:
    one = visit.desk.appointments.get(visit.path("appointment"))
    content = calendar_of([one], visit.signed.member.clinic, named=False)
    return visit.download(content, "appointment.ics", _TYPE)


def _fed(visit: Visit) -> Response:
    """What a calendar program reads, which signs in nowhere: the token in the address tells whose it is."""
    member = member_of_feed(visit.house.database, visit.request.query_params.get("token", ""))
    desk, at = Desk(visit.house.database, member), now()
    booked = desk.appointments.between(at - _BEFORE, at + _AHEAD, member_id=member.id)
    return Response(_named(desk, booked), media_type=_TYPE)


def _named(desk: Desk, booked: Iterable[Appointment]) -> bytes:
    return calendar_of(booked, desk.member.clinic, named=True)


def _feeds(visit: Visit, address: str = "") -> Response:
    return visit.page("course/feeds.html", feeds=_own(visit).all(), address=address, days=FEED_DAYS)


def _make(visit: Visit) -> Response:
    _, token = _own(visit).make()
    return _feeds(visit, visit.address(f"/calendar.ics?token={token}"))


def _end(visit: Visit) -> Response:
    _own(visit).end(visit.path("feed"))
    return visit.go("/feeds")


def _own(visit: Visit) -> Feeds:
    return Feeds(visit.house.database, visit.signed.member)
