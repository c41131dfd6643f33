"""Files that leave the records: for this user alone, whole, over nothing, and on every kind of disk."""

import errno
import os
import stat
from pathlib import Path

import pytest

from skinbeam.model.errors import InputError
from skinbeam_clinic.clinic_transfer.private_files import write_private_file


@pytest.fixture(params=["links", "no links"])
def disk(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder; without hard links it is as on FAT, exFAT and SMB."""
    if request.param == "no links":

        def refuse(*_: object) -> None:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))

        monkeypatch.setattr(os, "link", refuse)
    return tmp_path


def test_a_file_is_new_and_for_this_user_alone(disk: Path) -> None:
    file = disk / "new" / "copy.zip"
    write_private_file(file, b"first")
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"first", 0o600)
    with pytest.raises(InputError) as refused:
        write_private_file(file, b"second")
    assert (refused.value.code, file.read_bytes()) == ("file-taken", b"first")
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(code: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", lambda *_: refuse(errno.EOPNOTSUPP))
    monkeypatch.setattr(os, "fdopen", lambda *_: refuse(errno.ENOSPC))
    with pytest.raises(InputError) as refused:
        write_private_file(tmp_path / "copy.zip", b"x")
    assert list(tmp_path.iterdir()) == []
    assert refused.value.hint == "Make room there, or take a folder on another disk."


def test_a_place_that_cannot_be_written_is_no_error_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(InputError) as refused:
        write_private_file(tmp_path / "a file" / "copy.zip", b"x")
    assert (refused.value.code, refused.value.field) == ("unwritable-folder", "--output")
    assert refused.value.message.startswith('"copy.zip" cannot be written: ')
    assert refused.value.hint == "A folder that can be written, or that can be made."
