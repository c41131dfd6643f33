"""The records of what is done before a course, at its visits and after it."""

from dataclasses import dataclass
from typing import Any

from skinbeam.document import fields_of
from skinbeam.estimate import Unknown, Value
from skinbeam.messages import Message
from skinbeam.plan.spans import Range

__all__ = ["CourseTotal", "Gain", "Ladder", "Rung", "Visit"]


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One test spot: a fluence, or the energy of a microbeam, in the words of the case file.

    Parameters
    ----------
    p_burn : how likely it burns; unknown where no calibration tells of burns.
    """

    fluence_J_cm2: float | None = None
    energy_mJ: float | None = None
    density_per_cm2: float | None = None
    pulse_ms: float
    spot_mm: float
    p_burn: Value


@dataclass(frozen=True)
class Ladder:
    """Test spots of one light at one site, the lowest first; the last has the planned dose.

    Parameters
    ----------
    light : the wavelength, or the band of a lamp, in words.
    p_burn_if_clean : how likely the planned dose burns the field once all spots are read and none is burnt.
    """

    device: str
    device_title: str
    wavelength_nm: float
    light: str
    site: str
    spots: tuple[Rung, ...]
    p_burn_if_clean: Value
    read_after_h: float
    message: Message
    source: str

    def as_record(self) -> dict[str, Any]:
        """Return the JSON shape of a ladder."""
        held = fields_of(self)
        message = held.pop("message")
        return held | {"text": message.english, "message": {"id": message.id, "params": dict(message.params)}}


@dataclass(frozen=True)
class Gain:
    """What is expected of a concern after so many sessions, those that took place among them.

    Parameters
    ----------
    p_half : share of people with at least half improvement.
    if_place_kept_pct : improvement of this skin if it keeps its place among people; None where no response is known.
    """

    treats: str
    sessions: int
    p_half: Value
    if_place_kept_pct: float | None = None


@dataclass(frozen=True)
class Visit:
    """One visit of the course: its number, its week from the first, the places treated and what is done.

    Parameters
    ----------
    expected : after this visit, where trials tell.
    """

    session: int
    week: int
    treats: tuple[str, ...]
    steps: tuple[Message, ...]
    expected: tuple[Gain, ...] = ()


@dataclass(frozen=True)
class CourseTotal:
    """What a course comes to.

    Parameters
    ----------
    weeks : from the first visit to the last.
    minutes, downtime_days : in the chair and not fit to be seen, over all planned visits.
    afterwards : what keeps the gain, and what is not known of it.
    """

    visits: int
    weeks: int
    minutes: Range | Unknown
    downtime_days: Range | Unknown
    afterwards: tuple[Message, ...]
