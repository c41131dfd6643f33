"""Rules of the house that a reader can rely on: names, units, exports, data roles."""

import ast
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import skinbeam

ROOT = Path(skinbeam.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
NEEDS_SAMPLER = "skinbeam.evidence.fit.model"  # the group `fit` has an environment of its own
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages([str(ROOT)], "skinbeam.")
    if not module.name.endswith("__main__") and module.name != NEEDS_SAMPLER
)


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("name", MODULES)
def test_exported_names_are_the_public_ones(name: str) -> None:
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    }
    exported = getattr(module, "__all__", [])
    if name == "skinbeam.cli.commands":
        defined = set()  # commands are reached through `app` alone
    assert len(exported) == len(set(exported))
    assert defined <= set(exported), sorted(defined - set(exported))
    for export in exported:
        assert hasattr(module, export), f"{name}.{export}"


# Numerical tolerances and ranges stand in these places and are not conversions.
ALLOWED = ("units.py", "schema/", "report/terminal.py", "document.py", "messages.py")


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_only_units_convert(file: Path) -> None:
    if relative(file).startswith(ALLOWED):
        return
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        code = line.split("#")[0]
        if "tolerance" in line or "eps" in line.lower() or '"' in code:
            continue
        found = re.search(r"[*/]\s*(273\.15|1e-?[369]|1000(\.0)?)\b|[+-]\s*273\.15", code)
        assert not found, f"{relative(file)}:{number}: {line.strip()}"


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_files_are_one_idea(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 450


@pytest.mark.parametrize("file", FILES, ids=relative)
def test_nothing_is_a_stub(file: Path) -> None:
    assert not re.search(r"TODO|FIXME|XXX|NotImplementedError", file.read_text(encoding="utf-8"))


def test_validation_rows_set_no_parameter() -> None:
    for file in sorted((ROOT / "data").rglob("*.toml")):
        content = file.read_text(encoding="utf-8")
        assert not re.search(r'role\s*=\s*"validation"', content), file.name


def test_every_source_key_in_the_data_resolves() -> None:
    from skinbeam.sources import bibliography

    known = bibliography()
    missing = []
    for file in sorted((ROOT / "data").rglob("*.toml")):
        for key in re.findall(
            r'^\s*source\s*=\s*"([^"]+)"|[{,]\s*source\s*=\s*"([^"]+)"',
            file.read_text(encoding="utf-8"),
            re.M,
        ):
            name = key[0] or key[1]
            if name not in known:
                missing.append(f"{file.name}: {name}")
    assert not missing


def test_every_message_id_in_the_code_exists() -> None:
    from skinbeam.messages import catalogue

    known = catalogue()
    missing = []
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("Message", "text")
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
                and node.args[0].value not in known
            ):
                missing.append(f"{relative(file)}: {node.args[0].value}")
    assert not missing
