"""What earlier pulses on one person's skin tell of the doses that burn it.

The error of computed doses has two parts (`published_doses.calibration`). `error` is how a clinic, its device and the
model at such a light lie off: a spot and the treatment after it, on the same person and with the same device and
wavelength, share it whole. That of `people` may differ from place to place of one field, so that none of it
is taken as shared. With c the shared part and x = ln(dose / computed dose) of a drawn skin:

    p(c) = mean over the draws of the fit of N(c; middle of (practice 1), error²)                       (spots 1)
    F(x) = Phi((x - c) / people)
    L(c) = product over injuries of [l + (1 - l) F(x)] times product over clean spots of [1 - F(x)]       (spots 2)
    Q(x') = integral of p(c) L(c) F(x') dc / integral of p(c) L(c) dc
    P(burn at x' | spots) = max of Q(x') and m P(burn at x') + (1 - m) Q(x')                              (spots 3)

The lower integral is also what the drawn skin's weight is multiplied with; l is the share of injuries that no dose
explains. With the probability m a field does not share its spots' error (`data/test_spots.toml`): series say that clean
spots did not foretell what came. So an injury counts in full, and clean spots leave at least m times the risk.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from skinbeam.model.package_data import load_package_table
from skinbeam.model.sources import cite_sources
from skinbeam.published_doses.calibration import BurnLight, error_parts

__all__ = ["PersonalCalibration", "SpotObservation", "calibrate_person", "miss_probability"]

Floats = NDArray[np.float64]

_SHARED_ERRORS: Final = np.linspace(-4.0, 8.0, 241)  # ln of a ratio of doses; steps far below the spread of people


@dataclass(frozen=True)
class SpotObservation:
    """A pulse whose mark was read.

    Parameters
    ----------
    over_computed : dose given over the dose computed to burn each draw, (sample,).
    injured : whether the epidermis was burnt.
    missed : of a clean one, the probability that the field does not share its error.
    """

    over_computed: Floats
    injured: bool
    missed: float = 0.0


@dataclass(frozen=True)
class PersonalCalibration:
    """What is known of one light on this person's skin.

    Parameters
    ----------
    likelihood : of all that was seen with this light, of each draw, (sample,).
    prior, shared : probability of each value of the shared error, of everybody, (error,), and given what was seen,
        (sample, error).
    people : spread of the part that is not shared.
    lapse : share of injuries that no dose explains.
    missed : probability that a field does not share the error of its clean spots.
    """

    likelihood: Floats
    prior: Floats
    shared: Floats
    people: float
    lapse: float
    missed: float = 0.0

    def p_reached(self, dose_over_computed: ArrayLike) -> Floats:
        """Return the probability that a dose burns each draw, given its ratio to the computed dose, (sample,)."""
        burnt = _burn_probability(np.asarray(dose_over_computed), self.people)
        shown = (self.shared * burnt).sum(axis=-1)
        return np.asarray(np.maximum(shown, self.missed * (burnt @ self.prior) + (1.0 - self.missed) * shown))

    def after(self, seen: Sequence[SpotObservation]) -> "PersonalCalibration":
        """Return what is known after further pulses of this light."""
        joint = self.shared
        for one in seen:
            burnt = _burn_probability(one.over_computed, self.people)
            joint = joint * (self.lapse + (1.0 - self.lapse) * burnt if one.injured else 1.0 - burnt)
        told = joint.sum(axis=1)
        clean = [one.missed for one in seen if not one.injured]
        least = min([*clean, self.missed] if self.missed > 0.0 else clean, default=self.missed)
        # A draw that burns without light, and did not, keeps no weight; its error then says nothing.
        shared = np.divide(joint, told[:, None], out=np.zeros_like(joint), where=told[:, None] > 0.0)
        return replace(self, likelihood=self.likelihood * told, shared=shared, missed=least)

    def first(self, draws: int) -> "PersonalCalibration":
        """Return the same of the first draws."""
        return replace(self, likelihood=self.likelihood[:draws], shared=self.shared[:draws])


def miss_probability(read_after_h: float) -> float | None:
    """Return the probability that a field does not share a clean spot's error; None where it is read too early."""
    rows: Sequence[Mapping[str, Any]] = load_package_table("data/test_spots.toml")["missed"]
    found = [row for row in rows if row["from_h"] <= read_after_h]
    if not found:
        return None
    cite_sources(found[-1]["source"], *found[-1]["also"])
    return float(found[-1]["value"])


def calibrate_person(light: BurnLight, seen: Sequence[SpotObservation]) -> PersonalCalibration:
    """Return what pulses of one light told of it; without any, what is known of everybody."""
    error = error_parts(light)
    prior = np.exp(-0.5 * ((_SHARED_ERRORS[:, None] - error.means) / error.error) ** 2) / error.error
    shares = prior.mean(axis=1) / prior.mean(axis=1).sum()
    everybody = PersonalCalibration(np.ones(1), shares, shares[None, :], error.people, error.lapse)
    return everybody.after(seen)


def _burn_probability(over_computed: Floats, people: float) -> Floats:
    """F of (spots 2): (sample, error)."""
    with np.errstate(divide="ignore"):
        logs = np.log(np.asarray(over_computed, dtype=np.float64))
    return np.asarray(ndtr((logs[..., None] - _SHARED_ERRORS) / people))
