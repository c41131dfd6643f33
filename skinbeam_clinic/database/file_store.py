"""Encrypted files of the records: photographs, plans, documents, each stored under a name derived from its content.

The name is the content's signature within its clinic, keyed by the database's secret: the same content is stored once,
a name reveals nothing to somebody who has the disk, and content that does not fit its name was altered. A file is
written to disk before the row that names it, so a row never lacks its file.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from skinbeam.model.atomic_files import temporary_path
from skinbeam_clinic.database.encryption import DatabaseSecret, EncryptionKeys
from skinbeam_clinic.errors import clinic_error, storage_error

__all__ = ["FileStore"]

_NAME_LENGTH = 64  # of a SHA-256 in hex
_HEAD_BYTES = 16  # of a sealed file, which name its form and its key


class FileStore:
    """The files of all clinics of a database, in one folder per clinic.

    Parameters
    ----------
    folder : created when missing, for this user alone.
    """

    def __init__(self, folder: Path, keys: EncryptionKeys, secret: DatabaseSecret) -> None:
        self.folder = folder
        self._keys = keys
        self._secret = secret

    def add(self, clinic_id: str, content: bytes) -> str:
        """Store a content and return its name; a file under an older key is encrypted again.

        Raises
        ------
        DiskFullError : the disk is full.
        UnreachableError : the disk cannot be written.
        """
        name = self._secret.signature(f"file/{clinic_id}", content)
        path = self._path(clinic_id, name)
        with suppress(OSError):
            if self.is_current(clinic_id, name):
                os.utime(path)  # as if written now, so that `tidy` leaves it
                return name
        try:
            self._make_folders(path)
            self._write(path, self._keys.seal(content, f"{clinic_id}/file/{name}"))
        except OSError as error:
            raise storage_error("files", error) from None
        return name

    def add_again_if_removed(self, clinic_id: str, name: str, content: bytes) -> None:
        """Store a content again that `add` stored under this name, if an erasure has removed it since then.

        To be called within the transaction that writes the row that names the file.

        Raises
        ------
        DiskFullError, UnreachableError : as for `add`.
        """
        if not self.is_current(clinic_id, name):
            self.add(clinic_id, content)

    def get(self, clinic_id: str, name: str) -> bytes:
        """Return the content of a file by its name.

        Raises
        ------
        RecordNotFoundError : there is no such file.
        InputError : `altered-data`: the content does not fit its name.
        """
        place = f"{clinic_id}/file/{name}"
        try:
            sealed = self._path(clinic_id, name).read_bytes()
        except OSError:
            raise clinic_error("stored-file-missing", place) from None
        content = self._keys.open(sealed, place)
        if self._secret.signature(f"file/{clinic_id}", content) != name:
            raise clinic_error("altered-data", place)
        return content

    def read_encrypted(self, clinic_id: str, name: str) -> bytes:
        """Return a file encrypted, as it is stored, after checking that its content fits its name.

        Raises
        ------
        RecordNotFoundError, InputError : as for `get`.
        """
        self.get(clinic_id, name)
        return self._path(clinic_id, name).read_bytes()

    def is_current(self, clinic_id: str, name: str) -> bool:
        """Return whether a file is sealed with the first key; one that cannot be read is not.

        Raises
        ------
        RecordNotFoundError : it is no name of a file.
        """
        try:
            with self._path(clinic_id, name).open("rb") as file:
                return self._keys.is_current(file.read(_HEAD_BYTES))
        except OSError:
            return False

    def reseal(self, clinic_id: str, name: str) -> None:
        """Encrypt a file with the first key; its name stays.

        Raises
        ------
        RecordNotFoundError, InputError : as for `get`.
        DiskFullError, UnreachableError : as for `add`.
        """
        self.add(clinic_id, self.get(clinic_id, name))

    def restore(self, clinic_id: str, name: str, sealed: bytes) -> None:
        """Store a file as `sealed` returned it, and check that its content fits its name.

        Raises
        ------
        OSError : the disk is full or cannot be written.
        InputError : the content does not fit its name.
        """
        path = self._path(clinic_id, name)
        self._make_folders(path)
        self._write(path, sealed)
        self.get(clinic_id, name)

    def names(self, clinic_id: str) -> Iterator[str]:
        """Yield the names of a clinic's files."""
        for path in sorted((self.folder / clinic_id).glob("??/*")):
            if len(path.name) == _NAME_LENGTH:
                yield path.name

    def remove_unreferenced(self, clinic_id: str, referenced: Collection[str], before: float) -> int:
        """Remove files that no row names and that were not stored again since `before`; return how many.

        Partial files are removed too. A file is renamed before its age is checked for the last time: a request that
        stores the same content meanwhile finds no file and writes it again.

        Parameters
        ----------
        before : seconds since 1970.
        """
        removed = 0
        for path in sorted((self.folder / clinic_id).glob("??/*")):
            if path.name in referenced or path.stat().st_mtime >= before:
                continue
            aside = path.with_name(f"{path.name}.aside")
            path.rename(aside)
            if aside.stat().st_mtime >= before:
                aside.rename(path)
                continue
            aside.unlink()
            removed += 1
        return removed

    def remove(self, clinic_id: str, name: str) -> None:
        """Remove a file; it is no error if there is none."""
        self._path(clinic_id, name).unlink(missing_ok=True)

    def _path(self, clinic_id: str, name: str) -> Path:
        if len(name) != _NAME_LENGTH or not (name + clinic_id).isalnum():
            raise clinic_error("absent", "file")
        return self.folder / clinic_id / name[:2] / name

    def _make_folders(self, path: Path) -> None:
        """Create the folders of a file, each for this user alone, whatever the umask."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.folder, path.parent.parent, path.parent):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file completely or not at all, also when the machine stops.

        The content is synced to disk first, then the file is renamed, and then the folders are synced.
        """
        with temporary_path(path) as partial:
            new = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(new, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        for folder in (path.parent, path.parent.parent, self.folder):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
