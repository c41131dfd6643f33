"""Compute `skinbeam.threshold/1`: the dose at which half of the sampled skins reach an endpoint."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from skinbeam.api.summary import draw_warnings
from skinbeam.model.document import DocumentResult
from skinbeam.model.errors import NotAvailable
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.input_files import LoadedCase
from skinbeam.model.sources import collect_sources
from skinbeam.outcome.burn import burn_coverage_warnings
from skinbeam.outcome.dose_error import ED_LEVEL, DoseError, burn_dose_error, endpoint_dose_error, non_human_preset
from skinbeam.published_doses.calibration import BURN_CLASS
from skinbeam.simulate.endpoints.registry import endpoint_function
from skinbeam.simulate.exposure_thresholds import exposure_thresholds
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.removal.microlesion import max_energy_mJ
from skinbeam.simulate.scene import PulseScene, build_scene, case_warnings, run_chunks
from skinbeam.simulate.skins.ensemble import weighted_quantiles
from skinbeam.simulate.thresholds import MedianVesselEffects, default_dose, search_bracket, threshold_doses
from skinbeam.simulate.vessels.reduction_error import median_reduction_error, reduction_error
from skinbeam.text import DocumentWarning, Message, render_message

__all__ = ["DoseThreshold", "find_threshold"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DoseThreshold(DocumentResult):
    """The dose at which half of such skins reach an endpoint.

    Parameters
    ----------
    of : the quantity of the dose, with its unit.
    model_error, reduction_error, heated_blood, methaemoglobin : geometric spreads and ratios of the model.
    bracket : the searched range.
    dose : ED50; low and high are ED16 and ED84, the spread between people.
    reached : whether a dose of the range reaches the endpoint; unknown where it cannot be evaluated.
    calibrated_dose : the dose moved and widened by `calibration`, what experiments and practice found.
    """

    schema: ClassVar[str] = "skinbeam.threshold/1"

    endpoint: str
    of: str
    model_error: float
    reduction_error: float
    heated_blood: float | Unknown
    methaemoglobin: float | Unknown
    bracket: tuple[float, float]
    dose: Value
    reached: bool | Unknown
    calibrated_dose: Value
    calibration: DoseError | Unknown


def find_threshold(
    loaded: LoadedCase, endpoint: str, *, of: str | None = None, draws: int = 200, seed: int = 0
) -> DoseThreshold:
    """Return the dose at which half of such skins reach an endpoint.

    Raises
    ------
    InputError : an unknown endpoint or dose, or a case that does not fit them.
    NotAvailable : the model cannot evaluate the endpoint; the document then has unknowns in place of values.
    """
    endpoint_function(endpoint)
    name = default_dose(loaded.case, of)
    low, high = search_bracket(loaded.case, name)
    reduction = reduction_error(endpoint)
    heated_blood: float | Unknown = 1.0
    methaemoglobin: float | Unknown = 1.0

    def answer(
        dose: Value,
        reached: bool | Unknown,
        calibrated_dose: Value,
        calibration: DoseError | Unknown,
        warnings: Sequence[DocumentWarning],
    ) -> DoseThreshold:
        return DoseThreshold(
            case_sha256=loaded.sha256(),
            seed=seed,
            warnings=tuple(warnings),
            endpoint=endpoint,
            of=name,
            model_error=model_error(endpoint),
            reduction_error=reduction,
            heated_blood=heated_blood,
            methaemoglobin=methaemoglobin,
            bracket=(low, high),
            dose=dose,
            reached=reached,
            calibrated_dose=calibrated_dose,
            calibration=calibration,
        )

    try:
        with collect_sources() as sources:
            scene = build_scene(loaded, dose_required=False, pulse_required=name != "exposure_s")
            if scene.beam is not None:
                reduction = median_reduction_error(endpoint, scene.median_skin, scene.beam.spectrum)
            if name == "microbeam_mJ" and scene.beam is not None and scene.beam.microbeam is not None:
                high = max_energy_mJ(scene.beam)
            of_middle = MedianVesselEffects(scene, endpoint)
            heated_blood = of_middle.heated_blood_ratio(name)
            find = exposure_thresholds if name == "exposure_s" else threshold_doses
            parts = run_chunks(scene, draws, seed, lambda skins: find(scene, skins, endpoint))
        if name == "fluence_J_cm2":  # a bound whose sources are not sources of the dose
            methaemoglobin = of_middle.methaemoglobin_ratio()
    except NotAvailable as error:
        reason = Unknown(error.reason)
        unknown = answer(reason, reason, reason, reason, case_warnings(loaded.case))
        raise NotAvailable(error.reason, answer=unknown) from None
    doses, weights = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    computed, reached, notes = _dose_estimate(doses, weights, (low, high), endpoint, tuple(sources))
    off, practice = _dose_error(scene, endpoint, name)
    calibrated = computed
    if isinstance(computed, Estimate):
        calibrated = off.calibrated_dose(doses, weights, high, tuple(dict.fromkeys((*sources, *practice))))
    beyond = burn_coverage_warnings(scene) if off.endpoint_class == BURN_CLASS else ()
    warnings = [
        *scene.warnings,
        *draw_warnings(scene, weights),
        *notes,
        *beyond,
        *_exposure_warning(scene, endpoint, name),
    ]
    return answer(computed, reached, calibrated, off, warnings)


def _dose_error(scene: PulseScene, endpoint: str, name: str) -> tuple[DoseError, tuple[str, ...]]:
    """Return the error of computed doses of the endpoint, and its sources."""
    of_burns = endpoint == "epidermal-necrosis" and name == "fluence_J_cm2"
    if scene.beam is None or not of_burns or non_human_preset(scene.loaded_case.case) is not None:
        return endpoint_dose_error(endpoint), ()
    with collect_sources() as practice:
        error = burn_dose_error(scene.beam)
    return error, tuple(practice)


def _exposure_warning(scene: PulseScene, endpoint: str, name: str) -> Iterator[DocumentWarning]:
    """Warn that practice, which moves the fluence that burns, does not move an exposure to the same light."""
    if name != "exposure_s" or endpoint != "epidermal-necrosis" or scene.beam is None or not scene.beam.pulse_ms:
        return
    if scene.beam.microbeam is None and non_human_preset(scene.loaded_case.case) is None:
        params = {"bias": burn_dose_error(scene.beam).bias}
        yield DocumentWarning("exposure-as-computed", Message("simulate.exposure-as-computed", params))


def _dose_estimate(
    doses: Floats, weights: Floats, bracket: tuple[float, float], endpoint: str, basis: tuple[str, ...]
) -> tuple[Value, bool, list[DocumentWarning]]:
    """Return the dose at which half of the draws, (sample,), reach the endpoint, whether any does, and warnings."""
    low, high = bracket
    tail = (1 - ED_LEVEL) / 2
    ed16, ed50, ed84 = weighted_quantiles(np.where(doses > high, np.inf, doses), weights, (tail, 0.5, 1 - tail))
    if not np.isfinite(ed50):
        why = "simulate.not-closed" if endpoint == "vessel-closure" else "simulate.not-reached"
        return Unknown(render_message(why)), False, []
    if not ed50 > 0:
        return Unknown(render_message("simulate.reached-at-rest")), True, []
    notes = {"below-bracket": ed50 < low, "high-beyond-bracket": not np.isfinite(ed84)}
    dose = Estimate(ed50, ed16, min(ed84, high), ED_LEVEL, "modelled", doses.size, basis)
    warnings = [DocumentWarning(code, Message(f"simulate.{code}")) for code, holds in notes.items() if holds]
    return dose, True, warnings
