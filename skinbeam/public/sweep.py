"""Sweeps for Python: the cases of a grid or a sample over the fields of one case, as a Dataset."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skinbeam.model.input_files import parse_record
from skinbeam.model.run_bounds import MAX_WORKERS
from skinbeam.public.cases import CaseLike, SettingValue, case_tables, check_count, plain_value, require_path
from skinbeam.sweeps.axes import Distribution
from skinbeam.sweeps.run import run_sweep
from skinbeam.sweeps.store import load_store
from skinbeam.sweeps.sweep_file import SweepFile, make_sweep

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["sweep"]


def sweep(
    case: CaseLike,
    outputs: Sequence[str] | str,
    *,
    axes: Mapping[str, SettingValue | Mapping[str, float | str]] | None = None,
    sample: Mapping[str, int | Mapping[str, Distribution]] | None = None,
    population: Mapping[str, int] | None = None,
    output: Path | str | None = None,
    cluster: str | None = None,
    workers: int | None = None,
    **options: Any,
) -> "xr.Dataset":
    """Answer every case of a grid or a sample over the fields of a case.

    Parameters
    ----------
    case : path, tables or loaded case that is varied.
    outputs : dotted paths of numbers in the answer of one case, such as `harm.p_burn`.
    axes : for each field, by its path in the case file, a list or array, or `{"from": .., "to": .., "steps": ..,
        "scale": "log"}`.
    sample : `{"n": .., "seed": .., "fields": {..}}` with a distribution for each field.
    population : `{"n": .., "seed": ..}`: number and seed of the virtual patients to draw.
    output : folder of the Zarr store; without it the results are read into memory and the store is deleted.
    cluster, workers : address of a Dask scheduler, or the number of workers on this machine.
    options : `answer` (simulate, threshold or consult), `endpoint`, `of`, `draws`, `seed`.

    Returns
    -------
    A Dataset with an array for each output over the axes, its `status` and `message`, loaded lazily where `output` is
    given.

    Raises
    ------
    InputError : an argument is invalid; the error names it.

    Example
    -------
    >>> from skinbeam import sweep
    >>> if __name__ == "__main__":  # in a script, because the workers import it
    ...     axes = {"settings.pulse_ms": [1.0, 10.0], "settings.fluence_J_cm2": [4.0, 8.0]}
    ...     results = sweep("examples/pulse-in-a-vessel/case.toml", ["harm.p_burn"], axes=axes, draws=20, workers=1)
    ...     print(results["harm.p_burn"].values)
    """
    count = None if workers is None else check_count(workers, "workers", MAX_WORKERS)
    address = None if cluster is None else str(cluster)
    tables, folder, name = case_tables(case)
    given = {"outputs": outputs, "axes": axes, "sample": sample, "population": population, **options}
    content = {key: plain_value(value, key) for key, value in given.items() if value is not None}
    checked = make_sweep(parse_record(SweepFile, {"case": name, **content}, file=name), tables, folder, name)
    if output is not None:
        store = require_path(output, "output")
        run_sweep(checked, store, cluster=address, count=count)
        return load_store(store)
    with tempfile.TemporaryDirectory(prefix="skinbeam-sweep-") as temporary:
        store = Path(temporary) / "sweep.zarr"
        run_sweep(checked, store, cluster=address, count=count)
        return load_store(store).load()
