"""What every page of the clinic says while an alarm waits: how many, since when, and that nobody is called outside."""

from dataclasses import dataclass
from datetime import timedelta

from skinbeam.messages import text
from skinbeam.records.diary import AlarmCount
from skinbeam.records.store.columns import now

__all__ = ["Told", "age_told", "loudness", "told_of"]

_LOUD, _LOUDEST = timedelta(minutes=15), timedelta(hours=1)


@dataclass(frozen=True)
class Told:
    """The banner: `loud` is new, loud or loudest; `outside` what is wrong with calling somebody outside."""

    number: int
    text: str
    loud: str
    outside: str


def told_of(count: AlarmCount, *, mailed: bool) -> Told | None:
    """Return what is said of the alarms that wait; None where none does."""
    if count.since is None:
        return None
    waited = now() - count.since
    outside = "" if mailed and not count.unsent else text("alarm.unsent") if mailed else text("alarm.no-way-out")
    said = text("alarm.banner", {"number": count.number, "age": age_told(waited)})
    return Told(count.number, said, loudness(waited), outside)


def loudness(waited: timedelta) -> str:
    """Return how loud an alarm is that has waited for so long."""
    return "loudest" if waited >= _LOUDEST else "loud" if waited >= _LOUD else "new"


def age_told(waited: timedelta) -> str:
    """Return for how long somebody has waited; nothing less than no time, where the clock was set back."""
    minutes = max(0, int(waited.total_seconds() // 60))
    if minutes < 2 * 60:
        return text("alarm.minutes", {"number": minutes})
    hours = minutes // 60
    return text("alarm.hours", {"number": hours}) if hours < 48 else text("alarm.days", {"number": hours // 24})
