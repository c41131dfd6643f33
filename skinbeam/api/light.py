"""Compute `skinbeam.light/1`: light transport alone, in explicit layers with inclusions, or in voxels."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from skinbeam._version import __version__
from skinbeam.api.array_result import ArrayResult
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.json_fields import NOT_IN_DOCUMENT
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import MEGABYTE, UM
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.light.photon_scene import LightTally
from skinbeam.physics.numerics import gpu
from skinbeam.simulate.layers_schema.layers import (
    LIGHT_DIGITS,
    LayersFile,
    LoadedLayers,
    layers_from_tables,
    load_layers,
)
from skinbeam.simulate.light.batches import BATCHES, MEMORY_BYTES, NONE_LEVEL, most_of_none
from skinbeam.simulate.light.engines import ENGINES, check_engine_options
from skinbeam.simulate.light.layers_file import absorbing_parts, build_space, layered_medium, part_names
from skinbeam.simulate.light.montecarlo import MAX_PHOTONS, MonteCarlo, ProgressCallback
from skinbeam.simulate.light.protocol import LightField
from skinbeam.simulate.zarr_store import create_store
from skinbeam.text import DocumentWarning, Message, render_message

__all__ = [
    "LightBalance",
    "LightOptions",
    "LightRun",
    "LightShares",
    "run_light",
    "write_light_fields",
]

Floats = NDArray[np.float64]
DEFAULT_PHOTONS = 1_000_000


@compared_by_value
@dataclass(frozen=True, kw_only=True)
class LightShares:
    """Shares of the incident power, or their standard errors.

    Parameters
    ----------
    absorbed : by name of the layer or medium.
    fluence_rate_ratio : fluence rate over irradiance, mean of each bin of depth.
    escaped_sides : of voxels alone. mean_path_um : by layer, of Monte Carlo alone.
    """

    reflectance_specular: float
    reflectance_diffuse: float
    transmittance: float
    absorbed: Mapping[str, float]
    fluence_rate_ratio: Floats
    escaped_sides: float | None = None
    mean_path_um: Mapping[str, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LightBalance(ArrayResult, LightShares):
    """The light in a layers file.

    Parameters
    ----------
    roulette_balance, standard_error : of Monte Carlo alone.
    upper_limit : of each share that light can reach and no packet did, the most that it can be at 95 % confidence, by
        its name, `absorbed.` before that of a layer or medium; None where packets reached all.
    depth_um : centres of the bins of depth.
    tops_um : depth at which each layer begins, by its name, for the figure; empty for voxels.
    """

    schema: ClassVar[str] = "skinbeam.light/1"
    digits: ClassVar[int] = LIGHT_DIGITS
    axes: ClassVar[tuple[str, ...]] = ("depth_um",)
    arrays: ClassVar[tuple[str, ...]] = ("fluence_rate_ratio",)

    roulette_balance: float | None = None
    standard_error: LightShares | None = None
    upper_limit: Mapping[str, float] | None = None
    depth_um: Floats
    photons: int
    photons_per_second: int
    device: str
    method: str
    sources: tuple[str, ...]
    tops_um: Mapping[str, float] = field(metadata=NOT_IN_DOCUMENT)


@dataclass(frozen=True)
class LightRun:
    """Result of a light run.

    Parameters
    ----------
    balance : the shares of the power, and the fluence rate by depth.
    field : the light field, with quantities that the balance does not have.
    loaded : the layers file.
    """

    balance: LightBalance
    field: LightField
    loaded: LoadedLayers


@dataclass(frozen=True)
class LightOptions:
    """Options of a light run.

    Parameters
    ----------
    method : ordinates or montecarlo; None for the exact method, ordinates, where it can be used, which is on the CPU.
    photons, error : size of a Monte Carlo run, or the relative standard error that ends it; if both are given, the run
        ends at whichever is reached first.
    device, seed, split, checkpoint : see `MonteCarlo`.
    """

    method: str | None = None
    photons: int | None = None
    error: float | None = None
    device: str = "cpu"
    seed: int = 0
    split: bool = False
    checkpoint: Path | None = None

    @property
    def has_montecarlo_options(self) -> bool:
        """Whether any option is set that the exact method does not use."""
        return not (self.photons is None and self.error is None and self.checkpoint is None and not self.split)


def run_light(
    layers: Path | Mapping[str, Any],
    options: LightOptions | None = None,
    *,
    progress: ProgressCallback | None = None,
    notify: Callable[[str], None] | None = None,
) -> LightRun:
    """Compute the light in layers.

    Parameters
    ----------
    layers : path of the layers file, or its tables.
    progress : see `MonteCarlo`.
    notify : called before the run with a message about the memory that it needs.

    Raises
    ------
    InputError : the file or an option is wrong.
    NotAvailable : the method or the device is not in this release.
    """
    options = options or LightOptions()
    check_engine_options("method", options.method or "montecarlo", options.device, options.error)
    loaded = load_layers(layers) if isinstance(layers, Path) else layers_from_tables(layers, Path("layers"))
    spec = loaded.spec
    method = _choose_method(spec, options)
    tally = _make_tally(loaded, method)
    start = time.perf_counter()
    with collect_sources() as sources:
        if method == "ordinates":
            light = ENGINES[method].compute_light(layered_medium(spec), spec.beam, tally)
        else:
            engine = _make_engine(options, tally, progress)
            if notify is not None:
                notify(render_message("light.memory", {"megabytes": math.ceil(engine.memory_bytes(tally) / MEGABYTE)}))
            try:
                light = engine.compute_light(build_space(loaded), spec.beam, tally)
            except NotAvailable as missing:
                raise NotAvailable(missing.reason, body={"schema": LightBalance.schema}) from None
    names = part_names(spec)
    limit = _upper_limits(light, names, spec)
    error = None if light.standard_error is None else _light_shares(light.standard_error, names, spec)
    balance = LightBalance(
        case_sha256=loaded.sha256(),
        seed=options.seed,
        warnings=(
            *_unused_option_warnings(light, spec, options),
            *_unreached_warnings(light, limit, spec),
            *_empty_bin_warnings(light, loaded),
        ),
        **vars(_light_shares(light, names, spec)),
        roulette_balance=None if error is None else float(light.roulette_balance),
        standard_error=error,
        upper_limit=limit or None,
        depth_um=np.array([0.5 * (low + high) for low, high in pairwise(loaded.edges_um())]),
        photons=light.photons,
        photons_per_second=round(light.photons / (time.perf_counter() - start)),
        device=options.device,
        method=method,
        sources=tuple(sorted(sources)),
        tops_um=_layer_tops_um(spec),
    )
    return LightRun(balance, light, loaded)


def _layer_tops_um(spec: LayersFile) -> dict[str, float]:
    tops = accumulate((layer.thickness_um or 0.0 for layer in spec.layer[:-1]), initial=0.0)
    return {layer.name: top for layer, top in zip(spec.layer, tops, strict=False)}


def _choose_method(spec: LayersFile, options: LightOptions) -> str:
    """Return the method of a run, or raise an error if the method cannot be used for it."""
    if options.method == "ordinates" and not _is_plain_layers(spec):
        raise InputError(
            "not-for-this-method",
            'the exact method is for plane layers lit at right angles, read "ordinates"',
            field="method",
            hint="Take the method montecarlo, or name none.",
        )
    method = options.method or ("ordinates" if _is_plain_layers(spec) and options.device == "cpu" else "montecarlo")
    if options.device == "cuda" and (lacking := "exact-on-cpu" if method == "ordinates" else gpu.missing_cuda_part()):
        raise NotAvailable(render_message(f"light.{lacking}"), body={"schema": LightBalance.schema})
    return method


def _unused_option_warnings(light: LightField, spec: LayersFile, options: LightOptions) -> list[DocumentWarning]:
    """Return warnings about options that had no effect."""
    notes = {
        "photons-not-used": light.standard_error is None and options.has_montecarlo_options,
        "spot-not-used": spec.beam.kind == "pencil" and spec.beam.spot_mm is not None,
        "no-radial-field": spec.tally.has_rings and light.fluence_rate_rz is None,
    }
    return [DocumentWarning(code, Message(f"light.{code}")) for code, holds in notes.items() if holds]


def _upper_limits(light: LightField, names: Sequence[str], spec: LayersFile) -> dict[str, float]:
    """Return the upper limit of each share that light can reach and no packet did, by name; empty if exact."""
    if light.standard_error is None or light.reflectance_specular == 1.0:
        return {}
    most = most_of_none(light.photons, float(light.standard_error.roulette_balance))
    parts = absorbing_parts(spec)
    shares = {f"absorbed.{name}": value for name, value in zip(names, light.absorbed_fraction.tolist(), strict=True)}
    absorbs = {f"absorbed.{name}": part.mua_per_cm > 0.0 for name, part in zip(names, parts, strict=True)}
    indices = {spec.ambient_n, spec.below_n, *(layer.n for layer in spec.layer), *(medium.n for medium in spec.medium)}
    is_returned = len(indices) > 1 or any(part.mus_per_cm > 0.0 for part in parts)
    is_open_below = spec.voxels is not None or spec.layer[-1].thickness_um is not None
    possible = {"reflectance_diffuse": is_returned, "transmittance": is_open_below} | absorbs
    shares |= {"reflectance_diffuse": float(light.reflectance_diffuse), "transmittance": float(light.transmittance)}
    if spec.voxels is not None:
        # A beam without an angle is a cone, or comes to a focus.
        possible["escaped_sides"] = is_returned or spec.beam.angle_deg > 0 or spec.beam.kind in ("fibre", "focused")
        shares["escaped_sides"] = float(light.escaped_sides)
    return {name: most for name, can_be_reached in possible.items() if can_be_reached and shares[name] == 0.0}


def _unreached_warnings(light: LightField, limit: Mapping[str, float], spec: LayersFile) -> list[DocumentWarning]:
    """Return a warning about shares that no packet reached, which are not known to be 0."""
    if not limit:
        return []
    words = {
        "packets": light.photons,
        "shares": ", ".join(limit),
        "most": next(iter(limit.values())),
        "confidence": round(100 * NONE_LEVEL),
    }
    id = "light.unreached-plain" if _is_plain_layers(spec) else "light.unreached"
    return [DocumentWarning("no-packet", Message(id, words))]


def _empty_bin_warnings(light: LightField, loaded: LoadedLayers) -> list[DocumentWarning]:
    """Return a warning about bins of depth within the layers to which no packet came: their light is not known to be 0.

    The rate there has no limit as a share has: a packet that had come might have crossed the bin at any slant.
    """
    spec = loaded.spec
    if light.standard_error is None or spec.voxels is not None or light.reflectance_specular == 1.0:
        return []
    bottom_um = sum(math.inf if layer.thickness_um is None else layer.thickness_um for layer in spec.layer)
    is_within = np.asarray(loaded.edges_um()[:-1]) < bottom_um
    empty = int(np.sum((light.fluence_rate_ratio == 0.0) & is_within))
    words = {"empty": empty, "bins": int(is_within.sum())}
    return [DocumentWarning("no-packet-in-bins", Message("light.empty-bins", words))] if empty else []


def _is_plain_layers(spec: LayersFile) -> bool:
    """Return whether the file has only plane layers at perpendicular incidence, with light tallied by depth."""
    tables = any(layer.phase is not None for layer in spec.layer)
    inclusions = spec.voxels or spec.vessel or spec.lesion or spec.cell or spec.tally.nx or tables
    return not inclusions and spec.beam.kind in ("pencil", "flat", "gaussian", "ring") and spec.beam.angle_deg == 0


def _light_shares(light: LightField, names: Sequence[str], spec: LayersFile) -> LightShares:
    path_um = None if light.mean_path_m is None else (light.mean_path_m / UM).tolist()
    return LightShares(
        reflectance_specular=float(light.reflectance_specular),
        reflectance_diffuse=float(light.reflectance_diffuse),
        transmittance=float(light.transmittance),
        absorbed=dict(zip(names, light.absorbed_fraction.tolist(), strict=True)),
        fluence_rate_ratio=np.asarray(light.fluence_rate_ratio),
        escaped_sides=None if spec.voxels is None else float(light.escaped_sides),
        mean_path_um=None if path_um is None else dict(zip(names, path_um, strict=True)),
    )


def _make_tally(loaded: LoadedLayers, method: str) -> LightTally:
    """Return the bins in which light is tallied; the exact method tallies by depth alone."""
    edges = np.asarray(loaded.edges_um()) * UM
    spec, tally = loaded.spec, loaded.spec.tally
    if method == "ordinates":
        return LightTally(edges)
    # Rings need a centre, which an infinitely wide beam does not have.
    ringed = tally.has_rings and not (spec.beam.kind == "flat" and spec.beam.spot_mm is None)
    rings, ring_um = tally.rings if ringed else (0, 0.0)
    dx_um = tally.dx_um or 0.0
    columns = tally.nx or 0, tally.ny or tally.nx or 0
    return LightTally(edges, ring_um * UM, rings, *columns, dx_um * UM, (tally.dy_um or dx_um) * UM)


def _make_engine(options: LightOptions, tally: LightTally, progress: ProgressCallback | None) -> MonteCarlo:
    """Return the Monte Carlo engine, or raise an error that names the option or field if the run is too large."""
    photons = options.photons
    if photons is not None and not BATCHES <= photons <= MAX_PHOTONS:
        hint = f"From {BATCHES} (a standard error needs as many batches) to {MAX_PHOTONS}."
        raise InputError("out-of-range", f"is out of range, read {photons}", field="photons", hint=hint)
    most = MAX_PHOTONS if options.error is not None else DEFAULT_PHOTONS
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


# The fields of a light run as a Zarr store.


def write_light_fields(run: LightRun, path: Path) -> None:
    """Write the fields of a run as a Zarr store, whole or not at all; an older store is replaced.

    Raises
    ------
    InputError : something that is not a Zarr store stands at `path`.
    """
    import xarray as xr

    balance, tally = run.balance, run.loaded.spec.tally
    names = list(balance.absorbed)
    variables = _dataset_variables(run.field)
    if run.field.standard_error is not None:
        errors = _dataset_variables(run.field.standard_error)
        variables |= {f"{name}_standard_error": value for name, value in errors.items()}
    axes: dict[str, Any] = {
        "depth": ("depth", balance.depth_um * UM, {"units": "m"}),
        # Zarr has no stable data type for text yet: the parts are numbered, and their names are in the attributes.
        "layer": ("layer", np.arange(len(names)), {"names": names}),
    }
    if run.field.fluence_rate_rz is not None:
        axes["radius"] = ("radius", _bin_centres(*tally.rings), {"units": "m"})
    if run.field.fluence_rate_xyz is not None:
        for axis, count, step in (
            ("x", tally.nx, tally.dx_um),
            ("y", tally.ny or tally.nx, tally.dy_um or tally.dx_um),
        ):
            centres = _bin_centres(count, step)
            axes[axis] = (axis, centres - centres.mean(), {"units": "m"})
    attributes = {
        "schema": balance.schema,
        "version": __version__,
        "case_sha256": balance.case_sha256,
        "seed": balance.seed,
        "method": balance.method,
        "device": balance.device,
    }
    with create_store(path) as store:
        xr.Dataset(variables, axes, attributes).to_zarr(store, mode="w", consolidated=False)


def _bin_centres(count: int | None, step_um: float | None) -> Any:
    return (np.arange(count or 0) + 0.5) * (step_um or 0.0) * UM


def _dataset_variables(field: LightField) -> dict[str, Any]:
    variables = {
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
    return {
        name: (axes, value, {"units": units}) for name, (axes, value, units) in variables.items() if value is not None
    }
