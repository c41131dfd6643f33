"""The case of a form, checked as a case file is, and the form of a case file; neither names a file of this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skinbeam.laser.device import devices
from skinbeam.model.case import Case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase, case_from_tables, parse_record, parse_toml
from skinbeam.model.suggestions import unknown_device_error
from skinbeam.text import render_message
from skinbeam_clinic.consultations.forms import Submission, form_entries

__all__ = ["case_from_form", "form_from_case"]

_FORM_TABLES = (
    "title",
    "patient",
    "concern",
    "test_spot",
    "session",
    "clinic",
)  # what the form asks; a title is not kept


def case_from_form(sent: Submission, home: Path) -> LoadedCase:
    """Return the case of what was sent.

    Parameters
    ----------
    home : the folder that stands for that of a case file.

    Raises
    ------
    InputError : it holds no case, or names a device that is not known.
    """
    for name in sent.tables.get("clinic", {}).get("devices", ()):
        if name not in devices():  # a case file may name a device file; a form must not read files of this machine
            raise unknown_device_error(name, devices(), field="clinic.devices")
    return case_from_tables(sent.tables, home, "form")


def form_from_case(content: bytes, file: str) -> Submission:
    """Return the form that a case file fills in; points of a photograph are left out, since it does not come along.

    Raises
    ------
    InputError : what the command line refuses, too; or the file holds what the form does not, or names other files.
    """
    tables = parse_toml(content, file, field="CASE")
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
    adverse = next((one for one in case.session if len(one.adverse) > 1), None)
    if adverse is not None or parse_record(Case, sent.tables, file=file) != case.model_copy(update={"title": ""}):
        raise _case_error("not-in-form", "session" if adverse is not None else "case")
    return sent


def _device_fields(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Field and name of each device; a case file beside its device files may name one, a form must not read files."""
    for name in tables.get("clinic", {}).get("devices", ()):
        yield "clinic.devices", name
    for kind in ("test_spot", "session"):
        for number, row in enumerate(tables.get(kind, ())):
            if "device" in row:
                yield f"{kind}[{number}].device", row["device"]


def _case_error(code: str, field: str) -> InputError:
    hint = render_message(f"clinic-fault.{code}-hint")
    return InputError(f"case-{code}", render_message(f"clinic-fault.{code}"), field=field, hint=hint)
