"""Reads an array of integers from a Zarr store, 2 or 3, without unpacking more than its metadata tells.

The zarr package unpacks a chunk to whatever size comes out, and by any codec that the metadata names, pickles among
them. Here a chunk is unpacked into a buffer of its own size by one of four codecs, or not at all.
"""

import json
import math
import re
import zlib
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.schema.cube_values import ARRAY, MOST_VOXELS, check_array, first_wrong, no_such_medium, nothing_called
from skinbeam.schema.fields import FieldFault

__all__ = ["read_store"]

MOST_JSON_BYTES = 1_000_000
MOST_CHUNKS = 100_000
MOST_CHUNK_BYTES = 2**29
# Chunks reach beyond the cube at its ends; all of them together, in voxels.
MOST_UNPACKED = 4 * MOST_VOXELS
CODECS = ("zstd", "blosc", "gzip", "zlib")
UNFILLED = 0xFF


@dataclass(frozen=True)
class _Array:
    """What the metadata tells.

    Parameters
    ----------
    chunk : voxels of a chunk along each axis.
    order : C or F, of the voxels of a chunk.
    codec : name of the codec, empty for none.
    fill : value of the chunks that are not there, None when it is not told.
    prefix, separator : of the names of chunks.
    """

    shape: list[int]
    chunk: list[int]
    dtype: np.dtype[Any]
    order: Any
    codec: str
    fill: int | None
    prefix: str
    separator: str


def read_store(path: Path, media: int) -> NDArray[np.uint16]:
    """Return the array of a store, (x, y, z), every value below `media`.

    Raises
    ------
    FieldFault : not such an array, or a value without a medium.
    OSError, ValueError, RuntimeError, zlib.error : a file of the store is broken.
    """
    folder = path.resolve()
    if not folder.is_dir():
        raise FieldFault("broken-cube", f'"{path.name}" is not a folder', "A .zarr folder, not packed.")
    home = folder / ARRAY
    if (home / "zarr.json").exists():
        array = _of_version_3(_json(home / "zarr.json"))
    elif (home / ".zarray").exists():
        array = _of_version_2(_json(home / ".zarray"))
        _check_axes(_json(home / ".zattrs").get("_ARRAY_DIMENSIONS") if (home / ".zattrs").exists() else None)
    else:
        found = (file.parent.name for name in ("zarr.json", ".zarray") for file in folder.glob(f"*/{name}"))
        raise nothing_called(path.name, found)
    _check_chunks(array)
    cube = np.empty(array.shape, np.uint16)
    for number in product(*(range(-(-size // step)) for size, step in zip(array.shape, array.chunk, strict=True))):
        start = [index * step for index, step in zip(number, array.chunk, strict=True)]
        ends = [min(at + step, size) for at, step, size in zip(start, array.chunk, array.shape, strict=True)]
        name = array.prefix + array.separator.join(map(str, number))
        values = _chunk(home / name, array)[tuple(slice(end - at) for at, end in zip(start, ends, strict=True))]
        wrong = first_wrong(values, media)
        if wrong is not None:
            raise no_such_medium([a + s for a, s in zip(wrong, start, strict=True)], int(values[wrong]), media)
        cube[tuple(slice(at, end) for at, end in zip(start, ends, strict=True))] = values
    return cube


def _of_version_3(told: dict[str, Any]) -> _Array:
    """The array of a zarr.json."""
    if told.get("node_type") != "array":
        raise nothing_called("zarr.json", [f"a {told.get('node_type')} `{ARRAY}`"])
    kind = told.get("data_type")
    little: dict[str, Any] = {}
    codecs = [_named(codec) for codec in _list(told.get("codecs"))]
    if codecs and codecs[0][0] == "bytes":
        little = codecs.pop(0)[1]
    elif codecs:
        raise _unknown_codec(codecs[0][0])
    dtype = _dtype(kind, r"u?int(?:8|16|32|64)").newbyteorder(">" if little.get("endian") == "big" else "<")
    _check_axes(told.get("dimension_names"))
    grid, chunk = _named(told.get("chunk_grid"))
    if grid != "regular":
        raise ValueError(f"its chunks lie on a grid that is not regular, read {grid[:40]}")
    keys, separators = _named(told.get("chunk_key_encoding"))
    if keys not in ("default", "v2"):
        raise ValueError(f"the names of its chunks follow an unknown rule, read {keys[:40]}")
    separator = _separator(separators.get("separator", "/" if keys == "default" else "."))
    return _Array(
        _sizes(told.get("shape"), dtype),
        _sizes(chunk.get("chunk_shape"), None),
        dtype,
        "C",
        _codec([name for name, _ in codecs]),
        _fill(told.get("fill_value")),
        f"c{separator}" if keys == "default" else "",
        separator,
    )


def _of_version_2(told: dict[str, Any]) -> _Array:
    """The array of a .zarray."""
    dtype = _dtype(told.get("dtype"), r"[<>|]?[iu][1248]")
    codecs = [_named(told["compressor"], "id")[0]] if told.get("compressor") is not None else []
    filters = [_named(one, "id")[0] for one in _list(told.get("filters") or [])]
    if told.get("order") not in ("C", "F"):
        raise ValueError(f"the order of its voxels is unknown, read {str(told.get('order'))[:40]}")
    return _Array(
        _sizes(told.get("shape"), dtype),
        _sizes(told.get("chunks"), None),
        dtype,
        told["order"],
        _codec([*filters, *codecs]),
        _fill(told.get("fill_value")),
        "",
        _separator(told.get("dimension_separator", ".")),
    )


def _json(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(_bytes(file, MOST_JSON_BYTES))
    except RecursionError:
        raise ValueError(f"{file.name} is nested too deeply") from None
    if not isinstance(told, dict):
        raise ValueError(f"{file.name} holds no object")
    return told


def _bytes(file: Path, most: int) -> bytes:
    """The content of an ordinary file of the store, not of one that a link leads to."""
    if file.resolve() != file or not file.is_file():
        raise ValueError(f"{file.name} is not an ordinary file")
    if file.stat().st_size > most:
        raise ValueError(f"{file.name} is too long")
    return file.read_bytes()


def _list(told: Any) -> list[Any]:
    if not isinstance(told, list):
        raise ValueError(f"its metadata hold no list where one belongs, read {str(told)[:40]}")
    return told


def _named(told: Any, key: str = "name") -> tuple[str, dict[str, Any]]:
    """Name and settings of an extension of the format."""
    if isinstance(told, str):
        return told, {}
    if not isinstance(told, dict) or not isinstance(told.get(key), str):
        raise ValueError(f"its metadata hold no name where one belongs, read {str(told)[:40]}")
    settings = told.get("configuration") or {}
    if not isinstance(settings, dict):
        raise ValueError(f"the settings of {told[key][:40]} are no object")
    return told[key], settings


def _dtype(told: Any, known: str) -> np.dtype[Any]:
    if not isinstance(told, str) or not re.fullmatch(known, told):
        raise FieldFault(
            "not-integers",
            f"`{ARRAY}` does not hold integers, read {str(told)[:40]}",
            "Indices into [[medium]] from 0, as uint8.",
        )
    return np.dtype(told)


def _sizes(told: Any, dtype: np.dtype[Any] | None) -> list[int]:
    """A shape; with a type, that of the whole array, which is checked at once."""
    sizes = _list(told)
    if any(isinstance(size, bool) or not isinstance(size, int) for size in sizes):
        raise ValueError(f"a shape is not of whole numbers, read {str(sizes)[:40]}")
    if dtype is not None:
        check_array(sizes, dtype)
    return sizes


def _check_axes(names: Any) -> None:
    if isinstance(names, list) and sorted(map(str, names)) == ["x", "y", "z"] and names != ["x", "y", "z"]:
        raise FieldFault(
            "axes-exchanged", f"the axes of `{ARRAY}` are {', '.join(names)}", "Axes x, y, z in this order."
        )


def _codec(names: list[str]) -> str:
    for index, name in enumerate(names):
        if name not in CODECS or index:
            raise _unknown_codec(name)
    return names[0] if names else ""


def _unknown_codec(name: str) -> FieldFault:
    return FieldFault(
        "unknown-codec",
        f"`{ARRAY}` is packed by {name[:40]!a}",
        f"Whole chunks, packed by one of {', '.join(CODECS)}, or not packed.",
    )


def _fill(told: Any) -> int | None:
    if told is None or (isinstance(told, int) and not isinstance(told, bool)):
        return told
    raise ValueError(f"the fill value is no whole number, read {str(told)[:40]}")


def _separator(told: Any) -> str:
    if told not in (".", "/"):
        raise ValueError(f"the names of its chunks follow an unknown rule, read {str(told)[:40]}")
    return str(told)


def _check_chunks(array: _Array) -> None:
    if len(array.chunk) != len(array.shape) or min(array.chunk) < 1:
        raise ValueError(f"its chunks are not of the shape of the cube, read {str(array.chunk)[:40]}")
    counts = [-(-size // step) for size, step in zip(array.shape, array.chunk, strict=True)]
    chunk, chunks = math.prod(array.chunk), math.prod(counts)
    if chunk * array.dtype.itemsize > MOST_CHUNK_BYTES or chunk * chunks > MOST_UNPACKED:
        raise FieldFault(
            "chunks-too-large",
            f"a chunk of `{ARRAY}` has {chunk:,} voxels",
            f"Smaller chunks: at most {MOST_CHUNK_BYTES:,} bytes each, and little beyond the cube.",
        )
    if chunks > MOST_CHUNKS:
        raise FieldFault(
            "too-many-chunks", f"`{ARRAY}` lies in {chunks:,} chunks", f"Larger chunks: at most {MOST_CHUNKS:,}."
        )


def _chunk(file: Path, array: _Array) -> NDArray[Any]:
    """The voxels of a chunk, (x, y, z); those of the fill value where there is no such file."""
    size = math.prod(array.chunk) * array.dtype.itemsize
    if not file.exists():
        if array.fill is None:
            raise ValueError(f"the chunk {file.name} is missing")
        if not np.iinfo(array.dtype).min <= array.fill <= np.iinfo(array.dtype).max:
            raise ValueError(f"the fill value is out of range, read {array.fill}")
        return np.broadcast_to(np.array(array.fill, array.dtype), array.chunk)
    # What cannot be packed grows by less than a tenth in any of the codecs.
    data = _bytes(file, size + size // 10 + 2**16)
    values = _unpacked(data, array.codec, size)
    if values is None or len(values) != size:
        raise ValueError(f"the chunk {file.name} is not of the size that the metadata tell")
    return np.frombuffer(values, array.dtype).reshape(array.chunk, order=array.order)


def _unpacked(data: bytes, codec: str, size: int) -> Any:
    """The bytes of a chunk, at most one more than `size`; None when there are fewer."""
    if not codec:
        return data
    if codec in ("gzip", "zlib"):
        return zlib.decompressobj(wbits=47).decompress(data, size + 1)
    from numcodecs.blosc import Blosc
    from numcodecs.zstd import Zstd

    if codec == "blosc" and (len(data) < 16 or int.from_bytes(data[12:16], "little") != len(data)):
        # Blosc believes its header about where the packed bytes end.
        return None
    decoder = Blosc() if codec == "blosc" else Zstd()
    values = np.full(size, UNFILLED, np.uint8)
    decoder.decode(data, values)
    if values[-1] == UNFILLED:
        # Fewer bytes leave the end as it was: another filling tells whether these were written.
        again = np.zeros(size, np.uint8)
        decoder.decode(data, again)
        return values if again[-1] == UNFILLED else None
    return values
