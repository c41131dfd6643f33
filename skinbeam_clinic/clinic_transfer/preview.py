"""Read the files of an import, and describe what it would make, or has made, as a document."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from skinbeam.model.errors import InputError
from skinbeam.model.input_files import read_bytes
from skinbeam.text import to_local_time
from skinbeam_clinic.clinic_transfer.csv_files import count_rows
from skinbeam_clinic.clinic_transfer.mapping import FileMapping, ImportKind, read_mapping
from skinbeam_clinic.clinic_transfer.models import ImportPlan, ImportSummary
from skinbeam_clinic.clinic_transfer.planning import ImportFile, plan_import
from skinbeam_clinic.clinic_transfer.repository import Planner
from skinbeam_clinic.errors import clinic_error

__all__ = ["describe_import", "describe_plan", "make_planner", "plan_files"]

_MAX_BYTES = 100_000_000
_EXAMPLES = 3  # of each kind of record that an import would make
_ENTRIES = 6  # of the answers of a course


def make_planner(paths: Mapping[ImportKind, Path], mapping: Path | None) -> Planner:
    """Return the function that plans the import of these files; they are read once, now.

    Raises
    ------
    InputError : a file cannot be read, the mapping is wrong, or no file was named.
    """
    files = [ImportFile(kind, path.name, _read(path, f"--{kind}", "a CSV file")) for kind, path in paths.items()]
    return plan_files(files, None if mapping is None else (_read(mapping, "--map", "a mapping in TOML"), mapping.name))


def plan_files(
    files: Sequence[ImportFile], mapping: tuple[bytes, str] | None, *, most_rows: int | None = None
) -> Planner:
    """Return the function that plans the import of files, of which two may have one name.

    Parameters
    ----------
    mapping : content and name of the mapping file.
    most_rows : of all files together; None for any number.

    Raises
    ------
    InputError : the mapping is wrong, there is no file, or they have more rows (`import-too-long`).
    """
    if not files:
        raise clinic_error("nothing-to-import", "--patients")
    shared = {name for name, count in Counter(file.name for file in files).items() if count > 1}
    named = [replace(file, name=f"{file.name} ({file.kind})") if file.name in shared else file for file in files]
    mappings = {} if mapping is None else read_mapping(*mapping)
    if most_rows is not None and (rows := sum(_count_rows(file, mappings) for file in named)) > most_rows:
        raise clinic_error("import-too-long", "import", lines=rows, hint={"most": most_rows})
    return lambda clinic, at: plan_import(named, mappings, clinic, at)


def _count_rows(file: ImportFile, mappings: Mapping[ImportKind, FileMapping]) -> int:
    try:
        return count_rows(file.content, file.name, mappings.get(file.kind, FileMapping()).layout)
    except InputError:  # which the plan says, with the errors of the other files
        return 0


def _read(path: Path, option: str, description: str) -> bytes:
    return read_bytes(path, field=option, max_bytes=_MAX_BYTES, description=description)


def describe_plan(plan: ImportPlan) -> dict[str, Any]:
    """Return counts of what would be made, the use of every column, and the first records of each kind."""
    return {
        "written": False,
        "patients": len(plan.patients),
        "appointments": len(plan.appointments),
        "sessions": plan.sessions,
        "closed_days": len(plan.closed_days),
        "columns": {file: {name: list(of) for name, of in columns.items()} for file, columns in plan.columns.items()},
        "ignored": {file: list(columns) for file, columns in plan.ignored.items()},
        "first_patients": [
            {"line": patient.line, "pseudonym": patient.pseudonym, "year_of_birth": patient.year_of_birth}
            | dict(patient.contact)
            for patient in plan.patients[:_EXAMPLES]
        ],
        "first_appointments": [
            {
                "line": appointment.line,
                "starts_at": to_local_time(appointment.starts_at).isoformat(timespec="minutes"),
                "ends_at": to_local_time(appointment.ends_at).isoformat(timespec="minutes"),
                "purpose": appointment.purpose.value,
                "state": appointment.state.value,
            }
            for appointment in plan.appointments[:_EXAMPLES]
        ],
        "first_sessions": [
            {
                "line": course.line,
                "first_on": to_local_time(course.began_at).date().isoformat(),
                "sessions": course.sessions,
            }
            | dict(course.answers.entries[:_ENTRIES])
            for course in plan.courses[:_EXAMPLES]
        ],
    }


def describe_import(summary: ImportSummary) -> dict[str, str | int]:
    """Return the id of an import and the counts of what it made."""
    counts = asdict(summary)
    return {"import": counts.pop("id"), "written": True} | counts
