"""SQLAlchemy tables of machines, appointments, test spots, treatments and adverse events.

Each row of a patient names its consultation, so that all records of one are found without joins. Data about somebody's
skin are JSON in sealed columns; columns by which lists are sorted and filtered are not encrypted.
"""

import datetime

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.schema import SchemaItem

from skinbeam_clinic.database.tables import Base, ClinicScoped, clinic_references

__all__ = [
    "AdverseEventRow",
    "AppointmentReminderRow",
    "AppointmentRow",
    "ClosedDaysRow",
    "ConsultationScoped",
    "MachineRow",
    "MachineUpkeepRow",
    "OwnDeviceRow",
    "TestSpotRow",
    "TreatedAreaRow",
    "TreatmentRow",
]

_ID = String(32)
_WORD = String(200)


class ConsultationScoped(ClinicScoped):
    """A row that belongs to a consultation, with further references within the same clinic."""

    _REFERS: tuple[tuple[str, str], ...] = ()  # column and table

    consultation_id: Mapped[str] = mapped_column(_ID)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[SchemaItem, ...]:  # noqa: N805
        """Return the foreign keys and their indexes."""
        return clinic_references(consultation_id="consultation", **dict(cls._REFERS))


class OwnDeviceRow(ClinicScoped, Base):
    """A device that the clinic describes itself: its name, and its device file, which never changes.

    Both are sealed together, since plans keep to what the file says: one that was altered is found where it is read.
    The name stands beside it, so that no two devices have one.
    """

    __tablename__ = "own_device"
    __table_args__ = (UniqueConstraint("clinic_id", "name"),)
    name: Mapped[str] = mapped_column(_WORD)
    text_sealed: Mapped[bytes]
    added_at: Mapped[datetime.datetime]
    added_by: Mapped[str] = mapped_column(_WORD)
    withdrawn_at: Mapped[datetime.datetime | None]


class MachineRow(ClinicScoped, Base):
    """A machine in the clinic: the name of its device, its serial number and room."""

    __tablename__ = "machine"
    __table_args__ = (UniqueConstraint("clinic_id", "device", "serial"),)
    name: Mapped[str] = mapped_column(_WORD)
    device: Mapped[str] = mapped_column(_WORD)
    serial: Mapped[str] = mapped_column(_WORD)
    room: Mapped[str] = mapped_column(_WORD)
    created_at: Mapped[datetime.datetime]
    retired_at: Mapped[datetime.datetime | None]


class MachineUpkeepRow(ClinicScoped, Base):
    """A service of a machine or a calibration of its energy meter, with the counter of shots; days are ISO text."""

    __tablename__ = "machine_upkeep"
    __table_args__ = clinic_references(machine_id="machine")
    machine_id: Mapped[str] = mapped_column(_ID)
    kind: Mapped[str] = mapped_column(_WORD)
    done_on: Mapped[str] = mapped_column(_WORD)
    due_on: Mapped[str | None] = mapped_column(_WORD)
    shots: Mapped[int | None] = mapped_column(BigInteger)
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)


class ClosedDaysRow(ClinicScoped, Base):
    """Days in a row on which the clinic is closed, as ISO text, also of each later year if `yearly`."""

    __tablename__ = "closed_days"
    first_day: Mapped[str] = mapped_column(_WORD)
    last_day: Mapped[str] = mapped_column(_WORD)
    yearly: Mapped[bool]
    added_at: Mapped[datetime.datetime]
    added_by: Mapped[str] = mapped_column(_WORD)


class AppointmentRow(ClinicScoped, Base):
    """An appointment of a patient: member, purpose, machine and time; a first one has no consultation yet."""

    __tablename__ = "appointment"
    __table_args__ = clinic_references(
        patient_id="patient",
        consultation_id="consultation",
        member_id="member",
        machine_id="machine",
        indexed=("patient_id", "starts_at"),
    )
    patient_id: Mapped[str] = mapped_column(_ID)
    consultation_id: Mapped[str | None] = mapped_column(_ID)
    member_id: Mapped[str] = mapped_column(_ID)
    machine_id: Mapped[str | None] = mapped_column(_ID)
    purpose: Mapped[str] = mapped_column(_WORD)
    starts_at: Mapped[datetime.datetime]
    ends_at: Mapped[datetime.datetime]
    state: Mapped[str] = mapped_column(_WORD)
    revision: Mapped[int]
    created_at: Mapped[datetime.datetime]
    created_by: Mapped[str] = mapped_column(_WORD)


class AppointmentReminderRow(ClinicScoped, Base):
    """A reminder of an appointment, for the time that it had then; `ended_at`: since when it counts no longer.

    `fault` is the kind of error for which a mail was not sent, and `retry_at` when it is tried again.
    """

    __tablename__ = "appointment_reminder"
    __table_args__ = clinic_references(appointment_id="appointment", patient_id="patient")
    appointment_id: Mapped[str] = mapped_column(_ID)
    patient_id: Mapped[str] = mapped_column(_ID)
    starts_at: Mapped[datetime.datetime]
    way: Mapped[str] = mapped_column(_WORD)
    state: Mapped[str] = mapped_column(_WORD)
    attempts: Mapped[int]
    fault: Mapped[str | None] = mapped_column(_WORD)
    retry_at: Mapped[datetime.datetime | None]
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]


class TestSpotRow(ConsultationScoped, Base):
    """A test spot of one setting, and its readings."""

    __tablename__ = "test_spot"
    _REFERS = (("machine_id", "machine"),)
    __test__ = False  # pytest would take the name for a test
    machine_id: Mapped[str | None] = mapped_column(_ID)
    spot_sealed: Mapped[bytes]
    fired_at: Mapped[datetime.datetime]
    fired_by: Mapped[str] = mapped_column(_WORD)
    reading_sealed: Mapped[bytes | None]
    read_at: Mapped[datetime.datetime | None]
    read_by: Mapped[str | None] = mapped_column(_WORD)


class TreatmentRow(ConsultationScoped, Base):
    """One treatment session under a consent, with device and serial number of the machine on that day."""

    __tablename__ = "treatment"
    _REFERS = (
        ("plan_id", "plan"),
        ("consent_id", "consent"),
        ("appointment_id", "appointment"),
        ("machine_id", "machine"),
    )
    plan_id: Mapped[str] = mapped_column(_ID)
    option: Mapped[str] = mapped_column(_WORD)
    consent_id: Mapped[str] = mapped_column(_ID)
    appointment_id: Mapped[str | None] = mapped_column(_ID)
    machine_id: Mapped[str | None] = mapped_column(_ID)
    device: Mapped[str | None] = mapped_column(_WORD)
    serial: Mapped[str | None] = mapped_column(_WORD)
    number: Mapped[int]
    state: Mapped[str] = mapped_column(_WORD)
    checklist_sealed: Mapped[bytes | None]
    notes_sealed: Mapped[bytes | None]
    created_at: Mapped[datetime.datetime]
    created_by: Mapped[str] = mapped_column(_WORD)
    started_at: Mapped[datetime.datetime | None]
    started_by: Mapped[str | None] = mapped_column(_WORD)
    ended_at: Mapped[datetime.datetime | None]
    ended_by: Mapped[str | None] = mapped_column(_WORD)


class TreatedAreaRow(ConsultationScoped, Base):
    """The shots at one area of the face map in a treatment, with reaction and pain."""

    __tablename__ = "treated_area"
    _REFERS = (("treatment_id", "treatment"),)
    treatment_id: Mapped[str] = mapped_column(_ID)
    fired_sealed: Mapped[bytes]
    fired_at: Mapped[datetime.datetime]
    fired_by: Mapped[str] = mapped_column(_WORD)


class AdverseEventRow(ConsultationScoped, Base):
    """An adverse event after a treatment, with its source: the session, the diary or a follow-up."""

    __tablename__ = "adverse_event"
    _REFERS = (("treatment_id", "treatment"),)
    treatment_id: Mapped[str] = mapped_column(_ID)
    source: Mapped[str] = mapped_column(_WORD)
    event_sealed: Mapped[bytes]
    seen_at: Mapped[datetime.datetime]
    noted_at: Mapped[datetime.datetime]
    noted_by: Mapped[str] = mapped_column(_WORD)
    resolved_at: Mapped[datetime.datetime | None]
