"""Courses of the records and what their plans foretold, joined: the outcomes that are judged.

A plan never changes, so what it foretold is read once; all is counted again when the trail tells of a change.
"""

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from skinbeam.app.clinic.learning.foretold import Told, told_of
from skinbeam.app.clinic.learning.shown import Kind, Learnt, kinds_of, learnt
from skinbeam.learning.outcome import Outcome, Seen
from skinbeam.messages import spoken
from skinbeam.records.desk.desk import Desk
from skinbeam.records.desk.outcomes import Course

__all__ = ["Judged", "Read", "Reader"]

_HALF_PCT = 50.0
_MOST_TOLD = 50_000  # of a few kilobytes each: beyond that they are read again


@dataclass(frozen=True)
class Judged:
    """A course with what its plan told of it, and the outcome that both make."""

    course: Course
    told: Told
    outcome: Outcome


@dataclass(frozen=True)
class Read:
    """All courses of a clinic.

    Parameters
    ----------
    treated, people : courses that were begun, and how many people have them.
    judged : those that were followed up after their last session.
    names : of who treated, by the name in the records.
    """

    treated: int
    people: int
    judged: tuple[Judged, ...]
    names: Mapping[str, str]
    _learnt: dict[tuple[str, str], Learnt] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """How many courses nobody followed up."""
        return self.treated - len(self.judged)

    @cached_property
    def kinds(self) -> tuple[tuple[Kind, ...], int, int]:
        """The kinds of treatment that are shown by themselves; how many are not, and how many people those have."""
        return kinds_of([one.outcome for one in self.judged])

    def learnt(self, kind: Kind | None) -> Learnt:
        """Return what the page shows of a kind of treatment, or of all."""
        name = "" if kind is None else kind.name, spoken()
        if name not in self._learnt:
            outcomes = [one.outcome for one in self.judged]
            if kind is not None:
                outcomes = [one for one in outcomes if f"{one.condition}.{one.modality}" == kind.name]
            self._learnt[name] = learnt(outcomes, self.kinds[0] if kind is None else (kind,))
        return self._learnt[name]


class Reader:
    """Reads the outcomes of clinics, and keeps what it has read until it changes."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, str, str], Told] = {}
        self._read: dict[str, tuple[int, Read]] = {}
        self._one_at_a_time = threading.Lock()

    def read(self, desk: Desk) -> Read:
        """Return what was foretold and seen of every course of a clinic."""
        with self._one_at_a_time:
            since, known = self._read.get(desk.member.clinic_id, (0, None))
            end = desk.outcomes.changed(since)
            if known is None or end is not None:
                known = self._joined(desk, desk.outcomes.courses())
                self._read[desk.member.clinic_id] = (since if end is None else end, known)
            return known

    def exported(self, desk: Desk, form: str) -> tuple[Read, str]:
        """Return the same for a table that leaves the clinic, and the clinic's pseudonym."""
        courses, pseudonym = desk.outcomes.exported(form)
        return self._joined(desk, courses), pseudonym

    def _joined(self, desk: Desk, courses: Sequence[Course]) -> Read:
        told = [(one, self._of(desk, one)) for one in courses if one.followed]
        return Read(
            treated=len(courses),
            people=len({one.patient_id for one in courses}),
            judged=tuple(Judged(course, one, _outcome(course, one)) for course, one in told),
            names=desk.outcomes.names(),
        )

    def _of(self, desk: Desk, course: Course) -> Told:
        name = desk.member.clinic_id, course.plan_file, course.option
        if name not in self._told:
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told[name] = told_of(json.loads(desk.outcomes.plan(course)), course.option)
        return self._told[name]


def _outcome(course: Course, told: Told) -> Outcome:
    half = None if course.improved is None else course.improved.low_pct >= _HALF_PCT
    alone = next(iter(course.operators)) if len(course.operators) == 1 else ""
    seen = Seen(half, course.harms, None, course.pain_0_10)
    return Outcome(
        course.patient_id, told.condition, told.modality, told.site, told.phototype, alone, told.foretold, seen
    )
