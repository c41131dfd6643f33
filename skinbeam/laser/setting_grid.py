"""What a planner can try on a device: its heads as finite lists of settings, every one of which the device takes."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from skinbeam.document import round_significant
from skinbeam.laser.device import Device, beam_sizes_mm, tip_size_mm
from skinbeam.schema.device import Offer, Spot, Tip
from skinbeam.units import MJ, MM, MS, UM

__all__ = ["Setting", "densities", "dose_steps", "linear_steps", "offers", "pulse_steps", "settings_tables"]

DIGITS = 9  # significant: free of the noise of the arithmetic
MOST_STEPS = 40
PULSE_MANTISSAS = (1.0, 2.0, 5.0)  # of a pulse length between the ends of a range
STEP_MANTISSAS = (1.0, 2.0, 2.5, 5.0, 10.0)
NEAR_END = 1.2  # a round pulse length nearer than this factor to an end adds nothing


class Setting(NamedTuple):
    """Wavelength, pulse length and diameter: of the spot, or of one microbeam."""

    wavelength_nm: float
    pulse_ms: float
    spot_mm: float


def offers(device: Device) -> Iterator[Setting]:
    """Yield every wavelength, pulse and diameter that a planner should try, each once, in the order of the file."""
    seen: set[Setting] = set()
    for head in device.heads:
        for pulse in pulse_steps(head.pulse_ms):
            for size in beam_sizes_mm(head):
                setting = Setting(head.wavelength_nm, pulse, size)
                if setting not in seen:
                    seen.add(setting)
                    yield setting


def dose_steps(device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float) -> tuple[float, ...]:
    """Return the fluences in J/cm² (a microbeam device: energies of one beam in mJ) that go with a setting, ascending.

    Empty when the device does not offer the setting, or no energy gives a power it has at this pulse length.
    """
    doses: set[float] = set()
    for option in _options(device, wavelength_nm, pulse_ms, spot_mm):
        if isinstance(option, Spot):
            doses.update(linear_steps(option.fluence_J_cm2))
        else:
            doses.update(e for e in linear_steps(option.energy_mJ) if _has_power(option, e, pulse_ms))
    return tuple(sorted(doses))


def densities(
    device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float, energy_mJ: float
) -> tuple[float, ...]:
    """Return the densities in 1/cm² a pass that go with a microbeam of this energy; empty for a full field."""
    found: set[float] = set()
    for option in _options(device, wavelength_nm, pulse_ms, spot_mm):
        if isinstance(option, Tip) and option.energy_mJ.holds(energy_mJ) and _has_power(option, energy_mJ, pulse_ms):
            found.update(linear_steps(option.density_per_cm2))
    return tuple(sorted(found))


def settings_tables(
    device: Device, setting: Setting, dose: float, density_per_cm2: float | None = None
) -> dict[str, dict[str, Any]]:
    """Return [laser], [settings] and, for microbeams, [microbeam] of a case file that asks for one shot of this."""
    tables: dict[str, dict[str, Any]] = {
        "laser": {"device": device.name, "wavelength_nm": setting.wavelength_nm},
        "settings": {"pulse_ms": setting.pulse_ms},
    }
    if device.microbeam:
        tables["microbeam"] = {
            "energy_mJ": dose,
            "diameter_um": round_significant(setting.spot_mm * MM / UM, DIGITS),
            "density_per_cm2": density_per_cm2,
            "profile": device.profile,
        }
    else:
        tables["settings"] |= {"fluence_J_cm2": dose, "spot_mm": setting.spot_mm, "profile": device.profile}
    return tables


def pulse_steps(offer: Offer[Any]) -> tuple[float, ...]:
    """Return the pulse lengths to try: those listed, or the ends of a range and the round numbers between."""
    if offer.values is not None or offer.step is not None:
        return linear_steps(offer)
    low, high = offer.ends
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    between = [round_significant(m * 10.0**d, DIGITS) for d in decades for m in PULSE_MANTISSAS]
    kept = [x for x in between if low * NEAR_END <= x <= high / NEAR_END]
    return tuple(sorted({low, high, *kept}))


def linear_steps(offer: Offer[Any]) -> tuple[float, ...]:
    """Return what to try of a list or a range: on the dial's steps where it has them, else round steps and the ends."""
    if offer.values is not None:
        return tuple(offer.values)
    low, high = offer.ends
    if low == high:
        return (low,)
    if offer.step is not None:
        count = math.floor((high - low) / offer.step * (1 + 1e-12))
        stride = math.ceil(count / MOST_STEPS)
        return tuple(round_significant(low + i * offer.step, DIGITS) for i in range(0, count + 1, stride))
    step = _round_step((high - low) / MOST_STEPS)
    first, last = math.ceil(low / step), math.floor(high / step)
    inner = {round_significant(i * step, DIGITS) for i in range(first, last + 1)}
    return tuple(sorted(inner | {low, high}))


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is at least `least`."""
    decade = 10.0 ** math.floor(math.log10(least))
    return round_significant(next(m * decade for m in STEP_MANTISSAS if m * decade >= least * (1 - 1e-12)), DIGITS)


def _options(device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float) -> Iterator[Spot | Tip]:
    for head in device.heads:
        if head.wavelength_nm == wavelength_nm and head.pulse_ms.holds(pulse_ms):
            yield from (spot for spot in head.spot if math.isclose(spot.spot_mm, spot_mm, rel_tol=1e-6))
            yield from (tip for tip in head.tip if math.isclose(tip_size_mm(tip.diameter_um), spot_mm, rel_tol=1e-6))


def _has_power(tip: Tip, energy_mJ: float, pulse_ms: float) -> bool:
    return tip.power_W is None or tip.power_W.holds(energy_mJ * MJ / (pulse_ms * MS))
