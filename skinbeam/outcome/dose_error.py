"""Calibrated doses: the computed doses of drawn skins corrected by the known error of the model."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from skinbeam.laser.beam import Beam
from skinbeam.model.case import Case
from skinbeam.model.estimate import Estimate
from skinbeam.model.json_fields import json_entries, json_name
from skinbeam.model.units import MS
from skinbeam.model.value_equality import compared_by_value
from skinbeam.published_doses.calibration import REFERENCE_SPOT_MM, BurnLight, DoseCalibration, burn_calibration
from skinbeam.simulate.model_error import ErrorSide, count_experiments, model_error
from skinbeam.simulate.skins.ensemble import weighted_quantiles
from skinbeam.skin.sample import SkinSample

__all__ = [
    "ED_LEVEL",
    "DoseError",
    "beam_burn_calibration",
    "beam_burn_light",
    "burn_dose_error",
    "draw_burn_ratios",
    "endpoint_dose_error",
    "non_human_preset",
]

Floats = NDArray[np.float64]

ED_LEVEL: Final = 0.68  # ED16 to ED84
# Number of equally likely ratios for each draw; quantiles are interpolated between them, with an error of 1e-3 of a
# dose at a spread of 2.
_STRATA: Final = 41
_NORMALS: Final = ndtri((np.arange(_STRATA) + 0.5) / _STRATA)


@compared_by_value
@dataclass(frozen=True)
class DoseError:
    """Error of the computed doses of a class of endpoints.

    Parameters
    ----------
    endpoint_class : the class.
    rows, sources : numbers of published doses or experiments behind it, and of their sources.
    bias, spread : median and geometric standard deviation of true over computed doses.
    ratios : true over computed doses, (stratum,), all equally likely.
    """

    endpoint_class: str = field(metadata=json_name("class"))
    rows: int
    sources: int
    bias: float
    spread: float
    ratios: Floats = field(metadata=json_entries(lambda ratios: ()))  # in no document

    def calibrated_dose(self, doses: Floats, weights: Floats, most: float, basis: tuple[str, ...]) -> Estimate:
        """Return the dose that half of people need, with the doses that 16 and 84 of 100 need as interval.

        Parameters
        ----------
        doses, weights : computed doses and weights of the draws, (sample,).
        most : upper limit of the search; it replaces computed doses above it.
        """
        tail = (1 - ED_LEVEL) / 2
        true = np.minimum(doses, most)[:, None] * self.ratios
        low, median, high = weighted_quantiles(true.ravel(), np.repeat(weights, _STRATA), (tail, 0.5, 1 - tail))
        return Estimate(median, low, high, ED_LEVEL, "modelled", doses.size, basis)


def beam_burn_light(beam: Beam) -> BurnLight:
    """Return the properties of a beam on which the error of burn doses depends.

    A lamp has the mean wavelength of its light, and microbeams have the reference spot.
    """
    spot_mm = REFERENCE_SPOT_MM if beam.spot_mm is None else beam.spot_mm
    return BurnLight(beam.mean_wavelength_nm, beam.pulse_ms * MS, spot_mm, lamp=len(beam.spectrum) > 1)


def beam_burn_calibration(beam: Beam) -> DoseCalibration:
    """Return the calibration of burn doses by published doses, for the light, pulse and spot of a beam."""
    return burn_calibration(beam_burn_light(beam))


def draw_burn_ratios(beam: Beam, skins: SkinSample, side: ErrorSide) -> Floats:
    """Return true over computed doses that burn, (sample,), drawn independently for effect and harm."""
    return beam_burn_calibration(beam).ratio(skins[f"{side}_error_shift"])


def burn_dose_error(beam: Beam) -> DoseError:
    """Return the error of computed doses that burn the epidermis, for the light and pulse of a beam."""
    calibration = beam_burn_calibration(beam)
    return DoseError(
        calibration.kind,
        calibration.rows,
        calibration.sources,
        calibration.bias,
        calibration.spread,
        calibration.ratio(_NORMALS),
    )


def endpoint_dose_error(endpoint: str) -> DoseError:
    """Return the error of the computed dose of an endpoint: unbiased, with the factor that its experiments show."""
    factor = model_error(endpoint)
    rows, sources = count_experiments(endpoint)
    return DoseError(endpoint, rows, sources, 1.0, factor, factor**_NORMALS)


def non_human_preset(case: Case) -> str | None:
    """Return the preset of a skin that is not human; None for human skin, or if the layers are given."""
    preset = None if case.skin is None else case.skin.preset
    return None if preset == "human" else preset
