"""The length of one pulse of constant irradiance whose own dose reaches an endpoint, for each sampled skin.

A longer pulse brings more and needs more, but always brings sooner what it needs: ln(dose needed / dose brought) falls
with the length, and where it is 0 the pulse suffices. All draws share the steps of a pulse, so it is found between
lengths that they share.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.simulate.ends.crater import dose_for
from skinbeam.simulate.pulse.dose import DOSE_RANGE_J_M2
from skinbeam.simulate.pulse.response import respond
from skinbeam.simulate.scene import Scene
from skinbeam.units import MS

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["length_for"]

Floats = NDArray[np.float64]

# Of ln(length) between pulses. The dose needed is a power of the length that changes by some tenths in a decade: a
# straight line between two is right to a few thousandths.
APART = 0.4


def length_for(scene: Scene, skins: "xr.Dataset", endpoint: str, irradiance_W_m2: float) -> Floats:
    """Return the length of a pulse that reaches `endpoint`, (sample,), s; inf where no dose of the searched range does.

    Raises
    ------
    NotAvailable : the endpoint is not judged on such skin, in such light, or in pulses as short as it would take.
    """

    def missing(of: "xr.Dataset", log_length: float) -> Floats:
        assert scene.beam is not None  # there is light
        length = float(np.exp(log_length))
        pulse = replace(scene.beam.flat(length / MS), pulses=1, passes=1)
        needed = dose_for(endpoint, respond(of, pulse, scene.cooling, lit=scene.light(of)), pulse)
        return np.asarray(np.log(np.maximum(needed, 1e-300)) - np.log(irradiance_W_m2 * length))

    low, high = np.log(np.array(DOSE_RANGE_J_M2) / irradiance_W_m2)
    lengths = np.linspace(low, high, 1 + int(np.ceil((high - low) / APART)))
    first = _first_enough(lengths, lambda at: float(missing(scene.middle, at)[0]))
    known = {index: missing(skins, lengths[index]) for index in (max(first - 1, 0), first)}
    while min(known) > 0 and (known[min(known)] < 0).any():
        known[min(known) - 1] = missing(skins, lengths[min(known) - 1])
    while max(known) < lengths.size - 1 and (known[max(known)] > 0).any():
        known[max(known) + 1] = missing(skins, lengths[max(known) + 1])
    order = sorted(known)
    return _crossing(lengths[order], np.stack([known[index] for index in order], axis=1))


def _first_enough(lengths: Floats, missing: Callable[[float], float]) -> int:
    """Index of the first length that suffices, by bisection; the last where none does."""
    low, high, reason = 0, lengths.size - 1, None
    while low < high:
        middle = (low + high) // 2
        try:
            enough = missing(lengths[middle]) <= 0
        except NotAvailable as error:
            # Not judged in pulses so short: the answer, if there is one, lies above.
            enough, reason = False, error
        low, high = (low, middle) if enough else (middle + 1, high)
    if reason is not None:
        missing(lengths[max(low - 1, 0)])  # raises where what is not judged ends right below
    return low


def _crossing(lengths: Floats, missing: Floats) -> Floats:
    """Length at which `missing`, (sample, length), falls to 0, (sample,), s; inf where it never does."""
    enough = missing <= 0
    after = np.argmax(enough, axis=1)
    before, row = np.maximum(after - 1, 0), np.arange(len(missing))
    above, below = missing[row, before], missing[row, after]
    # Where the length before needs more than the range holds, the answer lies between the two all the same.
    known = np.isfinite(above) & (above > below)
    fall = np.subtract(above, below, out=np.ones(len(missing)), where=known)
    share = np.where(known, above / fall, 1.0)
    found = np.exp(lengths[before] + np.clip(share, 0.0, 1.0) * (lengths[after] - lengths[before]))
    return np.where(enough.any(axis=1), found, np.inf)
