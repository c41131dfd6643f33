"""Pain from heat: the radiant exposure that half of people feel as pain.

Heat hurts where free nerve endings reach a temperature that hardly depends on how they are heated. They end in every
living layer of the epidermis: half of them above its middle. The response of the ion channel lags behind the
temperature,

    tau dx/dt = T - x,                                                                          (pain 1)

and pain begins where x reaches the threshold. Temperature is linear within a step h, from T0 with the slope s:

    x(h) = T0 + s (h - tau) + (x(0) - T0 + s tau) exp(-h / tau).                                (pain 2)
"""

import numpy as np
from numpy.typing import NDArray

from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MS, ZERO_CELSIUS_K
from skinbeam.simulate.pulse.damage_dose import heating_dose
from skinbeam.simulate.pulse.locations import cell_response, mid_epidermis_cell
from skinbeam.simulate.pulse.response import LocalResponse, PulseResponse
from skinbeam.skin.draws import value_at_normal
from skinbeam.skin.tables import read_number, read_sourced, tissue_table
from skinbeam.text import render_message

__all__ = ["low_pass", "nerve_temperature", "pain_dose"]

Floats = NDArray[np.float64]


def pain_dose(response: PulseResponse) -> Floats:
    """Return the dose that is felt as pain without anaesthesia, (sample,), J/m².

    Raises
    ------
    NotAvailable : skins that are not human or have no epidermis; pulses so short that more than heat is felt.
    """
    shortest = read_number(tissue_table("pain")["heat"]["shortest_pulse_s"])
    if response.skins.preset == "human" and 0 < response.schedule.pulse_s < shortest:
        raise NotAvailable(render_message("endpoint.pain-pulse", {"shortest_ms": shortest / MS}))
    return heating_dose(*nerve_temperature(response))


def nerve_temperature(response: PulseResponse) -> tuple[LocalResponse, Floats]:
    """Return the low-passed temperature of nerve endings in the middle of the epidermis, and the pain threshold.

    The threshold is (sample,), K.

    Raises
    ------
    NotAvailable : skins that are not human or have no epidermis.
    """
    heat = tissue_table("pain")["heat"]
    if response.skins.preset != "human":
        raise NotAvailable(render_message("endpoint.pain-human"))
    place, lag_s = cell_response(response, mid_epidermis_cell(response)), read_number(heat["lag_s"])
    threshold = value_at_normal(read_sourced(heat["temperature_C"]), response.skins["endpoint_shift"]) + ZERO_CELSIUS_K
    return LocalResponse(*(low_pass(part, response.schedule.step_s, lag_s) for part in place)), threshold


def low_pass(history: Floats, step_s: Floats, lag_s: float) -> Floats:
    """Return a history, (sample, time), filtered by the lag of (pain 1), starting from its first value."""
    followed = history.copy()
    for n, step in enumerate(step_s):
        begun, slope = history[:, n], (history[:, n + 1] - history[:, n]) / step
        decay = np.exp(-step / lag_s)
        followed[:, n + 1] = begun + slope * (step - lag_s) + (followed[:, n] - begun + slope * lag_s) * decay
    return followed
