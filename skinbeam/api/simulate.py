"""The document of `simulate`: one pulse, train or bath on many sampled skins."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.answers.drawn import draw_warnings
from skinbeam.answers.groups import Groups
from skinbeam.answers.harm import counted_harm
from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Unknown
from skinbeam.messages import text
from skinbeam.outcome.burn import burn_of, enter_burn
from skinbeam.outcome.harm import HARMS, harm_group
from skinbeam.outcome.healing import TIMES, enter_healing, healing_group
from skinbeam.outcome.injury import enter_injury
from skinbeam.provenance import collect
from skinbeam.schema.load import LoadedCase
from skinbeam.simulate.ends.bath import respond_bath
from skinbeam.simulate.fields import FieldsWriter, fields_writer
from skinbeam.simulate.light.illumination import Illumination, axis_exposure
from skinbeam.simulate.light.lighting import illuminate_spot
from skinbeam.simulate.observe import observe
from skinbeam.simulate.pulse.response import respond
from skinbeam.simulate.pulse.stopped_flow import with_stopped_flow
from skinbeam.simulate.removal.breakdown import breaks_down
from skinbeam.simulate.removal.bulk_heat import BOILING_C, bulk_boils, bulk_rise
from skinbeam.simulate.removal.microlesion import microlesions
from skinbeam.simulate.scene import Scene, case_warnings, run_chunks, scene_of, schedule_of
from skinbeam.simulate.skins.observed import Observed, join, or_unknown
from skinbeam.units import MS

__all__ = ["simulate_document"]

Floats = NDArray[np.float64]

_PEAKS = ("temperature_C.surface_peak", "temperature_C.basal_peak", "vessels.lumen_peak", "vessels.wall_peak")
CARBON_C = 3600.0  # where the last of dry tissue, its carbon, sublimes in air


def simulate_document(
    loaded: LoadedCase,
    *,
    draws: int = 200,
    seed: int = 0,
    output: Path | None = None,
    light: str = "ordinates",
    error: float | None = None,
) -> dict[str, Any]:
    """Return skinbeam.simulate/1 of a pulse case; with `output`, write the fields as a Zarr store too.

    Parameters
    ----------
    light : ordinates for exact layers times the share of the spot in the middle skin, montecarlo for packets in every
        draw.
    error : relative standard error that ends the Monte Carlo of a draw.

    Raises
    ------
    InputError : what is wrong with the case, or too much to compute.
    NotAvailable : nothing of it can be computed; the document then holds unknowns.
    """
    bath = loaded.case.bath
    if bath is not None and bath.exposure_s is None:
        raise InputError(
            "missing-key", '"exposure_s" is missing, nothing was read', field="bath.exposure_s", hint="The time in s."
        )

    def made(body: Mapping[str, Any], warnings: Sequence[Any]) -> dict[str, Any]:
        return document("skinbeam.simulate/1", case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=body)

    try:
        with collect() as sources:
            scene = scene_of(loaded)
            lit = _light_of(scene, light, error, seed)
            with fields_writer(scene, output, draws, seed) as write:
                parts = run_chunks(scene, draws, seed, lambda skins: _observe(scene, skins, write, lit))
    except NotAvailable as silence:
        whole = made(_nothing(Unknown(silence.reason)), case_warnings(loaded.case))
        raise NotAvailable(silence.reason, body=whole) from None
    weights = np.concatenate([part[1] for part in parts])
    seen, layers = join([part[0] for part in parts]), parts[0][2]
    if bulk_boils(seen.get("microlesion.bulk_rise_K", 0.0), scene.middle):
        seen["microlesion.bulk_rise_K"] = Unknown(text("simulate.bulk-boils"))
    basis = tuple(sources)
    said = _result_warnings(scene, seen, weights)
    if not scene.skin.layers:  # layers that are given in full need not be tissue
        seen = _without_vapour(seen)
    body = Groups(seen, weights, layers, basis, missing=Unknown(text("not-apply.microbeam"))).body()
    body["healing"] = healing_group(seen, weights, loaded.case, basis)
    burn = burn_of(seen, scene, weights, basis)
    body["damage"]["burn"] = burn.doses
    body["harm"] = {"p_burn": burn.p} | harm_group(seen, weights, loaded.case, basis, counted_harm)
    return made(body, (*scene.warnings, *said))


def _nothing(reason: Unknown) -> dict[str, Any]:
    """The body when nothing was computed: every key, no value."""
    healing = dict.fromkeys((*TIMES, "wound_open_fraction"), reason)
    groups = Groups({}, np.ones(1), (), (), missing=reason, cause=reason).body()
    groups["damage"]["burn"] = reason
    return groups | {"healing": healing, "harm": dict.fromkeys(("p_burn", *HARMS), reason)}


def _light_of(scene: Scene, light: str, error: float | None, seed: int) -> Callable[[Any], Illumination | None]:
    """What lights skins: the engine asked for; None of it where the scene has no beam."""
    beam = scene.beam
    if light == "montecarlo" and beam is not None:
        return lambda skins: illuminate_spot(skins, beam, scene.shares, scene.middle_light, error=error, seed=seed)
    return scene.light


def _observe(
    scene: Scene, skins: Any, write: FieldsWriter, lit: Callable[[Any], Illumination | None]
) -> tuple[Observed, Floats, list[str]]:
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    layers = [str(name) for name in skins["layer"].values]
    beam = scene.beam
    if beam is not None and beam.microbeam is not None:
        seen = microlesions(skins, beam, scene.middle)
        seen["microlesion.bulk_rise_K"] = or_unknown(lambda: bulk_rise(skins, beam, scene.cooling))
        enter_burn(seen, scene, None)
    else:
        plan = schedule_of(scene)
        if scene.bath is not None:
            response = respond_bath(skins, plan)
        else:
            response = respond(skins, scene.beam, scene.cooling, lit=lit(skins), schedule=plan)
        exposure = 0.0 if scene.beam is None else axis_exposure(scene.beam)
        stopped = with_stopped_flow(response, exposure)
        write(stopped, exposure)
        seen = observe(stopped, scene.beam, exposure)
        enter_burn(seen, scene, response)
        if scene.cooling.film is not None:
            seen["cooling.film_ms"] = response.met.film_s / MS
    if scene.beam is not None:
        gathered = seen.get("light.fluence_rate_ratio_peak", 1.0)
        seen["damage.p_breakdown"] = breaks_down(skins, scene.beam, 1.0 if isinstance(gathered, Unknown) else gathered)
    if scene.cooling.kind != "spray":
        seen["cooling.film_ms"] = np.zeros(weights.size)
    enter_injury(seen, scene, skins)
    enter_healing(seen, skins)
    return seen, weights, layers


def _without_vapour(seen: Observed) -> Observed:
    """Return `seen` with peaks as removed where half of such skins would be hotter than carbon lasts."""
    left = dict(seen)
    for name in (*_PEAKS, "vessels.lumen_peak_unheated"):
        values = left.get(name)
        if values is not None and not isinstance(values, Unknown):
            left[name] = np.where(np.median(values, axis=0) > CARBON_C, np.nan, values)
    return left


def _result_warnings(scene: Scene, seen: Observed, weights: Floats) -> list[dict[str, str]]:
    """What the reader should know about these results."""
    warnings = draw_warnings(scene, weights)
    peaks = [
        float(np.median(values.max(axis=1) if values.ndim > 1 else values))
        for name, values in seen.items()
        if name in _PEAKS and not isinstance(values, Unknown) and not np.isnan(values).any()
    ]
    if max(peaks, default=0.0) > BOILING_C:
        warnings.append({"code": "above-boiling", "message": text("simulate.above-boiling")})
    coldest = seen.get("temperature_C.surface_minimum")
    if isinstance(coldest, np.ndarray) and float(np.median(coldest)) < 0.0:
        warnings.append({"code": "below-freezing", "message": text("simulate.below-freezing")})
    return warnings
