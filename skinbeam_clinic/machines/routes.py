"""The machines of a clinic, as its owner adds and retires them."""

from collections.abc import Callable

from fastapi.responses import Response

from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError
from skinbeam.text import translate
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_machine_routes"]

_FIELDS = ("device", "serial", "name", "room")


def add_machine_routes(gate: ClinicRouter) -> None:
    """Open the routes of machines."""
    gate.add("GET", "/machines", _show_machines)
    gate.add("POST", "/machines", _add_machine)
    gate.add("POST", "/machines/{machine}", _change_machine)
    gate.add("POST", "/machines/{machine}/use", _save_use)


def _show_machines(visit: ClinicRequest, error: InputError | None = None) -> Response:
    return visit.page(
        "machines.html",
        200 if error is None else error_status(error),
        error=error,
        machines=visit.desk.machines.all(),
        devices={name: translate(device.title) for name, device in devices().items()},
        sent={name: visit.said(name) for name in _FIELDS},
    )


def _add_machine(visit: ClinicRequest) -> Response:
    return _apply_change(visit, lambda: visit.desk.machines.add(**{name: visit.said(name) for name in _FIELDS}))


def _change_machine(visit: ClinicRequest) -> Response:
    id, name, room = visit.path("machine"), visit.said("name"), visit.said("room")
    return _apply_change(visit, lambda: visit.desk.machines.change(id, name=name, room=room))


def _save_use(visit: ClinicRequest) -> Response:
    used = visit.said("used") == "true"
    return _apply_change(visit, lambda: visit.desk.machines.use(visit.path("machine"), used=used))


def _apply_change(visit: ClinicRequest, change: Callable[[], object]) -> Response:
    """Make a change and show the machines again, with what was wrong when something of what was typed was."""
    try:
        change()
    except InputError as error:
        if error_status(error) != 422:
            raise
        return _show_machines(visit, error)
    return visit.redirect("/machines")
