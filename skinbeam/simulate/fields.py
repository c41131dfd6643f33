"""Write the temperature and light of every draw to a Zarr store, chunk by chunk.

Each draw has its own grid, with faces on its own layer boundaries. The store has a single depth axis, that of the
median skin; temperatures and fluence rates are interpolated linearly between the cells of a draw.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam._version import __version__
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.units import ZERO_CELSIUS_K
from skinbeam.simulate.pulse.nonlinear_response import response_at_dose
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.scene import PulseScene, build_schedule
from skinbeam.simulate.skins.depth_grid import build_skin_grid
from skinbeam.simulate.vessels.cuvette import cuvette_at_dose
from skinbeam.simulate.zarr_store import create_store
from skinbeam.text import render_message

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["FieldsWriter", "open_fields_writer"]

Floats = NDArray[np.float64]
# Called with the response of each chunk of draws, in order, and the radiant exposure in J/m².
FieldsWriter = Callable[[PulseResponse, float], None]

MAX_BYTES = 1_000_000_000
_STORED_BYTES = np.dtype(np.float32).itemsize
_MEGABYTE = 1_000_000


@contextmanager
def open_fields_writer(scene: PulseScene, path: Path | None, draws: int, seed: int) -> Iterator[FieldsWriter]:
    """Yield a function that writes the fields of each chunk to `path`; without a path, a function that does nothing.

    The store holds `temperature` (sample, time, z) and `surface_temperature` (sample, time) in °C, `fluence_rate_ratio`
    (sample, z) where there is a beam, and `weight` (sample,), against `time` in s and `z` in m.

    Raises
    ------
    NotAvailable : a fractional beam.
    InputError : a store beyond 1 GB, or `path` cannot be written.
    """
    if path is None:
        yield lambda response, exposure: None
        return
    if scene.beam is not None and scene.beam.microbeam is not None:
        raise NotAvailable(render_message("simulate.no-fields"))
    z = build_skin_grid(scene.median_skin).centres[0]
    times = build_schedule(scene).step_s.size + 1
    draw_bytes = _STORED_BYTES * (times * (z.size + 1) + z.size)
    if draws * draw_bytes > MAX_BYTES:
        size = {"megabytes": draws * draw_bytes // _MEGABYTE, "draws": draws, "times": times, "depths": z.size}
        raise InputError(
            "too-large-fields",
            render_message("simulate.too-large-fields", size),
            field="output",
            hint=f"At most {MAX_BYTES // _MEGABYTE} MB: {MAX_BYTES // draw_bytes} draws or fewer.",
        )
    attrs = {"version": __version__, "case_sha256": scene.loaded_case.sha256(), "seed": seed}
    with create_store(path) as store:
        first = 0

        def write(response: PulseResponse, exposure_J_m2: float) -> None:
            nonlocal first
            fields = _draw_fields(response, exposure_J_m2, z, first).assign_attrs(attrs)
            if first:
                fields.to_zarr(store, consolidated=False, append_dim="sample")
            else:
                fields.to_zarr(store, consolidated=False, mode="w")
            first += fields.sizes["sample"]

        yield write


def _draw_fields(response: PulseResponse, exposure_J_m2: float, z: Floats, first: int) -> "xr.Dataset":
    import xarray as xr

    times = np.concatenate([[0.0], np.cumsum(response.schedule.step_s)])
    heated = response_at_dose(cuvette_at_dose(response, exposure_J_m2), exposure_J_m2)
    surface = heated.surface_base_K - ZERO_CELSIUS_K
    centres = response.grid.centres
    celsius = {"units": "degC"}
    variables = {
        "temperature": (
            ("sample", "time", "z"),
            _interpolate_depths(z, centres, heated.base_K - ZERO_CELSIUS_K),
            celsius,
        ),
        "surface_temperature": (("sample", "time"), surface.astype(np.float32), celsius),
        "weight": (("sample",), response.weights, {"units": "1"}),
    }
    if response.illumination is not None:
        ratio = _interpolate_depths(z, centres, response.illumination.fluence_rate_ratio[:, None, :])[:, 0]
        variables["fluence_rate_ratio"] = (("sample", "z"), ratio, {"units": "1"})
    coords = {
        "sample": ("sample", np.arange(first, first + len(centres))),
        "time": ("time", times, {"units": "s"}),
        "z": ("z", z, {"units": "m"}),
    }
    return xr.Dataset(variables, coords)


def _interpolate_depths(z: Floats, centres: Floats, values: Floats) -> NDArray[np.float32]:
    """Interpolate cell values of each draw, (sample, time, cell), linearly between cell centres to the depths `z`."""
    right = np.clip(np.stack([np.searchsorted(row, z) for row in centres]), 1, centres.shape[1] - 1)
    row = np.arange(len(centres))[:, None]
    low, high = centres[row, right - 1], centres[row, right]
    share = np.clip((z - low) / (high - low), 0.0, 1.0)[:, None, :]
    below = np.take_along_axis(values, (right - 1)[:, None, :], axis=2)
    above = np.take_along_axis(values, right[:, None, :], axis=2)
    return (below + share * (above - below)).astype(np.float32)
