"""Routes of the clinic's machines, which its owner adds, renames and retires."""

from collections.abc import Callable

from fastapi.responses import Response

from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError
from skinbeam.text import translate
from skinbeam_clinic.errors import ConflictError
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_machine_routes"]

_FIELDS = ("device", "serial", "name", "room")


def add_machine_routes(router: ClinicRouter) -> None:
    """Open the routes of machines."""
    router.add("GET", "/machines", _show_machines)
    router.add("POST", "/machines", _add_machine)
    router.add("POST", "/machines/{machine}", _change_machine)
    router.add("POST", "/machines/{machine}/use", _save_in_use)


def _show_machines(request: ClinicRequest, error: InputError | None = None) -> Response:
    return request.page(
        "machines.html",
        200 if error is None else error_status(error),
        error=error,
        machines=request.repositories.machines.list_all(),
        devices={name: translate(device.title) for name, device in devices().items()},
        sent={name: request.text(name) for name in _FIELDS},
    )


def _add_machine(request: ClinicRequest) -> Response:
    return _apply_change(
        request, lambda: request.repositories.machines.add(**{name: request.text(name) for name in _FIELDS})
    )


def _change_machine(request: ClinicRequest) -> Response:
    id, machines = request.path_parameter("machine"), request.repositories.machines
    edited = {field: request.text(field) for field in ("name", "room", "version")}
    return _apply_change(request, lambda: machines.update(id, **edited))


def _save_in_use(request: ClinicRequest) -> Response:
    used = request.text("used") == "true"
    return _apply_change(
        request, lambda: request.repositories.machines.set_in_use(request.path_parameter("machine"), in_use=used)
    )


def _apply_change(request: ClinicRequest, change: Callable[[], object]) -> Response:
    """Make a change and show the machines again, with what was wrong when something of what was typed was."""
    try:
        change()
    except InputError as error:
        if error_status(error) != 422 and not isinstance(error, ConflictError):
            raise
        return _show_machines(request, error)
    return request.redirect("/machines")
