"""Routes of the clinic's machines, which its owner adds, renames and retires."""

from fastapi.responses import Response

from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError
from skinbeam.text import translate
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_machine_routes"]

_FIELDS = ("device", "serial", "name", "room")


def add_machine_routes(router: ClinicRouter) -> None:
    """Open the routes of machines."""
    router.add("GET", "/machines", _show_machines)
    router.add("POST", "/machines", _add_machine, form=_show_machines)
    router.add("POST", "/machines/{machine}", _change_machine, form=_show_machines)
    router.add("POST", "/machines/{machine}/use", _save_in_use)


def _show_machines(request: ClinicRequest, error: InputError | None = None) -> Response:
    return request.page(
        "machines.html",
        error=error,
        machines=request.repositories.machines.list_all(),
        devices={name: translate(device.title) for name, device in devices().items()},
        sent={name: request.text(name) for name in _FIELDS},
    )


def _add_machine(request: ClinicRequest) -> Response:
    request.repositories.machines.add(**{name: request.text(name) for name in _FIELDS})
    return request.redirect("/machines")


def _change_machine(request: ClinicRequest) -> Response:
    edited = {field: request.text(field) for field in ("name", "room", "version")}
    request.repositories.machines.update(request.path_parameter("machine"), **edited)
    return request.redirect("/machines")


def _save_in_use(request: ClinicRequest) -> Response:
    used = request.text("used") == "true"
    request.repositories.machines.set_in_use(request.path_parameter("machine"), in_use=used)
    return request.redirect("/machines")
