"""A page that reads the records of one moment: in one transaction, with one audit entry, and nothing is written."""

import pytest
from record_samples import begin_consultation, with_note
from sqlalchemy import event

from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.repositories import ClinicRepositories


def test_what_others_save_meanwhile_is_not_mixed_in(database: Database, repositories: ClinicRepositories) -> None:
    made, others = begin_consultation(repositories), ClinicRepositories(database, repositories.member)
    with repositories.reading_one_moment():
        before = repositories.consultations.get(made.id)
        others.consultations.save(made.id, with_note("saved meanwhile"), revision=1)
        # Neither a row that was read nor a query that was not yet asked shows the change.
        assert repositories.consultations.get(made.id) == before
        assert repositories.consultations.of(made.patient_id) == (before,)
    assert repositories.consultations.get(made.id).revision == before.revision + 1


def test_all_is_read_in_one_transaction_and_noted_in_one_entry(
    database: Database, repositories: ClinicRepositories
) -> None:
    made, begun = begin_consultation(repositories), []

    def note_begin(_: object) -> None:
        begun.append("transaction")

    before = repositories.audit_log.newest(1)[0]
    event.listen(database.engine, "begin", note_begin)
    try:
        with repositories.reading_one_moment():
            repositories.patients.get(made.patient_id)
            repositories.consultations.get(made.id)
            repositories.plans.of(made.id)
            assert len(begun) == 1
    finally:
        event.remove(database.engine, "begin", note_begin)
    since = [one for one in repositories.audit_log.newest(10) if one.seq > before.seq]
    (entry,) = [one for one in since if one.action != "trail.seen"]  # the log notes who reads the log, too
    assert entry.action == "page.seen"
    assert {f"patient/{made.patient_id}", f"consultation/{made.id}"} <= set(entry.records_read)


def test_nothing_is_written_within(repositories: ClinicRepositories) -> None:
    with pytest.raises(RuntimeError, match="nothing is written"), repositories.reading_one_moment():
        repositories.patients.add("S-1")
    assert repositories.patients.add("S-1").pseudonym == "S-1"  # afterwards it is


def test_what_only_reads_is_no_change_and_everything_that_is_written_is(repositories: ClinicRepositories) -> None:
    made = begin_consultation(repositories)
    length = repositories.log_length()
    with repositories.reading_one_moment():
        repositories.patients.get(made.patient_id)
        repositories.plans.of(made.id)
    repositories.consultations.get(made.id)
    repositories.plans.of(made.id)
    assert repositories.log_length() == length + 3  # a page of two kinds, and two readings of their own
    assert not repositories.has_changed_since(length)
    repositories.consultations.save(made.id, with_note("another"), revision=1)
    assert repositories.has_changed_since(length)
    assert not repositories.has_changed_since(repositories.log_length())
