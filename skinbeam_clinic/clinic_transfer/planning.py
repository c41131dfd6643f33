"""Plan an import: check every line against the mapping and the clinic's records, and say what would be made.

Nothing is written. All errors of all files are found at once, each with its line, its column, what was read, and what
would be right.
"""

import datetime
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from skinbeam.model.case import Case
from skinbeam.model.conditions import known_sites
from skinbeam.model.errors import InputError, nearest_name
from skinbeam.model.input_files import parse_record
from skinbeam.text import from_local_time, to_local_time
from skinbeam_clinic.access import PERMITTED_ROLES, AccessRight
from skinbeam_clinic.appointments.closed_days import can_be_closed
from skinbeam_clinic.appointments.models import AppointmentState, Purpose
from skinbeam_clinic.appointments.repository import LASER_PURPOSES, LONGEST_APPOINTMENT, SHORTEST_APPOINTMENT
from skinbeam_clinic.clinic_transfer.csv_files import CsvFile, CsvLine, import_error, read_csv
from skinbeam_clinic.clinic_transfer.mapping import FIELDS, FileMapping, ImportKind, map_columns
from skinbeam_clinic.clinic_transfer.models import (
    BusyTime,
    ClinicSnapshot,
    ImportPlan,
    NewAppointment,
    NewClosedDays,
    NewPatient,
    PastCourse,
)
from skinbeam_clinic.consultations.forms import form_entries, holds_number, make_submission
from skinbeam_clinic.patients.contact_details import EMAIL, OLDEST_YEARS, is_phone_number, is_possible_birth
from skinbeam_clinic.patients.repository import LONGEST_PSEUDONYM, contains_name, free_numbers, plain_pseudonym
from skinbeam_clinic.typed_numbers import parse_number
from skinbeam_clinic.used_cooling import CoolingKind

__all__ = ["ImportFile", "plan_import"]

_YEAR = re.compile(r"\d{4}", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
_MINUTES = re.compile(r"\d{1,3}", re.ASCII)
_SESSION_NUMBERS = tuple(name for name in FIELDS[ImportKind.SESSIONS] if holds_number(f"session.0.{name}"))
# Programs write the numbers of a file, and this one its own exports: unlike in one that a person types into a form, a
# point is a decimal sign, and small numbers have an exponent.
_FILE_NUMBER = re.compile(r"[+-]?(\d+\.\d+|\d+(\.\d+|,\d{1,2})?[eE][+-]?\d{1,3})", re.ASCII)
_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d+", re.ASCII)  # what a spreadsheet leaves of a long number
_MIDNIGHT = re.compile(r"[ T]00:00(:00(\.0+)?)?", re.ASCII)  # the time that databases write after a day
_WEEK = datetime.timedelta(weeks=1)
_PastSession = dict[str, str | float | list[str]]  # a row of the case file's table of sessions
_NOON = datetime.time(12)
_BETWEEN_EVENTS = "; "  # as an export joins adverse events


@dataclass(frozen=True)
class ImportFile:
    """A file of an import: its kind, name and content."""

    kind: ImportKind
    name: str
    content: bytes


def plan_import(
    files: Sequence[ImportFile],
    mappings: Mapping[ImportKind, FileMapping],
    clinic: ClinicSnapshot,
    at: datetime.datetime,
) -> ImportPlan:
    """Return what an import would make.

    Parameters
    ----------
    at : the current time, which tells past appointments from future ones.

    Raises
    ------
    InputError : the first error, with the others as further errors.
    """
    planner = _Planner(clinic, at)
    order = list(ImportKind)
    columns, ignored, hashes = {}, {}, {}
    for file in sorted(files, key=lambda file: order.index(file.kind)):
        mapping = mappings.get(file.kind, FileMapping())
        hashes[file.name] = hashlib.sha256(file.content).hexdigest()
        try:
            table, errors = read_csv(file.content, file.name, mapping.layout)
            planner.errors += errors
            if hashes[file.name] in clinic.past_files:
                known = clinic.past_files[hashes[file.name]]
                planner.errors.append(import_error("file-again", file.name, 1, id=known))
            columns[file.name] = map_columns(file.kind, table, mapping)
            ignored[file.name] = tuple(name for name in table.columns if name in mapping.ignore)
        except InputError as error:
            planner.errors += [error, *error.further_errors]
            continue
        planner.read(file.kind, table, columns[file.name], mapping)
    if planner.errors:
        raise planner.errors[0].with_further_errors(planner.errors[1:])
    return ImportPlan(
        tuple(planner.patients),
        tuple(planner.appointments),
        tuple(planner.courses),
        tuple(planner.closed_days),
        columns,
        ignored,
        hashes,
    )


@dataclass
class _Row:
    """A row of a file with the text of each field; its errors name line and column."""

    file: str
    row: CsvLine
    columns: Mapping[str, tuple[str, ...]]
    mapping: FileMapping

    @property
    def line(self) -> int:
        return self.row.line

    def text(self, name: str) -> str:
        """Return the text of a field, in the words of the records where the mapping translates it."""
        columns = self.columns.get(name, ())
        raw = " ".join(text for column in columns if (text := self.row.cells[column]))
        return self.mapping.words.get(name, {}).get(raw, raw)

    def needed(self, name: str) -> str:
        """Return the text of a field that must not be empty."""
        if not (text := self.text(name)):
            raise self.error("cell-empty", name)
        return text

    def whole(self, name: str) -> str:
        """Return the text of a field that a spreadsheet may have taken for a number, if no digit of it is lost."""
        if _ROUNDED.fullmatch(text := self.text(name)):
            raise self.error("rounded", name, read=text)
        return text

    def error(self, code: str, name: str, **read: str) -> InputError:
        """Return an error of a field of this row."""
        return import_error(code, self.file, self.line, " + ".join(self.columns.get(name, (name,))), **read)

    def date(self, name: str, text: str) -> datetime.date:
        """Return a date in the format that was told; a time after it must be midnight, which stands for none."""
        match = self.mapping.date_pattern.match(text)
        if match is not None and text[match.end() :] and not _MIDNIGHT.fullmatch(text[match.end() :]):
            match = None
        if match is not None:
            try:
                return datetime.date(int(match["year"]), int(match["month"]), int(match["day"]))
            except ValueError:
                pass
        raise self.error("date", name, read=text, right=self.mapping.dates)

    def choice(self, name: str, text: str, words: Sequence[str]) -> str:
        """Return a word that is one of those known."""
        if text in words:
            return text
        near = nearest_name(text, words)
        raise self.error("word", name, read=text, right=near or ", ".join(words) or "–", field=name)

    def moment(self, date: datetime.date, time: datetime.time, name: str) -> datetime.datetime:
        """Return a moment of the clinic's local time."""
        try:
            return from_local_time(datetime.datetime.combine(date, time))
        except (ValueError, OverflowError):
            raise self.error("time", name, read=f"{date} {time:%H:%M}") from None


@dataclass
class _Planner:
    """An import being planned: what would be made so far, and the errors so far."""

    clinic: ClinicSnapshot
    at: datetime.datetime
    patients: list[NewPatient] = field(default_factory=list)
    appointments: list[NewAppointment] = field(default_factory=list)
    courses: list[PastCourse] = field(default_factory=list)
    closed_days: list[NewClosedDays] = field(default_factory=list)
    errors: list[InputError] = field(default_factory=list)
    _lines: dict[tuple[str, str], str] = field(default_factory=dict)  # what must be unique → where it stands

    def read(
        self, kind: ImportKind, table: CsvFile, columns: Mapping[str, tuple[str, ...]], mapping: FileMapping
    ) -> None:
        rows = [_Row(table.name, row, columns, mapping) for row in table.rows]
        if kind is ImportKind.PATIENTS:
            self._read_patients(rows)
        elif kind is ImportKind.APPOINTMENTS:
            self._read_appointments(rows)
        elif kind is ImportKind.SESSIONS:
            self._read_sessions(rows)
        else:
            self._read_closed_days(rows)

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            self.errors.append(error)

    # Patients.

    def _read_patients(self, rows: Sequence[_Row]) -> None:
        chosen = {row.text("pseudonym") for row in rows}
        numbers = free_numbers(self.clinic.pseudonyms | (chosen - {""}))
        for row in rows:
            with self._collecting():
                self.patients.append(self._read_patient(row, numbers))

    def _read_patient(self, row: _Row, numbers: Iterator[str]) -> NewPatient:
        name, pseudonym, number = row.text("name"), row.text("pseudonym"), row.whole("number")
        if not name and not pseudonym:
            raise row.error("cell-empty", "name")
        born, year = self._read_birth(row)
        email = row.text("email")
        if email and EMAIL.fullmatch(email) is None:
            raise row.error("email", "email", read=email)
        phone = row.whole("phone")
        if phone and not is_phone_number(phone):
            raise row.error("phone", "phone", read=phone)
        if len(pseudonym) > LONGEST_PSEUDONYM:
            raise row.error("pseudonym", "pseudonym", read=pseudonym, longest=str(LONGEST_PSEUDONYM))
        if contains_name(pseudonym, name):
            raise row.error("pseudonym-name", "pseudonym", read=pseudonym)
        unique = {"number": number, "pseudonym": plain_pseudonym(pseudonym)}
        self._refuse_duplicates(row, unique, f"{name.casefold()} {born}".strip())
        contact = {"name": name, "born": born, "phone": phone, "email": email}
        contact |= {"address": row.text("address"), "number": number}
        plain = {key: value for key, value in contact.items() if value}
        key = f"line {row.line}"
        for word in (number, pseudonym):
            if word:
                self._references.setdefault(word, set()).add(key)
        return NewPatient(key, row.line, pseudonym or next(numbers), year, plain)

    def _read_birth(self, row: _Row) -> tuple[str, int | None]:
        """Return the date of birth as text, and the year of birth."""
        text, year = row.text("born"), row.text("year_of_birth")
        today = to_local_time(self.at).date()
        first, last = today.year - OLDEST_YEARS, today.year
        if year and not (_YEAR.fullmatch(year) and first <= int(year) <= last):
            raise row.error("year", "year_of_birth", read=year, first=str(first), last=str(last))
        if not text:
            return "", int(year) if year else None
        born = row.date("born", text)
        if not is_possible_birth(born, today):
            raise row.error("born", "born", read=text, first=str(first))
        if year and int(year) != born.year:
            raise row.error("year-differs", "year_of_birth", read=year, born=text)
        return born.isoformat(), born.year

    def _refuse_duplicates(self, row: _Row, unique: Mapping[str, str], person: str) -> None:
        for name, text in unique.items():
            if text in self._known[name]:
                raise row.error("known", name, read=row.text(name), patient=self._known[name][text])
            if text:
                self._refuse_repetition(row, name, text)
        if row.text("name") and row.text("born"):
            if person in self._people:
                raise row.error("known", "name", read=row.text("name"), patient=self._people[person])
            self._refuse_repetition(row, "name", person)

    @cached_property
    def _known(self) -> dict[str, dict[str, str]]:
        """Field → text of it that a patient of the clinic has, a pseudonym in its plain form → pseudonym."""
        numbers = {patient.number: patient.pseudonym for patient in self.clinic.patients if patient.number}
        return {"number": numbers, "pseudonym": {plain_pseudonym(name): name for name in self.clinic.pseudonyms}}

    @cached_property
    def _people(self) -> dict[str, str]:
        """Name and date of birth of each patient of the clinic → pseudonym."""
        return {
            f"{patient.name.casefold()} {patient.born}": patient.pseudonym
            for patient in self.clinic.patients
            if patient.born
        }

    def _refuse_repetition(self, row: _Row, name: str, text: str) -> None:
        place = f"{row.file} {row.line}"
        first = self._lines.setdefault((name, text), place)
        if first != place:
            raise row.error("repeated", name, read=row.text(name), other=first.rpartition(" ")[2])

    # Appointments and sessions, each of a patient who is in the file of patients or in the clinic.

    @cached_property
    def _references(self) -> dict[str, set[str]]:
        """Number or pseudonym → keys of the patients whom it may mean."""
        references: dict[str, set[str]] = {}
        for patient in self.clinic.patients:
            for word in (patient.number, patient.pseudonym):
                if word:
                    references.setdefault(word, set()).add(patient.id)
        return references

    def _find_patient(self, row: _Row) -> str:
        row.needed("patient")
        text = row.whole("patient")
        patients = self._references.get(text, set())
        if len(patients) > 1:
            raise row.error("patient-unclear", "patient", read=text)
        if not patients:
            raise row.error("no-patient", "patient", read=text)
        return next(iter(patients))

    def _read_appointments(self, rows: Sequence[_Row]) -> None:
        appointments: list[tuple[_Row, NewAppointment]] = []
        for row in rows:
            with self._collecting():
                appointments.append((row, self._read_appointment(row)))
        self.appointments += [appointment for _, appointment in appointments]
        self._refuse_clashes(appointments)

    def _read_appointment(self, row: _Row) -> NewAppointment:
        patient, date = self._find_patient(row), row.date("date", row.needed("date"))
        clock = _TIME.fullmatch(row.needed("time"))
        if clock is None or int(clock[1]) > 23 or int(clock[2]) > 59:
            raise row.error("time", "time", read=row.text("time"))
        starts_at = row.moment(date, datetime.time(int(clock[1]), int(clock[2])), "time")
        minutes = row.needed("minutes")
        length = datetime.timedelta(minutes=int(minutes) if _MINUTES.fullmatch(minutes) else 0)
        if not SHORTEST_APPOINTMENT <= length <= LONGEST_APPOINTMENT:
            raise row.error("minutes", "minutes", read=minutes)
        purpose = Purpose(row.choice("purpose", row.needed("purpose"), [purpose.value for purpose in Purpose]))
        state = self._read_state(row, starts_at)
        appointment = NewAppointment(
            patient,
            row.line,
            self._find_member(row, purpose, starts_at),
            self._find_machine(row, starts_at),
            purpose,
            starts_at,
            starts_at + length,
            state,
        )
        if state is not AppointmentState.CANCELLED:  # its time may have been booked again
            self._refuse_repetition(row, "patient", f"appointment {patient} {starts_at}")
        return appointment

    def _read_state(self, row: _Row, starts_at: datetime.datetime) -> AppointmentState:
        """Return the state; that of a past appointment must be in the file, since it cannot be guessed."""
        text = row.text("state")
        if not text and starts_at > self.at:
            return AppointmentState.BOOKED
        states = [state.value for state in AppointmentState]
        ahead = [AppointmentState.BOOKED.value, AppointmentState.CANCELLED.value]
        return AppointmentState(row.choice("state", text, ahead if starts_at > self.at else states))

    def _find_member(self, row: _Row, purpose: Purpose, starts_at: datetime.datetime) -> str:
        name = row.needed("member")
        if name.casefold() not in self.clinic.members:
            raise row.error("word", "member", read=name, right=", ".join(sorted(self.clinic.members)), field="member")
        id, role = self.clinic.members[name.casefold()]
        act = AccessRight.TREAT if purpose in LASER_PURPOSES else AccessRight.WRITE
        if starts_at > self.at and (role is None or role not in PERMITTED_ROLES[act]):
            raise row.error("member", "member", read=name)
        return id

    def _find_machine(self, row: _Row, starts_at: datetime.datetime) -> str | None:
        """Return the machine of this name; for a future appointment, of those in use."""
        text = row.text("machine")
        if not text:
            return None
        usable = {
            name: found
            for name, machines in self.clinic.machines.items()
            if (found := [machine for machine in machines if starts_at <= self.at or not machine.retired])
        }
        found = usable[row.choice("machine", text, sorted(usable))]
        if len(found) > 1:
            raise row.error("machine-unclear", "machine", read=text)
        return found[0].id

    def _refuse_clashes(self, appointments: Sequence[tuple[_Row, NewAppointment]]) -> None:
        """Refuse future appointments at which somebody is elsewhere; what is past cannot be put right any more."""
        busy: dict[tuple[str, str], list[tuple[datetime.datetime, datetime.datetime, int]]] = {}
        for taken in self.clinic.busy_times:
            for resource in _resources(taken):
                busy.setdefault(resource, []).append((taken.starts_at, taken.ends_at, 0))
        rows = {row.line: row for row, _ in appointments}
        for row, appointment in appointments:
            if appointment.state is AppointmentState.BOOKED:
                for resource in _resources(
                    BusyTime(
                        appointment.patient,
                        appointment.member_id,
                        appointment.machine_id,
                        appointment.starts_at,
                        appointment.ends_at,
                    )
                ):
                    busy.setdefault(resource, []).append((appointment.starts_at, appointment.ends_at, row.line))
        refused_lines = set()
        for (kind, _), spans in busy.items():
            last_end, last_line = datetime.datetime.min.replace(tzinfo=datetime.UTC), 0
            for starts_at, ends_at, line in sorted(spans):
                imported = line or last_line  # neither: two appointments that the clinic has already
                if starts_at < last_end and imported and imported not in refused_lines:
                    row = rows[imported]
                    refused_lines.add(row.line)
                    self.errors.append(
                        row.error("clash", kind, read=row.text(kind), other=str(min(line, last_line) or "–"))
                    )
                if ends_at > last_end:
                    last_end, last_line = ends_at, line

    def _read_sessions(self, rows: Sequence[_Row]) -> None:
        """Read past sessions; those of one patient become one consultation, in the order of their dates."""
        sessions_by_patient: dict[str, list[tuple[datetime.date, int, _PastSession]]] = {}
        for row in rows:
            with self._collecting():
                date, session = self._read_session(row)
                sessions_by_patient.setdefault(self._find_patient(row), []).append((date, row.line, session))
                self._refuse_repetition(row, "patient", f"session {self._find_patient(row)} {date} {session}")
        for patient, sessions in sessions_by_patient.items():
            ordered = sorted(sessions, key=lambda session: session[:2])
            first, line, _ = ordered[0]
            table = [{"week": round((date - first) / _WEEK, 2)} | session for date, _, session in ordered]
            answers = make_submission(form_entries({"session": table}))
            began_at = from_local_time(datetime.datetime.combine(first, _NOON))
            self.courses.append(PastCourse(patient, line, began_at, len(table), answers))

    def _read_session(self, row: _Row) -> tuple[datetime.date, _PastSession]:
        date = row.date("date", row.needed("date"))
        if date > to_local_time(self.at).date():
            raise row.error("ahead", "date", read=row.text("date"))
        session: _PastSession = {"treats": row.needed("treats")}
        if site := row.text("site"):
            session["site"] = row.choice("site", site, sorted(known_sites()))
        if device := row.text("device"):
            session["device"] = row.choice("device", device, sorted(self.clinic.devices))
        for name in _SESSION_NUMBERS:
            if text := row.text(name):
                number = _parse_file_number(text)
                session[name] = text if number is None else number
        if adverse := row.text("adverse"):
            session["adverse"] = adverse.split(_BETWEEN_EVENTS)
        if cooling := row.text("cooling"):
            session["cooling"] = row.choice("cooling", cooling, sorted(CoolingKind))
        try:
            parse_record(Case, {"session": [{"week": 0.0} | session]}, file=row.file)
        except InputError as error:
            name = re.sub(r"\[\d+\]$", "", error.field).rpartition(".")[2]
            raise row.error("schema", name, read=error.message, right=error.hint) from None
        return date, session

    # Days on which the clinic is closed.

    def _read_closed_days(self, rows: Sequence[_Row]) -> None:
        for row in rows:
            with self._collecting():
                first = row.date("first_day", row.needed("first_day"))
                last = row.date("last_day", text) if (text := row.text("last_day")) else first
                if not can_be_closed(first, last):
                    raise row.error("closed-days", "last_day" if text else "first_day", read=f"{first} – {last}")
                yearly = row.choice("yearly", row.text("yearly") or "false", ("false", "true")) == "true"
                self.closed_days.append(NewClosedDays(row.line, first, last, yearly))


def _parse_file_number(text: str) -> float | None:
    """Return the number of a cell, with a point or a comma and maybe an exponent; None if it is unclear."""
    return float(text.replace(",", ".")) if _FILE_NUMBER.fullmatch(text) else parse_number(text)


def _resources(taken: BusyTime) -> Iterator[tuple[str, str]]:
    yield "patient", taken.patient
    yield "member", taken.member_id
    if taken.machine_id is not None:
        yield "machine", taken.machine_id
