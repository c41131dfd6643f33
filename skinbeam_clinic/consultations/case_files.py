"""Convert a form to a checked case, and a case file to a form; neither may name a file of this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skinbeam.laser.device import devices
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, case_from_tables, parse_record, parse_toml
from skinbeam.model.suggestions import unknown_device_error
from skinbeam_clinic.consultations.forms import Submission, form_entries
from skinbeam_clinic.errors import catalogue_error

__all__ = ["case_from_form", "form_from_case"]

_FORM_TABLES = (
    "title",
    "patient",
    "concern",
    "test_spot",
    "session",
    "clearance",
    "clinic",
)  # the tables of the form; a title is dropped


def case_from_form(submission: Submission, home: Path) -> LoadedCase:
    """Return the case of a submitted form.

    Parameters
    ----------
    home : the folder to use in place of the folder of a case file.

    Raises
    ------
    InputError : the form contains no valid case, or names an unknown device.
    """
    for name in submission.tables.get("clinic", {}).get("devices", ()):
        if name not in devices():  # a case file may name a device file; a form must not read files of this machine
            raise unknown_device_error(name, devices(), field="clinic.devices")
    return case_from_tables(submission.tables, home, "form")


def form_from_case(content: bytes, file: str) -> Submission:
    """Return the form filled in from a case file, without the points of a photograph, which is not in the file.

    Raises
    ------
    InputError : the command line refuses the file, too; or the file has content that the form lacks, or names files.
    """
    tables = parse_toml(content, file, field="case")
    case = case_from_tables(tables, Path(), file).case
    if case.photo is not None and case.photo.file is None:
        case = case.model_copy(update={"photo": None})
        del tables["photo"]
    strange = next((name for name in tables if name not in _FORM_TABLES), None)
    if strange is not None:
        raise _case_error("file-named" if strange == "photo" else "not-in-form", strange)
    for field, name in _device_fields(tables):
        if name not in devices():
            raise unknown_device_error(name, devices(), field=field)
    sent = Submission(tuple(form_entries({name: table for name, table in tables.items() if name != "title"})))
    adverse = next((session for session in case.session if len(session.adverse) > 1), None)
    if adverse is not None or parse_record(Case, sent.tables, file=file) != case.model_copy(update={"title": ""}):
        raise _case_error("not-in-form", "session" if adverse is not None else "case")
    return sent


def _device_fields(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the field and name of each device.

    A case file may name a device file beside it; a form must not make the server read files.
    """
    for name in tables.get("clinic", {}).get("devices", ()):
        yield "clinic.devices", name
    for kind in ("test_spot", "session"):
        for number, row in enumerate(tables.get(kind, ())):
            if "device" in row:
                yield f"{kind}[{number}].device", row["device"]


def _case_error(code: str, field: str) -> InputError:
    return catalogue_error(f"case-{code}", f"clinic-fault.{code}", field)
