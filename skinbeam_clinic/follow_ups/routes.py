"""Routes of follow-ups: due ones, those of a patient, one with predicted and observed outcome, grades, pairs, harms."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import Response

from skinbeam.evidence.settings import evidence_settings
from skinbeam.evidence.studies.scales import GradingScale, grading_scales, scales_for_condition
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Estimate, Unknown
from skinbeam.model.sources import find_source
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.plan_records.plan import ConcernPlan, Option
from skinbeam.report.formatting import concern_name, display_value, per_100, site_title
from skinbeam.report.outcomes import improved_share
from skinbeam.text import render_message, translate, translate_record
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.repository import ConsultationState
from skinbeam_clinic.consultations.routes import image_type
from skinbeam_clinic.errors import clinic_error
from skinbeam_clinic.follow_ups.follow_up_grades import MONTH
from skinbeam_clinic.follow_ups.models import (
    AestheticChange,
    DueFollowUp,
    FollowUp,
    FollowUpMoment,
    ImprovementQuarter,
    ImprovementRange,
    ScaleReading,
    TreatmentCourse,
    leading_improvement,
)
from skinbeam_clinic.follow_ups.pair_analysis_views import (
    request_pair_analyses,
    request_pair_analysis,
    view_pair_analyses,
)
from skinbeam_clinic.follow_ups.patient_report_routes import add_patient_report_routes
from skinbeam_clinic.follow_ups.photograph_pairs import PhotographComparison, compare_photographs
from skinbeam_clinic.models import PhotographPermissions
from skinbeam_clinic.plans.document import find_option, parse_plan
from skinbeam_clinic.plans.routes import open_plan
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.treatments.models import ADVERSE_KINDS, AdverseEventGrade, AdverseEventSource
from skinbeam_clinic.treatments.routes import add_adverse_event
from skinbeam_clinic.typed_numbers import read_number
from skinbeam_clinic.web.request import ClinicRequest, check_name, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_follow_up_routes",
    "list_due_follow_ups",
    "may_see_answers",
]

_OVERDUE_TIMES = 2.0  # multiple of the time until a follow-up is due
_WAITED_MONTHS = 24.0  # months after which a follow-up is no longer expected


@dataclass(frozen=True)
class _CourseView:
    """A course as listed on the page of a patient.

    Parameters
    ----------
    ordered_for : title of the other concern for which its last session was ordered; empty where it was not.
    """

    title: str
    ordered_for: str
    course: TreatmentCourse
    closed: bool


@dataclass(frozen=True)
class _PredictionView:
    """A predicted improvement of at least `pct` per cent, and whether the observed one reached it; None if unknown."""

    pct: str
    probability: str
    reached: bool | None


def add_follow_up_routes(router: ClinicRouter) -> None:
    """Open the routes of follow-ups."""
    here = "/follow-ups/{follow_up}"
    router.add("GET", "/due", _show_due, only_reads=True)
    router.add("GET", "/patients/{patient}/follow-ups", _show_patient_follow_ups, only_reads=True)
    router.add("POST", "/treatments/{treatment}/follow-ups", _begin_follow_up)
    router.add("GET", here, _show_follow_up, only_reads=True)
    router.add("POST", f"{here}/opening", _open_follow_up)
    add_patient_report_routes(router)
    router.add("GET", f"{here}/grade", _show_grade_form, only_reads=True)
    router.add("POST", f"{here}/grade", _save_grade, form=_show_grade_form)
    router.add("POST", f"{here}/pairs", _add_pair)
    router.add("POST", f"{here}/pairs/{{pair}}/parting", _remove_pair)
    router.add("POST", f"{here}/pairs/{{pair}}/analysis", _measure_pair)
    router.add("POST", f"{here}/events", _add_harm)
    router.add("POST", f"{here}/events/{{event}}/end", _end_harm)


def list_due_follow_ups(repositories: ClinicRepositories) -> tuple[DueFollowUp, ...]:
    """Return who should be seen again."""
    months, overdue, waited = (number * MONTH for number in _due_months())
    return repositories.follow_ups.list_due(after=months, overdue=overdue, until=waited)


def _due_months() -> tuple[float, float, float]:
    """Return the months since the last treatment after which a follow-up is due, overdue, and no longer expected.

    It is due at the typical time of a follow-up in the evidence, for every plan alike, so that the list reads no plans.
    """
    typical = evidence_settings().typical_months
    return typical, _OVERDUE_TIMES * typical, _WAITED_MONTHS


@skips_altered_rows
def _show_due(request: ClinicRequest) -> Response:
    months, overdue, waited = _due_months()
    about = {"months": months, "overdue": overdue, "waited": waited}
    due = list_due_follow_ups(request.repositories)
    return request.page(
        "followed/follow-ups-due.html",
        named={follow_up.patient_id for follow_up in due},
        due=due,
        lead=render_message("followed.due-lead", about),
    )


def _read_treated_option(repositories: ClinicRepositories, follow_up: FollowUp) -> tuple[ConcernPlan, Option]:
    """Return the option that was treated by, as it was consented to, in the language that is spoken."""
    return find_option(translate_record(open_plan(repositories, follow_up.plan_id).plan), follow_up.option)


def _view_course(repositories: ClinicRepositories, course: TreatmentCourse, *, closed: bool) -> _CourseView:
    """Return a course for display, of which the plan alone is read."""
    plan = translate_record(parse_plan(repositories.plans.read_file(course.plan_id, "plan.json")))
    name, ordered = (concern_name(find_option(plan, place)[0]) for place in (course.option, course.ordered_option))
    return _CourseView(name, "" if ordered == name else ordered, course, closed)


def may_see_answers(request: ClinicRequest, follow_up: FollowUp) -> bool:
    """Return whether a member is shown the patient's answers and the prediction; a rater is not, before they have
    graded.

    A member who may grade sees them only after grading or opening them. A follow-up before a treatment influences no
    grade, and an auditor or an assistant gives none.
    """
    return (
        follow_up.moment is FollowUpMoment.BEFORE
        or not request.has_right(AccessRight.TREAT)
        or request.member_session.member.id in follow_up.opened_by
    )


@skips_altered_rows
def _show_patient_follow_ups(request: ClinicRequest) -> Response:
    repositories, id = request.repositories, request.path_parameter("patient")
    states = {consultation.id: consultation.state for consultation in repositories.consultations.of_person(id)}
    return request.page(
        "followed/follow-ups.html",
        named={id},
        patient=repositories.patients.get(id),
        courses=[
            _view_course(repositories, course, closed=states[course.consultation_id] == ConsultationState.CLOSED)
            for course in repositories.follow_ups.list_courses(id)
        ],
    )


def _begin_follow_up(request: ClinicRequest) -> Response:
    """Begin a follow-up, and go to the patient's questions first where there is nothing else."""
    before = request.text("moment") == FollowUpMoment.BEFORE
    follow_up = request.repositories.follow_ups.begin(
        request.path_parameter("treatment"),
        FollowUpMoment.BEFORE if before else FollowUpMoment.AFTER,
        option=request.text("option"),
        form_key=request.text("row"),
    )
    return request.redirect(f"/follow-ups/{follow_up.id}" + ("/patient" if before else ""))


def _open_follow_up(request: ClinicRequest) -> Response:
    return request.redirect(
        f"/follow-ups/{request.repositories.follow_ups.mark_report_read(request.path_parameter('follow_up')).id}"
    )


def _show_follow_up(request: ClinicRequest) -> Response:
    repositories = request.repositories
    follow_up = repositories.follow_ups.get(request.path_parameter("follow_up"))
    consultation = repositories.consultations.get(follow_up.consultation_id)
    concern, option = _read_treated_option(repositories, follow_up)
    shown = may_see_answers(request, follow_up)
    seen = leading_improvement(follow_up)
    pictures: tuple[PhotographComparison, ...] = ()
    if shown or request.member_session.member.id in follow_up.paired_by:
        pictures = tuple(
            compare_photographs(repositories, pair.before_id, pair.after_id, pair.id) for pair in follow_up.pairs
        )
    return request.page(
        "followed/follow-up.html",
        follow_up=follow_up,
        shown=shown,
        patient=repositories.patients.get(consultation.patient_id),
        named={consultation.patient_id},
        closed=consultation.state == ConsultationState.CLOSED,
        concern=concern_name(concern),
        before=repositories.follow_ups.get_baseline(follow_up.id) if follow_up.moment is FollowUpMoment.AFTER else None,
        mine=follow_up.find_grade(request.member_session.member.id),
        seen=_describe_outcome(seen),
        foretold=_view_prediction(option, seen) if follow_up.moment is FollowUpMoment.AFTER else (),
        looked=display_value(option.followup_months, "months"),
        pictures=pictures,
        measured=view_pair_analyses(request, follow_up) if shown and follow_up.moment is FollowUpMoment.AFTER else (),
        events=repositories.adverse_events.of(follow_up.consultation_id),
        kinds=tuple(ADVERSE_KINDS),
        bad=[grade.value for grade in AdverseEventGrade],
        sites={name: site_title(name) for name in vocabulary_table("site")},
        photographs=repositories.photographs.of(follow_up.consultation_id),
        scales={scale.name: scale for scale in grading_scales()},
    )


def _describe_outcome(improvement: ImprovementRange | Unknown) -> str:
    """Return the observed improvement with its rater in a sentence; empty without a grade."""
    if isinstance(improvement, Unknown):
        return ""
    return render_message(
        f"followed.seen-{improvement.rater}",
        {"grade": render_message(f"followed-quarter.{_describe_quarter(improvement).value}")},
    )


def _describe_quarter(improvement: ImprovementRange) -> ImprovementQuarter:
    return list(ImprovementQuarter)[0 if improvement.low_pct < 0 else 1 + int(improvement.low_pct // 25)]


def _view_prediction(option: Option, improvement: ImprovementRange | Unknown) -> tuple[_PredictionView, ...]:
    rows = []
    for pct in ("25", "50", "75"):
        p = improved_share(option, pct)
        predicted = per_100(p).text if isinstance(p, Estimate) else render_message("followed.foretold-unknown")
        rows.append(
            _PredictionView(
                pct, predicted, None if isinstance(improvement, Unknown) else improvement.low_pct >= float(pct)
            )
        )
    return tuple(rows)


# A clinician's grade: by photographs in hidden order, if there are any, and before the patient's report is displayed.
#
# The side of the current photograph is random for each rater and follow-up. The rater selects the better side and by
# how much it is better; if the better photograph is the earlier one, the result is a worsening. So expectations cannot
# bias the grade, not even unintentionally, and the prediction is displayed only afterwards.

LEFT, RIGHT, NEITHER = "left", "right", "neither"
_HIDDEN = "hidden"  # order of the photographs on the page that was graded by


@dataclass(frozen=True)
class _OfferedScale:
    """A scale offered for grading, and the source that defines its scores."""

    scale: GradingScale
    source: str


def _show_grade_form(request: ClinicRequest, error: InputError | None = None) -> Response:
    repositories, follow_up = (
        request.repositories,
        request.repositories.follow_ups.get(request.path_parameter("follow_up")),
    )
    if follow_up.moment is not FollowUpMoment.AFTER:
        raise clinic_error("not-treated", "follow-up")
    concern, _ = _read_treated_option(repositories, follow_up)
    patient = repositories.patients.get(repositories.consultations.get(follow_up.consultation_id).patient_id)
    swapped = _is_order_hidden(request, follow_up) and _is_after_on_left(request, follow_up)
    pictures = [
        (pair.after_id, pair.before_id) if swapped else (pair.before_id, pair.after_id) for pair in follow_up.pairs
    ]
    return request.page(
        "followed/grade.html",
        error=error,
        follow_up=follow_up,
        patient=patient,
        named={patient.id},
        concern=concern_name(concern),
        hidden=_is_order_hidden(request, follow_up),
        mine=follow_up.find_grade(request.member_session.member.id),
        pictures=[
            compare_photographs(repositories, *both, pair.id)
            for both, pair in zip(pictures, follow_up.pairs, strict=True)
        ],
        scales=[_OfferedScale(scale, find_source(scale.source).citation) for scale in _list_scales(request, follow_up)],
        sent=dict(request.fields),
    )


def _save_grade(request: ClinicRequest) -> Response:
    follow_up = request.repositories.follow_ups.get(request.path_parameter("follow_up"))
    # By what the page showed: after the grade the order is no longer hidden, and the same form may be sent again.
    hidden = request.text("order") == _HIDDEN if request.text("order") else _is_order_hidden(request, follow_up)
    swapped = hidden and _is_after_on_left(request, follow_up)
    quarter, change = _parse_comparison(request, after=LEFT if swapped else RIGHT) if hidden else _parse_grade(request)
    readings = _parse_readings(request, _list_scales(request, follow_up), swapped=swapped)
    notes = request.text("notes")
    graded = request.repositories.follow_ups.add_grade(
        follow_up.id, quarter, change, readings=readings, notes=notes, hidden=hidden
    )
    request_pair_analyses(request, graded)
    return request.redirect(f"/follow-ups/{follow_up.id}")


def _is_order_hidden(request: ClinicRequest, follow_up: FollowUp) -> bool:
    """Whether the order of the photographs is hidden from who asks: not if they know it already."""
    id = request.member_session.member.id
    return bool(follow_up.pairs) and follow_up.find_grade(id) is None and id not in follow_up.paired_by


def _is_after_on_left(request: ClinicRequest, follow_up: FollowUp) -> bool:
    """Whether the later photographs are on the left: as good as random, and the same each time the page is shown."""
    return hashlib.sha256(f"{follow_up.id}/{request.member_session.member.id}".encode()).digest()[0] % 2 == 0


def _list_scales(request: ClinicRequest, follow_up: FollowUp) -> tuple[GradingScale, ...]:
    concern, option = _read_treated_option(request.repositories, follow_up)
    return scales_for_condition(concern.condition, [study.study for study in option.expected.studies])


def _parse_comparison(request: ClinicRequest, *, after: str) -> tuple[ImprovementQuarter, AestheticChange]:
    """What comes out of a comparison of two sides."""
    better = request.text("better")
    if better == NEITHER:
        return ImprovementQuarter.FIRST, AestheticChange.SAME
    quarter, change = _parse_grade(request)
    if better not in (LEFT, RIGHT) or quarter is ImprovementQuarter.WORSE or change > AestheticChange.BETTER:
        raise clinic_error("bad-answer", "better")
    return (quarter, change) if better == after else (ImprovementQuarter.WORSE, AestheticChange.WORSE)


def _parse_grade(request: ClinicRequest) -> tuple[ImprovementQuarter, AestheticChange]:
    try:
        return ImprovementQuarter(request.text("quarter")), AestheticChange(int(request.text("change")[:1] or 0))
    except ValueError:
        raise clinic_error("bad-answer", "quarter") from None


def _parse_readings(request: ClinicRequest, scales: Sequence[GradingScale], *, swapped: bool) -> list[ScaleReading]:
    """The scores that were given, the earlier photograph's first."""
    readings = []
    for scale in scales:
        one, other = (_parse_score(request, f"{scale.name}.{side}", scale) for side in (LEFT, RIGHT))
        if one is not None or other is not None:
            readings.append(ScaleReading(scale.name, other, one) if swapped else ScaleReading(scale.name, one, other))
    return readings


def _parse_score(request: ClinicRequest, field: str, scale: GradingScale) -> float | None:
    if not (text := request.text(field)):
        return None
    score = read_number(text, field, translate(scale.title))
    if not scale.has_score(score):
        raise clinic_error("bad-answer", scale.name)
    return score


# Adverse events found at a follow-up: recorded with a grade, and resolved once over.


def _add_harm(request: ClinicRequest) -> Response:
    follow_up = request.repositories.follow_ups.get(request.path_parameter("follow_up"))
    add_adverse_event(request, follow_up.treatment_id, AdverseEventSource.FOLLOW_UP, site=request.text("site"))
    return request.redirect(f"/follow-ups/{follow_up.id}#events")


def _end_harm(request: ClinicRequest) -> Response:
    follow_up = request.repositories.follow_ups.get(request.path_parameter("follow_up"))
    request.repositories.adverse_events.resolve(request.path_parameter("event"), words=request.text("words"))
    return request.redirect(f"/follow-ups/{follow_up.id}#events")


# Photographs of a follow-up: uploaded or already stored, paired with an earlier one.


def _add_pair(request: ClinicRequest) -> Response:
    """Store a photograph that was sent, and pair it with the one that was chosen."""
    repositories = request.repositories
    follow_up = repositories.follow_ups.get(request.path_parameter("follow_up"))
    before, after, upload = request.text("before"), request.text("after"), request.uploads.get("photo")
    if not before or not (after or upload):
        raise clinic_error("bad-answer", "photographs")
    before, after = check_name(before), check_name(after)
    repositories.photographs.get(before)  # an absent photograph is reported before anything is stored
    if upload is not None:
        after = repositories.photographs.add(
            follow_up.consultation_id, upload.content, image_type(upload), PhotographPermissions()
        ).id
    return request.redirect(
        f"/follow-ups/{repositories.follow_ups.add_pair(follow_up.id, before, after).id}#photographs"
    )


def _remove_pair(request: ClinicRequest) -> Response:
    parted = request.repositories.follow_ups.remove_pair(
        request.path_parameter("follow_up"), request.path_parameter("pair")
    )
    return request.redirect(f"/follow-ups/{parted.id}#photographs")


def _measure_pair(request: ClinicRequest) -> Response:
    """Queue the comparison of a pair, for the first time or again after a failure."""
    follow_up = request.path_parameter("follow_up")
    request_pair_analysis(request, follow_up, request.path_parameter("pair"))
    return request.redirect(f"/follow-ups/{follow_up}#measured")
