"""`simulate` and `threshold` from the command line: exit codes, JSON, the same bytes, fields, memory."""

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pulse_samples import FILES, FOLDER, THRESHOLD, command, loaded, median, whole

from skinbeam.api.simulate import simulate_case
from skinbeam.api.threshold import DoseThreshold
from skinbeam.api.window import TherapeuticWindow
from skinbeam.cli.plain_text import threshold_sentences, window_sentences
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.outcome.dose_error import DoseError
from skinbeam.simulate import fields

CASE = str(FOLDER / "vessel.toml")
ULTRAVIOLET = """
[skin]
preset = "human"
[laser]
wavelength_nm = 355.0
[settings]
fluence_J_cm2 = 1.0
spot_mm = 5.0
pulse_ms = 1.0
"""


def written(folder: Path, text: str) -> str:
    file = folder / "case.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def in_a_process(*arguments: str, **environment: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-m", "skinbeam", *arguments],
        capture_output=True,
        check=True,
        env=os.environ | environment,
        timeout=120,
    )
    return done.stdout


# Exit codes and shapes


def test_a_simulation_ends_with_0_and_one_document() -> None:
    code, found = command("simulate", CASE, "--draws", "16", "--seed", "3")
    assert code == 0
    whole(found)
    assert (found["schema"], found["seed"]) == ("skinbeam.simulate/1", 3)
    assert found["temperature_C"]["surface_peak"]["draws"] == 16


def test_a_threshold_ends_with_0_and_one_document() -> None:
    code, found = command("threshold", CASE, "--endpoint", "vessel-closure", "--draws", "16")
    assert code == 0
    assert tuple(found) == THRESHOLD
    assert (found["schema"], found["of"], found["reached"]) == ("skinbeam.threshold/1", "fluence_J_cm2", True)


def shown(*arguments: str) -> str:
    """What a person reads at the terminal."""
    from skinbeam.cli.runner import _run_command

    output = io.StringIO()
    with redirect_stdout(output):
        _run_command(list(arguments), json=False)
    return output.getvalue()


def test_a_person_reads_both_doses_and_what_they_rest_on() -> None:
    for command_line in (("simulate", CASE), ("threshold", CASE, "--endpoint", "epidermal-necrosis")):
        answer, values = shown(*command_line, "--draws", "16").split("\n\n")
        *_, computed, calibrated, behind = answer.splitlines()
        assert "modelled)" in values  # the sentences stand before them
        assert computed.startswith("Computed: ")
        assert calibrated.startswith("Calibrated")
        assert computed.count("J/cm²") == calibrated.count("J/cm²") == 3
        assert behind.startswith("The calibration rests on ")


def test_a_makers_preset_stands_beside_what_clinics_tell_was_tolerated(tmp_path: Path) -> None:
    """A maker's table for hair of phototype I to II: 755 nm, 3 ms, 18 mm, 14 to 20 J/cm² under a spray of 40 ms."""
    preset = tmp_path / "preset.toml"
    preset.write_text(
        '[skin]\npreset = "human"\nita_deg = 50.0\n\n[laser]\ndevice = "alexandrite-755"\n\n'
        "[settings]\nfluence_J_cm2 = 20.0\npulse_ms = 3.0\nspot_mm = 18.0\n\n"
        '[cooling]\nkind = "spray"\ncryogen = "R134a"\nbefore_ms = 40.0\ndelay_ms = 40.0\n',
        encoding="utf-8",
    )
    lines = shown("simulate", str(preset), "--draws", "16").splitlines()
    (burnt,) = [line for line in lines if line.startswith("P(burn): of 100 such people ")]
    assert float(burnt.split()[5]) < 10  # what a maker recommends is not what a plan would refuse
    (practice,) = [line for line in lines if line.startswith("Practice: ")]
    assert "J/cm² of such light as tolerated by skin of phototype" in practice


def test_uncooled_dark_skin_is_not_reassured_by_cooled_skin(tmp_path: Path) -> None:
    """Type V, 755 nm, 20 J/cm², uncooled: a maker's page on sprayed skin of I to V says nothing of it."""
    case = tmp_path / "case.toml"
    case.write_text(
        '[patient]\nage_years = 35\nphototype = "V"\n\n[skin]\npreset = "human"\nsite = "cheeks"\n\n'
        '[laser]\ndevice = "alexandrite-755"\n\n'
        "[settings]\nfluence_J_cm2 = 20.0\npulse_ms = 3.0\nspot_mm = 12.0\n",
        encoding="utf-8",
    )
    uncooled = shown("simulate", str(case), "--draws", "16")
    with case.open("a", encoding="utf-8") as file:
        file.write('\n[cooling]\nkind = "spray"\ncryogen = "R134a"\nbefore_ms = 40.0\ndelay_ms = 40.0\n')
    sprayed = shown("simulate", str(case), "--draws", "16")
    assert "this skin is not cooled" in uncooled
    assert "this skin is not cooled" not in sprayed
    assert uncooled.count("this skin may be of phototype V or VI") == sprayed.count("phototype V or VI") == 1
    assert "\nPractice: no clinic reported a tolerated dose" in uncooled
    (practice,) = (line for line in sprayed.splitlines() if line.startswith("Practice: "))
    for words in ("at most 40 J/cm²", "phototypes I-V counted together", "cooled by spray", "another's summary"):
        assert words in practice
    (alone,) = (line for line in uncooled.splitlines() if line.startswith("By the computed dose alone"))
    burned = next(line for line in uncooled.splitlines() if line.startswith("P(burn): "))
    assert float(alone.split(" of 100")[0].split()[-1]) > float(burned.split()[5])  # why the peak is above 100 °C
    assert "peak: " in alone


def test_a_person_reads_how_likely_a_burn_is_or_why_nobody_knows() -> None:
    assert "\nP(burn): of 100 such people " in shown("simulate", CASE, "--draws", "16")
    assert "\nPractice: " in shown("simulate", CASE, "--draws", "16")
    bath = shown("simulate", str(FOLDER / "bath.toml"), "--draws", "4")
    assert "\nP(burn) is unknown: " in bath
    cold = shown("simulate", str(FOLDER / "cooling-alone.toml"), "--draws", "4")
    assert "\nP(burn): of 100 such people 0 are" in cold


def test_a_window_is_stated_from_dose_to_dose_as_its_curves_say() -> None:
    window = TherapeuticWindow(
        case_sha256="0" * 64,
        seed=0,
        effect="vessel-closure",
        harm="epidermal-necrosis",
        of="fluence_J_cm2",
        dose=np.array([2.0, 4.0, 8.0]),
        pulse_ms=np.array([1.0, 10.0]),
        p_effect=np.array([[0.4, 0.6, 1.0], [0.0, 0.2, 0.4]]),
        p_harm=np.array([[0.0, 0.05, 0.2], [0.0, 0.0, 0.05]]),
        p_harm_allowed=0.1,
        practised=(),
        makers=(),
        sources=(),
    )
    short, long = window_sentences(window)
    assert short.startswith("1 ms: vessel-closure in half of such skins from 4 J/cm²; epidermal-necrosis in 10 of 100")
    assert short.endswith("from 8 J/cm².")
    assert long.count("not up to 8 J/cm²") == 2
    reason = Unknown("nobody knows")
    assert "10 of 100" not in window_sentences(replace(window, p_harm_allowed=reason))[0]
    assert "is unknown" in window_sentences(replace(window, p_effect=reason))[0]


@pytest.mark.parametrize(
    "command_line",
    [
        ("expect", "--condition", "acne-scars", "--modality", "fractional-ablative"),
        ("compare", "--condition", "melasma", "chemical-peel", "pigment-short-pulse"),
    ],
)
def test_what_trials_say_is_stated_in_sentences_first(command_line: tuple[str, ...]) -> None:
    answer, values = shown(*command_line).split("\n\n")
    first = next(line for line in answer.splitlines()[1:] if not line.startswith("warning: "))
    assert first.startswith("Of 100 people " if command_line[0] == "expect" else "Trials that did both")
    assert "in_words" not in values.split("untreated:")[0]
    assert "evidence." not in values


@pytest.mark.parametrize(
    ("calibration", "word"),
    [
        (("epidermal-burn", 9, 3, 1.5, 1.6), "sources: 3"),
        (("epidermal-burn", 0, 0, 1.0, 2.0), "assumed"),
        (("pain", 0, 0, 1.0, 2.0), "assumed"),
        (("purpura", 1, 1, 1.0, 2.0), "too few"),
        (("ablation", 50, 7, 1.0, 1.4), "rows: 50"),
    ],
)
def test_what_a_dose_rests_on_is_stated_as_it_is(calibration: tuple[str, int, int, float, float], word: str) -> None:
    dose = Estimate(2.0, 1.0, 3.0, 0.68, "modelled")
    found = DoseThreshold(
        case_sha256="0" * 64,
        seed=0,
        endpoint="pain",
        of="fluence_J_cm2",
        model_error=2.0,
        reduction_error=1.0,
        heated_blood=1.0,
        methaemoglobin=1.0,
        bracket=(0.1, 100.0),
        dose=dose,
        reached=True,
        calibrated_dose=dose,
        calibration=DoseError(*calibration, np.ones(1)),
    )
    assert word in threshold_sentences(found)[-1]
    assert not threshold_sentences(replace(found, dose=Unknown("?")))


@pytest.mark.parametrize(
    "arguments",
    [
        ("threshold", CASE, "--endpoint", "vessel-closur"),
        ("threshold", CASE, "--endpoint", "vessel-closure", "--of", "fluence"),
        ("threshold", CASE),
        ("threshold", str(FOLDER / "cooling-alone.toml"), "--endpoint", "vessel-closure"),
        ("simulate", CASE, "--draws", "0"),
        ("simulate", CASE, "--draw", "3"),
        ("simulate", CASE, "--light", "ordinate"),
        ("simulate", "no-such-case.toml"),
        ("simulate",),
    ],
)
def test_wrong_input_ends_with_2_and_says_what_is_right(arguments: tuple[str, ...]) -> None:
    code, found = command(*arguments)
    assert code == 2
    assert list(found) == ["error"]
    assert {"code", "message", "field", "hint"} <= set(found["error"])
    assert all(found["error"].values())


def test_a_misspelt_endpoint_gets_the_nearest() -> None:
    _, found = command("threshold", CASE, "--endpoint", "vessel-closur")
    assert "vessel-closure" in found["error"]["hint"]


@pytest.mark.parametrize("endpoint", ["blood-vaporisation", "blood-coagulation"])
def test_what_cannot_be_judged_ends_with_3_and_every_key(endpoint: str) -> None:
    code, found = command("threshold", CASE, "--endpoint", endpoint)
    assert code == 3
    assert tuple(found) == THRESHOLD
    assert found["schema"] == "skinbeam.threshold/1"
    assert set(found["dose"]) == {"unknown"}
    assert "error" not in found


def test_skin_that_nobody_described_ends_with_3_and_every_key(tmp_path: Path) -> None:
    file = written(tmp_path, ULTRAVIOLET)
    code, found = command("simulate", file)
    assert code == 3
    whole(found)
    code, found = command("threshold", file, "--endpoint", "epidermal-necrosis")
    assert code == 3
    assert tuple(found) == THRESHOLD


def test_a_dose_that_is_never_reached_ends_with_0(tmp_path: Path) -> None:
    cool = written(tmp_path, "[bath]\ntemperature_C = 30.0\n")
    code, found = command("threshold", cool, "--endpoint", "epidermal-necrosis", "--draws", "8")
    assert code == 0
    assert found["reached"] is False
    assert set(found["dose"]) == {"unknown"}


def test_what_is_not_built_ends_with_3_and_its_schema() -> None:
    code, found = command("simulate", CASE, "--device", "cuda")
    assert code == 3
    assert list(found) == ["schema", "version", "warnings", "unknown"]
    assert found["schema"] == "skinbeam.simulate/1"


# The same bytes


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_same_case_gives_the_same_document(file: Path) -> None:
    first, second = (json.dumps(command("simulate", str(file), "--draws", "8")[1]) for _ in range(2))
    assert first == second


def test_the_seed_draws_other_skins() -> None:
    first, second = (command("simulate", CASE, "--draws", "8", "--seed", seed)[1] for seed in ("0", "1"))
    assert first["case_sha256"] == second["case_sha256"]
    assert first["light"] != second["light"]


def test_any_number_of_threads_gives_the_same_bytes() -> None:
    arguments = ("simulate", CASE, "--draws", "24", "--json")
    one, two = (
        in_a_process(*arguments, NUMBA_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n, OMP_NUM_THREADS=n) for n in ("1", "2")
    )
    assert one == two
    whole(json.loads(one))


# Size


@pytest.mark.long
def test_thousands_of_draws_stay_under_3_gigabytes() -> None:
    program = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from skinbeam.cli.runner import _run_command as _run\n"
        f"code = _run(['simulate', {CASE!r}, '--draws', '5000', '--json'], json=True)\n"
        # What getrusage tells begins with what the process that started this one held.
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1], file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=120)
    assert int(done.stderr.split()[-1]) < 3_000_000, "kilobytes"
    many = json.loads(done.stdout)
    few = command("simulate", CASE, "--draws", "200")[1]
    for name in ("surface_peak", "basal_peak"):
        found = [document["temperature_C"][name] for document in (few, many)]
        # The standard error of a median of 200 normal draws is 1.25 sd / sqrt(200), and an interval of 0.8 is 2.56 sd
        # wide: 0.035 of it; four of them.
        assert median(found[0]) == pytest.approx(median(found[1]), abs=0.14 * (found[1]["high"] - found[1]["low"]))


# Fields


def test_fields_hold_the_temperatures_of_the_document(tmp_path: Path) -> None:
    import xarray as xr

    store = tmp_path / "new" / "fields.zarr"
    code, found = command("simulate", CASE, "--draws", "8", "-o", str(store))
    assert code == 0
    assert found == command("simulate", CASE, "--draws", "8")[1]
    with xr.open_zarr(store) as data:
        assert data["temperature"].dims == ("sample", "time", "z")
        assert data["fluence_rate_ratio"].dims == ("sample", "z")
        assert [data[name].attrs["units"] for name in ("temperature", "fluence_rate_ratio", "time", "z")] == [
            "degC",
            "1",
            "s",
            "m",
        ]
        assert data["temperature"].dtype == data["fluence_rate_ratio"].dtype == np.float32
        assert data.attrs["case_sha256"] == found["case_sha256"]
        assert float(data["z"][0]) < 5e-6
        assert 5e-3 < float(data["z"][-1]) < 6e-3
        # 30 ms of spray, 20 ms of delay, 6 ms of light, 5 s to cool.
        assert float(data["time"][-1]) == pytest.approx(5.056)
        surface = data["surface_temperature"].load().max("time").median()
        # float32 holds 7 digits, the document 6.
        assert float(surface) == pytest.approx(median(found["temperature_C"]["surface_peak"]), rel=2e-6)
        assert bool(np.isfinite(data["temperature"]).all())
    assert [path.name for path in store.parent.iterdir()] == ["fields.zarr"]


def test_fields_are_the_same_in_any_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import xarray as xr

    from skinbeam.simulate.scene import DrawCost

    simulate_case(loaded("vessel"), draws=7, output=tmp_path / "whole.zarr").to_dict()
    monkeypatch.setattr(DrawCost, "draws_per_chunk", lambda self, draws: 3)
    simulate_case(loaded("vessel"), draws=7, output=tmp_path / "parts.zarr").to_dict()
    with (
        xr.open_zarr(tmp_path / "whole.zarr") as one,
        xr.open_zarr(tmp_path / "parts.zarr") as other,
    ):
        xr.testing.assert_allclose(one, other, rtol=1e-6)
        assert other["sample"].values.tolist() == list(range(7))


def test_a_store_is_replaced_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    import xarray as xr

    store = tmp_path / "fields.zarr"
    for draws in (5, 3):
        simulate_case(loaded("bath"), draws=draws, output=store).to_dict()
    with xr.open_zarr(store) as data:
        assert data.sizes["sample"] == 3
        assert "fluence_rate_ratio" not in data, "there is no light in a bath"
    other = tmp_path / "notes"
    other.mkdir()
    (other / "mine.txt").write_text("kept", encoding="utf-8")
    with pytest.raises(InputError, match="not a Zarr store"):
        simulate_case(loaded("bath"), draws=3, output=other).to_dict()
    assert (other / "mine.txt").read_text(encoding="utf-8") == "kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fields.zarr", "notes"]


def test_fields_that_are_too_large_are_refused_beforehand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MB") as caught:
        simulate_case(loaded("vessel"), draws=100_000, output=tmp_path / "fields.zarr").to_dict()
    assert caught.value.field == "output"
    assert "draws" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_a_run_that_breaks_off_leaves_no_half_written_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    store = tmp_path / "fields.zarr"
    simulate_case(loaded("bath"), draws=2, output=store).to_dict()
    before = sorted(path.name for path in store.rglob("*"))
    monkeypatch.setattr(fields, "_draw_fields", interrupted)
    with pytest.raises(KeyboardInterrupt):
        simulate_case(loaded("bath"), draws=4, output=store).to_dict()
    assert sorted(path.name for path in store.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["fields.zarr"]
