"""Store and read patients: a pseudonym for daily work, and their contact details separately."""

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from itertools import count

from skinbeam.model.errors import InputError
from skinbeam.text import to_local_time
from skinbeam_clinic.access import AccessRight, allowed_roles
from skinbeam_clinic.database import tables
from skinbeam_clinic.database.clinic_access import Repository
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.sealed_record import SealedRecord
from skinbeam_clinic.database.tables import AuditEntryRow, ClinicScoped
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.models import Contact, PatientRecord
from skinbeam_clinic.patient_links.person import get_kept_patient, kept_ids, require_kept
from skinbeam_clinic.patients.contact_details import OLDEST_YEARS
from skinbeam_clinic.patients.contact_search import parse_contact_query
from skinbeam_clinic.patients.former_identity import changed_identity, keep_former_identity

__all__ = [
    "CONTACT_DETAILS",
    "LONGEST_PSEUDONYM",
    "RETENTION_ACTION",
    "PatientRepository",
    "add_contact",
    "add_patient",
    "contains_name",
    "find_birth_year",
    "find_owner",
    "free_numbers",
    "next_number",
    "plain_pseudonym",
    "year_error",
]

LONGEST_PSEUDONYM = 40
_SHORTEST_NAME = 3  # letters; shorter words are initials and particles
RETENTION_ACTION = "patient.kept"  # the audit entry of an erasure that left what must be retained
# The names of the details and their texts.
CONTACT_DETAILS = SealedRecord(dict[str, str], tables.ContactRow.contact_sealed, 10_000, "contact")


class PatientRepository(Repository):
    """The patients of a clinic."""

    def add(self, pseudonym: str = "", *, year_of_birth: int | None = None) -> PatientRecord:
        """Add a patient; without a pseudonym they get the next free number.

        Raises
        ------
        InputError : `pseudonym-taken`, `bad-pseudonym`, or `bad-year`.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            _refuse_lookalike(work, pseudonym)
            return add_patient(work, pseudonym, year_of_birth=year_of_birth)

    def list_all(self) -> tuple[PatientRecord, ...]:
        """Return the patients sorted by pseudonym, without erased ones."""
        with self._access.reading(AccessRight.READ) as work:
            work.log("patients.listed", "patient")
            there = tables.PatientRow.erased_at.is_(None)
            rows = work.rows(tables.PatientRow, there, order=(tables.PatientRow.pseudonym,))
            return tuple(work.read_row(PatientRecord, row) for row in rows)

    def list_by(self, *, pseudonym: str = "", ids: Collection[str] | None = None) -> tuple[PatientRecord, ...]:
        """Return the patients in the order in which they were added, without erased ones.

        Parameters
        ----------
        pseudonym : restricts the result to the patient with this pseudonym; no restriction if empty.
        ids : restricts the result to these ids; no restriction if None.
        """
        table = tables.PatientRow
        named = () if not pseudonym else (table.pseudonym == pseudonym,)
        chosen = () if ids is None else (table.id.in_(ids),)
        with self._access.reading(AccessRight.READ) as work:
            work.log("patients.listed", "patient")
            rows = work.rows(table, table.erased_at.is_(None), *named, *chosen, order=(table.created_at,))
            return tuple(work.read_row(PatientRecord, row) for row in rows)

    def search(self, query: str, limit: int) -> tuple[tuple[PatientRecord, ...], int]:
        """Return the newest patients who are found by a text, and the number of all of them.

        A record that is found and was closed as a duplicate is returned as the one that is kept.

        It may be part of a pseudonym. Whoever may see contact details finds by name, date of birth, telephone and the
        number of another program, too.
        """
        table = tables.PatientRow
        present = table.erased_at.is_(None)
        with self._access.reading(AccessRight.READ) as work:
            work.log("patients.listed", "patient")
            kept_by_duplicate = kept_ids(work)
            if wanted := query.strip().casefold():
                sought = self._list_contacts(work, query)
                known = work.list_names(table, table.pseudonym, present, order=(table.created_at,))
                hits = {
                    kept_by_duplicate.get(id, id) for id, name in known if wanted in name.casefold() or id in sought
                }
                there = [id for id, _ in known if id in hits]
                rows = work.rows(table, table.id.in_(there[-limit:]), order=(table.created_at,))[::-1]
                number = len(there)
            else:
                shown = table.id.not_in(kept_by_duplicate) if kept_by_duplicate else present
                rows, number = work.newest_rows(table, limit, present, shown, order=table.created_at)
            return tuple(work.read_row(PatientRecord, row) for row in rows), number

    def _list_contacts(self, work: ClinicTransaction, query: str) -> set[str]:
        """Return the ids of the patients whose contact details are those of a query; none without the right to them."""
        if self._access.member.role not in allowed_roles(AccessRight.CONTACT):
            return set()
        asked = parse_contact_query(query)
        work.log("contacts.searched", "contact")
        read = work.read_columns(tables.ContactRow, tables.ContactRow.id, sealed=CONTACT_DETAILS)
        return {id for id, details in read if asked.matches(details)}

    def get(self, id: str) -> PatientRecord:
        """Return a patient."""
        with self._access.reading_row(tables.PatientRow, id, "patient.seen") as (work, row):
            return work.read_row(PatientRecord, row)

    def set_contact(self, id: str, contact: Mapping[str, str], *, version: str = "", renumbered: bool = False) -> None:
        """Store a patient's identity and contact details, replacing those of this version.

        A date of birth decides the year of birth, so that no page shows another one. A name or date of birth that is
        replaced stays among the details, and the audit log tells that it was.

        Parameters
        ----------
        contact : with the date of birth as ISO text; one that an older copy has in other words is only stored.
        version : `Contact.version` of the details that were edited; empty where none were stored.
        renumbered : whether a pseudonym that contains a name of the patient becomes the next free number.

        Raises
        ------
        ReplacedError : the record is closed, since another one of the same person is kept.
        ConflictError : somebody else saved in the meantime; nothing is overwritten.
        InputError : `too-long`, or `pseudonym-name`: the pseudonym contains a name of the patient.
        """
        CONTACT_DETAILS.to_json(dict(contact))  # the length is checked before anything is read
        with self._access.writing(AccessRight.CONTACT) as work:
            patient = work.get(tables.PatientRow, id)
            require_kept(work, id)
            if not renumbered:
                _refuse_name(patient.pseudonym, contact, "renumbered")
            elif contains_name(patient.pseudonym, contact.get("name", "")):
                patient.pseudonym = next_number(work)
                work.save(patient, "patient.renamed")
            row = work.find(tables.ContactRow, id)
            stored = {} if row is None else work.open_record(row, CONTACT_DETAILS)
            details = keep_former_identity(stored, contact, to_local_time(now()).date())
            if row is None:
                row = work.new_row(tables.ContactRow, id=id)
            elif stored == details:
                return  # also of an older version: who sends again has lost the answer
            else:
                work.check_version(row, version)
            work.seal_record(row, CONTACT_DETAILS, details)
            row.saved_at = now()
            work.save(row, "contact.saved", changed=dict.fromkeys(changed_identity(stored, details), ()))
            year = find_birth_year(details)
            if year is not None and patient.year_of_birth != year:
                years = {} if patient.year_of_birth is None else {"year_of_birth": (patient.year_of_birth, year)}
                patient.year_of_birth = year
                work.save(patient, "patient.year-changed", changed=years)

    def set_pseudonym(self, id: str, pseudonym: str = "", *, previous: str = "") -> PatientRecord:
        """Change the pseudonym of a patient; without one they get the next free number.

        Parameters
        ----------
        previous : the pseudonym that was shown when the new one was chosen; empty for any.

        Raises
        ------
        RecordNotFoundError : this clinic has no such patient, or they were erased.
        ReplacedError : the record is closed, since another one of the same person is kept.
        ConflictError : somebody else gave them another one in the meantime.
        InputError : `pseudonym-taken`, `bad-pseudonym`, or `pseudonym-name`: it contains a name of the patient.
        """
        with self._access.writing(AccessRight.WRITE) as work:
            row = get_kept_patient(work, id)
            if previous and row.pseudonym != pseudonym:
                work.check_unchanged(row, row.pseudonym, previous)
            wanted = _check_pseudonym(pseudonym) if pseudonym else next_number(work)
            if contact := work.find(tables.ContactRow, id):
                details = work.open_record(contact, CONTACT_DETAILS)
                _refuse_name(wanted, details, "pseudonym")
            if wanted != row.pseudonym:
                _refuse_lookalike(work, wanted, id)
                row.pseudonym = wanted
                work.save(row, "patient.renamed")
            return work.read_row(PatientRecord, row)

    def identity_erased_at(self, id: str) -> datetime.datetime | None:
        """Return when the identity of a patient was erased whose records must still be retained; None if it was not."""
        with self._access.reading_row(tables.PatientRow, id, "patient.seen") as (work, _):
            subject = AuditEntryRow.subject == f"patient/{id}"
            asked = work.entries(subject, AuditEntryRow.action == RETENTION_ACTION, limit=1)
            return asked[0].at if asked else None

    def list_names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Return the names of patients by their ids, in one statement; a patient whose name is unknown is left out.

        The audit log notes each of them, so that it tells who has seen somebody's name. A name that was altered is left
        out, too: the calendar and the pages of a treatment stay open, and the page of the contact details says so.
        """
        with self._access.reading(AccessRight.CONTACT) as work:
            names = {}
            for id, row in work.get_many(tables.ContactRow, ids).items():
                if name := (work.find_record(row, CONTACT_DETAILS) or {}).get("name", ""):
                    work.log("contact.name.seen", f"contact/{id}")
                    names[id] = name
            return names

    def get_contact(self, id: str) -> Contact | None:
        """Return a patient's identity and contact details; None if none are stored."""
        with self._access.reading(AccessRight.CONTACT) as work:
            work.log("contact.seen", f"contact/{id}")
            work.get(tables.PatientRow, id)
            row = work.find(tables.ContactRow, id)
            if row is None:
                return None
            details = work.open_record(row, CONTACT_DETAILS)
            return Contact(details, row.saved_at, work.row_version(row))


def add_patient(work: ClinicTransaction, pseudonym: str = "", *, year_of_birth: int | None = None) -> PatientRecord:
    """Add a patient within a transaction, as `PatientRepository.add` does."""
    row = work.new_row(
        tables.PatientRow,
        pseudonym=_check_pseudonym(pseudonym) if pseudonym else next_number(work),
        year_of_birth=_check_year(year_of_birth),
        created_at=now(),
    )
    work.save(row, "patient.added")
    return work.read_row(PatientRecord, row)


def add_contact(work: ClinicTransaction, patient: PatientRecord, contact: Mapping[str, str]) -> None:
    """Store the identity and contact details of a patient who has none yet, within a transaction.

    Raises
    ------
    InputError : `too-long`, or `pseudonym-name`.
    """
    _refuse_name(patient.pseudonym, contact, "name")
    row = work.new_row(tables.ContactRow, id=patient.id, saved_at=now())
    work.seal_record(row, CONTACT_DETAILS, dict(contact))
    work.save(row, "contact.saved")


def find_owner(work: ClinicTransaction, row: ClinicScoped) -> str:
    """Return the id of the patient to whom a row belongs, by itself or through its consultation or plan."""
    if isinstance(row, tables.PatientRow | tables.ContactRow):  # contact details have the patient's id
        return row.id
    patient_id: str | None = getattr(row, "patient_id", None)
    if patient_id is not None:
        return patient_id
    consultation_id: str | None = getattr(row, "consultation_id", None)
    if consultation_id is not None:
        return work.get(tables.ConsultationRow, consultation_id).patient_id
    return find_owner(work, work.get(tables.PlanRow, row.plan_id))  # type: ignore[attr-defined]


def _refuse_name(pseudonym: str, contact: Mapping[str, str], field: str) -> None:
    """Raise an error if a pseudonym contains a word of the patient's name."""
    if contains_name(pseudonym, contact.get("name", "")):
        raise clinic_error("pseudonym-name", field)


def _refuse_lookalike(work: ClinicTransaction, pseudonym: str, id: str = "") -> None:
    """Raise an error if another patient's pseudonym differs in capitals and spaces at most: the two would be mixed up.

    Parameters
    ----------
    id : of the patient who has the pseudonym; empty for a new one.
    """
    plain = plain_pseudonym(pseudonym)
    for other, name in work.list_names(tables.PatientRow, tables.PatientRow.pseudonym) if plain else ():
        if other != id and plain_pseudonym(name) == plain:
            raise clinic_error("pseudonym-taken", "pseudonym", pseudonym=name)


def plain_pseudonym(pseudonym: str) -> str:
    """Return what two pseudonyms that look alike have in common: neither capitals nor spaces tell them apart."""
    return "".join(unicodedata.normalize("NFKC", pseudonym).casefold().split())


def find_birth_year(contact: Mapping[str, str]) -> int | None:
    """Return the year of a date of birth; None without one, or where an older copy has it in other words."""
    try:
        return datetime.date.fromisoformat(contact.get("born", "")).year
    except ValueError:
        return None


def contains_name(pseudonym: str, name: str) -> bool:
    """Return whether a pseudonym contains a word of a name."""
    plain = pseudonym.casefold()
    words = re.findall(r"[^\W\d_]+", name.casefold())
    return any(len(word) >= _SHORTEST_NAME and word in plain for word in words)


def next_number(work: ClinicTransaction) -> str:
    """Return the next free number as a pseudonym."""
    taken = {name for _, name in work.list_names(tables.PatientRow, tables.PatientRow.pseudonym)}
    return next(free_numbers(taken))


def free_numbers(taken: Collection[str]) -> Iterator[str]:
    """Yield the numbers that can be pseudonyms and look like none that is taken, in order."""
    plain = set(map(plain_pseudonym, taken))
    return (name for number in count(len(taken) + 1) if plain_pseudonym(name := f"P{number:05}") not in plain)


def _check_pseudonym(text: str) -> str:
    plain = text.strip()
    if not 0 < len(plain) <= LONGEST_PSEUDONYM or not plain.isprintable():
        raise clinic_error("bad-pseudonym", "pseudonym", hint={"longest": LONGEST_PSEUDONYM})
    return plain


def _check_year(year: int | None) -> int | None:
    this = to_local_time(now()).year
    if year is not None and not this - OLDEST_YEARS <= year <= this:
        raise year_error(str(year))
    return year


def year_error(written: str) -> InputError:
    """Return the error of what cannot be a year of birth."""
    this = to_local_time(now()).year
    return clinic_error(
        "bad-year", "year_of_birth", year=written, hint={"first": str(this - OLDEST_YEARS), "last": str(this)}
    )
