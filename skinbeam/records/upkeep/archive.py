"""What lies in a backup: a tar of each table's rows as lines of JSON, of every file, and last a page that seals it.

Rows are written as values and not as a database's own pages, so a backup of SQLite can be restored into PostgreSQL and
the other way, and one of an older revision into its tables of that time, which are then brought to the newest. What is
sealed stays sealed: a backup is read with the key alone.
"""

import base64
import datetime
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from sqlalchemy import Boolean, DateTime, LargeBinary, RowMapping, Table

from skinbeam.records.faults import fault

__all__ = ["Reader", "Writer", "line_of", "row_of"]

_END = "end.json"
_SCHEMA = "skinbeam.backup/1"


def line_of(row: RowMapping) -> bytes:
    """Return a row as a line of JSON."""
    plain = {}
    for name, value in row.items():
        if isinstance(value, bytes | memoryview):
            value = base64.b64encode(value).decode()
        elif isinstance(value, datetime.datetime):
            zoned = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
            value = zoned.astimezone(datetime.UTC).isoformat(timespec="microseconds")
        plain[str(name)] = value
    return json.dumps(plain, ensure_ascii=False).encode() + b"\n"


def row_of(line: bytes, table: Table) -> dict[str, Any]:
    """Return the row of a line for a table as it is found in a database.

    Raises
    ------
    ValueError, KeyError, TypeError : it is none.
    """
    read = {}
    for name, value in json.loads(line).items():
        kind = table.c[name].type
        if value is not None and isinstance(kind, LargeBinary):
            value = base64.b64decode(value, validate=True)
        elif value is not None and isinstance(kind, DateTime):
            value = datetime.datetime.fromisoformat(value)
            value = value if kind.timezone else value.replace(tzinfo=None)
        elif value is not None and isinstance(kind, Boolean):
            value = bool(value)
        read[name] = value
    return read


class Writer:
    """Writes a backup from its first row to the page that seals it.

    Parameters
    ----------
    file : where to, open for writing.
    scratch : an empty file, for rows whose length must be known before they are written.
    """

    def __init__(self, file: IO[bytes], scratch: IO[bytes]) -> None:
        self._tar = tarfile.TarFile(fileobj=file, mode="w")
        self._scratch = scratch
        self._hashes: dict[str, str] = {}

    def rows(self, table: str, rows: Iterable[RowMapping]) -> int:
        """Write the rows of a table, and return how many there were."""
        self._scratch.seek(0)
        self._scratch.truncate()
        digest, count = hashlib.sha256(), 0
        for row in rows:
            count += 1
            line = line_of(row)
            digest.update(line)
            self._scratch.write(line)
        length = self._scratch.tell()
        self._scratch.seek(0)
        self._hashes[table] = digest.hexdigest()
        self._add(f"rows/{table}.jsonl", self._scratch, length)
        return count

    def file(self, clinic_id: str, name: str, sealed: bytes) -> None:
        """Write a file as it lies on the disk."""
        self._add(f"files/{clinic_id}/{name}", io.BytesIO(sealed), len(sealed))

    def close(self, revision: str, files: int) -> None:
        """Seal the backup."""
        end = {"schema": _SCHEMA, "revision": revision, "tables": self._hashes, "files": files}
        content = json.dumps(end, sort_keys=True).encode()
        self._add(_END, io.BytesIO(content), len(content))
        self._tar.close()

    def _add(self, name: str, content: IO[bytes], length: int) -> None:
        about = tarfile.TarInfo(name)
        about.size, about.mode = length, 0o600
        self._tar.addfile(about, content)


class Reader:
    """Reads a backup that is whole.

    Parameters
    ----------
    file : open for reading; it is read twice.

    Raises
    ------
    InputError : `bad-archive`: it is no backup, or not whole.
    """

    def __init__(self, file: IO[bytes]) -> None:
        try:
            self._tar = tarfile.TarFile(fileobj=file, mode="r")
            end = json.loads(self._content(_END))
            self.revision = str(end["revision"])
            self._tables: Mapping[str, str] = end["tables"]
            files = sum(member.name.startswith("files/") for member in self._tar.getmembers())
            whole = end["schema"] == _SCHEMA and files == end["files"] and all(map(self._as_sealed, self._tables))
        except (tarfile.TarError, KeyError, ValueError, TypeError, EOFError):
            whole = False
        if not whole:
            raise fault("bad-archive", "backup")

    def rows(self, table: str) -> Iterator[bytes]:
        """Give the rows of a table as lines."""
        if table in self._tables:
            member = self._tar.extractfile(f"rows/{table}.jsonl")
            assert member is not None
            yield from member

    def files(self) -> Iterator[tuple[str, str, bytes]]:
        """Give clinic, name and content of every file."""
        for member in self._tar.getmembers():
            kind, *rest = member.name.split("/")
            if kind == "files" and len(rest) == 2 and member.isfile():
                yield rest[0], rest[1], self._content(member.name)

    def _content(self, name: str) -> bytes:
        member = self._tar.extractfile(name)
        if member is None:
            raise KeyError(name)
        return member.read()

    def _as_sealed(self, table: str) -> bool:
        digest = hashlib.sha256()
        for line in self.rows(table):
            digest.update(line)
        return digest.hexdigest() == self._tables[table]
