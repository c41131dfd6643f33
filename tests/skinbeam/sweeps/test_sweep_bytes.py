"""The bytes of a sweep are the same on any number of workers, in any order, wherever the disk was full."""

import errno
import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from own_cluster import ONE_A_BLOCK, files_of, made_alone, set_desk, threads
from zarr.storage import _local

from skinbeam.model.errors import InputError
from skinbeam.sweeps.cost import SweepCost
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import open_store
from skinbeam.sweeps.sweep_file import grid_blocks, load_sweep, values_at
from skinbeam.sweeps.worker import answer_cases

MANY = 16


@pytest.mark.check
def test_a_store_is_the_same_bytes_on_one_two_and_eight_workers(tmp_path: Path) -> None:
    set_desk(tmp_path, MANY)
    whole = made_alone(tmp_path)
    asked = load_sweep(tmp_path / "sweep.toml")
    for count in (1, 2, 8):
        with threads(count) as address:
            store = tmp_path / f"{count}.zarr"
            run_sweep(asked, store, cost=SweepCost(MANY, ONE_A_BLOCK, 1), cluster=address)
        assert files_of(store) == whole


@pytest.fixture(scope="module")
def rows_of(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A sweep of which some cases fail, its store, and its blocks with their rows."""
    workplace = tmp_path_factory.mktemp("workplace")
    set_desk(workplace, MANY)
    file = workplace / "sweep.toml"
    text = file.read_text(encoding="utf-8").replace("to = 69.0", "to = 690.0")  # hotter than a bath may be
    file.write_text(text, encoding="utf-8")
    asked = load_sweep(file)
    cost = SweepCost(MANY, ONE_A_BLOCK, 1)
    store = workplace / "straight.zarr"
    with open_store(store, asked, cost) as straight:
        answered = []
        for block in grid_blocks(asked.shape, straight.block):
            rows = answer_cases(asked.question, [values_at(asked, (block[0].start,))])
            straight.write(block, rows)
            answered.append((block, rows))
    assert len({rows[0].status for _, rows in answered}) == 2
    return asked, cost, answered, files_of(store)


def test_a_store_is_the_same_bytes_in_whatever_order_blocks_come_back(rows_of: Any, tmp_path: Path) -> None:
    asked, cost, answered, whole = rows_of
    for seed in range(3):
        mixed = random.Random(seed).sample(answered, len(answered))
        with open_store(tmp_path / f"{seed}.zarr", asked, cost) as store:
            for block, rows in mixed:
                store.write(block, rows)
        assert files_of(tmp_path / f"{seed}.zarr") == whole


def test_wherever_the_disk_is_full_the_same_command_completes_with_the_same_bytes(
    rows_of: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each write of the whole sweep fails once, with half of its file on the disk; then there is room again."""
    asked, cost, answered, whole = rows_of
    put = _local._put
    left = 0

    def full(path: Path, value: Any, exclusive: bool = False) -> int:
        nonlocal left
        left -= 1
        if left == 0:
            path.parent.mkdir(parents=True, exist_ok=True)
            half = bytes(value.as_buffer_like())[:-4]
            path.with_suffix(".0123.partial").write_bytes(half)
            raise OSError(errno.ENOSPC, "No space left on device")
        return put(path, value, exclusive=exclusive)

    monkeypatch.setattr(_local, "_put", full)
    store = tmp_path / "out.zarr"
    errors: list[InputError] = []
    for place in range(1, 1000):
        left = place
        try:
            with open_store(store, asked, cost) as held:
                missing = held.missing_blocks()
                for block, rows in answered:
                    if block in missing:
                        held.write(block, rows)
            break
        except InputError as error:
            errors.append(error)
    # Files come 2 or 3 a block, one more each time before the next is refused: some eight times for 16 blocks.
    assert len(errors) > 4
    for error in errors:
        assert error.code == "unwritable-folder"
        assert error.message == f'"{store.name}" cannot be written: No space left on device'
        assert error.hint == "Make room there; the same command goes on with what is missing."
    assert files_of(store) == whole


OWN_DISK = ("unshare", "--user", "--map-root-user", "--mount")
# Three files more fit on the disk, each of one page.
FILLED = """
set -e
mkdir disk
mount -t tmpfs -o size=1m tmpfs disk
cp -r case.toml sweep.toml out.zarr disk
cd disk
head -c 2m /dev/zero > filled 2> /dev/null || true
truncate --size=-12288 filled
ls out.zarr/status/c 2> /dev/null | wc -l
"$1" -m skinbeam sweep sweep.toml -o out.zarr --workers 1 --json > ../full.json || echo "$?"
ls out.zarr/status/c | wc -l
rm filled
"$1" -m skinbeam sweep sweep.toml -o out.zarr --workers 1 --json > ../done.json
cp -r out.zarr ../whole.zarr
"""


@pytest.mark.long
@pytest.mark.skipif(
    subprocess.run([*OWN_DISK, "true"], check=False, capture_output=True).returncode != 0,
    reason="nobody may have a disk of their own here",
)
def test_a_disk_that_is_really_full_is_reported_and_there_is_room_again(tmp_path: Path) -> None:
    set_desk(tmp_path, MANY)
    run = subprocess.run(
        [*OWN_DISK, "sh", "-c", FILLED, "sh", sys.executable],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    before, code, after = map(int, run.stdout.split())
    assert (before, code) == (0, 2)
    assert 0 <= after < MANY
    error = json.loads((tmp_path / "full.json").read_text(encoding="utf-8"))["error"]
    assert error["code"] == "unwritable-folder"
    assert '"out.zarr" cannot be written: No space left on device' in error["message"]
    assert json.loads((tmp_path / "done.json").read_text(encoding="utf-8"))["answered"] == MANY
    assert "Traceback" not in run.stderr
    assert files_of(tmp_path / "whole.zarr") == made_alone(tmp_path)
