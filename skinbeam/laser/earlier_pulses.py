"""Whether the pulse and the light of an earlier session or test spot can be of the device that is named beside it."""

from collections.abc import Iterator
from typing import Final

from skinbeam.laser.case_devices import find_device
from skinbeam.laser.device import Device, describe_pulse, describe_pulses
from skinbeam.laser.device_class import heats_alike
from skinbeam.model.case import Case
from skinbeam.model.consultation import EarlierSession, EarlierTestSpot
from skinbeam.model.errors import InputError

__all__ = ["can_be_light_of", "can_be_pulse_of", "check_earlier_pulses"]

# Up to how many times the pulse may be longer or shorter than the device can fire. A judgement: machines of one kind
# differ within it, and a slip of the unit is a factor of a thousand.
_REACH: Final = 10.0


def can_be_pulse_of(device: Device, pulse_ms: float) -> bool:
    """Return whether a machine of such a kind may have fired a pulse of this length."""
    shortest, longest = device.pulse_ms
    return shortest / _REACH <= pulse_ms <= longest * _REACH


def can_be_light_of(device: Device, wavelength_nm: float) -> bool:
    """Return whether a machine of such a kind may have emitted this light; a lamp may have had any filter."""
    return device.is_lamp or any(heats_alike(own, wavelength_nm) for own in device.wavelengths_nm)


def check_earlier_pulses(case: Case, *, file: str) -> None:
    """Check the pulses of earlier sessions and test spots, where the device is known.

    Raises
    ------
    InputError : the first pulse that its device cannot have fired, or light that it does not emit.
    """
    for table, pulse in _earlier_pulses(case):
        device = find_device(pulse.device or "", case)
        if device is None:
            continue
        if pulse.wavelength_nm is not None and not can_be_light_of(device, pulse.wavelength_nm):
            emits = " or ".join(f"{nm:g}" for nm in device.wavelengths_nm)
            raise InputError(
                "cannot-emit",
                f"{pulse.device} does not emit light of {pulse.wavelength_nm:g} nm",
                field=f"{table}.wavelength_nm",
                hint=f"This device emits {emits} nm. Check the wavelength, and the device.",
                file=file,
            )
        if pulse.pulse_ms is None or can_be_pulse_of(device, pulse.pulse_ms):
            continue
        fires = describe_pulses(head.pulse_ms for head in device.heads)
        raise InputError(
            "cannot-emit",
            f"{pulse.device} cannot have fired a pulse of {describe_pulse(pulse.pulse_ms)}, read {pulse.pulse_ms:g}",
            field=f"{table}.pulse_ms",
            hint=f"This device emits {fires}; pulse_ms is in milliseconds. Check the unit, and the device.",
            file=file,
        )


def _earlier_pulses(case: Case) -> Iterator[tuple[str, EarlierTestSpot | EarlierSession]]:
    """Yield the earlier pulses with their tables."""
    yield from ((f"test_spot[{index}]", spot) for index, spot in enumerate(case.test_spot))
    yield from ((f"session[{index}]", done) for index, done in enumerate(case.session))
