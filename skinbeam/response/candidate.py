"""Evaluate a candidate setting with its dose: thresholds, burns, bruising."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skinbeam.laser.beam import Beam
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.estimate import Estimate
from skinbeam.model.units import J_CM2
from skinbeam.model.value_equality import compared_by_value
from skinbeam.outcome.dose_error import beam_burn_calibration
from skinbeam.published_doses.calibration import DoseCalibration
from skinbeam.published_doses.personal_calibration import PersonalCalibration
from skinbeam.response.limits import LimitValues, LimitVerdict, SettingLimit
from skinbeam.response.settings import SearchMachine
from skinbeam.simulate.endpoints.melanosomes import melanosome_disruption_dose
from skinbeam.simulate.model_error import model_error
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.skins.ensemble import weighted_probability, weighted_share

__all__ = [
    "BURN_ENDPOINT",
    "DISRUPTION_ENDPOINT",
    "BruisingEstimate",
    "BurnDoses",
    "CandidateSetting",
    "DoseFunction",
    "DoseThresholds",
    "ReachedAtDose",
    "burn_doses",
    "p_disruption",
]

# Bruising of the skin around a target by a pulse for its vessels.


@compared_by_value
@dataclass(frozen=True)
class BruisingEstimate:
    """Purpura of the skin around at a dose.

    Parameters
    ----------
    is_bruised : (sample,) which draws are purple the next day.
    weights : of the draws.
    basis : keys of the sources behind it.
    """

    is_bruised: NDArray[np.bool_]
    weights: NDArray[np.float64]
    basis: tuple[str, ...]

    @property
    def p(self) -> Estimate:
        """Share of such skins that are bruised."""
        return weighted_probability(self.is_bruised, self.weights, self.basis)


# Probability of a burn, on the distribution calibrated with practice: variation of people and model error together.

Floats = NDArray[np.float64]

BURN_ENDPOINT: Final = "epidermal-necrosis"  # the endpoint whose doses are calibrated


@compared_by_value
@dataclass(frozen=True)
class BurnDoses:
    """Doses that burn, or that burn deeper, at one setting, with their calibration.

    The computed dose is the best estimate: the dose at which the lowest cells of the epidermis die, with the melanin of
    the draw and the full cooling. The calibration describes how far such doses differ from true ones; no further
    caution is added to it (plan 2).

    Parameters
    ----------
    computed_J_cm2 : the computed dose of each draw, (sample,).
    calibration : distribution of the error of such doses, of everybody or corrected by this person's earlier pulses.
    """

    computed_J_cm2: Floats
    calibration: DoseCalibration | PersonalCalibration

    def p(self, dose_J_cm2: float) -> Floats:
        """Return the probability that a dose burns each draw, (sample,)."""
        with np.errstate(divide="ignore"):  # the temperature of the surroundings alone may burn, at a dose of 0
            return self.calibration.p_reached(dose_J_cm2 / self.computed_J_cm2)


def burn_doses(beam: Beam, computed_J_cm2: Floats, personal: PersonalCalibration | None = None) -> BurnDoses:
    """Return the doses of a beam that burn, with their calibration, given the computed ones, (sample,).

    Parameters
    ----------
    personal : calibration from earlier pulses of this light, for these draws.
    """
    everybody = beam_burn_calibration(beam)
    # Earlier pulses may have had another spot: they move the odds that this beam has for everybody.
    return BurnDoses(computed_J_cm2, everybody if personal is None else replace(personal, everybody=everybody))


# Effect and harm of every dose from one simulation of a setting.

DISRUPTION_ENDPOINT: Final = "melanosome-disruption"  # endpoint of the model error

DoseFunction = Callable[[float], Floats]  # J/cm² → (sample,)
ReachedAtDose = Callable[[float], NDArray[np.bool_]]


@compared_by_value
@dataclass(frozen=True)
class DoseThresholds:
    """Effect and harm of every dose of one simulated setting, doses in J/cm².

    Parameters
    ----------
    reaches_target : whether a dose reaches the target, (sample,).
    reaches_aim : whether, or with which probability, it reaches the aimed depth, (sample,); the same where depth is not
        the goal.
    value : limit → its quantity at a dose, (sample,).
    injury_probability : probability that a dose breaks an injury limit, (sample,).
    uncooled_burn_probability : probability of a burn if the cooling fails, (sample,); None without cooling.
    doubtful_injury_probability : probability that it breaks a limit with the model's error included, (sample,), where
        `injury_probability` does not include it.
    burns : of the skin around; None where skin is removed.
    burn_scale : factor on computed doses that burn, which anchors them to the burns that clinics counted of this light;
        it holds at its other pulses and spots too.
    """

    beam: Beam
    reaches_target: ReachedAtDose
    reaches_aim: ReachedAtDose | DoseFunction
    value: Mapping[str, Callable[[float], LimitValues]]
    injury_probability: DoseFunction
    uncooled_burn_probability: DoseFunction | None
    doubtful_injury_probability: DoseFunction | None
    basis: tuple[str, ...]
    burns: BurnDoses | None = None
    burn_scale: float = 1.0

    def limit_use(self, limits: Sequence[SettingLimit], dose: float, weights: Floats) -> dict[str, float]:
        """Return the share of each limit that a dose uses up, by its id: 1 at the limit, more beyond it.

        It is the probability of breaking the limit over the allowed probability. The error of the draws, which a chosen
        dose has to allow for in addition, is left out.
        """
        return {
            limit.id: limit.used_fraction(
                weighted_share(limit.draws_within(self.value[limit.id](dose), limit.stop), weights)[0]
            )
            for limit in limits
        }


def p_disruption(around: PulseResponse) -> Callable[[float], Floats]:
    """Return the probability that a dose, J/cm², breaks half of the melanosomes of each draw, (sample,), by (plan 5).

    A pulse of nanoseconds breaks melanosomes one by one, in light skin and in dark at much the same dose. A pulse that
    breaks half of those beside a spot, or of a field that has no spots, injures the cells that contain them. Caution
    enters once, as the level of the limit.

    Raises
    ------
    NotAvailable : pulses that confine stress.
    """
    computed = np.log(melanosome_disruption_dose(around) / J_CM2)
    spread = np.log(model_error(DISRUPTION_ENDPOINT))
    return lambda dose: np.asarray(ndtr((np.log(dose) - computed) / spread))


@compared_by_value
@dataclass(frozen=True)
class CandidateSetting:
    """A setting with its dose.

    Parameters
    ----------
    dose : J/cm², or mJ for a microbeam; `density_per_cm2` goes with the latter.
    effective : (sample,) which draws reach the target.
    injury_probability : (sample,) probability that each draw breaks an injury limit; of burns with the model's error
        included.
    uncooled_injury_probability : the same if the cooling fails; None without cooling.
    doubtful_injury_probability : of depths, the same with the model's error in experiments included; None where
        `injury_probability` includes it.
    verdicts : every limit, judged at this dose.
    weights : of the draws of `effective` and of the draws of `injury_probability`.
    basis : keys of the sources behind the simulation.
    bruising : which draws bruise around the target; None where the target is not vessels.
    bruising_if_lifted : of a window that empties vessels, which draws bruise where it lifts from the skin.
    burns : doses that burn at this setting; None where skin is removed or heated in columns.
    thresholds : effect and harm of any other dose of the setting; None of microbeams.
    deep_share : share of such skins that are reached as deep as the severity requires; 1 where depth is not the goal.
    capped_by_lighter_skin : whether the dose was not raised for a darker skin because it would bring lighter skin to
        the target.
    unjudged : why the model cannot judge the light, so that effect and harm are not simulated; None where it can.
    density_before_harm_per_cm2 : the density that it would have if columns had not hurt this skin; None where that
        changed nothing.
    """

    machine: SearchMachine
    setting: BeamSetting
    beam: Beam
    dose: float
    density_per_cm2: float | None
    effective: NDArray[np.bool_]
    injury_probability: Floats
    uncooled_injury_probability: Floats | None
    doubtful_injury_probability: Floats | None
    verdicts: tuple[LimitVerdict, ...]
    weights: tuple[Floats, Floats]
    basis: tuple[str, ...]
    bruising: BruisingEstimate | None = None
    bruising_if_lifted: BruisingEstimate | None = None
    burns: BurnDoses | None = None
    thresholds: DoseThresholds | None = None
    deep_share: float = 1.0
    capped_by_lighter_skin: bool = False
    unjudged: str | None = None
    density_before_harm_per_cm2: float | None = None

    @property
    def passes(self) -> int:
        """Number of passes over the field."""
        return self.beam.passes

    @property
    def band_nm(self) -> tuple[float, float] | None:
        """The band of a filtered lamp, whose lower end is the wavelength of its setting; None of a laser."""
        wavelength_nm = self.setting.wavelength_nm
        band = next(head.band_nm for head in self.machine.device.heads if head.wavelength_nm == wavelength_nm)
        return None if band is None else (band[0], band[1])

    @property
    def p_effective(self) -> float:
        """Share of such skins that reach the target; NaN where it was not simulated."""
        if self.unjudged is not None:
            return math.nan
        return weighted_share(self.effective, self.weights[0])[0]

    @property
    def p_injury(self) -> float:
        """Probability that such skin breaks an injury limit; NaN where it was not simulated."""
        if self.unjudged is not None:
            return math.nan
        return weighted_share(self.injury_probability, self.weights[1])[0]

    @property
    def keeps_limits(self) -> bool:
        """Whether every limit is met or has only a warning."""
        return all(verdict.status in ("met", "warn") for verdict in self.verdicts)
