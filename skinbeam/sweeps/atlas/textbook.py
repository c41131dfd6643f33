"""The textbook setting of a device: the middle of what was published for a condition, the same for every skin.

It is such as a preset would be. Each source counts once, whoever was treated: with the middle of the published pulses
and spots goes the middle of the doses that were printed for about these.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_high
from typing import Final

from skinbeam.estimate import Unknown
from skinbeam.laser.device import Device, load_device
from skinbeam.laser.grid import Setting, densities, dose_steps, offers
from skinbeam.messages import text
from skinbeam.plan.search.envelope import Envelope, Light, ends_of, envelope_of
from skinbeam.plan.search.place import ENERGY, FLUENCE
from skinbeam.practice.published import Published
from skinbeam.sweeps.atlas.choices import Choice
from skinbeam.units import CM, MM

__all__ = ["Textbook", "textbook_of"]

_ONE_LIGHT: Final = 0.01  # of the wavelength: dyes of 585 and 595 nm are two lights


@dataclass(frozen=True)
class Textbook:
    """A setting that the device takes.

    Parameters
    ----------
    dose, top : J/cm², or mJ of a microbeam: the middle of what is printed, and the greatest that half of the sources
        did not go beyond.
    density_per_cm2 : of microbeams, of all passes together.
    sources : that print such a dose.
    """

    setting: Setting
    dose: float
    top: float
    density_per_cm2: float | None
    sources: tuple[str, ...]


def textbook_of(choice: Choice) -> Textbook | Unknown:
    """Return the textbook setting of a device for what it is asked for; unknown where nobody printed a dose."""
    device = load_device(choice.name)
    head = next(head for head in device.heads if head.wavelength_nm == choice.wavelength_nm)
    shortest_ms = min(one.pulse_ms for one in offers(device) if one.wavelength_nm == choice.wavelength_nm)
    light = Light(choice.modality, choice.wavelength_nm, shortest_ms, lamp=head.band_nm is not None)
    envelope = envelope_of(choice.condition, light, None)
    rows = () if envelope is None else envelope.own
    if not light.lamp:
        rows = tuple(row for row in rows if _same(row.wavelength_nm, choice.wavelength_nm)) or rows
    if envelope is None or not rows:
        return Unknown(text("atlas.no-dose"))
    made = _columns if device.microbeam else _field
    return made(device, choice.wavelength_nm, envelope.only(rows))


def _field(device: Device, wavelength_nm: float, envelope: Envelope) -> Textbook | Unknown:
    """With the pulse and spot of those who print a dose, or of all where none of these prints one."""
    same = [one for one in offers(device) if one.wavelength_nm == wavelength_nm]
    dosed = [row for row in envelope.own if ends_of(row.fluence_J_cm2)]
    printed_ms, printed_mm = (_middle(dosed, name) or _middle(envelope.own, name) for name in ("pulse_ms", "spot_mm"))
    step_ms = _step({one.pulse_ms for one in same}, printed_ms)
    spot = _step({one.spot_mm for one in same if one.pulse_ms == step_ms}, printed_mm)
    held = printed_ms is not None and dose_steps(device, wavelength_nm, printed_ms, spot)
    setting = Setting(wavelength_nm, printed_ms if held and printed_ms else step_ms, spot)
    dose = envelope.dose(FLUENCE, pulse_ms=setting.pulse_ms, spot_mm=spot)
    if dose is None:
        return Unknown(text("atlas.no-dose"))
    steps = dose_steps(device, *setting)
    return Textbook(setting, _step(steps, dose.middle), _step(steps, dose.usual), None, dose.sources)


def _columns(device: Device, wavelength_nm: float, envelope: Envelope) -> Textbook | Unknown:
    """Sources print no width of a microbeam, on which depth hangs: known where one of the device takes the energy."""
    dose = envelope.dose(ENERGY, pulse_ms=1.0, spot_mm=None)
    if dose is None:
        return Unknown(text("atlas.no-dose"))
    able = [one for one in offers(device) if _takes(dose_steps(device, *one), dose.middle)]
    widths = {one.spot_mm for one in able}
    if len(widths) != 1:
        return Unknown(text("atlas.no-width"))
    (width,) = widths
    setting = Setting(wavelength_nm, _step({one.pulse_ms for one in able if one.spot_mm == width}, None), width)
    steps = dose_steps(device, *setting)
    energy = _step(steps, dose.middle)
    wanted, covered = (_middle(envelope.own, name) for name in ("density_per_cm2", "coverage_pct"))
    if wanted is None and covered is not None:
        # Beams placed at random: what is covered is 1 - exp(-density x area).
        wanted = -math.log1p(-covered / 100.0) / (math.pi / 4.0 * (width * MM / CM) ** 2)
    if wanted is None:
        return Unknown(text("atlas.no-dose"))
    density = _step(densities(device, *setting, energy), wanted)
    return Textbook(setting, energy, _step(steps, dose.usual), density, dose.sources)


def _middle(rows: Iterable[Published], quantity: str) -> float | None:
    """The middle of what sources print; of two in the middle the greater, which of pulses and spots is the gentler."""
    by_source: dict[str, list[float]] = {}
    for row in rows:
        by_source.setdefault(row.source, []).extend(ends_of(getattr(row, quantity)))
    middles = [math.sqrt(min(ends) * max(ends)) for ends in by_source.values() if ends]
    return median_high(middles) if middles else None


def _step(values: Iterable[float], wanted: float | None) -> float:
    """The value of a device that comes nearest to what is wanted; without any its middle one."""
    offered = sorted(values)
    return offered[len(offered) // 2] if wanted is None else min(offered, key=lambda v: abs(math.log(v / wanted)))


def _takes(steps: tuple[float, ...], energy_mJ: float) -> bool:
    return bool(steps) and steps[0] <= energy_mJ <= steps[-1]


def _same(printed_nm: float | None, wavelength_nm: float) -> bool:
    return printed_nm is not None and abs(printed_nm / wavelength_nm - 1.0) < _ONE_LIGHT
