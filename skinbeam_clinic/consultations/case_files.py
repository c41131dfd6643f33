"""Convert a form to a checked case, and a case file to a form; neither may name a file of this machine.

A form names a device that the clinic describes itself as it names one of the catalogue; a case names its file.
"""

from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from skinbeam.laser.case_devices import read_device_files
from skinbeam.laser.device import devices
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, case_from_tables, parse_record, parse_toml
from skinbeam.model.suggestions import unknown_device_error
from skinbeam_clinic.consultations.forms import Submission, form_entries
from skinbeam_clinic.errors import catalogue_error
from skinbeam_clinic.machines.clinic_devices import DEVICE_FILE_ENDING

__all__ = ["case_from_form", "case_tables_of", "form_from_case"]

_FORM_TABLES = (
    "title",
    "patient",
    "concern",
    "test_spot",
    "session",
    "clearance",
    "clinic",
)  # the tables of the form; a title is dropped
_DEVICE_ROWS = ("test_spot", "session")


def case_from_form(submission: Submission, home: Path | None = None) -> LoadedCase:
    """Return the case of a submitted form.

    Parameters
    ----------
    home : the folder to use in place of the folder of a case file; it contains the device files of the clinic and, of
        this machine, nothing else that a form could name. None where the clinic has no devices of its own.

    Raises
    ------
    InputError : the form contains no valid case, or names an unknown device.
    """
    files = () if home is None else home.glob(f"*{DEVICE_FILE_ENDING}")
    own = frozenset(path.stem for path in files)
    for name in submission.tables.get("clinic", {}).get("devices", ()):
        if name not in own and name not in devices():  # also a path, since a form must not read files of this machine
            raise unknown_device_error(name, (*devices(), *own), field="clinic.devices")
    loaded = case_from_tables(case_tables_of(submission, own), Path() if home is None else home, "form")
    return loaded if home is None else read_device_files(loaded)


def case_tables_of(submission: Submission, own: Collection[str]) -> dict[str, Any]:
    """Return the tables of a case file with the answers of a form.

    Parameters
    ----------
    own : names of the devices that the clinic describes itself, whose files the case names.
    """
    return _with_devices(submission.tables, {name: f"{name}{DEVICE_FILE_ENDING}" for name in own})


def form_from_case(content: bytes, file: str, own: Collection[str] = ()) -> Submission:
    """Return the form filled in from a case file, without the points of a photograph, which is not in the file.

    Parameters
    ----------
    own : names of the devices that the clinic describes itself, whose files the case may name.

    Raises
    ------
    InputError : the command line refuses the file, too; or the file has content that the form lacks, or names files.
    """
    tables = parse_toml(content, file, field="case")
    case_from_tables(tables, Path(), file)  # an error is reported as it is written in the file
    tables = _with_devices(tables, {f"{name}{DEVICE_FILE_ENDING}": name for name in own})
    case = case_from_tables(tables, Path(), file).case
    if case.photo is not None and case.photo.file is None:
        case = case.model_copy(update={"photo": None})
        del tables["photo"]
    strange = next((name for name in tables if name not in _FORM_TABLES), None)
    if strange is not None:
        raise _case_error("file-named" if strange == "photo" else "not-in-form", strange)
    for field, name in _device_fields(tables):
        if name not in devices() and name not in own:
            raise unknown_device_error(name, (*devices(), *own), field=field)
    sent = Submission(tuple(form_entries({name: table for name, table in tables.items() if name != "title"})))
    adverse = next((session for session in case.session if len(session.adverse) > 1), None)
    if adverse is not None or parse_record(Case, sent.tables, file=file) != case.model_copy(update={"title": ""}):
        raise _case_error("not-in-form", "session" if adverse is not None else "case")
    return sent


def _with_devices(tables: dict[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return the tables of a valid case with other names for some of its devices."""
    named = deepcopy(tables)
    if "devices" in named.get("clinic", {}):
        named["clinic"]["devices"] = [names.get(name, name) for name in named["clinic"]["devices"]]
    for kind in _DEVICE_ROWS:
        for row in named.get(kind, ()):
            if "device" in row:
                row["device"] = names.get(row["device"], row["device"])
    return named


def _device_fields(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the field and name of each device.

    A case file may name a device file beside it; a form must not make the server read files.
    """
    for name in tables.get("clinic", {}).get("devices", ()):
        yield "clinic.devices", name
    for kind in _DEVICE_ROWS:
        for number, row in enumerate(tables.get(kind, ())):
            if "device" in row:
                yield f"{kind}[{number}].device", row["device"]


def _case_error(code: str, field: str) -> InputError:
    return catalogue_error(f"case-{code}", f"clinic-fault.{code}", field)
