"""Files of the records: photographs, plans, documents. Each lies encrypted under a name that its content gives.

The name is the content's signature within its clinic, keyed by the database's secret: the same content is kept once, a
name tells nothing to who has the disk, and content that does not fit its name was altered. A file is on the disk before
a row speaks of it, so a row never lacks its file.
"""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from skinbeam.model.atomic_files import temporary_path
from skinbeam_clinic.database.encryption import DatabaseSecret, EncryptionKeys
from skinbeam_clinic.errors import clinic_error

__all__ = ["FileStore"]

_NAME_LENGTH = 64  # of a SHA-256 in hex


class FileStore:
    """The files of all clinics of a database, each in a folder of its clinic.

    Parameters
    ----------
    folder : is made when missing, for this user alone.
    """

    def __init__(self, folder: Path, keys: EncryptionKeys, secret: DatabaseSecret) -> None:
        self.folder = folder
        self._keys = keys
        self._secret = secret

    def add(self, clinic_id: str, content: bytes) -> str:
        """Keep a content and return its name.

        Raises
        ------
        UnreachableError : the disk is full or cannot be written.
        """
        name = self._secret.signature(f"file/{clinic_id}", content)
        path = self._path(clinic_id, name)
        try:
            os.utime(path)  # it is as new as one that is written now: `tidy` leaves it
        except OSError:
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._write(path, self._keys.seal(content, f"{clinic_id}/file/{name}"))
            except OSError as error:
                raise clinic_error("unreachable", "files", reason=error.strerror or str(error)) from None
        return name

    def get(self, clinic_id: str, name: str) -> bytes:
        """Return the content of a name.

        Raises
        ------
        AbsentError : there is no such file.
        InputError : `altered-data`: it is not what its name says.
        """
        try:
            sealed = self._path(clinic_id, name).read_bytes()
        except OSError:
            raise clinic_error("absent", "file") from None
        place = f"{clinic_id}/file/{name}"
        content = self._keys.open(sealed, place)
        if self._secret.signature(f"file/{clinic_id}", content) != name:
            raise clinic_error("altered-data", place)
        return content

    def sealed(self, clinic_id: str, name: str) -> bytes:
        """Return a file as it lies on the disk, once its content was found to be its name's.

        Raises
        ------
        AbsentError, InputError : as for `get`.
        """
        self.get(clinic_id, name)
        return self._path(clinic_id, name).read_bytes()

    def put_back(self, clinic_id: str, name: str, sealed: bytes) -> None:
        """Keep a file as `sealed` gave it, and see that it is whole.

        Raises
        ------
        OSError : the disk is full or cannot be written.
        InputError : it is not what its name says.
        """
        path = self._path(clinic_id, name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write(path, sealed)
        self.get(clinic_id, name)

    def names(self, clinic_id: str) -> Iterator[str]:
        """Give the names of a clinic's files."""
        for path in sorted((self.folder / clinic_id).glob("??/*")):
            if len(path.name) == _NAME_LENGTH:
                yield path.name

    def tidy(self, clinic_id: str, named: Collection[str], before: float) -> int:
        """Remove what no row names and nobody has kept again since `before`, half-written files too; return how many.

        A file is put aside before it is looked at for the last time: who keeps the same content meanwhile finds none
        and writes it anew.

        Parameters
        ----------
        before : seconds since 1970.
        """
        removed = 0
        for path in sorted((self.folder / clinic_id).glob("??/*")):
            if path.name in named or path.stat().st_mtime >= before:
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
        """Remove a file; one that is not there is no fault."""
        self._path(clinic_id, name).unlink(missing_ok=True)

    def _path(self, clinic_id: str, name: str) -> Path:
        if len(name) != _NAME_LENGTH or not (name + clinic_id).isalnum():
            raise clinic_error("absent", "file")
        return self.folder / clinic_id / name[:2] / name

    def _write(self, path: Path, data: bytes) -> None:
        """Write whole or not at all, also when the machine stops: the content before its name, each on the disk."""
        with temporary_path(path) as partial:
            with partial.open("xb") as file:
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
