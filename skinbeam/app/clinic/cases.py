"""Case files: a consultation begun from one, as `skinbeam consult` reads it, and a consultation as one."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.responses import Response

from skinbeam.app.clinic.answers import kept_answers, submission_of
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.patients import patient_page
from skinbeam.app.clinic.visit import Visit
from skinbeam.app.forms import Submission, entries_of
from skinbeam.errors import InputError, unknown_name
from skinbeam.laser.device import devices
from skinbeam.messages import text
from skinbeam.schema.case import Case
from skinbeam.schema.load import loaded_case, parse, toml_tables

__all__ = ["add_cases"]

_ASKED = ("title", "patient", "concern", "test_spot", "session", "clinic")  # what the form asks; a title is not kept


def add_cases(gate: Gate) -> None:
    """Open the routes of case files."""
    gate.add("POST", "/patients/{patient}/case", _begin)
    gate.add("GET", "/consultations/{consultation}/case.toml", _download)


def _begin(visit: Visit) -> Response:
    id, upload = visit.path("patient"), visit.uploads.get("case")
    visit.desk.patients.get(id)  # said before anything of the file is
    try:
        if upload is None:
            raise _fault("no-file", "case")
        sent = _form_of(upload.content, Path(upload.name).name)
    except InputError as error:
        return patient_page(visit, error)
    return visit.go(f"/consultations/{visit.desk.consultations.begin(id, kept_answers(sent)).id}")


def _form_of(content: bytes, file: str) -> Submission:
    """Return the form that a case file fills in.

    Raises
    ------
    InputError : what the command line refuses, too; or the file holds what the form does not, or names other files.
    """
    tables = toml_tables(content, file, field="CASE")
    case = loaded_case(tables, Path(), file).case
    strange = next((name for name in tables if name not in _ASKED), None)
    if strange is not None:
        raise _fault("file-named" if strange == "photo" else "not-in-form", strange)
    for field, name in _devices_of(tables):
        if name not in devices():
            raise unknown_name("device", name, devices(), field=field)
    sent = Submission(tuple(entries_of({name: table for name, table in tables.items() if name != "title"})))
    adverse = next((one for one in case.session if len(one.adverse) > 1), None)
    if adverse is not None or parse(Case, sent.tables, file=file) != case.model_copy(update={"title": ""}):
        raise _fault("not-in-form", "session" if adverse is not None else "case")
    return sent


def _devices_of(tables: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Field and name of each device; a case file beside its device files may name one, a form must not read files."""
    for name in tables.get("clinic", {}).get("devices", ()):
        yield "clinic.devices", name
    for kind in ("test_spot", "session"):
        for number, row in enumerate(tables.get(kind, ())):
            if "device" in row:
                yield f"{kind}[{number}].device", row["device"]


def _download(visit: Visit) -> Response:
    """The form as a case file; a photograph goes with `--photo`, and who the patient is stands nowhere in it."""
    import tomli_w

    kept = visit.desk.consultations.export(visit.path("consultation"))
    about = "".join(f"# {text(f'clinic.case-about-{number}')}\n" for number in (1, 2))
    content = about + "\n" + tomli_w.dumps(submission_of(kept.answers).tables)
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    return visit.download(content.encode(), f"case-{date}.toml", "application/toml")


def _fault(code: str, field: str) -> InputError:
    hint = text(f"clinic-fault.{code}-hint")
    return InputError(f"case-{code}", text(f"clinic-fault.{code}"), field=field, hint=hint)
