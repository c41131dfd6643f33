"""A sweep from Python: tables in, a Dataset out."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skinbeam.schema.load import parse, read_toml
from skinbeam.sweeps.file import SweepFile, sweep_of
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import opened

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep"]


def sweep(
    case: Path | str,
    outputs: Sequence[str],
    *,
    axes: Mapping[str, Any] | None = None,
    sample: Mapping[str, Any] | None = None,
    population: Mapping[str, int] | None = None,
    output: Path | str | None = None,
    cluster: str | None = None,
    workers: int | None = None,
    **asked: Any,
) -> "xr.Dataset":
    """Answer every case of a grid or a sample over the fields of a case file.

    Parameters
    ----------
    case : path of the case file that varies.
    outputs : dotted paths of numbers in the answer of one case, such as `harm.p_burn`.
    axes : for each field a list, or `{"from": .., "to": .., "steps": .., "scale": "log"}`.
    sample : `{"n": .., "seed": .., "fields": {..}}` with a distribution for each field.
    population : `{"n": .., "seed": ..}`: how many virtual patients are drawn.
    output : folder of the Zarr store; without it the results are read whole and nothing is kept.
    cluster, workers : address of a scheduler of Dask, or how many workers this machine runs.
    asked : `answer` (simulate, threshold or consult), `endpoint`, `of`, `draws`, `seed`.

    Returns
    -------
    A Dataset with an array for each output over the axes, its `status` and `message`, read when they are asked for.

    Raises
    ------
    InputError : whatever is wrong with what was asked, and where.
    """
    path = Path(case)
    told = {"case": path.name, "outputs": list(outputs), "axes": dict(axes or {}), **asked}
    drawn = {"sample": sample, "population": population}
    told |= {name: dict(table) for name, table in drawn.items() if table}
    read = parse(SweepFile, told, file=path.name)
    checked = sweep_of(read, read_toml(path), path.parent, path.name)
    if output is not None:
        run_sweep(checked, Path(output), cluster=cluster, count=workers)
        return opened(Path(output))
    with tempfile.TemporaryDirectory(prefix="skinbeam-sweep-") as folder:
        store = Path(folder) / "sweep.zarr"
        run_sweep(checked, store, cluster=cluster, count=workers)
        return opened(store).load()
