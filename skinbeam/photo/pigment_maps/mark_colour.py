"""Probability that a mark is brown, red or only shaded, from how much darker it is in each channel.

Red, green and blue light give three numbers, and a mark may hold melanin, blood and shade. Solving for all three is
ill-conditioned on brown skin, where melanin is nearly as grey as shade, and may give much blood beside a negative
melanin. Here a mark has a positive amount of one kind, whose direction is known with a spread only, and the kinds are
weighed by their probability (photo 7). Where their directions overlap, no kind is probable.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.estimate import Estimate
from skinbeam.photo.limits import limit_entry
from skinbeam.photo.pigment_maps.darkening import DarkeningKind, darkening_direction

__all__ = ["MarkColour", "mark_colour"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MarkColour:
    """Probabilities of the kinds of a mark, which add up to 1."""

    brown: float
    red: float
    shade: float


def mark_colour(darker: Array, noise: Array, ita_deg: Estimate) -> MarkColour:
    """Return the probabilities of the kinds of a mark.

    Parameters
    ----------
    darker : (3,), optical density of the mark above that of the skin around it; green must be positive.
    noise : (3, 3), its covariance.
    ita_deg : typology angle of the skin, as uncertain as the picture leaves it.
    """
    if darker[1] <= 0:
        raise ValueError(f"a mark that is not darker in green has no colour: {darker}")
    kinds: tuple[DarkeningKind, ...] = ("brown", "red", "shade")
    evidence = np.array([_log_evidence(darker, noise, ita_deg, kind) for kind in kinds])
    weight = np.exp(evidence - evidence.max())
    brown, red, shade = (float(value) for value in weight / weight.sum())
    return MarkColour(brown, red, shade)


def _log_evidence(darker: Array, noise: Array, ita_deg: Estimate, kind: DarkeningKind) -> float:
    """Return the logarithm of the probability of a kind together with the darkening, given its green part."""
    direction = darkening_direction(kind, ita_deg)
    missed = darker[[0, 2]] - direction.mean * darker[1]
    over = np.array([[1.0, -direction.mean[0], 0.0], [0.0, -direction.mean[1], 1.0]])
    covariance = darker[1] ** 2 * direction.covariance + over @ noise @ over.T
    distance = float(missed @ np.linalg.solve(covariance, missed))
    share = float(limit_entry("darkening", kind)["share"])
    return float(np.log(share) - 0.5 * (distance + np.log(np.linalg.det(covariance))))
