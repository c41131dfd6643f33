"""Personal calibration of burn doses with the reactions to earlier pulses on the same person.

The error of computed doses has two parts (`published_doses.calibration`). `error` is the error of the clinic, its
device and the model at such a light: a test spot and the later treatment of the same person with the same device and
wavelength share it completely. The part of `people` may differ between places of the same field, so that none of it
is taken as shared. With c the shared part and x = ln(dose / computed dose) of a drawn skin:

    p(c) = mean over the draws of the fit of N(c; middle of (practice 1), error²)                       (spots 1)
    F(x) = Phi((x - c) / people)
    L(c) = product over injuries of [l + (1 - l) F(x)] times product over clean spots of [1 - F(x)]       (spots 2)
    Q(x') = integral of p(c) L(c) F(x') dc / integral of p(c) L(c) dc
    P(burn at x' | spots) = max of Q(x') and m B(x') + (1 - m) Q(x')                                      (spots 3)

The weight of the drawn skin is multiplied by the lower integral; l is the share of injuries that no dose explains. With
the probability m a field does not share the error of its spots (`data/test_spots.toml`): in published series clean
spots did not predict the outcome. An injury therefore counts in full, and clean spots leave at least m times the risk
B(x'), which is that of everybody, or what it is after the clean sessions of the field alone: these are the field, and
tell of it in full.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.model.value_equality import compared_by_value
from skinbeam.published_doses.calibration import BurnLight, DoseCalibration, burn_calibration, error_parts

__all__ = ["PersonalCalibration", "SpotObservation", "calibrate_person", "miss_probability"]

Floats = NDArray[np.float64]

_SHARED_ERRORS: Final = np.linspace(-4.0, 8.0, 241)  # ln of a ratio of doses; steps far below the spread of people


@compared_by_value
@dataclass(frozen=True)
class SpotObservation:
    """An earlier pulse and its observed reaction.

    Parameters
    ----------
    dose_over_computed : dose given over the dose computed to burn each draw, (sample,).
    injured : whether the epidermis was burnt.
    miss_probability : for a clean spot, the probability that the field does not share its error; 0 of a session, which
        is the field.
    """

    dose_over_computed: Floats
    injured: bool
    miss_probability: float = 0.0


@compared_by_value
@dataclass(frozen=True)
class PersonalCalibration:
    """Posterior of the dose error of a light on the skin of a person.

    Parameters
    ----------
    likelihood : of all observations with this light, of each draw, (sample,).
    prior, posterior : probability of each value of the shared error: of the population, (error,), and given the
        observations, (sample, error).
    people : spread of the part that is not shared.
    lapse : share of injuries that no dose explains.
    everybody : calibration of the light for people without an observed pulse.
    miss_probability : probability that a field does not share the error of its clean spots.
    field : as `posterior`, given the clean sessions of the field alone.
    """

    likelihood: Floats
    prior: Floats
    posterior: Floats
    people: float
    lapse: float
    everybody: DoseCalibration
    field: Floats
    miss_probability: float = 0.0

    def p_reached(self, dose_over_computed: ArrayLike) -> Floats:
        """Return the probability that a dose burns each draw, given its ratio to the computed dose, (sample,).

        The observations change the probability of everybody in the ratio in which they change that of (spots 2), of
        being burnt where it falls and of being spared where it rises: normal errors have other tails than the
        calibration, and where nothing was observed the probability is that of everybody.
        """
        ratio = np.asarray(dose_over_computed)
        burnt = _burn_probability(ratio, self.people)
        shown, before = (self.posterior * burnt).sum(axis=-1), burnt @ self.prior
        borne = (self.field * burnt).sum(axis=-1)
        after = np.maximum(shown, self.miss_probability * borne + (1.0 - self.miss_probability) * shown)
        everybody = self.everybody.p_reached(ratio)
        with np.errstate(divide="ignore", invalid="ignore"):
            fallen = everybody * np.nan_to_num(after / before)
            risen = 1.0 - (1.0 - everybody) * np.nan_to_num((1.0 - after) / (1.0 - before))
        return np.asarray(np.where(after <= before, fallen, risen))

    def updated_with(self, observations: Sequence[SpotObservation]) -> "PersonalCalibration":
        """Return the posterior after further observed pulses of this light."""
        joint, field = self.posterior, self.field
        for observation in observations:
            burnt = _burn_probability(observation.dose_over_computed, self.people)
            joint = joint * (self.lapse + (1.0 - self.lapse) * burnt if observation.injured else 1.0 - burnt)
            if not observation.injured and observation.miss_probability == 0.0:
                field = field * (1.0 - burnt)
        likelihood = joint.sum(axis=1)
        of_spots = [self.miss_probability, *(spot.miss_probability for spot in observations if not spot.injured)]
        return replace(
            self,
            likelihood=self.likelihood * likelihood,
            posterior=_normalised(joint),
            field=_normalised(field),
            miss_probability=min((missed for missed in of_spots if missed > 0.0), default=0.0),
        )

    def first_draws(self, draws: int) -> "PersonalCalibration":
        """Return the calibration of the first `draws` draws."""
        return replace(
            self,
            likelihood=self.likelihood[:draws],
            posterior=self.posterior[:draws],
            field=self.field[:draws],
        )


@dataclass(frozen=True)
class _SpotReading:
    """How often a spot that was read so late shows no injury that the field would have."""

    from_h: float
    p_missed: float
    sources: tuple[str, ...]


@cache
def _spot_readings() -> tuple[_SpotReading, ...]:
    rows = load_package_table("data/test_spots.toml")["missed"]
    return tuple(_SpotReading(row["from_h"], float(row["value"]), (row["source"], *row["also"])) for row in rows)


def miss_probability(read_after_h: float) -> float | None:
    """Return the probability that a field does not share the error of a clean spot; None if it was read too early."""
    readings = [read for read in _spot_readings() if read.from_h <= read_after_h]
    if not readings:
        return None
    cite_sources(*readings[-1].sources)
    return readings[-1].p_missed


def calibrate_person(light: BurnLight, observations: Sequence[SpotObservation]) -> PersonalCalibration:
    """Return the personal calibration from the pulses of a light; without pulses, the prior of the population."""
    error = error_parts(light)
    density = np.exp(-0.5 * ((_SHARED_ERRORS[:, None] - error.means) / error.error) ** 2) / error.error
    shares = density.mean(axis=1) / density.mean(axis=1).sum()
    everybody = burn_calibration(light)
    of_all = shares[None, :]
    prior = PersonalCalibration(np.ones(1), shares, of_all, error.people, error.lapse, everybody, of_all)
    return prior.updated_with(observations)


def _normalised(joint: Floats) -> Floats:
    """Return the shares of each draw, which sum to one.

    A draw whose likelihood is 0 has no weight, so its shared error does not matter.
    """
    sums = joint.sum(axis=1)[:, None]
    return np.asarray(np.divide(joint, sums, out=np.zeros_like(joint), where=sums > 0.0))


def _burn_probability(over_computed: Floats, people: float) -> Floats:
    """Return F of (spots 2), (sample, error)."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.asarray(over_computed, dtype=np.float64))
    return np.asarray(ndtr((logs[..., None] - _SHARED_ERRORS) / people))
