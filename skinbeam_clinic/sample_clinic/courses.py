"""The story of one synthetic person from the first telephone call to the follow-up, through the clinic's repositories.

What comes about is drawn with the probabilities that the plan foretells: pain, harms and improvement. What is fired is
what was planned.
"""

import datetime
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from skinbeam.course.recovery import warning_signs
from skinbeam.evidence.settings import evidence_settings
from skinbeam.model.estimate import Estimate
from skinbeam.plan_records.plan import ConcernPlan, Option, Plan
from skinbeam.report.consent_context import ConsentSignature
from skinbeam.report.consent_form import cooling_off_days, make_consent, teach_back_questions
from skinbeam.text import ENGLISH, render_message, to_local_time, translate_record, use_language
from skinbeam_clinic.appointments.models import Appointment, Booking, Purpose
from skinbeam_clinic.appointments.plan_visits import USUAL_MINUTES, PlannedAppointment, plan_course
from skinbeam_clinic.clinic_texts.models import TextUse
from skinbeam_clinic.clinic_texts.printed import clinic_parts
from skinbeam_clinic.consents.repository import SignatureKind, teach_back_tries
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.diaries.diary_access import DiaryAccess
from skinbeam_clinic.diaries.models import DiaryNote
from skinbeam_clinic.documents.models import AttachmentKind
from skinbeam_clinic.follow_ups.follow_up_grades import MONTH
from skinbeam_clinic.follow_ups.models import AestheticChange, FollowUpMoment, ImprovementQuarter, SelfRating
from skinbeam_clinic.follow_ups.patient_reports import PatientAnswers
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.models import Consent, ConsentAnswers, PhotographPermissions, PhotographRecord, PlanRecord
from skinbeam_clinic.plans.document import find_option
from skinbeam_clinic.pulse_settings import step_settings
from skinbeam_clinic.sample_clinic.drawings import draw_letter, draw_photograph
from skinbeam_clinic.sample_clinic.people import SamplePerson, add_person
from skinbeam_clinic.sample_clinic.planned_cases import PlannedCase
from skinbeam_clinic.sample_clinic.staff import SampleStaff
from skinbeam_clinic.sample_clinic.timetable import Story, Timetable
from skinbeam_clinic.test_spots.models import ORAL_CONSENT, SpotFiring
from skinbeam_clinic.treatments.checklist import AUTOMATIC_ITEMS, list_items
from skinbeam_clinic.treatments.models import (
    ADVERSE_KINDS,
    AdverseEventGrade,
    AdverseEventSource,
    AreaFiring,
    Treatment,
    TreatmentState,
)
from skinbeam_clinic.treatments.orders import make_order
from skinbeam_clinic.treatments.spot_judgement import find_ladder
from skinbeam_clinic.used_cooling import CoolingKind, UsedCooling

__all__ = ["CourseEvent", "SampleCourse", "course_story", "days_until_first_session"]

_MINUTE, _HOUR, _DAY = datetime.timedelta(minutes=1), datetime.timedelta(hours=1), datetime.timedelta(days=1)
_SPOTS_AFTER_DAYS = 3  # after the consultation
_SECOND_RECORD = 500  # from the number of a person to that of their second record
_SPARE_DAYS = 3  # so that a weekend brings nothing before its time
_DIARY_DAYS = (1, 3)
_EVENING = 18
_LINK_DAYS = 30
_PREPARED_BEFORE = 5 * _MINUTE
_ALARM_WAITS = 12 * _MINUTE
_GRADES = (  # the least improvement in per cent, as plans foretell it → the grade
    ("75", ImprovementQuarter.FOURTH, AestheticChange.VERY_MUCH_BETTER, 5),
    ("50", ImprovementQuarter.THIRD, AestheticChange.MUCH_BETTER, 4),
    ("25", ImprovementQuarter.SECOND, AestheticChange.BETTER, 3),
)
_UNCHANGED = (ImprovementQuarter.FIRST, AestheticChange.SAME, 2)
_SPOTS_BEFORE, _SPOTS_AFTER = 40, 8  # drawn red spots of the photographs


class CourseEvent(StrEnum):
    """What is special about a course; most have nothing."""

    NONE = "none"
    SPOTS_UNREAD = "spots-unread"  # the reading is due
    ALARM = "alarm"  # the diary warns, and nobody has answered yet
    COMPLAINT = "complaint"  # the diary warned; it was answered, decided, and is over
    NOT_SEEN = "not-seen"  # missed the follow-up, and is due
    PREPARING = "preparing"  # is in the room, and the checklist is open
    UNSURE = "unsure"  # repeats wrongly once, and is explained again; whoever did not treat may grade the result
    WITHDRAWN = "withdrawn"  # does not want it any more


@dataclass(frozen=True)
class SampleCourse:
    """A person, what they are treated for, and when.

    Parameters
    ----------
    starts : days from today of the first consultation.
    tour : step of the tour that leads to this person; empty for none.
    """

    person: SamplePerson
    case: PlannedCase
    starts: int
    event: CourseEvent = CourseEvent.NONE
    language: str = ENGLISH
    tour: str = ""


def days_until_first_session(case: PlannedCase) -> int:
    """Return the days from the consultation to the first session: test spots, their reading, and the time to think."""
    return _signing_day(case) + _SPARE_DAYS


def _signing_day(case: PlannedCase) -> int:
    return max(cooling_off_days() + _SPARE_DAYS, _reading_day(case))


def _reading_day(case: PlannedCase) -> int:
    """Return the day of the reading, or the one of the spots where the plan requires none."""
    ladder = find_ladder(case.plan, case.concern, case.setup)
    return _SPOTS_AFTER_DAYS + (0 if ladder is None else math.ceil(ladder.read_after_h / 24) + _SPARE_DAYS)


def course_story(staff: SampleStaff, days: Timetable, course: SampleCourse) -> Story:
    """Yield the moment of each step of a course, and do the step when the story goes on."""
    return _Course(staff, days, course).story()


@dataclass
class _Course:
    """A course on its way, with the ids of what was recorded so far."""

    staff: SampleStaff
    days: Timetable
    course: SampleCourse
    patient: str = ""
    consultation: str = ""
    photograph: PhotographRecord | None = None
    treatments: list[Treatment] = field(default_factory=list)

    def __post_init__(self) -> None:
        number = self.course.person.number
        self.chance = random.Random(number)
        self.doctor, self.colleague = self.staff.clinicians[:: 1 if number % 2 else -1]
        self.case, self.event = self.course.case, self.course.event
        self.machine = self.staff.machines[self.case.setup.device]
        self.order = make_order(CATALOGUE, self.case.plan, self.case.concern, self.case.option)

    def story(self) -> Story:
        """Yield the moments from the first call to the last visit, and do what happens at each."""
        starts = self._book(self.course.starts, Purpose.CONSULTATION)
        yield starts - 7 * _DAY
        self.patient = add_person(self.staff.assistant, self.course.person, self.case.form, now())
        booked = self._keep_booking(Purpose.CONSULTATION, starts)
        yield starts
        self._mark_attended(booked)
        self.consultation = self.staff.assistant.consultations.begin(self.patient, self.case.form).id
        self.photograph = self._take_photograph(_SPOTS_BEFORE)
        self._show("person", f"/patients/{self.patient}")
        if self.course.tour == "person":
            yield from self._add_documents()
        yield starts + 20 * _MINUTE
        plan, consent = self._plan_and_explain()
        yield from self._test_spots(plan)
        if self.event is CourseEvent.SPOTS_UNREAD:
            return
        signing = self.course.starts + _signing_day(self.case)
        yield self.days.at(signing, 8)
        yield from self._sign(plan, consent)
        if self.event is CourseEvent.WITHDRAWN:
            yield self.days.at(signing + 1, _EVENING)
            self.doctor.consents.withdraw(consent.id)
            return
        visits = plan_course(self.case.plan, self.doctor.plans.list_choices(plan.id), None).appointments
        first = signing + _SPARE_DAYS
        sessions = [visit for visit in visits if visit.purpose is Purpose.SESSION]
        for appointment in self._book_sessions(sessions, first):
            yield from self._treat(consent, appointment)
            if self.event is CourseEvent.PREPARING and self.treatments[-1].state is TreatmentState.PREPARING:
                return
        planned = [first + visit.days for visit in visits if visit.purpose is Purpose.FOLLOW_UP]
        typical_months = evidence_settings().typical_months  # as for the list of who is due
        usual = first + sessions[-1].days + math.ceil(typical_months * MONTH / _DAY)
        yield from self._follow(planned[0] if planned else usual)

    def _add_documents(self) -> Story:
        """A letter that the person has brought along, a note, one on the wrong page, and a second record of them."""
        description = {"name": "scan-0001.pdf", "description": render_message("clinic-document.sample-attachment")}
        self.staff.assistant.attachments.add(self.patient, draw_letter(), kind=AttachmentKind.REFERRAL, **description)
        yield now() + _MINUTE
        mistake = self.staff.assistant.notes.add(self.patient, render_message("clinic-document.sample-mistake"))
        self.staff.assistant.notes.strike(mistake.id, render_message("clinic-document.sample-mistake-why"))
        yield now() + _MINUTE
        words = render_message("clinic-document.sample-note")
        self.doctor.notes.add(self.patient, words, consultation_id=self.consultation)
        yield now() + _MINUTE
        twice = SamplePerson(self.course.person.number + _SECOND_RECORD)
        duplicate = add_person(self.staff.assistant, twice, self.case.form, now())
        self.doctor.patient_links.link(duplicate, self.patient, render_message("clinic-link.sample-reason"))

    def _plan_and_explain(self) -> tuple[PlanRecord, Consent]:
        plan = self.doctor.plans.add(self.consultation, self.case.new_plan, revision=1)
        self.doctor.plans.choose(plan.id, self.case.place, render_message("clinic.sample-choice"))
        texts = self.doctor.clinic_texts.list_in_force(TextUse.CONSENT, self._translated[2].modality)
        consent = self.doctor.consents.record_explanation(
            plan.id,
            option=self.case.place,
            cooling_off=datetime.timedelta(days=cooling_off_days()),
            language=self.course.language,
            texts=[text.id for text in texts if text.language == self.course.language],
        )
        self._show("plan", f"/plans/{plan.id}")
        self._show("consent", f"/plans/{plan.id}/consent/{self.case.place}")
        return plan, consent

    def _test_spots(self, plan: PlanRecord) -> Story:
        """Fire the ladder that the plan requires, and read it in time."""
        ladder = find_ladder(self.case.plan, self.case.concern, self.case.setup)
        if ladder is None:
            return
        starts = self._book(self.course.starts + _SPOTS_AFTER_DAYS, Purpose.TEST_SPOT)
        fired = self._keep_booking(Purpose.TEST_SPOT, starts)
        read_on = self.course.starts + _reading_day(self.case)
        reading = self._keep_booking(Purpose.READING, self._book(read_on, Purpose.READING))
        yield starts
        self._mark_attended(fired)
        spots = []
        for number, step in enumerate(ladder.spots):
            yield starts + number * _MINUTE
            settings = step_settings(ladder, step)
            firing = SpotFiring(
                plan.id,
                settings,
                ladder.read_after_h,
                ORAL_CONSENT,
                cooling=self.order.cooling,
                ita_deg=self.order.ita_deg,
            )
            spots.append(self.doctor.test_spots.fire(self.consultation, firing))
        self._show("spots", f"/consultations/{self.consultation}/test-spots")
        yield reading.starts_at
        if self.event is not CourseEvent.SPOTS_UNREAD:
            self._mark_attended(reading)
            for spot in spots:
                self.staff.assistant.test_spots.add_reading(spot.id, "none")

    def _sign(self, plan: PlanRecord, consent: Consent) -> Story:
        translated, concern, option = self._translated
        with use_language(self.course.language):
            questions = teach_back_questions(translated, option)
        right = {question.id: question.answers[question.right_index] for question in questions}
        if self.event is CourseEvent.UNSURE:
            missed = questions[-1]
            wrong = next(answer for place, answer in enumerate(missed.answers) if place != missed.right_index)
            self.doctor.consents.record_teach_back(consent.id, right | {missed.id: wrong}, (missed.id,))
            yield now() + 10 * _MINUTE
        consent_now = self.doctor.consents.record_teach_back(consent.id, right, ())
        allowed = frozenset({"care"}) if self.chance.random() < 0.5 else frozenset({"care", "teaching"})
        signing = ConsentSignature(
            label=self.course.person.pseudonym,
            person=self.course.person.name,
            clinician=self.doctor.member.name,
            explained_on=to_local_time(consent.explained_at).date(),
            signed_on=to_local_time(now()).date(),
            teach_back_tries=teach_back_tries(consent_now),
            permitted_uses=allowed,
        )
        with use_language(self.course.language):
            document = make_consent(
                translated, concern, option, signing, clinic_parts(consent.texts), self.doctor.member.clinic
            )
        self.doctor.consents.sign(
            consent.id,
            answers=ConsentAnswers(tuple(sorted(allowed)), self.course.person.name),
            kind=SignatureKind.TYPED,
            signature=self.course.person.name.encode(),
            document=document,
            signed_at=now(),
        )
        if self.photograph is not None:
            permissions = PhotographPermissions(teaching="teaching" in allowed)
            self.doctor.photographs.set_permissions(self.photograph.id, permissions, version=self.photograph.version)

    @cached_property
    def _translated(self) -> tuple[Plan, ConcernPlan, Option]:
        with use_language(self.course.language):
            plan = translate_record(self.case.plan)
        return plan, *find_option(plan, self.case.place)

    def _treat(self, consent: Consent, appointment: Appointment) -> Story:
        """A session with its checklist, the pulses, and the diary of the days after."""
        prepared = self.event is CourseEvent.PREPARING and self.days.days_from_today(appointment.starts_at) == 0
        yield min(appointment.starts_at, self.days.now - _PREPARED_BEFORE) if prepared else appointment.starts_at
        treatment = self.doctor.treatments.begin(consent.id, self.order, appointment_id=appointment.id)
        self.doctor.treatments.choose_machine(treatment.id, self.machine)
        self.treatments.append(treatment)
        if len(self.treatments) == 1:
            before = self.staff.assistant.follow_ups.begin(treatment.id, FollowUpMoment.BEFORE)
            rating = SelfRating(self.chance.randint(2, 5), 0)
            self.staff.assistant.follow_ups.save_report(before.id, PatientAnswers(rating), self_completed=True)
        self._show("session", f"/treatments/{treatment.id}")
        answers = {
            item.name: (item.accepted_answers[0], "") for item in list_items(self.order) if item.name != "device"
        }
        if prepared:
            records = {name: answer for name, answer in answers.items() if name in AUTOMATIC_ITEMS}
            self.doctor.treatments.add_answers(treatment.id, records)
            return
        self.doctor.treatments.add_answers(treatment.id, answers)
        self.doctor.treatments.start(treatment.id)
        yield appointment.starts_at + 15 * _MINUTE
        passes, planned = self.order.settings.passes, self.order.cooling
        # One session in which the cooling of the plan failed, so that its page shows what is recorded then.
        is_sprayed = planned is not None and planned.kind is CoolingKind.SPRAY
        fails = is_sprayed and self.event is CourseEvent.COMPLAINT and len(self.treatments) == 1
        self.doctor.treatments.add_area(
            treatment.id,
            AreaFiring(
                site=self.order.site,
                settings=self.order.settings.pulse,
                passes=None if passes is None else round(passes),
                endpoint="seek",
                pain_0_10=self._pain(),
                cooling=UsedCooling(kind=CoolingKind.AIR, also=(CoolingKind.GEL,)) if fails else planned,
                reason=render_message("clinic.sample-cooling") if fails else "",
            ),
        )
        yield appointment.starts_at + 20 * _MINUTE
        self.treatments[-1] = self.doctor.treatments.end(treatment.id, TreatmentState.DONE)
        if len(self.treatments) == 1:
            yield from self._keep_diary(treatment, appointment.starts_at)

    def _keep_diary(self, treatment: Treatment, treated_at: datetime.datetime) -> Story:
        """The diary of the days after a session, which the clinic reads."""
        until = now() + _LINK_DAYS * _DAY
        token = self.staff.assistant.diaries.create_link(treatment.id, language=self.course.language, until=until).token
        warns = self.event in (CourseEvent.ALARM, CourseEvent.COMPLAINT)
        if warns:
            yield from self._warn(treatment, token, treated_at + _DAY)
        evening = treated_at.replace(hour=_EVENING, minute=0)
        for day in _DIARY_DAYS[1 if warns else 0 :]:
            yield evening + day * _DAY
            self._write(token, DiaryNote(max(0, 3 - day), "slight", (), ""))
        yield now() + 15 * _HOUR
        if self.event is not CourseEvent.ALARM:
            self.staff.assistant.diaries.mark_read(treatment.id)

    def _warn(self, treatment: Treatment, token: str, at: datetime.datetime) -> Story:
        """An entry of the diary that warns; a complaint is answered, decided and comes to an end."""
        yield at if self.event is CourseEvent.COMPLAINT else self.days.now - _ALARM_WAITS
        self._write(token, DiaryNote(4, "spreading", (), render_message("clinic.sample-question")))
        if self.event is CourseEvent.ALARM:
            return
        yield now() + 8 * _MINUTE
        alarm = self.doctor.alarms.of_consultation(self.consultation)[-1]
        self.staff.assistant.alarms.answer(alarm.id, render_message("clinic.sample-answer"))
        yield now() + 3 * _HOUR
        event = self.doctor.adverse_events.add(
            treatment.id,
            kind="prolonged-erythema",
            grade=AdverseEventGrade.MILD,
            source=AdverseEventSource.DIARY,
            site=self.order.site,
            words=render_message("clinic.sample-complaint"),
        )
        self.doctor.alarms.decide(alarm.id, render_message("clinic.sample-decision"), adverse_event_id=event.id)
        yield now() + 6 * _DAY
        self.doctor.adverse_events.resolve(event.id, words=render_message("clinic.sample-over"))
        self.doctor.treatments.add_note(treatment.id, render_message("clinic.sample-over"))

    def _follow(self, day: int) -> Story:
        """The follow-up: what the person says, what a clinician who did not treat grades, and the end of it."""
        appointment = self._keep_booking(Purpose.FOLLOW_UP, self._book(day, Purpose.FOLLOW_UP))
        yield appointment.starts_at
        if self.event is CourseEvent.NOT_SEEN:
            self._mark_attended(appointment, attended=False)
            return
        self._mark_attended(appointment)
        last = self.treatments[-1]
        made = self.staff.assistant.follow_ups.begin(last.id)
        after = self._take_photograph(_SPOTS_AFTER)
        assert self.photograph is not None
        self.staff.assistant.follow_ups.add_pair(made.id, self.photograph.id, after.id)
        quarter, change, satisfied = self._improvement()
        self.staff.assistant.follow_ups.save_report(
            made.id,
            PatientAnswers(SelfRating(self.chance.randint(4, 9), 0), None, quarter, change, satisfied),
            self_completed=True,
        )
        self.colleague.follow_ups.add_grade(made.id, quarter, change, hidden=True)
        self._note_harms(last)
        self._show("result", f"/follow-ups/{made.id}")
        yield now() + 30 * _MINUTE
        if self.event is not CourseEvent.UNSURE:
            self.doctor.consultations.close(self.consultation, revision=1)

    def _improvement(self) -> tuple[ImprovementQuarter, AestheticChange, int]:
        """What comes about, with the shares that the plan foretells."""
        lot, shares = self.chance.random(), self.case.option.expected.p_at_least
        for least, quarter, change, satisfied in _GRADES:
            share = shares[least]
            if isinstance(share, Estimate) and lot < share.median:
                return quarter, change, satisfied
        return _UNCHANGED

    def _note_harms(self, treatment: Treatment) -> None:
        """Note the harms that were seen since the last session, as often as the plan foretells them."""
        for harm in self.case.option.harms:
            if harm.name in ADVERSE_KINDS and isinstance(harm.p, Estimate) and self.chance.random() < harm.p.median:
                self.doctor.adverse_events.add(
                    treatment.id,
                    kind=harm.name,
                    grade=AdverseEventGrade.MILD,
                    source=AdverseEventSource.FOLLOW_UP,
                    site=self.order.site,
                )

    def _pain(self) -> float | None:
        pain = self.case.option.pain_0_10
        if not isinstance(pain, Estimate):
            return None
        return float(round(self.chance.triangular(pain.low, pain.high, pain.median)))

    def _write(self, token: str, note: DiaryNote) -> None:
        diary = DiaryAccess(self.staff.database).open(token)
        day = (to_local_time(now()).date() - to_local_time(diary.started_at).date()).days
        warned = bool(warning_signs(note.pain, note.redness, note.signs))
        key = f"{self.chance.getrandbits(128):032x}"
        diary.add_entry(key, day, note, photograph=None, alarm=warned)

    def _take_photograph(self, spots: int) -> PhotographRecord:
        picture = draw_photograph(self.course.person.number, spots)
        return self.staff.assistant.photographs.add(self.consultation, picture, "image/jpeg", PhotographPermissions())

    def _book(self, day: int, purpose: Purpose, minutes: int = 0) -> datetime.datetime:
        """Book the first free time of a day for this person and the members needed."""
        machine = (self.machine,) if purpose in (Purpose.SESSION, Purpose.TEST_SPOT) else ()
        who = (self.course.person.pseudonym, self.doctor.member.id, *machine)
        return self.days.book(day, minutes or USUAL_MINUTES[purpose], *who)

    def _book_sessions(self, sessions: Sequence[PlannedAppointment], first: int) -> tuple[Appointment, ...]:
        """Book all sessions of the course at once, the first of them on a day."""
        times = [self._book(first + session.days, Purpose.SESSION, session.minutes) for session in sessions]
        bookings = [
            self._booking(Purpose.SESSION, starts, appointment.minutes)
            for appointment, starts in zip(sessions, times, strict=True)
        ]
        return self.staff.assistant.appointments.book(*bookings)

    def _keep_booking(self, purpose: Purpose, starts: datetime.datetime) -> Appointment:
        return self.staff.assistant.appointments.book(self._booking(purpose, starts))[0]

    def _booking(self, purpose: Purpose, starts: datetime.datetime, minutes: int = 0) -> Booking:
        ends = starts + (minutes or USUAL_MINUTES[purpose]) * _MINUTE
        machine = self.machine if purpose in (Purpose.SESSION, Purpose.TEST_SPOT) else None
        return Booking(self.patient, self.doctor.member.id, purpose, starts, ends, machine, self.consultation or None)

    def _mark_attended(self, appointment: Appointment, *, attended: bool = True) -> None:
        self.staff.assistant.appointments.set_attendance(
            appointment.id, attended=attended, revision=appointment.revision
        )

    def _show(self, step: str, path: str) -> None:
        """Link the step of the tour about this person to this page."""
        if self.course.tour == step:
            self.staff.tour[step] = path
