"""How likely a pulse burns the epidermis of such a person, so that it blisters or crusts.

The computed dose at which a drawn skin's basal layer dies is off by what published doses and burns show
(`practice.calibration`). The share of people who are burned is the mean over draws of the probability that the true
dose of that skin is at most the dose of the case:

    p_burn = mean of P(ln(true / computed) <= ln(dose / computed dose of the draw))                    (burn 1)
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.estimate import Unknown, Value
from skinbeam.laser.settings import Beam
from skinbeam.messages import text
from skinbeam.outcome.calibrated import ED_LEVEL, burn_ratios, calibration_of, error_of_burns, preset_of_no_person
from skinbeam.practice.counted import Tolerated, tolerated_near
from skinbeam.provenance import collect
from skinbeam.schema.case import Case
from skinbeam.schema.fields import phototype_range
from skinbeam.simulate.light.illumination import axis_exposure, axis_ratio
from skinbeam.simulate.pulse.dose import DOSE_RANGE_J_M2, cell_death_dose
from skinbeam.simulate.pulse.places import basal_layer
from skinbeam.simulate.pulse.response import Response
from skinbeam.simulate.scene import Scene
from skinbeam.simulate.skins.ensemble import probability, summarise
from skinbeam.simulate.skins.observed import Observed, or_unknown
from skinbeam.skin.melanin import phototype_range as of_colour
from skinbeam.units import J_CM2, MS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Burn", "burn_of", "burnt_in", "enter_burn", "is_short"]

Floats = NDArray[np.float64]

_DOSE: Final = "burn.dose_J_m2"
# Trials of short pulses were of those that break granules one by one, within the relaxation time of a micrometre.
# Longer pulses that break them have heated the whole epidermis.
_SHORT_S: Final = 1e-6


class Burn(NamedTuple):
    """The probability of a burn, and the doses that it follows from with what they rest on: tables of the document."""

    p: Value
    doses: Mapping[str, Any] | Unknown


def enter_burn(seen: Observed, scene: Scene, response: Response | None) -> None:
    """Enter the radiant exposure on the axis that kills each draw's basal layer, (sample,), or why none is asked for.

    Parameters
    ----------
    seen : holds what was removed already.
    response : None for microbeams. Of unstopped blood flow: cells die long before vessels are damaged.
    """
    why = _why_not(seen, scene)
    if why is None and response is not None:
        seen[_DOSE] = or_unknown(lambda: cell_death_dose(response, basal_layer(response)))
    else:
        seen[_DOSE] = why or Unknown(text("burn.columns"))


def burnt_in(seen: Observed, scene: Scene, skins: "xr.Dataset") -> NDArray[np.bool_] | None:
    """Return which draws are burnt, each with an error of its own, (sample,); None where burns are not told."""
    doses, beam = seen[_DOSE], scene.beam
    if isinstance(doses, Unknown) or beam is None:
        return None
    return np.asarray(doses * burn_ratios(beam, skins, "harm") <= axis_exposure(beam))


def is_short(beam: Beam | None) -> bool:
    """Return whether granules of pigment break one by one in these pulses, before the epidermis around them heats."""
    return beam is not None and beam.pulse_ms * MS <= _SHORT_S


def _why_not(seen: Observed, scene: Scene) -> Unknown | None:
    """Why burns are not told of this case; None where they are."""
    beam = scene.beam
    if scene.bath is not None:
        return Unknown(text("burn.bath"))
    if beam is None:
        return Unknown(text("not-apply.no-beam"))
    if (preset := preset_of_no_person(scene.loaded.case)) is not None:
        return Unknown(text("burn.no-person", {"preset": preset}))
    if beam.microbeam is not None:
        return Unknown(text("burn.columns"))
    if is_short(beam):
        return Unknown(text("burn.short"))
    removed = seen["ablation.depth_um"]
    if isinstance(removed, Unknown):
        return removed
    return Unknown(text("burn.removed")) if removed.any() else None


def burn_of(seen: Observed, scene: Scene, weights: Floats, basis: tuple[str, ...]) -> Burn:
    """Return how likely such people are burned, and by which doses, or why that is unknown.

    Parameters
    ----------
    basis : behind what was simulated.
    """
    doses, beam = seen[_DOSE], scene.beam
    if beam is None and scene.bath is None:
        assert isinstance(doses, Unknown)  # there is no light
        return Burn(summarise(np.zeros(weights.size), weights, basis), doses)
    if isinstance(doses, Unknown):
        return Burn(doses, doses)
    assert beam is not None  # a bath has no dose of light
    return _of_light(doses, beam, scene.loaded.case, weights, basis)


def _tolerated(beam: Beam, case: Case) -> Tolerated | Unknown:
    """The doses that clinics tell were tolerated with such light on such skin."""
    lamp = len(beam.spectrum) > 1
    found = tolerated_near(beam.wavelength_nm, beam.pulse_ms, beam.spot_mm, _phototypes(case), lamp=lamp)
    return Unknown(text("burn.none-tolerated")) if found is None else found


def _phototypes(case: Case) -> tuple[int, int] | None:
    """Lowest and highest phototype of a measured colour, else those that were said."""
    angles = [part.ita_deg for part in (case.skin, case.patient) if part is not None and part.ita_deg is not None]
    said = case.patient.phototype if case.patient is not None else None
    grade = of_colour(angles[0]) if angles else said
    return None if grade is None else phototype_range(grade)


def _of_light(doses: Floats, beam: Beam, case: Case, weights: Floats, basis: tuple[str, ...]) -> Burn:
    with collect() as practice:
        calibration, error = calibration_of(beam), error_of_burns(beam)
    behind = tuple(dict.fromkeys((*basis, *practice)))
    with np.errstate(divide="ignore"):
        reached = calibration.p_reached(axis_exposure(beam) / doses)
    shown = J_CM2 * axis_ratio(beam)  # as the case states its dose
    computed = summarise(doses / shown, weights, basis, level=ED_LEVEL)
    unknown = isinstance(computed, Unknown)
    true = computed if unknown else error.dose(doses / shown, weights, DOSE_RANGE_J_M2[1] / shown, behind)
    told = {
        "computed_dose_J_cm2": computed,
        "calibrated_dose_J_cm2": true,
        "tolerated": _tolerated(beam, case),
        "calibration": error,
    }
    return Burn(probability(reached, weights, behind), told)
