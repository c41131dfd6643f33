"""What the records hand out of test spots: frozen, decrypted."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["ORAL_CONSENT", "SpotFiring", "SpotReading", "TestSpotRecord", "parse_spot_reading", "parse_spot_record"]

ORAL_CONSENT = "oral"  # consent that was given by word and noted with the spot


@dataclass(frozen=True)
class SpotFiring:
    """One spot as it was fired.

    Parameters
    ----------
    plan_id : the plan whose ladder it belongs to.
    settings : in the words of the case file: device, site, wavelength_nm, the dose, pulse_ms, spot_mm.
    planned : what the plan said instead; empty where it was fired as planned.
    why : why it was not fired as planned.
    read_after_h : before that many hours it does not tell what it is fired for.
    consent : the name of a signed consent that holds, or `ORAL_CONSENT`.
    """

    plan_id: str
    settings: Mapping[str, Any]
    read_after_h: float
    consent: str
    planned: Mapping[str, Any]
    why: str = ""


@dataclass(frozen=True)
class SpotReading:
    """What was seen at a spot, in the words of `REACTIONS`; a spot may be read again, and the first reading stays."""

    reaction: str
    seen_at: datetime.datetime
    read_by: str
    note: str = ""
    photograph_id: str | None = None


@dataclass(frozen=True)
class TestSpotRecord:
    """A test spot with its readings, oldest first."""

    __test__ = False  # for pytest, which takes the name for a test

    id: str
    consultation_id: str
    firing: SpotFiring
    fired_at: datetime.datetime
    fired_by: str
    readings: tuple[SpotReading, ...]

    @property
    def due_at(self) -> datetime.datetime:
        """When it may be read."""
        return self.fired_at + datetime.timedelta(hours=self.firing.read_after_h)

    def hours(self, reading: SpotReading) -> float:
        """Return how long after the pulse a reading was."""
        return (reading.seen_at - self.fired_at) / datetime.timedelta(hours=1)


def parse_spot_reading(said: Mapping[str, Any]) -> SpotReading:
    """Return a reading as `asdict` and JSON wrote it.

    Raises
    ------
    KeyError, TypeError, ValueError : it is none.
    """
    return SpotReading(**dict(said) | {"seen_at": _parse_moment(said["seen_at"])})


def parse_spot_record(said: Mapping[str, Any]) -> TestSpotRecord:
    """Return a test spot as `asdict` and JSON wrote it.

    Raises
    ------
    KeyError, TypeError, ValueError : it is none.
    """
    made = {"firing": SpotFiring(**said["firing"]), "fired_at": _parse_moment(said["fired_at"])}
    return TestSpotRecord(**dict(said) | made | {"readings": tuple(map(parse_spot_reading, said["readings"]))})


def _parse_moment(said: str) -> datetime.datetime:
    """A moment with its zone: one without would be another in another place."""
    read = datetime.datetime.fromisoformat(said)
    if read.tzinfo is None:
        raise ValueError("a moment without a zone")
    return read
