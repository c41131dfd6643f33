"""Test spots: fired by who may treat, read by whoever of the clinic sees them.

An assistant may read: what has gone wrong must not wait until a clinician is in, and who read it stands beside it. What
follows from a reading is decided elsewhere, and by a clinician. A spot may be read again, in a closed consultation,
too: dark marks show after weeks. No reading takes the place of another.
"""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from skinbeam.records.desk.consultations import still_open
from skinbeam.records.faults import fault
from skinbeam.records.kept import Patient
from skinbeam.records.roles import Act
from skinbeam.records.spots import Firing, SpotReading, TestSpot, reading_of
from skinbeam.records.store import tables, treated
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work
from skinbeam.schema import consultation as schema
from skinbeam.schema.load import parse

__all__ = ["TestSpots"]

_LONGEST_WORDS = 5_000  # characters
_BESIDE = ("density_per_cm2",)  # of a microbeam: kept, and no word of the case file


class TestSpots:
    """The test spots of a clinic."""

    __test__ = False  # for pytest, which takes the name for tests

    def __init__(self, access: Access) -> None:
        self._access = access

    def fire(self, consultation_id: str, firing: Firing, fired_at: datetime.datetime | None = None) -> TestSpot:
        """Keep a spot that was fired, now where no other time is told.

        Raises
        ------
        InputError : `closed`, `too-long`, `in-the-future`, or settings that no case file could hold.
        """
        at = _past(fired_at)
        _checked(firing, "none")
        with self._access.work(Act.TREAT) as work:
            still_open(work, consultation_id)
            return self._keep(work, consultation_id, {"firing": asdict(firing)}, at)

    def read(
        self,
        id: str,
        reaction: str,
        *,
        seen_at: datetime.datetime | None = None,
        note: str = "",
        photograph_id: str | None = None,
    ) -> TestSpot:
        """Keep what was seen at a spot, now where no other time is told.

        Raises
        ------
        AbsentError : this clinic has no such spot, or no such photograph of its consultation.
        InputError : `too-long`, `in-the-future`, `before-firing`, or a reaction that is not known.
        """
        at = _past(seen_at)
        with self._access.work(Act.WRITE) as work:
            row = work.get(treated.TestSpot, id)
            if at < row.fired_at:
                raise fault("before-firing", "seen_at")
            _checked(_spot(work, row).firing, reaction)
            if photograph_id is not None:
                photograph = work.get(tables.Photograph, photograph_id)
                if photograph.consultation_id != row.consultation_id:
                    raise fault("absent", "photograph")
            reading = SpotReading(reaction, at, work.name_of(work.actor), note, photograph_id)
            _write_readings(work, row, [*_readings(work, row), reading])
            work.keep(row, "test-spot.read")
            return _spot(work, row)

    def get(self, id: str) -> TestSpot:
        """Return a test spot.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            work.note("test-spot.seen", f"test_spot/{id}")
            return _spot(work, work.get(treated.TestSpot, id))

    def of(self, consultation_id: str) -> tuple[TestSpot, ...]:
        """Return the test spots of a consultation, oldest first."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("test-spots.listed", f"consultation/{consultation_id}")
            return _spots(work, {consultation_id})

    def of_patient(self, patient_id: str) -> tuple[TestSpot, ...]:
        """Return the test spots of a patient in all consultations, oldest first."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Patient, patient_id)
            work.note("test-spots.listed", f"patient/{patient_id}")
            mine = work.rows(tables.Consultation, tables.Consultation.patient_id == patient_id)
            return _spots(work, {one.id for one in mine})

    def due(self, most: int) -> tuple[tuple[TestSpot, Patient], ...]:
        """Return the spots that nobody has read though their hours are over, and whose they are, longest due first.

        Parameters
        ----------
        most : how many are returned.
        """
        with self._access.see(Act.READ) as work:
            table = treated.TestSpot
            unread = [_spot(work, row) for row in work.rows(table, table.read_at.is_(None), order=(table.fired_at,))]
            due = sorted((one for one in unread if one.due_at <= now()), key=lambda one: one.due_at)[:most]
            if due:
                work.note("test-spots.due", "test_spot")
            return tuple((one, _patient(work, one)) for one in due)

    def take_in(self, consultation_id: str, spot: TestSpot) -> TestSpot:
        """Keep a spot of a patient's copy: fired and read elsewhere, by whom it says.

        Raises
        ------
        InputError : `closed`, `too-long`, or settings that no case file could hold.
        """
        for reaction in [one.reaction for one in spot.readings] or ["none"]:
            _checked(spot.firing, reaction)
        # The photographs of a copy get other names here.
        readings = [replace(one, photograph_id=None) for one in spot.readings]
        with self._access.work(Act.TREAT) as work:
            still_open(work, consultation_id)
            said = {"firing": asdict(spot.firing), "by": spot.fired_by}
            return self._keep(work, consultation_id, said, spot.fired_at, readings)

    @staticmethod
    def _keep(
        work: Work,
        consultation_id: str,
        said: Mapping[str, Any],
        at: datetime.datetime,
        readings: Sequence[SpotReading] = (),
    ) -> TestSpot:
        row = treated.TestSpot(
            clinic_id=work.clinic_id,
            id=new_id(),
            consultation_id=consultation_id,
            machine_id=None,
            fired_at=at,
            fired_by=work.actor,
        )
        work.seal(row, "spot_sealed", _written(said))
        if readings:
            _write_readings(work, row, readings)
        work.keep(row, "test-spot.fired")
        return _spot(work, row)


def _past(at: datetime.datetime | None) -> datetime.datetime:
    if at is not None and at > now():
        raise fault("in-the-future", "at")
    return now() if at is None else at


def _checked(firing: Firing, reaction: str) -> None:
    """See that a case file can say it."""
    said = {name: value for name, value in firing.settings.items() if name not in _BESIDE}
    parse(schema.TestSpot, said | {"read_after_h": firing.read_after_h, "reaction": reaction}, file="test spot")


def _write_readings(work: Work, row: treated.TestSpot, readings: Sequence[SpotReading]) -> None:
    said = [asdict(one) | {"seen_at": one.seen_at.isoformat()} for one in readings]
    work.seal(row, "reading_sealed", _written({"readings": said}))
    row.read_at, row.read_by = now(), work.actor


def _written(said: Mapping[str, Any]) -> bytes:
    written = json_text(dict(said))
    if len(written) > _LONGEST_WORDS:
        raise fault("too-long", "test_spot", hint={"longest": _LONGEST_WORDS})
    return written.encode()


def _readings(work: Work, row: treated.TestSpot) -> tuple[SpotReading, ...]:
    if row.reading_sealed is None:
        return ()
    return tuple(map(reading_of, json.loads(work.open(row, "reading_sealed"))["readings"]))


def _spots(work: Work, consultations: set[str]) -> tuple[TestSpot, ...]:
    table = treated.TestSpot
    rows = work.rows(table, table.consultation_id.in_(consultations), order=(table.fired_at,))
    return tuple(_spot(work, row) for row in rows)


def _spot(work: Work, row: treated.TestSpot) -> TestSpot:
    said = json.loads(work.open(row, "spot_sealed"))
    by = said.get("by") or work.name_of(row.fired_by)
    return TestSpot(row.id, row.consultation_id, Firing(**said["firing"]), row.fired_at, by, _readings(work, row))


def _patient(work: Work, spot: TestSpot) -> Patient:
    row = work.get(tables.Patient, work.get(tables.Consultation, spot.consultation_id).patient_id)
    return Patient(row.id, row.pseudonym, row.year_of_birth, row.created_at, row.erased_at)
