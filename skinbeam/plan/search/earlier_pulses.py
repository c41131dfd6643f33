"""Earlier pulses as a plan can compute them: which beam met which skin, and whether it burnt it.

Each test spot and each session counts once, with the worst that was read of it. What cannot be computed is told with
its reason, so that nothing that was entered is passed over in silence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from skinbeam.assessment.reactions import Reaction, reactions
from skinbeam.errors import InputError
from skinbeam.laser.grid import Setting
from skinbeam.laser.settings import Beam
from skinbeam.laser.wording import light_of
from skinbeam.messages import Formatter, Message, text
from skinbeam.plan.search.candidates import Machine, beam_of
from skinbeam.practice.spots import missed
from skinbeam.schema.case import Case

__all__ = ["EarlierPulse", "Untold", "earlier_pulses"]


@dataclass(frozen=True)
class EarlierPulse:
    """A pulse that met this person's skin, and what it left.

    Parameters
    ----------
    mark : what was read of it, as a kind of `data/reactions.toml`.
    missed : of a clean one, the share of a field's injuries that it does not foretell.
    """

    machine: Machine
    beam: Beam
    dose_J_cm2: float
    site: str
    mark: str
    burnt: bool
    missed: float

    @property
    def light(self) -> tuple[str, float]:
        """Device and wavelength: what shares one error."""
        return self.machine.device.name, self.beam.wavelength_nm

    @property
    def in_words(self) -> str:
        """The pulse as a person says it."""
        write = Formatter().number
        lamp = len(self.beam.spectrum) > 1
        parts = (light_of(self.beam.wavelength_nm, lamp=lamp), f"{write(self.dose_J_cm2)} J/cm²")
        size = text("setting.spot", {"diameter": self.beam.spot_mm}) if self.beam.spot_mm is not None else ""
        return ", ".join(
            part
            for part in (*parts, size, text("setting.pulse", {"length": f"{write(self.beam.pulse_ms)} ms"}))
            if part
        )


@dataclass(frozen=True)
class Untold:
    """An earlier pulse from which no probability was changed, and why."""

    where: str
    reason: Message


def earlier_pulses(case: Case, machines: Sequence[Machine]) -> tuple[tuple[EarlierPulse, ...], tuple[Untold, ...]]:
    """Return the earlier pulses that tell of burns, and those that do not.

    Parameters
    ----------
    machines : of the clinic, whose own devices no list holds.
    """
    found: list[EarlierPulse] = []
    untold: list[Untold] = []
    for where, group in groupby(reactions(case), key=lambda one: one.where):
        read = _pulse(case, list(group), machines)
        if isinstance(read, Message):
            untold.append(Untold(where, read))
        else:
            found.append(read)
    return tuple(found), tuple(untold)


def _pulse(case: Case, marks: Sequence[Reaction], machines: Sequence[Machine]) -> EarlierPulse | Message:
    """One pulse with all that was read of it, or why it tells nothing."""
    worst = next((one for one in marks if one.burnt), marks[0])
    burnt = bool(worst.burnt)
    if not burnt and any(one.burnt is None for one in marks):
        return Message("learned.no-sign", {"reaction": _named(worst)})
    # Nobody says when a session was looked at; that it was told of later is late enough.
    untold = missed(worst.read_after_h) if worst.read_after_h is not None else missed(float("inf"))
    if untold is None and not burnt:
        return Message("learned.too-early", {"hours": worst.read_after_h})
    site = worst.site or next((one.site for one in case.concern if one.condition == worst.treats), None)
    machine = _machine(worst, machines)
    if machine is None or site is None:
        return Message("learned.unknown-device" if machine is None else "learned.unknown-site")
    if machine.device.microbeam or set(machine.device.modalities) <= {"ablative", "fractional-ablative"}:
        return Message("learned.not-calibrated", {"device": machine.device.title})
    wavelength_nm, dose = worst.wavelength_on(machine.device), worst.fluence_J_cm2
    if wavelength_nm is None or dose is None or worst.pulse_ms is None or worst.spot_mm is None:
        return Message("learned.incomplete")
    setting = Setting(wavelength_nm, worst.pulse_ms, worst.spot_mm)
    try:
        beam = beam_of(machine, setting, dose)
    except InputError:
        return Message("learned.not-emitted", {"device": machine.device.title})
    return EarlierPulse(machine, beam, dose, site, worst.kind, burnt, untold or 0.0)


def _named(one: Reaction) -> Message | str:
    return one.kind if one.meaning == "unread" else Message(f"reaction.{one.kind}")


def _machine(one: Reaction, machines: Sequence[Machine]) -> Machine | None:
    """The machine of the clinic that it was done with, or else a known device of that name."""
    own = next((machine for machine in machines if one.done_with(machine.given, machine.device)), None)
    if own is not None or one.device is None:
        return own
    return Machine(one.device.name, one.device, Path())
