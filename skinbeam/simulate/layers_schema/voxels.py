"""Read and validate a cube of voxels from a .npz file or a Zarr store, within limits of memory and time.

The file is not trusted. Its header is checked before its data, pickled objects are never read, and nothing is unpacked
beyond the size in the header: reading a file takes at most 2.1 GiB.
"""

import io
import json
import math
import re
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from skinbeam.model.errors import InputError
from skinbeam.model.fields import FieldError

__all__ = [
    "ARRAY_NAME",
    "MAX_VOXELS",
    "check_cube_header",
    "find_invalid_index",
    "invalid_medium_error",
    "load_cube",
    "missing_array_error",
    "read_zarr_cube",
]


ARRAY_NAME = "medium"
MAX_VOXELS = 2**28
MAX_LISTED_NAMES = 5
SLAB_VALUES = 2**20


def missing_array_error(file: str, names: Iterable[str]) -> FieldError:
    """Return the error of a file without the array, listing the arrays that it has."""
    there = sorted(set(names))
    shown = ", ".join(ascii(name[:40]) for name in there[:MAX_LISTED_NAMES]) + (
        ", ..." if there[MAX_LISTED_NAMES:] else ""
    )
    return FieldError(
        "no-array",
        f'"{file}" holds no array `{ARRAY_NAME}`, read {shown or "nothing"}',
        f"One integer array called `{ARRAY_NAME}`.",
    )


def check_cube_header(shape: Sequence[int], dtype: np.dtype[Any]) -> None:
    """Reject, by the header alone, an array that is not a cube of integers of an acceptable size.

    Raises
    ------
    FieldError : which of these it is.
    """
    if dtype.kind not in "iu":
        read = "objects" if dtype.hasobject else str(dtype)[:40]
        raise FieldError(
            "not-integers",
            f"`{ARRAY_NAME}` does not hold integers, read {read}",
            "Indices into [[medium]] from 0, as uint8.",
        )
    if len(shape) != 3:
        raise FieldError(
            "not-a-cube", f"`{ARRAY_NAME}` has {len(shape)} axes, not 3", "Axes x, y, z, with z downwards."
        )
    read = " x ".join(str(size)[:20] for size in shape)
    if min(shape) < 1:
        raise FieldError(
            "empty-cube", f"`{ARRAY_NAME}` holds no voxel, read {read}", "At least one voxel along each axis."
        )
    if math.prod(shape) > MAX_VOXELS:
        raise FieldError("cube-too-large", f"`{ARRAY_NAME}` has {read} voxels", f"At most {MAX_VOXELS:,} in all.")


def find_invalid_index(values: NDArray[Any], media: int) -> tuple[int, ...] | None:
    """Return the position of the first index without a medium, or None if every index has one."""
    if values.min() >= 0 and values.max() < media:
        return None
    # Slab by slab: the comparison of a whole chunk would take as much memory again.
    thick = max(1, SLAB_VALUES // values[0].size)
    for first in range(0, len(values), thick):
        slab = values[first : first + thick]
        wrong = np.argwhere((slab < 0) | (slab >= media))
        if len(wrong):
            return (first + int(wrong[0, 0]), *(int(index) for index in wrong[0, 1:]))
    return None


def invalid_medium_error(place: Sequence[int], value: int, media: int) -> FieldError:
    """Return the error of the voxel at `place`, x, y, z."""
    x, y, z = place
    there = "is one medium" if media == 1 else f"are {media} media"
    return FieldError(
        "no-such-medium",
        f"the voxel at x {x}, y {y}, z {z} holds {value}, there {there}",
        f"From 0 to {media - 1}: an index into [[medium]] in the order of the file.",
    )


# Zarr stores, versions 2 and 3. The zarr package unpacks a chunk to whatever size results, with any codec that the
# metadata name, including pickle. This reader unpacks a chunk into a buffer of the expected size with one of four
# codecs, or not at all.

MAX_JSON_BYTES = 1_000_000
MAX_CHUNKS = 100_000
MAX_CHUNK_BYTES = 2**29
# Chunks reach beyond the cube at its ends: limit of all of them together, in voxels.
MAX_UNPACKED_BYTES = 4 * MAX_VOXELS
CODECS = ("zstd", "blosc", "gzip", "zlib")
UNSET_FILL_VALUE = 0xFF


@dataclass(frozen=True)
class _ArrayMetadata:
    """Metadata of an array in a Zarr store.

    Parameters
    ----------
    chunk : voxels of a chunk along each axis.
    order : C or F, of the voxels of a chunk.
    codec : name of the codec, empty for none.
    fill : value of missing chunks, None if not given.
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


def read_zarr_cube(path: Path, media: int) -> NDArray[np.uint16]:
    """Return the array of a store, (x, y, z), every value below `media`.

    Raises
    ------
    FieldError : not such an array, or a value without a medium.
    OSError, ValueError, RuntimeError, zlib.error : a file of the store is broken.
    """
    folder = path.resolve()
    if not folder.is_dir():
        raise FieldError("broken-cube", f'"{path.name}" is not a folder', "A .zarr folder, not packed.")
    home = folder / ARRAY_NAME
    if (home / "zarr.json").exists():
        array = _read_metadata_v3(home / "zarr.json")
    elif (home / ".zarray").exists():
        array = _read_metadata_v2(home / ".zarray")
        _check_axes(_read_json(home / ".zattrs").get("_ARRAY_DIMENSIONS") if (home / ".zattrs").exists() else None)
    else:
        found = (file.parent.name for name in ("zarr.json", ".zarray") for file in folder.glob(f"*/{name}"))
        raise missing_array_error(path.name, found)
    _check_chunks(array)
    cube = np.empty(array.shape, np.uint16)
    for number in product(*(range(-(-size // step)) for size, step in zip(array.shape, array.chunk, strict=True))):
        start = [index * step for index, step in zip(number, array.chunk, strict=True)]
        ends = [min(at + step, size) for at, step, size in zip(start, array.chunk, array.shape, strict=True)]
        name = array.prefix + array.separator.join(map(str, number))
        values = _read_chunk(home / name, array)[tuple(slice(end - at) for at, end in zip(start, ends, strict=True))]
        wrong = find_invalid_index(values, media)
        if wrong is not None:
            raise invalid_medium_error([a + s for a, s in zip(wrong, start, strict=True)], int(values[wrong]), media)
        cube[tuple(slice(at, end) for at, end in zip(start, ends, strict=True))] = values
    return cube


def _read_metadata_v3(file: Path) -> _ArrayMetadata:
    """Read a zarr.json."""
    metadata = _read_json(file)
    if metadata.get("node_type") != "array":
        raise missing_array_error("zarr.json", [f"a {metadata.get('node_type')} `{ARRAY_NAME}`"])
    kind = metadata.get("data_type")
    big_endian = False
    codecs = [_read_extension(codec) for codec in _as_list(metadata.get("codecs"))]
    if codecs and codecs[0][0] == "bytes":
        big_endian = codecs.pop(0)[1].get("endian") == "big"
    elif codecs:
        raise _unknown_codec_error(codecs[0][0])
    dtype = _read_dtype(kind, r"u?int(?:8|16|32|64)").newbyteorder(">" if big_endian else "<")
    _check_axes(metadata.get("dimension_names"))
    grid, chunk = _read_extension(metadata.get("chunk_grid"))
    if grid != "regular":
        raise ValueError(f"its chunks lie on a grid that is not regular, read {grid[:40]}")
    keys, separators = _read_extension(metadata.get("chunk_key_encoding"))
    if keys not in ("default", "v2"):
        raise ValueError(f"the names of its chunks follow an unknown rule, read {keys[:40]}")
    separator = _read_separator(separators.get("separator", "/" if keys == "default" else "."))
    return _ArrayMetadata(
        _read_shape(metadata.get("shape"), dtype),
        _read_shape(chunk.get("chunk_shape"), None),
        dtype,
        "C",
        _read_codec([name for name, _ in codecs]),
        _read_fill_value(metadata.get("fill_value")),
        f"c{separator}" if keys == "default" else "",
        separator,
    )


def _read_metadata_v2(file: Path) -> _ArrayMetadata:
    """Read a .zarray."""
    metadata = _read_json(file)
    dtype = _read_dtype(metadata.get("dtype"), r"[<>|]?[iu][1248]")
    codecs = [_read_extension(metadata["compressor"], "id")[0]] if metadata.get("compressor") is not None else []
    filters = [_read_extension(entry, "id")[0] for entry in _as_list(metadata.get("filters") or [])]
    if metadata.get("order") not in ("C", "F"):
        raise ValueError(f"the order of its voxels is unknown, read {str(metadata.get('order'))[:40]}")
    return _ArrayMetadata(
        _read_shape(metadata.get("shape"), dtype),
        _read_shape(metadata.get("chunks"), None),
        dtype,
        metadata["order"],
        _read_codec([*filters, *codecs]),
        _read_fill_value(metadata.get("fill_value")),
        "",
        _read_separator(metadata.get("dimension_separator", ".")),
    )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(_read_file_bytes(file, MAX_JSON_BYTES))
    except RecursionError:
        raise ValueError(f"{file.name} is nested too deeply") from None
    if not isinstance(content, dict):
        raise ValueError(f"{file.name} holds no object")
    return content


def _read_file_bytes(file: Path, max_bytes: int) -> bytes:
    """Return the content of a regular file of the store; symbolic links are rejected."""
    if file.resolve() != file or not file.is_file():
        raise ValueError(f"{file.name} is not an ordinary file")
    if file.stat().st_size > max_bytes:
        raise ValueError(f"{file.name} is too long")
    return file.read_bytes()


def _as_list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"its metadata hold no list where one belongs, read {str(value)[:40]}")
    return value


def _read_extension(value: Any, key: str = "name") -> tuple[str, dict[str, Any]]:
    """Return name and settings of an extension of the format."""
    if isinstance(value, str):
        return value, {}
    if not isinstance(value, dict) or not isinstance(value.get(key), str):
        raise ValueError(f"its metadata hold no name where one belongs, read {str(value)[:40]}")
    settings = value.get("configuration") or {}
    if not isinstance(settings, dict):
        raise ValueError(f"the settings of {value[key][:40]} are no object")
    return value[key], settings


def _read_dtype(value: Any, pattern: str) -> np.dtype[Any]:
    if not isinstance(value, str) or not re.fullmatch(pattern, value):
        raise FieldError(
            "not-integers",
            f"`{ARRAY_NAME}` does not hold integers, read {str(value)[:40]}",
            "Indices into [[medium]] from 0, as uint8.",
        )
    return np.dtype(value)


def _read_shape(value: Any, dtype: np.dtype[Any] | None) -> list[int]:
    """Return a shape; if a type is given, it is the shape of the whole array, which is checked at once."""
    sizes = _as_list(value)
    if any(isinstance(size, bool) or not isinstance(size, int) for size in sizes):
        raise ValueError(f"a shape is not of whole numbers, read {str(sizes)[:40]}")
    if dtype is not None:
        check_cube_header(sizes, dtype)
    return sizes


def _check_axes(names: Any) -> None:
    if isinstance(names, list) and sorted(map(str, names)) == ["x", "y", "z"] and names != ["x", "y", "z"]:
        raise FieldError(
            "axes-exchanged", f"the axes of `{ARRAY_NAME}` are {', '.join(names)}", "Axes x, y, z in this order."
        )


def _read_codec(names: list[str]) -> str:
    for index, name in enumerate(names):
        if name not in CODECS or index:
            raise _unknown_codec_error(name)
    return names[0] if names else ""


def _unknown_codec_error(name: str) -> FieldError:
    return FieldError(
        "unknown-codec",
        f"`{ARRAY_NAME}` is packed by {name[:40]!a}",
        f"Whole chunks, packed by one of {', '.join(CODECS)}, or not packed.",
    )


def _read_fill_value(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError(f"the fill value is no whole number, read {str(value)[:40]}")


def _read_separator(value: Any) -> str:
    if value not in (".", "/"):
        raise ValueError(f"the names of its chunks follow an unknown rule, read {str(value)[:40]}")
    return str(value)


def _check_chunks(array: _ArrayMetadata) -> None:
    if len(array.chunk) != len(array.shape) or min(array.chunk) < 1:
        raise ValueError(f"its chunks are not of the shape of the cube, read {str(array.chunk)[:40]}")
    counts = [-(-size // step) for size, step in zip(array.shape, array.chunk, strict=True)]
    chunk, chunks = math.prod(array.chunk), math.prod(counts)
    if chunk * array.dtype.itemsize > MAX_CHUNK_BYTES or chunk * chunks > MAX_UNPACKED_BYTES:
        raise FieldError(
            "chunks-too-large",
            f"a chunk of `{ARRAY_NAME}` has {chunk:,} voxels",
            f"Smaller chunks: at most {MAX_CHUNK_BYTES:,} bytes each, and little beyond the cube.",
        )
    if chunks > MAX_CHUNKS:
        raise FieldError(
            "too-many-chunks", f"`{ARRAY_NAME}` lies in {chunks:,} chunks", f"Larger chunks: at most {MAX_CHUNKS:,}."
        )


def _read_chunk(file: Path, array: _ArrayMetadata) -> NDArray[Any]:
    """Return the voxels of a chunk, (x, y, z); filled with the fill value if its file is missing."""
    size = math.prod(array.chunk) * array.dtype.itemsize
    if not file.exists():
        if array.fill is None:
            raise ValueError(f"the chunk {file.name} is missing")
        if not np.iinfo(array.dtype).min <= array.fill <= np.iinfo(array.dtype).max:
            raise ValueError(f"the fill value is out of range, read {array.fill}")
        return np.broadcast_to(np.array(array.fill, array.dtype), array.chunk)
    # Incompressible data grow by less than a tenth in any of the codecs.
    data = _read_file_bytes(file, size + size // 10 + 2**16)
    values = _unpack_chunk(data, array.codec, size)
    if values is None or len(values) != size:
        raise ValueError(f"the chunk {file.name} is not of the size that the metadata tell")
    return np.frombuffer(values, array.dtype).reshape(array.chunk, order=array.order)


def _unpack_chunk(data: bytes, codec: str, size: int) -> Any:
    """Return the bytes of a chunk, at most one more than `size`; None if there are fewer."""
    if not codec:
        return data
    if codec in ("gzip", "zlib"):
        return zlib.decompressobj(wbits=47).decompress(data, size + 1)
    from numcodecs.blosc import Blosc
    from numcodecs.zstd import Zstd

    if codec == "blosc" and (len(data) < 16 or int.from_bytes(data[12:16], "little") != len(data)):
        # Blosc trusts its header about the end of the packed bytes.
        return None
    decoder = Blosc() if codec == "blosc" else Zstd()
    values = np.full(size, UNSET_FILL_VALUE, np.uint8)
    decoder.decode(data, values)
    if values[-1] == UNSET_FILL_VALUE:
        # Fewer bytes leave the end of the buffer unchanged: a second fill value shows whether they were written.
        again = np.zeros(size, np.uint8)
        decoder.decode(data, again)
        return values if again[-1] == UNSET_FILL_VALUE else None
    return values


# Largest .npz file: 64-bit integers, not packed, and their header.
MAX_FILE_BYTES = MAX_VOXELS * 8 + 2**20
READ_CHUNK_BYTES = 2**20
_READ_ERRORS = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load_cube(path: Path, media: int, *, file: str) -> NDArray[np.uint16]:
    """Return the indices into the media, (x, y, z), C-contiguous and read-only.

    Parameters
    ----------
    path : a .npz file or a .zarr folder (Zarr 2 or 3) with one integer array `medium` of x, y, z.
    media : number of media, at most 65,536; each index is below.
    file : name of the layers file, for messages.

    Raises
    ------
    InputError : whatever is wrong with the cube, as `voxels.file`.
    """
    try:
        cube = _read_npz(path, media) if path.suffix == ".npz" else read_zarr_cube(path, media)
    except FieldError as fault:
        message = f'"{path.name}": {fault}'
        raise InputError(fault.code, message, field="voxels.file", hint=fault.hint, file=file) from None
    except _READ_ERRORS as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(
            "broken-cube",
            f'"{path.name}" cannot be read: {(reason or type(error).__name__)[:100]}',
            field="voxels.file",
            hint="A whole file, as numpy.savez_compressed or xarray write it.",
            file=file,
        ) from None
    cube.setflags(write=False)
    return cube


class _ShortReads(io.BufferedReader):
    """A file that limits the size of a read, because the directory of a zip archive may claim any size."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = READ_CHUNK_BYTES + 1 if size is None or size < 0 else size
        if wanted > READ_CHUNK_BYTES + 1:
            raise ValueError("its directory is too long")
        data = super().read(wanted)
        if len(data) > READ_CHUNK_BYTES:
            raise ValueError("its directory is too long")
        return data


def _read_npz(path: Path, media: int) -> NDArray[np.uint16]:
    if not path.is_file():
        raise FieldError("broken-cube", f'"{path.name}" is not a file', "A .npz file.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise FieldError(
            "cube-too-large", f'"{path.name}" holds {path.stat().st_size:,} bytes', f"At most {MAX_FILE_BYTES:,} bytes."
        )
    with _ShortReads(io.FileIO(path)) as raw, zipfile.ZipFile(raw) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if f"{ARRAY_NAME}.npy" not in archive.namelist():
            raise missing_array_error(path.name, names)
        entry = archive.getinfo(f"{ARRAY_NAME}.npy")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # Other compression methods would be unpacked whole, to any size.
            raise FieldError(
                "broken-cube", f"`{ARRAY_NAME}` is packed in an unusual way", "As numpy.savez_compressed writes it."
            )
        with archive.open(entry) as data:
            shape, fortran, dtype, start = _read_header(data.read(READ_CHUNK_BYTES))
        check_cube_header(shape, dtype)
        count = math.prod(shape)
        if entry.file_size != start + count * dtype.itemsize:
            raise ValueError(f"`{ARRAY_NAME}` holds {entry.file_size:,} bytes, its header tells of another number")
        cube = np.empty(count, np.uint16)
        step = READ_CHUNK_BYTES // dtype.itemsize
        order: Literal["F", "C"] = "F" if fortran else "C"
        with archive.open(entry) as data:
            data.read(start)
            for first in range(0, count, step):
                packed = data.read(min(step, count - first) * dtype.itemsize)
                if len(packed) < min(step, count - first) * dtype.itemsize:
                    raise EOFError(f"`{ARRAY_NAME}` ends early")
                values = np.frombuffer(packed, dtype)
                wrong = find_invalid_index(values, media)
                if wrong is not None:
                    place = np.unravel_index(first + wrong[0], shape, order)
                    raise invalid_medium_error([int(index) for index in place], int(values[wrong]), media)
                cube[first : first + step] = values
    return np.ascontiguousarray(cube.reshape(shape, order=order))


def _read_header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return the shape, whether x runs fastest, the type, and the offset of the values."""
    stream = io.BytesIO(data)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        shape, fortran, dtype = readers[npy.read_magic(stream)](stream)
    except Exception as error:  # a header is Python text: it can be wrong in as many ways as there are exceptions
        raise ValueError(f"the header of `{ARRAY_NAME}` is broken") from error
    return shape, fortran, dtype, stream.tell()
