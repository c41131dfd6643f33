"""The grid of a window: doses and pulse lengths that a device spans, evenly taken."""

from typing import Final

import numpy as np

from skinbeam.document import round_significant
from skinbeam.laser.device import Device
from skinbeam.laser.grid import dose_steps, offers

__all__ = ["doses_of", "spaced"]

_DOSES: Final = 24


def doses_of(device: Device, wavelength_nm: float) -> list[float]:
    """Return doses over all that a device emits of a wavelength, whatever the spot and the pulse, ascending."""
    doses = {dose for o in offers(device) if o.wavelength_nm == wavelength_nm for dose in dose_steps(device, *o)}
    return spaced(min(doses), max(doses))


def spaced(low: float, high: float, count: int = _DOSES) -> list[float]:
    """Return so many round numbers from `low` to `high`, evenly in the logarithm."""
    return [round_significant(float(x), 3) for x in np.geomspace(low, high, count)]
