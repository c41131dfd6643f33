"""Commands below `skinbeam records`: each opens the database, calls one function and prints one document."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skinbeam.cli.common import print_document, require_path

if TYPE_CHECKING:
    from skinbeam_clinic.database.connection import Database
    from skinbeam_clinic.database.reseal import ResealSummary
    from skinbeam_clinic.database.verification import ClinicCheck
    from skinbeam_clinic.repositories import ClinicRepositories

__all__ = ["ZoneName", "records"]

records = typer.Typer(help="Looking after the records of clinics.", no_args_is_help=True)

RecordsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
Db = Annotated[
    str, typer.Option("--db", metavar="URL", envvar="SKINBEAM_DB", help="Path of an SQLite file, or postgresql://...")
]
ClinicName = Annotated[str, typer.Option("--clinic", help="Name of the clinic.")]


@records.command("upgrade")
def _upgrade(db: Db, json: RecordsJson = False) -> None:
    """Set a database up, or bring it to the revision that this version needs."""
    import os

    from skinbeam_clinic.database.revisions import upgrade_database

    before, after = upgrade_database(db, os.environ)
    _print_result({"db": db}, {"revision_before": before or "none", "revision": after}, json=json)


@records.command("create-user")
def _create_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    db: Db,
    clinic: ClinicName,
    role: Annotated[str, typer.Option("--role", help="owner, clinician, assistant or auditor.")] = "owner",
    new_clinic: Annotated[bool, typer.Option("--new-clinic", help="Make the clinic; this is its first owner.")] = False,
    without_factor: Annotated[
        bool, typer.Option("--without-second-factor", help="Let members of the new clinic in by password alone.")
    ] = False,
    json: RecordsJson = False,
) -> None:
    """Let somebody into a clinic; the password is asked for, or read from a pipe, and never an argument."""
    from skinbeam_clinic.access import Role, parse_role
    from skinbeam_clinic.accounts.passwords import PasswordHasher, check_password, display_name
    from skinbeam_clinic.accounts.repository import AccountRepository, clinic_operator, create_clinic
    from skinbeam_clinic.errors import clinic_error

    asked = parse_role(role)
    if new_clinic and asked != Role.OWNER:
        raise clinic_error("first-owner", "--role")
    with _open_database(db) as database:  # what is wrong with a name is reported before the password is asked for
        display_name(name)
        if new_clinic:
            display_name(clinic, field="clinic")
        else:
            clinic_operator(database, clinic)
        password = _ask_password()
        check_password(password, name, clinic)
        acting = (
            create_clinic(database, clinic, factor_required=not without_factor)
            if new_clinic
            else clinic_operator(database, clinic)
        )
        member = AccountRepository(database, acting, PasswordHasher()).add(name, asked, password)
    asked_for = {"db": db, "clinic": clinic, "name": name, "role": role, "new_clinic": new_clinic}
    _print_result(asked_for, {"clinic": member.clinic, "user": member.name, "role": str(member.role)}, json=json)


@records.command("verify")
def _verify(
    db: Db,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="NOTE", help="What this command told before, with --json.")
    ] = None,
    json: RecordsJson = False,
) -> None:
    """Check that nothing was altered, removed or put in behind the trail's back, and that every file is whole."""
    from skinbeam_clinic.database.verification import read_noted_ends, verify_database

    noted = () if against is None else read_noted_ends(against)
    with _open_database(db) as database:
        checked = verify_database(database, noted)
    _print_findings(checked, db, json=json)


@records.command("tidy")
def _tidy(db: Db, json: RecordsJson = False) -> None:
    """Remove files that no record names, older than a day, and plans' jobs that ended more than 30 days ago."""
    from dataclasses import asdict

    from skinbeam_clinic.database.cleanup import clean_database

    with _open_database(db) as database:
        removed = clean_database(database)
    _print_result(
        {"db": db}, {"clinics": [{"clinic": name} | asdict(summary) for name, summary in removed.items()]}, json=json
    )


@records.command("reseal")
def _reseal(db: Db, json: RecordsJson = False) -> None:
    """Encrypt everything with the first key of SKINBEAM_KEY, so that the others can be removed; work may go on."""
    from skinbeam_clinic.database.reseal import reseal_database

    with _open_database(db) as database:
        done = reseal_database(database)
    _print_findings(done, db, json=json)


@records.command("backup")
def _backup(
    db: Db,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", parser=require_path, metavar="FILE", help="The file to write.", show_default=False
        ),
    ] = None,
    into: Annotated[
        Path | None,
        typer.Option(
            "--into",
            parser=require_path,
            metavar="FOLDER",
            help="Instead: the folder of backups, in which the file is named by its time.",
            show_default=False,
        ),
    ] = None,
    keep_days: Annotated[
        int, typer.Option("--keep-days", min=0, help="With --into: keep the newest backup of so many days.")
    ] = 0,
    keep_weeks: Annotated[int, typer.Option("--keep-weeks", min=0, help="And of so many weeks.")] = 0,
    keep_months: Annotated[
        int, typer.Option("--keep-months", min=0, help="And of so many months; all others so named are removed.")
    ] = 0,
    json: RecordsJson = False,
) -> None:
    """Write all clinics and their files, as they are at one moment, into one file; work may go on."""
    from dataclasses import asdict

    from skinbeam_clinic.database.backup import write_backup
    from skinbeam_clinic.database.backup_rotation import BackupRetention, write_rotated_backup
    from skinbeam_clinic.errors import clinic_error

    retention = BackupRetention(keep_days, keep_weeks, keep_months)
    if (output is None) == (into is None) or (output and retention != BackupRetention()):
        raise clinic_error("backup-place", "--into" if output else "--output")
    with _open_database(db) as database:
        if output:
            body = {"backup": output.name} | asdict(write_backup(database, output))
        else:
            assert into is not None
            written = write_rotated_backup(database, into, retention)
            body = {"backup": written.backup} | asdict(written.summary) | {"removed": list(written.removed)}
    _print_result({"db": db}, body, json=json)


@records.command("restore")
def _restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    db: Db,
    json: RecordsJson = False,
) -> None:
    """Bring a backup into an empty database of either kind, and check all of it."""
    import os

    from skinbeam_clinic.database.backup import restore_backup

    _print_findings(restore_backup(file, db, os.environ), db, json=json)


@records.command("rehearse")
def _rehearse(
    place: Annotated[
        Path | None,
        typer.Argument(
            metavar="BACKUP",
            envvar="SKINBEAM_BACKUPS",
            help="A backup, or the folder of backups (*.tar), of which the newest is taken.",
            show_default=False,
        ),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            metavar="URL",
            envvar="SKINBEAM_DB",
            help="The database in use, whose audit log notes the rehearsal.",
        ),
    ] = None,
    json: RecordsJson = False,
) -> None:
    """Restore a backup into a throw-away place, check all of it, and leave nothing behind."""
    import os
    from dataclasses import asdict

    from skinbeam_clinic.database.rehearsal import find_newest_backup, note_rehearsal, rehearse_restore
    from skinbeam_clinic.database.verification import verification_error

    rehearsal = rehearse_restore(find_newest_backup(place), os.environ)
    if any(clinic.findings for clinic in rehearsal.clinics):
        raise verification_error(rehearsal.clinics)
    if db:
        with _open_database(db) as database:
            note_rehearsal(database)
    body = asdict(rehearsal) | {"written_at": rehearsal.written_at.isoformat(timespec="seconds"), "noted": bool(db)}
    _print_result({"backup": rehearsal.backup, "db": db or ""}, body | {"clinics": rehearsal.clinics}, json=json)


ZoneName = Annotated[
    str | None,
    typer.Option(
        "--time-zone",
        envvar="SKINBEAM_TIME_ZONE",
        help="Where the clinic's clocks stand, such as Europe/Zurich; else as this machine's.",
    ),
]
Pseudonym = Annotated[str, typer.Argument(metavar="PSEUDONYM", help="The patient's pseudonym.")]


@records.command("export")
def _export(
    db: Db,
    clinic: ClinicName,
    output: Annotated[
        Path, typer.Option("-o", "--output", parser=require_path, metavar="FILE", help="The file to write.")
    ],
    pseudonym: Annotated[
        str,
        typer.Argument(metavar="PSEUDONYM", help="The patient; none for a table of the clinic.", show_default=False),
    ] = "",
    form: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="FORM",
            help="copy: a ZIP of everything. Under the pseudonym fhir, a Bundle, or dicom, a ZIP of photographs. "
            "Of the clinic csv or parquet: plans and choices, anonymised; practice or evidence: doses with harms, or "
            "outcomes, in groups of ten people or more, for a reviewed release.",
        ),
    ] = "copy",
    time_zone: ZoneName = None,
    json: RecordsJson = False,
) -> None:
    """Write a patient's copy of everything that is kept of them, or what another system reads."""
    from skinbeam.model.document import dataclass_fields
    from skinbeam_clinic.clinic_transfer.private_files import refuse_existing, write_private_file
    from skinbeam_clinic.exchange.record_formats import make_exporter

    export = make_exporter(form, pseudonym)
    with _use_zone(time_zone), _open_repositories(db, clinic) as repositories:
        patient = _find_patient(repositories, pseudonym) if pseudonym else ""
        refuse_existing(output)
        content, result = export(repositories, patient)
    write_private_file(output, content)
    asked = {"db": db, "clinic": clinic, "patient": pseudonym, "as": form}
    _print_result(asked, {form: output.name, "bytes": len(content)} | dataclass_fields(result), json=json)


@records.command("import")
def _import(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What export has written: a copy (a ZIP), or a Bundle of FHIR.")
    ],
    db: Db,
    clinic: ClinicName,
    time_zone: ZoneName = None,
    json: RecordsJson = False,
) -> None:
    """Take a patient's copy or Bundle in as a new patient; consent given elsewhere does not hold here."""
    from skinbeam.model.errors import InputError
    from skinbeam_clinic.exchange.record_formats import make_importer

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            "unreadable-file",
            f"it cannot be read: {error.strerror}",
            field="FILE",
            hint="A copy of a patient's records, or a Bundle.",
        ) from None
    with _use_zone(time_zone), _open_repositories(db, clinic) as repositories:
        take_in = make_importer(content)
        patient, result = take_in(repositories)
    _print_result({"db": db, "clinic": clinic}, {"patient": patient.pseudonym, **result}, json=json)


@records.command("import-csv")
def _import_csv(
    db: Db,
    clinic: ClinicName,
    patients: Annotated[
        Path | None, typer.Option("--patients", metavar="CSV", help="The patients.", show_default=False)
    ] = None,
    appointments: Annotated[
        Path | None, typer.Option("--appointments", metavar="CSV", help="Their appointments.", show_default=False)
    ] = None,
    sessions: Annotated[
        Path | None, typer.Option("--sessions", metavar="CSV", help="Their past sessions.", show_default=False)
    ] = None,
    closed_days: Annotated[
        Path | None,
        typer.Option("--closed-days", metavar="CSV", help="Days on which the clinic is closed.", show_default=False),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--map", metavar="TOML", help="Columns, dates and words of these files.", show_default=False),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Import; without it, only say what would be made.")] = False,
    time_zone: ZoneName = None,
    json: RecordsJson = False,
) -> None:
    """Import patients, appointments and past sessions of another program: everything, or nothing."""
    from skinbeam_clinic.clinic_transfer.mapping import ImportKind
    from skinbeam_clinic.clinic_transfer.preview import describe_import, describe_plan, make_planner

    files = (patients, appointments, sessions, closed_days)
    named = {kind: path for kind, path in zip(ImportKind, files, strict=True) if path is not None}
    plan = make_planner(named, mapping)
    with _use_zone(time_zone), _open_repositories(db, clinic) as repositories:
        result = (
            describe_import(repositories.imports.write(plan))
            if write
            else describe_plan(repositories.imports.preview(plan))
        )
    _print_result({"db": db, "clinic": clinic}, result, json=json)


@records.command("undo-import")
def _undo_import(
    id: Annotated[str, typer.Argument(metavar="IMPORT", help="What import-csv --write has printed.")],
    db: Db,
    clinic: ClinicName,
    json: RecordsJson = False,
) -> None:
    """Remove what an import has added, as long as nobody has worked on it."""
    from skinbeam_clinic.clinic_transfer.preview import describe_import

    with _open_repositories(db, clinic) as repositories:
        removed = repositories.imports.undo(id)
    _print_result({"db": db, "clinic": clinic}, {"undone": True} | describe_import(removed), json=json)


@records.command("export-clinic")
def _export_clinic(
    db: Db,
    clinic: ClinicName,
    output: Annotated[
        Path, typer.Option("-o", "--output", parser=require_path, metavar="FOLDER", help="The folder to make.")
    ],
    time_zone: ZoneName = None,
    json: RecordsJson = False,
) -> None:
    """Write everything of a clinic into a folder: CSV, and of each patient a copy and a Bundle of FHIR."""
    from skinbeam_clinic.clinic_transfer.export import export_clinic

    with _use_zone(time_zone), _open_repositories(db, clinic) as repositories:
        counts = export_clinic(repositories, output)
    _print_result({"db": db, "clinic": clinic}, {"folder": output.name} | counts, json=json)


@records.command("erase")
def _erase(
    pseudonym: Pseudonym,
    db: Db,
    clinic: ClinicName,
    keep_years: Annotated[
        int,
        typer.Option(
            "--keep-years",
            min=0,
            max=100,
            envvar="SKINBEAM_KEEP_YEARS",
            help="How long the law makes you keep records of treatment.",
        ),
    ],
    json: RecordsJson = False,
) -> None:
    """Erase a patient: who they are at once, the rest when the law no longer asks for it."""
    with _open_repositories(db, clinic) as repositories:
        patient = _find_patient(repositories, pseudonym)
        until = repositories.erasure.erase(patient, retention_years=keep_years)
        left = (
            {}
            if until is None
            else {"kept_until": until.date(), "kept_as": repositories.patients.get(patient).pseudonym}
        )
    asked = {"db": db, "clinic": clinic, "patient": pseudonym, "keep_years": keep_years}
    _print_result(asked, {"erased": until is None} | left, json=json)


@contextmanager
def _use_zone(time_zone: str | None) -> "Iterator[None]":
    """Set the time zone of the clinic for the dates and times that are read and written."""
    from skinbeam.text import use_time_zone
    from skinbeam_clinic.time_zones import parse_time_zone

    with use_time_zone(parse_time_zone(time_zone)):
        yield


@contextmanager
def _open_repositories(db: str, clinic: str) -> "Iterator[ClinicRepositories]":
    """Open the repositories of a clinic, with the rights of the operator who runs the machine."""
    from skinbeam_clinic.accounts.repository import clinic_operator
    from skinbeam_clinic.repositories import ClinicRepositories

    with _open_database(db) as database:
        yield ClinicRepositories(database, clinic_operator(database, clinic))


@contextmanager
def _open_database(db: str) -> "Iterator[Database]":
    import os

    from skinbeam_clinic.database.revisions import open_database

    database = open_database(db, os.environ)
    try:
        yield database
    finally:
        database.close()


def _find_patient(repositories: "ClinicRepositories", pseudonym: str) -> str:
    from skinbeam_clinic.errors import clinic_error

    ids = [patient.id for patient in repositories.patients.list_all() if patient.pseudonym == pseudonym]
    if not ids:
        raise clinic_error("no-patient", "PSEUDONYM", pseudonym=pseudonym)
    return ids[0]


def _print_findings(checked: "tuple[ClinicCheck, ...] | tuple[ResealSummary, ...]", db: str, *, json: bool) -> None:
    """Print the counts of what was checked or done, or raise an error with all findings."""
    from skinbeam_clinic.database.verification import verification_error

    if any(summary.findings for summary in checked):
        raise verification_error(checked)
    _print_result({"db": db}, {"clinics": checked}, json=json)


def _ask_password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    from skinbeam.text import render_message
    from skinbeam_clinic.errors import clinic_error

    password = getpass(render_message("records.password"))
    if getpass(render_message("records.password-again")) != password:
        raise clinic_error("password-differs", "password")
    return password


def _print_result(options: dict[str, Any], body: dict[str, Any], *, json: bool) -> None:
    from skinbeam.model.document import build_document, sha256_hex

    print_document(build_document("skinbeam.records/1", case_sha256=sha256_hex(options), seed=0, body=body), json=json)
