"""The command line: exit codes, one JSON document for every outcome, nothing half-written, no traceback."""

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

from skinbeam.cli.run import main

ROOT = Path(__file__).parents[1]
VEINS = str(ROOT / "examples" / "conditions" / "facial-telangiectasia-vascular.toml")
REFUSED = str(ROOT / "examples" / "conditions" / "dynamic-wrinkles-ablative.toml")
CASES = ROOT / "tests" / "data" / "cases"
PULSE = str(CASES / "er-yag.toml")
SLAB = str(ROOT / "examples" / "light" / "van-de-hulst-slab.toml")
HEAD = {"schema", "version", "case_sha256", "seed", "warnings"}


Run = Callable[..., Any]


def test_help_names_every_command(run: Run) -> None:
    ran = run("--help")
    assert ran.code == 0
    names = "consult simulate threshold window light skin expect photo preview sweep validate claims cite serve records"
    for name in (*names.split(), "lasers", "conditions", "doctor"):
        assert f" {name} " in ran.out
        assert run(name, "--help").code == 0


def test_help_of_threshold_names_every_endpoint(run: Run) -> None:
    from skinbeam.simulate.endpoints import ENDPOINTS

    # Lines are broken at spaces and hyphens.
    told = "".join(run("threshold", "--help").out.split())
    assert f"Whatistobereached:{','.join(sorted(ENDPOINTS))}." in told


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    ran = run()
    assert ran.code in (0, 2)
    assert "consult" in ran.out + ran.err


def test_the_version_is_printed(run: Run) -> None:
    from skinbeam._version import __version__

    assert run("--version").out.strip() == f"skinbeam {__version__}"


USAGE: dict[str, tuple[tuple[str, ...], str, str]] = {
    "misspelt command": (("simulat", PULSE), "simulat", "simulate"),
    "misspelt option": (("simulate", PULSE, "--draw", "5"), "--draw", "--draws"),
    "unknown option": (("consult", VEINS, "--colour", "red"), "--colour", "Did you mean"),
    "missing argument": (("simulate",), "case", "--help"),
    "missing option": (("threshold", PULSE), "--endpoint", "--help"),
    "missing folder": (("consult", VEINS), "--output", "--help"),
    "draws of none": (("simulate", PULSE, "--draws", "0"), "--draws", "--help"),
    "too many draws": (("simulate", PULSE, "--draws", "100001"), "--draws", "--help"),
    "draws in words": (("window", PULSE, "--draws", "many"), "--draws", "--help"),
    "negative seed": (("skin", PULSE, "--wavelength", "500", "--seed", "-1"), "--seed", "--help"),
    "misspelt endpoint": (("threshold", PULSE, "--endpoint", "ablatio"), "--endpoint", "ablation"),
    "misspelt condition": (
        ("expect", "--condition", "acne-scar s", "--modality", "ablative"),
        "condition",
        "acne-scars",
    ),
    "misspelt modality": (("expect", "--condition", "acne-scars", "--modality", "ablativ"), "modality", "ablative"),
    "misspelt source": (("cite", "clark204"), "KEY", "clark2004"),
    "misspelt light": (("simulate", PULSE, "--light", "ordinate"), "--light", "ordinates"),
    "misspelt device": (("simulate", PULSE, "--device", "cdua"), "--device", "cuda"),
    "error of nothing": (("simulate", PULSE, "--error", "0"), "--error", "0.01"),
    "missing file": (("simulate", "nowhere.toml"), "CASE", "case file"),
    "a folder": (("simulate", str(CASES)), "CASE", "case file"),
    "folder below a file": (("consult", VEINS, "-o", f"{PULSE}/out"), "--output", "folder"),
    "missing photograph": (("photo", "nowhere.jpg"), "photo", "photo"),
    "wavelengths in words": (("skin", PULSE, "--wavelength", "red"), "--wavelength", "400"),
    "no effect to guess": (("window", str(CASES / "fractional-1550.toml")), "--effect", "--effect"),
    "misspelt group": (("validate", "--only", "vasculr"), "--only", "vascular"),
    "misspelt records command": (("records", "exprt"), "exprt", "export"),
    "missing device file": (("lasers", "check", "nowhere.toml"), "FILE", "device"),
}


@pytest.mark.parametrize("name", USAGE)
def test_what_is_wrong_has_code_2_a_field_and_a_hint(name: str, run: Run) -> None:
    arguments, field, hint = USAGE[name]
    plain = run(*arguments)
    assert plain.code == 2
    assert plain.out == ""
    assert plain.err.startswith("error: ")
    ran = run(*arguments, "--json")
    if arguments[0] == "cite":  # prints BibTeX and has no JSON of its own; the error has
        ran = run("cite", "clark204")
        assert hint in ran.err
        return
    assert ran.code == 2
    error = ran.document["error"]
    assert set(ran.document) == {"error"}
    assert {"code", "message", "field", "hint"} <= set(error) <= {"code", "message", "field", "hint", "file"}
    assert all(isinstance(text, str) and text for text in error.values())
    assert field in error["field"]
    assert hint in error["hint"]


NOT_BUILT: dict[str, tuple[str, ...]] = {
    "preview": ("preview", "face.jpg", "--plan", "plan.json", "-o", "out"),
    "sweep": ("sweep", "sweep.toml", "-o", "out.zarr"),
    "records": ("records", "export"),
    "simulate on cuda": ("simulate", PULSE, "--device", "cuda"),
}


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_says_so_with_code_3(name: str, run: Run) -> None:
    arguments = NOT_BUILT[name]
    plain = run(*arguments)
    assert (plain.code, plain.out) == (3, "")
    assert plain.err.startswith("unknown: ")
    ran = run(*arguments, "--json")
    assert ran.code == 3
    assert ran.document["schema"] == f"skinbeam.{name.split()[0]}/1"
    assert {"version", "warnings"} <= set(ran.document)
    assert "error" not in ran.document
    text = json.dumps(ran.document)
    assert "unknown" in text
    assert "not in this release" in text


def test_what_nobody_can_answer_keeps_the_keys_of_its_document(run: Run) -> None:
    ran = run("threshold", PULSE, "--endpoint", "blood-coagulation", "--json")
    assert ran.code == 3
    assert {*HEAD, "endpoint", "of", "dose", "bracket", "reached"} <= set(ran.document)
    assert set(ran.document["dose"]) == {"unknown"}
    ran = run("expect", "--condition", "dull-complexion", "--modality", "ablative", "--json")
    assert ran.code == 3
    assert {*HEAD, "p_at_least", "predict", "pih", "studies", "untreated"} <= set(ran.document)
    assert isinstance(ran.document["abstains"], str)
    ran = run(
        "window", str(CASES / "vessel.toml"), "--effect", "blood-coagulation", "--harm", "blood-coagulation", "--json"
    )
    assert ran.code == 3
    assert {*HEAD, "of", "dose", "pulse_ms", "p_effect", "p_harm"} <= set(ran.document)


DOCUMENTS: dict[str, tuple[tuple[str, ...], str, set[str]]] = {
    "simulate": (
        ("simulate", PULSE, "--draws", "10"),
        "skinbeam.simulate/1",
        {"light", "temperature_C", "damage", "ablation", "microlesion", "cooling", "healing", "harm"},
    ),
    "threshold": (
        ("threshold", PULSE, "--endpoint", "ablation", "--draws", "10"),
        "skinbeam.threshold/1",
        {
            "endpoint",
            "of",
            "dose",
            "model_error",
            "reduction_error",
            "heated_blood",
            "methaemoglobin",
            "bracket",
            "reached",
        },
    ),
    "window": (
        ("window", PULSE, "--draws", "10"),
        "skinbeam.window/1",
        {"of", "dose", "pulse_ms", "p_effect", "p_harm"},
    ),
    "light": (
        ("light", SLAB),
        "skinbeam.light/1",
        {"reflectance_specular", "reflectance_diffuse", "transmittance", "absorbed", "depth_um", "method", "device"},
    ),
    "skin": (
        ("skin", PULSE, "--wavelength", "500:600:50", "--draws", "10"),
        "skinbeam.skin/1",
        {"wavelength_nm", "layers", "reflectance", "reflectance_excluded", "Lab", "ita_deg", "phototype_range"},
    ),
    "expect": (
        ("expect", "--condition", "acne-scars", "--modality", "fractional-ablative"),
        "skinbeam.expect/1",
        {"p_at_least", "predict", "mean_improvement_pct", "pih", "downtime_days", "durability", "untreated", "studies"},
    ),
    "validate": (
        ("validate", "--only", "arrhenius"),
        "skinbeam.validate/1",
        {"draws", "shares", "groups", "rows", "orderings", "calibrated"},
    ),
    "claims": (("claims",), "skinbeam.claims/1", {"claims"}),
    "lasers": (("lasers",), "skinbeam.lasers/1", {"lasers"}),
    "conditions": (("conditions",), "skinbeam.conditions/1", {"conditions", "sites", "modalities"}),
    "doctor": (("doctor",), "skinbeam.doctor/1", {"checks"}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_command_prints_its_document_as_json_and_as_text(name: str, run: Run) -> None:
    arguments, schema, keys = DOCUMENTS[name]
    ran = run(*arguments, "--json")
    assert ran.code == 0
    assert ran.document["schema"] == schema
    assert HEAD | keys <= set(ran.document)
    assert not any(word in ran.out for word in ("null", "NaN", "Infinity"))
    plain = run(*arguments)
    assert plain.code == 0
    assert plain.out.startswith(schema)
    assert run(*arguments, "--json").out == ran.out


def test_the_lists_hold_what_the_interface_says(run: Run) -> None:
    laser_keys = {"name", "title", "wavelengths_nm", "modalities", "pulse_ms", "spots_mm", "cooling", "source"}
    lasers = run("lasers", "--json").document["lasers"]
    assert len(lasers) >= 18
    for laser in lasers:
        assert laser_keys <= set(laser)
        assert {"fluence_J_cm2", "energy_mJ"} & set(laser)
        low, high = laser["pulse_ms"]
        assert 0 < low <= high
    made = run("conditions", "--json").document
    for kind, least in (("conditions", 20), ("sites", 14), ("modalities", 7)):
        assert len(made[kind]) >= least
        assert all({"name", "aliases", "title"} <= set(entry) for entry in made[kind])
    claims = run("claims", "--json").document["claims"]
    assert len(claims) == 40
    wanted = {"id", "sentence", "claim", "verdict", "evidence", "better", "rule", "sources"}
    for claim in claims:
        assert wanted <= set(claim)
        assert claim["verdict"] in ("supported", "partly", "unsupported", "contradicted")
    for check in run("doctor", "--json").document["checks"]:
        assert {"name", "ok", "found", "fix"} == set(check)
        assert check["ok"] or check["fix"]


def test_cite_prints_bibtex_of_what_is_asked_for_or_of_all(run: Run) -> None:
    one = run("cite", "clark2004")
    assert one.code == 0
    assert one.out.startswith("@")
    assert one.out.count("\n@") == 0
    assert run("cite").out.count("@") > 100


def test_a_device_file_is_checked(run: Run) -> None:
    sound = ROOT / "skinbeam" / "data" / "lasers" / "ktp-532.toml"
    assert run("lasers", "check", str(sound), "--json").document["lasers"][0]["name"] == "ktp-532"
    broken = sorted((ROOT / "tests" / "broken" / "device").glob("*.toml"))[0]
    ran = run("lasers", "check", str(broken), "--json")
    assert ran.code == 2
    assert ran.document["error"]["field"]


def test_seed_and_draws_are_taken_at_their_ends(run: Run) -> None:
    ran = run("simulate", PULSE, "--draws", "1", "--seed", str(2**63 - 1), "--json")
    assert ran.code == 0
    assert ran.document["seed"] == 2**63 - 1


# --- consult ---------------------------------------------------------------------------------------------------------


def files_of(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_a_consultation_writes_its_files_and_leaves_others_alone(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    folder.mkdir(parents=True)
    (folder / "mine.txt").write_text("kept")
    ran = run("consult", VEINS, "-o", str(folder))
    assert ran.code == 0
    assert {"plan.json", "report.html", "report.pdf", "leaflet.pdf", "run.json", "mine.txt"} <= files_of(folder)
    assert any(name.startswith("figures/") and name.endswith(".svg") for name in files_of(folder))
    assert (folder / "mine.txt").read_text() == "kept"
    assert not any(Path(name).name.startswith(".") for name in files_of(folder))
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["plan_sha256"] in ran.out
    ledger = json.loads((folder / "run.json").read_text())
    assert ledger["plan_sha256"] == plan["plan_sha256"]
    assert set(ledger["files"]) <= files_of(folder)
    again = run("consult", VEINS, "-o", str(folder), "--json")
    assert again.code == 0
    assert again.document == plan


def test_a_refused_consultation_is_done_too(run: Run, tmp_path: Path) -> None:
    ran = run("consult", REFUSED, "-o", str(tmp_path), "--json")
    assert ran.code == 0
    assert ran.document["suitability"]["decision"] == "not-suitable"
    assert {"plan.json", "report.html", "report.pdf", "leaflet.pdf"} <= files_of(tmp_path)


def test_a_file_in_the_way_of_the_folder_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    for target in ("out", "out/inside"):
        ran = run("consult", REFUSED, "-o", str(tmp_path / target), "--json")
        assert ran.code == 2
        assert ran.document["error"]["field"] == "--output"
    assert (tmp_path / "out").read_text() == "a file"


CONSULT = sorted((ROOT / "tests" / "broken" / "consult").glob("*.toml"))


@pytest.mark.parametrize("file", CONSULT, ids=lambda f: f.stem)
def test_a_broken_consultation_writes_no_plan(file: Path, run: Run, tmp_path: Path) -> None:
    field, _, words = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect:").partition("|")
    ran = run("consult", str(file), "-o", str(tmp_path / "out"), "--json")
    assert ran.code == 2
    error = ran.document["error"]
    assert error["field"] == field.strip()
    assert words.strip() in f"{error['message']} {error['hint']}"
    assert not list(tmp_path.rglob("*.json"))


def test_a_photograph_that_is_not_one_is_told(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "face.jpg"
    wrong.write_bytes(b"not a picture")
    ran = run("consult", REFUSED, "-o", str(tmp_path / "out"), "--photo", str(wrong), "--json")
    assert ran.code == 2
    assert ran.document["error"]["field"] == "photo.file"


# --- processes -------------------------------------------------------------------------------------------------------


def process(*arguments: str, **keywords: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "skinbeam", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        **keywords,
    )


def test_an_interrupt_ends_with_130_and_nothing_half_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    case = str(ROOT / "examples" / "first-consultation" / "case.toml")
    running = process("consult", case, "-o", str(out), "--draws", "20000", "--json")
    # The folder is made before the work begins.
    deadline = time.monotonic() + 60
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    running.send_signal(signal.SIGINT)
    stdout, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "Traceback" not in stderr
    assert stdout == ""
    assert not list(out.glob("plan.json*"))
    assert not list(out.glob(".*"))


def test_an_interrupt_out_of_text_that_is_executed_ends_with_130_too(tmp_path: Path) -> None:
    """As when it meets a dataclass being made: Python notes such an interrupt, and at its end dies of it."""
    program = (
        "from skinbeam.cli import run\n"
        "def stopped(*_, **__):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        return run.EXIT_INTERRUPTED\n"
        "run._run = stopped; run.main([])\n"
    )
    (tmp_path / "stopped.py").write_text(program)
    ended = subprocess.run([sys.executable, "-m", "stopped"], env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert ended.returncode == 130


def test_an_interrupted_run_of_light_keeps_its_checkpoint_and_writes_nothing_else(tmp_path: Path) -> None:
    kept, store = tmp_path / "run.npz", tmp_path / "light.zarr"
    options = ("--method", "montecarlo", "--photons", "4000000000", "--checkpoint", str(kept), "-o", str(store))
    running = process("light", SLAB, *options, "--json")
    deadline = time.monotonic() + 60
    while not kept.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    # What is in flight ends at once: four thousand million photons would take minutes.
    stdout, stderr = running.communicate(timeout=20)
    assert running.returncode == 130
    assert (stdout, "Traceback" in stderr) == ("", False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.npz"]


def test_progress_goes_to_a_terminal_alone(tmp_path: Path) -> None:
    running = process("light", SLAB, "--method", "montecarlo", "--photons", "200000")
    _, stderr = running.communicate(timeout=60)
    assert (running.returncode, stderr) == (0, "")
    controller, terminal = pty.openpty()
    watched = subprocess.Popen(
        [sys.executable, "-m", "skinbeam", "light", SLAB, "--method", "montecarlo", "--photons", "200000", "--json"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        cwd=ROOT,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    stdout, _ = watched.communicate(timeout=60)
    os.close(terminal)
    seen = os.read(controller, 100_000).decode(errors="replace")
    os.close(controller)
    assert "tallies of light take up to 1 MB" in seen
    assert "photons" in seen
    assert "standard error" in seen
    assert json.loads(stdout)["photons"] == 200_000


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


def test_a_defect_has_code_1_and_one_document(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    import skinbeam.schema.names

    def broken() -> None:
        raise RuntimeError("a made-up fault")

    monkeypatch.setattr(skinbeam.schema.names, "conditions_document", broken)
    with pytest.raises(SystemExit) as left:
        main(["conditions", "--json"])
    assert left.value.code == 1


def test_an_answer_needs_no_terminal() -> None:
    running = process("conditions", "--json", env=os.environ | {"TERM": "dumb", "COLUMNS": "20"})
    stdout, _ = running.communicate(timeout=60)
    assert json.loads(stdout)["schema"] == "skinbeam.conditions/1"
