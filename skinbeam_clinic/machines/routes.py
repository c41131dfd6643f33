"""Routes of the clinic's machines, which its owner adds, renames and retires."""

from fastapi.responses import Response

from skinbeam.laser.device import devices
from skinbeam.model.errors import InputError
from skinbeam.text import Formatter, translate
from skinbeam_clinic.machines.upkeep import UpkeepKind
from skinbeam_clinic.web.request import ClinicRequest, goes_past_altered
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_machine_routes"]

_FIELDS = ("device", "serial", "name", "room")
_UPKEEP_FIELDS = ("kind", "done_on", "due_on", "shots")


def add_machine_routes(router: ClinicRouter) -> None:
    """Open the routes of machines."""
    router.add("GET", "/machines", _show_machines)
    router.add("POST", "/machines", _add_machine, form=_show_machines)
    router.add("POST", "/machines/{machine}", _change_machine, form=_show_machines)
    router.add("POST", "/machines/{machine}/use", _save_in_use)
    router.add("POST", "/machines/{machine}/upkeep", _add_upkeep, form=_show_machines)


@goes_past_altered
def _show_machines(request: ClinicRequest, error: InputError | None = None) -> Response:
    return request.page(
        "machines.html",
        error=error,
        machines=request.repositories.machines.list_all(),
        devices={name: translate(device.title) for name, device in devices().items()},
        sent={name: request.text(name) for name in (*_FIELDS, *_UPKEEP_FIELDS)},
        sent_to=request.http_request.path_params.get("machine", ""),
        upkeep=request.repositories.machine_upkeep.list_newest(),
        kinds=list(UpkeepKind),
        date=Formatter().date,
        count=Formatter().number,
    )


def _add_machine(request: ClinicRequest) -> Response:
    request.repositories.machines.add(**{name: request.text(name) for name in _FIELDS})
    return request.redirect("/machines")


def _change_machine(request: ClinicRequest) -> Response:
    edited = {field: request.text(field) for field in ("name", "room", "version")}
    request.repositories.machines.update(request.path_parameter("machine"), **edited)
    return request.redirect("/machines")


def _add_upkeep(request: ClinicRequest) -> Response:
    done = {field: request.text(field) for field in _UPKEEP_FIELDS}
    request.repositories.machine_upkeep.add(request.path_parameter("machine"), form_key=request.text("row"), **done)
    return request.redirect("/machines")


def _save_in_use(request: ClinicRequest) -> Response:
    used = request.text("used") == "true"
    request.repositories.machines.set_in_use(request.path_parameter("machine"), in_use=used)
    return request.redirect("/machines")
