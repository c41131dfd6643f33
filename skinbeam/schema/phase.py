"""Scattering by a table, in a layers file."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import Field, model_validator

from skinbeam.errors import InputError, did_you_mean
from skinbeam.schema.fields import FieldFault, Section, number, text

__all__ = ["Phase", "check_phases"]

# How far g may stand from the mean cosine of the table: a figure of two digits is right.
G_WITHIN = 0.005


class Phase(Section):
    """A phase function: density of the cosine of the turn, straight between its points, of any height."""

    name: Annotated[str, text(100)]
    cosine: Annotated[list[Annotated[float, number(-1, 1, "")]], Field(min_length=2, max_length=10_000)]
    density: Annotated[list[Annotated[float, number(0, 1e12, "")]], Field(min_length=2, max_length=10_000)]

    @model_validator(mode="after")
    def _a_density(self) -> "Phase":
        if len(self.cosine) != len(self.density):
            raise FieldFault(
                "lengths-differ",
                f"{len(self.cosine)} cosines and {len(self.density)} densities",
                "As many densities as cosines.",
                field="density",
            )
        if self.cosine[0] != -1 or self.cosine[-1] != 1:
            raise FieldFault(
                "table-too-short",
                f"the cosines run from {self.cosine[0]:g} to {self.cosine[-1]:g}",
                "From -1, straight back, to 1, straight on.",
                field="cosine",
            )
        fall = next((k for k, (a, b) in enumerate(pairwise(self.cosine)) if not a < b), None)
        if fall is not None:
            raise FieldFault(
                "not-rising",
                f"the cosines do not rise, read {self.cosine[fall]:g} and then {self.cosine[fall + 1]:g}",
                "Each above the one before.",
                field=f"cosine[{fall + 1}]",
            )
        if not any(self.density):
            raise FieldFault("nothing-scattered", "all densities are 0", "At least one above 0.", field="density")
        return self

    @property
    def mean_cosine(self) -> float:
        """Mean cosine of the turn."""
        whole, moment = 0.0, 0.0
        for (a, b), (p, q) in zip(pairwise(self.cosine), pairwise(self.density), strict=True):
            whole += (b - a) * (p + q) / 2
            moment += (b - a) * (p * (2 * a + b) + q * (a + 2 * b)) / 6
        return moment / whole


def check_phases(phases: Sequence[Phase], groups: Sequence[tuple[str, Sequence[Any]]], *, file: str) -> None:
    """Refuse two tables of one name, and what names no table or contradicts it.

    Parameters
    ----------
    groups : (name of the table in the file, its entries with `g` and `phase`).

    Raises
    ------
    InputError : names the field.
    """
    known = {phase.name: phase for phase in phases}
    for index, phase in enumerate(phases):
        if any(phase.name == other.name for other in phases[:index]):
            raise InputError(
                "phase-twice",
                f'the second phase called "{phase.name}"',
                field=f"phase[{index}].name",
                hint="The name of a phase is unique.",
                file=file,
            )
    for group, entries in groups:
        for index, entry in enumerate(entries):
            if entry.phase is None:
                continue
            if entry.phase not in known:
                raise InputError(
                    "unknown-phase",
                    f'no [[phase]] is called "{entry.phase}"',
                    field=f"{group}[{index}].phase",
                    hint=f"{did_you_mean([entry.phase], list(known))}Give a [[phase]] of that name.",
                    file=file,
                )
            mean = known[entry.phase].mean_cosine
            if abs(mean - entry.g) > G_WITHIN:
                raise InputError(
                    "g-not-of-phase",
                    f'the mean cosine of "{entry.phase}" is {mean:.4g}, read g = {entry.g:g}',
                    field=f"{group}[{index}].g",
                    hint=f"Write g = {mean:.4g}, or leave phase out.",
                    file=file,
                )
