"""Records of a course: device settings, printed ranges, test spots, visits, totals."""

from dataclasses import dataclass, field
from typing import Literal

from skinbeam.laser.device import describe_light
from skinbeam.model.estimate import Unknown, Value
from skinbeam.model.json_fields import TEXT_AND_MESSAGE
from skinbeam.response.records import CoolingSetting
from skinbeam.text import Message

__all__ = [
    "CourseTotal",
    "DeviceSetting",
    "DeviceSetup",
    "Duration",
    "LadderStep",
    "LensArraySetting",
    "MicrobeamSetting",
    "SessionGain",
    "SourceRange",
    "TestSpotLadder",
    "Visit",
]

# Printed ranges and durations.


@dataclass(frozen=True)
class SourceRange:
    """A range that a source prints, in `unit`; `text` is the sentence that names its origin.

    Parameters
    ----------
    usual : median of the trials, where they were counted.
    """

    low: float
    high: float
    unit: str
    source: str | None = None
    text: Message | None = None
    usual: float | None = None


@dataclass(frozen=True)
class Duration:
    """How long one effect of a session stays visible, in days.

    Parameters
    ----------
    what : downtime, redness or covering (of a rule), trials, calendar (the last day that is described) or bruise.
    source : key of its source, or of each where there are several.
    rule : id of the rule that gives it.
    """

    what: str
    low: float
    high: float
    unit: str
    source: str | tuple[str, ...]
    text: Message
    rule: str | None = None


@dataclass(frozen=True, kw_only=True)
class LadderStep:
    """One test spot: a fluence, or the energy of a microbeam, with the field names of the case file.

    Parameters
    ----------
    p_burn : probability of a burn; unknown where there is no calibration of burns.
    """

    fluence_J_cm2: float | None = None
    energy_mJ: float | None = None
    density_per_cm2: float | None = None
    pulse_ms: float
    spot_mm: float
    p_burn: Value


@dataclass(frozen=True)
class TestSpotLadder:
    """Test spots of one setting at one site, the lowest first; the last has the planned dose.

    Parameters
    ----------
    light : the wavelength, or the band of a lamp, in words.
    p_burn_if_clean : probability that the planned dose burns the field once all spots are read and none is burnt.
    settings : the setting of the session that they try; None in plans that were made before ladders named it.
    when_chosen : true where other lights come first, where the first visit fires the deeper columns of another
        concern, or where earlier sessions have improved enough, so that only who chooses this light makes its spots.
    """

    device: str
    device_title: str
    wavelength_nm: float
    light: str
    site: str
    spots: tuple[LadderStep, ...]
    p_burn_if_clean: Value
    read_after_h: float
    source: str
    message: Message = field(metadata=TEXT_AND_MESSAGE)
    settings: "DeviceSetting | None" = None
    when_chosen: Literal[True] | None = None

    @property
    def is_narrower(self) -> bool:
        """Whether its spots are narrower than that of the session, so that they do not show what the session does."""
        planned_mm = None if self.settings is None else self.settings.spot_mm
        return planned_mm is not None and any(spot.spot_mm < planned_mm for spot in self.spots)

    def tries(self, setup: "DeviceSetup", site: str) -> bool:
        """Return whether it tries a setting of a device at a site, and not only its light."""
        asked = (setup.device, setup.wavelength_nm, site)
        return (self.device, self.wavelength_nm, self.site) == asked and self.settings in (None, setup.settings)


@dataclass(frozen=True)
class SessionGain:
    """Expected result of a concern after a number of sessions, past ones with such a laser included.

    Parameters
    ----------
    p_half : share of people with at least half improvement.
    if_place_kept_pct : improvement of this skin if it keeps its rank among people; None where no response is known.
    """

    treats: str
    sessions: int
    p_half: Value
    if_place_kept_pct: float | None = None


@dataclass(frozen=True)
class Visit:
    """One visit of the course: its number, its week from the start, the places treated and the steps.

    Parameters
    ----------
    expected : result after this visit, where trials report one.
    """

    session: int
    week: int
    treats: tuple[str, ...]
    steps: tuple[Message, ...]
    expected: tuple[SessionGain, ...] = ()


@dataclass(frozen=True)
class CourseTotal:
    """Totals of a course.

    Parameters
    ----------
    weeks : from the first visit to the last.
    minutes, downtime_days : in the chair and of downtime, over all planned visits.
    afterwards : how long the gain lasts, and what is not known of it.
    """

    visits: int
    weeks: int
    minutes: SourceRange | Unknown
    downtime_days: SourceRange | Unknown
    afterwards: tuple[Message, ...]


# A device and its settings; the field names are those of the case file.


@dataclass(frozen=True)
class MicrobeamSetting:
    """Settings of each beam of a fractional device, and the density of beams."""

    energy_mJ: float
    diameter_um: float
    density_per_cm2: float
    profile: str


@dataclass(frozen=True)
class LensArraySetting:
    """An optic that splits the spot into small beams; no source gives their energy and diameter."""

    optic: str = "lens-array"


@dataclass(frozen=True)
class DeviceSetting:
    """Settings of a device with the field names of the case file: a fluence and a spot, or microbeams.

    Parameters
    ----------
    microbeam : the beams of a fractional device; of a lens array beside the fluence over its whole spot.
    footprint_mm : width and height of a rectangular window; `spot_mm` is then the diameter of the disc of equal area.
    compression : what is pressed on the skin while the device fires, in place of its cooling.
    subpulses, subpulse_ms : number and length of the sub-pulses in which the device may emit the pulse; they are made
        by the device and not set on it, and have more than one entry where they are not known.
    subpulse_delay_ms : time between the pulses of a train that is set on the device; `pulse_ms` is then the length of
        the whole train.
    """

    wavelength_nm: float
    pulse_ms: float
    fluence_J_cm2: float | None = None
    spot_mm: float | None = None
    footprint_mm: tuple[float, ...] | None = None
    profile: str | None = None
    compression: str | None = None
    passes: int | None = None
    subpulses: tuple[int, ...] | None = None
    subpulse_ms: tuple[float, ...] | None = None
    subpulse_delay_ms: float | None = None
    microbeam: MicrobeamSetting | LensArraySetting | None = None
    cooling: CoolingSetting | None = None

    @property
    def columns(self) -> MicrobeamSetting | None:
        """The settings of each beam of a fractional device; None of a full field and of a lens array."""
        return self.microbeam if isinstance(self.microbeam, MicrobeamSetting) else None


@dataclass(frozen=True)
class DeviceSetup:
    """A device with the settings that the search found.

    Parameters
    ----------
    wavelength_nm : of the light to use; of a filtered lamp the lower end of `band_nm`.
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
        return describe_light(self.wavelength_nm, lamp=self.lamp)
