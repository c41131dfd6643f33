"""Check that a change of the code changes no output: record the JSON of every command, and compare two recordings.

    python -m research.output_comparison record CHECKOUT -o FOLDER [--plans 20]
    python -m research.output_comparison compare FOLDER FOLDER

`record` runs the commands with the packages of CHECKOUT, so that an older commit needs no environment of its own: make
it a folder with `git worktree add`. `compare` prints each value that differs and how many do; its exit code is 1 where
any does. Left out are values that say which code ran (`IDENTITY_KEYS`), not what it computed, and names of functions
and files. Where a change rewords sentences on purpose, copy `skinbeam/data/messages` into the older checkout first:
both then speak with the same catalogue, and what differs are values.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

__all__ = ["IDENTITY_KEYS", "differences", "record"]

IDENTITY_KEYS: Final = frozenset({"version", "data_release", "plan_sha256", "photons_per_second"})
# Python functions, and TOML files in folders, that documents name.
MOVED_NAME: Final = re.compile(r"function:skinbeam[\w.]+|\b(?:\w+/)+\w+\.toml")
# The hash of a plan's file holds the data release.
IDENTITY_PLACES: Final = frozenset({"preview.json.document.case_sha256"})
ROOT: Final = Path(__file__).parents[1]
EXAMPLES: Final = ROOT / "examples"
PULSE: Final = EXAMPLES / "pulse-in-a-vessel" / "case.toml"
PULSES: Final = ROOT / "tests" / "data" / "cases"
PORTRAIT: Final = EXAMPLES / "first-consultation" / "face.jpg"


def record(checkout: Path, folder: Path, plans: int) -> None:
    """Run every command with the packages of `checkout` and write what each prints into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    consultations = sorted((EXAMPLES / "consultations").glob("*.toml"))
    step = max(1, len(consultations) // plans)
    for case in consultations[::step][:plans]:
        output = folder / f"consult-{case.stem}"
        _run(checkout, folder / f"{output.name}.json", "consult", str(case), "-o", str(output))
    first = EXAMPLES / "first-consultation" / "case.toml"
    _run(checkout, folder / "consult-photo.json", "consult", str(first), "-o", str(folder / "first"))
    for name, arguments in _commands(folder):
        _run(checkout, folder / f"{name}.json", *arguments)


def _commands(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and arguments of each command but `consult`."""
    draws = ("--draws", "50")
    for pulse in sorted(PULSES.glob("*.toml")):
        yield f"simulate-{pulse.stem}", ("simulate", str(pulse), *draws)
        yield f"skin-{pulse.stem}", ("skin", str(pulse), "--wavelength", "400:1000:50", *draws)
    for name, effect in (
        ("vessel", "vessel-closure"),
        ("lamp", "melanosome-disruption"),
        ("fractional-co2", "ablation"),
    ):
        yield f"window-{name}", ("window", str(PULSES / f"{name}.toml"), "--effect", effect, *draws)
    for endpoint in ("epidermal-necrosis", "vessel-closure", "purpura", "pain", "whitening"):
        yield f"threshold-{endpoint}", ("threshold", str(PULSES / "vessel.toml"), "--endpoint", endpoint, *draws)
    for layers in sorted((EXAMPLES / "light").glob("*.toml")):
        yield f"light-{layers.stem}", ("light", str(layers), "--photons", "20000")
    for condition, modality in (
        ("acne-scars", "fractional-ablative"),
        ("melasma", "pigment-short-pulse"),
        ("age-spots", "cryotherapy"),
        ("wrinkles", "no-treatment"),
        ("keloid", "surgery"),
    ):
        yield f"expect-{condition}", ("expect", "--condition", condition, "--modality", modality)
    yield "compare", ("compare", "--condition", "melasma", "chemical-peel", "pigment-short-pulse")
    yield "photo", ("photo", str(PORTRAIT), "-o", str(folder / "photo"))
    plan = str(folder / "first" / "plan.json")
    yield "preview", ("preview", str(PORTRAIT), "--plan", plan, "-o", str(folder / "days"))
    yield "validate", ("validate",)
    yield "claims", ("claims",)
    yield "cite", ("cite",)
    yield "lasers", ("lasers",)
    yield "conditions", ("conditions",)
    yield "doctor", ("doctor",)
    yield "sweep", ("sweep", str(_sweep_file(folder)), "-o", str(folder / "sweep.zarr"))
    yield "misspelt", ("simulat", str(PULSE))
    yield "no-such-file", ("simulate", "nowhere.toml")
    yield "no-such-endpoint", ("threshold", str(PULSE), "--endpoint", "purpurea")


def _sweep_file(folder: Path) -> Path:
    """Write a sweep of six cases and return its file."""
    file = folder / "sweep.toml"
    lines = [
        'case = "vessel.toml"',
        'outputs = ["harm.p_burn", "damage.coagulation_depth_um"]',
        "draws = 20",
        "[axes]",
        '"settings.fluence_J_cm2" = [6.0, 9.0]',
        '"skin.ita_deg" = [0.0, 30.0, 60.0]',
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "vessel.toml").write_text((PULSES / "vessel.toml").read_text(encoding="utf-8"), encoding="utf-8")
    return file


def _run(checkout: Path, file: Path, *arguments: str) -> None:
    if file.exists():
        return
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    command = [sys.executable, "-m", "skinbeam", *arguments, "--json"]
    ended = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    print(f"{file.stem}: exit code {ended.returncode}", flush=True)
    if ended.returncode == 1:
        raise SystemExit(ended.stderr)
    try:
        document = json.loads(ended.stdout)
    except json.JSONDecodeError:
        document = ended.stdout
    file.write_text(json.dumps({"code": ended.returncode, "document": document}, indent=1), encoding="utf-8")


def differences(first: Any, second: Any, place: str = "") -> Iterator[str]:
    """Yield a line for each value that differs between two documents."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted((first.keys() | second.keys()) - IDENTITY_KEYS):
            if f"{place}.{key}" in IDENTITY_PLACES:
                continue
            if key not in first or key not in second:
                yield f"{place}.{key}: only in the {'first' if key in first else 'second'}"
            else:
                yield from differences(first[key], second[key], f"{place}.{key}")
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for position, (left, right) in enumerate(zip(first, second, strict=True)):
            yield from differences(left, right, f"{place}[{position}]")
    elif _without_names(first) != _without_names(second):
        yield f"{place}: {first!r} and {second!r}"


def _without_names(value: Any) -> Any:
    return MOVED_NAME.sub("name", value) if isinstance(value, str) else value


def _compare(first: Path, second: Path) -> int:
    """Print what differs between two recordings and return how many values do."""
    files = sorted({file.name for folder in (first, second) for file in folder.glob("*.json")})
    count = 0
    for name in files:
        if not (first / name).exists() or not (second / name).exists():
            lines = [f"{name}: recorded once only"]
        else:
            before, after = (json.loads((folder / name).read_text(encoding="utf-8")) for folder in (first, second))
            lines = list(differences(before, after, name))
        count += len(lines)
        print(*(line[:400] for line in lines), sep="\n", end="\n" if lines else "")
    print(f"{count} differences in {len(files)} documents")
    return count


def _main() -> None:
    """Read the arguments and record or compare."""
    parser = argparse.ArgumentParser(prog="python -m research.output_comparison", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    recording = tasks.add_parser("record")
    recording.add_argument("checkout", type=Path)
    recording.add_argument("-o", "--output", type=Path, required=True)
    recording.add_argument("--plans", type=int, default=20)
    comparison = tasks.add_parser("compare")
    comparison.add_argument("first", type=Path)
    comparison.add_argument("second", type=Path)
    given = parser.parse_args()
    if given.task == "record":
        record(given.checkout.resolve(), given.output.resolve(), given.plans)
    else:
        sys.exit(_compare(given.first, given.second) > 0)


if __name__ == "__main__":
    _main()
