"""Backups in a folder: which older ones stay, that nothing else is touched, and that a failure removes none."""

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.errors import InputError
from skinbeam_clinic.database import backup as backups
from skinbeam_clinic.database.backup import BackupReader, last_backup
from skinbeam_clinic.database.backup_rotation import BackupRetention, write_rotated_backup
from skinbeam_clinic.database.columns import clock_set_to
from skinbeam_clinic.database.connection import Database
from skinbeam_clinic.repositories import ClinicRepositories

FIRST = datetime.datetime(2024, 12, 29, 2, 30, tzinfo=datetime.UTC)  # the ISO week of its second day is of 2025
DAY = datetime.timedelta(days=1)


def name_of(at: datetime.datetime) -> str:
    return f"skinbeam-{at:%Y%m%dT%H%M%SZ}.tar"


def test_a_year_of_nights_leaves_days_weeks_and_months() -> None:
    kept: list[datetime.datetime] = []
    retention = BackupRetention(days=14, weeks=8, months=12)
    for night in range(400):
        kept.append(FIRST + night * DAY)
        gone = retention.expired(kept)
        kept = [at for at in kept if at not in gone]
    last = FIRST + 399 * DAY
    assert kept[-14:] == [last - ago * DAY for ago in reversed(range(14))]
    weeks = {at.strftime("%G-%V") for at in kept}
    assert {(last - 7 * ago * DAY).strftime("%G-%V") for ago in range(8)} <= weeks
    months = sorted({at.strftime("%Y-%m") for at in kept})
    assert months[-12:] == ["2025-03"[:5] + f"{month:02}" for month in range(3, 13)] + ["2026-01", "2026-02"]
    assert len(kept) == 14 + 6 + 10  # of weeks and months, those that the days before did not hold


times = st.lists(st.integers(0, 900 * 24).map(lambda hours: FIRST + datetime.timedelta(hours=hours)), unique=True)


@given(times, st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))
def test_whatever_lies_there_the_newest_stays_and_the_rest_is_as_promised(
    found: list[datetime.datetime], days: int, weeks: int, months: int
) -> None:
    retention = BackupRetention(days, weeks, months)
    gone = retention.expired(found)
    left = [at for at in found if at not in gone]
    assert set(gone) <= set(found)
    if found:
        assert max(found) in left
    if not days and not weeks and not months:
        assert gone == ()
        return
    for most, period in ((days, "%Y-%m-%d"), (weeks, "%G-%V"), (months, "%Y-%m")):
        newest: dict[str, datetime.datetime] = {}
        for at in sorted(found):
            newest[at.strftime(period)] = at
        for at in sorted(newest.values())[len(newest) - most :] if most else []:
            assert at in left, period
    assert retention.expired(left) == (), "a second run removes nothing more"


def test_each_backup_is_whole_and_only_what_was_named_so_is_removed(
    database: Database, repositories: ClinicRepositories, tmp_path: Path
) -> None:
    others = ["clinic.tar", "skinbeam-20260101.tar", "skinbeam-20261301T000000Z.tar", "note.json"]
    for other in others:
        (tmp_path / other).write_bytes(b"of somebody")
    (tmp_path / "skinbeam-20200101T000000Z.tar").symlink_to(tmp_path / "note.json")
    assert last_backup(database) is None
    begins = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    for night in range(5):
        with clock_set_to(begins + night * DAY):
            written = write_rotated_backup(database, tmp_path, BackupRetention(days=3))
        assert written.backup == name_of(begins + night * DAY)
        assert written.removed == ((name_of(begins + (night - 3) * DAY),) if night >= 3 else ())
    here = {path.name for path in tmp_path.iterdir() if path.suffix != ".sqlite" and path.is_file()}
    backups_here = {name for name in here if name.startswith("skinbeam-2")} - {*others, "skinbeam-20200101T000000Z.tar"}
    assert backups_here == {name_of(begins + night * DAY) for night in (2, 3, 4)}
    assert {*others, "skinbeam-20200101T000000Z.tar"} <= here
    for name in backups_here:
        with (tmp_path / name).open("rb") as file:
            BackupReader(file)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert last_backup(database) is not None


@pytest.mark.parametrize("retention", [BackupRetention(days=1), BackupRetention(weeks=2), BackupRetention(months=1)])
def test_the_new_backup_stays_whatever_time_a_clock_gave_to_others(
    database: Database, repositories: ClinicRepositories, tmp_path: Path, retention: BackupRetention
) -> None:
    begins = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    ahead = [tmp_path / name_of(begins + years * 366 * DAY) for years in (1, 2, 3)]
    for path in ahead:
        path.write_bytes(b"of a clock that ran ahead")
    for night in range(2):
        with clock_set_to(begins + night * DAY):
            written = write_rotated_backup(database, tmp_path, retention)
        assert (tmp_path / written.backup).exists()
    assert all(path.exists() for path in ahead)


@pytest.mark.parametrize("fails", ["write", "read"])
def test_where_the_new_backup_fails_every_older_one_stays(
    fails: str,
    database: Database,
    repositories: ClinicRepositories,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begins = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    for night in range(2):
        with clock_set_to(begins + night * DAY):
            write_rotated_backup(database, tmp_path, BackupRetention())
    before, made = sorted(tmp_path.glob("*.tar")), last_backup(database)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_write_contents" if fails == "write" else "BackupReader", full)
    with clock_set_to(begins + 2 * DAY), pytest.raises(Exception, match="No space left"):
        write_rotated_backup(database, tmp_path, BackupRetention(days=1))
    assert set(before) == set(tmp_path.glob("*.tar"))
    assert last_backup(database) == made, "a backup that failed is not told as made"


def test_the_command_takes_one_place_and_says_what_it_removed(
    address: str,
    database: Database,
    repositories: ClinicRepositories,
    environment: dict[str, str],
    tmp_path: Path,
    run: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "backups"
    gone = run("records", "backup", "--db", address, "--into", str(folder), "--json")
    assert (gone.code, gone.document["error"]["field"]) == (2, "--into")
    folder.mkdir()
    old = folder / name_of(FIRST)
    old.write_bytes(b"an older one")
    ran = run("records", "backup", "--db", address, "--into", str(folder), "--keep-days", "1", "--json")
    assert (ran.code, ran.document["removed"]) == (0, [old.name])
    assert [path.name for path in folder.iterdir()] == [ran.document["backup"]]
    words = ("--into", str(folder)), ("-o", str(tmp_path / "b.tar")), ("--keep-days", "1")
    for chosen in ((), words[0] + words[1], words[1] + words[2], words[2]):
        refused = run("records", "backup", "--db", address, *chosen)
        assert refused.code == 2, chosen
        assert "one place" in refused.err
    assert not (tmp_path / "b.tar").exists()
    with pytest.raises(InputError):
        write_rotated_backup(database, tmp_path / "nowhere", BackupRetention())
