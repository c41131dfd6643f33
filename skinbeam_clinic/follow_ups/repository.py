"""Follow-ups: what a patient said before and after a course of treatments, what was graded, and paired photographs.

What was said is kept once and not written over. Who grades may correct themselves: the earlier grade stays beside the
later one, which is no longer blind. A course is what was treated in one consultation for one of its concerns.
"""

import datetime
from collections.abc import Sequence

from skinbeam.records.desk.consultations import still_open
from skinbeam.records.desk.judged import concern_of, course_of, follow_up_of, follow_ups_of, opened, seal
from skinbeam.records.desk.said import Told, asked_before, checked, keep, keep_said, to_change
from skinbeam.records.faults import fault
from skinbeam.records.followed import Change, Course, Due, FollowUp, Moment, Quarter, Reading
from skinbeam.records.roles import Act
from skinbeam.records.store import followed, tables, treated
from skinbeam.records.store.columns import now
from skinbeam.records.store.tables import new_id
from skinbeam.records.store.work import Access, Work

__all__ = ["FollowUps"]

_MOST_READINGS = 20


class FollowUps:
    """The follow-ups of a clinic."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def begin(
        self, treatment_id: str, moment: Moment = Moment.AFTER, *, seen_at: datetime.datetime | None = None
    ) -> FollowUp:
        """Begin a follow-up after the last treatment of a course, or before the first of it has ended.

        Parameters
        ----------
        treatment_id : any of the course.
        seen_at : when the patient was here; now where it is None.

        Raises
        ------
        AbsentError : this clinic has no such treatment.
        InputError : `closed`; `not-treated`: no treatment of the course has ended; `asked-before`: it was; `too-late`:
            one has ended, so that what was before can only be remembered, which a follow-up asks for itself; or
            `bad-answer`: it is yet to come.
        """
        with self._access.work(Act.WRITE) as work:
            course = course_of(work, work.get(treated.Treatment, treatment_id))
            still_open(work, course[0].consultation_id)
            at = now()
            seen = at if seen_at is None else seen_at
            if seen > at:
                raise fault("bad-answer", "seen")
            ended = sorted((one for one in course if one.ended_at is not None and one.ended_at <= seen), key=_end)
            if moment is Moment.AFTER and not ended:
                raise fault("not-treated", "treatment")
            if moment is Moment.BEFORE:
                if ended:
                    raise fault("too-late", "treatment")
                if any(one.moment is Moment.BEFORE for one in follow_ups_of(work, course)):
                    raise fault("asked-before", "treatment")
            row = followed.FollowUp(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=course[0].consultation_id,
                treatment_id=(ended[-1] if moment is Moment.AFTER else course[0]).id,
                seen_at=seen,
                noted_at=at,
                noted_by=work.actor,
            )
            seal(work, row, {"moment": moment.value, "said": None, "grades": [], "opened": [], "paired": []})
            work.keep(row, "follow-up.begun", moment=moment.value)
            return follow_up_of(work, row)

    def say(self, id: str, told: Told, *, alone: bool = False) -> FollowUp:
        """Keep what a patient said, once.

        Parameters
        ----------
        alone : whether they filled it in themselves.

        Raises
        ------
        InputError : `closed`, `said-already`, `too-long`, or `bad-answer`: out of a scale's range, or of what is asked
            only after a treatment.
        """
        with self._access.work(Act.WRITE) as work:
            return keep_said(work, id, told, alone=alone)

    def open(self, id: str) -> FollowUp:
        """Show who asks what the patient said; a grade that they give from now on is not blind any more."""
        with self._access.work(Act.TREAT) as work:
            row = work.get(followed.FollowUp, id)
            held = opened(work, row)
            if work.actor not in held["opened"]:
                held["opened"].append(work.actor)
            return keep(work, row, held, "follow-up.opened")

    def grade(
        self,
        id: str,
        quarter: Quarter,
        change: Change,
        *,
        readings: Sequence[Reading] = (),
        notes: str = "",
        hidden: bool = False,
    ) -> FollowUp:
        """Keep what who asks has graded; after it they see what the patient said.

        Parameters
        ----------
        hidden : it was graded by photographs of which the rater was not told which is from before.

        Raises
        ------
        InputError : `closed`, `not-treated`: it is from before a treatment; `too-long`, or `bad-answer`: worse by one
            scale and not by the other.
        """
        with self._access.work(Act.TREAT) as work:
            row, held = to_change(work, id)
            if held["moment"] != Moment.AFTER:
                raise fault("not-treated", "follow-up")
            if (quarter is Quarter.WORSE) != (change is Change.WORSE) or len(readings) > _MOST_READINGS:
                raise fault("bad-answer", "follow-up")
            unseen = work.actor not in held["opened"]
            first = work.actor not in [one["by"] for one in held["grades"]]
            pairs = work.rows(followed.PhotographPair, followed.PhotographPair.follow_up_id == id)
            held["grades"].append(
                {
                    "quarter": quarter,
                    "change": change,
                    "readings": [[one.scale, one.before, one.after] for one in readings],
                    "notes": checked(notes),
                    "hidden": hidden and first and bool(pairs) and work.actor not in held["paired"],
                    "unseen": unseen,
                    "treated": work.actor in _hands(work, row),
                    "at": now().isoformat(),
                    "by": work.actor,
                }
            )
            if unseen:
                held["opened"].append(work.actor)
            return keep(work, row, held, "follow-up.graded")

    def pair(self, id: str, before_id: str, after_id: str) -> FollowUp:
        """Put two photographs of the patient side by side; who does knows from now on which is which.

        Raises
        ------
        AbsentError : this patient has no such photograph.
        InputError : `closed`, or `same-photograph`.
        """
        with self._access.work(Act.WRITE) as work:
            row, held = to_change(work, id)
            patient = work.get(tables.Consultation, row.consultation_id).patient_id
            for one in (before_id, after_id):
                of = work.get(tables.Photograph, one).consultation_id
                if work.get(tables.Consultation, of).patient_id != patient:
                    raise fault("absent", "photograph")
            if before_id == after_id:
                raise fault("same-photograph", "photograph")
            kept = followed.PhotographPair(
                clinic_id=work.clinic_id,
                id=new_id(),
                consultation_id=row.consultation_id,
                follow_up_id=id,
                before_id=before_id,
                after_id=after_id,
            )
            work.keep(kept, "photographs.paired")
            held["paired"] = sorted({*held["paired"], work.actor})
            return keep(work, row, held, "follow-up.paired")

    def part(self, id: str, pair_id: str) -> FollowUp:
        """Take a pair apart that nobody has graded yet; the photographs stay.

        Raises
        ------
        InputError : `closed`, or `graded-already`.
        """
        with self._access.work(Act.WRITE) as work:
            row, held = to_change(work, id)
            pair = work.get(followed.PhotographPair, pair_id)
            if pair.follow_up_id != id:
                raise fault("absent", "photographpair")
            if held["grades"]:
                raise fault("graded-already", "follow-up")
            work.drop(pair, "photographs.parted")
            return follow_up_of(work, row)

    def get(self, id: str) -> FollowUp:
        """Return a follow-up.

        Raises
        ------
        AbsentError : this clinic has none of that name.
        """
        with self._access.see(Act.READ) as work:
            work.note("follow-up.seen", f"follow_up/{id}")
            return follow_up_of(work, work.get(followed.FollowUp, id))

    def of(self, consultation_id: str) -> tuple[FollowUp, ...]:
        """Return the follow-ups of a consultation, oldest first, and what was asked before a treatment."""
        with self._access.see(Act.READ) as work:
            work.get(tables.Consultation, consultation_id)
            work.note("follow-ups.listed", f"consultation/{consultation_id}")
            mine = followed.FollowUp.consultation_id == consultation_id
            rows = work.rows(followed.FollowUp, mine, order=(followed.FollowUp.seen_at,))
            return tuple(follow_up_of(work, row) for row in rows)

    def courses(self, patient_id: str) -> tuple[Course, ...]:
        """Return the courses of treatments of a patient, the newest consultation first.

        Raises
        ------
        AbsentError : this clinic has no such patient.
        """
        with self._access.see(Act.READ) as work:
            work.get(tables.Patient, patient_id)
            work.note("follow-ups.listed", f"patient/{patient_id}")
            mine = tables.Consultation.patient_id == patient_id
            names = [one.id for one in work.rows(tables.Consultation, mine, order=(tables.Consultation.created_at,))]
            rows = work.rows(treated.Treatment, treated.Treatment.consultation_id.in_(names))
            firsts = {(names.index(one.consultation_id), concern_of(one)): one for one in rows}
            return tuple(_whole(work, course_of(work, firsts[place])) for place in sorted(firsts, reverse=True))

    def before(self, id: str) -> FollowUp | None:
        """Return what was asked before the first treatment of the course that a follow-up is of; None where nothing."""
        with self._access.see(Act.READ) as work:
            row = work.get(followed.FollowUp, id)
            work.note("follow-up.seen", f"follow_up/{id}")
            return asked_before(work, row)

    def due(
        self, *, after: datetime.timedelta, overdue: datetime.timedelta, until: datetime.timedelta
    ) -> tuple[Due, ...]:
        """Return whose last treatment is long ago and who was not seen since, the longest ago first.

        Parameters
        ----------
        after, overdue, until : times since the last treatment, from which somebody is due and overdue, and after which
            nobody waits for them any more.
        """
        with self._access.see(Act.READ) as work:
            work.note("follow-ups.due.listed", "follow_up")
            at = now()
            ended = work.newest(treated.Treatment, treated.Treatment.ended_at)
            seen = work.newest(followed.FollowUp, followed.FollowUp.seen_at)
            late = {
                id: end
                for id, end in ended.items()
                if at - until <= end <= at - after and not (id in seen and seen[id] > end)
            }
            table = tables.Consultation
            of = dict(work.names(table, table.patient_id, table.id.in_(late)))
            called = dict(work.names(tables.Patient, tables.Patient.pseudonym, tables.Patient.id.in_(set(of.values()))))
            waiting = (
                Due(patient, called[patient], id, late[id], late[id] <= at - overdue) for id, patient in of.items()
            )
            return tuple(sorted(waiting, key=lambda one: one.treated_at))


def _whole(work: Work, course: Sequence[treated.Treatment]) -> Course:
    ended = sorted((one for one in course if one.ended_at is not None), key=_end)
    last = ended[-1] if ended else course[0]
    return Course(
        consultation_id=last.consultation_id,
        treatment_id=last.id,
        plan_id=last.plan_id,
        option=last.option,
        sessions=len(ended),
        treated_at=last.ended_at,
        follow_ups=tuple(follow_ups_of(work, course)),
    )


def _end(treatment: treated.Treatment) -> datetime.datetime:
    assert treatment.ended_at is not None
    return treatment.ended_at


def _hands(work: Work, row: followed.FollowUp) -> set[str | None]:
    """Who had a hand in the treatments of the course."""
    course = course_of(work, work.get(treated.Treatment, row.treatment_id))
    areas = work.rows(treated.TreatedArea, treated.TreatedArea.treatment_id.in_([one.id for one in course]))
    return {by for one in course for by in (one.started_by, one.ended_by)} | {one.fired_by for one in areas}
