"""Store the results of a sweep in Zarr: an array for each output, filled block by block, each block once.

Besides the outputs there are `status` (0 not yet, 1 answered, 2 partly unknown, 3 failed) and `message` (UTF-8 bytes of
the reason for an unknown or a failure). Zarr replaces each file of a block atomically, and the status of a block is
written last: a block whose status is set was written completely, wherever a run was interrupted.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skinbeam._version import __version__
from skinbeam.model.atomic_files import work_folder
from skinbeam.model.document import sha256_hex, unwritable_error
from skinbeam.model.errors import InputError
from skinbeam.model.quantity_units import output_unit
from skinbeam.simulate.zarr_store import consolidate_metadata
from skinbeam.sweeps.cost import SweepCost
from skinbeam.sweeps.sweep_file import Sweep, block_shape, grid_blocks
from skinbeam.sweeps.worker import CaseRow

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["ErrorRow", "SweepStore", "error_rows", "is_sweep_store", "load_store", "open_store"]

MESSAGE_BYTES = 400
_PARTIAL = ".partial"  # suffix of files that Zarr has not finished writing
_STATUS, _MESSAGE, _BYTE = "status", "message", "message_byte"


class SweepStore:
    """An open store, locked against other runs."""

    def __init__(self, path: Path, sweep: Sweep) -> None:
        import zarr

        self._path, self._sweep = path, sweep
        self.block = _stored_block_shape(path, sweep)
        self._remove_partial_files()
        group = zarr.open_group(path, mode="r+", zarr_format=3, use_consolidated=False)
        self._arrays = {name: group[name] for name in (*sweep.question.outputs, _MESSAGE, _STATUS)}

    def missing_blocks(self) -> list[tuple[slice, ...]]:
        """Return the blocks that are not written yet.

        Raises
        ------
        InputError : the store is damaged.
        """
        status = self._status()
        return [block for block in grid_blocks(self._sweep.shape, self.block) if not status[block].all()]

    def counts(self) -> dict[int, int]:
        """Return the number of cases with each status."""
        found, counts = np.unique(self._status(), return_counts=True)
        return {int(status): int(count) for status, count in zip(found, counts, strict=True)}

    def first_message(self, status: int) -> str:
        """Return the message of the first case with a status; empty if no case has it."""
        found = self._status() == status
        place = np.unravel_index(int(found.argmax()), found.shape)  # of one case: all cases may have failed
        return _text(self._read(_MESSAGE, tuple(map(int, place)))) if found[place] else ""

    def write(self, block: tuple[slice, ...], rows: Sequence[CaseRow]) -> None:
        """Write the rows of a block, in the order of its places.

        Raises
        ------
        InputError : the disk is full, or the store cannot be written.
        """
        sides = tuple(part.stop - part.start for part in block)
        try:
            for k, name in enumerate(self._sweep.question.outputs):
                self._arrays[name][block] = np.array([row.values[k] for row in rows]).reshape(sides)
            if any(row.message for row in rows):
                messages = np.stack([_bytes(row.message) for row in rows])
                self._arrays[_MESSAGE][(*block, slice(None))] = messages.reshape((*sides, MESSAGE_BYTES))
            self._arrays[_STATUS][block] = np.array([row.status for row in rows], dtype=np.uint8).reshape(sides)
        except OSError as error:
            raise unwritable_error(self._path, error, resumes=True) from None

    def _status(self) -> Any:
        return self._read(_STATUS, (...,))

    def _read(self, name: str, place: tuple[Any, ...]) -> Any:
        try:
            return np.asarray(self._arrays[name][place])
        except Exception as error:  # each codec has errors of its own
            raise _store_error("damaged-store", f'"{self._path.name}" cannot be read: {error}') from None

    def _remove_partial_files(self) -> None:
        """Remove files left half written by a killed run or a power cut; their blocks are answered again."""
        for name in (*self._sweep.question.outputs, _MESSAGE, _STATUS):
            for folder, _, files in os.walk(self._path / name):
                for file in (Path(folder) / file_name for file_name in files):
                    if file.suffix == _PARTIAL:
                        file.unlink()
                    elif file.stat().st_size == 0:
                        self._status_file(file, name).unlink(missing_ok=True)
                        file.unlink(missing_ok=True)

    def _status_file(self, file: Path, name: str) -> Path:
        """Return the status file of the block that a file of numbers belongs to."""
        inside = file.relative_to(self._path / name).parts[: 1 + len(self.block)]
        return self._path.joinpath(_STATUS, *inside)


@contextmanager
def open_store(path: Path, sweep: Sweep, cost: SweepCost | None) -> Iterator[SweepStore]:
    """Open the store at `path`, creating it if nothing is there; a store of the same sweep is continued.

    Parameters
    ----------
    cost : of the sweep, needed for a new store.

    Raises
    ------
    InputError : something else is there, another run writes it, or it cannot be written.
    """
    # Everything that the results depend on: what is asked, and the version.
    identity = sha256_hex([__version__, *sweep.identifying_values()])
    try:
        if cost is not None and not path.exists():
            with work_folder(path.parent, path.name) as folder:
                _make(folder / "new.zarr", sweep, identity, cost)
                (folder / "new.zarr").rename(path)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise unwritable_error(path, error, resumes=True) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _store_error("store-taken", f'"{path.name}" is being written by another run') from None
        if _stored_identity(path) != identity:
            raise _store_error("another-sweep", f'"{path.name}" holds something else than this sweep')
        yield SweepStore(path, sweep)
    finally:
        os.close(handle)


def is_sweep_store(path: Path) -> bool:
    """Return whether a path holds a sweep store."""
    return _stored_identity(path) is not None


def load_store(path: Path) -> "xr.Dataset":
    """Return a store as a Dataset whose arrays are loaded lazily; axes of one field are coordinates.

    Fields that are words, which the store numbers, are words again.
    """
    import xarray as xr

    # Consolidated metadata is not used: only the metadata of each array was checked against the sweep.
    results: xr.Dataset = xr.open_zarr(path, consolidated=False, zarr_format=3)
    words = {name: held for name, held in results.variables.items() if "names" in held.attrs}
    return results.assign(
        {name: (held.dims, np.array(held.attrs["names"])[held.values]) for name, held in words.items()}
    )


@dataclass(frozen=True)
class ErrorRow:
    """A case that failed or has an unknown: its index along each axis, its status and its message."""

    place: Mapping[str, int]
    status: int
    message: str


def error_rows(results: "xr.Dataset") -> list[ErrorRow]:
    """Return a row for each case that failed or has an unknown."""
    status = results[_STATUS].values
    messages = results[_MESSAGE]
    rows = []
    for place in np.argwhere(status > 1):
        at = {str(name): int(k) for name, k in zip(results[_STATUS].dims, place, strict=True)}
        rows.append(ErrorRow(at, int(status[tuple(place)]), _text(messages.isel(at).values)))
    return rows


def _stored_identity(path: Path) -> str | None:
    """Return the hash of the sweep that a store holds; None where there is no valid store."""
    attributes = _read_json(path).get("attributes")
    return attributes.get("sweep_sha256") if isinstance(attributes, dict) else None


def _read_json(array: Path) -> dict[str, Any]:
    """Return the metadata of a store or an array, parsed as plain JSON; empty where there is none."""
    try:
        read = json.loads((array / "zarr.json").read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _stored_block_shape(path: Path, sweep: Sweep) -> tuple[int, ...]:
    """Return the sides of a store's blocks, after checking that each array matches this sweep.

    A store may come from anybody, and its metadata decides how its bytes are read: with which codecs, into how much
    memory. So the metadata of each array is compared with one that is made in memory, before any array is opened.
    """
    import zarr
    from zarr.core.buffer import default_buffer_prototype

    grid = _read_json(path / _STATUS).get("chunk_grid", {})
    sides = grid.get("configuration", {}).get("chunk_shape", []) if isinstance(grid, dict) else []
    fits = (
        isinstance(sides, list)
        and len(sides) == len(sweep.shape)
        and all(type(side) is int and 0 < side <= length for side, length in zip(sides, sweep.shape, strict=True))
    )
    if fits:
        made = zarr.create_group(zarr.storage.MemoryStore(), zarr_format=3)
        _fill(made, sweep, tuple(sides))
        as_made = {
            name: json.loads(array.metadata.to_buffer_dict(default_buffer_prototype())["zarr.json"].to_bytes())
            for name, array in made.arrays()
        }
        if all(_read_json(path / name) == expected for name, expected in as_made.items()):
            return tuple(sides)
    raise _store_error("damaged-store", f'"{path.name}" is not as this sweep made it')


def _make(path: Path, sweep: Sweep, identity: str, cost: SweepCost) -> None:
    import zarr

    question = sweep.question
    attributes = {
        "schema": "skinbeam.sweep/1",
        "version": __version__,
        "sweep_sha256": identity,
        "answer": question.answer,
        "draws": question.draws,
        "seed": question.seed,
        "status": "0 not yet, 1 answered, 2 partly unknown, 3 failed",
    }
    _fill(
        zarr.create_group(path, zarr_format=3, attributes=attributes),
        sweep,
        block_shape(sweep.shape, cost.cases_per_block),
    )
    consolidate_metadata(path)


def _fill(group: Any, sweep: Sweep, block: tuple[int, ...]) -> None:
    """Create the arrays of a sweep, and write the values of its axes."""
    names = [axis.name for axis in sweep.axes]
    dose = sweep.varied_dose()
    for output in sweep.question.outputs:
        _array(group, output, sweep.shape, block, np.float64, names, nan, output_unit(output, dose))
    _array(group, _STATUS, sweep.shape, block, np.uint8, names, 0)
    _array(group, _MESSAGE, (*sweep.shape, MESSAGE_BYTES), (*block, MESSAGE_BYTES), np.uint8, [*names, _BYTE], 0)
    for axis in sweep.axes:
        for k, field in enumerate(axis.fields):
            _coordinate(group, field, axis.name, [row[k] for row in axis.rows])


def _array(
    group: Any,
    name: str,
    shape: tuple[int, ...],
    chunks: tuple[int, ...],
    dtype: Any,
    dims: list[str],
    fill: float,
    unit: str = "1",
) -> None:
    from zarr.codecs import ZstdCodec

    group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=dtype,
        fill_value=fill,
        compressors=ZstdCodec(level=0, checksum=True),  # explicit: the same bytes whatever a library's default is
        dimension_names=dims,
        attributes={"units": unit},
    )


def _coordinate(group: Any, field: str, dim: str, values: list[Any]) -> None:
    """Write the values of a field along its axis.

    Text is stored as numbers with a list of names, since Zarr has no settled form for text yet.
    """
    words = sorted({str(value) for value in values}) if any(isinstance(value, str) for value in values) else []
    coordinates = [words.index(str(value)) for value in values] if words else [float(value) for value in values]
    dtype = np.int64 if words else np.float64
    _array(group, field, (len(coordinates),), (len(coordinates),), dtype, [dim], 0, output_unit(field))
    group[field][:] = np.array(coordinates, dtype=dtype)
    if words:
        group[field].attrs["names"] = words


def _bytes(message: str) -> Any:
    data = message.encode()[:MESSAGE_BYTES]
    return np.frombuffer(data.ljust(MESSAGE_BYTES, b"\0"), dtype=np.uint8)


def _text(stored: Any) -> str:
    """Return the message that `_bytes` stored, whose last letter may have been cut."""
    return bytes(stored).rstrip(b"\0").decode(errors="ignore")


def _store_error(code: str, message: str) -> InputError:
    return InputError(
        code, message, field="output", hint="A new name, or the store of this very sweep, which then goes on."
    )
