"""What went wrong, as a follow-up finds it: noted with its grade, and closed once it is over."""

from fastapi.responses import Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit
from skinbeam.records.faults import fault
from skinbeam.records.treated import Grade, Source

__all__ = ["add_harms"]


def add_harms(gate: Gate) -> None:
    """Open the routes of adverse events at a follow-up."""
    gate.add("POST", "/follow-ups/{follow_up}/events", _add)
    gate.add("POST", "/follow-ups/{follow_up}/events/{event}/end", _end)


def _add(visit: Visit) -> Response:
    one = visit.desk.follow_ups.get(visit.path("follow_up"))
    kind, grade, site, words = (visit.said(name) for name in ("kind", "grade", "site", "event-words"))
    if grade not in set(Grade):
        raise fault("bad-event", "grade", hint={"kinds": ", ".join(Grade)})
    add = visit.desk.adverse_events.add
    add(one.treatment_id, kind=kind, grade=Grade(grade), source=Source.FOLLOW_UP, site=site, words=words)
    return visit.go(f"/follow-ups/{one.id}#events")


def _end(visit: Visit) -> Response:
    one = visit.desk.follow_ups.get(visit.path("follow_up"))
    visit.desk.adverse_events.resolve(visit.path("event"), words=visit.said("words"))
    return visit.go(f"/follow-ups/{one.id}#events")
