"""A candidate setting with its dose: thresholds, burns, bruising, and which candidate is preferred."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.setting_grid import BeamSetting
from skinbeam.model.estimate import Estimate
from skinbeam.model.sources import collect_sources
from skinbeam.model.units import J_CM2
from skinbeam.outcome.dose_error import beam_burn_calibration
from skinbeam.plan.search.limits import NORMAL_QUANTILE_95, LimitValues, LimitVerdict, SettingLimit, effect_target
from skinbeam.plan.search.settings import SearchMachine
from skinbeam.plan.search.skins import SiteSkins
from skinbeam.published_doses.calibration import DoseCalibration
from skinbeam.published_doses.personal_calibration import PersonalCalibration
from skinbeam.simulate.endpoints.melanosomes import melanosome_disruption_dose
from skinbeam.simulate.model_error import draw_error_factor, model_error
from skinbeam.simulate.pulse.response import PulseResponse
from skinbeam.simulate.skins.ensemble import effective_draws, weighted_probability, weighted_share
from skinbeam.simulate.vessels.purpura import is_skin_bruised

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
    "equally_effective",
    "estimate_bruising",
    "is_clearly_more",
    "is_distinguishable",
    "least_bruising",
    "merit_key",
    "p_disruption",
    "sort_by_merit",
]

# Whether the skin around a target is bruised by a pulse that is meant for its vessels.

PURPURA_ENDPOINT = "purpura"  # what the model's error is taken of


@dataclass(frozen=True)
class BruisingEstimate:
    """Purpura of the skin around at a dose.

    Parameters
    ----------
    bruised : (sample,) which draws are purple the next day.
    weights : of the draws.
    basis : keys of the sources behind it.
    """

    bruised: NDArray[np.bool_]
    weights: NDArray[np.float64]
    basis: tuple[str, ...]

    @property
    def p(self) -> Estimate:
        """Share of such skins that are bruised."""
        return weighted_probability(self.bruised, self.weights, self.basis)


def estimate_bruising(beam: Beam, dose: float, skins: SiteSkins, cooling: CoolingPlan) -> BruisingEstimate:
    """Return which of the target's skins bruise at `dose`, J/cm², with the cooling that they will have.

    The model's error beside experiments is counted: a dose near the threshold of a bruise is never called sure.
    """
    with collect_sources() as sources:
        response = skins.respond(beam, cooling, limiting=False)
        bruised = is_skin_bruised(response, dose * J_CM2 / draw_error_factor(PURPURA_ENDPOINT, response.skins, "harm"))
    return BruisingEstimate(bruised, skins.weights[0], tuple(sources))


# How likely a dose burns, on the distribution that practice calibrates: people and the model's error in one.
#
# What is computed is the best estimate: the dose at which the lowest cells of the epidermis die, melanin as it is
# drawn,
# the cooling in full. How far such doses lie from true ones is the calibration's; no caution is added to it (plan 2).

Floats = NDArray[np.float64]

BURN_ENDPOINT: Final = "epidermal-necrosis"  # the endpoint whose doses are calibrated


@dataclass(frozen=True)
class BurnDoses:
    """What is known of the doses that burn, or that burn deeper, at one setting.

    Parameters
    ----------
    computed_J_cm2 : the computed dose of each draw, (sample,).
    calibration : how far such doses lie from true ones, of everybody or as this person's skin has shown.
    """

    computed_J_cm2: Floats
    calibration: DoseCalibration | PersonalCalibration

    def p(self, dose_J_cm2: float) -> Floats:
        """Return the probability that a dose burns each draw, (sample,)."""
        with np.errstate(divide="ignore"):  # the surroundings alone may burn, at a dose of 0
            return self.calibration.p_reached(dose_J_cm2 / self.computed_J_cm2)


def burn_doses(beam: Beam, computed_J_cm2: Floats, learned: PersonalCalibration | None = None) -> BurnDoses:
    """Return what is known of the doses of a beam that burn, given the computed ones, (sample,).

    Parameters
    ----------
    learned : what earlier pulses of this light told of these draws.
    """
    everybody = beam_burn_calibration(beam)
    return BurnDoses(computed_J_cm2, everybody if learned is None else learned)


# What one simulation of a setting says of every dose: what it reaches, what it breaks, how much of a limit it uses.

DISRUPTION_ENDPOINT: Final = "melanosome-disruption"  # what the model's error is taken of

DoseFunction = Callable[[float], Floats]  # J/cm² → (sample,)
ReachedAtDose = Callable[[float], NDArray[np.bool_]]


@dataclass(frozen=True)
class DoseThresholds:
    """Doses in J/cm².

    Parameters
    ----------
    wanted : whether a dose reaches the target, (sample,).
    aimed : whether, or how likely, it does as deep as is aimed, (sample,); the same where depth is not the goal.
    value : limit → its quantity at a dose, (sample,).
    broken : how likely a dose breaks an injury limit, (sample,).
    uncooled : how likely it burns if the cooling fails, (sample,); None without cooling and in a first look.
    in_doubt : how likely it breaks a limit with the model's error counted, (sample,), where that is not in `broken`;
        None in a first look.
    burns : of the skin around; None where skin is removed.
    enough : whether other skins tell that a dose is as high as is aimed; None where these themselves do.
    """

    beam: Beam
    wanted: ReachedAtDose
    aimed: ReachedAtDose | DoseFunction
    value: Mapping[str, Callable[[float], LimitValues]]
    broken: DoseFunction
    uncooled: DoseFunction | None
    in_doubt: DoseFunction | None
    basis: tuple[str, ...]
    burns: BurnDoses | None = None
    enough: Callable[[float], bool] | None = None

    def spent(self, limits: Sequence[SettingLimit], dose: float, weights: Floats) -> dict[str, float]:
        """Return how much of each limit a dose uses up, by its id: 1 at the limit, more beyond it.

        It is the chance to break the limit over the chance that is allowed. The error of the draws, which a dose has to
        keep on top of it to be chosen, is left out.
        """
        return {
            limit.id: limit.spent(weighted_share(limit.kept(self.value[limit.id](dose), limit.stop), weights)[0])
            for limit in limits
        }


def p_disruption(around: PulseResponse) -> Callable[[float], Floats]:
    """Return how likely a dose, J/cm², breaks half of the melanosomes of each draw, (sample,), by (plan 5).

    A pulse of nanoseconds breaks melanosomes one by one, in light skin and in dark at much the same dose. Whatever
    breaks half of those beside a spot, or of a field that has no spots, injures the cells that hold them. Caution
    enters once, as the level of the limit.

    Raises
    ------
    NotAvailable : pulses that confine stress.
    """
    computed = np.log(melanosome_disruption_dose(around) / J_CM2)
    spread = np.log(model_error(DISRUPTION_ENDPOINT))
    return lambda dose: np.asarray(ndtr((np.log(dose) - computed) / spread))


@dataclass(frozen=True)
class CandidateSetting:
    """A setting with its dose.

    Parameters
    ----------
    dose : J/cm², or mJ for a microbeam; `density_per_cm2` goes with the latter.
    effective : (sample,) which draws reach the target.
    broken : (sample,) how likely each draw breaks an injury limit: of burns with the model's error in it.
    broken_uncooled : the same if the cooling fails; None without cooling and in a first look.
    broken_in_doubt : of depths, the same with the model's error beside experiments counted; None where `broken` counts
        it, and in a first look.
    verdicts : every limit, judged at this dose.
    weights : of the draws of `effective` and of the draws of `broken`.
    basis : keys of the sources behind the simulation.
    bruising : which draws bruise around the target; None where it is not vessels that are heated, and in a first look.
    bruised_if_lifted : of a window that empties vessels, which draws bruise where it lifts from the skin.
    burns : what is known of the doses that burn at this setting; None where skin is removed or heated in columns.
    thresholds : what any other dose of the setting does; None of microbeams.
    deep : share of such skins that are reached as deep as the severity asks for; 1 where depth is not the goal.
    held : whether lighter skin would be brought to the target by this dose, so that it was not raised for a darker one.
    """

    machine: SearchMachine
    setting: BeamSetting
    beam: Beam
    dose: float
    density_per_cm2: float | None
    effective: NDArray[np.bool_]
    broken: Floats
    broken_uncooled: Floats | None
    broken_in_doubt: Floats | None
    verdicts: tuple[LimitVerdict, ...]
    weights: tuple[Floats, Floats]
    basis: tuple[str, ...]
    bruising: BruisingEstimate | None = None
    bruised_if_lifted: BruisingEstimate | None = None
    burns: BurnDoses | None = None
    thresholds: DoseThresholds | None = None
    deep: float = 1.0
    held: bool = False

    @property
    def passes(self) -> int:
        """How often the field is passed over."""
        return self.beam.passes

    @property
    def band_nm(self) -> tuple[float, float] | None:
        """The band of a filtered lamp, whose lower end is the wavelength of its setting; None of a laser."""
        wavelength_nm = self.setting.wavelength_nm
        band = next(head.band_nm for head in self.machine.device.heads if head.wavelength_nm == wavelength_nm)
        return None if band is None else (band[0], band[1])

    @property
    def p_effective(self) -> float:
        """Share of such skins that reach the target."""
        return weighted_share(self.effective, self.weights[0])[0]

    @property
    def p_broken(self) -> float:
        """Probability that such skin breaks an injury limit."""
        return weighted_share(self.broken, self.weights[1])[0]

    @property
    def safe(self) -> bool:
        """Whether every limit is met or only warned of."""
        return all(verdict.status in ("met", "warn") for verdict in self.verdicts)


# Choose between settings of one device: what the draws cannot tell apart does not decide.
#
# First the share that reaches the target and is not injured, as options are ranked: three more of 100 that reach it are
# not worth five more that are burnt. Settings whose shares the draws do not tell apart from the best one's, and that
# injure no more, are abreast, and of these the one is taken that bruises the fewest skins: purpura of the skin around
# is
# one to two weeks of a bruise on a face. Rupture of the target itself is no reason: where they close, wide vessels are
# torn by short and long pulses nearly alike.

MetDraws = NDArray[np.bool_]


# Shares of the injured that are no reason to choose: a hundredth.
_NEGLIGIBLE_SHARE = 0.01
# Shares that reach the target or bruise: a twentieth, which is what doses that differ by a few per cent make.
_CLEAR_SHARE = 0.05


def merit_key(trial: CandidateSetting) -> tuple[float, ...]:
    """Sort key: reaches the target uninjured, then as deep as is aimed, then least harm, then the wider spot, which
    treats an area with fewer pulses, then the shorter pulse.

    In steps that the skins can tell: shares of a tenth (8 of 10 have a standard error of 7 of 100 in the 32 of a first
    look), harms of two hundredths (5 of 100 have one of 1.5 among 200).
    """
    harm = int(trial.p_broken / (2 * _NEGLIGIBLE_SHARE))
    return (-round(_uninjured_share(trial), 1), -round(_deep_share(trial), 1), harm, *_handling_key(trial))


def _uninjured_share(trial: CandidateSetting) -> float:
    """Share that reaches the target, up to what is wanted, and is not injured."""
    return min(trial.p_effective, effect_target().wanted) * (1.0 - trial.p_broken)


def _deep_share(trial: CandidateSetting) -> float:
    """Share that is reached as deep as is aimed, up to what is wanted."""
    return min(trial.deep, effect_target().aimed)


def _handling_key(trial: CandidateSetting) -> tuple[float, float]:
    """The wider spot first, then the shorter pulse."""
    return (0.0 if trial.machine.device.microbeam else -trial.setting.spot_mm, trial.setting.pulse_ms)


def sort_by_merit(trials: Sequence[CandidateSetting]) -> list[CandidateSetting]:
    """Return the trials by merit, and first of all the widest spot that reaches as many and harms as few as the best.

    A step of a hundredth between two shares is no reason to choose the narrower spot, wherever it happens to fall.
    """
    ordered = sorted(trials, key=merit_key)
    first = min((one for one in ordered if _is_alike(one, ordered[0])), key=_handling_key, default=None)
    return ordered if first is None else [first, *(one for one in ordered if one is not first)]


def _is_alike(trial: CandidateSetting, best: CandidateSetting) -> bool:
    fewer = _uninjured_share(best) - _uninjured_share(trial)
    shallower = _deep_share(best) - _deep_share(trial)
    return max(fewer, shallower, trial.p_broken - best.p_broken) <= _NEGLIGIBLE_SHARE


def is_distinguishable(more: MetDraws, fewer: MetDraws, weights: NDArray[np.float64]) -> bool:
    """Return whether the same draws show that `more` holds in a greater share of skins than `fewer`.

    Draws in which both or neither hold say nothing. Of the b + c others, b are for `more`; if either were as likely,
    b - c would have the standard error sqrt(b + c) (McNemar 1947). The bound (plan 3) is one-sided, 95 %, as of limits.

    Parameters
    ----------
    more, fewer : (sample,) in which draws each holds.
    weights : of the draws.
    """
    draws = effective_draws(weights)
    b, c = (draws * weighted_share(only, weights)[0] for only in (more & ~fewer, fewer & ~more))
    return b - c > NORMAL_QUANTILE_95 * math.sqrt(b + c)


def is_clearly_more(more: MetDraws, fewer: MetDraws, weights: NDArray[np.float64]) -> bool:
    """Return whether `more` holds in a share that the draws tell to be greater, and greater by over a twentieth.

    Hundreds of draws tell differences that are no reason to choose, and which of them they tell hangs on the seed.
    """
    return (
        is_distinguishable(more, fewer, weights)
        and weighted_share(more, weights)[0] - weighted_share(fewer, weights)[0] > _CLEAR_SHARE
    )


def equally_effective(trials: Sequence[CandidateSetting]) -> list[CandidateSetting]:
    """Return the trials that reach the target in as many skins as the best one, as far as draws can tell; best first.

    What reaches the share that is wanted is as good as any; what injures more than the best one is not.
    """
    ordered = sorted(trials, key=merit_key)
    return [trial for trial in ordered if _is_equally_effective(trial, ordered[0])]


def _is_equally_effective(trial: CandidateSetting, best: CandidateSetting) -> bool:
    if round(trial.p_broken - best.p_broken, 2) > _NEGLIGIBLE_SHARE:
        return False
    enough = trial.p_effective >= effect_target().wanted
    return enough or not is_clearly_more(best.effective, trial.effective, trial.weights[0])


def least_bruising(trials: Sequence[CandidateSetting]) -> CandidateSetting:
    """Return the trial that bruises the fewest skins; of those that bruise hardly more, the longest pulse, which spares
    skin a bruise, and of these the spot nearest to those of practice.

    Every trial knows its bruising.
    """
    bruised = [(trial.bruising.bruised, trial) for trial in trials if trial.bruising is not None]
    least, _ = min(bruised, key=lambda found: (weighted_share(found[0], found[1].weights[0])[0], merit_key(found[1])))
    return min((t for hurt, t in bruised if not is_clearly_more(hurt, least, t.weights[0])), key=_sparing_key)


def _sparing_key(trial: CandidateSetting) -> tuple[float, float, float]:
    """The longest pulse first, then the spot nearest to the middle of practice, then the wider one."""
    machine, setting = trial.machine, trial.setting
    middle = None if machine.region is None else machine.region.middle_spot_mm(machine.device, setting)
    off = 0.0 if middle is None else abs(math.log(setting.spot_mm / middle))
    return -setting.pulse_ms, off, -setting.spot_mm
