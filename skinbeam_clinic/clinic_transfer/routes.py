"""Routes of the import from other programs: upload, a preview with every error, confirmation, and undo.

Each calls the function that the command of the same purpose calls. Between preview and confirmation the files stay in
memory, since they hold names; the import itself is planned again from the records as they are then.
"""

import datetime
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam.report.formatting import capitalise
from skinbeam.text import render_message, to_local_time
from skinbeam_clinic.appointments.models import AppointmentState
from skinbeam_clinic.clinic_transfer.mapping import ImportKind
from skinbeam_clinic.clinic_transfer.models import ImportPlan, ImportSummary
from skinbeam_clinic.clinic_transfer.planning import ImportFile
from skinbeam_clinic.clinic_transfer.preview import plan_files
from skinbeam_clinic.clinic_transfer.repository import Planner
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Member
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["MOST_LINES", "add_import_routes"]

MOST_LINES = 2_000  # of all files: some seconds, in which nobody else can save; the command imports more
_MAPPING = "mapping"
_SHOWN_ERRORS = 200
_SHOWN_RECORDS = 5  # of each kind
_WAITING_LIFE = datetime.timedelta(minutes=30)
_MOST_WAITING = 4  # of one member


def add_import_routes(router: ClinicRouter) -> None:
    """Add the routes of the import."""
    waiting = _WaitingImports()
    router.add("GET", "/imports", _show_imports)
    router.add("POST", "/imports/preview", lambda request: _preview(request, waiting), form=_show_imports)
    router.add("POST", "/imports", lambda request: _confirm(request, waiting), form=_show_imports)
    router.add("POST", "/imports/{import}/undo", _undo, form=_show_imports)


@dataclass(frozen=True)
class _Waiting:
    """The files of a preview, planned again when their owner confirms."""

    clinic_id: str
    member_id: str
    until: datetime.datetime
    plan: Planner

    def belongs_to(self, member: Member) -> bool:
        """Return whether this member sent them."""
        return (self.clinic_id, self.member_id) == (member.clinic_id, member.id)


class _WaitingImports:
    """The imports that wait for a confirmation: a few of each member, in memory alone.

    One that nobody confirmed within half an hour is let go at the next preview or confirmation of anybody.
    """

    def __init__(self) -> None:
        self._held: OrderedDict[str, _Waiting] = OrderedDict()
        self._turn = threading.Lock()

    def add(self, member: Member, plan: Planner) -> str:
        """Hold an import, and return its name; the oldest of this member are let go."""
        name = secrets.token_hex(16)
        with self._turn:
            self._drop_expired()
            self._held[name] = _Waiting(member.clinic_id, member.id, now() + _WAITING_LIFE, plan)
            own = [other for other, held in self._held.items() if held.belongs_to(member)]
            for other in own[:-_MOST_WAITING]:
                del self._held[other]
        return name

    @contextmanager
    def taking(self, member: Member, name: str) -> Iterator[Planner]:
        """Yield the import of this member, which no other request gets meanwhile; after an error it is available again.

        Raises
        ------
        InputError : `import-gone`.
        """
        with self._turn:
            self._drop_expired()
            stored = self._held.get(name)
            if stored is None or not stored.belongs_to(member):
                raise clinic_error("import-gone", "import")
            del self._held[name]
        try:
            yield stored.plan
        except BaseException:
            with self._turn:
                self._held[name] = stored
            raise

    def _drop_expired(self) -> None:
        at = now()
        for name in [name for name, held in self._held.items() if held.until < at]:
            del self._held[name]


@dataclass(frozen=True)
class _ErrorLine:
    """An error of a file, for display."""

    file: str
    place: str
    text: str
    hint: str


@dataclass(frozen=True)
class _PreviewTable:
    """The first records of a kind that would be made, as rows of texts."""

    kind: str
    count: int
    rows: tuple[tuple[str, ...], ...]


def _show_imports(
    request: ClinicRequest,
    error: InputError | None = None,
    *,
    plan: ImportPlan | None = None,
    waiting: str = "",
    summary: ImportSummary | None = None,
) -> Response:
    errors = () if error is None or not error.code.startswith("import-") or not error.file else _list_errors(error)
    return request.page(
        "imports.html",
        None if error is None else error_status(error),
        error=None if errors else error,
        errors=errors[:_SHOWN_ERRORS],
        more_errors=max(0, len(errors) - _SHOWN_ERRORS),
        tables=() if plan is None else _preview_tables(plan),
        columns=() if plan is None else _column_uses(plan),
        waiting=waiting,
        made=summary,
        imports=request.repositories.imports.list_done(),
        most=MOST_LINES,
    )


def _list_errors(error: InputError) -> tuple[_ErrorLine, ...]:
    every = [error, *error.further_errors]
    return tuple(
        _ErrorLine(error.file, error.field, f"{capitalise(error.message.rstrip('.'))}.", error.hint) for error in every
    )


def _preview_tables(plan: ImportPlan) -> tuple[_PreviewTable, ...]:
    def moment(at: datetime.datetime) -> str:
        return f"{to_local_time(at):%Y-%m-%d %H:%M}"

    patients = tuple(
        (patient.pseudonym, patient.contact.get("name", ""), patient.contact.get("born", ""))
        for patient in plan.patients[:_SHOWN_RECORDS]
    )
    appointments = tuple(
        (
            moment(appointment.starts_at),
            render_message(f"appointment-for.{appointment.purpose}"),
            ""
            if appointment.state is AppointmentState.BOOKED
            else render_message(f"appointment-state.{appointment.state}"),
        )
        for appointment in plan.appointments[:_SHOWN_RECORDS]
    )
    courses = tuple((moment(course.began_at)[:10], str(course.sessions)) for course in plan.courses[:_SHOWN_RECORDS])
    closed = tuple(
        (f"{days.first_day} – {days.last_day}", render_message("closed-days.each-year") if days.yearly else "")
        for days in plan.closed_days[:_SHOWN_RECORDS]
    )
    return (
        _PreviewTable(ImportKind.PATIENTS, len(plan.patients), patients),
        _PreviewTable(ImportKind.APPOINTMENTS, len(plan.appointments), appointments),
        _PreviewTable(ImportKind.SESSIONS, plan.sessions, courses),
        _PreviewTable(ImportKind.CLOSED_DAYS, len(plan.closed_days), closed),
    )


def _column_uses(plan: ImportPlan) -> tuple[tuple[str, str], ...]:
    """Return for each file what every column is used for."""
    uses: dict[str, list[str]] = {}
    for file, fields in plan.columns.items():
        uses[file] = [f"{' + '.join(columns)} → {name}" for name, columns in fields.items()]
        if left_out := plan.ignored[file]:
            uses[file].append(f"{', '.join(left_out)} → {render_message('import-page.ignored')}")
    return tuple((file, " · ".join(used)) for file, used in uses.items())


def _preview(request: ClinicRequest, waiting: _WaitingImports) -> Response:
    plan = _planner(request)
    made = request.repositories.imports.preview(plan)
    return _show_imports(request, plan=made, waiting=waiting.add(request.member_session.member, plan))


def _planner(request: ClinicRequest) -> Planner:
    """Return the plan of the files that were sent.

    Raises
    ------
    InputError : there is none, they are too long for this page, or the mapping is wrong.
    """
    files: Sequence[ImportFile] = [
        ImportFile(kind, request.uploads[kind.value].name, request.uploads[kind.value].content)
        for kind in ImportKind
        if kind.value in request.uploads
    ]
    mapping = request.uploads.get(_MAPPING)
    sent = None if mapping is None else (mapping.content, mapping.name)
    return plan_files(files, sent, most_rows=MOST_LINES)


def _confirm(request: ClinicRequest, waiting: _WaitingImports) -> Response:
    name = request.text("waiting")
    with waiting.taking(request.member_session.member, name) as plan:  # a second click finds nothing to import
        made = request.repositories.imports.write(plan)
    return _show_imports(request, summary=made)


def _undo(request: ClinicRequest) -> Response:
    """Undo an import; one that this clinic has not made, or has undone, does not exist."""
    imports, id = request.repositories.imports, request.path_parameter("import")
    if id not in {done.summary.id for done in imports.list_done()}:
        raise clinic_error("absent", "import")
    imports.undo(id)
    return request.redirect("/imports")
