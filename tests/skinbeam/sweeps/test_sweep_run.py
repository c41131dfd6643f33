"""A sweep answers each case as the command for one does; what fails is a row; wherever it is cut off, it goes on."""

import tomllib
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from own_cluster import files_of, result_of, set_desk, sweeping

from skinbeam.api.simulate import simulate_case
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import load_case
from skinbeam.public import sweep as module
from skinbeam.public.sweep import sweep
from skinbeam.sweeps.cluster import check_address
from skinbeam.sweeps.cost import SweepCost, estimate_cost
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import error_rows, open_store
from skinbeam.sweeps.sweep_file import Sweep, load_sweep
from skinbeam.sweeps.worker import ANSWERED, FAILED, PARTLY, CaseRow, read_value

CASE = """
[skin]
site = "forearm"
temperature_C = 33.0
[bath]
temperature_C = 60.0
exposure_s = 8.0
"""
SWEEP = """
case = "case.toml"
draws = 2
outputs = ["damage.epidermis_fraction", "temperature_C.basal_peak"]
[axes]
"bath.temperature_C" = {from = 45.0, to = 69.0, steps = 25}
"bath.exposure_s" = {from = 1.0, to = 20.0, steps = 8}
"""
CASES = 200


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    (tmp_path / "case.toml").write_text(CASE, encoding="utf-8")
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    return tmp_path


def test_a_number_is_read_at_its_path_and_a_reason_where_there_is_none() -> None:
    document = {"a": {"median": 2.0, "low": 1.0}, "b": [{"c": True}], "d": {"unknown": "why"}, "e": "word"}
    assert read_value(document, "a") == (2.0, "")
    assert read_value(document, "a.low") == (1.0, "")
    assert read_value(document, "b.0.c") == (1.0, "")
    for path in ("d", "d.median"):
        number, reason = read_value(document, path)
        assert np.isnan(number)
        assert reason == "why"
    for path in ("e", "f", "b.1", "a.median.more"):
        number, reason = read_value(document, path)
        assert np.isnan(number)
        assert "no number" in reason


def test_the_cost_is_stated_and_an_output_that_no_answer_has_is_refused_with_the_nearest(workplace: Path) -> None:
    asked = load_sweep(workplace / "sweep.toml")
    cost = estimate_cost(asked)
    assert cost.cases == CASES
    document = cost.document(asked).to_dict()
    assert list(document)[:5] == ["schema", "version", "case_sha256", "seed", "warnings"]
    (workplace / "sweep.toml").write_text(SWEEP.replace("20.0", "21.0"), encoding="utf-8")
    assert load_sweep(workplace / "sweep.toml").sha256() != document["case_sha256"]
    assert cost.seconds_per_case > 0.0
    assert 1 <= cost.cases_per_block <= CASES
    (workplace / "sweep.toml").write_text(SWEEP.replace("epidermis_fraction", "epidermis_part"), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        estimate_cost(load_sweep(workplace / "sweep.toml"))
    assert '"damage.epidermis_fraction"' in raised.value.hint


def test_a_sweep_of_which_no_case_answers_is_refused_with_the_first_reason(workplace: Path) -> None:
    (workplace / "sweep.toml").write_text(SWEEP.replace("bath.exposure_s", "bath.exposures"), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        estimate_cost(load_sweep(workplace / "sweep.toml"))
    assert "exposures" in raised.value.message


def test_the_summary_says_why_the_first_case_failed_and_the_first_is_partly_unknown(workplace: Path) -> None:
    """It counted them alone, and who ran a sweep with doses beyond the device read `failed: 12`."""
    asked = load_sweep(workplace / "sweep.toml")
    outputs = len(asked.question.outputs)
    rows = [CaseRow((1.0,) * outputs, ANSWERED, "")] * (CASES - 3)
    rows += [CaseRow((np.nan,) * outputs, FAILED, "exposure_s: 8 µs was read.")] * 2
    rows += [CaseRow((np.nan,) * outputs, PARTLY, "no column")]
    with open_store(workplace / "o.zarr", asked, SweepCost(CASES, 1.0, CASES)) as store:
        for block in store.missing_blocks():
            size = prod(part.stop - part.start for part in block)
            store.write(block, rows[:size])
            del rows[:size]
    summary = run_sweep(asked, workplace / "o.zarr")
    assert [(warning.code, warning.message.params) for warning in summary.warnings] == [
        ("failed-cases", {"cases": 2, "message": "exposure_s: 8 µs was read"}),
        ("partly-unknown-cases", {"cases": 1, "message": "no column"}),
    ]


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "tcp://example.org:8786", "http://127.0.0.1:8786", "x"])
def test_a_scheduler_that_others_could_reach_in_the_open_is_refused(address: str) -> None:
    with pytest.raises(InputError) as raised:
        check_address(address)
    assert "tls://" in raised.value.hint


@pytest.mark.parametrize("address", ["tls://cluster.example.org:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786"])
def test_an_encrypted_scheduler_and_one_of_this_machine_are_taken(address: str) -> None:
    check_address(address)


def test_a_case_to_sweep_and_what_varies_are_given_in_any_form(
    workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Sweep] = []
    monkeypatch.setattr(module, "run_sweep", lambda asked, *_, **__: found.append(asked))
    monkeypatch.setattr(module, "load_store", lambda _: None)
    path, times, counts = workplace / "case.toml", np.array([1.0, 2.0]), {"draws": np.int64(3), "seed": np.int64(1)}
    for case in (path, str(path), tomllib.loads(CASE), load_case(path), load_case(path).case):
        for outputs in ("harm.p_burn", ["harm.p_burn"]):
            for values in (times, tuple(times), list(times)):
                sweep(case, outputs, axes={"bath.exposure_s": values}, output=workplace / "o.zarr", **counts)
    assert len(found) == 30
    for asked in found:
        assert asked.axes == found[0].axes
        assert asked.question.tables == found[0].question.tables
        assert (asked.question.outputs, asked.question.draws, asked.question.seed) == (("harm.p_burn",), 3, 1)


@pytest.mark.parametrize(
    "wrong",
    [{"workers": 0}, {"workers": -1}, {"workers": "2"}, {"workers": 1.5}, {"cluster": 5}, {"sample": 5}, {"axes": 5},
     {"outputs": None}, {"output": 5}],
)  # fmt: skip
def test_an_argument_that_is_wrong_is_named_before_anything_runs(workplace: Path, wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {"outputs": ["harm.p_burn"], "axes": {"bath.exposure_s": [1.0, 2.0]}, "draws": 1} | wrong
    with pytest.raises(InputError) as raised:
        sweep(workplace / "case.toml", **asked)
    assert raised.value.field == next(iter(wrong))


@pytest.mark.check
def test_a_case_of_a_sweep_answers_as_it_does_alone_and_one_that_fails_is_a_row(workplace: Path) -> None:
    axes = {"bath.exposure_s": [2.0, 8.0, -1.0], "skin.ita_deg": [50.0, 20.0]}
    asked = ["damage.epidermis_fraction", "temperature_C.basal_peak", "microlesion.depth_um"]
    one, two = (sweep(workplace / "case.toml", asked, axes=axes, draws=3, workers=count) for count in (1, 2))
    assert one.equals(two)
    (workplace / "alone.toml").write_text(
        CASE.replace("exposure_s = 8.0", "exposure_s = 2.0").replace("33.0", "33.0\nita_deg = 20.0"), encoding="utf-8"
    )
    alone = simulate_case(load_case(workplace / "alone.toml"), draws=3).to_dict()
    place = {"bath.exposure_s": 2.0, "skin.ita_deg": 20.0}
    for path in asked[:2]:
        assert float(one[path].sel(place)) == read_value(alone, path)[0]
    failed = one["status"].sel({"bath.exposure_s": -1.0})
    assert (failed == FAILED).all()
    assert (one["status"].sel({"bath.exposure_s": [2.0, 8.0]}) == PARTLY).all()  # a bath leaves no columns
    rows = error_rows(one)
    assert len(rows) == one["status"].size
    assert all("exposure_s" in row.message for row in rows if row.status == FAILED)
    assert all("microlesion.depth_um" in row.message for row in rows if row.status == PARTLY)


@pytest.mark.check
def test_a_store_of_another_sweep_and_one_that_is_being_written_are_refused(tmp_path: Path) -> None:
    set_desk(tmp_path, 4)
    asked, cost = load_sweep(tmp_path / "sweep.toml"), SweepCost(4, 1.0, 1)
    with open_store(tmp_path / "out.zarr", asked, None):
        code, document, _ = result_of(sweeping(tmp_path))
    assert (code, document["error"]["code"]) == (2, "store-taken")
    before = files_of(tmp_path / "out.zarr")
    question = replace(asked.question, draws=3)
    with (
        pytest.raises(InputError) as refused,
        open_store(tmp_path / "out.zarr", replace(asked, question=question), cost),
    ):
        pass
    assert refused.value.code == "another-sweep"
    assert files_of(tmp_path / "out.zarr") == before
