"""Find the records of one person within a transaction, by the links that were not undone.

A link leads from a closed record to the one that is kept; that one may be closed later, so a chain leads to the last.
Both ends of a new link are last records of different persons, so no chain is ever a circle.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import exists

from skinbeam_clinic.database import tables
from skinbeam_clinic.database.patient_link_tables import PatientLinkEndRow, PatientLinkRow
from skinbeam_clinic.database.transaction import ClinicTransaction
from skinbeam_clinic.errors import clinic_error

__all__ = [
    "find_kept_owners",
    "find_kept_patients",
    "get_kept_patient",
    "get_present_patient",
    "kept_ids",
    "list_open_links",
    "list_person_ids",
    "list_replaced_ids",
    "require_kept",
]


def list_open_links(work: ClinicTransaction) -> list[PatientLinkRow]:
    """Return the links of the clinic that were not undone, oldest first; a clinic has few."""
    link, end = PatientLinkRow, PatientLinkEndRow
    ended = exists().where(end.clinic_id == link.clinic_id, end.id == link.id)
    return work.read_of_moment(link, lambda: work.rows(link, ~ended, order=(link.linked_at,)))


def kept_ids(work: ClinicTransaction) -> Mapping[str, str]:
    """Return the id of the record that is kept in place of each closed one: the last of its chain."""
    direct = {row.patient_id: row.kept_id for row in list_open_links(work)}
    return {id: _chain(id, direct)[-1] for id in direct}


def find_kept_patients(work: ClinicTransaction, consultation_ids: Iterable[str]) -> dict[str, tables.PatientRow]:
    """Return the patients of consultations, by the consultation's id; of a closed record, the one that is kept."""
    table = tables.ConsultationRow
    return find_kept_owners(work, dict(work.list_names(table, table.patient_id, table.id.in_(set(consultation_ids)))))


def find_kept_owners(work: ClinicTransaction, owners: Mapping[str, str]) -> dict[str, tables.PatientRow]:
    """Return the patients of records by the id of each, given the ids of patients; of a closed one, the one kept."""
    kept = kept_ids(work)
    ids = {id: kept.get(owner, owner) for id, owner in owners.items()}
    patients = work.get_many(tables.PatientRow, ids.values())
    return {id: patients[owner] for id, owner in ids.items()}


def list_person_ids(work: ClinicTransaction, patient_id: str) -> tuple[str, ...]:
    """Return the ids of all records of the person of a record: the kept one, and the closed ones by their links."""
    kept_by_duplicate = kept_ids(work)
    last = kept_by_duplicate.get(patient_id, patient_id)
    return (last, *(id for id, other in kept_by_duplicate.items() if other == last))


def list_replaced_ids(work: ClinicTransaction, *patient_ids: str) -> tuple[str, ...]:
    """Return the ids of the closed records whose chains lead to or through one of these records."""
    direct = {row.patient_id: row.kept_id for row in list_open_links(work)}
    return tuple(id for id in direct if not set(patient_ids).isdisjoint(_chain(id, direct)[1:]))


def require_kept(work: ClinicTransaction, patient_id: str) -> None:
    """Raise an error if a record is closed, since another record of the same person is kept.

    Raises
    ------
    ReplacedError : `record-replaced`; it says which record is kept.
    """
    if (kept := kept_ids(work).get(patient_id)) is not None:
        pseudonym = work.get(tables.PatientRow, kept).pseudonym
        raise clinic_error("record-replaced", "patient", hint={"kept": pseudonym}, kept=pseudonym)


def get_present_patient(work: ClinicTransaction, id: str) -> tables.PatientRow:
    """Return a patient who was not erased.

    Raises
    ------
    RecordNotFoundError : this clinic has no such patient, or has erased them.
    """
    row = work.get(tables.PatientRow, id)
    if row.erased_at is not None:
        raise clinic_error("absent", "patient")
    return row


def get_kept_patient(work: ClinicTransaction, id: str) -> tables.PatientRow:
    """Return a patient in whose record something new may begin.

    Raises
    ------
    RecordNotFoundError : this clinic has no such patient, or has erased them.
    ReplacedError : the record is closed, since another one of the same person is kept.
    """
    row = get_present_patient(work, id)
    require_kept(work, id)
    return row


def _chain(id: str, direct: Mapping[str, str]) -> list[str]:
    """Return the records to which a record leads, itself first."""
    chain = [id]
    while chain[-1] in direct and direct[chain[-1]] not in chain:  # of altered rows, a circle ends, too
        chain.append(direct[chain[-1]])
    return chain
