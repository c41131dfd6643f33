"""A beam: its light, pulses, profile and microbeams, the trains of its sub-pulses and the areas that it lights."""

import math
from dataclasses import dataclass, replace
from typing import NoReturn

from skinbeam.laser.device import Device
from skinbeam.model.device_file import DeviceHead
from skinbeam.model.errors import InputError, NotAvailable
from skinbeam.model.exposure import PulseTrain, Settings, check_trains_fit, combine_trains
from skinbeam.model.fields import FieldError
from skinbeam.model.units import CM, MM, UM
from skinbeam.text import render_message

__all__ = [
    "Beam",
    "MicrobeamPattern",
    "case_trains",
    "coverage_pct",
    "density_of_coverage_per_cm2",
    "disc_area_cm2",
    "head_trains",
    "pulse_trains",
]

# The sub-pulses of a pulse: as stated in the case, else as the device makes them, else none.


def pulse_trains(
    settings: Settings, device: Device | None, head: DeviceHead | None, pulse_ms: float, *, microbeam: bool
) -> tuple[PulseTrain, ...]:
    """Return the possible trains of a pulse, all equally likely; empty if the pulse is not divided.

    Raises
    ------
    InputError : trains that do not fit into a pulse of this length, or that the device does not make.
    """
    given = case_trains(settings)
    if given is None:
        return () if head is None or microbeam else head.trains
    if microbeam and given:
        _raise_invalid_train("subpulses of microbeams", "Leave subpulses out: a microbeam is one pulse.")
    if device is not None and head is not None and given and head.pulse_shape != "train" and head.train is None:
        _raise_invalid_train(
            f"{device.name} makes no trains of sub-pulses here: its pulses are {head.pulse_shape}",
            "Leave subpulses out, or name a device that makes trains.",
        )
    try:
        check_trains_fit(given, pulse_ms)
    except FieldError as fault:
        raise InputError(fault.code, str(fault), field=f"settings.{fault.field}", hint=fault.hint) from None
    return given


def case_trains(settings: Settings) -> tuple[PulseTrain, ...] | None:
    """Return the trains in the settings of a case: empty for an undivided pulse, None if they are not stated."""
    if settings.subpulses is None:
        return None
    return combine_trains(settings.subpulses, settings.subpulse_ms) if settings.subpulses != [1] else ()


def head_trains(device: Device, wavelength_nm: float, pulse_ms: float) -> tuple[PulseTrain, ...]:
    """Return the trains of the pulses of a device at a wavelength and pulse length."""
    heads = (h for h in device.heads if h.wavelength_nm == wavelength_nm and h.pulse_ms.contains(pulse_ms))
    return next((head.trains for head in heads), ())


def _raise_invalid_train(read: str, hint: str) -> NoReturn:
    raise InputError("no-train", read, field="settings.subpulses", hint=hint)


@dataclass(frozen=True)
class MicrobeamPattern:
    """The microbeams of a fractional device. `energy_mJ`, of a single microbeam, is None if the case leaves it open."""

    energy_mJ: float | None
    diameter_um: float
    density_per_cm2: float
    profile: str


@dataclass(frozen=True)
class Beam:
    """The light that reaches the skin, in the units of the case file.

    Parameters
    ----------
    wavelength_nm : of the laser; for a filtered lamp the cut-off, and `spectrum` is its emission.
    spectrum : (wavelength_nm, share of the energy); shares sum to 1.
    pulse_ms : length of a pulse, or of each microbeam if there are microbeams.
    fluence_J_cm2, energy_J : per pulse, over the disc of `spot_mm`; None with a microbeam or an open dose.
    spot_mm : diameter, for a Gaussian the 1/e² diameter; None with a microbeam.
    footprint_mm : width and height of a rectangular window, whose area is that of the disc of `spot_mm`.
    pulse_shape : square, smooth (one hump), spiked (free running) or train.
    trains : the sub-pulses of a pulse; several equally likely trains if they are not known. Empty for a flat pulse; a
        pulse of another shape, and a train of unknown sub-pulses, are treated as a flat pulse too.
    trains_from_case : whether the case states the trains, rather than the device.
    overlap_fraction : of neighbouring spots.
    device : None when the case gives a wavelength without a device.
    """

    wavelength_nm: float
    spectrum: tuple[tuple[float, float], ...]
    pulse_ms: float
    fluence_J_cm2: float | None
    energy_J: float | None
    spot_mm: float | None
    profile: str
    pulses: int
    repetition_Hz: float
    passes: int
    pass_interval_s: float
    overlap_fraction: float
    pulse_shape: str
    trains: tuple[PulseTrain, ...]
    trains_from_case: bool
    microbeam: MicrobeamPattern | None
    device: Device | None
    footprint_mm: tuple[float, float] | None = None

    @property
    def lens_array(self) -> bool:
        """Whether an optic splits the spot into many small beams of unknown energy, which no simulation covers."""
        return self.device is not None and self.device.lens_array

    @property
    def mean_wavelength_nm(self) -> float:
        """The wavelength of a laser; the mean wavelength of the light of a lamp."""
        return sum(nm * share for nm, share in self.spectrum)

    def with_flat_pulse(self, pulse_ms: float) -> "Beam":
        """Return the beam with one flat pulse of another length."""
        return replace(self, pulse_ms=pulse_ms, trains=())

    def with_pulse_length(self, pulse_ms: float) -> "Beam":
        """Return the beam with pulses of another length and the sub-pulses that the case states or the device makes.

        Raises
        ------
        NotAvailable : the sub-pulses that the case states do not fit into the pulse.
        """
        if self.trains_from_case or self.device is None:
            try:
                check_trains_fit(self.trains, pulse_ms)
            except FieldError as fault:
                raise NotAvailable(render_message("simulate.subpulses-overlap", {"what": str(fault)})) from None
            return replace(self, pulse_ms=pulse_ms)
        return replace(self, pulse_ms=pulse_ms, trains=head_trains(self.device, self.wavelength_nm, pulse_ms))


def disc_area_cm2(spot_mm: float) -> float:
    """Return the area in cm² of a disc of `spot_mm` diameter."""
    return math.pi / 4 * (spot_mm * MM / CM) ** 2


def coverage_pct(diameter_um: float, density_per_cm2: float) -> float:
    """Return the share of the skin under the microbeams of one pass, placed at random, as machines show it."""
    return 100.0 * -math.expm1(-density_per_cm2 * disc_area_cm2(diameter_um * UM / MM))


def density_of_coverage_per_cm2(diameter_um: float, share_pct: float) -> float:
    """Return the density of microbeams of one pass, 1/cm², that have a share of the skin under them: the inverse."""
    return -math.log1p(-share_pct / 100.0) / disc_area_cm2(diameter_um * UM / MM)
