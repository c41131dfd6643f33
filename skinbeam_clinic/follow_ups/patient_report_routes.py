"""Routes of patient reports: entered by a member of the clinic, or by the patient alone on a tablet.

Handing over the tablet signs the member out, so that the patient can reach the questions and nothing else.
"""

from typing import Any

from fastapi.responses import Response

from skinbeam.model.errors import InputError
from skinbeam_clinic.errors import RecordNotFoundError, clinic_error
from skinbeam_clinic.follow_ups.models import AestheticChange, FollowUp, FollowUpMoment, ImprovementQuarter, SelfRating
from skinbeam_clinic.follow_ups.patient_reports import (
    PatientAnswers,
    PatientHandover,
    ReportQuestions,
    report_questions,
)
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.typed_numbers import parse_whole_number
from skinbeam_clinic.web.client import HANDOVER_COOKIE, SESSION_COOKIE, drop_cookie, read_cookie, set_cookie
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_patient_report_routes"]


def add_patient_report_routes(router: ClinicRouter) -> None:
    """Open the routes of what a patient says."""
    router.add("GET", "/follow-ups/{follow_up}/patient", _show_report_form)
    router.add("POST", "/follow-ups/{follow_up}/patient", _save_report, form=_show_report_form)
    router.add("POST", "/follow-ups/{follow_up}/handing", _hand_over)
    router.add("GET", "/asked", _show_handover)
    router.add("POST", "/asked", _save_handed_over_report, form=_show_handover)


def _show_report_form(request: ClinicRequest, error: InputError | None = None) -> Response:
    repositories, follow_up = (
        request.repositories,
        request.repositories.follow_ups.get(request.path_parameter("follow_up")),
    )
    patient = repositories.patients.get(repositories.consultations.get(follow_up.consultation_id).patient_id)
    here = f"/follow-ups/{follow_up.id}"
    return _report_form(
        request,
        _find_questions(repositories, follow_up),
        error,
        here=f"{here}/patient",
        follow_up=here,
        patient=patient,
    )


def _report_form(
    request: ClinicRequest, questions: ReportQuestions, error: InputError | None, **about: Any
) -> Response:
    return request.page(
        "followed/follow-up-patient.html", error=error, asked=questions, sent=dict(request.fields), **about
    )


def _save_report(request: ClinicRequest) -> Response:
    repositories, follow_up = (
        request.repositories,
        request.repositories.follow_ups.get(request.path_parameter("follow_up")),
    )
    repositories.follow_ups.save_report(follow_up.id, _parse_answers(request, _find_questions(repositories, follow_up)))
    return request.redirect(f"/follow-ups/{follow_up.id}")


def _hand_over(request: ClinicRequest) -> Response:
    """Show the questions, and end the session of the browser."""
    token = PatientHandover(request.services.database).hand_over(
        request.member_session.member, request.path_parameter("follow_up")
    )
    request.services.sign_in.sign_out(request.member_session.token)
    answer = request.redirect("/asked")
    drop_cookie(request.http_request, answer, SESSION_COOKIE)
    set_cookie(request.http_request, answer, HANDOVER_COOKIE, token)
    return answer


def _show_handover(request: ClinicRequest, error: InputError | None = None) -> Response:
    """The questions that the browser was given; without any, that there is nothing to answer."""
    request.session = None  # it stands outside, also for who is signed in
    try:
        asked = PatientHandover(request.services.database).get_questions(
            read_cookie(request.http_request, HANDOVER_COOKIE)
        )
    except RecordNotFoundError:
        return request.page("followed/asked.html", answered=False)
    return _report_form(request, asked, error, here="/asked")


def _save_handed_over_report(request: ClinicRequest) -> Response:
    handed, token = PatientHandover(request.services.database), read_cookie(request.http_request, HANDOVER_COOKIE)
    try:
        handed.save_report(token, _parse_answers(request, handed.get_questions(token)))
    except RecordNotFoundError:
        return _show_handover(request)
    request.session = None
    answer = request.page("followed/asked.html", answered=True)
    drop_cookie(request.http_request, answer, HANDOVER_COOKIE)
    return answer


def _find_questions(repositories: ClinicRepositories, follow_up: FollowUp) -> ReportQuestions:
    """What is asked; what was before is asked afterwards where nobody did then."""
    return report_questions(
        follow_up,
        repositories.follow_ups.get_baseline(follow_up.id) if follow_up.moment is FollowUpMoment.AFTER else None,
    )


def _parse_answers(request: ClinicRequest, questions: ReportQuestions) -> PatientAnswers:
    """The answers; of after a treatment every choice is asked for.

    Raises
    ------
    InputError : `bad-answer`: an answer is missing, or not among those offered.
    """
    words = request.text("words")
    if questions.moment is FollowUpMoment.BEFORE:
        return PatientAnswers(_parse_rating(request, "now"), words=words)
    try:
        quarter, change = ImprovementQuarter(request.text("quarter")), AestheticChange(_parse_number(request, "change"))
    except ValueError:
        raise clinic_error("bad-answer", "quarter") from None
    before = _parse_rating(request, "before") if questions.asks_baseline and request.text("before.confidence") else None
    away = _parse_away_days(request) if request.text("away") else None
    return PatientAnswers(
        _parse_rating(request, "now"), before, quarter, change, _parse_number(request, "satisfied"), words, away
    )


def _parse_rating(request: ClinicRequest, when: str) -> SelfRating:
    return SelfRating(_parse_number(request, f"{when}.confidence"), _parse_number(request, f"{when}.pain"))


def _parse_away_days(request: ClinicRequest) -> int:
    days = parse_whole_number(request.text("away"), "days")
    if days is None:
        raise clinic_error("bad-answer", "away")
    return days


def _parse_number(request: ClinicRequest, name: str) -> int:
    number = request.whole_number(name)
    if number is None:
        raise clinic_error("bad-answer", name)
    return number
