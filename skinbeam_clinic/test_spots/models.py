"""Immutable, decrypted records of test spots and their readings."""

import datetime
from dataclasses import dataclass

from pydantic import AwareDatetime

from skinbeam_clinic.pulse_settings import NO_SETTINGS, PulseSettings, SpotSettings, WithMeasuredColour
from skinbeam_clinic.used_cooling import CoolingChange, UsedCooling

__all__ = ["ORAL_CONSENT", "SpotFiring", "SpotReading", "SpotStrike", "TestSpotRecord"]

ORAL_CONSENT = "oral"  # consent that was given orally and recorded with the spot


@dataclass(frozen=True)
class SpotFiring(WithMeasuredColour):
    """A test spot as it was fired.

    Parameters
    ----------
    plan_id : the plan whose ladder it belongs to.
    planned : the settings of the plan that were changed.
    why : reason for the deviation from the plan.
    read_after_h : hours after the pulse before which a reading is not conclusive.
    consent : id of a signed and valid consent, or `ORAL_CONSENT`.
    cooling : the cooling that was used; None where it is not recorded, which does not mean that there was none.
    cooling_change : how it differed from the plan; None where it did not, or is not recorded.
    ita_deg : the colour of the skin that the plan was made for; None where nobody measured it.
    """

    plan_id: str
    settings: SpotSettings
    read_after_h: float
    consent: str
    planned: PulseSettings = NO_SETTINGS
    why: str = ""
    cooling: UsedCooling | None = None
    cooling_change: CoolingChange | None = None
    ita_deg: float | None = None


@dataclass(frozen=True)
class SpotReading:
    """The reaction observed at a spot, a term of `REACTIONS`; a later reading does not replace an earlier one."""

    reaction: str
    seen_at: AwareDatetime  # without a zone it would be ambiguous
    read_by: str
    note: str = ""
    photograph_id: str | None = None


@dataclass(frozen=True)
class SpotStrike:
    """Why a spot does not count: it was never fired, or not with these settings."""

    reason: str
    at: AwareDatetime
    by: str


@dataclass(frozen=True)
class TestSpotRecord:
    """A test spot with its readings, oldest first; `struck` is None for a spot that counts."""

    __test__ = False  # pytest would collect the class by its name

    id: str
    consultation_id: str
    firing: SpotFiring
    fired_at: AwareDatetime
    fired_by: str
    readings: tuple[SpotReading, ...]
    struck: SpotStrike | None = None

    @property
    def due_at(self) -> datetime.datetime:
        """When it may be read at the earliest."""
        return self.fired_at + datetime.timedelta(hours=self.firing.read_after_h)

    @property
    def is_read(self) -> bool:
        """Whether it was read in time; an earlier look at it, such as right after the pulse, does not replace that."""
        return any(reading.seen_at >= self.due_at for reading in self.readings)

    def hours(self, reading: SpotReading) -> float:
        """Return the time from the pulse to a reading in hours."""
        return (reading.seen_at - self.fired_at) / datetime.timedelta(hours=1)
