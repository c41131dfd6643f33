"""Promises of the lowest layers: estimates, documents, messages, sources."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skinbeam.model import package_data
from skinbeam.model.document import (
    build_document,
    canonical_json,
    round_significant,
    sha256_hex,
    to_json_types,
    write_atomically,
)
from skinbeam.model.errors import InputError, nearest_name, unknown_name_error
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import bibliography, cite_sources, collect_sources, find_source, format_bibtex
from skinbeam.text import Formatter, Message, catalogue, render_message

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite)
def test_rounding_keeps_six_digits_and_is_idempotent(x: float) -> None:
    rounded = round_significant(x)
    # Half a unit of the sixth digit, at worst five parts in a million; subnormal numbers have fewer digits.
    assert math.isclose(rounded, x, rel_tol=5.000001e-6, abs_tol=1e-300)
    assert round_significant(rounded) == rounded
    assert str(rounded) != "-0.0"


@given(st.dictionaries(st.text(), finite | st.text() | st.booleans() | st.integers(), max_size=5))
def test_canonical_json_does_not_depend_on_order(table: dict[str, object]) -> None:
    backwards = dict(reversed(list(table.items())))
    assert canonical_json(table) == canonical_json(backwards)
    assert sha256_hex(table) == sha256_hex(backwards)


@pytest.mark.parametrize("value", [None, math.nan, math.inf, object()])
def test_documents_hold_no_null_and_no_nan(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        to_json_types({"x": [value]})


def test_a_document_has_the_five_keys_first() -> None:
    made = build_document("skinbeam.test/1", case_sha256="0", seed=3, body={"x": 1 / 3, "y": Unknown("no data")})
    assert list(made) == ["schema", "version", "case_sha256", "seed", "warnings", "x", "y"]
    assert made["x"] == 0.333333
    assert made["y"] == {"unknown": "no data"}


@example(0.0, 0.0, 1.0)
@example(0.0, 1.0, 0.0)
@given(finite, finite, finite)
def test_estimates_refuse_disorder(low: float, median: float, high: float) -> None:
    if low <= median <= high:
        assert Estimate(median, low, high, 0.8, "modelled").median == median
    else:
        with pytest.raises(ValueError, match="low <= median <= high"):
            Estimate(median, low, high, 0.8, "modelled")


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 1.1])
def test_estimates_refuse_impossible_levels(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        Estimate(2.0, 1.0, 3.0, level, "modelled")


def test_an_estimate_times_a_number_keeps_what_it_stands_on() -> None:
    given = Estimate(2.0, 1.0, 4.0, 0.8, "pooled", 7, ("henriques1947",))
    assert given.scaled(0.25) == Estimate(0.5, 0.25, 1.0, 0.8, "pooled", 7, ("henriques1947",))


def test_an_unknown_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="reason"):
        Unknown(" ")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    write_atomically(file, "old")
    with pytest.raises(TypeError):
        write_atomically(file, object())  # type: ignore[arg-type] # a write that fails half way
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_missing_message_says_where_it_is_to_be_written() -> None:
    with pytest.raises(
        KeyError, match=r"no message clinic-adverse.absent: .* \[clinic-adverse\] of clinic_sessions.toml"
    ):
        render_message("clinic-adverse.absent")
    with pytest.raises(KeyError, match=r"no message no-section.at-all: .* \[no-section\] of a file in"):
        render_message("no-section.at-all")


def test_messages_take_exactly_their_parameters() -> None:
    assert Message("terminal.plan", {"hash": "x"}).text == "plan x"
    with pytest.raises(ValueError, match="takes"):
        render_message("terminal.plan", {})
    with pytest.raises(ValueError, match="takes"):
        render_message("terminal.plan", {"hash": "x", "more": 1})


def test_no_message_is_empty_or_holds_a_placeholder() -> None:
    for key, template in catalogue().items():
        assert template.strip(), key
        assert not any(word in template.lower() for word in ("lorem", "todo", "tbd", "xxx")), key


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (7.1, "7.1"),
        (1234.5, "1230"),
        (12345, "12,345"),
        (0.00123456, "0.00123"),
        (200, "200"),
        (100.0, "100"),
        (-4.0, "-4"),
    ],
)
def test_numbers_for_people(value: float, shown: str) -> None:
    assert Formatter().number(value) == shown


def test_a_message_holds_numbers_that_come_from_arrays() -> None:
    for value in (np.int64(3), np.uint8(3), np.float32(3.0), np.float64(3.0)):
        assert Formatter().value(value) == "3"
    assert Formatter().value([np.int64(1), np.float32(2.0)]) == Formatter().value([1, 2.0])


def test_an_interval_is_rounded_by_its_width() -> None:
    assert Formatter().interval(Estimate(7.123, 5.61, 8.94, 0.8, "modelled")) == "7.1 (5.6 to 8.9)"
    assert Formatter().interval(Estimate(7.123, 7.11, 7.14, 0.8, "modelled")) == "7.12 (7.11 to 7.14)"
    assert Formatter().interval(Unknown("no trial")) == "unknown (no trial)"


def test_every_source_can_be_cited_and_read_back() -> None:
    for key, source in bibliography().items():
        assert source.fields.get("title"), key
        assert source.fields.get("year", "").isdigit() or "note" in source.fields, key
        assert f"{{{key}," in format_bibtex([key])


def test_authors_are_written_as_bibtex_reads_them() -> None:
    """As "Surname, Initials", separated by " and "; several words without a comma are given names and a surname.

    The name of a body, or of two words of which both are the surname, stands in braces; "van Raath" needs none.
    """
    initials = re.compile(r".+ [A-Z](?:[A-Z]{0,3}|-[A-Z])")
    for key, source in bibliography().items():
        author = re.sub(r"\{[^{}]*\}", "body", source.fields.get("author", "body"))
        for name in author.split(" and "):
            last, *rest = name.split(", ")
            assert len(rest) == 1 or (not rest and re.fullmatch(r"(van )?\S+", last)), (key, name)
            assert not initials.fullmatch(last), (key, name)
            assert not set("{}\\") & set(name), (key, name)


@pytest.mark.parametrize(
    "entry",
    [
        "@misc{skinbeam,\n  title = {Twice},\n}",
        "@misc{open,\n  title = {Open,\n}",
        "@misc{bare\n  title = {No comma},\n}",
    ],
)
def test_an_entry_that_cannot_be_read_is_refused_and_never_left_out(
    entry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "@misc{skinbeam,\n  title = {Of {QS} lasers},\n  year = {2026},\n}\n"
    monkeypatch.setattr("skinbeam.model.sources._bib_text", lambda: text)
    assert bibliography.__wrapped__()["skinbeam"].fields == {"title": "Of {QS} lasers", "year": "2026"}
    monkeypatch.setattr("skinbeam.model.sources._bib_text", lambda: text + entry)
    with pytest.raises(ValueError, match=entry.partition("\n")[0]):
        bibliography.__wrapped__()


def test_a_misspelt_source_names_the_nearest() -> None:
    known = next(iter(bibliography()))
    with pytest.raises(InputError, match=known):
        find_source(known + "x")


def test_provenance_collects_in_order_and_nests() -> None:
    with collect_sources() as outer:
        cite_sources("b", "a")
        with collect_sources() as inner:
            cite_sources("c", "b")
    cite_sources("d")
    assert list(outer) == ["b", "a", "c"]
    assert list(inner) == ["c", "b"]


def test_a_broken_data_file_is_named_with_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken.toml").write_text("a = 1\na = 2\n", encoding="utf-8")
    (tmp_path / "bytes.toml").write_bytes(b"a = '\xff'\n")
    monkeypatch.setattr(package_data.resources, "files", lambda _package: tmp_path)
    for name, wrong in (("broken.toml", "duplicate key at line 2"), ("bytes.toml", "invalid start byte")):
        with pytest.raises(ValueError, match=f"{name}: .*{wrong}"):
            load_package_table(name)


def test_nearest_says_nothing_when_nothing_is_near() -> None:
    assert nearest_name("cheks", ["cheeks", "neck"]) == "cheeks"
    assert nearest_name("qqqq", ["cheeks", "neck"]) is None
    assert "cheeks, neck" in unknown_name_error("site", "qqqq", ["neck", "cheeks"], field="x").hint


def loaded_by(code: str) -> set[str]:
    """Modules that a fresh interpreter holds after running `code`."""
    script = f"import json, sys\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    environment = os.environ | {"PYTHONWARNINGS": "default"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    return set(json.loads(done.stdout.splitlines()[-1]))


HEAVY = {
    "numpy",
    "numba",
    "xarray",
    "scipy",
    "matplotlib",
    "cv2",
    "pandas",
    "zarr",
    "typst",
    "fastapi",
    "PIL",
}


def test_help_loads_nothing_heavy() -> None:
    code = "from skinbeam.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"
    assert not HEAVY & loaded_by(code), "import these libraries in the function that needs them"


def test_a_command_of_the_planner_loads_nothing_of_the_clinic() -> None:
    code = "from skinbeam.cli import main\ntry:\n    main(['conditions'])\nexcept SystemExit:\n    pass"
    assert not {name for name in loaded_by(code) if name.partition(".")[0] == "skinbeam_clinic"}


def test_the_report_of_a_plan_without_a_photograph_loads_nothing_that_reads_one() -> None:
    assert not {"cv2", "skinbeam.photo.analysis"} & loaded_by("import skinbeam.report.report_files")


def test_expect_loads_numpy_alone() -> None:
    code = (
        "from skinbeam.cli import main\ntry:\n"
        "    main(['expect', '--condition', 'acne-scars', '--modality', 'fractional-ablative', '--json'])\n"
        "except SystemExit as end:\n    assert end.code == 0, end.code"
    )
    assert HEAVY & loaded_by(code) == {"numpy"}
