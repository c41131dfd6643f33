"""The document of `skinbeam light`: light alone, in explicit layers."""

import math
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.document import document
from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.schema.layers import DIGITS, LayersFile, load_layers
from skinbeam.simulate.engines import ENGINES, LayeredMedium, check_engine_options
from skinbeam.simulate.stores import new_store
from skinbeam.units import PER_CM, UM

__all__ = ["light_document", "write_fields"]

SCHEMA = "skinbeam.light/1"


def light_document(
    path: Path,
    *,
    method: str = "ordinates",
    photons: int | None = None,
    error: float | None = None,
    device: str = "cpu",
    seed: int = 0,
) -> dict[str, Any]:
    """Return skinbeam.light/1 of the layers file at `path`.

    Parameters
    ----------
    photons, error : size of a Monte Carlo run, or the relative standard error that ends it.

    Raises
    ------
    InputError : the file or an option is wrong.
    NotAvailable : the method, the device or the geometry is not in this release.
    """
    check_engine_options("--method", method, device, error)
    loaded = load_layers(path)
    spec = loaded.spec
    if method not in ENGINES:
        raise NotAvailable(text(f"light.no-{method}"), body={"schema": SCHEMA})
    if device not in ENGINES[method].devices:
        raise NotAvailable(text(f"light.no-{device}"), body={"schema": SCHEMA})
    if spec.voxels is not None:
        raise NotAvailable(text("light.no-voxels"), body={"schema": SCHEMA})
    edges_um = loaded.edges_um()
    light = ENGINES[method].fluence(_medium(spec), spec.beam, np.asarray(edges_um) * UM)
    notes = {
        "photons-not-used": photons is not None or error is not None,
        "spot-not-used": spec.beam.kind == "pencil" and spec.beam.spot_mm is not None,
        "no-radial-field": spec.tally.nr is not None or spec.tally.dr_um is not None,
    }
    return document(
        SCHEMA,
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=[{"code": code, "message": text(f"light.{code}")} for code, holds in notes.items() if holds],
        body={
            "reflectance_specular": light.reflectance_specular,
            "reflectance_diffuse": light.reflectance_diffuse,
            "transmittance": light.transmittance,
            "absorbed": dict(zip([layer.name for layer in spec.layer], light.absorbed_fraction.tolist(), strict=True)),
            "depth_um": [0.5 * (low + high) for low, high in pairwise(edges_um)],
            "fluence_rate_ratio": light.fluence_rate_ratio.tolist(),
            "photons": light.photons,
            "photons_per_second": 0,
            "device": device,
            "method": method,
        },
        digits=DIGITS,
    )


def write_fields(document: Mapping[str, Any], path: Path) -> None:
    """Write the fields of a light document as a Zarr store, whole or not at all; an older store is replaced.

    Raises
    ------
    InputError : something that is not a Zarr store stands at `path`.
    """
    import xarray as xr

    names = list(document["absorbed"])
    scalars = ("reflectance_specular", "reflectance_diffuse", "transmittance")
    dataset = xr.Dataset(
        {
            "fluence_rate_ratio": ("depth", document["fluence_rate_ratio"], {"units": "1"}),
            "absorbed": ("layer", [document["absorbed"][name] for name in names], {"units": "1"}),
            **{name: ((), document[name], {"units": "1"}) for name in scalars},
        },
        # Zarr has no settled form for text yet: the layers are numbered, their names stand in the attributes.
        coords={
            "depth": ("depth", np.asarray(document["depth_um"]) * UM, {"units": "m"}),
            "layer": ("layer", np.arange(len(names)), {"names": names}),
        },
        attrs={key: document[key] for key in ("schema", "version", "case_sha256", "seed", "method", "device")},
    )
    with new_store(path) as store:
        dataset.to_zarr(store, mode="w", consolidated=False)


def _medium(spec: LayersFile) -> LayeredMedium:
    layers = spec.layer
    return LayeredMedium(
        [layer.mua_per_cm * PER_CM for layer in layers],
        [layer.mus_per_cm * PER_CM for layer in layers],
        [layer.g for layer in layers],
        [layer.n for layer in layers],
        [math.inf if layer.thickness_um is None else layer.thickness_um * UM for layer in layers],
        spec.ambient_n,
        spec.below_n,
    )
