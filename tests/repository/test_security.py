"""The page about security names tests and files that exist, and every requirement once; the code keeps its promises."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from paths import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.+) \| (met|not applicable|open) \| (.+) \|$", flags=re.M)
# The requirements of level 2 in OWASP ASVS 4.0.3: section → its numbers; those that are missing are of level 3 or were
# deleted in that edition.
LEVEL_2 = {
    "1.1": "1-7", "1.2": "1-4", "1.4": "1 4 5", "1.5": "1-4", "1.6": "1-4", "1.7": "1-2", "1.8": "1-2", "1.9": "1-2",
    "1.10": "1", "1.11": "1-2", "1.12": "2", "1.14": "1-6",
    "2.1": "1-12", "2.2": "1-3", "2.3": "1-3", "2.4": "1-5", "2.5": "1-7", "2.6": "1-3", "2.7": "1-6", "2.8": "1-7",
    "2.9": "1-3", "2.10": "1-4",
    "3.1": "1", "3.2": "1-4", "3.3": "1-4", "3.4": "1-5", "3.5": "1-3", "3.7": "1",
    "4.1": "1-3 5", "4.2": "1-2", "4.3": "1-3",
    "5.1": "1-5", "5.2": "1-8", "5.3": "1-10", "5.4": "1-3", "5.5": "1-4",
    "6.1": "1-3", "6.2": "1-6", "6.3": "1-2", "6.4": "1-2",
    "7.1": "1-4", "7.2": "1-2", "7.3": "1 3 4", "7.4": "1-3",
    "8.1": "1-4", "8.2": "1-3", "8.3": "1-8",
    "9.1": "1-3", "9.2": "1-4",
    "10.2": "1-2", "10.3": "1-3",
    "11.1": "1-8",
    "12.1": "1-3", "12.2": "1", "12.3": "1-6", "12.4": "1-2", "12.5": "1-2", "12.6": "1",
    "13.1": "1 3 4 5", "13.2": "1-3 5 6", "13.3": "1-2", "13.4": "1-2",
    "14.1": "1-4", "14.2": "1-6", "14.3": "2-3", "14.4": "1-7", "14.5": "1-4",
}  # fmt: skip


def level_2() -> Iterator[str]:
    for section, numbers in LEVEL_2.items():
        for part in numbers.split():
            first, _, last = part.partition("-")
            yield from (f"{section}.{number}" for number in range(int(first), int(last or first) + 1))


def trees(folder: str) -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((ROOT / folder).rglob("*.py")):
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports_of(folder: str) -> dict[str, set[str]]:
    """What each module of a package imports, read once for all tests: parsing a package takes seconds."""
    return {name: set(imported(tree)) for name, tree in trees(folder)}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def test_every_requirement_of_level_2_stands_on_the_page_once() -> None:
    assert len(list(level_2())) == 259, "as many as the list itself has"
    assert [number for number, *_ in ROW.findall(PAGE)] == list(level_2())


def test_every_test_and_file_that_the_page_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    defined = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), flags=re.M)
    }
    assert len(named) > 60
    assert named - defined == set()
    files = set(re.findall(r"`([\w.-]+(?:/[\w.-]+)+)`", PAGE))
    assert len(files) > 20
    assert {file for file in files if not (ROOT / file).exists()} == set()


def test_what_is_met_says_where_it_is_seen_and_what_is_open_says_why() -> None:
    rows = ROW.findall(PAGE)
    assert {status for _, _, status, _ in rows} == {"met", "not applicable", "open"}
    for number, _, status, shown in rows:
        assert (re.search(r"`[\w./-]+`", shown) is not None) or status != "met", number
        assert len(shown) > 10, number


def test_the_counts_of_the_page_are_those_of_its_tables() -> None:
    rows = ROW.findall(PAGE)
    for status in ("met", "not applicable", "open"):
        counted = sum(row[2] == status for row in rows)
        assert f"{counted} {status}" in PAGE


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("pickle", {"skinbeam/physics/numerics/kernel_cache.py"}),  # compiled code, in the service's own folder
        ("marshal", set()),
        ("shelve", set()),
        ("xml", set()),
        ("lxml", set()),
        ("smtplib", {"skinbeam_clinic/mail_server.py"}),
        ("urllib.request", {"skinbeam_clinic/accounts/oidc_provider.py"}),
        ("http.client", {"skinbeam_clinic/accounts/oidc_provider.py"}),
        ("httpx", set()),
        ("requests", set()),
    ],
)
def test_what_reads_objects_or_calls_others_stands_where_it_may(package: str, allowed: set[str]) -> None:
    """Nothing that a client sends is unpickled or read as XML, and only mail and the sign-in provider are called."""
    found = {
        name
        for name, imports in (imports_of("skinbeam") | imports_of("skinbeam_clinic")).items()
        if any(one == package or one.startswith(f"{package}.") for one in imports)
    }
    assert found == allowed, "import it nowhere else, or list the file here and say why on docs/security.md"


def test_no_text_is_run_as_code_and_no_command_goes_through_a_shell() -> None:
    for name, tree in trees("skinbeam_clinic"):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = getattr(node.func, "id", "")
            assert called not in ("eval", "exec", "compile", "__import__"), name
            assert not any(one.arg == "shell" for one in node.keywords), name
            assert getattr(node.func, "attr", "") not in ("from_string", "system", "popen"), name


def test_what_must_not_be_guessed_comes_from_the_operating_system() -> None:
    """The sample clinic draws its synthetic people from a seed; nothing else of the app uses such numbers."""
    drawn = {name for name, imports in imports_of("skinbeam_clinic").items() if "random" in imports}
    assert {str(Path(name).parent) for name in drawn} == {"skinbeam_clinic/sample_clinic"}


def test_scripts_store_nothing_in_the_browser_and_run_no_text() -> None:
    scripts = sorted((ROOT / "skinbeam_clinic" / "web" / "static").glob("*.js"))
    assert len(scripts) > 5
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie|\beval\(|new Function", text), (
            path
        )
