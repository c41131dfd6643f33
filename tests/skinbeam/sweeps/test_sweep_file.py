"""A sweep file says what varies and what is kept; whatever is wrong is told with where and what would be right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skinbeam.model.case_tables import CaseTables
from skinbeam.model.errors import InputError
from skinbeam.model.quantity_units import output_unit
from skinbeam.sweeps.axes import field_quantile, grid_axis, quantile_axis
from skinbeam.sweeps.cost import SweepCost
from skinbeam.sweeps.store import load_store, open_store
from skinbeam.sweeps.sweep_file import block_shape, grid_blocks, load_sweep, values_at

CASE = """
[skin]
site = "cheeks"
ita_deg = 45.0
[bath]
temperature_C = 60.0
exposure_s = 1.0
"""
GOOD = 'case = "case.toml"\noutputs = ["harm.p_burn"]\n'


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    (tmp_path / "case.toml").write_text(CASE, encoding="utf-8")
    return tmp_path


def save_sweep(workplace: Path, text: str) -> Any:
    (workplace / "sweep.toml").write_text(text, encoding="utf-8")
    return load_sweep(workplace / "sweep.toml")


def test_axes_stand_in_the_order_of_the_file_behind_the_sample(workplace: Path) -> None:
    times = '"bath.exposure_s" = {from = 0.1, to = 10.0, steps = 3, scale = "log"}'
    axes = f'[axes]\n{times}\n"skin.site" = ["neck", "chin"]\n'
    drawn = '[sample]\nn = 4\n[sample.fields]\n"skin.ita_deg" = {distribution = "uniform", low = 10.0, high = 50.0}'
    sweep = save_sweep(workplace, GOOD + axes + drawn)
    assert [axis.name for axis in sweep.axes] == ["sample", "bath.exposure_s", "skin.site"]
    assert sweep.shape == (4, 3, 2)
    assert sweep.axes[1].rows == ((0.1,), (1.0,), (10.0,))
    held = values_at(sweep, (1, 2, 1))
    assert held["bath.exposure_s"] == 10.0
    assert held["skin.site"] == "chin"
    assert 10.0 <= float(held["skin.ita_deg"]) <= 50.0


def test_a_dotted_name_needs_no_quotation_marks(workplace: Path) -> None:
    times = "bath.exposure_s = {from = 0.1, to = 10.0, steps = 3}"
    drawn = '[sample]\nn = 4\n[sample.fields]\nskin.ita_deg = {distribution = "uniform", low = 10.0, high = 50.0}'
    plain = save_sweep(workplace, f'{GOOD}[axes]\n{times}\nskin.site = ["neck"]\n{drawn}')
    quoted = f'{GOOD}[axes]\n{times}\nskin.site = ["neck"]\n{drawn}'
    for field in ("bath.exposure_s", "skin.site", "skin.ita_deg"):
        quoted = quoted.replace(f"\n{field}", f'\n"{field}"')
    again = save_sweep(workplace, quoted)
    assert [axis.name for axis in plain.axes] == ["sample", "bath.exposure_s", "skin.site"]
    assert plain.axes[1:] == again.axes[1:]
    assert values_at(plain, (1, 2, 0)) == values_at(again, (1, 2, 0))


@pytest.mark.parametrize("name", ['"skin.ita_deg"', "skin.ita_deg"])
def test_distributions_stand_in_the_sample_as_values_stand_in_the_axes(name: str, workplace: Path) -> None:
    drawn = '{distribution = "uniform", low = 10.0, high = 50.0}'
    below, inside = (
        save_sweep(workplace, f"{GOOD}[sample]\nn = 4\n{table}{name} = {drawn}") for table in ("[sample.fields]\n", "")
    )
    assert [values_at(inside, (row,)) for row in range(4)] == [values_at(below, (row,)) for row in range(4)]


WRONG = {
    "a field in both spellings": (
        GOOD + '[axes]\nskin.site = ["neck"]\n"skin.site" = ["chin"]',
        'axes."skin.site"',
        "once",
    ),
    "nothing varies": (GOOD, "axes", "[axes]"),
    "no case": (GOOD.replace("case.toml", "other.toml") + "[axes]\na = [1]", "case", "folder"),
    "a case elsewhere": (GOOD.replace("case.toml", "../case.toml") + "[axes]\na = [1]", "case", "folder"),
    "a range of one step": (GOOD + "[axes]\na = {from = 1, to = 2, steps = 1}", 'axes."a"', "steps"),
    "a log range through zero": (GOOD + '[axes]\na = {from = 0, to = 2, steps = 3, scale = "log"}', 'axes."a"', "log"),
    "a range without steps": (GOOD + "[axes]\na = {from = 1, to = 2, steps = 0}", 'axes."a"', "from 2 to"),
    "a range of no length": (GOOD + "[axes]\na = {from = 1, to = 1, steps = 3}", 'axes."a"', "different ends"),
    "ends without a distribution": (
        GOOD + "[sample]\nn = 2\n[sample.fields]\na = {low = 1, high = 2}",
        'sample.fields."a"',
        "distribution",
    ),
    "a value twice": (GOOD + "[axes]\na = [1, 1]", 'axes."a"', "once"),
    "too many": (
        GOOD + "[axes]\n" + "\n".join(f"a{k} = {{from = 0, to = 1, steps = 99}}" for k in range(4)),
        "axes",
        "",
    ),
    "a misspelt key": (GOOD + "drawz = 3\n[axes]\na = [1]", "drawz", "draws"),
    "a misspelt answer": (GOOD + 'answer = "simulat"\n[axes]\na = [1]', "answer", "simulate"),
    "no endpoint": (GOOD + 'answer = "threshold"\n[axes]\na = [1]', "endpoint", "endpoint"),
    "an endpoint too many": (GOOD + 'endpoint = "purpura"\n[axes]\na = [1]', "endpoint", "threshold"),
    "an unknown distribution": (
        GOOD + '[sample]\nn = 2\n[sample.fields]\na = {distribution = "unifrom", low = 1, high = 2}',
        'sample.fields."a"',
        "uniform",
    ),
    "a distribution without its ends": (
        GOOD + '[sample]\nn = 2\n[sample.fields]\na = {distribution = "uniform", low = 1}',
        'sample.fields."a"',
        "high",
    ),
    "an output twice": (
        GOOD.replace('["harm.p_burn"]', '["harm.p_burn", "harm.p_burn"]') + "[axes]\na = [1]",
        "outputs",
        "nce",
    ),
    "varied twice": (
        GOOD + '[axes]\na = [1]\n[sample]\nn = 2\n[sample.fields]\na = {distribution = "uniform", low = 1, high = 2}',
        "axes",
        "nce",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_reported_with_where_and_what_would_be_right(name: str, workplace: Path) -> None:
    text, field, hint = WRONG[name]
    with pytest.raises(InputError) as raised:
        save_sweep(workplace, text)
    assert raised.value.field == field
    assert hint in raised.value.hint
    assert raised.value.message


def test_words_of_an_axis_and_of_people_are_read_as_words(workplace: Path) -> None:
    axes = '[axes]\n"skin.site" = ["neck", "cheeks"]\n"bath.exposure_s" = [1.0, 2.0]\n'
    drawn = '[sample]\nn = 4\n[sample.fields]\n"skin.preset" = {distribution = "choice", values = ["human", "pig"]}'
    sweep = save_sweep(workplace, GOOD + axes + drawn)
    with open_store(workplace / "out.zarr", sweep, SweepCost(16, 1.0, 1)):
        data = load_store(workplace / "out.zarr")
    assert data["skin.site"].values.tolist() == ["neck", "cheeks"]
    assert data["skin.preset"].values.tolist() == [row[0] for row in sweep.axes[0].rows]
    assert data.sel({"skin.site": "cheeks", "bath.exposure_s": 2.0})["harm.p_burn"].dims == ("sample",)


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("temperature_C.vessels.0.lumen_peak", "degC"),
        ("temperature_C.basal_peak.high", "degC"),
        ("temperature_C.basal_peak.level", "1"),
        ("damage.coagulation_depth_um.low", "um"),
        ("harm.p_burn.high", "1"),
        ("healing.reepithelialisation_h", "hour"),
        ("concerns.0.options.0.interval_weeks", "week"),
        ("concern.0.area_cm2", "cm2"),
        ("microbeam.density_per_cm2", "1/cm2"),
    ],
)
def test_the_unit_of_a_number_is_that_of_the_part_of_its_path_that_names_one(path: str, unit: str) -> None:
    assert output_unit(path) == unit


def test_doses_of_a_sweep_of_thresholds_have_the_unit_of_what_is_varied(workplace: Path) -> None:
    outputs = 'outputs = ["dose", "calibrated_dose.high", "bracket.0", "model_error"]\n'
    text = f'case = "case.toml"\nanswer = "threshold"\nendpoint = "epidermal-necrosis"\n{outputs}'
    sweep = save_sweep(workplace, text + '[axes]\n"skin.ita_deg" = [10.0, 50.0]')
    with open_store(workplace / "out.zarr", sweep, SweepCost(2, 1.0, 1)):
        data = load_store(workplace / "out.zarr")
    assert [data[name].units for name in sweep.question.outputs] == ["s", "s", "s", "1"]
    assert data["skin.ita_deg"].units == "deg"


def test_fields_are_set_without_changing_the_case() -> None:
    tables = {"concern": [{"condition": "redness"}, {"condition": "scar"}], "skin": {"site": "neck"}}
    made = CaseTables(tables).with_fields({"concern.1.severity": "mild", "settings.pulse_ms": 3.0}).root
    assert made["concern"] == [{"condition": "redness"}, {"condition": "scar", "severity": "mild"}]
    assert made["settings"] == {"pulse_ms": 3.0}
    assert tables == {"concern": [{"condition": "redness"}, {"condition": "scar"}], "skin": {"site": "neck"}}


@pytest.mark.parametrize("field", ["concern.2.severity", "concern.x", "skin.site.deep"])
def test_a_path_that_leads_nowhere_is_reported(field: str) -> None:
    tables = {"concern": [{"condition": "redness"}], "skin": {"site": "neck"}}
    with pytest.raises(InputError) as raised:
        CaseTables(tables).with_fields({field: 1.0})
    assert raised.value.field == field


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 50))
def test_blocks_cover_every_place_once_and_hold_no_more_than_asked(shape: list[int], most: int) -> None:
    sides = block_shape(shape, most)
    seen = np.zeros(shape, dtype=int)
    for block in grid_blocks(shape, sides):
        seen[block] += 1
        assert seen[block].size <= most
    assert (seen == 1).all()


@given(st.integers(1, 200), st.integers(0, 10))
def test_a_longer_sample_goes_on_with_a_shorter_one(n: int, seed: int) -> None:
    fields = {
        "skin.ita_deg": {"distribution": "normal", "mean": 40.0, "sd": 10.0},
        "patient.sex": {"distribution": "choice", "values": ["female", "male"]},
    }
    quantiles = {field: field_quantile(field, spread) for field, spread in fields.items()}
    longer = quantile_axis("sample", 2 * n, seed, quantiles)
    assert quantile_axis("sample", n, seed, quantiles).rows == longer.rows[:n]
    assert {row[1] for row in longer.rows} <= {"female", "male"}


def test_a_sample_fills_its_distribution() -> None:
    quantile = field_quantile("a", {"distribution": "log-uniform", "low": 0.1, "high": 10.0})
    rows = quantile_axis("sample", 1024, 0, {"a": quantile}).rows
    values = np.sort([row[0] for row in rows])
    # Sobol points lie one in each of 1024 equal parts, so a share is off by one part at most.
    share = np.log(values / 0.1) / np.log(100.0)
    assert np.abs(share - (np.arange(1024) + 0.5) / 1024).max() <= 1.0 / 1024


def test_ends_of_a_range_are_as_they_were_written() -> None:
    rows = grid_axis("a", {"from": 0.1, "to": 0.7, "steps": 7}).rows
    assert [row[0] for row in rows] == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]
