"""Play the stories of the sample clinic in the order of time, and find free times in its days.

A story is a generator: it yields the moment of its next step, and the step is done with the clock set to that moment.
So the records come about in the order in which a clinic would write them, and a course is as far as the day allows.
"""

import datetime
import heapq
from collections.abc import Iterable, Iterator

from skinbeam_clinic.database.columns import clock_set_to

__all__ = ["Story", "Timetable", "play_stories"]

Story = Iterator[datetime.datetime]

_OPENING = datetime.time(9)
_SLOT = datetime.timedelta(minutes=30)
_SLOTS = 16  # until 17:00
_DAY = datetime.timedelta(days=1)
_SATURDAY = 5


def play_stories(stories: Iterable[Story], until: datetime.datetime) -> None:
    """Do every step of the stories that lies before `until`, the earliest first; later steps are never done."""
    waiting: list[tuple[datetime.datetime, int, Story]] = []
    for number, story in enumerate(stories):
        _await_next(waiting, number, story, None)
    while waiting and waiting[0][0] <= until:
        moment, number, story = heapq.heappop(waiting)
        with clock_set_to(moment):
            _await_next(waiting, number, story, moment)


def _await_next(
    waiting: list[tuple[datetime.datetime, int, Story]], number: int, story: Story, done: datetime.datetime | None
) -> None:
    """Run the next step of a story, and note the moment of the one after it, which is never earlier."""
    moment = next(story, None)
    if moment is not None:
        heapq.heappush(waiting, (moment if done is None else max(moment, done), number, story))


class Timetable:
    """The days of the clinic by their distance from today, and who is free when.

    Parameters
    ----------
    now : the present; today is its day in its own time zone.
    """

    def __init__(self, now: datetime.datetime) -> None:
        self.now = now
        self._taken: set[tuple[str, datetime.datetime]] = set()

    def at(self, days: int, hour: int) -> datetime.datetime:
        """Return a full hour of the working day that lies so many days from today, or of the last one before it."""
        return datetime.datetime.combine(self._working_day(days), datetime.time(hour), self.now.tzinfo)

    def book(self, days: int, minutes: int, *who: str) -> datetime.datetime:
        """Return the first time of a working day at which all of them are free, and take it.

        Parameters
        ----------
        days : from today; a weekend counts as the Friday before it, except today.
        """
        length = max(1, -(-minutes // (_SLOT // datetime.timedelta(minutes=1))))
        while True:
            opening = datetime.datetime.combine(self._working_day(days), _OPENING, self.now.tzinfo)
            for slot in range(_SLOTS - length + 1):
                wanted = {(person, opening + (slot + n) * _SLOT) for person in who for n in range(length)}
                if not wanted & self._taken:
                    self._taken |= wanted
                    return opening + slot * _SLOT
            days += 1

    def is_working_day(self, days: int) -> bool:
        """Return whether the day that lies so many days from today is none of a weekend."""
        return (self.now.date() + days * _DAY).weekday() < _SATURDAY

    def days_from_today(self, moment: datetime.datetime) -> int:
        """Return how many days a moment lies from today."""
        return (moment.astimezone(self.now.tzinfo).date() - self.now.date()).days

    def _working_day(self, days: int) -> datetime.date:
        day = self.now.date() + days * _DAY
        return day if days == 0 else day - max(0, day.weekday() - _SATURDAY + 1) * _DAY
