"""Patients: a pseudonym to work with, and apart from it who that is."""

import json
from collections.abc import Collection, Mapping

from skinbeam.records.faults import fault
from skinbeam.records.kept import Contact, Patient
from skinbeam.records.roles import Act
from skinbeam.records.store import tables
from skinbeam.records.store.columns import json_text, now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["Patients", "add_patient"]

_OLDEST_YEARS = 130
_LONGEST_PSEUDONYM = 40
_LONGEST_CONTACT = 10_000  # characters


class Patients:
    """The patients of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def add(self, pseudonym: str = "", *, year_of_birth: int | None = None) -> Patient:
        """Take a patient in; without a pseudonym they get the next free number.

        Raises
        ------
        InputError : `taken`, `bad-pseudonym`, or `bad-year`.
        """
        with self._access.work(Act.WRITE) as work:
            return add_patient(work, pseudonym, year_of_birth=year_of_birth)

    def all(self) -> tuple[Patient, ...]:
        """Return the patients by pseudonym; those that were erased are not among them."""
        with self._access.see(Act.READ) as work:
            work.note("patients.listed", "patient")
            there = tables.Patient.erased_at.is_(None)
            return tuple(map(_patient, work.rows(tables.Patient, there, order=(tables.Patient.pseudonym,))))

    def listed(self, *, pseudonym: str = "", ids: Collection[str] | None = None) -> tuple[Patient, ...]:
        """Return the patients in the order in which they came, without those that were erased.

        Parameters
        ----------
        pseudonym : only who has it; everybody where it is empty.
        ids : only these; everybody where it is None.
        """
        table = tables.Patient
        named = () if not pseudonym else (table.pseudonym == pseudonym,)
        chosen = () if ids is None else (table.id.in_(ids),)
        with self._access.see(Act.READ) as work:
            work.note("patients.listed", "patient")
            rows = work.rows(table, table.erased_at.is_(None), *named, *chosen, order=(table.created_at,))
            return tuple(map(_patient, rows))

    def some(self, asked: str, most: int) -> tuple[tuple[Patient, ...], int]:
        """Return the newest patients whose pseudonym holds what is asked, in whatever case, and how many there are.

        Parameters
        ----------
        most : how many are returned.
        """
        wanted, table = asked.casefold(), tables.Patient
        with self._access.see(Act.READ) as work:
            work.note("patients.listed", "patient")
            order = (table.created_at,)
            known = work.names(table, table.pseudonym, table.erased_at.is_(None), order=order)
            there = [id for id, name in known if wanted in name.casefold()]
            newest = work.rows(table, table.id.in_(there[-most:]), order=order)
            return tuple(map(_patient, newest[::-1])), len(there)

    def get(self, id: str) -> Patient:
        """Return a patient.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            work.note("patient.seen", f"patient/{id}")
            return _patient(work.get(tables.Patient, id))

    def set_contact(self, id: str, contact: Mapping[str, str]) -> None:
        """Keep who a patient is and how to reach them, in place of what was kept.

        Raises
        ------
        AbsentError : this clinic has no such patient.
        InputError : `too-long`.
        """
        written = json_text(dict(contact))
        if len(written) > _LONGEST_CONTACT:
            raise fault("too-long", "contact", hint={"longest": _LONGEST_CONTACT})
        with self._access.work(Act.CONTACT) as work:
            work.get(tables.Patient, id)
            known = work.rows(tables.Contact, tables.Contact.id == id)
            row = known[0] if known else tables.Contact(clinic_id=work.clinic_id, id=id)
            work.seal(row, "contact_sealed", written.encode())
            row.saved_at = now()
            work.keep(row, "contact.saved")

    def contact(self, id: str) -> Contact | None:
        """Return who a patient is; None where nothing was kept."""
        with self._access.see(Act.CONTACT) as work:
            work.note("contact.seen", f"contact/{id}")
            work.get(tables.Patient, id)
            known = work.rows(tables.Contact, tables.Contact.id == id)
            return Contact(json.loads(work.open(known[0], "contact_sealed")), known[0].saved_at) if known else None


def add_patient(work: Work, pseudonym: str = "", *, year_of_birth: int | None = None) -> Patient:
    """Take a patient in within a transaction, as `Patients.add` does."""
    row = tables.Patient(
        clinic_id=work.clinic_id,
        id=new_id(),
        pseudonym=_pseudonym(pseudonym) if pseudonym else _free_number(work),
        year_of_birth=_year(year_of_birth),
        created_at=now(),
    )
    work.keep(row, "patient.added")
    return _patient(row)


def _free_number(work: Work) -> str:
    taken = {name for _, name in work.names(tables.Patient, tables.Patient.pseudonym)}
    return next(name for number in range(len(taken) + 1, 2 * len(taken) + 2) if (name := f"P{number:05}") not in taken)


def _pseudonym(written: str) -> str:
    plain = written.strip()
    if not 0 < len(plain) <= _LONGEST_PSEUDONYM or not plain.isprintable():
        raise fault("bad-pseudonym", "pseudonym", hint={"longest": _LONGEST_PSEUDONYM})
    return plain


def _year(year: int | None) -> int | None:
    this = now().year
    if year is not None and not this - _OLDEST_YEARS <= year <= this:
        raise fault(
            "bad-year", "year_of_birth", year=str(year), hint={"first": str(this - _OLDEST_YEARS), "last": str(this)}
        )
    return year


def _patient(row: tables.Patient) -> Patient:
    return Patient(row.id, row.pseudonym, row.year_of_birth, row.created_at, row.erased_at)
