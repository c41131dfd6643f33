"""The people of a clinic: who may come in, and as what; and the trail of what they did."""

import contextlib
from collections.abc import Callable

from fastapi.responses import Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.records.faults import fault
from skinbeam.records.roles import Role

__all__ = ["add_people"]


def add_people(gate: Gate) -> None:
    """Open the routes of the people."""
    gate.add("GET", "/people", _page)
    gate.add("POST", "/people", _add)
    gate.add("POST", "/people/{member}/role", _role)
    gate.add("POST", "/people/{member}/in", _in)
    gate.add("POST", "/people/{member}/password", _reset)
    gate.add("GET", "/trail", _trail)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    status = 200 if error is None else status_of(error)
    return visit.page("people.html", status, error=error, people=visit.accounts.all(), name=visit.said("name"))


def _add(visit: Visit) -> Response:
    return _done(visit, lambda: visit.accounts.add(visit.said("name"), _role_said(visit), visit.raw("password")))


def _role(visit: Visit) -> Response:
    return _done(visit, lambda: visit.accounts.set_role(visit.path("member"), _role_said(visit)))


def _in(visit: Visit) -> Response:
    return _done(visit, lambda: visit.accounts.set_in(visit.path("member"), allowed=visit.said("allowed") == "true"))


def _reset(visit: Visit) -> Response:
    return _done(visit, lambda: visit.accounts.reset(visit.path("member"), visit.raw("password")))


def _done(visit: Visit, change: Callable[[], object]) -> Response:
    """Make a change, and show the people again, with what was wrong when something was."""
    try:
        change()
    except InputError as error:
        return _page(visit, error)
    return visit.go("/people")


def _role_said(visit: Visit) -> Role:
    with contextlib.suppress(ValueError):
        return Role(visit.said("role"))
    raise fault("absent", "role")


def _trail(visit: Visit) -> Response:
    return visit.page("trail.html", entries=visit.desk.trail.last(TRAIL_SHOWN), most=TRAIL_SHOWN)


TRAIL_SHOWN = 200
