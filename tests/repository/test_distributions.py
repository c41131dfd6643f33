"""The two distributions, `skinbeam` and `skinbeam-clinic`: what each holds, and a planner without its clinic."""

import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer
from paths import ROOT

from skinbeam import NotAvailable, __version__
from skinbeam.cli import installed_commands

CLINIC = tomllib.loads((ROOT / "skinbeam_clinic" / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_clinic_asks_for_the_planner_of_its_own_version() -> None:
    assert CLINIC["project"]["version"] == __version__
    assert f"skinbeam=={__version__}" in CLINIC["project"]["dependencies"]


def test_the_clinic_lists_each_of_its_packages() -> None:
    initial = (ROOT / "skinbeam_clinic").rglob("__init__.py")
    packages = {".".join(file.relative_to(ROOT).parent.parts) for file in initial}
    listed = set(CLINIC["tool"]["setuptools"]["packages"])
    assert not packages - listed, "list these packages in skinbeam_clinic/pyproject.toml"
    assert not listed - packages, "take these packages out of skinbeam_clinic/pyproject.toml"


@pytest.mark.parametrize(
    "words", [["serve", "--db", "x.sqlite"], ["records", "create-user", "Ann", "--db", "x.sqlite"]]
)
def test_a_command_of_a_clinic_that_is_not_installed_says_what_installs_it(
    words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [])
    app = typer.Typer()
    installed_commands.add_installed_commands(app)
    with pytest.raises(NotAvailable) as refused:
        typer.main.get_command(app)(words, standalone_mode=False)
    assert refused.value.reason.endswith(f"{sys.executable} -m pip install -e {ROOT / 'skinbeam_clinic'}")
    assert refused.value.body == {"schema": f"skinbeam.{words[0]}/1"}


@pytest.mark.check
def test_each_wheel_holds_its_own_package_whole(tmp_path: Path) -> None:
    """A wheel is built from a copy: setuptools leaves a folder of its own beside what it builds."""
    names = [*subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()]
    for name in names:
        if name.startswith(("skinbeam/", "skinbeam_clinic/")) or name in ("pyproject.toml", "README.md", "LICENSE"):
            (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "source" / name).write_bytes((ROOT / name).read_bytes())
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", str(tmp_path)]
    for project in (tmp_path / "source", tmp_path / "source" / "skinbeam_clinic"):
        subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(project)], check=True)
    for package, apart in (("skinbeam", set()), ("skinbeam_clinic", {"skinbeam_clinic/pyproject.toml"})):
        (wheel,) = tmp_path.glob(f"{package}-*.whl")
        held = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
        assert held == {name for name in names if name.startswith(f"{package}/")} - apart
