"""The layers file and the document of `skinbeam light`."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paths import ROOT

from skinbeam.api.light import LightOptions, run_light, write_light_fields
from skinbeam.model.document import pretty_json
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.simulate.layers_schema.layers import load_layers
from skinbeam.simulate.light.montecarlo import ProgressCallback

VESSEL_EXAMPLE = ROOT / "examples" / "light" / "vessel.toml"
EXAMPLES = sorted(set((ROOT / "examples" / "light").glob("*.toml")) - {VESSEL_EXAMPLE})  # those of plane layers
BROKEN = sorted((ROOT / "tests" / "data" / "broken" / "light").glob("*.toml"))
SLAB = """
[[layer]]
name = "slab"
thickness_um = 200.0
mua_per_cm = 10.0
mus_per_cm = 90.0
g = 0.75
n = 1.4
"""
PACKETS = LightOptions(method="montecarlo", photons=3200)
MEDIUM = SLAB.replace("[[layer]]", "[[medium]]").replace("thickness_um = 200.0\n", "")


def light_document(path: Path, progress: ProgressCallback | None = None, **options: Any) -> dict[str, Any]:
    return run_light(path, LightOptions(**options), progress=progress).balance.to_dict()


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
    rewritten = 'title = "A slab"\nambient_n = 1\n[beam]\nkind = "top-hat"\n' + SLAB.replace("90.0", "9e1")
    assert load_layers(written(tmp_path, rewritten)).sha256() == plain
    assert load_layers(written(tmp_path, SLAB.replace("10.0", "10.0000001"))).sha256() != plain


def test_what_has_no_influence_is_reported(tmp_path: Path) -> None:
    file = written(tmp_path, '[beam]\nkind = "pencil"\nspot_mm = 1.0\n[tally]\nnr = 10\ndr_um = 5.0\n' + SLAB)
    assert codes(light_document(file, photons=1000)) == ["photons-not-used", "spot-not-used", "no-radial-field"]
    assert codes(light_document(written(tmp_path, SLAB))) == []


def test_what_is_not_built_says_so(tmp_path: Path) -> None:
    file = written(tmp_path, SLAB)
    with pytest.raises(NotAvailable, match="exact method"):
        light_document(file, method="ordinates", device="cuda")


@pytest.mark.parametrize("n", ["1.4", "1.5"])
def test_voxels_close_their_energy_with_what_leaves_at_the_sides(tmp_path: Path, n: str) -> None:
    np.savez(tmp_path / "cube.npz", medium=np.arange(2 * 3 * 4, dtype=np.int64).reshape(2, 3, 4) % 2)
    other = MEDIUM.replace("slab", "other").replace("10.0", "50.0").replace("1.4", n)
    file = written(tmp_path, '[voxels]\nfile = "cube.npz"\nsize_um = 50.0\n' + MEDIUM + other)
    document = light_document(file, photons=3200)
    assert document["method"] == "montecarlo"
    assert list(document["absorbed"]) == ["slab", "other"]
    assert len(document["depth_um"]) == 4
    parts = ("reflectance_specular", "reflectance_diffuse", "transmittance", "escaped_sides", "roulette_balance")
    whole = sum(document[key] for key in parts) + sum(document["absorbed"].values())
    assert whole == pytest.approx(1.0, abs=1e-11)
    assert document["escaped_sides"] > 0.1


@pytest.mark.parametrize(
    ("beam", "field"),
    [
        ('kind = "flat"\nspot_mm = 0.2', "beam.spot_mm"),
        ('kind = "pencil"\nx_um = 51.0', "beam.x_um"),
        ('kind = "gaussian"\nspot_mm = 9.0\ny_um = -76.0', "beam.y_um"),
    ],
)
def test_a_beam_beside_the_cube_is_refused(tmp_path: Path, beam: str, field: str) -> None:
    np.savez(tmp_path / "cube.npz", medium=np.zeros((2, 3, 4), np.uint8))
    voxels = f'[beam]\n{beam}\n[voxels]\nfile = "cube.npz"\nsize_um = 50.0\n' + MEDIUM
    with pytest.raises(InputError) as caught:
        light_document(written(tmp_path, voxels))
    assert caught.value.field == field


VESSEL = """
[[vessel]]
name = "vessel"
depth_um = 100.0
diameter_um = 60.0
mua_per_cm = 200.0
mus_per_cm = 500.0
g = 0.98
"""


def test_the_example_with_a_vessel_shows_it_on_the_map() -> None:
    """Blood absorbs 500 times as much as dermis, and below a vessel of 200 µm there is less light than beside it."""
    run = run_light(VESSEL_EXAMPLE, LightOptions(photons=20_000))
    absorbed, fluence = run.field.absorbed_xyz, run.field.fluence_rate_xyz
    assert absorbed is not None
    assert fluence is not None
    middle, beside = slice(47, 53), slice(67, 73)  # 60 µm wide, the second 200 µm away
    assert absorbed[middle, 0, 31:48].mean() > 20 * absorbed[beside, 0, 31:48].mean()
    assert fluence[middle, 0, 51:56].mean() < 0.7 * fluence[beside, 0, 51:56].mean()


def test_a_vessel_takes_light_from_the_layer_around_it(tmp_path: Path) -> None:
    beam = '[beam]\nkind = "flat"\nspot_mm = 0.2\n'
    bare = light_document(written(tmp_path, beam + SLAB), method="montecarlo", photons=20_000)
    document = light_document(written(tmp_path, beam + SLAB + VESSEL), photons=20_000)
    assert document["absorbed"]["slab"] < bare["absorbed"]["slab"] - 5 * bare["standard_error"]["absorbed"]["slab"]
    assert document["absorbed"]["vessel"] > 20 * document["standard_error"]["absorbed"]["vessel"]
    # Path and absorption tell the same of one medium: μa times the path of a mean packet is what it absorbs there, but
    # for the rounding of weights by chance: 3e-8 of a weight at each of thousands of collisions that leave a quarter.
    path = document["mean_path_um"]["vessel"]
    assert document["absorbed"]["vessel"] == pytest.approx(200e-4 * path, rel=1e-6)


def test_a_beam_without_end_needs_vessels_without_end(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        light_document(written(tmp_path, SLAB + VESSEL))
    assert caught.value.field == "beam.spot_mm"
    document = light_document(written(tmp_path, "[cell]\nwidth_um = 200.0\n" + SLAB + VESSEL), photons=3200)
    assert document["absorbed"]["vessel"] > 0.0


def test_a_layer_may_scatter_by_a_table(tmp_path: Path) -> None:
    """Even scattering by a table is that of g = 0."""
    phase = '[[phase]]\nname = "even"\ncosine = [-1.0, 1.0]\ndensity = [2.0, 2.0]\n'
    even = SLAB.replace("0.75", "0.0")
    plain = light_document(written(tmp_path, even))
    document = light_document(written(tmp_path, phase + even + 'phase = "even"\n'), photons=20_000)
    assert (plain["method"], document["method"]) == ("ordinates", "montecarlo")
    off = document["reflectance_diffuse"] - plain["reflectance_diffuse"]
    assert abs(off) < 4 * document["standard_error"]["reflectance_diffuse"]


def test_a_tally_that_does_not_fit_is_refused_before_it_is_made(tmp_path: Path) -> None:
    map_ = '[beam]\nkind = "pencil"\n[tally]\nnx = 20000\ndx_um = 1.0\n'
    with pytest.raises(InputError, match="MB") as caught:
        light_document(written(tmp_path, map_ + SLAB), method="montecarlo")
    assert caught.value.field == "tally.nx"


def test_the_exact_method_is_for_plane_layers_alone(tmp_path: Path) -> None:
    for extra in ('[beam]\nkind = "pencil"\nangle_deg = 30.0\n' + SLAB, SLAB + VESSEL):
        with pytest.raises(InputError) as caught:
            light_document(written(tmp_path, extra), method="ordinates")
        assert caught.value.field == "method"


def test_a_broken_off_run_goes_on_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from skinbeam.simulate.light import montecarlo

    monkeypatch.setattr(montecarlo, "LARGEST_ROUND", 3200)
    file, checkpoint = written(tmp_path, SLAB), tmp_path / "run.npz"
    whole = light_document(file, method="montecarlo", photons=12_800)

    class Broken(Exception):
        pass

    def break_off(packets: int, _: float) -> None:
        if packets > 4000:
            raise Broken

    with pytest.raises(Broken):
        light_document(file, method="montecarlo", photons=12_800, checkpoint=checkpoint, progress=break_off)
    packet_counts: list[int] = []
    again = light_document(
        file,
        method="montecarlo",
        photons=12_800,
        checkpoint=checkpoint,
        progress=lambda packets, _: packet_counts.append(packets),
    )
    assert packet_counts[0] > 3200  # the first round is not traced again
    for document in (whole, again):
        del document["photons_per_second"]
    assert again == whole
    assert [entry.name for entry in tmp_path.iterdir() if entry.suffix == ".npz"] == ["run.npz"]


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    file, checkpoint = written(tmp_path, SLAB), tmp_path / "run.npz"
    light_document(file, method="montecarlo", photons=3200, checkpoint=checkpoint)
    with pytest.raises(InputError, match="another seed") as caught:
        light_document(file, method="montecarlo", photons=3200, checkpoint=checkpoint, seed=1)
    assert caught.value.field == "checkpoint"
    checkpoint.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no checkpoint"):
        light_document(file, method="montecarlo", photons=3200, checkpoint=checkpoint)


def test_monte_carlo_states_its_errors_and_closes_the_energy(tmp_path: Path) -> None:
    document = light_document(written(tmp_path, SLAB), method="montecarlo", photons=20_000)
    keys = {"reflectance_specular", "reflectance_diffuse", "transmittance", "absorbed", "fluence_rate_ratio"}
    assert set(document["standard_error"]) == keys | {"mean_path_um"}
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


# Light that the vessel scatters is reflected totally at both sides of the clear layer around it.
GUIDE = """
[beam]
kind = "flat"
spot_mm = 1.0
[[layer]]
name = "gel"
thickness_um = 1000.0
mua_per_cm = 0.0
mus_per_cm = 0.0
g = 0.0
n = 1.4
[[vessel]]
name = "milk"
depth_um = 500.0
diameter_um = 200.0
mua_per_cm = 0.0
mus_per_cm = 100.0
g = 0.8
"""


@pytest.mark.parametrize(
    ("layers", "options", "field"),
    [
        (SLAB, {"photons": 5}, "photons"),
        (
            SLAB.replace("thickness_um = 200.0\n", "").replace("mua_per_cm = 10.0", "mua_per_cm = 0.0"),
            {},
            "layer[0].mua_per_cm",
        ),
        (GUIDE, {}, "layer[0].mua_per_cm"),
    ],
)
def test_runs_that_cannot_be_are_refused(tmp_path: Path, layers: str, options: dict[str, int], field: str) -> None:
    with pytest.raises(InputError) as caught:
        light_document(written(tmp_path, layers), method="montecarlo", **options)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("mua_per_cm = 0.0", "mua_per_cm = 0.01"),
        ("n = 1.4", "n = 1.0"),
        ("[[vessel]]", "[cell]\nwidth_um = 300.0\n[[vessel]]"),
    ],
    ids=["absorbs", "guides nothing", "repeats"],
)
def test_a_clear_layer_with_a_way_out_is_traced(tmp_path: Path, before: str, after: str) -> None:
    document = light_document(written(tmp_path, GUIDE.replace(before, after, 1)), photons=640)
    parts = [document[key] for key in ("reflectance_specular", "reflectance_diffuse", "transmittance")]
    assert sum(parts) + sum(document["absorbed"].values()) + document["roulette_balance"] == pytest.approx(1, abs=1e-9)


def test_a_wrong_file_is_reported_before_a_missing_method(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        light_document(written(tmp_path, SLAB.replace("0.75", "1.5")), method="montecarlo")


@pytest.mark.parametrize(
    ("options", "field", "hint"),
    [
        ({"method": "ordinate"}, "method", '"ordinates"'),
        ({"device": "gpu"}, "device", "cpu, cuda"),
        ({"error": 1.0}, "error", "below 1"),
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


def test_fields_are_written_and_replaced(tmp_path: Path) -> None:
    import xarray as xr

    run = run_light(EXAMPLES[0])
    store = tmp_path / "deep" / "light.zarr"
    for _ in range(2):
        write_light_fields(run, store)
    with xr.open_zarr(store) as dataset:
        assert dataset["fluence_rate_ratio"].values.tolist() == run.field.fluence_rate_ratio.tolist()
        assert dataset["depth"].attrs["units"] == "m"
        assert dataset["layer"].attrs["names"] == list(run.balance.absorbed)
        assert dataset.attrs["case_sha256"] == run.balance.case_sha256
    assert [entry.name for entry in store.parent.iterdir()] == ["light.zarr"]


@pytest.mark.parametrize(
    ("tally", "rings", "width", "share"),
    # 1 mm of a slab of 0.2 mm holds nearly all.
    [("nr = 50", 50, 1e-4, 0.9), ("dr_um = 10.0", 100, 1e-5, 0.9), ("nr = 7\ndr_um = 2.0", 7, 2e-6, 0.0)],
)
def test_rings_follow_from_what_is_given(tmp_path: Path, tally: str, rings: int, width: float, share: float) -> None:
    """As of depths: 100 rings, to 5 mm, where the file does not say; all of them end where the disc does."""
    file = written(tmp_path, f'[beam]\nkind = "pencil"\n[tally]\n{tally}\n{SLAB}')
    field = run_light(file, PACKETS).field
    assert field.reflectance_r is not None
    assert field.reflectance_r.shape == (rings,)
    inside = field.reflectance_r @ (np.pi * width**2 * (2 * np.arange(rings) + 1))
    assert share * field.reflectance_diffuse < inside <= field.reflectance_diffuse * (1 + 1e-9)


def test_maps_are_written_with_their_places_and_errors(tmp_path: Path) -> None:
    import xarray as xr

    beam = '[beam]\nkind = "gaussian"\nspot_mm = 0.1\n'
    for tally, axes in (
        ("nr = 5\ndr_um = 20.0", ("depth", "radius")),
        ("nx = 6\ndx_um = 20.0\nny = 4", ("x", "y", "depth")),
    ):
        run = run_light(written(tmp_path, f"{beam}[tally]\nnz = 4\n{tally}\n{SLAB}"), PACKETS)
        write_light_fields(run, tmp_path / "light.zarr")
        with xr.open_zarr(tmp_path / "light.zarr") as dataset:
            name = "fluence_rate_rz" if "radius" in axes else "fluence_rate_xyz"
            assert dataset[name].dims == axes
            assert dataset[f"{name}_standard_error"].dims == axes
            middle = dataset["radius"] if "radius" in axes else dataset["x"]
            assert middle.values == pytest.approx(
                [1e-5 + 2e-5 * k for k in ((0, 1, 2, 3, 4) if "radius" in axes else (-3, -2, -1, 0, 1, 2))]
            )


def test_a_folder_that_is_no_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(InputError, match="not a Zarr store"):
        write_light_fields(run_light(EXAMPLES[0]), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "kept"


def test_the_sources_of_the_method_are_named() -> None:
    from skinbeam.model.sources import find_source

    for method, named in (("ordinates", "chandrasekhar1960"), ("montecarlo", "wang1995")):
        document = light_document(EXAMPLES[0], method=method, **({"photons": 3200} if method == "montecarlo" else {}))
        assert named in document["sources"]
        for key in document["sources"]:
            assert find_source(key).citation


def test_the_same_bytes_on_any_number_of_threads() -> None:
    program = (
        "import sys; from pathlib import Path; from skinbeam.model.document import pretty_json;"
        "from skinbeam.api.light import run_light;"
        "sys.stdout.write(''.join(pretty_json(run_light(Path(f)).balance.to_dict(), 12) for f in sys.argv[1:]))"
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


def test_a_full_disk_is_no_defect_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, out = written(tmp_path, SLAB), tmp_path / "out"

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run = run_light(file)
    monkeypatch.setattr("xarray.Dataset.to_zarr", refuse)
    monkeypatch.setattr("numpy.savez", refuse)
    with pytest.raises(InputError, match=r'"f\.zarr" cannot be written: No space left on device') as store:
        write_light_fields(run, out / "f.zarr")
    with pytest.raises(InputError, match=r'"c\.npz" cannot be written: No space left on device') as checkpoint:
        run_light(file, LightOptions(method="montecarlo", photons=320, checkpoint=out / "c.npz"))
    assert (store.value.field, checkpoint.value.field) == ("output", "checkpoint")
    assert {store.value.hint, checkpoint.value.hint} == {"Make room there, or take a folder on another disk."}
    assert not any(out.iterdir())
