"""The commands below `records`: each opens the database, calls one function and prints one document."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skinbeam.cli.told import missing_group, show

if TYPE_CHECKING:
    from skinbeam.records.desk.desk import Desk
    from skinbeam.records.upkeep.verify import Checked

__all__ = ["records"]

records = typer.Typer(help="Looking after the records of clinics.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document.")]
Db = Annotated[
    str, typer.Option("--db", metavar="URL", envvar="SKINBEAM_DB", help="Path of an SQLite file, or postgresql://...")
]
ClinicName = Annotated[str, typer.Option("--clinic", help="Name of the clinic.")]


@records.command("upgrade")
def _upgrade(db: Db, json: Json = False) -> None:
    """Set a database up, or bring it to the revision that this version needs."""
    with _group():
        from skinbeam.records.store.upgrades import set_up
    import os

    before, after = set_up(db, os.environ)
    _told({"db": db}, {"revision_before": before or "none", "revision": after}, json=json)


@records.command("create-user")
def _create_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name to sign in with.")],
    db: Db,
    clinic: ClinicName,
    role: Annotated[str, typer.Option("--role", help="owner, clinician, assistant or auditor.")] = "owner",
    new_clinic: Annotated[bool, typer.Option("--new-clinic", help="Make the clinic; this is its first owner.")] = False,
    json: Json = False,
) -> None:
    """Let somebody into a clinic; the password is asked for, or read from a pipe, and never an argument."""
    with _group():
        from skinbeam.records.faults import fault
        from skinbeam.records.people.accounts import Accounts, create_clinic, operator
        from skinbeam.records.people.passwords import Passwords, check_password
        from skinbeam.records.roles import Role, role_of
        from skinbeam.records.store.upgrades import open_database
    import os

    asked = role_of(role)
    if new_clinic and asked != Role.OWNER:
        raise fault("first-owner", "--role")
    database = open_database(db, os.environ)
    try:
        if not new_clinic:
            operator(database, clinic)  # said before a password is asked for
        password = _password()
        check_password(password, name)
        acting = create_clinic(database, clinic) if new_clinic else operator(database, clinic)
        member = Accounts(database, acting, Passwords()).add(name, asked, password)
    finally:
        database.close()
    asked_for = {"db": db, "clinic": clinic, "name": name, "role": role, "new_clinic": new_clinic}
    _told(asked_for, {"clinic": member.clinic, "user": member.name, "role": str(member.role)}, json=json)


@records.command("verify")
def _verify(
    db: Db,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="NOTE", help="What this command told before, with --json.")
    ] = None,
    json: Json = False,
) -> None:
    """Check that nothing was altered, removed or put in behind the trail's back, and that every file is whole."""
    with _group():
        from skinbeam.records.store.upgrades import open_database
        from skinbeam.records.upkeep.verify import read_note, verify
    import os

    noted = () if against is None else read_note(against)
    database = open_database(db, os.environ)
    try:
        checked = verify(database, noted)
    finally:
        database.close()
    _report(checked, db, json=json)


@records.command("tidy")
def _tidy(db: Db, json: Json = False) -> None:
    """Remove files that no record names, older than a day, and plans' jobs that ended more than 30 days ago."""
    with _group():
        from skinbeam.records.store.upgrades import open_database
        from skinbeam.records.upkeep.tidy import tidy
    import os
    from dataclasses import asdict

    database = open_database(db, os.environ)
    try:
        removed = tidy(database)
    finally:
        database.close()
    _told({"db": db}, {"clinics": [{"clinic": name} | asdict(one) for name, one in removed.items()]}, json=json)


@records.command("backup")
def _backup(
    db: Db,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
    json: Json = False,
) -> None:
    """Write all clinics and their files, as they are at one moment, into one file; work may go on."""
    with _group():
        from skinbeam.records.store.upgrades import open_database
        from skinbeam.records.upkeep.backup import backup
    import os
    from dataclasses import asdict

    database = open_database(db, os.environ)
    try:
        saved = backup(database, output)
    finally:
        database.close()
    _told({"db": db}, {"backup": output.name} | asdict(saved), json=json)


@records.command("restore")
def _restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    db: Db,
    json: Json = False,
) -> None:
    """Bring a backup into an empty database of either kind, and check all of it."""
    with _group():
        from skinbeam.records.upkeep.backup import restore
    import os

    _report(restore(file, db, os.environ), db, json=json)


Pseudonym = Annotated[str, typer.Argument(metavar="PSEUDONYM", help="The patient's pseudonym.")]


@records.command("export")
def _export(
    db: Db,
    clinic: ClinicName,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The file to write.")],
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
    json: Json = False,
) -> None:
    """Write a patient's copy of everything that is kept of them, or what another system reads."""
    from skinbeam.cli.exchanging import exporter
    from skinbeam.document import write_atomically

    export = exporter(form, pseudonym)
    with _desk(db, clinic) as desk:
        content, told = export(desk, _patient(desk, pseudonym) if pseudonym else "")
    write_atomically(output, content)
    asked = {"db": db, "clinic": clinic, "patient": pseudonym, "as": form}
    _told(asked, {form: output.name, "bytes": len(content)} | told, json=json)


@records.command("import")
def _import(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What export has written: a copy (a ZIP), or a Bundle of FHIR.")
    ],
    db: Db,
    clinic: ClinicName,
    json: Json = False,
) -> None:
    """Take a patient's copy or Bundle in as a new patient; consent given elsewhere does not hold here."""
    from skinbeam.cli.exchanging import importer
    from skinbeam.errors import InputError

    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(
            "unreadable-file",
            f"it cannot be read: {error.strerror}",
            field="FILE",
            hint="A copy of a patient's records, or a Bundle.",
        ) from None
    take_in = importer(content)
    with _desk(db, clinic) as desk:
        patient, told = take_in(desk)
    _told({"db": db, "clinic": clinic}, {"patient": patient.pseudonym} | told, json=json)


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
    json: Json = False,
) -> None:
    """Erase a patient: who they are at once, the rest when the law no longer asks for it."""
    with _desk(db, clinic) as desk:
        until = desk.erasure.erase(_patient(desk, pseudonym), keep_years=keep_years)
    asked = {"db": db, "clinic": clinic, "patient": pseudonym, "keep_years": keep_years}
    _told(asked, {"erased": until is None} | ({} if until is None else {"kept_until": until.date()}), json=json)


@contextmanager
def _desk(db: str, clinic: str) -> "Iterator[Desk]":
    """The desk of whoever runs the machine."""
    with _group():
        from skinbeam.records.desk.desk import Desk
        from skinbeam.records.people.accounts import operator
        from skinbeam.records.store.upgrades import open_database
    import os

    database = open_database(db, os.environ)
    try:
        yield Desk(database, operator(database, clinic))
    finally:
        database.close()


def _patient(desk: "Desk", pseudonym: str) -> str:
    from skinbeam.records.faults import fault

    found = [patient.id for patient in desk.patients.all() if patient.pseudonym == pseudonym]
    if not found:
        raise fault("no-patient", "PSEUDONYM", pseudonym=pseudonym)
    return found[0]


@contextmanager
def _group() -> Iterator[None]:
    """Say how the libraries of the records are installed where they are missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing_group("records", error) from None


def _report(checked: "tuple[Checked, ...]", db: str, *, json: bool) -> None:
    """Print what was checked, or every finding."""
    from dataclasses import asdict

    from skinbeam.records.upkeep.verify import refused

    if any(one.findings for one in checked):
        raise refused(checked)
    clinics = [{name: value for name, value in asdict(one).items() if name != "findings"} for one in checked]
    _told({"db": db}, {"clinics": clinics}, json=json)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    from getpass import getpass

    from skinbeam.errors import InputError
    from skinbeam.messages import text

    password = getpass(text("records.password"))
    if getpass(text("records.password-again")) != password:
        raise InputError(
            "password-differs",
            text("records-fault.password-differs"),
            field="password",
            hint=text("records-fault.password-differs-hint"),
        )
    return password


def _told(asked: dict[str, Any], body: dict[str, Any], *, json: bool) -> None:
    from skinbeam.document import document, sha256_of

    show(document("skinbeam.records/1", case_sha256=sha256_of(asked), seed=0, body=body), json=json)
