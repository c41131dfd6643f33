"""Store and read test spots and their readings.

Firing a spot needs the right to treat; an assistant may record a reading, since an injury must not wait until a
clinician is present, and the record names the reader. A clinician decides on the consequences elsewhere. A spot may be
read again, even in a closed consultation, since dark marks appear after weeks. No reading replaces another. A spot that
was recorded by mistake is struck with a reason, as long as nothing was read at it.
"""

import datetime
import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement

from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.repository import get_open_consultation, list_consultation_ids
from skinbeam_clinic.database import tables, treatment_tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.tables import new_id, submission_id
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import PatientRecord
from skinbeam_clinic.patient_links.person import find_kept_patients, list_person_ids
from skinbeam_clinic.pulse_settings import case_test_spot
from skinbeam_clinic.test_spots.models import SpotFiring, SpotReading, SpotStrike, TestSpotRecord
from skinbeam_clinic.test_spots.sealed_content import READINGS_CONTENT, SPOT_CONTENT, ReadingsContent, SpotContent

__all__ = ["TestSpotRepository", "import_spot", "list_consultations_due"]

_SAME_AGE = datetime.timedelta(minutes=1)  # a form asks for hours; storing a photograph takes seconds


class TestSpotRepository(Repository):
    """The test spots of a clinic."""

    __test__ = False  # pytest would collect the class by its name

    def fire(
        self,
        consultation_id: str,
        firing: SpotFiring,
        fired_at: datetime.datetime | None = None,
        *,
        form_key: str = "",
    ) -> TestSpotRecord:
        """Store a spot that was fired, by default now.

        Parameters
        ----------
        form_key : of the form, so that a spot submitted twice is stored once (`submission_id`).

        Raises
        ------
        InputError : `closed`, `too-long`, `in-the-future`, or settings that are invalid in a case file.
        """
        at = _check_past(fired_at)
        _check_case_file(firing, "none")
        with self._access.writing(AccessRight.TREAT) as work:
            get_open_consultation(work, consultation_id)
            content, table = SpotContent(firing), treatment_tables.TestSpotRow
            when = b"" if fired_at is None else fired_at.isoformat().encode()
            id = submission_id(form_key, consultation_id, SPOT_CONTENT.to_json(content) + when)
            if sent := work.find(table, id):
                return _read_spot(work, sent)
            return _store_spot(work, id, consultation_id, content, at)

    def add_reading(
        self,
        id: str,
        reaction: str,
        *,
        seen_at: datetime.datetime | None = None,
        note: str = "",
        photograph_id: str | None = None,
        shown: int | None = None,
    ) -> TestSpotRecord:
        """Store the reaction observed at a spot, by default now.

        Parameters
        ----------
        shown : how many readings stood on the page of the form; the same as the last one after those is this reading,
            sent again by whoever lost the answer. Without it every reading is stored.

        Raises
        ------
        RecordNotFoundError : this clinic has no such spot, it is struck, or its consultation has no such photograph.
        InputError : `too-long`, `in-the-future`, `before-firing`, or an unknown reaction.
        """
        at = _check_past(seen_at)
        with self._access.writing(AccessRight.WRITE) as work:
            row = work.get(treatment_tables.TestSpotRow, id)
            if work.open_record(row, SPOT_CONTENT).struck is not None:
                raise clinic_error("absent", "test_spot")
            if at < row.fired_at:
                raise clinic_error("before-firing", "seen_at")
            _check_case_file(_read_spot(work, row).firing, reaction)
            if photograph_id is not None:
                photograph = work.get(tables.PhotographRow, photograph_id)
                if photograph.consultation_id != row.consultation_id:
                    raise clinic_error("absent", "photograph")
            reading = SpotReading(reaction, at, work.actor_name(work.actor), note, photograph_id)
            stored = _read_readings(work, row)
            if shown is not None and len(stored) > shown and _is_sent_again(row, stored[-1], reading):
                return _read_spot(work, row)
            _write_readings(work, row, [*stored, reading])
            work.save(row, "test-spot.read")
            return _read_spot(work, row)

    def strike(self, id: str, why: str) -> None:
        """Strike a spot that was recorded by mistake: it stays stored and counts no more; once struck, it stays so.

        Raises
        ------
        InputError : `no-reason`, `too-long`, or `spot-read`: a reaction was recorded at it, so it was fired.
        """
        with self._access.writing(AccessRight.TREAT) as work:
            row = work.get(treatment_tables.TestSpotRow, id)
            content = work.open_record(row, SPOT_CONTENT)
            if not why:
                raise clinic_error("no-reason", "why")
            if row.reading_sealed is not None:
                raise clinic_error("spot-read", "test_spot")
            if content.struck is None:
                struck = SpotStrike(why, now(), work.actor_name(work.actor))
                work.seal_record(row, SPOT_CONTENT, replace(content, struck=struck))
                work.save(row, "test-spot.struck")

    def get(self, id: str) -> TestSpotRecord:
        """Return a test spot."""
        with self._access.reading_row(treatment_tables.TestSpotRow, id, "test-spot.seen") as (work, row):
            return _read_spot(work, row)

    def of(self, consultation_id: str) -> tuple[TestSpotRecord, ...]:
        """Return the test spots of a consultation, oldest first."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "test-spots.listed") as (work, _):
            return _list_spots(work, {consultation_id})

    def list_every(self, consultation_id: str) -> tuple[TestSpotRecord, ...]:
        """Return the test spots of a consultation with the struck ones, oldest first."""
        with self._access.reading_row(tables.ConsultationRow, consultation_id, "test-spots.listed") as (work, _):
            rows = _consultation_rows(work, {consultation_id})
            return tuple(work.read_each(rows, lambda row: _read_spot(work, row)))

    def of_patient(self, patient_id: str) -> tuple[TestSpotRecord, ...]:
        """Return the test spots of a patient in all consultations of all their records, oldest first."""
        with self._access.reading_row(tables.PatientRow, patient_id, "test-spots.listed") as (work, _):
            return _list_spots(work, set(list_consultation_ids(work, list_person_ids(work, patient_id))))

    def list_due(self, limit: int) -> tuple[tuple[TestSpotRecord, PatientRecord], ...]:
        """Return the spots that are due and were not read in time, each with its patient, longest due first."""
        with self._access.reading(AccessRight.READ) as work:
            due = sorted(_list_due(work), key=lambda spot: spot.due_at)[:limit]
            if due:
                work.log("test-spots.due", "test_spot")
            patients = find_kept_patients(work, (spot.consultation_id for spot in due))
            return tuple((spot, work.read_row(PatientRecord, patients[spot.consultation_id])) for spot in due)


def list_consultations_due(work: ClinicTransaction, consultation_ids: Collection[str]) -> frozenset[str]:
    """Return those consultations of which a spot is due and was not read, within a transaction."""
    is_listed = treatment_tables.TestSpotRow.consultation_id.in_(consultation_ids)
    return frozenset(spot.consultation_id for spot in _list_due(work, is_listed))


def _list_due(work: ClinicTransaction, *conditions: ColumnElement[bool]) -> list[TestSpotRecord]:
    """Return the spots that meet the conditions, are due and were not read, the first fired first."""
    table = treatment_tables.TestSpotRow
    unread = work.rows(table, table.read_at.is_(None), *conditions, order=(table.fired_at,))
    spots = work.read_each(unread, lambda row: _read_spot(work, row))
    return [spot for spot in spots if spot.struck is None and spot.due_at <= now()]


def import_spot(
    work: ClinicTransaction, consultation_id: str, spot: TestSpotRecord, photographs: Mapping[str, str]
) -> TestSpotRecord:
    """Import a spot within a transaction: fired, read and maybe struck in another clinic, by the persons that it names.

    Parameters
    ----------
    photographs : id of a photograph in the other clinic → its id in this one.

    Raises
    ------
    InputError : `too-long`, or settings that are invalid in a case file.
    """
    for reaction in [reading.reaction for reading in spot.readings] or ["none"]:
        _check_case_file(spot.firing, reaction)
    readings = [
        replace(reading, photograph_id=photographs.get(reading.photograph_id or "")) for reading in spot.readings
    ]
    content = SpotContent(spot.firing, by=spot.fired_by, struck=spot.struck)
    return _store_spot(work, new_id(), consultation_id, content, spot.fired_at, readings)


def _store_spot(
    work: ClinicTransaction,
    id: str,
    consultation_id: str,
    content: SpotContent,
    at: datetime.datetime,
    readings: Sequence[SpotReading] = (),
) -> TestSpotRecord:
    row = work.new_row(
        treatment_tables.TestSpotRow,
        id=id,
        consultation_id=consultation_id,
        machine_id=None,
        fired_at=at,
        fired_by=work.actor,
    )
    work.seal_record(row, SPOT_CONTENT, content)
    if readings:
        _write_readings(work, row, readings)
    work.save(row, "test-spot.fired")
    return _read_spot(work, row)


def _check_past(at: datetime.datetime | None) -> datetime.datetime:
    if at is not None and at > now():
        raise clinic_error("in-the-future", "at")
    return now() if at is None else at


def _check_case_file(firing: SpotFiring, reaction: str) -> None:
    """Raise an InputError if the settings and the reaction are invalid in a case file."""
    case_test_spot(firing.settings, firing.read_after_h, reaction, file="test spot")


def _write_readings(
    work: ClinicTransaction, row: treatment_tables.TestSpotRow, readings: Sequence[SpotReading]
) -> None:
    """Seal the readings; the row says when and by whom it was read once one of them is not too early."""
    work.seal_record(row, READINGS_CONTENT, ReadingsContent(tuple(readings)))
    if _read_spot(work, row).is_read:
        row.read_at, row.read_by = now(), work.actor


def _read_readings(work: ClinicTransaction, row: treatment_tables.TestSpotRow) -> tuple[SpotReading, ...]:
    return () if row.reading_sealed is None else work.open_record(row, READINGS_CONTENT).readings


def _is_sent_again(row: treatment_tables.TestSpotRow, last: SpotReading, reading: SpotReading) -> bool:
    """Return whether a reading says what the last one does, as many hours before it was sent.

    When one was sent that came too early is not stored: then both must name the same time.
    """
    between = reading.seen_at - last.seen_at
    later = between if row.read_at is None else (now() - row.read_at) - between
    return abs(later) < _SAME_AGE and replace(reading, seen_at=last.seen_at) == last


def _list_spots(work: ClinicTransaction, consultations: set[str]) -> tuple[TestSpotRecord, ...]:
    """Return the spots that count, oldest first."""
    every = work.read_each(_consultation_rows(work, consultations), lambda row: _read_spot(work, row))
    return tuple(spot for spot in every if spot.struck is None)


def _consultation_rows(work: ClinicTransaction, consultations: set[str]) -> Sequence[treatment_tables.TestSpotRow]:
    table = treatment_tables.TestSpotRow
    rows = work.rows_by(table, table.consultation_id, consultations, table.fired_at)
    return sorted(itertools.chain(*rows.values()), key=lambda row: (row.fired_at, row.id))


def _read_spot(work: ClinicTransaction, row: treatment_tables.TestSpotRow) -> TestSpotRecord:
    content = work.open_record(row, SPOT_CONTENT)
    by = content.by or work.actor_name(row.fired_by)
    readings = _read_readings(work, row)
    return TestSpotRecord(row.id, row.consultation_id, content.firing, row.fired_at, by, readings, content.struck)
