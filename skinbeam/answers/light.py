"""The document of `skinbeam light`: light alone, in explicit layers, in what lies in them, or in voxels."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.physics.kernel import card
from skinbeam.schema.layers import DIGITS, LayersFile, LoadedLayers, load_layers
from skinbeam.simulate.light.batches import BATCHES, MEMORY_BYTES
from skinbeam.simulate.light.engines import ENGINES, check_engine_options
from skinbeam.simulate.light.layers_file import layered_medium, part_names, space_of
from skinbeam.simulate.light.medium import LightField
from skinbeam.simulate.light.montecarlo import MOST_PHOTONS, MonteCarlo, Progress
from skinbeam.units import MEGABYTE, UM

__all__ = ["LightRun", "run_light"]

SCHEMA = "skinbeam.light/1"
DEFAULT_PHOTONS = 1_000_000


@dataclass(frozen=True)
class LightRun:
    """A finished run.

    Parameters
    ----------
    document : skinbeam.light/1.
    field : the light itself, with what the document has no room for.
    loaded : the layers file.
    """

    document: dict[str, Any]
    field: LightField
    loaded: LoadedLayers


def run_light(
    path: Path,
    *,
    method: str | None = None,
    photons: int | None = None,
    error: float | None = None,
    device: str = "cpu",
    seed: int = 0,
    split: bool = False,
    checkpoint: Path | None = None,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> LightRun:
    """Return the light in the layers file at `path`.

    Parameters
    ----------
    method : ordinates or montecarlo; None for the exact one where it can, which is on the processor.
    photons, error : size of a Monte Carlo run, or the relative standard error that ends it; of both, what comes first.
    split, checkpoint, progress : of `MonteCarlo`.
    notice : told before the run what memory it takes.

    Raises
    ------
    InputError : the file or an option is wrong.
    NotAvailable : the method or the device is not in this release.
    """
    check_engine_options("--method", method or "montecarlo", device, error)
    loaded = load_layers(path)
    spec = loaded.spec
    if method == "ordinates" and not _plain(spec):
        raise InputError(
            "not-for-this-method",
            'the exact method is for plane layers lit at right angles, read "ordinates"',
            field="--method",
            hint="Use --method montecarlo, or leave --method out.",
        )
    method = method or ("ordinates" if _plain(spec) and device == "cpu" else "montecarlo")
    if device == "cuda" and (lacking := "exact-on-cpu" if method == "ordinates" else card.missing()):
        raise NotAvailable(text(f"light.{lacking}"), body={"schema": SCHEMA})
    edges_um = loaded.edges_um()
    edges = np.asarray(edges_um) * UM
    start = time.perf_counter()
    if method == "ordinates":
        light = ENGINES[method].fluence(layered_medium(spec), spec.beam, edges)
    else:
        engine = _engine(loaded, photons, error, device, seed, split, checkpoint, progress)
        if notice is not None:
            notice(text("light.memory", {"megabytes": math.ceil(engine.memory_bytes(len(edges) - 1) / MEGABYTE)}))
        try:
            light = engine.trace(space_of(loaded), spec.beam, edges)
        except NotAvailable as missing:
            raise NotAvailable(missing.reason, body={"schema": SCHEMA}) from None
    seconds = time.perf_counter() - start
    exact = light.standard_error is None
    notes = {
        "photons-not-used": exact and not (photons is None and error is None and checkpoint is None and not split),
        "spot-not-used": spec.beam.kind == "pencil" and spec.beam.spot_mm is not None,
        "no-radial-field": spec.tally.ringed and light.fluence_rate_rz is None,
    }
    names = part_names(spec)
    body = _parts(light, names, spec)
    if light.standard_error is not None:
        body |= {
            "roulette_balance": light.roulette_balance,
            "standard_error": _parts(light.standard_error, names, spec),
        }
    record = document(
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
    return LightRun(record, light, loaded)


def _plain(spec: LayersFile) -> bool:
    """Whether layers alone are lit at right angles, with light reported by depth."""
    tables = any(layer.phase is not None for layer in spec.layer)
    inclusions = spec.voxels or spec.vessel or spec.lesion or spec.cell or spec.tally.nx or tables
    return not inclusions and spec.beam.kind in ("pencil", "flat", "gaussian", "ring") and spec.beam.angle_deg == 0


def _parts(light: LightField, names: Sequence[str], spec: LayersFile) -> dict[str, Any]:
    """Where the light goes, by the keys of the document."""
    body = {
        "reflectance_specular": light.reflectance_specular,
        "reflectance_diffuse": light.reflectance_diffuse,
        "transmittance": light.transmittance,
        "absorbed": dict(zip(names, light.absorbed_fraction.tolist(), strict=True)),
        "fluence_rate_ratio": light.fluence_rate_ratio.tolist(),
    }
    if spec.voxels is not None:
        body["escaped_sides"] = light.escaped_sides
    if light.mean_path_m is not None:
        body["mean_path_um"] = dict(zip(names, (light.mean_path_m / UM).tolist(), strict=True))
    return body


def _engine(
    loaded: LoadedLayers,
    photons: int | None,
    error: float | None,
    device: str,
    seed: int,
    split: bool,
    checkpoint: Path | None,
    progress: Progress | None,
) -> MonteCarlo:
    """The engine at the size that was asked for, refused here by the name of the option or the field."""
    if photons is not None and not BATCHES <= photons <= MOST_PHOTONS:
        hint = f"From {BATCHES} (a standard error needs as many batches) to {MOST_PHOTONS}."
        raise InputError("out-of-range", f"is out of range, read {photons}", field="--photons", hint=hint)
    spec, tally = loaded.spec, loaded.spec.tally
    most = MOST_PHOTONS if error is not None else DEFAULT_PHOTONS
    # Rings have a middle, and an endless beam has none.
    ringed = tally.ringed and not (spec.beam.kind == "flat" and spec.beam.spot_mm is None)
    rings, ring_um = tally.rings if ringed else (0, 0.0)
    engine = MonteCarlo(
        photons=most if photons is None else photons,
        error=error,
        seed=seed,
        ring_m=ring_um * UM,
        rings=rings,
        columns=(tally.nx or 0, tally.ny or tally.nx or 0),
        column_m=((tally.dx_um or 0.0) * UM, (tally.dy_um or tally.dx_um or 0.0) * UM),
        checkpoint=checkpoint,
        progress=progress,
        device=device,
        split=split,
    )
    bins = len(loaded.edges_um()) - 1
    if engine.memory_bytes(bins) > MEMORY_BYTES:
        field = "nx" if tally.nx else "nr" if rings else "nz"
        raise InputError(
            "too-large",
            f"the tally needs {engine.memory_bytes(bins) / 2**20:,.0f} MB",
            field=f"tally.{field}",
            hint=f"At most {MEMORY_BYTES // 2**20:,} MB: fewer or wider bins.",
        )
    return engine
