"""The results of a sweep as a Zarr store: an array for each output, filled block by block, each block once.

Next to the outputs stand `status` (0 not yet, 1 answered, 2 partly unknown, 3 failed) and `message` (UTF-8 bytes of
what is unknown or failed). Zarr puts each file of a block in place whole, and the status of a block comes last: a block
whose status is there was written whole, wherever a run was cut off.
"""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skinbeam._version import __version__
from skinbeam.document import plain, sha256_of, unwritable
from skinbeam.errors import InputError
from skinbeam.files.unfinished import work_folder
from skinbeam.schema.load import loaded_case
from skinbeam.simulate.stores import consolidate
from skinbeam.sweeps.answers import Row
from skinbeam.sweeps.cases import block_of, blocks, tables_with, values_at
from skinbeam.sweeps.cost import Cost
from skinbeam.sweeps.file import Sweep

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Store", "errors_of", "is_ours", "open_store", "opened"]

MESSAGE_BYTES = 400
_STATUS, _MESSAGE, _BYTE = "status", "message", "message_byte"
_UNITS = {
    "_J_cm2": "J/cm2", "_mJ": "mJ", "_ms": "ms", "_mm": "mm", "_um": "um", "_nm": "nm", "_deg": "deg", "_C": "degC",
    "_K": "K", "_s": "s", "_days": "day", "_years": "year", "_W_cm2": "W/cm2", "_Hz": "Hz", "_per_cm2": "1/cm2",
}  # fmt: skip


class Store:
    """An open store that no other run writes."""

    def __init__(self, path: Path, sweep: Sweep) -> None:
        import zarr

        self._group = zarr.open_group(path, mode="r+", zarr_format=3)
        self._path, self._sweep = path, sweep
        self.block = tuple(int(side) for side in self._array(_STATUS).chunks)

    def missing(self) -> list[tuple[slice, ...]]:
        """Return the blocks that were not written yet."""
        status = np.asarray(self._array(_STATUS)[...])
        return [block for block in blocks(self._sweep.shape, self.block) if not status[block].all()]

    def counts(self) -> dict[int, int]:
        """Return how many cases have each status."""
        found, counts = np.unique(np.asarray(self._array(_STATUS)[...]), return_counts=True)
        return {int(status): int(count) for status, count in zip(found, counts, strict=True)}

    def write(self, block: tuple[slice, ...], rows: Sequence[Row]) -> None:
        """Write the rows of a block, in the order of its places.

        Raises
        ------
        InputError : the disk is full, or the store cannot be written.
        """
        sides = tuple(part.stop - part.start for part in block)
        try:
            for k, name in enumerate(self._sweep.question.outputs):
                self._array(name)[block] = np.array([row.values[k] for row in rows]).reshape(sides)
            if any(row.message for row in rows):
                told = np.stack([_bytes(row.message) for row in rows])
                self._array(_MESSAGE)[(*block, slice(None))] = told.reshape((*sides, MESSAGE_BYTES))
            self._array(_STATUS)[block] = np.array([row.status for row in rows], dtype=np.uint8).reshape(sides)
        except OSError as error:
            raise unwritable(self._path, error) from None

    def _array(self, name: str) -> Any:
        return self._group[name]


@contextmanager
def open_store(path: Path, sweep: Sweep, cost: Cost | None) -> Iterator[Store]:
    """Give the store at `path`, made when nothing is there; the one of this very sweep goes on where it ended.

    Parameters
    ----------
    cost : of the sweep, which a new store needs.

    Raises
    ------
    InputError : something else is there, another run writes it, or it cannot be written.
    """
    identity = _identity(sweep)
    try:
        if cost is not None and not path.exists():
            with work_folder(path.parent, path.name) as folder:
                _make(folder / "new.zarr", sweep, identity, cost)
                (folder / "new.zarr").rename(path)
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise _refused("store-taken", f'"{path.name}" is being written by another run') from None
        if _told(path).get("sweep_sha256") != identity:
            raise _refused("another-sweep", f'"{path.name}" holds something else than this sweep')
        yield Store(path, sweep)
    finally:
        os.close(handle)


def is_ours(path: Path) -> bool:
    """Return whether a sweep has begun at a path."""
    return "sweep_sha256" in _told(path)


def opened(path: Path) -> "xr.Dataset":
    """Return a store as a Dataset whose arrays are read when they are asked for; axes of one field are coordinates."""
    import xarray as xr

    results: xr.Dataset = xr.open_zarr(path, consolidated=True)
    return results


def errors_of(results: "xr.Dataset") -> "list[dict[str, Any]]":
    """Return a row for each case that failed or has an unknown: its place along each axis, its status, its message."""
    status = results[_STATUS].values
    messages = results[_MESSAGE]
    rows = []
    for place in np.argwhere(status > 1):
        at = {str(name): int(k) for name, k in zip(results[_STATUS].dims, place, strict=True)}
        text = bytes(messages.isel(at).values).rstrip(b"\0").decode(errors="ignore")
        rows.append({**at, "status": int(status[tuple(place)]), "message": text})
    return rows


def _identity(sweep: Sweep) -> str:
    """The hash of all that the results depend on: the question, the axes, files that the case names, the version."""
    question = sweep.question
    first = loaded_case(
        tables_with(question.tables, values_at(sweep, (0,) * len(sweep.shape))), question.folder, question.file
    )
    asked = (question.answer, question.draws, question.seed, question.endpoint or "", question.of or "")
    axes = [[axis.name, axis.fields, axis.rows] for axis in sweep.axes]
    return sha256_of(
        [__version__, first.sha256(), plain(question.tables, 12), asked, question.outputs, plain(axes, 12)]
    )


def _told(path: Path) -> dict[str, Any]:
    import zarr

    try:
        return dict(zarr.open_group(path, mode="r", zarr_format=3).attrs)
    except (OSError, ValueError, KeyError):
        return {}


def _make(path: Path, sweep: Sweep, identity: str, cost: Cost) -> None:
    import zarr

    question = sweep.question
    attributes = {
        "schema": "skinbeam.sweep/1",
        "version": __version__,
        "sweep_sha256": identity,
        "answer": question.answer,
        "draws": question.draws,
        "seed": question.seed,
        "pilot_seconds_per_case": cost.seconds_per_case,
        "status": "0 not yet, 1 answered, 2 partly unknown, 3 failed",
    }
    group = zarr.create_group(path, zarr_format=3, attributes=attributes)
    block = block_of(sweep.shape, cost.cases_a_block)
    names = [axis.name for axis in sweep.axes]
    for output in question.outputs:
        _array(group, output, sweep.shape, block, np.float64, names, nan)
    _array(group, _STATUS, sweep.shape, block, np.uint8, names, 0)
    _array(group, _MESSAGE, (*sweep.shape, MESSAGE_BYTES), (*block, MESSAGE_BYTES), np.uint8, [*names, _BYTE], 0)
    for axis in sweep.axes:
        for k, field in enumerate(axis.fields):
            _coordinate(group, field, axis.name, [row[k] for row in axis.rows])
    consolidate(path)


def _array(
    group: Any, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: Any, dims: list[str], fill: float
) -> None:
    unit = next((unit for end, unit in _UNITS.items() if name.split(".")[-1].endswith(end)), "1")
    group.create_array(
        name,
        shape=shape,
        chunks=chunks,
        dtype=dtype,
        fill_value=fill,
        dimension_names=dims,
        attributes={"units": unit},
    )


def _coordinate(group: Any, field: str, dim: str, values: list[Any]) -> None:
    """The values of a field along its axis; Zarr has no settled form for text yet, so that words are numbered."""
    words = sorted({str(value) for value in values}) if any(isinstance(value, str) for value in values) else []
    held = [words.index(str(value)) for value in values] if words else [float(value) for value in values]
    dtype = np.int64 if words else np.float64
    _array(group, field, (len(held),), (len(held),), dtype, [dim], 0)
    group[field][:] = np.array(held, dtype=dtype)
    if words:
        group[field].attrs["names"] = words


def _bytes(message: str) -> Any:
    data = message.encode()[:MESSAGE_BYTES]
    return np.frombuffer(data.ljust(MESSAGE_BYTES, b"\0"), dtype=np.uint8)


def _refused(code: str, message: str) -> InputError:
    return InputError(
        code, message, field="-o", hint="A new name, or the store of this very sweep, which then goes on."
    )
