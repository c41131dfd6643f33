"""Keep backups in a folder: each is named by its time, and older ones are thinned out by days, weeks and months.

As restic and borg count, a period counts only where there is a backup of it: a server that was off for a month loses
none of the backups from before.
"""

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from skinbeam_clinic.database.backup import BackupSummary, medium_errors, write_backup
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.errors import clinic_error

__all__ = ["BackupRetention", "RotatedBackup", "write_rotated_backup"]

_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"skinbeam-(\d{8}T\d{6}Z)\.tar")


@dataclass(frozen=True)
class BackupRetention:
    """Of how many days, ISO weeks and months with a backup the newest one is kept; all zero keeps every backup."""

    days: int = 0
    weeks: int = 0
    months: int = 0

    def expired(self, times: Iterable[datetime.datetime]) -> tuple[datetime.datetime, ...]:
        """Return the times of the backups that may go, the oldest first; the newest of all always stays."""
        newest_first = sorted(times, reverse=True)
        limits = ((self.days, "%Y-%m-%d"), (self.weeks, "%G-%V"), (self.months, "%Y-%m"))
        if not newest_first or not any(most for most, _ in limits):
            return ()
        kept = {newest_first[0]}
        for most, period in limits:
            newest_of: dict[str, datetime.datetime] = {}
            for at in newest_first:
                newest_of.setdefault(at.strftime(period), at)
            kept.update(list(newest_of.values())[:most])
        return tuple(at for at in reversed(newest_first) if at not in kept)


@dataclass(frozen=True)
class RotatedBackup:
    """A backup that was written into a folder, and the names of the older ones that were removed."""

    backup: str
    summary: BackupSummary
    removed: tuple[str, ...]


def write_rotated_backup(database: Database, folder: Path, retention: BackupRetention) -> RotatedBackup:
    """Write a backup into a folder under the name of its time, and then remove those that expired.

    Only files that are named by their time are removed, and none where the new backup failed.

    Raises
    ------
    InputError : as `write_backup`; or `no-backup-folder`.
    UnreachableError : the disk is full or cannot be written.
    """
    with medium_errors("backup-disk", "--into"):
        is_there = folder.is_dir()
    if not is_there:
        raise clinic_error("no-backup-folder", "--into", name=str(folder))
    made_at = now().replace(microsecond=0)
    path = folder / f"skinbeam-{made_at.strftime(_TIME_FORMAT)}.tar"
    summary = write_backup(database, path)
    removed = []
    with medium_errors("backup-unremoved", "--into"):
        # A name from a clock that ran ahead would count as the newest for ever, and this backup would go in its place.
        for at in retention.expired(at for at in _list_backup_times(folder) if at <= made_at):
            older = folder / f"skinbeam-{at.strftime(_TIME_FORMAT)}.tar"
            older.unlink(missing_ok=True)
            removed.append(older.name)
    return RotatedBackup(path.name, summary, tuple(removed))


def _list_backup_times(folder: Path) -> list[datetime.datetime]:
    """Return the times of the backups that this module named; a folder may hold anything else."""
    times = []
    for path in folder.iterdir():
        if (match := _NAME.fullmatch(path.name)) and path.is_file() and not path.is_symlink():
            try:
                times.append(datetime.datetime.strptime(match[1], _TIME_FORMAT).replace(tzinfo=datetime.UTC))
            except ValueError:  # such as a month 13, in a name that somebody else chose
                continue
    return times
