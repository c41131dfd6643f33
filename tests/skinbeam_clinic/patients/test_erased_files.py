"""Files of an erased photograph: gone from the disk, unless somebody stores the very same content at that moment."""

import datetime
from collections.abc import Callable

import pytest
from diary_samples import WARNING, Treated, treated
from record_samples import begin_consultation

from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.database.file_store import FileStore
from skinbeam_clinic.database.verification import verify_database
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.errors import RecordNotFoundError
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.patients import photograph_erasure
from skinbeam_clinic.repositories import ClinicRepositories

FACE = b"\xff\xd8 a face"


@pytest.fixture
def session(repositories: ClinicRepositories) -> Treated:
    return treated(repositories)


@pytest.fixture
def face(repositories: ClinicRepositories) -> str:
    return add_face(repositories, begin_consultation(repositories).id)


def add_face(repositories: ClinicRepositories, consultation: str) -> str:
    return repositories.photographs.add(consultation, FACE, "image/jpeg", PhotographPermissions()).id


def run_once_after(patch: pytest.MonkeyPatch, method: str, action: Callable[[], object]) -> None:
    """Run an action as soon as a method of the file store has ended for the first time."""
    original, pending = getattr(FileStore, method), [action]

    def run(*args: object) -> object:
        done = original(*args)
        if pending:
            pending.pop()()
        return done

    patch.setattr(FileStore, method, run)


def test_a_photograph_sent_while_the_same_one_is_erased_keeps_its_file(
    database: Database, repositories: ClinicRepositories, session: Treated, face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once_after(monkeypatch, "add", lambda: repositories.photograph_erasure.erase(face))
    sent = add_face(repositories, session.consultation)
    with pytest.raises(RecordNotFoundError):
        repositories.photographs.get(face)
    assert repositories.photographs.read_content(sent)[1] == FACE
    assert verify_database(database)[0].findings == ()


def test_a_photograph_of_a_diary_sent_while_the_same_one_is_erased_keeps_its_file(
    database: Database, repositories: ClinicRepositories, session: Treated, face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = now() + datetime.timedelta(days=1)
    token = repositories.diaries.create_link(session.treatment, language="en", until=until).token
    run_once_after(monkeypatch, "add", lambda: repositories.photograph_erasure.erase(face))
    DiaryAccess(database).open(token).add_entry("0" * 32, 1, WARNING, photograph=FACE, alarm=False)
    (sent,) = repositories.photographs.of(session.consultation)
    assert repositories.photographs.read_content(sent.id)[1] == FACE
    assert verify_database(database)[0].findings == ()


def test_a_photograph_sent_once_the_rows_of_the_same_one_are_erased_keeps_its_file(
    database: Database, repositories: ClinicRepositories, session: Treated, face: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, sent = photograph_erasure.remove_unnamed_files, []

    def send_and_remove(*args: object) -> None:
        sent.append(add_face(repositories, session.consultation))
        remove(*args)

    monkeypatch.setattr(photograph_erasure, "remove_unnamed_files", send_and_remove)
    repositories.photograph_erasure.erase(face)
    assert repositories.photographs.read_content(sent[0])[1] == FACE
    assert verify_database(database)[0].findings == ()


def test_a_file_that_nothing_names_any_more_leaves_the_disk(
    database: Database, repositories: ClinicRepositories, face: str
) -> None:
    assert list(database.files.names(repositories.member.clinic_id))
    repositories.photograph_erasure.erase(face)
    assert not list(database.files.names(repositories.member.clinic_id))
