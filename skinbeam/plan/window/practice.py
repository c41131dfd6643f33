"""Published doses beside a window: the range of practice by pulse length, and what makers recommend."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from skinbeam.plan.search.envelope import Envelope, ends_of, settings_table
from skinbeam.practice.published import Published

__all__ = ["Practised", "makers_of", "practised_of"]

_PULSES: Final = 9  # in the published range of pulses: the range of doses changes in steps between them


@dataclass(frozen=True)
class Practised:
    """Doses in J/cm², or of microbeams in mJ, at a row of a window: a pulse length in ms, or a density in 1/cm²."""

    row: float
    low: float
    high: float


def practised_of(
    envelope: Envelope, quantity: str, *, spot_mm: float | None, pulse_ms: float, pulses: Sequence[float]
) -> tuple[Practised, ...]:
    """Return the published doses by pulse length, ascending; empty where nobody printed one.

    Parameters
    ----------
    quantity : `fluence_J_cm2` or `microbeam_mJ`, of which no source prints a spot.
    spot_mm, pulse_ms : the setting that practice stands beside; where too few print a pulse, its own alone is told of.
    pulses : first and last pulse length to tell of.
    """
    span = envelope.practised("pulse_ms")
    at = [pulse_ms]
    if span is not None:
        low, high = max(span.low, pulses[0]), min(span.high, pulses[-1])
        inside = [pulse_ms] if low <= pulse_ms <= high else []
        at = sorted({*inside, *np.geomspace(low, high, _PULSES).tolist()}) if low <= high else inside
    found = ((pulse, envelope.dose(quantity, pulse_ms=pulse, spot_mm=spot_mm)) for pulse in at)
    return tuple(Practised(pulse, span.low, span.high) for pulse, span in found if span is not None)


def makers_of(rows: Iterable[Published], *, spot_mm: float) -> tuple[Practised, ...]:
    """Return what makers recommend with spots near this one, each pulse and dose once."""
    near = settings_table()["near"]["spot"]
    found: dict[Practised, None] = {}
    for row in rows:
        pulses, doses, spots = map(ends_of, (row.pulse_ms, row.fluence_J_cm2, row.spot_mm))
        if row.maker and pulses and doses and all(1 / near <= spot / spot_mm <= near for spot in spots):
            found |= {Practised(pulse, doses[0], doses[-1]): None for pulse in pulses}
    return tuple(found)
