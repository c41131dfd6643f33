"""Intervals and labels in the pictures of the evidence: 95 % of reported results, 80 and 95 % of predictions."""

import math
import re
from dataclasses import dataclass

import numpy as np

from skinbeam.evidence.studies.trial_arm import Arm
from skinbeam.evidence.synthesis.distributions import Floats
from skinbeam.model.estimate import wilson_interval
from skinbeam.model.sources import bibliography
from skinbeam.model.vocabulary import NameKind, vocabulary_table

__all__ = [
    "PredictiveInterval",
    "PrintedInterval",
    "light_label",
    "mean_interval",
    "name_title",
    "share_interval",
    "study_label",
]

_Z = 1.959964  # standard deviations of a 95 % interval of the normal law


@dataclass(frozen=True)
class PrintedInterval:
    """A reported figure of one arm with its 95 % interval; None where the paper gives no uncertainty."""

    middle: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class PredictiveInterval:
    """A median for new clinics, with the ends of the central 80 and 95 %."""

    median: float
    inner: tuple[float, float]
    outer: tuple[float, float]

    @staticmethod
    def of_draws(draws: Floats) -> "PredictiveInterval":
        """Return the median and intervals of draws, (clinic,)."""
        low, inner_low, median, inner_high, high = (float(q) for q in np.quantile(draws, (0.025, 0.1, 0.5, 0.9, 0.975)))
        return PredictiveInterval(median, (inner_low, inner_high), (low, high))


def share_interval(events: int, of: int) -> PrintedInterval:
    """Return a share with its interval (`wilson_interval`)."""
    p = events / of
    low, high = wilson_interval(p, p * (1.0 - p), of, _Z)
    return PrintedInterval(p, max(0.0, low), min(1.0, high))


def mean_interval(middle: float, sd: float | None, of: int | None) -> PrintedInterval:
    """Return a mean with its interval by the normal law, where a standard deviation was printed."""
    if sd is None or not of:
        return PrintedInterval(middle)
    half = _Z * sd / math.sqrt(of)
    return PrintedInterval(middle, middle - half, middle + half)


# Labels of studies and treatments.


def study_label(study: str) -> str:
    """Return the first author and the year of a study, or its key where the authors are unread."""
    author = bibliography()[study].first_author
    if not author:
        return study
    year = re.search(r"\d{4}([a-z](?![a-z]))?", study)  # with the letter that distinguishes papers of a year
    return f"{author} {year[0] if year else ''}".strip()


def light_label(arm: Arm) -> str:
    """Return the wavelength of an arm, with its printed class of pulse; empty without light."""
    if arm.wavelength_nm is None:
        return ""
    return f"{arm.wavelength_nm:g} nm {arm.pulse_class}".strip()


def name_title(kind: NameKind, name: str) -> str:
    """Return the title of a condition or modality."""
    return str(vocabulary_table(kind)[name]["title"])
