"""Computed tables: each belongs to its inputs, and a change of an input is seen."""

import ast
import hashlib
import inspect
import sys
import tomllib
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import research.derived_table as derived
from research.burn_calibration.checks import PRACTICE_CHECKS
from research.burn_calibration.posterior import BURN_CALIBRATION
from research.derived_table import HASH_KEY, DerivedTable, values_sha256
from research.derived_tables.__main__ import DERIVED_TABLES, main
from research.evidence_pictures.pictures import NUMBERS_FILE
from skinbeam.evidence.synthesis.posterior import CHECKS_FILE, COLUMNS_FILE, DRAWS_FILE, RECORD_FILE
from skinbeam.model.package_data import load_derived_table, load_package_table

DATA = resources.files("skinbeam") / "data"


def test_no_computed_table_is_stale() -> None:
    """The posterior and its checks have a test of their own: test_the_posterior_and_its_checks_are_not_stale."""
    tables = (*DERIVED_TABLES, BURN_CALIBRATION, PRACTICE_CHECKS)
    stale = [one.name for one in tables if one.is_stale()]
    assert not stale, f"run `make derived`, which makes {', '.join(stale)}"


# What the constants of a maker were when its tables were made: no hash of inputs holds them.
MADE_WITH = {
    "vessel_return/1": "abea8583",
    "melanin_by_colour/1": "a00259b7",
    "melanin_by_site/1": "4b227777",
    "skin_colours/1": "14b4e9bf",
    "spot_share/1": "211fa5a2",
    "column_corrections/1": "b742e1a1",
    "column_depths/1": "7cf6c374",
    "vessel_reduction/1": "4964dcea",
    "model_error/2": "e3b0c442",
    "practice_doses/3": "4b227777",
    "reference_burns/1": "e3b0c442",
    "burn_anchors/2": "4e074085",
}


def test_a_maker_whose_constants_changed_has_another_version() -> None:
    versions = {maker_of(one).__name__: one.version for one in DERIVED_TABLES}
    now = {maker_of(one).__name__: constants_sha256(maker_of(one)) for one in DERIVED_TABLES}
    made = {f"{name.rpartition('.')[2]}/{versions[name]}": now[name] for name in now}
    changed = {name: sha for name, sha in made.items() if MADE_WITH.get(name) != sha}
    assert not changed, f"raise `version` where values change, run `make derived`, and enter here: {changed}"


def maker_of(table: DerivedTable) -> ModuleType:
    """The module of research.derived_tables that makes a table."""
    (maker,) = (
        module
        for name, module in sys.modules.items()
        if name.startswith("research.derived_tables.") and table.header == getattr(module, "HEADER", None)
    )
    return maker


def constants_sha256(maker: ModuleType) -> str:
    """The hash of the numbers that a module names at its top, whatever their names; texts and tables are left out."""
    lines = ast.parse(inspect.getsource(maker)).body
    assigned = [line for line in lines if isinstance(line, ast.Assign | ast.AnnAssign)]
    targets = [line.target if isinstance(line, ast.AnnAssign) else line.targets[0] for line in assigned]
    names = [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
    constants = [vars(maker)[name] for name in names if name.isupper()]
    written = sorted(repr(one) for one in constants if not isinstance(one, str) and "DerivedTable(" not in repr(one))
    return hashlib.sha256("\n".join(written).encode()).hexdigest()[:8]


def test_every_computed_table_has_its_maker() -> None:
    of_evidence = {
        file.rpartition("/")[2] for file in (CHECKS_FILE, COLUMNS_FILE, DRAWS_FILE, RECORD_FILE, NUMBERS_FILE)
    }
    made = {f"{one.name}.toml" for one in (*DERIVED_TABLES, BURN_CALIBRATION, PRACTICE_CHECKS)}
    assert {file.name for file in (DATA / "derived").iterdir()} == made | of_evidence


def test_a_table_is_made_after_those_that_it_reads() -> None:
    made: set[str] = set()
    for one in DERIVED_TABLES:
        assert {path for path in one.inputs if path.startswith("data/derived/")} <= made
        made.add(f"data/derived/{one.name}.toml")


def recipe(**changes: Any) -> DerivedTable:
    """A table made from what is known of melanin."""
    given = {"name": "model_error", "header": "", "inputs": ("data/tissue/melanin.toml",), "version": 1, "make": dict}
    return DerivedTable(**(given | changes))


def test_a_changed_number_or_version_makes_a_table_stale_and_a_changed_note_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = recipe().inputs_sha256()
    assert recipe(version=2).inputs_sha256() != before
    assert recipe(inputs=("data/still_air.toml",)).inputs_sha256() != before
    number, note = (
        dict(load_package_table("data/tissue/melanin.toml")),
        dict(load_package_table("data/tissue/melanin.toml")),
    )
    name = "melanosome_range_nm"
    number[name] = {**number[name], "value": np.nextafter(number[name]["value"], 0.0)}
    note[name] = {**note[name], "source": "another", "conditions": "in other words"}
    for content, same in ((number, False), (note, True)):
        monkeypatch.setattr(derived, "load_package_table", lambda _path, content=content: content)
        assert (recipe().inputs_sha256() == before) is same


def test_arrays_count_by_every_value() -> None:
    one = np.array([1.0, -np.inf, 3.0])
    other = one.copy()
    other[2] = np.nextafter(3.0, 4.0)
    assert values_sha256(1, {"a": one}) == values_sha256(1, {"a": one.tolist()})
    assert values_sha256(1, {"a": one}) != values_sha256(1, {"a": other})


def test_a_folder_counts_with_every_file_in_it() -> None:
    whole = recipe(inputs=("data/spectra/",)).inputs_sha256()
    each = tuple(f"data/spectra/{file.name}" for file in sorted((DATA / "spectra").iterdir(), key=lambda f: f.name))
    assert len(each) > 1
    assert recipe(inputs=each).inputs_sha256() == whole
    assert recipe(inputs=each[1:]).inputs_sha256() != whole


def test_what_is_made_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers as they are, tables in tables and in lists, names with dots, beneath the header and the hash."""
    values = {"x": (0.1, 1e-7), "a.b": {"rows": [[1.0, 2.0], [3.0, 4.0]]}, "of": [{"nm": 532.0, "by": {"0.45": 0.99}}]}
    (tmp_path / "data" / "derived").mkdir(parents=True)
    monkeypatch.setattr(derived.resources, "files", lambda _package: tmp_path)
    monkeypatch.setattr(DerivedTable, "inputs_sha256", lambda _self: "0" * 64)
    text = recipe(header="# what it holds\n", make=lambda: values).write()
    assert text.startswith(f'# what it holds\n{HASH_KEY} = "000')
    assert (tmp_path / "data" / "derived" / "model_error.toml").read_text(encoding="utf-8") == text
    assert tomllib.loads(text) == {HASH_KEY: "0" * 64} | values | {"x": [0.1, 1e-7]}


def test_every_table_holds_a_hash() -> None:
    for one in DERIVED_TABLES:
        assert len(load_derived_table(one.name)[HASH_KEY]) == 64


def test_an_unknown_table_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vessel_returns"]) == 2
    assert "vessel_return" in capsys.readouterr().err
