"""The layers file and the document of `skinbeam light`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skinbeam.document import pretty_json
from skinbeam.errors import InputError, NotAvailable
from skinbeam.schema.layers import load_layers
from skinbeam.simulate.light import run_light
from skinbeam.simulate.light_store import write_fields

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples" / "light").glob("*.toml"))
BROKEN = sorted((ROOT / "tests" / "broken" / "light").glob("*.toml"))
SLAB = """
[[layer]]
name = "slab"
thickness_um = 200.0
mua_per_cm = 10.0
mus_per_cm = 90.0
g = 0.75
n = 1.4
"""
MEDIUM = SLAB.replace("[[layer]]", "[[medium]]").replace("thickness_um = 200.0\n", "")


def light_document(path: Path, **options: Any) -> dict[str, Any]:
    return run_light(path, **options).document


def written(folder: Path, text: str) -> Path:
    file = folder / "layers.toml"
    file.write_text(text, encoding="utf-8")
    return file


def codes(document: dict) -> list[str]:
    return [warning["code"] for warning in document["warnings"]]


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples_close_their_energy(file: Path) -> None:
    document = light_document(file)
    parts = [document[name] for name in ("reflectance_specular", "reflectance_diffuse", "transmittance")]
    assert sum(parts) + sum(document["absorbed"].values()) == pytest.approx(1.0, abs=1e-10)
    assert len(document["depth_um"]) == len(document["fluence_rate_ratio"]) == 100
    assert (document["method"], document["device"], document["photons"]) == ("ordinates", "cpu", 0)
    assert "standard_error" not in document
    assert document["schema"] == "skinbeam.light/1"


def test_examples_give_the_tables() -> None:
    # van de Hulst's five decimals, Giovanelli's four with the specular part (see test_ordinates).
    slab = light_document(ROOT / "examples/light/van-de-hulst-slab.toml")
    assert (round(slab["reflectance_diffuse"], 5), round(slab["transmittance"], 5)) == (0.09739, 0.66096)
    endless = light_document(ROOT / "examples/light/giovanelli-semi-infinite.toml")
    assert endless["reflectance_specular"] == pytest.approx(0.04, abs=1e-12)
    assert endless["reflectance_specular"] + endless["reflectance_diffuse"] == pytest.approx(0.2600, abs=1e-4)
    assert endless["transmittance"] == 0


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_broken_file_is_refused_with_its_message(file: Path) -> None:
    field, _, words = file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# expect:").partition("|")
    with pytest.raises(InputError) as caught:
        load_layers(file)
    error = caught.value
    assert error.field == field.strip()
    assert words.strip() in f"{error.message} {error.hint}"
    assert all((error.code, error.message, error.hint, error.file))


def test_enough_broken_files_stand_there() -> None:
    assert len(BROKEN) >= 10


def test_depths_without_a_tally(tmp_path: Path) -> None:
    # 100 bins to the end of the last layer, at most to 5 mm.
    slab = light_document(written(tmp_path, SLAB))
    assert (slab["depth_um"][0], slab["depth_um"][-1]) == (1.0, 199.0)
    thick = light_document(written(tmp_path, SLAB.replace("200.0", "80000.0")))
    endless = light_document(written(tmp_path, SLAB.replace("thickness_um = 200.0\n", "")))
    assert thick["depth_um"][-1] == endless["depth_um"][-1] == 4975.0


def test_a_tally_is_followed(tmp_path: Path) -> None:
    document = light_document(written(tmp_path, "[tally]\ndz_um = 50.0\nnz = 5\n" + SLAB))
    assert document["depth_um"] == [25.0, 75.0, 125.0, 175.0, 225.0]
    # Nothing is reported from below the medium.
    assert document["fluence_rate_ratio"][-1] == 0
    step_alone = light_document(written(tmp_path, "[tally]\ndz_um = 0.5\n" + SLAB))
    assert (len(step_alone["depth_um"]), step_alone["depth_um"][-1]) == (100, 49.75)
    number_alone = light_document(written(tmp_path, "[tally]\nnz = 4\n" + SLAB))
    assert number_alone["depth_um"] == [25.0, 75.0, 125.0, 175.0]


def test_beams_of_any_width_share_the_plane_integrals(tmp_path: Path) -> None:
    beams = ('kind = "pencil"', 'kind = "flat"\nspot_mm = 2.0', 'kind = "gaussian"\nspot_mm = 2.0', 'kind = "top-hat"')
    documents = [light_document(written(tmp_path, f"[beam]\n{beam}\n{SLAB}")) for beam in beams]
    for document in documents:
        assert document["fluence_rate_ratio"] == documents[0]["fluence_rate_ratio"]
    assert len({document["case_sha256"] for document in documents}) == len(beams)


def test_the_hash_is_of_what_was_meant(tmp_path: Path) -> None:
    plain = load_layers(written(tmp_path, SLAB)).sha256()
    said = 'title = "A slab"\nambient_n = 1\n[beam]\nkind = "top-hat"\n' + SLAB.replace("90.0", "9e1")
    assert load_layers(written(tmp_path, said)).sha256() == plain
    assert load_layers(written(tmp_path, SLAB.replace("10.0", "10.0000001"))).sha256() != plain


def test_what_has_no_influence_is_said(tmp_path: Path) -> None:
    file = written(tmp_path, '[beam]\nkind = "pencil"\nspot_mm = 1.0\n[tally]\nnr = 10\ndr_um = 5.0\n' + SLAB)
    assert codes(light_document(file, photons=1000)) == ["photons-not-used", "spot-not-used", "no-radial-field"]
    assert codes(light_document(written(tmp_path, SLAB))) == []


def test_what_is_not_built_says_so(tmp_path: Path) -> None:
    file = written(tmp_path, SLAB)
    for method in ("ordinates", "montecarlo"):
        with pytest.raises(NotAvailable, match="CUDA"):
            light_document(file, method=method, device="cuda")
    (tmp_path / "cube.npz").write_bytes(b"cube")
    cube = written(tmp_path, '[voxels]\nfile = "cube.npz"\nsize_um = 10.0\n' + MEDIUM)
    with pytest.raises(NotAvailable, match="voxels") as caught:
        light_document(cube)
    assert caught.value.body == {"schema": "skinbeam.light/1"}
    assert len(load_layers(cube).sha256()) == 64


def test_monte_carlo_states_its_errors_and_closes_the_energy(tmp_path: Path) -> None:
    document = light_document(written(tmp_path, SLAB), method="montecarlo", photons=20_000)
    keys = {"reflectance_specular", "reflectance_diffuse", "transmittance", "absorbed", "fluence_rate_ratio"}
    assert set(document["standard_error"]) == keys
    assert document["photons"] == 20_000
    assert document["photons_per_second"] > 0
    parts = [document[key] for key in ("reflectance_specular", "reflectance_diffuse", "transmittance")]
    assert sum(parts) + sum(document["absorbed"].values()) + document["roulette_balance"] == pytest.approx(1, abs=1e-9)
    exact = light_document(written(tmp_path, SLAB))
    assert abs(document["transmittance"] - exact["transmittance"]) < 5 * document["standard_error"]["transmittance"]


def test_a_wanted_error_is_reached_and_more_photons_have_less(tmp_path: Path) -> None:
    file = written(tmp_path, SLAB)
    for error in (0.02, 0.005):
        document = light_document(file, method="montecarlo", error=error)
        parts = {"reflectance_diffuse", "transmittance"}
        assert all(document["standard_error"][part] <= error * document[part] for part in parts)
    few, many = (light_document(file, method="montecarlo", photons=n)["standard_error"] for n in (3200, 320_000))
    # A hundred times the photons, a tenth of the error; each is good to an eighth, four of them are one half.
    assert many["transmittance"] == pytest.approx(0.1 * few["transmittance"], rel=0.5)


def test_another_seed_is_another_run_and_the_same_seed_the_same(tmp_path: Path) -> None:
    file = written(tmp_path, SLAB)
    first, again, other = (
        light_document(file, method="montecarlo", photons=3200, seed=seed)["transmittance"] for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize(
    ("layers", "options", "field"),
    [
        (SLAB, {"photons": 5}, "--photons"),
        (
            SLAB.replace("thickness_um = 200.0\n", "").replace("mua_per_cm = 10.0", "mua_per_cm = 0.0"),
            {},
            "layer[0].mua_per_cm",
        ),
    ],
)
def test_runs_that_cannot_be_are_refused(tmp_path: Path, layers: str, options: dict[str, int], field: str) -> None:
    with pytest.raises(InputError) as caught:
        light_document(written(tmp_path, layers), method="montecarlo", **options)
    assert caught.value.field == field


def test_a_wrong_file_is_told_before_a_missing_method(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        light_document(written(tmp_path, SLAB.replace("0.75", "1.5")), method="montecarlo")


@pytest.mark.parametrize(
    ("options", "field", "hint"),
    [
        ({"method": "ordinate"}, "--method", '"ordinates"'),
        ({"device": "gpu"}, "--device", "cpu, cuda"),
        ({"error": 1.0}, "--error", "below 1"),
    ],
)
def test_wrong_options_are_refused(tmp_path: Path, options: dict, field: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        light_document(written(tmp_path, SLAB), **options)
    assert caught.value.field == field
    assert hint in caught.value.hint


def test_other_voxel_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cube.raw").write_bytes(b"cube")
    with pytest.raises(InputError, match="neither"):
        load_layers(written(tmp_path, '[voxels]\nfile = "cube.raw"\nsize_um = 10.0\n' + MEDIUM))
    store = tmp_path / "cube.zarr"
    store.mkdir()
    (store / "zarr.json").write_text("{}")
    spec = '[voxels]\nfile = "cube.zarr"\nsize_um = 10.0\n' + MEDIUM
    before = load_layers(written(tmp_path, spec)).sha256()
    (store / "zarr.json").write_text("{ }")
    assert load_layers(written(tmp_path, spec)).sha256() != before


def test_fields_are_written_and_replaced(tmp_path: Path) -> None:
    import xarray as xr

    document = light_document(EXAMPLES[0])
    store = tmp_path / "deep" / "light.zarr"
    for _ in range(2):
        write_fields(document, store)
    with xr.open_zarr(store, consolidated=False) as dataset:
        assert dataset["fluence_rate_ratio"].values.tolist() == document["fluence_rate_ratio"]
        assert dataset["depth"].attrs["units"] == "m"
        assert dataset["layer"].attrs["names"] == list(document["absorbed"])
        assert dataset.attrs["case_sha256"] == document["case_sha256"]
    assert [entry.name for entry in store.parent.iterdir()] == ["light.zarr"]


def test_a_folder_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(InputError, match="not a Zarr store"):
        write_fields(light_document(EXAMPLES[0]), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "kept"


def test_the_sources_of_the_method_are_named() -> None:
    from skinbeam.provenance import collect
    from skinbeam.sources import cite

    with collect() as keys:
        light_document(EXAMPLES[0])
    assert "chandrasekhar1960" in keys
    for key in keys:
        assert cite(key).short


def test_the_same_bytes_on_any_number_of_threads() -> None:
    program = (
        "import sys; from pathlib import Path; from skinbeam.document import pretty_json;"
        "from skinbeam.simulate.light import light_document;"
        "sys.stdout.write(''.join(pretty_json(light_document(Path(f)), 12) for f in sys.argv[1:]))"
    )
    outputs = []
    for threads in ("1", "2"):
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        outputs.append(
            subprocess.run(
                [sys.executable, "-c", program, *map(str, EXAMPLES)], env=environment, capture_output=True, check=True
            ).stdout
        )
    assert outputs[0] == outputs[1]
    assert outputs[0].decode() == "".join(pretty_json(light_document(file), 12) for file in EXAMPLES)
