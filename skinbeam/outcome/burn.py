"""Probability that a pulse burns the epidermis of such a person, so that it blisters or crusts.

The computed dose at which the basal layer of a drawn skin dies has an error, which is calibrated with published doses
and burns (`published_doses.calibration`). The share of people who are burned is the mean over draws of the probability
that the true dose of that skin is at most the dose of the case:

    p_burn = mean of P(ln(true / computed) <= ln(dose / computed dose of the draw))                    (burn 1)
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate, Unknown, Value
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import J_CM2, MS
from skinbeam.model.vocabulary import phototype_range
from skinbeam.outcome.dose_error import (
    ED_LEVEL,
    DoseError,
    beam_burn_calibration,
    beam_burn_light,
    burn_dose_error,
    draw_burn_ratios,
    non_human_preset,
)
from skinbeam.published_doses.calibration import DoseCalibration
from skinbeam.published_doses.counts import ToleratedDoses, find_tolerated_doses
from skinbeam.published_doses.coverage import uncovered_warnings
from skinbeam.simulate.light.illumination import axis_exposure, axis_fluence_ratio
from skinbeam.simulate.pulse.damage_dose import DOSE_RANGE_J_M2, cell_death_dose
from skinbeam.simulate.pulse.locations import basal_layer_response
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.scene import PulseScene
from skinbeam.simulate.skins.ensemble import SampledQuantities, summarise_draws, value_or_unknown, weighted_probability
from skinbeam.skin.melanin import matching_phototypes
from skinbeam.skin.sample import SkinSample
from skinbeam.text import DocumentWarning, render_message

__all__ = [
    "BurnDoseSummary",
    "BurnEstimate",
    "burn_coverage_warnings",
    "burnt_draws",
    "estimate_burn",
    "is_short_pulse",
    "record_burn",
    "scaled_burn_share",
]

Floats = NDArray[np.float64]

_BURN_DOSE_KEY: Final = "burn.dose_J_m2"
# Trials of short pulses used pulses that break granules one by one, within the thermal relaxation time of a micrometre.
# Longer pulses that break granules have heated the whole epidermis.
_SHORT_PULSE_S: Final = 1e-6


@dataclass(frozen=True)
class BurnDoseSummary:
    """Doses that burn the epidermis, and what stands behind them.

    Parameters
    ----------
    computed_dose_J_cm2, calibrated_dose_J_cm2 : ED50, as the case states its dose; the second is corrected and widened
        by the error of the model.
    p_uncalibrated : share of such skins that are burnt by the computed dose alone.
    tolerated : doses that clinics report as tolerated with such light.
    calibration : the error of the model.
    """

    computed_dose_J_cm2: Value
    calibrated_dose_J_cm2: Value
    p_uncalibrated: Estimate
    tolerated: ToleratedDoses | Unknown
    calibration: DoseError


class BurnEstimate(NamedTuple):
    """The probability of a burn, and the doses from which it follows."""

    p: Value
    doses: BurnDoseSummary | Unknown


def record_burn(quantities: SampledQuantities, scene: PulseScene, response: PulseResponse | None) -> None:
    """Store the radiant exposure on the axis that kills the basal layer of each draw, (sample,), or why it is unknown.

    Parameters
    ----------
    quantities : quantities of the draws; the depth of ablation must be stored already.
    response : None for microbeams. Its blood flow is not stopped: cells die long before vessels are damaged.
    """
    why = _unanswerable_reason(quantities, scene)
    if why is None and response is not None:
        quantities[_BURN_DOSE_KEY] = value_or_unknown(lambda: cell_death_dose(response, basal_layer_response(response)))
    else:
        quantities[_BURN_DOSE_KEY] = why or Unknown(render_message("burn.columns"))


def burnt_draws(quantities: SampledQuantities, scene: PulseScene, skins: SkinSample) -> NDArray[np.bool_] | None:
    """Return which draws are burnt, each with its own model error, (sample,); None if burns are unknown."""
    doses, beam = quantities[_BURN_DOSE_KEY], scene.beam
    if isinstance(doses, Unknown) or beam is None:
        return None
    return np.asarray(doses * draw_burn_ratios(beam, skins, "harm") <= axis_exposure(beam))


def is_short_pulse(beam: Beam | None) -> bool:
    """Return whether pigment granules break one by one in these pulses, before the surrounding epidermis is heated."""
    return beam is not None and beam.pulse_ms * MS <= _SHORT_PULSE_S


def _unanswerable_reason(quantities: SampledQuantities, scene: PulseScene) -> Unknown | None:
    """Return why the probability of a burn cannot be computed for this case; None if it can."""
    beam = scene.beam
    if scene.bath is not None:
        return Unknown(render_message("burn.bath"))
    if beam is None:
        return Unknown(render_message("not-apply.no-beam"))
    if (preset := non_human_preset(scene.loaded_case.case)) is not None:
        return Unknown(render_message("burn.no-person", {"preset": preset}))
    if beam.microbeam is not None:
        return Unknown(render_message("burn.columns"))
    if is_short_pulse(beam):
        return Unknown(render_message("burn.short"))
    removed = quantities["ablation.depth_um"]
    if isinstance(removed, Unknown):
        return removed
    return Unknown(render_message("burn.removed")) if removed.any() else None


def estimate_burn(
    quantities: SampledQuantities, scene: PulseScene, weights: Floats, basis: tuple[str, ...]
) -> BurnEstimate:
    """Return the probability of a burn with the doses from which it follows, or why it is unknown.

    Parameters
    ----------
    basis : source keys of the simulation.
    """
    doses, beam = quantities[_BURN_DOSE_KEY], scene.beam
    if beam is None and scene.bath is None:
        assert isinstance(doses, Unknown)  # there is no light
        return BurnEstimate(summarise_draws(np.zeros(weights.size), weights, basis), doses)
    if isinstance(doses, Unknown):
        return BurnEstimate(doses, doses)
    assert beam is not None  # a bath has no dose of light
    return _estimate_light_burn(doses, beam, scene, weights, basis)


def scaled_burn_share(quantities: SampledQuantities, scene: PulseScene, weights: Floats, scale: float) -> float | None:
    """Return the share of such people who are burnt if doses that burn are so many times higher; None if unknown."""
    doses, beam = quantities[_BURN_DOSE_KEY], scene.beam
    if isinstance(doses, Unknown) or beam is None:
        return None
    return float(np.average(_burnt_shares(beam, beam_burn_calibration(beam), scale * doses), weights=weights))


def burn_coverage_warnings(scene: PulseScene) -> tuple[DocumentWarning, ...]:
    """Return in what the calibrated doses of burns leave the published doses behind them, for the beam of a case."""
    beam, case = scene.beam, scene.loaded_case.case
    if beam is None or beam.microbeam is not None or is_short_pulse(beam) or non_human_preset(case) is not None:
        return ()
    return uncovered_warnings(beam_burn_light(beam), scene.cooling.kind, _case_phototypes(case))


def _tolerated_doses(scene: PulseScene, beam: Beam) -> ToleratedDoses | Unknown:
    """Return the doses that clinics report as tolerated with such light on such skin, cooled like this."""
    doses = find_tolerated_doses(
        beam.wavelength_nm,
        beam.pulse_ms,
        beam.spot_mm,
        _case_phototypes(scene.loaded_case.case),
        cooling=scene.cooling.kind,
        lamp=len(beam.spectrum) > 1,
    )
    return Unknown(render_message("burn.none-tolerated")) if doses is None else doses


def _case_phototypes(case: Case) -> tuple[int, int] | None:
    """Return the lowest and highest phototype of a measured colour, else of the stated phototype."""
    angles = case.measured_ita_deg
    reported = case.patient.phototype if case.patient is not None else None
    grade = matching_phototypes(angles[0]) if angles else reported
    return None if grade is None else phototype_range(grade)


def _burnt_shares(beam: Beam, calibration: DoseCalibration, doses: Floats) -> Floats:
    """Return the probability that the beam burns each draw, of which the computed dose that burns is given."""
    with np.errstate(divide="ignore"):
        return calibration.p_reached(axis_exposure(beam) / doses)


def _estimate_light_burn(
    doses: Floats, beam: Beam, scene: PulseScene, weights: Floats, basis: tuple[str, ...]
) -> BurnEstimate:
    with collect_sources() as practice:
        calibration, error = beam_burn_calibration(beam), burn_dose_error(beam)
    behind = tuple(dict.fromkeys((*basis, *practice)))
    reached = _burnt_shares(beam, calibration, doses)
    uncalibrated = (doses <= axis_exposure(beam)).astype(np.float64)
    shown = J_CM2 * axis_fluence_ratio(beam)  # as the case states its dose
    computed = summarise_draws(doses / shown, weights, basis, level=ED_LEVEL)
    unknown = isinstance(computed, Unknown)
    true = computed if unknown else error.calibrated_dose(doses / shown, weights, DOSE_RANGE_J_M2[1] / shown, behind)
    summary = BurnDoseSummary(
        computed_dose_J_cm2=computed,
        calibrated_dose_J_cm2=true,
        p_uncalibrated=weighted_probability(uncalibrated, weights, basis),
        tolerated=_tolerated_doses(scene, beam),
        calibration=error,
    )
    return BurnEstimate(weighted_probability(reached, weights, behind), summary)
