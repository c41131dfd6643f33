"""Compute `skinbeam.simulate/1`: a pulse, train or bath on many sampled skins."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skinbeam.api.plan_anchor import lesion_burn_warnings, plan_anchor
from skinbeam.api.summary import DrawSummaries, Simulation, draw_warnings
from skinbeam.evidence.harm_counts import harm_share_in_trials
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.per_hundred import per_hundred
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import MS, UM
from skinbeam.outcome.burn import burn_coverage_warnings, estimate_burn, record_burn, scaled_burn_share
from skinbeam.outcome.healing import HealingSummary, record_healing, summarise_healing
from skinbeam.outcome.injury import HarmProbabilities, record_injury, summarise_harm
from skinbeam.simulate.endpoints.bath import simulate_bath
from skinbeam.simulate.fields import FieldsWriter, open_fields_writer
from skinbeam.simulate.light.illumination import Illumination, axis_exposure
from skinbeam.simulate.light.lighting import illuminate_spot
from skinbeam.simulate.pulse.nonlinear_response import apply_stopped_flow
from skinbeam.simulate.pulse.response import simulate_pulse
from skinbeam.simulate.quantities import pulse_quantities
from skinbeam.simulate.removal.breakdown import optical_breakdown
from skinbeam.simulate.removal.bulk_heating import BOILING_C, bulk_temperature_rise, is_bulk_boiling
from skinbeam.simulate.removal.microlesion import microlesion_quantities
from skinbeam.simulate.scene import PulseScene, build_scene, build_schedule, case_warnings, run_chunks
from skinbeam.simulate.skins.depth_grid import pulse_grid
from skinbeam.simulate.skins.ensemble import SampledQuantities, is_peak_temperature, join_chunks, value_or_unknown
from skinbeam.skin.properties import optical_properties, thermal_properties
from skinbeam.text import DocumentWarning, Message, render_message

__all__ = ["simulate_case"]

Floats = NDArray[np.float64]

SURFACE_LOSS = 0.1  # of the rise at the surface that the middle of the uppermost cell may lack without a warning
CARBON_LIMIT_C = 3600.0  # carbon, the last residue of dry tissue, sublimes in air at this temperature


def simulate_case(
    loaded: LoadedCase,
    *,
    draws: int = 200,
    seed: int = 0,
    output: Path | None = None,
    light: str = "ordinates",
    error: float | None = None,
) -> Simulation:
    """Simulate a pulse case on such skins; with `output`, write the fields as a Zarr store too.

    Parameters
    ----------
    light : `ordinates` for the exact solution of layers times the share of the spot in the median skin, `montecarlo`
        for photon packets in every draw.
    error : relative standard error that ends the Monte Carlo of a draw.

    Raises
    ------
    InputError : a fault of the case, or too much to compute.
    NotAvailable : nothing can be computed; the document then has unknowns in place of values.
    """
    bath = loaded.case.bath
    if bath is not None and bath.exposure_s is None:
        raise InputError(
            "missing-key", '"exposure_s" is missing, nothing was read', field="bath.exposure_s", hint="The time in s."
        )

    try:
        with collect_sources() as sources:
            scene = build_scene(loaded)
            lit = _choose_light(scene, light, error, seed)
            with open_fields_writer(scene, output, draws, seed) as write:
                parts = run_chunks(scene, draws, seed, lambda skins: _observe(scene, skins, write, lit))
    except NotAvailable as silence:
        nothing = _unknown_simulation(loaded, seed, Unknown(silence.reason))
        raise NotAvailable(silence.reason, answer=nothing) from None
    weights = np.concatenate([part[1] for part in parts])
    seen, layers = join_chunks([part[0] for part in parts]), parts[0][2]
    if is_bulk_boiling(seen.get("microlesion.bulk_rise_K", 0.0), scene.median_skin):
        seen["microlesion.bulk_rise_K"] = Unknown(render_message("simulate.bulk-boils"))
    basis = tuple(sources)
    result_warnings = _result_warnings(scene, seen, weights)
    if error is not None and light != "montecarlo":
        result_warnings.append(DocumentWarning("error-not-used", Message("simulate.error-not-used")))
    if not scene.skin.layers:  # layers that the case defines itself need not be tissue
        seen = _mask_vaporised_peaks(seen)
    burn = estimate_burn(seen, scene, weights, basis)
    beyond = () if isinstance(burn.doses, Unknown) else burn_coverage_warnings(scene)
    if isinstance(burn.p, Estimate):
        beyond += tuple(_plan_warnings(burn.p, seen, scene, weights))
    summaries = DrawSummaries(seen, weights, layers, basis, missing=Unknown(render_message("not-apply.microbeam")))
    return summaries.simulation(
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=(*scene.warnings, *result_warnings, *beyond),
        burn=burn.doses,
        healing=summarise_healing(seen, weights, loaded.case, basis),
        harm=summarise_harm(burn.p, seen, weights, loaded.case, basis, harm_share_in_trials),
    )


def _unknown_simulation(loaded: LoadedCase, seed: int, reason: Unknown) -> Simulation:
    """Return the simulation if nothing was computed: every value is unknown."""
    summaries = DrawSummaries({}, np.ones(1), (), (), missing=reason, cause=reason)
    return summaries.simulation(
        case_sha256=loaded.sha256(),
        seed=seed,
        warnings=tuple(case_warnings(loaded.case)),
        burn=reason,
        healing=HealingSummary.unknown(reason),
        harm=HarmProbabilities(reason, reason, reason, reason),
    )


def _choose_light(
    scene: PulseScene, light: str, error: float | None, seed: int
) -> Callable[[Any], Illumination | None]:
    """Return the function that computes the light in skins with the requested engine; it gives None without a beam."""
    beam = scene.beam
    if light == "montecarlo" and beam is not None:
        return lambda skins: illuminate_spot(
            skins, beam, scene.spot_shares, scene.lit_median_skin, error=error, seed=seed
        )
    return scene.illuminate


def _observe(
    scene: PulseScene, skins: Any, write: FieldsWriter, lit: Callable[[Any], Illumination | None]
) -> tuple[SampledQuantities, Floats, list[str]]:
    weights = skins["weight"]
    layers = list(skins.layers)
    beam = scene.beam
    if beam is not None and beam.microbeam is not None:
        seen = microlesion_quantities(skins, beam, scene.median_skin)
        seen["microlesion.bulk_rise_K"] = value_or_unknown(lambda: bulk_temperature_rise(skins, beam, scene.cooling))
        record_burn(seen, scene, None)
    else:
        plan = build_schedule(scene)
        if scene.bath is not None:
            response = simulate_bath(skins, plan)
        else:
            response = simulate_pulse(skins, scene.beam, scene.cooling, illumination=lit(skins), schedule=plan)
        exposure = 0.0 if scene.beam is None else axis_exposure(scene.beam)
        stopped = apply_stopped_flow(response, exposure)
        write(stopped, exposure)
        seen = pulse_quantities(stopped, scene.beam, exposure)
        record_burn(seen, scene, response)
        if scene.cooling.film is not None:
            seen["cooling.film_ms"] = response.surface_conditions.film_duration_s / MS
    if scene.beam is not None:
        gathered = seen.get("light.fluence_rate_ratio_peak", 1.0)
        seen["damage.p_breakdown"] = optical_breakdown(
            skins, scene.beam, 1.0 if isinstance(gathered, Unknown) else gathered
        )
    if scene.cooling.kind != "spray":
        seen["cooling.film_ms"] = np.zeros(weights.size)
    record_injury(seen, scene, skins)
    record_healing(seen, skins, None if scene.beam is None else scene.beam.wavelength_nm)
    return seen, weights, layers


def _mask_vaporised_peaks(quantities: SampledQuantities) -> SampledQuantities:
    """Return `quantities` with peaks marked as removed if half of such skins would be hotter than carbon sublimes."""
    left = dict(quantities)
    for name, values in quantities.items():
        is_peak = is_peak_temperature(name) or name == "vessels.lumen_peak_unheated"
        if is_peak and not isinstance(values, Unknown):
            left[name] = np.where(np.median(values, axis=0) > CARBON_LIMIT_C, np.nan, values)
    return left


def _result_warnings(scene: PulseScene, quantities: SampledQuantities, weights: Floats) -> list[DocumentWarning]:
    warnings = draw_warnings(scene, weights)
    peaks = [
        float(np.median(values.max(axis=1) if values.ndim > 1 else values))
        for name, values in quantities.items()
        if is_peak_temperature(name) and not isinstance(values, Unknown) and not np.isnan(values).any()
    ]
    if max(peaks, default=0.0) > BOILING_C:
        warnings.append(DocumentWarning("above-boiling", Message("simulate.above-boiling")))
    coldest = quantities.get("temperature_C.surface_minimum")
    if isinstance(coldest, np.ndarray) and float(np.median(coldest)) < 0.0:
        warnings.append(DocumentWarning("below-freezing", Message("simulate.below-freezing")))
    return warnings + _surface_warnings(scene)


def _plan_warnings(
    share: Estimate, quantities: SampledQuantities, scene: PulseScene, weights: Floats
) -> Iterator[DocumentWarning]:
    """Warn where a plan tells another probability of a burn at the same setting, and say why."""
    yield from lesion_burn_warnings(scene)
    factor = plan_anchor(scene)
    anchored = factor and scaled_burn_share(quantities, scene, weights, factor)
    if anchored is not None:
        params = {"share": per_hundred(share.median), "anchored": per_hundred(anchored), "factor": factor or 1.0}
        yield DocumentWarning("plan-anchors-burns", Message("simulate.plan-anchors-burns", params))


def _surface_warnings(scene: PulseScene) -> list[DocumentWarning]:
    """Return a warning if the heat of a pulse lies in less than the grid resolves at the surface.

    At the depth x the rise is lower than at the surface: by the share x / δ of light that is absorbed within δ before
    its heat spreads, by x / ℓ of light that is absorbed at the surface, with ℓ = √(4 α t / π), and by x² / (2 δ ℓ)
    between: about x² / (δ (2 ℓ + x) + x ℓ), which is right to a fifth.
    """
    beam = scene.beam
    if beam is None or beam.microbeam is not None:
        return []
    skin = scene.median_skin
    heat = thermal_properties(skin)
    diffusivity = float(heat.conductivity[0, 0] / heat.heat_capacity_vol[0, 0])
    mua = max(float(optical_properties(skin, nm).mua[0, 0]) for nm, _ in beam.spectrum)
    absorbed_m = 1.0 / mua if mua > 0.0 else np.inf
    spread_m = float(np.sqrt(4.0 * diffusivity * beam.pulse_ms * MS / np.pi))
    depth_m = 0.5 * float(pulse_grid(skin).widths[0, 0])
    if depth_m**2 < SURFACE_LOSS * (absorbed_m * (2.0 * spread_m + depth_m) + depth_m * spread_m):
        return []
    words = {"absorbed": absorbed_m / UM, "spread": spread_m / UM, "depth": depth_m / UM}
    return [DocumentWarning("surface-not-resolved", Message("simulate.surface-not-resolved", words))]
