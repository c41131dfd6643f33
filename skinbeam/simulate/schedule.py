"""What happens when: cooling before, delay, pulses, after, as steps of time with power and surface conditions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skinbeam.errors import NotAvailable
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.settings import Beam
from skinbeam.laser.still_air import still_air
from skinbeam.messages import text
from skinbeam.physics.heat import time_steps
from skinbeam.units import MS

__all__ = ["AFTER_S", "Schedule", "bath_schedule", "bath_steps", "held_schedule", "pulse_schedule"]

Floats = NDArray[np.float64]

# Heat at one millimetre takes L²/(4 kappa), about two seconds, to leave: five seconds see the damage out.
AFTER_S = 5.0
MOST_PULSES = 200
FIRST_STEP, STEP_GROWTH = 0.05, 1.3  # as fine as the grid: see `simulate.grid`
# Where a time is sought it may lie anywhere in the exposure: steps then grow from a millionth of it, by an eighth.
HELD_FIRST_STEP, HELD_GROWTH = 1e-6, 1.12
# After a bath heat spreads inwards over as long a time again; its steps begin at a ten-thousandth of it.
RELEASE_FIRST_STEP, RELEASE_GROWTH = 1e-4, 1.25


@dataclass(frozen=True)
class Schedule:
    """Steps of time, shared by all samples.

    Parameters
    ----------
    step_s : (step,) durations.
    power_on : (step,) 1 while a pulse is on, else 0.
    h_W_m2K, outside_C : (step,) what the surface meets, a film that stays after a spray left out.
    pulse_s : duration of one pulse.
    pulses : number of pulses.
    cooled : (step,) whether the cooling is on.
    cooling_share : what the cooling's coefficient was multiplied by.
    """

    step_s: Floats
    power_on: Floats
    h_W_m2K: Floats
    outside_C: Floats
    pulse_s: float
    pulses: int
    cooled: NDArray[np.bool_]
    cooling_share: float = 1.0

    @property
    def busy_s(self) -> float:
        """Time from the start of the first pulse to the end of the last, s."""
        on = np.flatnonzero(self.power_on)
        return float(self.step_s[on[0] : on[-1] + 1].sum()) if on.size else 0.0


def pulse_schedule(beam: Beam | None, cooling: CoolingPlan, *, cooling_share: float = 1.0) -> Schedule:
    """Return the schedule of a pulse or train, with the cooling's coefficient times `cooling_share`.

    Without a beam the cooling stands alone. Before and after the cooling the surface meets still air.

    Raises
    ------
    NotAvailable : more pulses than are simulated.
    """
    pulse = beam.pulse_ms * MS if beam is not None else 0.0
    count = beam.pulses * beam.passes if beam is not None else 0
    if count > MOST_PULSES:
        raise NotAvailable(text("simulate.train-too-long", {"most": MOST_PULSES, "asked": count}))
    # Each phase: duration, whether the beam is on, whether the coolant is on.
    phases: list[tuple[float, bool, bool]] = [
        (cooling.before_ms * MS, False, True),
        (cooling.delay_ms * MS, False, False),
    ]
    for index in range(count):
        phases.append((pulse, True, cooling.during))
        if index + 1 < count and beam is not None:
            last_of_pass = (index + 1) % beam.pulses == 0
            pause = beam.pass_interval_s if last_of_pass else 1 / beam.repetition_Hz - pulse
            phases.append((max(pause, 0.0), False, cooling.during))
    phases += [(cooling.after_ms * MS, False, True), (AFTER_S, False, False)]
    return _schedule(phases, cooling, cooling_share, pulse, max(count, 1))


def bath_schedule(temperature_C: float, exposure_s: float, air_C: float) -> Schedule:
    """Return the schedule of a surface held at a temperature, and then left to the room.

    The skin comes out wet; below the room's temperature it is taken to lose nothing.
    """
    step, held = bath_steps(np.array([exposure_s]))
    loss = still_air(temperature_C, air_C, wet=True).total if temperature_C > air_C else 0.0
    contact = np.arange(step.shape[1]) < held
    return Schedule(
        step[0],
        np.zeros(contact.size),
        np.where(contact, np.inf, loss),
        np.where(contact, temperature_C, air_C),
        0.0,
        0,
        np.zeros(contact.size, dtype=np.bool_),
    )


def bath_steps(exposure_s: Floats) -> tuple[Floats, int]:
    """Return the steps of baths of several lengths, (sample, step), and how many of them are contact."""
    held, _ = time_steps([1.0], first_fraction=HELD_FIRST_STEP, growth=HELD_GROWTH)
    free, _ = time_steps([1.0], first_fraction=RELEASE_FIRST_STEP, growth=RELEASE_GROWTH)
    return np.concatenate([held * exposure_s[:, None], free * (AFTER_S + exposure_s[:, None])], axis=1), held.size


def held_schedule(cooling: CoolingPlan, exposure_s: float) -> Schedule:
    """Return the schedule of a beam that stays on for `exposure_s`, and ends with it; fine from the first instant."""
    phases = [
        (cooling.before_ms * MS, False, True),
        (cooling.delay_ms * MS, False, False),
        (exposure_s, True, cooling.during),
    ]
    return _schedule(phases, cooling, 1.0, exposure_s, 1, first_step=HELD_FIRST_STEP, growth=HELD_GROWTH)


def _schedule(
    phases: list[tuple[float, bool, bool]],
    cooling: CoolingPlan,
    cooling_share: float,
    pulse_s: float,
    pulses: int,
    *,
    first_step: float = FIRST_STEP,
    growth: float = STEP_GROWTH,
) -> Schedule:
    steps, phase = time_steps([duration for duration, _, _ in phases], first_fraction=first_step, growth=growth)
    on = np.array([beam for _, beam, _ in phases], dtype=np.float64)[phase]
    cooled = np.array([coolant for _, _, coolant in phases])[phase] & (cooling.kind != "none")
    h = np.where(cooled, cooling.coefficient_W_m2K * cooling_share, cooling.air_coefficient_W_m2K)
    outside = np.where(cooled, cooling.temperature_C, cooling.air_temperature_C)
    return Schedule(steps, on, h, outside, pulse_s, pulses, cooled, cooling_share)
