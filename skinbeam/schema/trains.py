"""Pulses that are trains of short sub-pulses: what a case file or a device file may say of them.

A nominal pulse lasts from the beginning of its first sub-pulse to the end of the last. Where it is not known how a
machine makes its pulses, several pairs of number and length are given, each as likely as the others.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from skinbeam.schema.fields import FieldFault, number, some_of, whole

__all__ = ["MOST_TRAINS", "Lengths", "Numbers", "Several", "Train", "check_fit", "trains_of"]

MOST_TRAINS = 8
SLACK = 1e-9  # relative: of lengths read as decimals
Numbers = Annotated[list[int], some_of(whole(1, 1000), MOST_TRAINS)]
Several = Annotated[list[int], some_of(whole(2, 1000), MOST_TRAINS)]
Lengths = Annotated[list[float], some_of(number(1e-9, 1e4, "ms"), MOST_TRAINS)]


class Train(NamedTuple):
    """Number of sub-pulses, and the length of each in ms; they are spread evenly over the nominal pulse."""

    number: int
    length_ms: float


def trains_of(numbers: Sequence[int] | None, lengths_ms: Sequence[float] | None) -> tuple[Train, ...]:
    """Return the trains that two keys give together; none where either is left out.

    Raises
    ------
    FieldFault : lengths of nothing, or another number of them.
    """
    if lengths_ms is not None and numbers is None:
        raise FieldFault(
            "no-subpulses", "subpulse_ms without subpulses", "Give subpulses, their number.", field="subpulses"
        )
    if numbers is None or lengths_ms is None:
        return ()
    if len(numbers) != len(lengths_ms):
        raise FieldFault(
            "not-paired",
            f"{len(numbers)} in subpulses, {len(lengths_ms)} in subpulse_ms",
            "One length for each number of sub-pulses.",
            field="subpulse_ms",
        )
    return tuple(map(Train, numbers, lengths_ms))


def check_fit(trains: Sequence[Train], pulse_ms: float) -> None:
    """Refuse trains that no pulse of this length can be.

    Raises
    ------
    FieldFault : sub-pulses longer than their spacing, or a single one that is not the whole pulse.
    """
    for n, length_ms in trains:
        most_ms = pulse_ms / n
        if length_ms > most_ms * (1 + SLACK):
            raise FieldFault(
                "subpulses-overlap",
                f"{n} sub-pulses of {length_ms:g} ms overlap in a pulse of {pulse_ms:g} ms",
                f"With {n} in {pulse_ms:g} ms each lasts at most {most_ms:.4g} ms.",
                field="subpulse_ms",
            )
        if n == 1 and length_ms < pulse_ms * (1 - SLACK):
            raise FieldFault(
                "lone-subpulse",
                f"one sub-pulse of {length_ms:g} ms in a pulse of {pulse_ms:g} ms",
                "A single one is the pulse itself; several last from the first to the end of the last.",
                field="subpulse_ms",
            )
