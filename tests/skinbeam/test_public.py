"""The public functions: what a script asks is what the command answers, in the shape that a script holds."""

import inspect
import json
import pickle
import pydoc
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from consultations import NAMED, PERSON, concern, devices, document, loaded
from matplotlib.figure import Figure
from paths import ROOT

import skinbeam
from skinbeam.api.simulate import simulate_case
from skinbeam.api.threshold import find_threshold
from skinbeam.model.document import DocumentResult, to_json_types
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.input_files import LoadedCase, load_case
from skinbeam.model.sources import bibliography
from skinbeam.public import questions
from skinbeam.public.cases import plain_value
from skinbeam.text import DocumentWarning

DRAWS = 60
PULSE = ROOT / "examples" / "pulse-in-a-vessel" / "case.toml"
EXAMPLE_LAYERS = ROOT / "examples" / "light" / "coverslip.toml"
FACE = ROOT / "examples" / "first-consultation" / "face.jpg"
TABLES = {
    "skin": {"site": "cheeks", "ita_deg": 45.0},
    "laser": {"device": "ktp-532"},
    "settings": {"fluence_J_cm2": 8.0, "pulse_ms": 10.0, "spot_mm": 4.0},
}
LAYERS = """
ambient_n = 1.0
below_n = 1.0
[[layer]]
name = "upper"
thickness_um = 100.0
mua_per_cm = 10.0
mus_per_cm = 90.0
g = 0.75
n = 1.0
"""
VEINS = PERSON + concern("facial-telangiectasia", extra=NAMED) + devices("pulsed-dye-595")


def answer(function: str, *asked: Any, **more: Any) -> Any:
    return getattr(skinbeam, function)(*asked, **more)


def test_a_case_is_a_path_a_text_tables_or_a_loaded_case() -> None:
    whole = find_threshold(load_case(PULSE), "epidermal-necrosis", draws=DRAWS).to_dict()
    for case in (PULSE, str(PULSE), load_case(PULSE), load_case(str(PULSE))):
        assert answer("threshold", case, "epidermal-necrosis", draws=DRAWS).to_dict() == whole
    assert answer("simulate", TABLES, draws=3) == answer("simulate", answer("load_case", TABLES), draws=3)


def test_a_setting_given_by_name_takes_the_place_of_the_case_s() -> None:
    changed = TABLES | {"settings": TABLES["settings"] | {"pulse_ms": 6.0}}
    whole = simulate_case(answer("load_case", PULSE), draws=DRAWS).to_dict()
    assert answer("simulate", PULSE, draws=DRAWS).to_dict() == whole
    by_name = answer("simulate", TABLES, draws=DRAWS, pulse_ms=np.int64(6)).to_dict()
    by_table = answer("simulate", changed, draws=DRAWS).to_dict()
    assert by_name == by_table
    assert by_name["damage"] != answer("simulate", TABLES, draws=DRAWS).to_dict()["damage"]


@pytest.mark.parametrize("values", [range(4, 6), (4, 5), np.array([4, 5]), pd.Series([4, 5]), xr.DataArray([4, 5])])
def test_several_values_are_any_sequence_or_array(values: Any) -> None:
    curve = answer("simulate", TABLES, draws=3, pulse_ms=values)
    assert curve.to_dict() == answer("simulate", TABLES, draws=3, pulse_ms=[4, 5]).to_dict()


class SixSeconds:
    """A number with a unit, as pint and astropy have it."""

    units = object()

    def __array__(self, *_: Any, **__: Any) -> Any:
        return np.array(6.0)


def test_the_unit_of_a_quantity_is_never_lost() -> None:
    for case, settings in (
        (TABLES, {"pulse_ms": SixSeconds()}),
        (TABLES | {"settings": {"pulse_ms": SixSeconds()}}, {}),
    ):
        with pytest.raises(InputError) as raised:
            answer("simulate", case, **settings)
        assert raised.value.field == "pulse_ms"


@pytest.mark.parametrize(("units", "is_lost"), [("s", True), ("um", True), ("ms", False), ("", False), ("1", True)])
def test_an_array_in_another_unit_than_its_setting_is_refused(units: str, is_lost: bool) -> None:
    """An array of 0.005 s was taken as 0.005 ms."""
    pulses = xr.DataArray([4.0, 5.0], dims="pulse", attrs={"units": units})
    if not is_lost:
        assert answer("simulate", TABLES, draws=3, pulse_ms=pulses).values.tolist() == [4.0, 5.0]
        return
    with pytest.raises(InputError) as raised:
        answer("simulate", TABLES, draws=3, pulse_ms=pulses)
    assert (raised.value.code, raised.value.field) == ("unit-given", "pulse_ms")
    assert "in ms" in raised.value.hint


def test_units_are_known_however_they_are_spelt() -> None:
    for name, units in (("fluence_J_cm2", "J/cm²"), ("fluence_J_cm2", "J / cm^2"), ("depth_um", "µm"), ("x_C", "°C")):
        assert plain_value(xr.DataArray(5.0, attrs={"units": units}), name) == 5.0


def test_light_by_packets_is_that_of_the_command() -> None:
    """`skinbeam simulate --light montecarlo` had no like in Python, and `light=` was an unknown field of the case."""
    by_packets = answer("simulate", TABLES, draws=1, light="montecarlo", error=0.05)
    same = simulate_case(answer("load_case", TABLES), draws=1, light="montecarlo", error=0.05)
    assert by_packets.to_dict() == same.to_dict()
    assert by_packets.to_dict() != answer("simulate", TABLES, draws=1).to_dict()
    for wrong in ({"light": "monte"}, {"error": 0.0}, {"error": "small"}):
        with pytest.raises(InputError) as raised:
            answer("simulate", TABLES, draws=1, **wrong)
        assert raised.value.field == next(iter(wrong))


def test_values_from_an_iterator_are_a_list() -> None:
    curve = answer("simulate", TABLES, draws=3, pulse_ms=(float(ms) for ms in (4, 5)))
    assert curve.to_dict() == answer("simulate", TABLES, draws=3, pulse_ms=[4, 5]).to_dict()


def test_fields_of_a_vessel_are_given_by_its_number() -> None:
    vessel = {"depth_um": 400.0, "diameter_um": 100.0}
    deep = answer("simulate", TABLES | {"vessel": [vessel]}, draws=3)
    by_path = answer(
        "simulate", TABLES | {"vessel": [vessel | {"depth_um": 900.0}]}, draws=3, **{"vessel.0.depth_um": 400}
    )
    assert by_path == deep
    with pytest.raises(InputError, match=r"vessel\.0"):
        answer("simulate", TABLES, depth_um=400)


@pytest.mark.parametrize(
    "name", ["load_case", "plan", "simulate", "threshold", "window", "skin", "light_profile", "sweep", "light"]
)
@pytest.mark.parametrize("case", [None, 5, b"case.toml", [TABLES]])
def test_what_is_no_case_is_named(name: str, case: Any) -> None:
    more = {"threshold": ["purpura"], "skin": [532], "light_profile": [532], "sweep": [["harm.p_burn"]]}
    with pytest.raises(InputError) as raised:
        answer(name, case, *more.get(name, []))
    assert raised.value.field == ("layers" if name == "light" else "case")


def test_the_text_of_a_case_is_no_path() -> None:
    """The whole text stood in the message, twice, and nothing said what to do."""
    with pytest.raises(InputError, match=r"a text of 2 lines.*tomllib\.loads"):
        answer("plan", '[patient]\nphototype = "II"\n')


@pytest.mark.parametrize("word", [None, 5, ["melasma"]])
def test_what_is_no_name_is_named(word: Any) -> None:
    asked = [
        ("expect", (word, "ablative"), {}),
        ("expect", ("wrinkles", word), {}),
        ("compare", ("melasma", word, "vascular"), {}),
        ("guideline", (word,), {}),
        ("threshold", (TABLES, word), {}),
        ("light", (EXAMPLE_LAYERS,), {"method": 5}),
        ("analyse_photo", (word,), {}),
        ("analyse_photo", (FACE,), {"points": 5}),
        ("preview", (word, word, word), {}),
    ]
    for name, positional, named in asked:
        with pytest.raises(InputError):
            answer(name, *positional, **named)


def test_numbers_of_a_photograph_are_lists_arrays_or_from_an_iterator() -> None:
    """Every list of numbers crashed, since its places were taken for names of quantities."""
    face = answer("analyse_photo", FACE).face
    points = [*face.right_pupil, *face.left_pupil, *face.mouth]
    given = answer("analyse_photo", FACE, points=np.array(points)).face
    assert given.pupil_distance_px == pytest.approx(face.pupil_distance_px)
    assert answer("analyse_photo", FACE, points=iter(points)).face == given
    card = answer("analyse_photo", FACE, white_card=(10, 10, 20, 20))
    assert card.to_dict() != answer("analyse_photo", FACE).to_dict()
    for name in ("points", "white_card", "length"):
        for numbers in ([1, 2], "1,2,3,4", [[1, 2], [3, 4]], [None] * 4):
            with pytest.raises(InputError) as raised:
                answer("analyse_photo", FACE, **{name: numbers})
            assert raised.value.field == name


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("preview", (FACE, {"concerns": [0.5] * 10_000}, "previews")),
        ("load_case", ([0.5] * 10_000,)),
        ("analyse_photo", (np.random.default_rng(0).random((40, 40)),)),
        ("simulate", (TABLES, [0.5] * 10_000)),
    ],
)
def test_a_long_value_is_shortened_in_an_error(name: str, asked: tuple[Any, ...]) -> None:
    more = {"draws": asked[1]} if name == "simulate" else {}
    with pytest.raises(InputError) as raised:
        answer(name, *(asked[:1] if more else asked), **more)
    assert len(str(raised.value)) < 300


def test_one_kind_of_a_condition_is_a_text_and_numbers_are_of_any_library() -> None:
    asked = {"subtypes": ("rolling",), "patients": 50, "sessions": 3}
    found = answer("expect", "acne-scars", "fractional-ablative", **asked)
    same = {"subtypes": "rolling", "patients": np.int64(50), "sessions": np.float32(3)}
    assert answer("expect", "acne-scars", "fractional-ablative", **same) == found


def test_layers_are_tables_or_their_file(tmp_path: Path) -> None:
    file = tmp_path / "layers.toml"
    file.write_text(LAYERS)
    found = answer("light", tomllib.loads(LAYERS)).to_dict()
    assert found | {"photons_per_second": 0} == answer("light", file).to_dict() | {"photons_per_second": 0}


@pytest.mark.parametrize(("name", "more"), [("skin", [532]), ("light_profile", [532]), ("window", [])])
def test_fields_are_given_by_name_in_every_question_of_a_skin(name: str, more: list[Any]) -> None:
    tables = TABLES | {"vessel": [{"depth_um": 400.0, "diameter_um": 100.0}]}
    darker = tables | {"skin": TABLES["skin"] | {"ita_deg": 10.0}}
    assert answer(name, tables, *more, draws=3, ita_deg=10) == answer(name, darker, *more, draws=3)


def test_a_longer_pulse_burns_at_a_higher_dose() -> None:
    curve = answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS, pulse_ms=(1, 10, 50))
    assert np.all(np.diff(curve.dose) > 0.0)
    single = answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS, pulse_ms=10)
    assert curve.results[1] == single
    assert curve.dose[1] == single.dose.median


def test_a_curve_is_data_a_table_and_a_figure() -> None:
    curve = answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS, pulse_ms=np.array([1.0, 10.0]))
    data = curve.to_xarray()
    assert data["dose"].dims == ("pulse_ms",)
    assert data["pulse_ms"].values.tolist() == [1.0, 10.0]
    assert (data["pulse_ms"].units, data["dose"].units, data["dose_low"].units) == ("ms", "J/cm2", "J/cm2")
    assert data["dose"].level == curve.results[0].dose.level
    assert np.array_equal(data["dose"], curve.dose)
    assert [one.dose.high for one in curve.results] == data["dose_high"].values.tolist()
    table = curve.to_dataframe()
    assert table.loc[10.0, "calibrated_dose"] == curve.results[1].calibrated_dose.median
    (axes,) = curve.plot().axes
    assert len(curve.plot().legends[0].get_texts()) == 2  # the computed and the calibrated dose
    assert axes.get_xscale() == "log"
    assert "2 values of pulse_ms" in repr(curve)
    assert curve.to_dict()["results"][0] == curve.results[0].to_dict()
    assert "dose" in dir(curve)
    with pytest.raises(AttributeError, match="dosis"):
        _ = curve.dosis
    for wrong in ("dosis", 3, ["dose"]):
        with pytest.raises(InputError, match="dose"):
            curve.plot(wrong)
    with pytest.raises(AttributeError, match=r"calibration\."):
        _ = curve.calibration


def test_a_curve_compares_devices() -> None:
    both = ["pulsed-dye-595", "ktp-532"]
    tables = TABLES | {"settings": {"pulse_ms": 10.0, "spot_mm": 5.0}}
    curve = answer("threshold", tables, "epidermal-necrosis", draws=DRAWS, device=both)
    alone = [answer("threshold", tables, "epidermal-necrosis", draws=DRAWS, device=one).dose.median for one in both]
    assert curve.dose.tolist() == alone
    assert alone[0] > alone[1]  # melanin absorbs less at 595 than at 532 nm
    assert curve.to_xarray()["dose"].sel(device="ktp-532") == alone[1]
    assert [label.get_text() for label in curve.plot().axes[0].get_xticklabels()] == both


def test_an_unknown_of_a_curve_says_why(tmp_path: Path) -> None:
    """So deep below such dark skin no dose of the searched range closes a vessel."""
    vessel = TABLES | {"vessel": [{"depth_um": 4500.0, "diameter_um": 200.0}]}
    curve = answer("threshold", vessel, "vessel-closure", draws=DRAWS, ita_deg=[60.0, -60.0])
    first, last = curve.results
    assert isinstance(first.dose, Estimate)
    assert isinstance(last.dose, Unknown)
    data = curve.to_xarray()["dose"]
    assert np.isnan(data.values).tolist() == [False, True]
    assert data.unknown == f"-60.0: {last.dose.reason}"
    curve.to_xarray().to_netcdf(tmp_path / "curve.nc", engine="scipy")  # the writer that knows the fewest types
    with xr.open_dataset(tmp_path / "curve.nc", engine="scipy") as read:
        assert read.identical(curve.to_xarray())
    assert isinstance(curve.plot(), Figure)


def test_a_curve_of_simulations_has_every_number() -> None:
    curve = answer("simulate", TABLES, draws=DRAWS, fluence_J_cm2=[4, 8, 12])
    data = curve.to_xarray()
    assert np.all(np.diff(data["temperature_C.basal_peak"]) > 0.0)
    assert np.all(data["harm.p_burn_low"] <= data["harm.p_burn"])
    units = {name: data[name].units for name in map(str, data)}
    assert {units[name] for name in units if name.startswith("temperature_C.")} == {"degC"}
    assert {units[name] for name in units if name.startswith("harm.")} == {"1"}
    assert (units["healing.reepithelialisation_h"], units["healing.downtime_days_high"]) == ("hour", "day")
    assert curve.plot("temperature_C.basal_peak").axes[0].get_ylabel() == "Temperature (°C)"
    assert isinstance(curve.plot("harm.p_burn"), Figure)
    with pytest.raises(InputError, match=r"harm\.p_burn"):
        curve.plot()


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"pulse_ms": [1, 10], "spot_mm": [3, 4]}, "spot_mm"),
        ({"pulse_ms": []}, "pulse_ms"),
        ({"pulse_ms": np.ones((2, 2))}, "pulse_ms"),
        ({"pulse_ms": [1, -1]}, "settings.pulse_ms"),
    ],
)
def test_values_that_make_no_curve_are_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as raised:
        answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS, **settings)
    assert raised.value.field == field


@pytest.mark.parametrize("draws", [0, -3, 1.5, "many", True, 100_001, float("nan")])
def test_draws_that_are_no_count_are_named(draws: Any) -> None:
    with pytest.raises(InputError) as raised:
        answer("simulate", TABLES, draws=draws)
    assert raised.value.field == "draws"


@pytest.mark.parametrize("seed", [-1, 1.5, "many", True, 2**63])
def test_a_seed_that_is_no_whole_number_is_named(seed: Any) -> None:
    for function, arguments in (
        ("simulate", (TABLES,)),
        ("expect", ("acne-scars", "fractional-ablative")),
        ("light", (EXAMPLE_LAYERS,)),
    ):
        with pytest.raises(InputError) as raised:
            answer(function, *arguments, seed=seed)
        assert raised.value.field == "seed"


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"pulse_ms": "long"}, "settings.pulse_ms"),
        ({"cooling.temperatur_C": 4}, "cooling.temperatur_C"),
        ({"pulse": 3}, "pulse"),
        ({"laser": "ktp-532"}, "laser"),
        ({"vessel": [{"depth_um": 300}]}, "vessel"),
        ({"temperature_C": 4}, "temperature_C"),  # of the skin, of its cooling and of a bath
        ({"laser.pulse_ms": 3}, "laser.pulse_ms"),
    ],
)
def test_a_setting_that_a_case_cannot_have_is_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as raised:
        answer("simulate", TABLES, draws=DRAWS, **settings)
    assert raised.value.field == field


def test_whoever_gives_a_table_or_another_case_of_letters_reads_what_to_give() -> None:
    for settings, right in (
        ({"laser": "ktp-532"}, "device"),
        ({"vessel": [{"depth_um": 300}]}, "vessel.0.depth_um"),
        ({"fluence_j_cm2": 7}, "fluence_J_cm2"),
    ):
        with pytest.raises(InputError) as raised:
            answer("simulate", TABLES, draws=3, **settings)
        assert right in raised.value.hint
        assert "converted" not in raised.value.hint


def test_a_field_of_any_table_is_given_by_name() -> None:
    changed = TABLES | {"skin": {"site": "neck", "ita_deg": 20.0}, "cooling": {"kind": "contact", "temperature_C": 4.0}}
    by_name = answer(
        "threshold",
        TABLES | {"cooling": {"kind": "contact", "temperature_C": 10.0}},
        "epidermal-necrosis",
        draws=DRAWS,
        ita_deg=np.float64(20),
        site="neck",
        **{"cooling.temperature_C": 4},
    )
    assert by_name == answer("threshold", changed, "epidermal-necrosis", draws=DRAWS)


def test_attributes_of_a_result_are_typed_values_of_its_document() -> None:
    found = answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS)
    assert isinstance(found.dose, Estimate)
    assert to_json_types(found.dose) == found.to_dict()["dose"]
    assert float(found.dose) == found.dose.median
    assert np.log(found.dose.high) > np.log(float(found.dose))
    assert to_json_types(found.bracket) == found.to_dict()["bracket"]
    assert found.reached is True
    simulated = answer("simulate", TABLES, draws=DRAWS)
    whole = simulated.to_dict()
    assert isinstance(simulated.microlesion.depth_um, Unknown)
    assert simulated.microlesion.depth_um.reason == whole["microlesion"]["depth_um"]["unknown"]
    assert simulated.light.absorbed["basal layer"].median > 0.0
    assert to_json_types(simulated.damage.vessels[0].p_closed) == whole["damage"]["vessels"][0]["p_closed"]
    spectra = answer("skin", TABLES, [532, 1064], draws=DRAWS)
    assert spectra.layers[0].name == spectra.to_dict()["layers"][0]["name"]
    assert spectra.layers[0].mua_per_cm.shape == spectra.wavelength_nm.shape == (2,)


def test_attributes_are_completed_and_a_wrong_one_is_named() -> None:
    found = answer("expect", "acne-scars", "fractional-ablative")
    assert {"mean_improvement_pct", "to_dict"} <= set(dir(found))
    assert "pmf" in dir(found.predict)
    with pytest.raises(AttributeError, match="mean_improvement_pt") as raised:
        _ = found.mean_improvement_pt
    assert raised.value.obj is found  # Python then names the nearest attribute


def test_results_are_equal_if_their_documents_are() -> None:
    found = answer("skin", TABLES, [532, 1064], draws=DRAWS)
    assert pickle.loads(pickle.dumps(found)) == found
    assert answer("skin", TABLES, [532, 1064], draws=DRAWS, seed=1) != found
    with pytest.raises(TypeError, match="unhashable"):
        hash(found)


def test_every_public_function_and_what_it_gives_goes_to_another_process() -> None:
    for name in skinbeam.__all__:
        if callable(getattr(skinbeam, name)):
            assert pickle.loads(pickle.dumps(getattr(skinbeam, name))) is getattr(skinbeam, name), name
    for machine in skinbeam.devices().values():
        copied = pickle.loads(pickle.dumps(machine))
        assert copied == machine
        assert copied.as_record() == machine.as_record()
    curve = answer("simulate", TABLES, draws=3, pulse_ms=[5, 6])
    case = load_case(PULSE)
    for one in (curve, case):
        assert pickle.loads(pickle.dumps(one)) == one
    assert curve != answer("simulate", TABLES, draws=3, pulse_ms=[5, 7])
    shown = [*skinbeam.devices().values(), case, curve]
    assert max(len(repr(one)) for one in shown) < 120


def test_answers_with_arrays_are_datasets_and_tables_with_units() -> None:
    window = answer("window", TABLES | {"vessel": [{"depth_um": 400.0, "diameter_um": 100.0}]}, draws=3)
    data = window.to_xarray()
    assert data["p_effect"].dims == ("pulse_ms", "dose")
    assert np.array_equal(data["p_harm"], window.p_harm)
    assert (data["dose"].units, data["pulse_ms"].units, data["p_harm"].units) == ("J/cm2", "ms", "1")
    assert window.to_dataframe().index.names == ["pulse_ms", "dose"]
    assert (data.effect, data.case_sha256) == ("vessel-closure", window.case_sha256)
    silent = replace(window, p_harm=Unknown("so it is")).to_xarray()["p_harm"]
    assert np.isnan(silent).all()
    assert silent.unknown == "so it is"
    spectrum = answer("skin", TABLES, [532, 1064], draws=3)
    assert spectrum.to_dataframe()["reflectance"].loc[1064.0] == spectrum.reflectance[1]
    assert spectrum.to_xarray()["wavelength_nm"].units == "nm"
    light = answer("light", EXAMPLE_LAYERS)
    assert np.array_equal(light.to_xarray()["fluence_rate_ratio"], light.fluence_rate_ratio)
    for one in (data, spectrum.to_xarray(), light.to_xarray()):
        assert json.loads(json.dumps(one.attrs)) == one.attrs


def test_every_answer_names_its_sources_and_has_a_figure_that_a_notebook_shows(tmp_path: Path) -> None:
    vein = TABLES | {"vessel": [{"depth_um": 400.0, "diameter_um": 100.0}]}
    made = answer("plan", loaded(VEINS), draws=DRAWS)
    answers = [
        made,
        answer("simulate", TABLES, draws=3),
        answer("simulate", TABLES | {"laser": {"wavelength_nm": 10600.0}}, draws=3),  # no temperature is known
        answer("threshold", TABLES, "purpura", draws=3),
        answer("window", vein, draws=3),
        answer("window", vein, draws=3, at={"pulse_ms": 10}),
        answer("light", EXAMPLE_LAYERS),
        answer("light_profile", TABLES, 532, draws=3),
        answer("skin", TABLES, [532], draws=3),
        answer("expect", "acne-scars", "fractional-ablative"),
        answer("compare", "melasma", "chemical-peel", "pigment-short-pulse"),
        answer("guideline", "melasma"),
        answer("analyse_photo", FACE),
        answer("preview", FACE, made, tmp_path),
    ]
    for one in answers:
        assert one.citations(), one
        assert set(one.citations()) <= set(bibliography()), one
        assert one.plot()._repr_png_().startswith(b"\x89PNG"), one


def results() -> list[type[DocumentResult]]:
    """Every class of results, however far below `DocumentResult`."""
    found = [DocumentResult]
    for cls in found:
        found += cls.__subclasses__()
    return found[1:]


def test_no_class_of_results_has_an_equality_or_a_text_of_its_own() -> None:
    """A record would compare arrays with one truth value and print a page; both are easily made by the decorator."""
    assert len(results()) > 10
    for cls in results():
        assert cls.__eq__ is DocumentResult.__eq__, cls
        assert cls.__repr__ is DocumentResult.__repr__, cls


def test_every_warning_is_one_record_and_a_dictionary_only_in_the_document(tmp_path: Path) -> None:
    odd = TABLES | {"patient": {"age_years": 40.0, "phototype": "VI", "ita_deg": 50.0}}
    layered = {
        "skin": {
            "preset": "human",
            "layer": [{"name": "epi", "mua_per_cm": 1.0, "mus_per_cm": 50.0, "g": 0.8, "n": 1.4}],
        }
    }
    layers = tmp_path / "layers.toml"
    layers.write_text(LAYERS.replace("[[layer]]", '[beam]\nkind = "pencil"\nspot_mm = 2.0\n[[layer]]'))
    consultation = VEINS.replace("[patient]", '[patient]\nmedications = [{ name = "Acknemin", last_dose_months = 1 }]')
    found = [
        answer("simulate", odd | {"skin": {"site": "cheeks"}}, draws=DRAWS),
        answer("threshold", odd | {"skin": {"site": "cheeks"}}, "epidermal-necrosis", draws=DRAWS),
        answer("skin", layered, [532], draws=DRAWS),
        answer("light_profile", layered, 532.0, draws=DRAWS),
        answer("light", layers),
    ]
    planned = answer("plan", loaded(consultation), draws=DRAWS)
    for warnings, written in [
        *((one.warnings, one.to_dict()["warnings"]) for one in found),
        (planned.plan.warnings, planned.to_dict()["warnings"]),
    ]:
        assert warnings
        assert all(isinstance(warning, DocumentWarning) for warning in warnings)
        assert written == [{"code": warning.code, "message": warning.message.english} for warning in warnings]


def test_a_plan_is_the_plan_of_the_command_and_its_options_answer() -> None:
    plan = answer("plan", loaded(VEINS), draws=DRAWS)
    assert plan.to_dict() == document(VEINS, draws=DRAWS)
    assert plan == answer("plan", tomllib.loads(VEINS), draws=DRAWS)
    option = plan.concerns[0].options[0]
    sent = pickle.loads(pickle.dumps(option))
    assert (sent, sent.to_case()) == (option, option.to_case())
    assert option.setup.device == "pulsed-dye-595"
    assert option.rank == 1
    same = option.what_if().at
    printed = 5e-6  # a plan is rounded to six significant digits
    assert same.p_effective.median == pytest.approx(option.p_effective.median, rel=printed)
    assert same.p_burn.median == pytest.approx(option.p_harm.median, rel=printed)
    less, more = (option.what_if(fluence_J_cm2=dose).at for dose in (6.5, np.float64(8.5)))
    assert less.p_effective.median < more.p_effective.median
    assert less.p_burn.median <= more.p_burn.median
    with pytest.raises(InputError, match="80"):
        option.what_if(fluence_J_cm2=80)
    without = next(one for one in plan.concerns[0].options if one.setup is None)
    with pytest.raises(NotAvailable, match="without a device"):
        without.what_if(fluence_J_cm2=8)
    assert set(plan.citations()) == set(plan.to_dict()["sources"])
    rows = [row for row in figure_labels(plan.plot()) if row != "dark marks"]
    assert [row.split()[0] for row in rows] == [str(one.rank) for one in plan.concerns[0].options]
    assert max(len(repr(one)) for one in (plan, plan.concerns[0], option)) < 120


def test_an_option_gives_the_case_of_its_pulse() -> None:
    plan = answer("plan", loaded(VEINS.replace('"II"', '"I"')), draws=DRAWS)  # a plan moves no burn of this light then
    option = plan.concerns[0].options[0]
    case = option.to_case().case
    planned = option.setup.settings
    assert (case.laser.device, case.laser.wavelength_nm) == (option.setup.device, planned.wavelength_nm)
    for name in ("fluence_J_cm2", "pulse_ms", "spot_mm", "profile"):
        assert getattr(case.settings, name) == getattr(planned, name)
    assert (case.cooling.kind, case.cooling.before_ms) == (planned.cooling.kind, planned.cooling.before_ms)
    assert case.skin.site == plan.concerns[0].site
    target = plan.concerns[0].target
    assert target.size_um.low < case.vessel[0].diameter_um < target.size_um.high
    pulse = answer("simulate", option.to_case(), draws=DRAWS)
    assert pulse.light.reflectance.median > 0.0
    # The plan expects most vessels of all sizes to close, and so does the pulse of the one in the middle.
    assert min(option.p_effective.median, pulse.damage.vessels[0].p_closed.median) > 0.5
    # The harm of this plan is the burn; the draws are the plan's, and their epidermis does not know the vessel below.
    assert pulse.harm.p_burn.median == pytest.approx(option.p_harm.median, rel=0.01)
    hotter = answer("simulate", option.to_case(), draws=DRAWS, fluence_J_cm2=planned.fluence_J_cm2 + 2)
    assert hotter.temperature_C.basal_peak.median > pulse.temperature_C.basal_peak.median
    without = next(one for one in plan.concerns[0].options if one.setup is None)
    with pytest.raises(NotAvailable, match="without a device"):
        without.to_case()


def test_a_pulse_of_an_option_says_why_its_plan_tells_another_probability_of_a_burn() -> None:
    """A plan anchors burns to counts, and counts those beside a spot; the pulse alone knows neither."""
    brown = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "")
    for text, device in (
        (brown + concern("facial-telangiectasia", "nose", NAMED), "ndyag-1064"),
        (brown.replace('"IV"', '"II"') + concern("age-spots", "hands", NAMED), "alexandrite-755"),
    ):
        plan = answer("plan", loaded(text + devices(device)), draws=DRAWS)
        option = next(one for one in plan.concerns[0].options if one.setup is not None)
        case = option.to_case()
        pulse = answer("simulate", case, draws=DRAWS)
        is_spot = bool(case.case.lesion)
        assert ("burn-of-the-lesion" in {one.code for one in pulse.warnings}) == is_spot
        beside = case.case.model_copy(update={"lesion": []})
        skin = answer("simulate", LoadedCase(beside, case.folder), draws=DRAWS)
        (anchor,) = (one.message for one in skin.warnings if one.code == "plan-anchors-burns")
        assert anchor.params["anchored"] == pytest.approx(100 * option.p_harm.median, rel=0.02, abs=0.5)
        assert skin.harm.p_burn.median > 1.5 * option.p_harm.median
        if is_spot:
            assert pulse.harm.p_burn.median > 1.5 * skin.harm.p_burn.median


def test_a_window_says_at_which_of_its_doses_a_plan_tells_the_same_probability_of_a_burn() -> None:
    brown = PERSON.replace('"II"', '"IV"').replace("ita_deg = 60.0", "")
    plan = answer(
        "plan", loaded(brown + concern("facial-telangiectasia", "nose", NAMED) + devices("ndyag-1064")), draws=DRAWS
    )
    option = next(one for one in plan.concerns[0].options if one.setup is not None)
    window = answer("window", option.to_case(), draws=DRAWS)
    (anchor,) = (one.message for one in window.warnings if one.code == "plan-anchors-burns")
    row = window.p_harm[np.argmin(np.abs(window.pulse_ms - option.setup.settings.pulse_ms))]
    moved = option.setup.settings.fluence_J_cm2 / anchor.params["factor"]
    between = np.searchsorted(window.dose, moved)
    # The probability rises with the dose, and the grid holds that of the plan between two of its doses.
    assert row[between - 1] - 0.01 <= option.p_harm.median <= row[between] + 0.01


def test_an_option_with_microbeams_or_a_lesion_gives_its_case() -> None:
    for condition, machine in (("acne-scars", "fractional-co2-10600"), ("age-spots", "qs-ndyag-532-1064")):
        consultation = PERSON + concern(condition, extra=NAMED) + devices(machine)
        plan = answer("plan", loaded(consultation), draws=DRAWS)
        planned = next(one for one in plan.concerns[0].options if one.setup is not None)
        case = planned.to_case().case
        assert case.laser.device == machine
        assert bool(case.microbeam) is (condition == "acne-scars")
        assert [one.kind for one in case.lesion] == (["lentigo"] if condition == "age-spots" else [])
        assert answer("simulate", planned.to_case(), draws=DRAWS).schema == "skinbeam.simulate/1"


def figure_labels(figure: Figure) -> list[str]:
    """Return the names of the rows of a figure."""
    return [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]


def test_one_setting_of_a_window() -> None:
    found = answer("window", loaded(VEINS), at={"fluence_J_cm2": 8}, device="pulsed-dye-595", draws=DRAWS)
    assert found.at.settings.fluence_J_cm2 == 8.0
    assert "jasim2004" in found.citations()
    assert figure_labels(found.plot())[:2] == ["reaches its target", "burn"]
    with pytest.raises(InputError, match="no setting was read"):
        answer("window", loaded(VEINS), device="pulsed-dye-595", draws=DRAWS)


def test_answers_have_figures_sources_and_short_names() -> None:
    answers = [
        answer("window", TABLES, effect="vessel-closure", draws=DRAWS),
        answer("threshold", TABLES, "epidermal-necrosis", draws=DRAWS),
        answer("skin", TABLES, "400:700:50", draws=DRAWS),
        answer("skin", TABLES, [532, np.float64(1064)], draws=DRAWS),
        answer("skin", TABLES, 532.0, draws=DRAWS),
        answer("expect", "acne-scars", "fractional-ablative", phototype="III"),
    ]
    for one in answers:
        assert isinstance(one.plot(), Figure)
        assert len(repr(one)) < 400
        assert one.schema in repr(one)
    assert answers[-1].citations()
    assert answer("compare", "melasma", "chemical-peel", "pigment-short-pulse").citations() is not None
    assert "pulsed-dye-595" in answer("devices")


def test_a_comparison_shows_a_row_for_each_trial_and_one_for_all() -> None:
    found = answer("compare", "melasma", "chemical-peel", "pigment-short-pulse")
    labels = figure_labels(found.plot())
    assert len(labels) == len(found.direct) + 2
    assert all(label.startswith(one.study) for label, one in zip(labels, found.direct, strict=False))


def test_the_figure_of_a_guideline_has_the_place_of_each_treatment() -> None:
    found = answer("guideline", "melasma", phototype="IV")
    (axes,) = found.plot().axes
    marks = {(round(text.get_position()[0]), round(text.get_position()[1])): text.get_text() for text in axes.texts}
    labels = figure_labels(found.plot())
    for column, cell in enumerate(found.cells):
        for treatment in cell.avoid:
            assert marks[column, labels.index(treatment.title)] == "×"
        first = cell.first.title.partition(":")[0]
        assert marks[column, labels.index(first)] == "1"


def test_a_simulation_shows_temperatures_and_harm_and_leaves_out_what_is_unknown() -> None:
    found = answer("simulate", TABLES, draws=DRAWS)
    heat, shares = found.plot().axes
    assert "basal layer, highest" in [label.get_text() for label in heat.get_yticklabels()]
    assert "burn" in [label.get_text() for label in shares.get_yticklabels()]
    assert not [text for axes in (heat, shares) for text in axes.texts if text.get_text() == "unknown"]


@pytest.mark.parametrize(
    ("function", "arguments", "more", "field"),
    [
        ("threshold", (TABLES, "epidermal-necrosys"), {}, "endpoint"),
        ("threshold", (TABLES, "epidermal-necrosis"), {"of": "fluence"}, "of"),
        ("expect", ("acne-scras", "fractional-ablative"), {}, "condition"),
        ("expect", ("acne-scars", "fractional-ablative"), {"follow_up_months": -1}, "follow_up_months"),
        ("compare", ("melasma", "peal", "vascular"), {}, "a"),
        ("expect", ("acne-scars", "fractional-ablative"), {"wavelength": 1550}, "wavelength"),
        ("guideline", ("melasma",), {"phototype": "VII"}, "phototype"),
        ("guideline", ("melasma",), {"phototype": 4}, "phototype"),
        ("skin", (TABLES, [float("nan")]), {}, "wavelength_nm"),
        ("skin", (TABLES, []), {}, "wavelength_nm"),
        ("window", (TABLES,), {"at": "fluence=8"}, "at"),
        ("skin", (TABLES, "red"), {}, "wavelength_nm"),
        ("window", (TABLES,), {}, "effect"),
        ("light", ("examples/light/coverslip.toml",), {"method": "ordinate"}, "method"),
        ("load_case", ("nowhere.toml",), {}, "case"),
    ],
)
def test_an_error_names_the_argument(
    function: str, arguments: tuple[Any, ...], more: dict[str, Any], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no option of the command line, neither in the field nor in the hint."""
    monkeypatch.chdir(ROOT)
    with pytest.raises(InputError) as raised:
        answer(function, *arguments, **more)
    assert raised.value.field == field
    assert "--" not in str(raised.value)


def test_light_in_layers() -> None:
    layers = next((ROOT / "examples" / "light").glob("*.toml"))
    assert 0.0 < answer("light", layers).reflectance_diffuse < 1.0


def test_light_over_depth_is_that_of_the_pulse_and_dies_away() -> None:
    profile = answer("light_profile", TABLES, 532, draws=DRAWS, bins=100)
    ratio = profile.fluence_rate_ratio
    assert profile.depth_um.shape == ratio.shape == (100,)
    assert profile.depth_um[[0, -1]].tolist() == [10.0, 1990.0]  # middles of bins of 20 µm
    assert np.all(profile.fluence_rate_ratio_low <= ratio)
    assert np.all(ratio <= profile.fluence_rate_ratio_high)
    assert ratio[0] > 1.0  # backscattered light joins the incident light
    assert np.all(np.diff(ratio[5:]) < 0.0)
    # The wide beam of a pulse has its greatest fluence in one of the same skins, in finer cells than these bins: at
    # least as great, and by less than a tenth, which the fluence changes over one bin.
    pulse = answer("simulate", TABLES | {"settings": TABLES["settings"] | {"spot_mm": 5.0}}, draws=DRAWS)
    assert 1.0 <= pulse.light.fluence_rate_ratio_peak.median / ratio.max() < 1.1
    assert np.all(answer("light_profile", TABLES, 1064, draws=DRAWS, bins=100).fluence_rate_ratio[20:] > ratio[20:])
    data = profile.to_xarray()
    assert data["fluence_rate_ratio"].sel(depth_um=10.0) == ratio[0]
    assert profile.to_dataframe().loc[10.0, "fluence_rate_ratio_low"] == profile.fluence_rate_ratio_low[0]
    assert [layer.top_um for layer in profile.layers[:1]] == [0.0]
    assert isinstance(profile.plot(), Figure)


def test_light_over_depth_in_a_clear_absorber_follows_beer_and_lambert() -> None:
    slab = {"name": "dye", "thickness_um": 1000.0, "mua_per_cm": 50.0, "mus_per_cm": 0.0, "g": 0.0, "n": 1.0}
    profile = answer("light_profile", {"skin": {"layer": [slab]}}, 532, deepest_um=1000, bins=10, draws=2)
    edges = np.linspace(0.0, 0.1, 11)  # cm
    exact = -np.diff(np.exp(-50.0 * edges)) / (50.0 * np.diff(edges))  # mean of exp(-mu z) over each bin
    assert np.allclose(profile.fluence_rate_ratio, exact, rtol=1e-9)


def test_light_over_depth_ends_with_a_thin_slab() -> None:
    slab = {"name": "dye", "thickness_um": 500.0, "mua_per_cm": 50.0, "mus_per_cm": 0.0, "g": 0.0, "n": 1.0}
    profile = answer("light_profile", {"skin": {"layer": [slab]}}, 532, bins=10, draws=2)
    assert profile.depth_um[[0, -1]] == pytest.approx([25.0, 475.0])
    with pytest.raises(InputError, match="500"):
        answer("light_profile", {"skin": {"layer": [slab]}}, 532, deepest_um=501, draws=2)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"wavelength_nm": 100.0}, "wavelength_nm"),
        ({"wavelength_nm": "green"}, "wavelength_nm"),
        ({"wavelength_nm": 532.0, "bins": 0}, "bins"),
        ({"wavelength_nm": 532.0, "bins": 1001}, "bins"),
        ({"wavelength_nm": 532.0, "deepest_um": -1.0}, "deepest_um"),
    ],
)
def test_what_no_light_profile_can_have_is_named(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as raised:
        answer("light_profile", TABLES, **asked)
    assert raised.value.field == field


def test_a_package_of_the_same_name_is_still_a_package() -> None:
    """In a process of its own, where nothing was imported before."""
    script = (
        "from skinbeam import plan, simulate, skin, preview\n"
        "import skinbeam.plan.ranking as ranking\n"
        "import skinbeam.skin.melanin\n"
        "assert callable(plan) and callable(simulate) and callable(skin) and callable(preview)\n"
        "assert plan.ranking is ranking\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.parametrize("name", ["plan", "simulate", "skin", "preview"])
def test_help_of_a_package_is_that_of_its_function(name: str) -> None:
    text = pydoc.render_doc(getattr(skinbeam, name), renderer=pydoc.plaintext)
    assert f"{name}(" in text
    assert "Raises" in text
    assert "As a package" in text
    assert "seed" in inspect.signature(skinbeam.plan).parameters


def test_every_public_function_says_what_it_takes_gives_and_raises() -> None:
    for name in questions.__all__:
        text = inspect.getdoc(getattr(questions, name)) or ""
        sections = {"Returns", "Example"} | ({"Raises", "Parameters"} if name != "devices" else set())
        assert not [one for one in sections if f"{one}\n{'-' * len(one)}\n" not in text], name
        for parameter in inspect.signature(getattr(questions, name)).parameters:
            assert re.search(rf"\b{parameter}\b", text), (name, parameter)


def test_known_devices_are_not_changed_by_who_changes_what_was_returned() -> None:
    answer("devices").clear()
    assert "ktp-532" in answer("devices")


def test_every_public_name_is_there() -> None:
    for name in skinbeam.__all__:
        assert getattr(skinbeam, name) is not None
    with pytest.raises(AttributeError, match="no attribute"):
        _ = skinbeam.nothing  # type: ignore[attr-defined]
