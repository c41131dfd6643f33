"""Grading scales that trials used for a condition: name, range and source, without texts under copyright."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

from skinbeam.model.package_data import load_package_table

__all__ = ["GradingScale", "grading_scales", "scales_for_condition"]


@dataclass(frozen=True)
class GradingScale:
    """A grading scale on which a lower score is better.

    Parameters
    ----------
    low, high, step : range and step of the scores.
    studies : studies whose improvement was read from it.
    """

    name: str
    title: str
    low: float
    high: float
    step: float
    conditions: tuple[str, ...]
    studies: tuple[str, ...]
    source: str

    def has_score(self, score: float) -> bool:
        """Return whether a score is valid on this scale.

        Where the step is below 1, any number in the range is valid: the step is then a hint for typing, no requirement.
        """
        return self.low <= score <= self.high and (self.step < 1 or score == int(score))


@cache
def grading_scales() -> tuple[GradingScale, ...]:
    """Return every scale of the shipped table."""
    return tuple(
        GradingScale(
            name=name,
            title=row["title"],
            low=float(row["low"]),
            high=float(row["high"]),
            step=float(row["step"]),
            conditions=tuple(row["conditions"]),
            studies=tuple(row["used_by"]),
            source=row["source"],
        )
        for name, row in load_package_table("data/scales.toml").items()
    )


def scales_for_condition(condition: str, studies: Collection[str]) -> tuple[GradingScale, ...]:
    """Return the scales of a condition, those used by most of the studies behind an expectation first."""
    fitting = (scale for scale in grading_scales() if condition in scale.conditions)
    return tuple(sorted(fitting, key=lambda scale: -len(set(scale.studies) & set(studies))))
