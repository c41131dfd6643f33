"""A device and what is set on it: the records of a plan that a case file and a clinician share words for."""

from dataclasses import dataclass

from skinbeam.laser.wording import light_of

__all__ = ["CoolingSetting", "DeviceSetting", "MicrobeamSetting", "Setup"]


@dataclass(frozen=True)
class MicrobeamSetting:
    """What is set for each beam of a fractional device, and how many there are."""

    energy_mJ: float
    diameter_um: float
    density_per_cm2: float
    profile: str


@dataclass(frozen=True, kw_only=True)
class CoolingSetting:
    """The cooling that a plan was computed with, in the words of the case file."""

    kind: str
    cryogen: str | None = None
    before_ms: float | None = None
    delay_ms: float | None = None
    after_ms: float | None = None
    during: bool | None = None
    temperature_C: float
    coefficient_W_m2K: float


@dataclass(frozen=True)
class DeviceSetting:
    """What is set on a device, in the words of the case file: a fluence and a spot, or microbeams.

    Parameters
    ----------
    compression : what is pressed on the skin while the device fires, in place of its cooling.
    subpulses, subpulse_ms : made by the device and not set on it: in how many sub-pulses, of which length, it may emit
        the pulse; more than one entry where that is not known.
    """

    wavelength_nm: float
    pulse_ms: float
    fluence_J_cm2: float | None = None
    spot_mm: float | None = None
    profile: str | None = None
    compression: str | None = None
    passes: int | None = None
    subpulses: tuple[int, ...] | None = None
    subpulse_ms: tuple[float, ...] | None = None
    microbeam: MicrobeamSetting | None = None
    cooling: CoolingSetting | None = None


@dataclass(frozen=True)
class Setup:
    """A device at the settings that the search found.

    Parameters
    ----------
    wavelength_nm : of the light that is meant; of a filtered lamp the lower end of `band_nm`.
    """

    device: str
    device_title: str
    wavelength_nm: float
    band_nm: tuple[float, float] | None
    settings: DeviceSetting

    @property
    def lamp(self) -> bool:
        """Whether the light is that of a filtered lamp."""
        return self.band_nm is not None

    @property
    def light(self) -> str:
        """The light in words."""
        return light_of(self.wavelength_nm, lamp=self.lamp)
