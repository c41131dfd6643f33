"""Cubes of voxels: what is read from either kind of file, and that nothing else is, at no great cost."""

import io
import json
import os
import pickle
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numcodecs
import numpy as np
import pytest
import xarray as xr
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from skinbeam.model.errors import InputError
from skinbeam.simulate.layers_schema.layers import load_layers
from skinbeam.simulate.layers_schema.voxels import load_cube

MEDIUM = '[[medium]]\nname = "{}"\nmua_per_cm = 1.0\nmus_per_cm = 90.0\ng = 0.8\nn = 1.4\n'
VOXELS = '[voxels]\nfile = "{}"\nsize_um = 20.0\n' + "".join(MEDIUM.format(name) for name in "abcd")
# Three sides of different length, values in no symmetric order.
CUBE = np.random.default_rng(5).integers(0, 4, (5, 6, 7))
TYPES = ["u1", "i1", "<u2", ">i2", "<i4", ">u4", "<i8", ">u8"]


def npz(file: Path, cube: Any = CUBE, **others: Any) -> Path:
    np.savez_compressed(file, medium=cube, **others)
    return file


def store(folder: Path, cube: Any = CUBE, *, version: Any = 3, **how: Any) -> Path:
    group = zarr.open_group(folder, mode="w", zarr_format=version)
    group.create_array("medium", data=cube, **({"chunks": (3, 4, 5)} | how))
    return folder


def refused(path: Path, media: int = 4) -> InputError:
    with pytest.raises(InputError) as caught:
        load_cube(path, media, file="layers.toml")
    error = caught.value
    assert (error.field, error.file) == ("voxels.file", "layers.toml")
    assert all((error.code, error.message, error.hint))
    assert len(error.message) < 300
    return error


@contextmanager
def little_memory(most: int = 32 * 2**20) -> Iterator[None]:
    """Python and NumPy take at most `most` bytes in the block."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def assert_read(path: Path) -> None:
    found = load_cube(path, 4, file="layers.toml")
    assert found.dtype == np.uint16
    assert found.flags.c_contiguous
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, CUBE)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_npz_file_is_read(tmp_path: Path, kind: str, order: Any) -> None:
    cube = CUBE.astype(kind, order=order)
    assert_read(npz(tmp_path / "packed.npz", cube, other=np.zeros(3)))
    np.savez(tmp_path / "plain.npz", medium=cube)
    assert_read(tmp_path / "plain.npz")


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_store_is_read(tmp_path: Path, kind: str, version: int) -> None:
    assert_read(store(tmp_path / "cube.zarr", CUBE.astype(kind), version=version))


@pytest.mark.parametrize(
    "how",
    [
        {"compressors": None},
        {"compressors": zarr.codecs.GzipCodec()},
        {"compressors": zarr.codecs.BloscCodec(cname="lz4")},
        {"compressors": zarr.codecs.ZstdCodec(checksum=True)},
        {"chunks": (50, 60, 70)},
        {"chunks": (1, 1, 1)},
        {"chunk_key_encoding": {"name": "default", "separator": "."}},
        {"chunk_key_encoding": {"name": "v2", "separator": "/"}},
        {"version": 2, "compressors": None},
        {"version": 2, "compressors": numcodecs.Zlib()},
        {"version": 2, "compressors": numcodecs.GZip()},
        {"version": 2, "compressors": numcodecs.Blosc()},
        {"version": 2, "compressors": numcodecs.Zstd(), "order": "F"},
        {"version": 2, "chunk_key_encoding": {"name": "v2", "separator": "/"}},
    ],
    ids=range(14),
)
def test_a_store_may_be_packed_and_cut_in_the_usual_ways(tmp_path: Path, how: dict[str, Any]) -> None:
    assert_read(store(tmp_path / "cube.zarr", CUBE.astype("u1"), **how))


@pytest.mark.filterwarnings("ignore:.*onsolidated metadata")
@pytest.mark.parametrize("version", [2, 3])
def test_a_store_of_xarray_is_read_when_its_axes_are_x_y_z(tmp_path: Path, version: Any) -> None:
    for axes, cube in (("xyz", CUBE), ("abc", CUBE), ("zyx", CUBE.T)):
        folder = tmp_path / f"{axes}.zarr"
        xr.Dataset({"medium": (tuple(axes), cube)}).to_zarr(folder, zarr_format=version)
    assert_read(tmp_path / "xyz.zarr")
    assert_read(tmp_path / "abc.zarr")
    assert "z, y, x" in refused(tmp_path / "zyx.zarr").message


def test_a_chunk_that_is_not_there_holds_the_fill_value(tmp_path: Path) -> None:
    cube = CUBE.copy()
    cube[3:, 4:, 5:] = 2
    for version in (2, 3):
        folder = store(tmp_path / f"{version}.zarr", cube, version=version, fill_value=2)
        (folder / "medium" / ("1.1.1" if version == 2 else "c/1/1/1")).unlink(missing_ok=True)
        np.testing.assert_array_equal(load_cube(folder, 4, file="x"), cube)
    folder = store(tmp_path / "none.zarr", cube, version=2)
    metadata = json.loads((folder / "medium" / ".zarray").read_text())
    (folder / "medium" / ".zarray").write_text(json.dumps(metadata | {"fill_value": None}))
    (folder / "medium" / "0.0.1").unlink()
    assert "0.0.1 is missing" in refused(folder).message


@pytest.mark.parametrize("write", [npz, store], ids=["npz", "zarr"])
@pytest.mark.parametrize(
    ("cube", "code", "words"),
    [
        (CUBE[0], "not-a-cube", "2 axes"),
        (CUBE[None], "not-a-cube", "4 axes"),
        (CUBE.astype(float), "not-integers", "float64"),
        (CUBE > 1, "not-integers", "bool"),
        (CUBE[:, :0], "empty-cube", "5 x 0 x 7"),
    ],
)
def test_what_is_no_cube_of_integers_is_refused(
    tmp_path: Path, write: Callable[..., Path], cube: Any, code: str, words: str
) -> None:
    how = {} if write is npz else {"chunks": tuple(max(1, size) for size in cube.shape)}
    error = refused(write(tmp_path / ("cube.npz" if write is npz else "cube.zarr"), cube, **how))
    assert error.code == code
    assert words in error.message


@pytest.mark.parametrize("suffix", [".npz", ".zarr"])
@pytest.mark.parametrize("wrong", [-1, 4, 2**40])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_first_index_without_a_medium_is_shown(tmp_path: Path, suffix: str, wrong: int, order: Any) -> None:
    cube = np.array(CUBE, order=order)
    cube[4, 2, 6] = wrong
    path = tmp_path / f"cube{suffix}"
    error = refused(npz(path, cube) if suffix == ".npz" else store(path, cube))
    assert error.code == "no-such-medium"
    assert f"x 4, y 2, z 6 holds {wrong}, there are 4 media" in error.message
    assert "From 0 to 3" in error.hint


def test_a_file_without_the_array_names_what_it_holds(tmp_path: Path) -> None:
    np.savez(tmp_path / "cube.npz", media=CUBE, mua=CUBE)
    group = zarr.open_group(tmp_path / "cube.zarr", mode="w")
    group.create_array("media", data=CUBE)
    group.create_array("mua", data=CUBE)
    for suffix in ("npz", "zarr"):
        assert "'media', 'mua'" in refused(tmp_path / f"cube.{suffix}").message
    zarr.create_array(tmp_path / "one.zarr", data=CUBE)
    assert refused(tmp_path / "one.zarr").code == "no-array"
    with zipfile.ZipFile(tmp_path / "bare.npz", "w") as archive:
        archive.writestr("medium", b"cube")
    assert refused(tmp_path / "bare.npz").code == "no-array"


class Trap:
    def __reduce__(self) -> Any:
        return (pytest.fail, ("a pickle was read",))


def test_pickles_are_never_read(tmp_path: Path) -> None:
    trap = np.empty((2, 2, 2), object)
    trap[:] = Trap()
    np.savez(tmp_path / "cube.npz", medium=trap)
    error = refused(tmp_path / "cube.npz")
    assert (error.code, "objects" in error.message) == ("not-integers", True)
    # A store whose metadata name the pickle codec.
    folder = store(tmp_path / "cube.zarr", CUBE.astype("u1"), version=2, compressors=None)
    metadata = json.loads((folder / "medium" / ".zarray").read_text())
    for chunk in (folder / "medium").glob("[0-9]*"):
        chunk.write_bytes(pickle.dumps(Trap()))
    for change in ({"compressor": {"id": "pickle"}}, {"filters": [{"id": "pickle"}]}):
        (folder / "medium" / ".zarray").write_text(json.dumps(metadata | change))
        assert "pickle" in refused(folder).message


def header(shape: str, kind: str = "|u1") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def packed(file: Path, content: bytes, how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(file, "w", how) as archive:
        archive.writestr("medium.npy", content)
    return file


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (header("(65536, 65536, 65536)"), "65536 x 65536 x 65536"),
        (header("(16384, 16384, 1)") + bytes(20), "holds"),
        (header("(2, 2, 2)") + bytes(7), "holds"),
        (header("(2, 2, 2)") + bytes(9), "holds"),
        (header("(-2, -2, 2)") + bytes(8), "-2 x -2 x 2"),
        (header("(2, 2, " + "9" * 5000 + ")"), "header"),
        (header("(" * 9000), "header"),
        (header("2"), "header"),
        (b"{}", "header"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(99), "header"),
        (header("(2, 2, 2)", "|O") + pickle.dumps(Trap()), "objects"),
        (header("(2, 2, 2)", "1000000u1") + bytes(8), "does not hold integers"),
    ],
)
def test_what_a_header_claims_is_not_believed(tmp_path: Path, content: bytes, words: str) -> None:
    file = packed(tmp_path / "cube.npz", content)
    with little_memory():
        assert words in refused(file).message


def test_archives_that_unfold_without_end_are_refused(tmp_path: Path) -> None:
    much = bytes(128 * 2**20)
    # Zeros behind a header for fewer; packed by a method whose parts unfold whole.
    files = [
        packed(tmp_path / "longer.npz", header("(2, 2, 2)") + much),
        packed(tmp_path / "odd.npz", header("(512, 512, 512)") + much, zipfile.ZIP_BZIP2),
    ]
    # A directory that fills all of a file of nothing.
    with (tmp_path / "names.npz").open("wb") as file:
        file.truncate(len(much))
        file.seek(0, os.SEEK_END)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(much), 0, 0))
    # An entry that claims more than it unfolds to, in its directory and in its header.
    claims = bytearray(packed(tmp_path / "claims.npz", header("(2048, 2048, 64)") + bytes(8)).read_bytes())
    size = struct.pack("<I", len(header("(2048, 2048, 64)")) + 8)
    assert claims.count(size) == 2
    (tmp_path / "claims.npz").write_bytes(
        claims.replace(size, struct.pack("<I", len(header("(2048, 2048, 64)")) + 2**28))
    )
    words = ("another number", "unusual way", "directory is too long")
    for path, found in zip([*files, tmp_path / "names.npz"], words, strict=True):
        with little_memory():
            assert found in refused(path).message
    # The cube itself is set aside before the data turn out to be short: 2 bytes a voxel, not yet touched.
    with little_memory(2**29 + 32 * 2**20):
        assert "early" in refused(tmp_path / "claims.npz").message


def test_chunks_that_unfold_without_end_are_refused(tmp_path: Path) -> None:
    # A thousandth of it when packed, and a chunk of 50 kB may be of 120 kB: its length alone does not tell.
    much = bytes(64 * 2**20)
    packers = {
        "gzip": numcodecs.GZip(9).encode(much),
        "zstd": numcodecs.Zstd(9).encode(much),
        "blosc": numcodecs.Blosc("zstd", 9).encode(much),
    }
    for name, content in packers.items():
        codec: Any = {"gzip": "GzipCodec", "zstd": "ZstdCodec", "blosc": "BloscCodec"}[name]
        cube = np.zeros((50, 50, 20), np.uint8)
        folder = store(tmp_path / f"{name}.zarr", cube, chunks=cube.shape, compressors=getattr(zarr.codecs, codec)())
        chunk = folder / "medium" / "c" / "0" / "0" / "0"
        chunk.parent.mkdir(parents=True, exist_ok=True)
        for data in (content, content[: len(content) // 2], b"", numcodecs.GZip().encode(bytes(49_999))):
            chunk.write_bytes(data)
            with little_memory(8 * 2**20):
                assert refused(folder).code == "broken-cube"


@pytest.mark.parametrize("codec", ["GzipCodec", "ZstdCodec", "BloscCodec"])
@pytest.mark.parametrize("value", [0, 255])
def test_a_chunk_of_too_few_bytes_is_refused(tmp_path: Path, codec: str, value: int) -> None:
    cube = np.full((5, 6, 7), value, np.uint8)
    how = {"chunks": cube.shape, "fill_value": 1, "compressors": getattr(zarr.codecs, codec)()}
    folder = store(tmp_path / "cube.zarr", cube, **how)
    np.testing.assert_array_equal(load_cube(folder, 256, file="x"), cube)
    shorter = store(tmp_path / "shorter.zarr", cube[:, :, :6], **how | {"chunks": (5, 6, 6)})
    part = Path("medium") / "c" / "0" / "0" / "0"
    (folder / part).write_bytes((shorter / part).read_bytes())
    assert "not of the size" in refused(folder, 256).message


def changed(folder: Path, change: dict[str, Any], name: str = "zarr.json") -> Path:
    file = folder / "medium" / name
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    return folder


CHUNKS = {"name": "regular", "configuration": {"chunk_shape": [1, 1, 1]}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shape": [2**20, 2**20, 2**20]}, "1048576 x 1048576"),
        ({"shape": [2, 2]}, "2 axes"),
        ({"shape": [2, 2, 2.5]}, "whole numbers"),
        ({"shape": "cube"}, "no list"),
        ({"shape": [512, 512, 512], "chunk_grid": CHUNKS}, "134,217,728 chunks"),
        ({"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2**12] * 3}}}, "a chunk of"),
        ({"chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [0, 1, 1]}}}, "its chunks"),
        ({"chunk_grid": {"name": "rectilinear"}}, "rectilinear"),
        ({"chunk_grid": 7}, "no name"),
        ({"data_type": "string"}, "string"),
        ({"data_type": {"name": "struct"}}, "struct"),
        ({"codecs": [{"name": "sharding_indexed", "configuration": {}}]}, "sharding_indexed"),
        ({"codecs": [{"name": "bytes"}, {"name": "gzip"}, {"name": "gzip"}]}, "'gzip'"),
        ({"codecs": [{"name": "bytes"}, {"name": "numcodecs.pickles"}]}, "pickles"),
        ({"codecs": None}, "no list"),
        ({"chunk_key_encoding": {"name": "default", "configuration": {"separator": "/../"}}}, "unknown rule"),
        ({"fill_value": "NaN"}, "fill value"),
        ({"node_type": "group"}, "a group"),
        ({"dimension_names": ["z", "y", "x"]}, "z, y, x"),
    ],
)
def test_broken_metadata_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    folder = changed(store(tmp_path / "cube.zarr", CUBE.astype("u1")), change)
    with little_memory():
        assert words in refused(folder).message


def test_stores_that_are_no_folders_of_files_are_refused(tmp_path: Path) -> None:
    whole = store(tmp_path / "whole.zarr")
    (tmp_path / "file.zarr").write_bytes(b"cube")
    assert "not a folder" in refused(tmp_path / "file.zarr").message
    (tmp_path / "empty.zarr").mkdir()
    assert refused(tmp_path / "empty.zarr").code == "no-array"
    (tmp_path / "folder.npz").mkdir()
    assert "not a file" in refused(tmp_path / "folder.npz").message
    # Links lead out of the folder; a pipe would never end.
    (tmp_path / "linked.zarr").mkdir()
    (tmp_path / "linked.zarr" / "medium").symlink_to(whole / "medium")
    assert "ordinary" in refused(tmp_path / "linked.zarr").message
    for text in ("[" * 100_000, "7", "{", '{"shape": 1e999}', " " * 2_000_000):
        (whole / "medium" / "zarr.json").write_text(text)
        refused(whole)
    (whole / "medium" / "zarr.json").unlink()
    os.mkfifo(whole / "medium" / "zarr.json")
    assert "ordinary" in refused(whole).message


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_archive_is_a_cube_or_one_fault(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content = io.BytesIO()
    np.savez_compressed(content, medium=CUBE.astype("u1"))
    raw = bytearray(content.getvalue())
    for place in data.draw(st.lists(st.integers(0, len(raw) - 1), max_size=4)):
        raw[place] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.getbasetemp() / "damaged.npz"
    file.write_bytes(raw[: data.draw(st.integers(0, len(raw)))] if data.draw(st.booleans()) else raw)
    try:
        found: Any = load_cube(file, 4, file="x")
    except InputError as error:
        found = error
    assert found.field == "voxels.file" if isinstance(found, InputError) else found.shape == CUBE.shape


@pytest.mark.parametrize("suffix", ["npz", "zarr"])
def test_a_layers_file_holds_its_cube(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"cube.{suffix}"
    write = npz if suffix == "npz" else store
    file = tmp_path / "layers.toml"
    write(path)
    file.write_text(VOXELS.format(path.name))
    loaded = load_layers(file)
    assert loaded.cube is not None
    np.testing.assert_array_equal(loaded.cube, CUBE)
    # The planes between voxels, unless the tally says otherwise.
    assert loaded.edges_um() == [20.0 * index for index in range(8)]
    tallies = {"nz = 2": [0, 70, 140], "dz_um = 5\nnz = 3": [0, 5, 10, 15], "dz_um = 9": range(0, 64, 9)}
    for tally, edges in tallies.items():
        file.write_text(f"[tally]\n{tally}\n" + VOXELS.format(path.name))
        assert load_layers(file).edges_um() == list(edges)
    write(path, CUBE + 1)
    with pytest.raises(InputError, match="there are 4 media") as caught:
        load_layers(file)
    assert (caught.value.field, caught.value.file) == ("voxels.file", "layers.toml")


def test_the_hash_holds_the_voxels_and_not_how_they_are_kept(tmp_path: Path) -> None:
    def hashed(path: Path) -> str:
        file = tmp_path / "layers.toml"
        file.write_text(VOXELS.format(path.name))
        return load_layers(file).sha256()

    moved = CUBE.copy()
    moved[0, 0, 0] = (moved[0, 0, 0] + 1) % 4
    plain = hashed(npz(tmp_path / "a.npz"))
    assert hashed(npz(tmp_path / "b.npz", np.asfortranarray(CUBE.astype(">i2")))) == plain
    assert hashed(store(tmp_path / "c.zarr")) == plain
    assert hashed(npz(tmp_path / "d.npz", moved)) != plain
    assert hashed(npz(tmp_path / "e.npz", CUBE.reshape(7, 6, 5))) != plain
