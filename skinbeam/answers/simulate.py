"""The document of `simulate`: one pulse, train or bath on many sampled skins."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.answers.drawn import draw_warnings
from skinbeam.answers.harm import counted_harm
from skinbeam.document import document
from skinbeam.errors import InputError, NotAvailable
from skinbeam.estimate import Unknown, Value
from skinbeam.messages import text
from skinbeam.outcome.harm import HARMS, harm_group
from skinbeam.outcome.healing import TIMES, enter_healing, healing_group
from skinbeam.outcome.injury import enter_injury
from skinbeam.provenance import collect
from skinbeam.schema.load import LoadedCase
from skinbeam.simulate.ends.bath import respond_bath
from skinbeam.simulate.fields import FieldsWriter, fields_writer
from skinbeam.simulate.light.illumination import Illumination, axis_ratio
from skinbeam.simulate.light.spot import illuminate_spot
from skinbeam.simulate.observe import CONTOURS, VESSEL_DAMAGE, observe
from skinbeam.simulate.pulse.response import respond
from skinbeam.simulate.pulse.stopped_flow import with_stopped_flow
from skinbeam.simulate.removal.breakdown import breaks_down
from skinbeam.simulate.removal.bulk_heat import BOILING_C, bulk_boils, bulk_rise
from skinbeam.simulate.removal.microlesion import microlesions
from skinbeam.simulate.scene import Scene, case_warnings, run_chunks, scene_of, schedule_of
from skinbeam.simulate.skins.ensemble import probability, summarise
from skinbeam.simulate.skins.observed import Observed, join, or_unknown
from skinbeam.units import J_CM2, MS

__all__ = ["simulate_document"]

Floats = NDArray[np.float64]

_PROBABILITIES = ("p_closed", "p_closed_agah", "p_ruptured", "p_melanosome_disrupted", "p_breakdown")
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

    def made(body: Mapping[str, Any], warnings: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        return document("skinbeam.simulate/1", case_sha256=loaded.sha256(), seed=seed, warnings=warnings, body=body)

    try:
        with collect() as sources:
            scene = scene_of(loaded)

            def lit(skins: Any) -> Illumination | None:
                if light == "montecarlo" and scene.beam is not None:
                    return illuminate_spot(skins, scene.beam, scene.shares, error=error, seed=seed)
                return scene.light(skins)

            with fields_writer(scene, output, draws, seed) as write:
                parts = run_chunks(scene, draws, seed, lambda skins: _observe(scene, skins, write, lit))
    except NotAvailable as error:
        reason = Unknown(error.reason)
        body = _body({}, np.ones(1), [], (), missing=reason, cause=reason)
        body |= {
            "healing": dict.fromkeys((*TIMES, "wound_open_fraction"), reason),
            "harm": dict.fromkeys(HARMS, reason),
        }
        raise NotAvailable(error.reason, body=made(body, case_warnings(loaded.case))) from None
    weights = np.concatenate([part[1] for part in parts])
    seen, layers = join([part[0] for part in parts]), parts[0][2]
    if bulk_boils(seen.get("microlesion.bulk_rise_K", 0.0), scene.middle):
        seen["microlesion.bulk_rise_K"] = Unknown(text("simulate.bulk-boils"))
    basis = tuple(sources)
    said = _result_warnings(scene, seen, weights)
    if not scene.skin.layers:  # layers that are given in full need not be tissue
        seen = _without_vapour(seen)
    body = _body(seen, weights, layers, basis, missing=Unknown(text("not-apply.microbeam")))
    body["healing"] = healing_group(seen, weights, loaded.case, basis)
    body["harm"] = harm_group(seen, weights, loaded.case, basis, counted_harm)
    return made(body, (*scene.warnings, *said))


def _observe(
    scene: Scene, skins: Any, write: FieldsWriter, lit: Callable[[Any], Illumination | None]
) -> tuple[Observed, Floats, list[str]]:
    weights = np.asarray(skins["weight"].values, dtype=np.float64)
    layers = [str(name) for name in skins["layer"].values]
    beam = scene.beam
    if beam is not None and beam.microbeam is not None:
        seen = microlesions(skins, beam, scene.middle)
        seen["microlesion.bulk_rise_K"] = or_unknown(lambda: bulk_rise(skins, beam, scene.cooling))
    else:
        plan = schedule_of(scene)
        if scene.bath is not None:
            response = respond_bath(skins, plan)
        else:
            response = respond(skins, scene.beam, scene.cooling, lit=lit(skins), schedule=plan)
        exposure = 0.0
        if scene.beam is not None:
            assert scene.beam.fluence_J_cm2 is not None  # a dose was required
            exposure = axis_ratio(scene.beam) * scene.beam.fluence_J_cm2 * J_CM2
        response = with_stopped_flow(response, exposure)
        write(response, exposure)
        seen = observe(response, scene.beam, exposure)
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


def _body(
    seen: Observed,
    weights: Floats,
    layers: Sequence[str],
    basis: Sequence[str],
    *,
    missing: Unknown,
    cause: Unknown | None = None,
) -> dict[str, Any]:
    """The groups of the document. `missing` stands for what was not computed; `cause`, if all of it was not."""

    def because(name: str) -> Unknown:
        return cause or Unknown(text(f"not-apply.{name}"))

    def estimate(name: str, values: Floats) -> Value:
        if np.isnan(values).any():
            return Unknown(text("not-apply.removed"))
        if name in _PROBABILITIES:
            return probability(values > 0.5, weights, basis)
        return summarise(values, weights, basis)

    def value(name: str) -> Value:
        found = seen.get(name, missing)
        return found if isinstance(found, Unknown) else estimate(name.rsplit(".", 1)[-1], found)

    def each_vessel(*names: str) -> list[dict[str, Any]]:
        columns = {name: seen[f"vessels.{name}"] for name in names if f"vessels.{name}" in seen}
        counts = [column.shape[1] for column in columns.values() if not isinstance(column, Unknown)]

        def one(index: int) -> dict[str, Any]:
            return {
                name: column if isinstance(column, Unknown) else estimate(name, column[:, index])
                for name, column in columns.items()
            }

        return [one(index) for index in range(counts[0] if counts else 0)]

    return {
        "light": {
            "reflectance": value("light.reflectance"),
            "absorbed": {name: value(f"light.absorbed.{index}") for index, name in enumerate(layers)} or missing,
            "fluence_rate_ratio_peak": value("light.fluence_rate_ratio_peak"),
            "penetration_depth_um": value("light.penetration_depth_um"),
        },
        "temperature_C": {
            **{name: value(f"temperature_C.{name}") for name in ("surface_peak", "surface_minimum", "basal_peak")},
            "vessels": each_vessel("lumen_peak", "lumen_peak_unheated", "wall_peak"),
        },
        "damage": {
            **{
                name: value(f"damage.{name}")
                for name in ("epidermis_fraction", "coagulation_depth_um", "coagulation_width_um")
            },
            "vessels": each_vessel(*VESSEL_DAMAGE),
            "p_melanosome_disrupted": value("damage.p_melanosome_disrupted"),
            "p_breakdown": value("damage.p_breakdown") if "damage.p_breakdown" in seen else because("no-beam"),
            "contours": {
                level: {size: value(f"damage.contours.{level}.{size}") for size in ("depth_um", "width_um")}
                for level in CONTOURS
            },
        },
        "ablation": {
            "depth_um": value("ablation.depth_um"),
            "width_um": value("ablation.width_um"),
            "residual_damage_um": value("ablation.residual_damage_um"),
            "p_char": value("ablation.p_char"),
        },
        "microlesion": {
            name: value(f"microlesion.{name}") if f"microlesion.{name}" in seen else because("no-microbeam")
            for name in ("ablation_depth_um", "depth_um", "width_um", "coverage_fraction", "bulk_rise_K")
        },
        "cooling": {"film_ms": value("cooling.film_ms") if "cooling.film_ms" in seen else because("film")},
    }
