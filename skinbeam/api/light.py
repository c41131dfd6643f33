"""The document of `skinbeam light`: light alone, in explicit layers, in what lies in them, or in voxels."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.messages import text
from skinbeam.physics.kernel import card
from skinbeam.physics.light.scene import Tally
from skinbeam.provenance import collect
from skinbeam.schema.layers import DIGITS, LayersFile, LoadedLayers, load_layers
from skinbeam.simulate.light.batches import BATCHES, MEMORY_BYTES
from skinbeam.simulate.light.engines import ENGINES, check_engine_options
from skinbeam.simulate.light.layers_file import layered_medium, part_names, space_of
from skinbeam.simulate.light.montecarlo import MOST_PHOTONS, MonteCarlo, Progress
from skinbeam.simulate.light.protocol import LightField
from skinbeam.units import MEGABYTE, UM

__all__ = ["LightOptions", "LightRun", "run_light"]

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

    @property
    def tops_um(self) -> dict[str, float]:
        """Name → depth at which each layer begins; empty for voxels."""
        layers = self.loaded.spec.layer
        tops = accumulate((layer.thickness_um or 0.0 for layer in layers[:-1]), initial=0.0)
        return {layer.name: top for layer, top in zip(layers, tops, strict=False)}


@dataclass(frozen=True)
class LightOptions:
    """How a run is to be made.

    Parameters
    ----------
    method : ordinates or montecarlo; None for the exact one where it can, which is on the processor.
    photons, error : size of a Monte Carlo run, or the relative standard error that ends it; of both, what comes first.
    device, seed, split, checkpoint : of `MonteCarlo`.
    """

    method: str | None = None
    photons: int | None = None
    error: float | None = None
    device: str = "cpu"
    seed: int = 0
    split: bool = False
    checkpoint: Path | None = None

    @property
    def of_packets(self) -> bool:
        """Whether anything is asked that the exact method has no use for."""
        return not (self.photons is None and self.error is None and self.checkpoint is None and not self.split)


def run_light(
    path: Path,
    options: LightOptions | None = None,
    *,
    progress: Progress | None = None,
    notice: Callable[[str], None] | None = None,
) -> LightRun:
    """Return the light in the layers file at `path`.

    Parameters
    ----------
    progress : of `MonteCarlo`.
    notice : told before the run what memory it takes.

    Raises
    ------
    InputError : the file or an option is wrong.
    NotAvailable : the method or the device is not in this release.
    """
    options = options or LightOptions()
    check_engine_options("--method", options.method or "montecarlo", options.device, options.error)
    loaded = load_layers(path)
    spec = loaded.spec
    method = _method(spec, options)
    tally = _tally(loaded, method)
    start = time.perf_counter()
    with collect() as sources:
        if method == "ordinates":
            light = ENGINES[method].light(layered_medium(spec), spec.beam, tally)
        else:
            engine = _engine(options, tally, progress)
            if notice is not None:
                notice(text("light.memory", {"megabytes": math.ceil(engine.memory_bytes(tally) / MEGABYTE)}))
            try:
                light = engine.light(space_of(loaded), spec.beam, tally)
            except NotAvailable as missing:
                raise NotAvailable(missing.reason, body={"schema": SCHEMA}) from None
    made = {
        "depth_um": [0.5 * (low + high) for low, high in pairwise(loaded.edges_um())],
        "photons": light.photons,
        "photons_per_second": round(light.photons / (time.perf_counter() - start)),
        "device": options.device,
        "method": method,
        "sources": sorted(sources),
    }
    record = document(
        SCHEMA,
        case_sha256=loaded.sha256(),
        seed=options.seed,
        warnings=_warnings(light, spec, options),
        body={**_body(light, spec), **made},
        digits=DIGITS,
    )
    return LightRun(record, light, loaded)


def _method(spec: LayersFile, options: LightOptions) -> str:
    """The method of a run, refused where it cannot do what is asked."""
    if options.method == "ordinates" and not _plain(spec):
        raise InputError(
            "not-for-this-method",
            'the exact method is for plane layers lit at right angles, read "ordinates"',
            field="--method",
            hint="Use --method montecarlo, or leave --method out.",
        )
    method = options.method or ("ordinates" if _plain(spec) and options.device == "cpu" else "montecarlo")
    if options.device == "cuda" and (lacking := "exact-on-cpu" if method == "ordinates" else card.missing()):
        raise NotAvailable(text(f"light.{lacking}"), body={"schema": SCHEMA})
    return method


def _warnings(light: LightField, spec: LayersFile, options: LightOptions) -> list[dict[str, str]]:
    """What was asked for and is not in the answer."""
    notes = {
        "photons-not-used": light.standard_error is None and options.of_packets,
        "spot-not-used": spec.beam.kind == "pencil" and spec.beam.spot_mm is not None,
        "no-radial-field": spec.tally.ringed and light.fluence_rate_rz is None,
    }
    return [{"code": code, "message": text(f"light.{code}")} for code, holds in notes.items() if holds]


def _body(light: LightField, spec: LayersFile) -> dict[str, Any]:
    """The light and its standard error, by the keys of the document."""
    names = part_names(spec)
    body = _parts(light, names, spec)
    if light.standard_error is None:
        return body
    return body | {
        "roulette_balance": light.roulette_balance,
        "standard_error": _parts(light.standard_error, names, spec),
    }


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


def _tally(loaded: LoadedLayers, method: str) -> Tally:
    """Where light is counted; the exact method tells of it by depth alone."""
    edges = np.asarray(loaded.edges_um()) * UM
    spec, tally = loaded.spec, loaded.spec.tally
    if method == "ordinates":
        return Tally(edges)
    # Rings have a middle, and an endless beam has none.
    ringed = tally.ringed and not (spec.beam.kind == "flat" and spec.beam.spot_mm is None)
    rings, ring_um = tally.rings if ringed else (0, 0.0)
    dx_um = tally.dx_um or 0.0
    columns = tally.nx or 0, tally.ny or tally.nx or 0
    return Tally(edges, ring_um * UM, rings, *columns, dx_um * UM, (tally.dy_um or dx_um) * UM)


def _engine(options: LightOptions, tally: Tally, progress: Progress | None) -> MonteCarlo:
    """The engine at the size that was asked for, refused here by the name of the option or the field."""
    photons = options.photons
    if photons is not None and not BATCHES <= photons <= MOST_PHOTONS:
        hint = f"From {BATCHES} (a standard error needs as many batches) to {MOST_PHOTONS}."
        raise InputError("out-of-range", f"is out of range, read {photons}", field="--photons", hint=hint)
    most = MOST_PHOTONS if options.error is not None else DEFAULT_PHOTONS
    engine = MonteCarlo(
        photons=most if photons is None else photons,
        error=options.error,
        seed=options.seed,
        checkpoint=options.checkpoint,
        progress=progress,
        device=options.device,
        split=options.split,
    )
    if engine.memory_bytes(tally) > MEMORY_BYTES:
        field = "nx" if tally.nx else "nr" if tally.rings else "nz"
        raise InputError(
            "too-large",
            f"the tally needs {engine.memory_bytes(tally) / 2**20:,.0f} MB",
            field=f"tally.{field}",
            hint=f"At most {MEMORY_BYTES // 2**20:,} MB: fewer or wider bins.",
        )
    return engine
