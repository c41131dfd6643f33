"""How a pulse of a beam is made of sub-pulses: as the case says, else as its device does, else not at all."""

from typing import NoReturn

from skinbeam.errors import InputError
from skinbeam.laser.device import Device
from skinbeam.schema.device import Head
from skinbeam.schema.exposure import Settings
from skinbeam.schema.fields import FieldFault
from skinbeam.schema.trains import Train, check_fit, trains_of

__all__ = ["given_trains", "head_trains", "pulse_trains"]


def pulse_trains(
    settings: Settings, device: Device | None, head: Head | None, pulse_ms: float, *, microbeam: bool
) -> tuple[Train, ...]:
    """Return the trains of a pulse, each as likely as the others; none where it is one pulse.

    Raises
    ------
    InputError : trains that no pulse of this length can be, or that the beam is not made of.
    """
    given = given_trains(settings)
    if given is None:
        return () if head is None or microbeam else head.trains
    if microbeam and given:
        _refuse("subpulses of microbeams", "Leave subpulses out: a microbeam is one pulse.")
    if device is not None and head is not None and given and head.pulse_shape != "train":
        _refuse(
            f"{device.name} makes no trains of sub-pulses here: its pulses are {head.pulse_shape}",
            "Leave subpulses out, or name a device whose pulse_shape is train.",
        )
    try:
        check_fit(given, pulse_ms)
    except FieldFault as fault:
        raise InputError(fault.code, str(fault), field=f"settings.{fault.field}", hint=fault.hint) from None
    return given


def given_trains(settings: Settings) -> tuple[Train, ...] | None:
    """Return the trains that a case says, none for a pulse that is one; None where it says nothing."""
    if settings.subpulses is None:
        return None
    return trains_of(settings.subpulses, settings.subpulse_ms) if settings.subpulses != [1] else ()


def head_trains(device: Device, wavelength_nm: float, pulse_ms: float) -> tuple[Train, ...]:
    """Return the trains of the pulses of one length that a device makes."""
    heads = (h for h in device.heads if h.wavelength_nm == wavelength_nm and h.pulse_ms.holds(pulse_ms))
    return next((head.trains for head in heads), ())


def _refuse(read: str, hint: str) -> NoReturn:
    raise InputError("no-train", read, field="settings.subpulses", hint=hint)
