"""The document of `skinbeam light`: light alone, in explicit layers."""

import math
import time
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.schema.layers import DIGITS, LayersFile, LoadedLayers, load_layers
from skinbeam.simulate.engines import ENGINES, check_engine_options
from skinbeam.simulate.medium import LayeredMedium, LightEngine, LightField
from skinbeam.simulate.montecarlo import BATCHES, MEMORY_BYTES, MOST_PHOTONS, MonteCarlo
from skinbeam.simulate.stores import new_store
from skinbeam.units import PER_CM, UM

__all__ = ["light_document", "write_fields"]

SCHEMA = "skinbeam.light/1"
DEFAULT_PHOTONS = 1_000_000


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
    photons, error : size of a Monte Carlo run, or the relative standard error that ends it; of both, what comes first.

    Raises
    ------
    InputError : the file or an option is wrong.
    NotAvailable : the method, the device or the geometry is not in this release.
    """
    check_engine_options("--method", method, device, error)
    loaded = load_layers(path)
    spec = loaded.spec
    if device not in ENGINES[method].devices:
        raise NotAvailable(text(f"light.no-{device}"), body={"schema": SCHEMA})
    if spec.voxels is not None:
        raise NotAvailable(text("light.no-voxels"), body={"schema": SCHEMA})
    if not _plain(spec):
        raise NotAvailable(text("light.no-inclusions"), body={"schema": SCHEMA})
    edges_um = loaded.edges_um()
    engine = _engine(loaded, method, photons, error, seed)
    start = time.perf_counter()
    light = engine.fluence(_medium(spec), spec.beam, np.asarray(edges_um) * UM)
    seconds = time.perf_counter() - start
    exact = light.standard_error is None
    notes = {
        "photons-not-used": exact and (photons is not None or error is not None),
        "spot-not-used": spec.beam.kind == "pencil" and spec.beam.spot_mm is not None,
        "no-radial-field": spec.tally.nr is not None or spec.tally.dr_um is not None,
    }
    names = [layer.name for layer in spec.layer]
    body = _parts(light, names)
    if light.standard_error is not None:
        body |= {"roulette_balance": light.roulette_balance, "standard_error": _parts(light.standard_error, names)}
    return document(
        SCHEMA,
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=[{"code": code, "message": text(f"light.{code}")} for code, holds in notes.items() if holds],
        body={
            **body,
            "depth_um": [0.5 * (low + high) for low, high in pairwise(edges_um)],
            "photons": light.photons,
            "photons_per_second": round(light.photons / seconds),
            "device": device,
            "method": method,
        },
        digits=DIGITS,
    )


def _plain(spec: LayersFile) -> bool:
    """Whether layers alone are lit at right angles, with light reported by depth."""
    inclusions = spec.vessel or spec.lesion or spec.cell is not None or spec.tally.nx is not None
    return not inclusions and spec.beam.kind in ("pencil", "flat", "gaussian") and spec.beam.angle_deg == 0


def _parts(light: LightField, names: Sequence[str]) -> dict[str, Any]:
    """Where the light goes, by the keys of the document."""
    return {
        "reflectance_specular": light.reflectance_specular,
        "reflectance_diffuse": light.reflectance_diffuse,
        "transmittance": light.transmittance,
        "absorbed": dict(zip(names, light.absorbed_fraction.tolist(), strict=True)),
        "fluence_rate_ratio": light.fluence_rate_ratio.tolist(),
    }


def _engine(loaded: LoadedLayers, method: str, photons: int | None, error: float | None, seed: int) -> LightEngine:
    """The engine at the size that was asked for, refused here by the name of the option or the field."""
    if method != "montecarlo":
        return ENGINES[method]
    if photons is not None and not BATCHES <= photons <= MOST_PHOTONS:
        hint = f"From {BATCHES} (a standard error needs as many batches) to {MOST_PHOTONS}."
        raise InputError("out-of-range", f"is out of range, read {photons}", field="--photons", hint=hint)
    last = loaded.spec.layer[-1]
    if last.thickness_um is None and last.mua_per_cm == 0.0:
        raise InputError(
            "endless-layer",
            "a semi-infinite layer that absorbs nothing keeps photons for ever, read 0",
            field=f"layer[{len(loaded.spec.layer) - 1}].mua_per_cm",
            hint="Give the layer a thickness_um or some absorption; --method ordinates needs neither.",
        )
    most = MOST_PHOTONS if error is not None else DEFAULT_PHOTONS
    engine = MonteCarlo(photons=most if photons is None else photons, error=error, seed=seed)
    bins = len(loaded.edges_um()) - 1
    if engine.memory_bytes(bins) > MEMORY_BYTES:
        hint = f"At most {MEMORY_BYTES // 2**20} MB of tallies."
        raise InputError("too-large", f"{bins} bins do not fit in memory", field="tally.nz", hint=hint)
    return engine


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
