"""Records of an import: what a clinic holds before, and what would be made."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from skinbeam_clinic.access import Role
from skinbeam_clinic.appointments.models import AppointmentState, Purpose
from skinbeam_clinic.consultations.forms import Submission

__all__ = [
    "BusyTime",
    "ClinicSnapshot",
    "ImportPlan",
    "ImportRecord",
    "ImportSummary",
    "KnownMachine",
    "KnownPatient",
    "NewAppointment",
    "NewClosedDays",
    "NewPatient",
    "PastCourse",
]


@dataclass(frozen=True)
class KnownPatient:
    """A patient of the clinic, as far as an import compares: `number` is that in the earlier program.

    A record that was closed as a duplicate has the `id` of the one that is kept, to which what is imported belongs.
    """

    id: str
    pseudonym: str
    number: str
    name: str
    born: str


@dataclass(frozen=True)
class KnownMachine:
    """A machine of the clinic; its name may be that of another one, too."""

    id: str
    retired: bool


@dataclass(frozen=True)
class BusyTime:
    """A time in which a patient, a member and perhaps a machine have an appointment."""

    patient: str
    member_id: str
    machine_id: str | None
    starts_at: datetime.datetime
    ends_at: datetime.datetime


@dataclass(frozen=True)
class ClinicSnapshot:
    """What a clinic holds before an import, without content of its records.

    Parameters
    ----------
    pseudonyms : all of them, those of erased patients included.
    members : name without regard to case → id and role; None instead of the role for who has left.
    machines : name → the machines of this name, retired ones included.
    devices : names of those that the clinic knows, withdrawn ones included.
    past_files : SHA-256 of each imported file → id of its import, unless that was undone.
    """

    patients: tuple[KnownPatient, ...]
    pseudonyms: frozenset[str]
    members: Mapping[str, tuple[str, Role | None]]
    machines: Mapping[str, tuple[KnownMachine, ...]]
    devices: frozenset[str]
    busy_times: tuple[BusyTime, ...]
    past_files: Mapping[str, str]


@dataclass(frozen=True)
class NewPatient:
    """A patient to be added; `key` names them within the import."""

    key: str
    line: int
    pseudonym: str
    year_of_birth: int | None
    contact: Mapping[str, str]


@dataclass(frozen=True)
class NewAppointment:
    """An appointment to be added; `patient` is the key of a new patient, or the id of one of the clinic."""

    patient: str
    line: int
    member_id: str
    machine_id: str | None
    purpose: Purpose
    starts_at: datetime.datetime
    ends_at: datetime.datetime
    state: AppointmentState


@dataclass(frozen=True)
class PastCourse:
    """The past sessions of a patient, as the answers of a consultation that begins with the first of them."""

    patient: str
    line: int
    began_at: datetime.datetime
    sessions: int
    answers: Submission


@dataclass(frozen=True)
class NewClosedDays:
    """Days in a row on which the clinic is closed, to be added; `yearly`: also on the same days of later years."""

    line: int
    first_day: datetime.date
    last_day: datetime.date
    yearly: bool


@dataclass(frozen=True)
class ImportPlan:
    """Everything that an import would make.

    Parameters
    ----------
    columns : file → field → the columns that it is read from.
    ignored : file → the columns that are left out.
    files : name → SHA-256.
    """

    patients: tuple[NewPatient, ...]
    appointments: tuple[NewAppointment, ...]
    courses: tuple[PastCourse, ...]
    closed_days: tuple[NewClosedDays, ...]
    columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    ignored: Mapping[str, tuple[str, ...]]
    files: Mapping[str, str]

    @property
    def sessions(self) -> int:
        """Number of past sessions of all patients."""
        return sum(course.sessions for course in self.courses)


@dataclass(frozen=True)
class ImportSummary:
    """Counts of what an import made, or what its undo removed."""

    id: str
    patients: int
    appointments: int
    consultations: int
    sessions: int
    closed_days: int


@dataclass(frozen=True)
class ImportRecord:
    """An import that was made and not undone: who made it, when, from which files, and what it made."""

    at: datetime.datetime
    by: str
    files: tuple[str, ...]
    summary: ImportSummary
