"""Routes of the clinic's machines, which its owner adds, renames and retires, and of devices that it describes."""

from fastapi.responses import Response

from skinbeam.laser.device import devices, read_catalogue_file
from skinbeam.model.errors import InputError
from skinbeam.text import Formatter
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.machines.own_device_view import view_own_device
from skinbeam_clinic.machines.upkeep import UpkeepKind
from skinbeam_clinic.web.request import ClinicRequest, skips_altered_rows
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
    router.add("POST", "/own-devices", _add_own_device, form=_show_machines)
    router.add("POST", "/own-devices/{device}/offer", _offer_own_device)
    router.add("GET", "/device-files/{device_name}", _download_device_file)


@skips_altered_rows
def _show_machines(request: ClinicRequest, error: InputError | None = None) -> Response:
    known = request.repositories.own_devices.read()
    return request.page(
        "machines.html",
        error=error,
        machines=request.repositories.machines.list_all(),
        title=known.title,
        offered=tuple(known.offered_devices),
        catalogue=tuple(devices()),
        own_devices=tuple(map(view_own_device, known.own)),
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


def _add_own_device(request: ClinicRequest) -> Response:
    upload = request.uploads.get("device_file")
    if upload is None:
        raise clinic_error("no-device-file", "device_file")
    added = request.repositories.own_devices.add(upload.content, upload.name)
    return request.redirect(f"/machines#own-{added.name}")


def _offer_own_device(request: ClinicRequest) -> Response:
    offered = request.text("offered") == "true"
    own = request.repositories.own_devices.set_offered(request.path_parameter("device"), offered=offered)
    return request.redirect(f"/machines#own-{own.name}")


def _download_device_file(request: ClinicRequest) -> Response:
    """Answer with the file of a device, of the clinic or of the catalogue, from which another can be written."""
    name = request.path_parameter("device_name")
    own = {own.name: own.text.encode() for own in request.repositories.own_devices.read().own}
    if name not in own and name not in devices():
        raise clinic_error("absent", "path")
    content = own[name] if name in own else read_catalogue_file(name)
    return request.download(content, f"{name}.toml", "application/toml")


def _save_in_use(request: ClinicRequest) -> Response:
    used = request.text("used") == "true"
    request.repositories.machines.set_in_use(request.path_parameter("machine"), in_use=used)
    return request.redirect("/machines")
