"""Compute `skinbeam.light-profile/1`: the fluence rate of a wide beam over the depth of sampled skins."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.api.array_result import ArrayResult
from skinbeam.api.skin import check_has_skin
from skinbeam.model.errors import InputError
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import UM
from skinbeam.simulate.appearance import weight_by_reading, weighted_median
from skinbeam.simulate.light.lighting import fluence_between_depths
from skinbeam.simulate.skins.ensemble import INTERVAL_LEVEL, weighted_quantiles
from skinbeam.skin.distribution import SkinDistribution
from skinbeam.skin.properties import optical_properties
from skinbeam.skin.tables import MODEL_RANGE_NM
from skinbeam.text import DocumentWarning, Message

__all__ = ["DepthProfile", "LayerTop", "profile_light"]

Floats = NDArray[np.float64]
MAX_BINS = 1000
_USUAL_DEPTH_um = 2000.0


@dataclass(frozen=True)
class LayerTop:
    """A layer of the median thickness, and the depth at which it begins."""

    name: str
    top_um: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DepthProfile(ArrayResult):
    """The fluence rate over the irradiance in equal bins from the surface down.

    Parameters
    ----------
    depth_um : centres of the bins, (depth,).
    fluence_rate_ratio : fluence rate over irradiance, mean of each bin, (depth,): the weighted median of the draws,
        with low and high of the central `level` of the population. Backscattered light makes it greater than 1 below
        the surface.
    layers : from the surface down, at median thickness.
    """

    schema: ClassVar[str] = "skinbeam.light-profile/1"
    axes: ClassVar[tuple[str, ...]] = ("depth_um",)
    arrays: ClassVar[tuple[str, ...]] = ("fluence_rate_ratio", "fluence_rate_ratio_low", "fluence_rate_ratio_high")

    wavelength_nm: float
    depth_um: Floats
    fluence_rate_ratio: Floats
    fluence_rate_ratio_low: Floats
    fluence_rate_ratio_high: Floats
    level: float
    layers: tuple[LayerTop, ...]
    draws: int
    sources: tuple[str, ...]


def profile_light(
    loaded: LoadedCase, wavelength_nm: float, *, deepest_um: float | None = None, bins: int, draws: int, seed: int
) -> DepthProfile:
    """Return the fluence rate over the irradiance in equal bins from the surface down.

    The beam is collimated, perpendicular and wide. Without a depth the profile ends at 2000 µm, or with the thinnest of
    the skins if that is less. Every bin has the weighted median and the central interval of the
    draws; `layers` are the names and tops of the layers of the median thickness.

    Raises
    ------
    InputError : a case with neither a skin nor a patient, a wavelength outside the skin model, an impossible depth or
        number of bins, or a depth below the last layer of a finite slab.
    """
    check_has_skin(loaded)
    _check_range("wavelength_nm", wavelength_nm, *MODEL_RANGE_NM)
    if deepest_um is not None:
        _check_range("deepest_um", deepest_um, 1.0, 1e5)
    _check_range("bins", bins, 1, MAX_BINS)
    skin = SkinDistribution.from_case(loaded.case)
    warnings = list(skin.warnings)
    if skin.layers:
        warnings.append(DocumentWarning("layers-at-one-wavelength", Message("skin.layers_replace")))
    with collect_sources() as sources:
        skins = skin.sample(draws, seed)
        if skin.reading is not None:
            skins = weight_by_reading(skins, skin.reading)
        weights = skins["weight"]
        thickness_um = [weighted_median(column, weights) / UM for column in skins["thickness_m"].T]
        thinnest_um = float(skins["thickness_m"].sum(axis=1).min()) / UM
        if deepest_um is None:
            deepest_um = min(_USUAL_DEPTH_um, thinnest_um)
        _check_range("deepest_um", deepest_um, 1.0, thinnest_um)
        edges_um = np.linspace(0.0, deepest_um, bins + 1)
        ratio = fluence_between_depths(skins, optical_properties(skins, wavelength_nm), edges_um * UM)
    tail = (1.0 - INTERVAL_LEVEL) / 2.0
    low, median, high = np.array(
        [weighted_quantiles(cell, weights, (tail, 0.5, 1.0 - tail)) for cell in ratio.fluence_rate_ratio.T]
    ).T
    tops_um = np.concatenate([[0.0], np.cumsum(thickness_um[:-1])])
    return DepthProfile(
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=tuple(warnings),
        wavelength_nm=wavelength_nm,
        depth_um=0.5 * (edges_um[1:] + edges_um[:-1]),
        fluence_rate_ratio=median,
        fluence_rate_ratio_low=low,
        fluence_rate_ratio_high=high,
        level=INTERVAL_LEVEL,
        layers=tuple(LayerTop(str(name), float(top)) for name, top in zip(skins.layers, tops_um, strict=True)),
        draws=draws,
        sources=tuple(sorted(sources)),
    )


def _check_range(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        hint = f"From {low:g} to {high:g}." if np.isfinite(high) else f"From {low:g} on."
        raise InputError("out-of-range", f"{name} = {value:g} was read", field=name, hint=hint)
