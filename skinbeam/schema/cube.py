"""Reads a cube of voxels, and refuses what is none before it takes memory or time.

A cube comes from anywhere. Its header is checked before its data, pickled objects are never read, and nothing is
unpacked beyond what the header tells: no file takes more than 2.1 GiB while it is read.
"""

import io
import math
import zipfile
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from skinbeam.errors import InputError
from skinbeam.schema.cube_store import read_store
from skinbeam.schema.cube_values import ARRAY, MOST_VOXELS, check_array, first_wrong, no_such_medium, nothing_called
from skinbeam.schema.fields import FieldFault

__all__ = ["load_cube"]

# 64-bit integers, not packed, and their header.
MOST_BYTES = MOST_VOXELS * 8 + 2**20
READ_BYTES = 2**20
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)


def load_cube(path: Path, media: int, *, file: str) -> NDArray[np.uint16]:
    """Return the indices into the media, (x, y, z), C-contiguous and not to be written.

    Parameters
    ----------
    path : a .npz file or a .zarr folder (Zarr 2 or 3) with one integer array `medium` of x, y, z.
    media : how many there are, at most 65,536; each index is below.
    file : name of the layers file, for messages.

    Raises
    ------
    InputError : whatever is wrong with the cube, as `voxels.file`.
    """
    try:
        cube = _read_npz(path, media) if path.suffix == ".npz" else read_store(path, media)
    except FieldFault as fault:
        told = f'"{path.name}": {fault}'
        raise InputError(fault.code, told, field="voxels.file", hint=fault.hint, file=file) from None
    except _BROKEN as error:
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
    """A file that gives little at a time: the directory of an archive may claim any size."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = READ_BYTES + 1 if size is None or size < 0 else size
        if wanted > READ_BYTES + 1:
            raise ValueError("its directory is too long")
        data = super().read(wanted)
        if len(data) > READ_BYTES:
            raise ValueError("its directory is too long")
        return data


def _read_npz(path: Path, media: int) -> NDArray[np.uint16]:
    if not path.is_file():
        raise FieldFault("broken-cube", f'"{path.name}" is not a file', "A .npz file.")
    if path.stat().st_size > MOST_BYTES:
        raise FieldFault(
            "cube-too-large", f'"{path.name}" holds {path.stat().st_size:,} bytes', f"At most {MOST_BYTES:,} bytes."
        )
    with _ShortReads(io.FileIO(path)) as raw, zipfile.ZipFile(raw) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        if f"{ARRAY}.npy" not in archive.namelist():
            raise nothing_called(path.name, names)
        entry = archive.getinfo(f"{ARRAY}.npy")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            # The other ways to pack are unpacked whole, whatever comes out.
            raise FieldFault(
                "broken-cube", f"`{ARRAY}` is packed in an unusual way", "As numpy.savez_compressed writes it."
            )
        with archive.open(entry) as data:
            shape, fortran, dtype, start = _header(data.read(READ_BYTES))
        check_array(shape, dtype)
        count = math.prod(shape)
        if entry.file_size != start + count * dtype.itemsize:
            raise ValueError(f"`{ARRAY}` holds {entry.file_size:,} bytes, its header tells of another number")
        cube = np.empty(count, np.uint16)
        step = READ_BYTES // dtype.itemsize
        order: Literal["F", "C"] = "F" if fortran else "C"
        with archive.open(entry) as data:
            data.read(start)
            for first in range(0, count, step):
                packed = data.read(min(step, count - first) * dtype.itemsize)
                if len(packed) < min(step, count - first) * dtype.itemsize:
                    raise EOFError(f"`{ARRAY}` ends early")
                values = np.frombuffer(packed, dtype)
                wrong = first_wrong(values, media)
                if wrong is not None:
                    place = np.unravel_index(first + wrong[0], shape, order)
                    raise no_such_medium([int(index) for index in place], int(values[wrong]), media)
                cube[first : first + step] = values
    return np.ascontiguousarray(cube.reshape(shape, order=order))


def _header(data: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Return shape, whether x runs fastest, type, and where the values begin."""
    stream = io.BytesIO(data)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        shape, fortran, dtype = readers[npy.read_magic(stream)](stream)
    except Exception as error:  # a header is Python text: it can be wrong in as many ways as there are exceptions
        raise ValueError(f"the header of `{ARRAY}` is broken") from error
    return shape, fortran, dtype, stream.tell()
