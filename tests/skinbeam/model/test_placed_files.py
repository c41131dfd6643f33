"""A set of files appears whole: no seal beside files of another set, wherever it breaks off, and the next run mends."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from skinbeam.model.atomic_files import replace_file_set

SCHEMA = "test.run/1"
FIRST = {"plan": "first", "report": "first", "figures/a.svg": "first", "photo/map.png": "first"}
SECOND = {"plan": "second", "report": "second", "figures/b.svg": "second"}


def made(folder: Path, files: Mapping[str, str], schema: str = SCHEMA) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    ledger = {
        "schema": schema,
        "files": [*files, "run"],
        "sha256": {name: hashlib.sha256(content.encode()).hexdigest() for name, content in files.items()},
    }
    (folder / "run").write_text(json.dumps(ledger))
    return folder


def files_of(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def is_whole(folder: Path) -> bool:
    sums = json.loads((folder / "run").read_text())["sha256"]
    return all(hashlib.sha256((folder / name).read_bytes()).hexdigest() == sha256 for name, sha256 in sums.items())


def test_a_set_takes_the_place_of_the_one_before_and_leaves_other_files_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    replace_file_set(made(tmp_path / "1", FIRST), out, manifest="run", last_file="plan")
    assert files_of(out) == {*FIRST, "run"}
    for name in ("mine", "figures/mine.svg"):
        (out / name).write_text("mine")
    placed = replace_file_set(made(tmp_path / "2", SECOND), out, manifest="run", last_file="plan")
    assert placed == sorted(out / name for name in (*SECOND, "run"))
    assert files_of(out) == {*SECOND, "run", "mine", "figures/mine.svg"}
    assert not (out / "photo").exists()
    assert is_whole(out)


def test_wherever_it_breaks_off_no_seal_stands_beside_files_of_another_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, unlink = Path.replace, Path.unlink
    ended_well = 0
    for steps in range(12):
        out = tmp_path / f"out-{steps}"
        out.mkdir()
        replace_file_set(made(tmp_path / f"1-{steps}", FIRST), out, manifest="run", last_file="plan")
        left = iter(range(steps))

        def step(left: object = left) -> None:
            if next(left, None) is None:  # type: ignore[call-overload]
                raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr(Path, "replace", lambda self, target, step=step: (step(), rename(self, target))[1])
            broken.setattr(Path, "unlink", lambda self, step=step, **how: (step(), unlink(self, **how))[1])
            try:
                replace_file_set(made(tmp_path / f"2-{steps}", SECOND), out, manifest="run", last_file="plan")
                ended_well += 1
            except KeyboardInterrupt:
                assert not (out / "plan").exists() or (is_whole(out) and (out / "plan").read_text() == "first")
        third = {"plan": "third", "report": "third"}
        replace_file_set(made(tmp_path / f"3-{steps}", third), out, manifest="run", last_file="plan")
        assert files_of(out) == {*third, "run"}, "the next run mends what was left"
        assert is_whole(out)
    assert 0 < ended_well < 12, "both were tried: broken off, and to the end"


@pytest.mark.parametrize(
    "ledger",
    [
        '{"schema": "another/1", "files": ["mine"]}',
        '{"schema": "test.run/1", "files": ["../outside", "/etc/hostname"]}',
        '{"schema": "test.run/1"}',
        '{"schema": "test.run/1", "files": 3}',
        '["files"]',
        "not JSON",
    ],
)
def test_a_ledger_that_is_not_ours_removes_nothing(ledger: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "mine").write_text("mine")
    (tmp_path / "outside").write_text("mine")
    (out / "run").write_text(ledger)
    replace_file_set(made(tmp_path / "1", FIRST), out, manifest="run", last_file="plan")
    assert files_of(out) == {*FIRST, "run", "mine"}
    assert (tmp_path / "outside").exists()
