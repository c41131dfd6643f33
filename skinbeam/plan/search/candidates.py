"""Settings to try on a device: a few wavelengths and pulse lengths over all that it offers, with its own cooling."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from skinbeam.laser import cooling as laser_cooling
from skinbeam.laser import settings as laser_settings
from skinbeam.laser.cooling import CoolingPlan
from skinbeam.laser.device import Device
from skinbeam.laser.grid import Setting, dose_steps, offers, settings_tables
from skinbeam.laser.settings import Beam
from skinbeam.plan.rules.earlier import Bar, without_barred
from skinbeam.plan.search.caps import PulseCaps
from skinbeam.plan.search.region import Region, from_between
from skinbeam.plan.setup import CoolingSetting
from skinbeam.provenance import used
from skinbeam.schema.case import Case
from skinbeam.schema.load import parse
from skinbeam.shipped import shipped_table

__all__ = ["Machine", "beam_of", "built_in_cooling", "candidates", "narrower", "thinned"]

MOST_WAVELENGTHS = 3
Item = TypeVar("Item")


@dataclass(frozen=True)
class Machine:
    """A device, how the case names it: by name, or by a file in `folder`, and which of its doses may be tried.

    Parameters
    ----------
    bars : doses that harmed before.
    region : published practice, beyond which nothing is tried; None where everything is.
    caps : the spots and energies that no setting goes beyond, in a region or outside; None where nobody asks.
    """

    given: str
    device: Device
    folder: Path
    bars: tuple[Bar, ...] = ()
    region: Region | None = None
    caps: PulseCaps | None = None

    def doses(self, setting: Setting) -> tuple[float, ...]:
        """Return the doses that may be tried at a setting, ascending, J/cm², or mJ for a microbeam."""
        every = without_barred(dose_steps(self.device, *setting), setting.wavelength_nm, self.bars)
        allowed = every if self.caps is None else self.caps.doses(self.device, setting, every)
        return tuple(allowed) if self.region is None else self.region.doses(self.device, setting, allowed)


def candidates(
    device: Device,
    *,
    every_size: bool,
    pulses: int,
    answered: Callable[[float, float], bool] | None = None,
    takes: Callable[[Setting], bool] = lambda _setting: True,
) -> Iterator[Setting]:
    """Yield settings that span what a device offers: each wavelength and pulse once, with its widest spot.

    The widest spot comes closest to the wide beam that is simulated, and treats an area with the fewest pulses; where
    its doses end too early, there are `narrower` ones.
    `every_size` keeps all diameters: of microbeams, because depth and width depend on it, and of ablating beams,
    because a narrow spot alone may reach the fluence. `answered` tells for a wavelength, nm, and a pulse, ms, whether
    it can be judged: if any can, no others are taken. The shortest and longest pulse are what a maker could build, and
    not what is used: `pulses` of those between them are taken. `takes` tells of a setting whether any of its doses may
    be tried.
    """
    every = [offer for offer in offers(device) if takes(offer)]
    for wavelength in thinned(sorted({o.wavelength_nm for o in every}), MOST_WAVELENGTHS):
        here = [o for o in every if o.wavelength_nm == wavelength]
        lengths = sorted({o.pulse_ms for o in here})
        if answered is not None:
            lengths = [pulse for pulse in lengths if answered(wavelength, pulse)] or lengths
        for pulse in from_between(lengths, pulses):
            sizes = sorted({o.spot_mm for o in here if o.pulse_ms == pulse})
            for size in sizes if every_size else sizes[-1:]:
                yield Setting(wavelength, pulse, size)


def narrower(machine: Machine, setting: Setting) -> Iterator[Setting]:
    """Yield the setting with narrower spots that reach higher doses than all wider ones, the widest first."""
    same = [o for o in offers(machine.device) if o[:2] == setting[:2] and o.spot_mm < setting.spot_mm]
    greatest = machine.doses(setting)[-1:]
    for one in sorted(same, key=lambda o: -o.spot_mm):
        doses = machine.doses(one)
        if doses and doses[-1:] > greatest:
            greatest = doses[-1:]
            yield one


def thinned(values: Sequence[Item], most: int) -> list[Item]:
    """Return at most `most` of the values, evenly taken, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    if most == 1:
        return [values[0]]
    last = len(values) - 1
    return [values[round(index * last / (most - 1))] for index in range(most)]


def built_in_cooling(device: Device) -> tuple[CoolingPlan, CoolingSetting | None]:
    """Return the cooling that a plan uses on a device, and what it is in the words of the case file."""
    if not device.cooling:
        return laser_cooling.resolve(None), None
    head = device.cooling[0]
    timing = _timings()[head.kind]
    used(timing["source"])
    table: dict[str, Any] = {"kind": head.kind}
    if head.cryogen is not None:
        table["cryogen"] = head.cryogen
    for name in ("before_ms", "delay_ms", "after_ms"):
        offer = getattr(head, name)
        if name in timing and offer is not None:
            low, high = offer.ends
            table[name] = min(max(timing[name], low), high)
    if head.during:
        table["during"] = True
    case = parse(Case, {"cooling": table}, file="plan")
    plan = laser_cooling.resolve(case.cooling, device)
    # What the plan was computed with stands in its settings, whether or not the case would have left it open.
    return plan, CoolingSetting(temperature_C=plan.temperature_C, coefficient_W_m2K=plan.coefficient_W_m2K, **table)


def beam_of(machine: Machine, setting: Setting, dose: float, density_per_cm2: float | None = None) -> Beam:
    """Return the checked beam of a setting.

    Raises
    ------
    InputError : the device cannot emit it.
    """
    tables = settings_tables(machine.device, setting, dose, density_per_cm2)
    tables["laser"]["device"] = machine.given
    return laser_settings.resolve(parse(Case, tables, file="plan"), machine.folder)


def _timings() -> Mapping[str, dict[str, Any]]:
    timings: Mapping[str, dict[str, Any]] = shipped_table("data/limits.toml")["cooling"]
    return timings
