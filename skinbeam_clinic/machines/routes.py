"""The machines of a clinic, as its owner adds and retires them."""

from collections.abc import Callable

from fastapi.responses import Response

from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.errors import InputError
from skinbeam.laser.device import devices
from skinbeam.messages import retold

__all__ = ["add_machines"]

_FIELDS = ("device", "serial", "name", "room")


def add_machines(gate: Gate) -> None:
    """Open the routes of machines."""
    gate.add("GET", "/machines", _page)
    gate.add("POST", "/machines", _add)
    gate.add("POST", "/machines/{machine}", _change)
    gate.add("POST", "/machines/{machine}/use", _use)


def _page(visit: Visit, error: InputError | None = None) -> Response:
    return visit.page(
        "machines.html",
        200 if error is None else status_of(error),
        error=error,
        machines=visit.desk.machines.all(),
        devices={name: retold(device.title) for name, device in devices().items()},
        sent={name: visit.said(name) for name in _FIELDS},
    )


def _add(visit: Visit) -> Response:
    return _done(visit, lambda: visit.desk.machines.add(**{name: visit.said(name) for name in _FIELDS}))


def _change(visit: Visit) -> Response:
    id, name, room = visit.path("machine"), visit.said("name"), visit.said("room")
    return _done(visit, lambda: visit.desk.machines.change(id, name=name, room=room))


def _use(visit: Visit) -> Response:
    used = visit.said("used") == "true"
    return _done(visit, lambda: visit.desk.machines.use(visit.path("machine"), used=used))


def _done(visit: Visit, change: Callable[[], object]) -> Response:
    """Make a change and show the machines again, with what was wrong when something of what was typed was."""
    try:
        change()
    except InputError as error:
        if status_of(error) != 422:
            raise
        return _page(visit, error)
    return visit.go("/machines")
