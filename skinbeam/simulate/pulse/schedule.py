"""Time steps of a pulse, train, constant beam or bath, with the power of the light and the surface conditions.

A nominal pulse may be made of sub-pulses. n sub-pulses of length l begin evenly over a pulse of length T, the first at
0, the last ending at T:

    begin_k = k (T - l) / (n - 1),  k = 0 .. n - 1,                                                   (subpulses 1)

and the power is T / (n l) times that of the flat pulse of the same energy. n l = T is the flat pulse.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from skinbeam.laser.beam import Beam
from skinbeam.laser.cooling import CoolingPlan, air_heat_loss
from skinbeam.model.errors import NotAvailable
from skinbeam.model.units import MS
from skinbeam.model.value_equality import compared_by_value
from skinbeam.physics.heat.linear_conduction import graded_time_steps
from skinbeam.skin.draws import normal_cdf
from skinbeam.skin.sample import SkinSample
from skinbeam.text import render_message

__all__ = [
    "AFTER_PULSE_S",
    "PulseSchedule",
    "StepFineness",
    "bath_schedule",
    "bath_steps",
    "constant_beam_schedule",
    "pulse_schedule",
    "subpulse_phases",
]

Array = NDArray[np.float64]
_SWITCH_DIGITS = 9  # of the pulse: switches closer than that are merged


def subpulse_phases(pulse_s: float, trains: Sequence[tuple[int, float]]) -> tuple[Array, Array]:
    """Return the phases shared by several trains of sub-pulses, and the power of each train in each phase.

    Parameters
    ----------
    pulse_s : length of the nominal pulse.
    trains : (number of sub-pulses, length of each in s) of each train.

    Returns
    -------
    duration_s : (phase,) whose sum is `pulse_s`. power : (train, phase) over that of the flat pulse.

    Raises
    ------
    ValueError : no train, or sub-pulses longer than their spacing.
    """
    if not trains or any(n < 1 or length <= 0 or n * length > pulse_s * (1 + 1e-6) for n, length in trains):
        raise ValueError("trains of at least one sub-pulse, none longer than their spacing, are needed")
    begins = [np.linspace(0.0, max(1.0 - length / pulse_s, 0.0), n) if n > 1 else np.zeros(1) for n, length in trains]
    # A sub-pulse that touches the next one ends where that begins.
    ends = [
        np.minimum(begin + length / pulse_s, np.append(begin[1:], 1.0))
        for begin, (_, length) in zip(begins, trains, strict=True)
    ]
    switches = np.unique(np.round(np.concatenate([*begins, *ends, [0.0, 1.0]]), _SWITCH_DIGITS))
    middle = (switches[1:] + switches[:-1]) / 2
    share = np.diff(switches)
    lit = np.stack(
        [
            ((begin[:, None] < middle) & (middle < end[:, None])).any(axis=0)
            for begin, end in zip(begins, ends, strict=True)
        ]
    )
    return pulse_s * share, lit / (lit @ share)[:, None]


Floats = NDArray[np.float64]
_Phase = tuple[float, Floats, bool]

# Heat at one millimetre takes L²/(4 kappa), about two seconds, to leave: damage is complete within five seconds.
AFTER_PULSE_S = 5.0
_DRAWN_FIELDS = (
    "power_on",
    "lit_s",
    "stretch_s",
)  # differ between draws if pulses may be made by several trains
MAX_PULSES = 200
MAX_SUBPULSES = 4000  # in all pulses of all trains


class StepFineness(NamedTuple):
    """Time steps of a phase: the first and the largest over the phase, and the ratio of successive steps."""

    first: float
    growth: float
    largest: float = 0.1


PULSE_STEPS = StepFineness(0.05, 1.3)  # as fine as the grid: see `simulate.skins.depth_grid`
# Sub-pulses have many phases. Doses differ by less than 0.1 per cent from those of a quarter of these steps.
TRAIN_STEPS = StepFineness(0.1, 1.6, 0.25)
# A time that is searched may be anywhere in the exposure: steps grow by an eighth from a millionth of it.
CONSTANT_BEAM_STEPS = StepFineness(1e-6, 1.12)
# After a bath heat spreads inwards over as long a time again; these steps begin at a ten-thousandth of it.
RELEASE_STEPS = StepFineness(1e-4, 1.25)


@compared_by_value
@dataclass(frozen=True)
class PulseSchedule:
    """Time steps, shared by all samples, with power and surface conditions.

    Parameters
    ----------
    step_s : (step,) durations.
    power_on : (step,) power over the mean of the pulse, 0 between pulses; (train, step) where pulses may be made by
        several trains of sub-pulses, and (sample, step) once each draw has been assigned a train.
    h_W_m2K, outside_C : (step,) surface conditions, without the film that remains after a spray.
    pulse_s : duration of one pulse, from its first sub-pulse to its last.
    lit_s : total duration of light in a pulse, and `stretch_s` : duration of each uninterrupted stretch of light; a
        number, or one per train or sample.
    pulses : number of pulses.
    is_cooled : (step,) whether the cooling is on.
    cooling_share : factor by which the coefficient of the cooling was multiplied.
    """

    step_s: Floats
    power_on: Floats
    h_W_m2K: Floats
    outside_C: Floats
    pulse_s: float
    pulses: int
    is_cooled: NDArray[np.bool_]
    lit_s: Floats
    stretch_s: Floats
    cooling_share: float = 1.0

    @property
    def is_lit(self) -> NDArray[np.bool_]:
        """Whether the light is on in any draw, (step,)."""
        return np.asarray((self.power_on > 0).reshape(-1, self.step_s.size).any(axis=0))

    @property
    def train_length_s(self) -> float:
        """Time from the start of the first pulse to the end of the last, s."""
        on = np.flatnonzero(self.is_lit)
        return float(self.step_s[on[0] : on[-1] + 1].sum()) if on.size else 0.0

    def by_train(self, draw_count: int) -> Iterator[tuple[NDArray[np.int64], Floats, float]]:
        """Yield for each train of `draw_count` samples the indices of its samples, its power, (step,), and its
        `lit_s`."""
        power = np.broadcast_to(self.power_on, (draw_count, self.step_s.size))
        lit_s = np.broadcast_to(self.lit_s, draw_count)
        _, first, way = np.unique(power, axis=0, return_index=True, return_inverse=True)
        for index, row in enumerate(first):
            yield np.flatnonzero(way.reshape(-1) == index), power[row], float(lit_s[row])

    def assign_trains(self, skins: SkinSample) -> "PulseSchedule":
        """Return the schedule of sampled skins, with one of the pulse trains assigned to each draw.

        The trains are equally likely: the quantile of the draw's standard normal `train_shift` selects the train. The
        schedule of a single train is returned as it is.
        """
        if self.power_on.ndim == 1:
            return self
        ways = len(self.power_on)
        way = np.minimum((normal_cdf(skins["train_shift"]) * ways).astype(np.int64), ways - 1)
        return replace(self, **{name: getattr(self, name)[way] for name in _DRAWN_FIELDS})

    def select_draws(self, indices: NDArray[np.int64]) -> "PulseSchedule":
        """Return the schedule of a selection of the sampled skins."""
        if self.power_on.ndim == 1:
            return self
        return replace(self, **{name: getattr(self, name)[indices] for name in _DRAWN_FIELDS})


def pulse_schedule(beam: Beam | None, cooling: CoolingPlan, *, cooling_share: float = 1.0) -> PulseSchedule:
    """Return the schedule of a pulse or train, with the cooling's coefficient times `cooling_share`.

    Without a beam it is that of the cooling alone. Before and after the cooling the surface is in still air.

    Raises
    ------
    NotAvailable : more pulses or sub-pulses than are simulated.
    """
    pulse = beam.pulse_ms * MS if beam is not None else 0.0
    count = beam.pulses * beam.passes if beam is not None else 0
    trains = [(train.number, train.length_ms * MS) for train in beam.trains] if beam is not None else []
    if count > MAX_PULSES:
        raise NotAvailable(render_message("simulate.train-too-long", {"most": MAX_PULSES, "asked": count}))
    trains = trains or [(1, pulse)]
    if (asked := count * sum(number for number, _ in trains)) > MAX_SUBPULSES:
        raise NotAvailable(render_message("simulate.too-many-subpulses", {"most": MAX_SUBPULSES, "asked": asked}))
    none = np.zeros(len(trains))
    # Each phase: duration, power of the beam, whether the coolant is on.
    phases: list[_Phase] = [
        (cooling.before_ms * MS, none, True),
        (cooling.delay_ms * MS, none, False),
    ]
    parts = list(zip(*_pulse_phases(pulse, trains), strict=True)) if count else []
    for index in range(count):
        phases += [(duration, power, cooling.during) for duration, power in parts]
        if index + 1 < count and beam is not None:
            last_of_pass = (index + 1) % beam.pulses == 0
            pause = beam.pass_interval_s if last_of_pass else 1 / beam.repetition_Hz - pulse
            phases += _pause_phases(max(pause, 0.0), cooling, none, between_passes=last_of_pass)
    phases += [(cooling.after_ms * MS, none, True), (AFTER_PULSE_S, none, False)]
    fineness = PULSE_STEPS if len(parts) < 2 else TRAIN_STEPS
    return _build_schedule(phases, cooling, pulse, max(count, 1), trains, fineness, cooling_share)


def _pause_phases(pause_s: float, cooling: CoolingPlan, zero_power: Floats, *, between_passes: bool) -> list[_Phase]:
    """Return the phases between two pulses.

    Passes with enough time between them each have their cooling, with room air in between.
    """
    after, before, delay = (ms * MS for ms in (cooling.after_ms, cooling.before_ms, cooling.delay_ms))
    rest = pause_s - after - before - delay
    if not between_passes or rest <= 0:
        return [(pause_s, zero_power, cooling.during)]
    return [
        (after, zero_power, True),
        (rest, zero_power, False),
        (before, zero_power, True),
        (delay, zero_power, False),
    ]


def _pulse_phases(pulse_s: float, trains: Sequence[tuple[int, float]]) -> tuple[list[float], list[Floats]]:
    """Return the durations of the phases of one pulse, and the power in each, (train,)."""
    durations, power = subpulse_phases(pulse_s, trains)
    return list(map(float, durations)), list(power.T)


def bath_schedule(temperature_C: float, exposure_s: float, air_C: float) -> PulseSchedule:
    """Return the schedule of a surface held at a temperature, and then in still air.

    The skin is wet after the bath; if it is colder than the room, heat exchange with the air is neglected.
    """
    step, held = bath_steps(np.array([exposure_s]))
    loss = air_heat_loss(temperature_C, air_C, wet=True).total if temperature_C > air_C else 0.0
    contact = np.arange(step.shape[1]) < held
    return PulseSchedule(
        step[0],
        np.zeros(contact.size),
        np.where(contact, np.inf, loss),
        np.where(contact, temperature_C, air_C),
        0.0,
        0,
        np.zeros(contact.size, dtype=np.bool_),
        np.zeros(()),
        np.zeros(()),
    )


def bath_steps(exposure_s: Floats) -> tuple[Floats, int]:
    """Return the time steps of baths of several lengths, (sample, step), and the number of steps of the contact."""
    in_bath, _ = _phase_steps([1.0], CONSTANT_BEAM_STEPS)
    free, _ = _phase_steps([1.0], RELEASE_STEPS)
    steps = [in_bath * exposure_s[:, None], free * (AFTER_PULSE_S + exposure_s[:, None])]
    return np.concatenate(steps, axis=1), in_bath.size


def constant_beam_schedule(cooling: CoolingPlan, exposure_s: float) -> PulseSchedule:
    """Return the schedule of a beam that is on for `exposure_s` and ends with it; fine from the start of the beam."""
    phases: list[_Phase] = [
        (cooling.before_ms * MS, np.zeros(1), True),
        (cooling.delay_ms * MS, np.zeros(1), False),
        (exposure_s, np.ones(1), cooling.during),
    ]
    return _build_schedule(phases, cooling, exposure_s, 1, [(1, exposure_s)], CONSTANT_BEAM_STEPS)


def _build_schedule(
    phases: Sequence[_Phase],
    cooling: CoolingPlan,
    pulse_s: float,
    pulses: int,
    trains: Sequence[tuple[int, float]],
    fineness: StepFineness,
    cooling_share: float = 1.0,
) -> PulseSchedule:
    steps, phase = _phase_steps([duration for duration, _, _ in phases], fineness)
    on = np.stack([power for _, power, _ in phases])[phase].T
    number, stretch_s = (np.array(column, dtype=np.float64) for column in zip(*trains, strict=True))
    lit_s = number * stretch_s
    if len(trains) == 1:
        on, lit_s, stretch_s = on[0], lit_s[0], stretch_s[0]
    cooled = np.array([coolant for _, _, coolant in phases])[phase] & (cooling.kind != "none")
    h = np.where(cooled, cooling.coefficient_W_m2K * cooling_share, cooling.air_coefficient_W_m2K)
    outside = np.where(cooled, cooling.temperature_C, cooling.air_temperature_C)
    return PulseSchedule(steps, on, h, outside, pulse_s, pulses, cooled, lit_s, stretch_s, cooling_share)


def _phase_steps(durations_s: Sequence[float], fineness: StepFineness) -> tuple[Floats, NDArray[np.int64]]:
    first, growth, largest = fineness
    return graded_time_steps(durations_s, first_fraction=first, growth=growth, largest_fraction=largest)
