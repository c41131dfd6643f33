"""`skinbeam consult` in a folder, and commands as processes: interrupts, pipes, terminals, two runs at once."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from paths import ROOT
from pypdf import PdfReader

from skinbeam.model.document import sha256_hex

SPOTS = str(ROOT / "examples" / "conditions" / "age-spots-pigment-short-pulse.toml")
REFUSED = str(ROOT / "examples" / "conditions" / "dynamic-wrinkles-ablative.toml")
SLAB = str(ROOT / "examples" / "light" / "van-de-hulst-slab.toml")
LIGHT = ("light", SLAB, "--method", "montecarlo", "--photons", "200000")

Run = Callable[..., Any]


def files_of(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_a_consultation_writes_its_files_and_leaves_others_alone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("kept")
    ran = run("consult", SPOTS, "-o", str(folder), "--draws", "100")
    assert ran.code == 0
    written = {"plan.json", "report.html", "report.pdf", "appendix.pdf", "leaflet.pdf", "run.json", "mine.txt"}
    assert written <= files_of(folder)
    assert len(PdfReader(folder / "report.pdf").pages) <= 6  # four, and two for the one concern
    assert any(name.startswith("figures/") and name.endswith(".svg") for name in files_of(folder))
    assert (folder / "mine.txt").read_text() == "kept"
    assert not any(Path(name).name.startswith(".") for name in files_of(folder))
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["plan_sha256"] in ran.out
    ledger = json.loads((folder / "run.json").read_text())
    assert ledger["plan_sha256"] == plan["plan_sha256"]
    assert set(ledger["files"]) <= files_of(folder)
    head = ("version", "case_sha256", "seed", "warnings")
    assert {name: ledger[name] for name in head} == {name: plan[name] for name in head}
    again = run("consult", SPOTS, "-o", str(folder), "--draws", "100", "--json")
    assert again.code == 0
    assert again.document == plan


def test_a_refused_consultation_is_done_too(run: Run, tmp_path: Path) -> None:
    ran = run("consult", REFUSED, "-o", str(tmp_path), "--json")
    assert ran.code == 0
    assert ran.document["suitability"]["decision"] == "not-suitable"
    assert {"plan.json", "report.html", "report.pdf", "leaflet.pdf"} <= files_of(tmp_path)


def test_reports_and_the_sentences_of_the_plan_are_in_the_language_that_is_asked_for(run: Run, tmp_path: Path) -> None:
    for language in ("en", "de"):
        assert run("consult", REFUSED, "-o", str(tmp_path / language), "--language", language, "--quiet").code == 0
    english, german = tmp_path / "en", tmp_path / "de"
    plans = [json.loads((folder / "plan.json").read_text(encoding="utf-8")) for folder in (english, german)]
    assert [plan["language"] for plan in plans] == ["en", "de"]
    assert plans[0]["plan_sha256"] == plans[1]["plan_sha256"]
    reasons = [plan["suitability"]["reasons"][0] for plan in plans]
    assert reasons[0]["rule"] == reasons[1]["rule"]
    assert reasons[0]["text"] != reasons[1]["text"]
    assert PdfReader(english / "leaflet.pdf").trailer["/Root"]["/Lang"] == "en"
    assert "Nein, jetzt nicht" in "".join(page.extract_text() for page in PdfReader(german / "leaflet.pdf").pages)
    assert '<html lang="de">' in (german / "report.html").read_text(encoding="utf-8")
    ran = run("consult", REFUSED, "-o", str(tmp_path / "xx"), "--language", "dee", "--json")
    assert (ran.code, ran.document["error"]["field"]) == (2, "--language")


def test_a_file_in_the_way_of_the_folder_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    for target in ("out", "out/inside"):
        ran = run("consult", REFUSED, "-o", str(tmp_path / target), "--json")
        assert ran.code == 2
        assert ran.document["error"]["field"] == "--output"
    assert (tmp_path / "out").read_text() == "a file"


CONSULT = sorted((ROOT / "tests" / "data" / "broken" / "consult").glob("*.toml"))


@pytest.mark.parametrize("file", CONSULT, ids=lambda f: f.stem)
def test_a_broken_consultation_writes_no_plan(file: Path, run: Run, tmp_path: Path) -> None:
    field, _, words = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect:").partition("|")
    ran = run("consult", str(file), "-o", str(tmp_path / "out"), "--json")
    assert ran.code == 2
    error = ran.document["error"]
    assert error["field"] == field.strip()
    assert words.strip() in f"{error['message']} {error['hint']}"
    assert not list(tmp_path.rglob("*.json"))


def test_a_photograph_that_is_not_one_is_reported(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "face.jpg"
    wrong.write_bytes(b"not a picture")
    ran = run("consult", REFUSED, "-o", str(tmp_path / "out"), "--photo", str(wrong), "--json")
    assert ran.code == 2
    assert ran.document["error"]["field"] == "photo.file"


# --- processes -----------------------------------------------------------------------------------------------------


def process(*arguments: str, **keywords: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "skinbeam", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **keywords,
    )


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_nothing_half_written(asked: signal.Signals, tmp_path: Path) -> None:
    out = tmp_path / "out"
    case = str(ROOT / "examples" / "first-consultation" / "case.toml")
    running = process("consult", case, "-o", str(out), "--draws", "4000", "--json")
    # The folder is made before the work begins.
    deadline = time.monotonic() + 60
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    running.send_signal(asked)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout, stderr) == (130, "", "")
    assert not list(out.iterdir())


@pytest.mark.check
@pytest.mark.parametrize("moment", range(6))
def test_an_interrupt_at_any_moment_ends_at_once_and_leaves_nothing(moment: int, tmp_path: Path) -> None:
    """Moments from the first import to the search of settings, where cached kernels are read."""
    out, temporary = tmp_path / "out", tmp_path / "temporary"
    temporary.mkdir()
    case = str(ROOT / "examples" / "first-consultation" / "case.toml")
    running = process("consult", case, "-o", str(out), env=os.environ | {"TMPDIR": str(temporary)})
    time.sleep(0.5 + 0.4 * moment)
    begun = time.monotonic()
    running.send_signal(signal.SIGTERM if moment % 2 else signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout, stderr) == (130, "", "")
    assert time.monotonic() - begun < 5.0  # two seconds, and room for a busy machine
    assert not [*temporary.iterdir(), *(out.iterdir() if out.exists() else ())]


SLOWLY = """
import pathlib, time
from skinbeam.cli import main
move = pathlib.Path.replace
pathlib.Path.replace = lambda self, target: (time.sleep(0.02), move(self, target))[1]
main()
"""


@pytest.mark.check
def test_wherever_a_run_is_killed_no_plan_stands_beside_files_of_another(tmp_path: Path) -> None:
    """Killed while it moves its files, which is made to take half a second."""
    out = tmp_path / "out"
    face = str(ROOT / "examples" / "first-consultation" / "face.jpg")
    kinds = (("consult", REFUSED, "-o", str(out)), ("consult", REFUSED, "-o", str(out), "--photo", face))

    def whole(words: tuple[str, ...]) -> bool:
        running = process(*words)
        running.communicate(timeout=120)
        return running.returncode == 0 and is_whole(out)

    assert whole(kinds[0])
    cut = 0
    for turn in range(2):
        running = subprocess.Popen([sys.executable, "-c", SLOWLY, *kinds[(turn + 1) % 2]], cwd=ROOT)
        while running.poll() is None and (out / "plan.json").exists():
            time.sleep(0.001)
        time.sleep(0.15 * turn)
        running.kill()
        running.wait()
        if (out / "plan.json").exists():
            assert is_whole(out)
        else:
            cut += 1
            assert whole(kinds[turn % 2]), "the next run mends it"
            assert files_of(out) == set(json.loads((out / "run.json").read_text())["files"]), "nothing of another stays"
    assert cut, "no moment was tried at which files are moved"


def is_whole(folder: Path) -> bool:
    """Whether every file is the one whose hash the record of the run names."""
    named = json.loads((folder / "run.json").read_text())["sha256"]
    return all(sha256_hex((folder / name).read_bytes()) == sha256 for name, sha256 in named.items())


def test_files_of_another_case_go_with_the_set_that_they_belong_to(run: Run, tmp_path: Path) -> None:
    face = str(ROOT / "examples" / "first-consultation" / "face.jpg")
    assert run("consult", REFUSED, "-o", str(tmp_path), "--photo", face).code == 0
    assert (tmp_path / "photo" / "melanin.png").exists()
    assert is_whole(tmp_path)
    (tmp_path / "photo" / "mine.png").write_text("mine")
    assert run("consult", REFUSED, "-o", str(tmp_path)).code == 0
    assert [file.name for file in (tmp_path / "photo").iterdir()] == ["mine.png"]
    assert is_whole(tmp_path)


def test_an_interrupted_run_of_light_keeps_its_checkpoint_and_writes_nothing_else(tmp_path: Path) -> None:
    checkpoint, store = tmp_path / "run.npz", tmp_path / "light.zarr"
    options = ("--method", "montecarlo", "--photons", "4000000000", "--checkpoint", str(checkpoint), "-o", str(store))
    running = process("light", SLAB, *options, "--json")
    deadline = time.monotonic() + 60
    while not checkpoint.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    # What is in flight ends at once: four thousand million photons would take minutes.
    stdout, stderr = running.communicate(timeout=20)
    assert running.returncode == 130
    assert (stdout, "Traceback" in stderr) == ("", False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.npz"]


def test_progress_goes_to_a_terminal_alone(tmp_path: Path) -> None:
    running = process(*LIGHT)
    _, stderr = running.communicate(timeout=60)
    assert (running.returncode, stderr) == (0, "")
    controller, terminal = pty.openpty()
    found = tmp_path / "found.json"
    with found.open("w") as stdout:
        watched = subprocess.Popen(
            [sys.executable, "-m", "skinbeam", *LIGHT, "--json"],
            stdout=stdout,
            stderr=terminal,
            cwd=ROOT,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
        )
        os.close(terminal)
        seen = all_that_is_shown(controller)
        assert watched.wait(timeout=60) == 0
    assert "tallies of light take up to 1 MB" in seen
    assert "photons" in seen
    assert "standard error" in seen
    assert json.loads(found.read_text())["photons"] == 200_000


@pytest.mark.check
def test_a_plan_tells_a_terminal_where_it_is_and_nothing_else(tmp_path: Path) -> None:
    """Each concern as soon as it stands; what was told goes away where the answer follows."""
    asked = ("consult", SPOTS, "-o", str(tmp_path / "out"), "--draws", "50")
    running = process(*asked)
    _, stderr = running.communicate(timeout=120)
    assert (running.returncode, stderr) == (0, "")
    seen = shown_at_a_terminal(*asked)
    first = seen.index(" · ")
    found, answer = (seen.index(word, first) for word in ("of 100 better by half", "report "))
    assert first < found < seen.rindex("\x1b[A\x1b[K") < seen.rindex("of 100 better by half") < answer
    assert shown_at_a_terminal(*asked, "--quiet").replace("\x1b[0m", "") == ""  # a library sets colours back


def shown_at_a_terminal(*arguments: str) -> str:
    """What a terminal that holds both streams is told."""
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100"}
    command = [sys.executable, "-m", "skinbeam", *arguments]
    watched = subprocess.Popen(command, stdout=terminal, stderr=terminal, cwd=ROOT, env=environment)
    os.close(terminal)
    seen = all_that_is_shown(controller)
    assert watched.wait(timeout=120) == 0
    return seen


def all_that_is_shown(controller: int) -> str:
    """What a terminal is told until nobody holds it any more; it keeps some kilobytes alone, and waits then."""
    seen = b""
    with contextlib.suppress(OSError):  # as Linux tells the end
        while piece := os.read(controller, 4096):
            seen += piece
    os.close(controller)
    return seen.decode(errors="replace")


def test_two_runs_into_one_folder_both_end_well(tmp_path: Path) -> None:
    runs = [process("consult", REFUSED, "-o", str(tmp_path / "out"), "--json") for _ in range(2)]
    found = [(one.communicate(timeout=120), one.returncode) for one in runs]
    codes = sorted(code for _, code in found)
    assert codes in ([0, 0], [0, 2])
    assert all("Traceback" not in err for (_, err), _ in found)
    plan = json.loads((tmp_path / "out" / "plan.json").read_text())
    assert all(json.loads(out) == plan for (out, _), code in found if code == 0)
    assert not [name for name in files_of(tmp_path / "out") if Path(name).name.startswith(".")]


def test_a_pipe_that_closes_early_is_no_fault() -> None:
    running = process("claims")
    assert running.stdout is not None
    running.stdout.read(10)
    running.stdout.close()
    assert running.stderr is not None
    assert "Traceback" not in running.stderr.read()
    running.stderr.close()
    assert running.wait(timeout=60) in (0, 1, 141)


def test_an_answer_needs_no_terminal() -> None:
    running = process("conditions", "--json", env=os.environ | {"TERM": "dumb", "COLUMNS": "20"})
    stdout, _ = running.communicate(timeout=60)
    assert json.loads(stdout)["schema"] == "skinbeam.conditions/1"
