"""A page that reads the records of one moment: in one transaction, with one audit entry, and nothing is written."""

import pytest
from record_samples import begin_consultation, with_note
from sqlalchemy import event

from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.repositories import ClinicRepositories


def test_what_others_save_meanwhile_is_not_mixed_in(database: Database, desk: ClinicRepositories) -> None:
    made, others = begin_consultation(desk), ClinicRepositories(database, desk.member)
    with desk.reading_one_moment():
        before = desk.consultations.get(made.id)
        others.consultations.save(made.id, with_note("saved meanwhile"), revision=1)
        # Neither a row that was read nor a query that was not yet asked shows the change.
        assert desk.consultations.get(made.id) == before
        assert desk.consultations.of(made.patient_id) == (before,)
    assert desk.consultations.get(made.id).revision == before.revision + 1


def test_all_is_read_in_one_transaction_and_noted_in_one_entry(database: Database, desk: ClinicRepositories) -> None:
    made, begun = begin_consultation(desk), []

    def note_begin(_: object) -> None:
        begun.append("transaction")

    before = desk.audit_log.newest(1)[0]
    event.listen(database.engine, "begin", note_begin)
    try:
        with desk.reading_one_moment():
            desk.patients.get(made.patient_id)
            desk.consultations.get(made.id)
            desk.plans.of(made.id)
            assert len(begun) == 1
    finally:
        event.remove(database.engine, "begin", note_begin)
    since = [one for one in desk.audit_log.newest(10) if one.seq > before.seq]
    (entry,) = [one for one in since if one.action != "trail.seen"]  # the log notes who reads the log, too
    assert entry.action == "page.seen"
    assert {f"patient/{made.patient_id}", f"consultation/{made.id}"} <= set(entry.records_read)


def test_nothing_is_written_within(desk: ClinicRepositories) -> None:
    with pytest.raises(RuntimeError, match="nothing is written"), desk.reading_one_moment():
        desk.patients.add("S-1")
    assert desk.patients.add("S-1").pseudonym == "S-1"  # afterwards it is


def test_what_only_reads_is_no_change_and_everything_that_is_written_is(desk: ClinicRepositories) -> None:
    made = begin_consultation(desk)
    length = desk.log_length()
    with desk.reading_one_moment():
        desk.patients.get(made.patient_id)
        desk.plans.of(made.id)
    desk.consultations.get(made.id)
    desk.plans.of(made.id)
    assert desk.log_length() == length + 3  # a page of two kinds, and two readings of their own
    assert not desk.has_changed_since(length)
    desk.consultations.save(made.id, with_note("another"), revision=1)
    assert desk.has_changed_since(length)
    assert not desk.has_changed_since(desk.log_length())
