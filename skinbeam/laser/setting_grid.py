"""Finite grids of the settings of a device for the planner to try; the device can emit every one of them."""

import math
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from skinbeam.laser.device import Device, beam_sizes_mm, tip_size_mm
from skinbeam.laser.device_class import head_classes, widen_classes
from skinbeam.model.device_file import DeviceHead, MicrobeamOutput, Offer, SpotOutput
from skinbeam.model.document import round_significant
from skinbeam.model.units import MJ, MM, MS, UM

__all__ = [
    "BeamSetting",
    "case_tables",
    "density_steps",
    "device_classes",
    "dose_steps",
    "iterate_settings",
    "linear_steps",
    "nearest_setting",
    "one_of_each_light",
    "pulse_steps",
]

SAME_VALUE = 1e-6  # relative: the same diameter or pulse, read as decimals
GRID_DIGITS = 9  # significant digits, to remove rounding error
MAX_STEPS = 40
MAX_DIAL_STEPS = 200  # of a range with steps of its own, every one of which can be set
PULSE_MANTISSAS = (1.0, 2.0, 3.0, 5.0)  # of pulse lengths between the ends of a range; sources print 3 and 30 ms
STEP_MANTISSAS = (1.0, 2.0, 2.5, 5.0, 10.0)
NEAR_END = 1.2  # round pulse lengths within this factor of an end are left out


class BeamSetting(NamedTuple):
    """Wavelength, length of the single pulse, and diameter of the spot or of a microbeam."""

    wavelength_nm: float
    pulse_ms: float
    spot_mm: float


def iterate_settings(device: Device, wavelength_nm: float | None = None) -> Iterator[BeamSetting]:
    """Yield every combination of wavelength, single pulse and diameter to try, each once, in the order of the file.

    With a wavelength, those of that wavelength alone.
    """
    seen: set[BeamSetting] = set()
    for head in device.heads:
        if wavelength_nm is not None and head.wavelength_nm != wavelength_nm:
            continue
        for pulse in pulse_steps(head.pulse_ms):
            for size in beam_sizes_mm(head):
                setting = BeamSetting(head.wavelength_nm, pulse, size)
                if setting not in seen:
                    seen.add(setting)
                    yield setting


def one_of_each_light(device: Device) -> list[BeamSetting]:
    """Return a setting of each wavelength and pulse of a device."""
    return list({(setting.wavelength_nm, setting.pulse_ms): setting for setting in iterate_settings(device)}.values())


def nearest_setting(device: Device, wavelength_nm: float, pulse_ms: float, spot_mm: float) -> BeamSetting | None:
    """Return the single pulse of a device that is nearest by the ratios of pulse and diameter.

    A pulse that lies between the values of the grid is kept where the device offers it. None if the device does not
    emit the wavelength.
    """
    offered = list(iterate_settings(device, wavelength_nm))
    offered += [s._replace(pulse_ms=pulse_ms) for s in offered]
    return min(
        (s for s in offered if any(_matching_heads(device, s))),
        key=lambda s: abs(math.log(s.pulse_ms / pulse_ms)) + abs(math.log(s.spot_mm / spot_mm)),
        default=None,
    )


def dose_steps(device: Device, setting: BeamSetting) -> tuple[float, ...]:
    """Return the fluences in J/cm² (for a microbeam device: energies of one beam in mJ) of a setting, ascending.

    Empty if the device does not offer the setting, or if no energy gives a power that it has at this pulse length.
    """
    doses: set[float] = set()
    for option in _matching_outputs(device, setting):
        if isinstance(option, SpotOutput):
            doses.update(linear_steps(option.fluence_J_cm2))
        else:
            doses.update(e for e in linear_steps(option.energy_mJ) if _has_power(option, e, setting.pulse_ms))
    return tuple(sorted(doses))


def density_steps(device: Device, setting: BeamSetting, energy_mJ: float) -> tuple[float, ...]:
    """Return the densities per pass, 1/cm², for microbeams of this energy; empty for a full field."""
    densities: set[float] = set()
    for option in _matching_outputs(device, setting):
        if (
            isinstance(option, MicrobeamOutput)
            and option.energy_mJ.contains(energy_mJ)
            and _has_power(option, energy_mJ, setting.pulse_ms)
        ):
            densities.update(linear_steps(option.density_per_cm2))
    return tuple(sorted(densities))


def device_classes(device: Device, setting: BeamSetting) -> frozenset[str]:
    """Return the classes of a device at a setting, with every wider class; empty if no head offers the setting."""
    return widen_classes(name for head in _matching_heads(device, setting) for name in head_classes(device.file, head))


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
        spots = _matching_outputs(device, setting)
        window = next((s.footprint_mm for s in spots if isinstance(s, SpotOutput) and s.footprint_mm), None)
        if window is not None:
            tables["settings"]["footprint_mm"] = window
    return tables


def pulse_steps(offer: Offer[Any]) -> tuple[float, ...]:
    """Return the pulse lengths to try: the listed values, or the ends of a range and the round numbers between them."""
    if offer.values is not None or offer.step is not None:
        return linear_steps(offer)
    low, high = offer.ends
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    between = [round_significant(m * 10.0**d, GRID_DIGITS) for d in decades for m in PULSE_MANTISSAS]
    inside = [x for x in between if low * NEAR_END <= x <= high / NEAR_END]
    return tuple(sorted({low, high, *inside}))


def linear_steps(offer: Offer[Any]) -> tuple[float, ...]:
    """Return the values to try of a list or a range: the steps of the range, or else round steps and its ends."""
    if offer.values is not None:
        return tuple(offer.values)
    low, high = offer.ends
    return _range_steps(low, high, offer.step)


@cache
def _range_steps(low: float, high: float, step: float | None) -> tuple[float, ...]:
    """Return the values to try of a range. A plan asks for the same few ranges thousands of times."""
    if low == high:
        return (low,)
    if step is not None:
        count = math.floor((high - low) / step * (1 + 1e-12))
        stride = math.ceil(count / MAX_DIAL_STEPS)
        return tuple(round_significant(low + i * step, GRID_DIGITS) for i in range(0, count + 1, stride))
    wide = _round_step((high - low) / MAX_STEPS)
    first, last = math.ceil(low / wide), math.floor(high / wide)
    inner = {round_significant(i * wide, GRID_DIGITS) for i in range(first, last + 1)}
    return tuple(sorted(inner | {low, high}))


def _round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5 or 5 times a power of ten that is at least `least`."""
    decade = 10.0 ** math.floor(math.log10(least))
    return round_significant(next(m * decade for m in STEP_MANTISSAS if m * decade >= least * (1 - 1e-12)), GRID_DIGITS)


def _is_same(size_mm: float, other_mm: float) -> bool:
    return math.isclose(size_mm, other_mm, rel_tol=SAME_VALUE)


def _has_pulse(head: DeviceHead, setting: BeamSetting) -> bool:
    """Return whether a head emits the wavelength and the pulse of a setting."""
    return head.wavelength_nm == setting.wavelength_nm and head.pulse_ms.contains(setting.pulse_ms)


def _matching_heads(device: Device, setting: BeamSetting) -> tuple[DeviceHead, ...]:
    """Return the heads that emit the wavelength, the pulse and the diameter of a setting."""
    known = device.heads_by_setting
    if setting not in known:
        known[setting] = tuple(
            head
            for head in device.heads
            if _has_pulse(head, setting) and any(_is_same(size, setting.spot_mm) for size in beam_sizes_mm(head))
        )
    return known[setting]


def _matching_outputs(device: Device, setting: BeamSetting) -> Iterator[SpotOutput | MicrobeamOutput]:
    for head in _matching_heads(device, setting):
        yield from (spot for spot in head.spot if _is_same(spot.diameter_mm, setting.spot_mm))
        yield from (tip for tip in head.tip if _is_same(tip_size_mm(tip.diameter_um), setting.spot_mm))


def _has_power(tip: MicrobeamOutput, energy_mJ: float, pulse_ms: float) -> bool:
    return tip.power_W is None or tip.power_W.contains(energy_mJ * MJ / (pulse_ms * MS))
