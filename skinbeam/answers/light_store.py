"""The fields of a light run as a Zarr store."""

from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.answers.light import LightRun
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.stores import new_store
from skinbeam.units import UM

__all__ = ["write_fields"]


def write_fields(run: LightRun, path: Path) -> None:
    """Write the fields of a run as a Zarr store, whole or not at all; an older store is replaced.

    Raises
    ------
    InputError : something that is not a Zarr store stands at `path`.
    """
    import xarray as xr

    document, tally = run.document, run.loaded.spec.tally
    names = list(document["absorbed"])
    variables = _variables(run.field)
    if run.field.standard_error is not None:
        errors = _variables(run.field.standard_error)
        variables |= {f"{name}_standard_error": value for name, value in errors.items()}
    axes: dict[str, Any] = {
        "depth": ("depth", np.asarray(document["depth_um"]) * UM, {"units": "m"}),
        # Zarr has no settled form for text yet: the parts are numbered, their names stand in the attributes.
        "layer": ("layer", np.arange(len(names)), {"names": names}),
    }
    if run.field.fluence_rate_rz is not None:
        axes["radius"] = ("radius", _centres(*tally.rings), {"units": "m"})
    if run.field.fluence_rate_xyz is not None:
        for axis, count, step in (
            ("x", tally.nx, tally.dx_um),
            ("y", tally.ny or tally.nx, tally.dy_um or tally.dx_um),
        ):
            centres = _centres(count, step)
            axes[axis] = (axis, centres - centres.mean(), {"units": "m"})
    attributes = {key: document[key] for key in ("schema", "version", "case_sha256", "seed", "method", "device")}
    with new_store(path) as store:
        xr.Dataset(variables, axes, attributes).to_zarr(store, mode="w", consolidated=False)


def _centres(count: int | None, step_um: float | None) -> Any:
    return (np.arange(count or 0) + 0.5) * (step_um or 0.0) * UM


def _variables(field: LightField) -> dict[str, Any]:
    found = {
        "fluence_rate_ratio": ("depth", field.fluence_rate_ratio, "1"),
        "absorbed": ("layer", field.absorbed_fraction, "1"),
        "reflectance_specular": ((), field.reflectance_specular, "1"),
        "reflectance_diffuse": ((), field.reflectance_diffuse, "1"),
        "transmittance": ((), field.transmittance, "1"),
        "escaped_sides": ((), field.escaped_sides, "1"),
        "mean_path": ("layer", field.mean_path_m, "m"),
        "fluence_rate_rz": (("depth", "radius"), field.fluence_rate_rz, "m-2"),
        "reflectance_r": ("radius", field.reflectance_r, "m-2"),
        "transmittance_r": ("radius", field.transmittance_r, "m-2"),
        "fluence_rate_xyz": (("x", "y", "depth"), field.fluence_rate_xyz, "m-2"),
        "absorbed_xyz": (("x", "y", "depth"), field.absorbed_xyz, "m-3"),
    }
    return {name: (axes, value, {"units": units}) for name, (axes, value, units) in found.items() if value is not None}
