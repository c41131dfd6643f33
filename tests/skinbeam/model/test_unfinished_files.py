"""What is half written goes: with its block, with the run that is ended, and with the next run after one was killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from paths import ROOT

from skinbeam.model.atomic_files import remove_temporary_paths, temporary_path, work_folder
from skinbeam.model.document import write_atomically
from skinbeam.model.errors import InputError

HOLDS = """
import sys, time
from pathlib import Path
from skinbeam.model.atomic_files import work_folder
with work_folder(Path(sys.argv[1]), "work") as folder:
    (folder / "half").write_text("half")
    print(folder.name, flush=True)
    time.sleep(60)
"""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("name", ["plan.json", "x" * 250, "µ" * 120], ids=["short", "long", "two-byte"])
def test_nothing_half_written_outlives_its_block(name: str, tmp_path: Path) -> None:
    def broken_off() -> None:
        with temporary_path(tmp_path / name) as partial:
            partial.write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken_off()
    assert names(tmp_path) == []
    write_atomically(tmp_path / name, "whole")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("kind", ["pipe", "link to an open file"])
def test_what_is_no_ordinary_file_is_not_replaced_by_one(kind: str, tmp_path: Path) -> None:
    """`card -o /dev/null`, run as root, left a PDF in the place of the machine's /dev/null."""
    path = tmp_path / "there"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/proc/self/fd/1")
    before = path.lstat()
    with pytest.raises(InputError) as refused:
        write_atomically(path, "whole")
    assert "device or a pipe" in str(refused.value)
    assert path.lstat().st_ino == before.st_ino
    assert names(tmp_path) == ["there"]


def test_who_ends_the_run_finds_files_and_folders_alike(tmp_path: Path) -> None:
    with temporary_path(tmp_path / "file") as file, work_folder(tmp_path, "folder") as folder:
        file.write_text("half")
        (folder / "inner").mkdir()
        (folder / "inner" / "half").write_text("half")
        (tmp_path / "mine").write_text("mine")
        remove_temporary_paths()
        assert names(tmp_path) == ["mine"]


def test_the_folder_of_a_killed_run_goes_and_that_of_a_live_one_stays(tmp_path: Path) -> None:
    mine = [".work.notes", f".work.{'0' * 15}", f".other.{'0' * 16}"]
    for name in mine:
        (tmp_path / name).mkdir()
    running = [
        subprocess.Popen([sys.executable, "-c", HOLDS, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
        for _ in range(2)
    ]
    killed = running[0]
    try:
        held = [one.stdout.readline().strip() for one in running if one.stdout is not None]
        killed.kill()
        killed.wait()
        assert names(tmp_path) == sorted([*mine, *held])
        with work_folder(tmp_path, "work") as own:
            assert names(tmp_path) == sorted([*mine, held[1], own.name])
            assert own.stat().st_mode & 0o777 == 0o700
    finally:
        for one in running:
            one.kill()
            one.communicate()


def test_a_file_has_the_rights_that_its_user_gives_to_files(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_atomically(tmp_path / "plan.json", "{}")
    finally:
        os.umask(before)
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_wrong_input(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError) as caught:
        write_atomically(tmp_path / "file" / "plan.json", "{}")
    assert caught.value.field == "output"


def test_a_file_where_a_folder_is_needed_is_named(tmp_path: Path) -> None:
    """ "x.pdf cannot be written: File exists" spoke of a file that nobody had."""
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(InputError, match='"notes" is a file and no folder'):
        write_atomically(tmp_path / "notes" / "deeper" / "x.pdf", "whole")
