"""Pain from heat: the radiant exposure that half of people feel as pain.

Heat hurts where free nerve endings reach a temperature that hardly depends on how it is brought there. They end in
every living layer of the epidermis: half of them above its middle. The channel that opens lags behind,

    tau dx/dt = T - x,                                                                          (pain 1)

and pain begins where x reaches the threshold. Temperature is linear within a step h, from T0 with the slope s:

    x(h) = T0 + s (h - tau) + (x(0) - T0 + s tau) exp(-h / tau).                                (pain 2)
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.messages import text
from skinbeam.simulate.pulse.dose import dose_to_reach
from skinbeam.simulate.pulse.places import in_cell, middle_of_epidermis
from skinbeam.simulate.pulse.response import Place, Response
from skinbeam.skin.spread import spread_at
from skinbeam.skin.tables import number, sourced, table
from skinbeam.units import MS, ZERO_CELSIUS_K

__all__ = ["felt", "lagging", "pain"]

Floats = NDArray[np.float64]


def pain(response: Response) -> Floats:
    """Return the dose that is felt as pain without anaesthesia, (sample,), J/m².

    Raises
    ------
    NotAvailable : skins that are not human or have no epidermis; pulses so short that more than heat is felt.
    """
    shortest = number(table("pain")["heat"]["shortest_pulse_s"])
    if response.skins.attrs["preset"] == "human" and 0 < response.schedule.pulse_s < shortest:
        raise NotAvailable(text("endpoint.pain-pulse", {"shortest_ms": shortest / MS}))
    return dose_to_reach(*felt(response))


def felt(response: Response) -> tuple[Place, Floats]:
    """Return what nerve endings in the middle of the epidermis follow, and where pain begins, (sample,), K.

    Raises
    ------
    NotAvailable : skins that are not human or have no epidermis.
    """
    heat = table("pain")["heat"]
    if response.skins.attrs["preset"] != "human":
        raise NotAvailable(text("endpoint.pain-human"))
    place, lag_s = in_cell(response, middle_of_epidermis(response)), number(heat["lag_s"])
    threshold = spread_at(sourced(heat["temperature_C"]), response.skins["endpoint_shift"]) + ZERO_CELSIUS_K
    return Place(*(lagging(part, response.schedule.step_s, lag_s) for part in place)), threshold


def lagging(history: Floats, step_s: Floats, lag_s: float) -> Floats:
    """Return what follows a history, (sample, time), with the lag of (pain 1), from its first value on."""
    followed = history.copy()
    for n, step in enumerate(step_s):
        begun, slope = history[:, n], (history[:, n + 1] - history[:, n]) / step
        decay = np.exp(-step / lag_s)
        followed[:, n + 1] = begun + slope * (step - lag_s) + (followed[:, n] - begun + slope * lag_s) * decay
    return followed
