"""Finite grids of the settings of a device for the planner to try; the device can emit every one of them."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from skinbeam.laser.device import Device, beam_sizes_mm, tip_size_mm
from skinbeam.model.device_file import MicrobeamOutput, Offer, SpotOutput
from skinbeam.model.document import round_significant
from skinbeam.model.units import MJ, MM, MS, UM

__all__ = [
    "BeamSetting",
    "case_tables",
    "density_steps",
    "dose_steps",
    "iterate_settings",
    "linear_steps",
    "pulse_steps",
]

GRID_DIGITS = 9  # significant digits, to remove rounding error
MAX_STEPS = 40
PULSE_MANTISSAS = (1.0, 2.0, 5.0)  # of pulse lengths between the ends of a range
STEP_MANTISSAS = (1.0, 2.0, 2.5, 5.0, 10.0)
NEAR_END = 1.2  # round pulse lengths within this factor of an end are left out


class BeamSetting(NamedTuple):
    """Wavelength, pulse length, and diameter of the spot or of a microbeam."""

    wavelength_nm: float
    pulse_ms: float
    spot_mm: float


def iterate_settings(device: Device) -> Iterator[BeamSetting]:
    """Yield every combination of wavelength, pulse and diameter to try, each once, in the order of the file."""
    seen: set[BeamSetting] = set()
    for head in device.heads:
        for pulse in pulse_steps(head.pulse_ms):
            for size in beam_sizes_mm(head):
                setting = BeamSetting(head.wavelength_nm, pulse, size)
                if setting not in seen:
                    seen.add(setting)
                    yield setting


def dose_steps(device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float) -> tuple[float, ...]:
    """Return the fluences in J/cm² (for a microbeam device: energies of one beam in mJ) of a setting, ascending.

    Empty if the device does not offer the setting, or if no energy gives a power that it has at this pulse length.
    """
    doses: set[float] = set()
    for option in _matching_outputs(device, wavelength_nm, pulse_ms, spot_mm):
        if isinstance(option, SpotOutput):
            doses.update(linear_steps(option.fluence_J_cm2))
        else:
            doses.update(e for e in linear_steps(option.energy_mJ) if _has_power(option, e, pulse_ms))
    return tuple(sorted(doses))


def density_steps(
    device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float, energy_mJ: float
) -> tuple[float, ...]:
    """Return the densities per pass, 1/cm², for microbeams of this energy; empty for a full field."""
    found: set[float] = set()
    for option in _matching_outputs(device, wavelength_nm, pulse_ms, spot_mm):
        if (
            isinstance(option, MicrobeamOutput)
            and option.energy_mJ.contains(energy_mJ)
            and _has_power(option, energy_mJ, pulse_ms)
        ):
            found.update(linear_steps(option.density_per_cm2))
    return tuple(sorted(found))


def case_tables(
    device: Device, setting: BeamSetting, dose: float, density_per_cm2: float | None = None
) -> dict[str, dict[str, Any]]:
    """Return the case file tables [laser], [settings] and, for microbeams, [microbeam] of a single such pulse."""
    tables: dict[str, dict[str, Any]] = {
        "laser": {"device": device.name, "wavelength_nm": setting.wavelength_nm},
        "settings": {"pulse_ms": setting.pulse_ms},
    }
    if device.microbeam:
        tables["microbeam"] = {
            "energy_mJ": dose,
            "diameter_um": round_significant(setting.spot_mm * MM / UM, GRID_DIGITS),
            "density_per_cm2": density_per_cm2,
            "profile": device.profile,
        }
    else:
        tables["settings"] |= {"fluence_J_cm2": dose, "spot_mm": setting.spot_mm, "profile": device.profile}
    return tables


def pulse_steps(offer: Offer[Any]) -> tuple[float, ...]:
    """Return the pulse lengths to try: the listed values, or the ends of a range and the round numbers between them."""
    if offer.values is not None or offer.step is not None:
        return linear_steps(offer)
    low, high = offer.ends
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    between = [round_significant(m * 10.0**d, GRID_DIGITS) for d in decades for m in PULSE_MANTISSAS]
    kept = [x for x in between if low * NEAR_END <= x <= high / NEAR_END]
    return tuple(sorted({low, high, *kept}))


def linear_steps(offer: Offer[Any]) -> tuple[float, ...]:
    """Return the values to try of a list or a range: the steps of the range, or else round steps and its ends."""
    if offer.values is not None:
        return tuple(offer.values)
    low, high = offer.ends
    if low == high:
        return (low,)
    if offer.step is not None:
        count = math.floor((high - low) / offer.step * (1 + 1e-12))
        stride = math.ceil(count / MAX_STEPS)
        return tuple(round_significant(low + i * offer.step, GRID_DIGITS) for i in range(0, count + 1, stride))
    step = _round_step((high - low) / MAX_STEPS)
    first, last = math.ceil(low / step), math.floor(high / step)
    inner = {round_significant(i * step, GRID_DIGITS) for i in range(first, last + 1)}
    return tuple(sorted(inner | {low, high}))


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5 or 5 times a power of ten that is at least `least`."""
    decade = 10.0 ** math.floor(math.log10(least))
    return round_significant(next(m * decade for m in STEP_MANTISSAS if m * decade >= least * (1 - 1e-12)), GRID_DIGITS)


def _matching_outputs(
    device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float
) -> Iterator[SpotOutput | MicrobeamOutput]:
    for head in device.heads:
        if head.wavelength_nm == wavelength_nm and head.pulse_ms.contains(pulse_ms):
            yield from (spot for spot in head.spot if math.isclose(spot.spot_mm, spot_mm, rel_tol=1e-6))
            yield from (tip for tip in head.tip if math.isclose(tip_size_mm(tip.diameter_um), spot_mm, rel_tol=1e-6))


def _has_power(tip: MicrobeamOutput, energy_mJ: float, pulse_ms: float) -> bool:
    return tip.power_W is None or tip.power_W.contains(energy_mJ * MJ / (pulse_ms * MS))
