"""Follow-ups: whose are due, those of a patient, and one of them with what was foretold beside what was seen."""

from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.app.clinic.followed.pictures import Beside, beside
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.places import option_at
from skinbeam.app.clinic.plans import opened
from skinbeam.app.clinic.visit import Visit
from skinbeam.estimate import Estimate, Unknown
from skinbeam.evidence.studies.scales import scales
from skinbeam.evidence.studies.shipped import settings
from skinbeam.messages import retell, text
from skinbeam.plan.records import ConcernPlan, Option
from skinbeam.records.desk.consultations import State
from skinbeam.records.desk.desk import Desk
from skinbeam.records.desk.judged import MONTH
from skinbeam.records.followed import Course, Due, FollowUp, Improvement, Moment, Quarter, improvement_of
from skinbeam.records.roles import Act
from skinbeam.records.treated import ADVERSE_KINDS
from skinbeam.records.treated import Grade as BadGrade
from skinbeam.report.names import concern_name, site_title
from skinbeam.report.outcomes import good_of
from skinbeam.report.shown import per_100, show
from skinbeam.schema.names import table

__all__ = ["add_follow_ups", "due", "option_of", "sees_answers"]

_OVERDUE_TIMES = 2.0  # as long as until a follow-up is due
_WAITED_MONTHS = 24.0  # who was not here for so long is not waited for


@dataclass(frozen=True)
class _Course:
    """A course as the page of a patient lists it."""

    title: str
    course: Course
    closed: bool


@dataclass(frozen=True)
class _Foretold:
    """What the plan foretold of an improvement in per cent, and whether it is what was seen; None where not known."""

    pct: str
    told: str
    reached: bool | None


def add_follow_ups(gate: Gate) -> None:
    """Open the routes of follow-ups."""
    gate.add("GET", "/due", _due)
    gate.add("GET", "/patients/{patient}/follow-ups", _of_patient)
    gate.add("POST", "/treatments/{treatment}/follow-ups", _begin)
    gate.add("GET", "/follow-ups/{follow_up}", _page)
    gate.add("POST", "/follow-ups/{follow_up}/opening", _open)


def due(desk: Desk) -> tuple[Due, ...]:
    """Return who should be seen again."""
    months, overdue, waited = (number * MONTH for number in _due_months())
    return desk.follow_ups.due(after=months, overdue=overdue, until=waited)


def _due_months() -> tuple[float, float, float]:
    """Months since the last treatment from which a follow-up is due, is overdue, and is not waited for any more.

    It is due when the evidence looks where nobody says, for every plan alike, so that the list reads no plans.
    """
    typical = float(settings()["shape"]["months_typical"])
    return typical, _OVERDUE_TIMES * typical, _WAITED_MONTHS


def _due(visit: Visit) -> Response:
    months, overdue, waited = _due_months()
    about = {"months": months, "overdue": overdue, "waited": waited}
    return visit.page("followed/follow-ups-due.html", due=due(visit.desk), lead=text("followed.due-lead", about))


def option_of(desk: Desk, one: FollowUp | Course) -> tuple[ConcernPlan, Option]:
    """Return the option that was treated by, as it was consented to, in the language that is spoken."""
    return option_at(retell(opened(desk, one.plan_id).records), one.option)


def sees_answers(visit: Visit, one: FollowUp) -> bool:
    """Tell whether who asks is shown what the patient said and what was foretold: who grades is not, before they have.

    What comes before a treatment steers nobody's grade, and an auditor or an assistant gives none.
    """
    return one.moment is Moment.BEFORE or not visit.may(Act.TREAT) or visit.signed.member.id in one.opened_by


def _of_patient(visit: Visit) -> Response:
    desk, id = visit.desk, visit.path("patient")
    return visit.page(
        "followed/follow-ups.html",
        patient=desk.patients.get(id),
        courses=[
            _Course(
                concern_name(option_of(desk, one)[0]),
                one,
                desk.consultations.get(one.consultation_id).state == State.CLOSED,
            )
            for one in desk.follow_ups.courses(id)
        ],
    )


def _begin(visit: Visit) -> Response:
    """Begin, and go on to what the patient is asked first where that is all there is."""
    before = visit.said("moment") == Moment.BEFORE
    one = visit.desk.follow_ups.begin(visit.path("treatment"), Moment.BEFORE if before else Moment.AFTER)
    return visit.go(f"/follow-ups/{one.id}" + ("/patient" if before else ""))


def _open(visit: Visit) -> Response:
    return visit.go(f"/follow-ups/{visit.desk.follow_ups.open(visit.path('follow_up')).id}")


def _page(visit: Visit) -> Response:
    desk = visit.desk
    one = desk.follow_ups.get(visit.path("follow_up"))
    consultation = desk.consultations.get(one.consultation_id)
    concern, option = option_of(desk, one)
    shown = sees_answers(visit, one)
    seen = improvement_of(one)
    pictures: tuple[Beside, ...] = ()
    if shown or visit.signed.member.id in one.paired_by:
        pictures = tuple(beside(desk, pair.before_id, pair.after_id, pair.id) for pair in one.pairs)
    return visit.page(
        "followed/follow-up.html",
        one=one,
        shown=shown,
        patient=desk.patients.get(consultation.patient_id),
        closed=consultation.state == State.CLOSED,
        concern=concern_name(concern),
        before=desk.follow_ups.before(one.id) if one.moment is Moment.AFTER else None,
        mine=one.graded_by(visit.signed.member.id),
        seen=_seen(seen),
        foretold=_foretold(option, seen) if one.moment is Moment.AFTER else (),
        looked=show(option.followup_months, "months"),
        pictures=pictures,
        events=desk.adverse_events.of(one.consultation_id),
        kinds=ADVERSE_KINDS,
        bad=[grade.value for grade in BadGrade],
        sites={name: site_title(name) for name in table("site")},
        photographs=desk.photographs.of(one.consultation_id),
        scales={scale.name: scale for scale in scales()},
    )


def _seen(found: Improvement | Unknown) -> str:
    """What was seen, in a sentence, and by whom."""
    if isinstance(found, Unknown):
        return ""
    return text(f"followed.seen-{found.rater}", {"grade": text(f"followed-quarter.{_quarter(found).value}")})


def _quarter(found: Improvement) -> Quarter:
    return list(Quarter)[0 if found.low_pct < 0 else 1 + int(found.low_pct // 25)]


def _foretold(option: Option, seen: Improvement | Unknown) -> tuple[_Foretold, ...]:
    rows = []
    for pct in ("25", "50", "75"):
        p = good_of(option, pct)
        told = per_100(p).text if isinstance(p, Estimate) else text("followed.foretold-unknown")
        rows.append(_Foretold(pct, told, None if isinstance(seen, Unknown) else seen.low_pct >= float(pct)))
    return tuple(rows)
