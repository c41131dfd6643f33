"""Write files that leave the encrypted records: for this user alone, complete or not at all, and never over another."""

import errno
import os
from pathlib import Path

from skinbeam.model.atomic_files import temporary_path
from skinbeam.model.document import unwritable_error
from skinbeam_clinic.errors import clinic_error

__all__ = ["FOLDER_MODE", "refuse_existing", "write_private_file"]

FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)  # of FAT, exFAT, SMB and others


def refuse_existing(path: Path) -> None:
    """Raise an error if there is something at a path.

    Raises
    ------
    InputError : `file-taken`.
    """
    if path.exists() or path.is_symlink():
        raise clinic_error("file-taken", "--output", name=path.name)


def write_private_file(path: Path, content: bytes) -> None:
    """Write a new file that only this user can read; missing folders are made.

    Raises
    ------
    InputError : `file-taken`, or the disk is full or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary_path(path) as partial:
            partial.touch(_FILE_MODE, exist_ok=False)
            partial.write_bytes(content)
            try:
                os.link(partial, path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                _write_exclusively(path, content)
    except OSError as error:
        if isinstance(error, FileExistsError) and path.parent.is_dir():  # else a file stands where its folder would
            raise clinic_error("file-taken", "--output", name=path.name) from None
        raise unwritable_error(path, error, field="--output") from None


def _write_exclusively(path: Path, content: bytes) -> None:
    """Write a new file on a disk that has no hard links; an error removes it, and only a killed run leaves it torn."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
