"""Tables of folders and of import contracts: from the packages' own docstrings and from `pyproject.toml`."""

import ast
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from parts import markdown

__all__ = ["contracts", "folders", "layers", "layout"]

ROOT = Path(__file__).parents[2]
PACKAGES = ("skinbeam", "skinbeam_clinic", "research")
FIRST_PAGE_DEPTH = {"skinbeam": 1, "skinbeam_clinic": 0, "research": 0}
OTHER_FOLDERS = (
    ("skinbeam/data/", "Literature values, limits, rules, devices, studies and sentences, each with its source."),
    (
        "tests/",
        "Tests, in the tree of the packages; of pages, locks and modules in `repository/`.",
    ),
    ("benchmarks/", "Measurements of speed, with their dated output."),
    ("docs/", "The manual."),
    ("examples/", "Consultations, pulses and layers that run."),
    ("deploy/", "A container file and a unit for systemd."),
)


def layout() -> str:
    """Return the table of the first page: every folder and what it holds."""
    rows = [(f"`{path}`", words) for package in PACKAGES for path, words in _folders(package, depth=1)]
    return markdown.table(
        ("folder", "what it holds"), [*rows, *((f"`{path}`", words) for path, words in OTHER_FOLDERS)]
    )


def folders() -> str:
    """Return the table of all packages, folders within folders among them."""
    return _table(row for package in PACKAGES for row in _folders(package, depth=3))


def layers() -> str:
    """Return the order in which packages of `skinbeam` may import each other, the highest first."""
    (contract,) = (one for one in _contracts() if one.get("containers") == ["skinbeam"])
    return "```text\n" + "\n".join(contract["layers"]) + "\n```"


def contracts() -> str:
    """Return the table of all other import contracts, with what each holds."""
    rows = [(one["name"], _content(one)) for one in _contracts() if one.get("containers") != ["skinbeam"]]
    return markdown.table(("contract", "what it holds"), rows)


def _contracts() -> list[dict[str, Any]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return found


def _content(contract: dict[str, Any]) -> str:
    match contract["type"]:
        case "layers":
            return " · ".join(f"`{layer}`" for layer in contract["layers"])
        case "forbidden":
            sources, forbidden = (_names(contract[key]) for key in ("source_modules", "forbidden_modules"))
            return f"{sources} import none of {forbidden}"
        case "protected":
            return f"{_names(contract['protected_modules'])} by {_names(contract['allowed_importers'])} alone"
        case other:
            raise ValueError(f"no words for a contract of type {other}")


def _names(modules: list[str]) -> str:
    return ", ".join(f"`{module}`" for module in modules)


def _table(rows: Iterable[tuple[str, str]]) -> str:
    return markdown.table(("folder", "what it holds"), ((f"`{path}`", words) for path, words in rows))


def _folders(package: str, depth: int) -> Iterator[tuple[str, str]]:
    """Path and first sentence of each package down to `depth` folders below the root's own."""
    for file in sorted((ROOT / package).rglob("__init__.py")):
        path = file.parent.relative_to(ROOT)
        if len(path.parts) <= depth + 1:
            yield f"{path.as_posix()}/", _first_sentence(file)


def _first_sentence(file: Path) -> str:
    words = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    if not words:
        raise ValueError(f"{file} says nothing of its folder")
    return words.split("\n\n")[0].replace("\n", " ")
