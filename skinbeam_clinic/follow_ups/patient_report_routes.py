"""What a patient says: asked by somebody of the clinic, or filled in alone on a tablet that was handed over.

Handing over ends the session of the browser: who holds the tablet reaches the questions and nothing else of the clinic.
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
from skinbeam_clinic.web.client import HANDOVER_COOKIE, SESSION_COOKIE, drop_cookie, read_cookie, set_cookie
from skinbeam_clinic.web.request import ClinicRequest, error_status
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_patient_report_routes"]


def add_patient_report_routes(gate: ClinicRouter) -> None:
    """Open the routes of what a patient says."""
    gate.add("GET", "/follow-ups/{follow_up}/patient", _show_report_form)
    gate.add("POST", "/follow-ups/{follow_up}/patient", _save_report)
    gate.add("POST", "/follow-ups/{follow_up}/handing", _hand_over)
    gate.add("GET", "/asked", _show_handover)
    gate.add("POST", "/asked", _save_report_alone)


def _show_report_form(visit: ClinicRequest, error: InputError | None = None) -> Response:
    desk, one = visit.desk, visit.desk.follow_ups.get(visit.path("follow_up"))
    patient = desk.patients.get(desk.consultations.get(one.consultation_id).patient_id)
    here = f"/follow-ups/{one.id}"
    return _report_form(
        visit, _find_questions(desk, one), error, here=f"{here}/patient", follow_up=here, patient=patient
    )


def _report_form(visit: ClinicRequest, asked: ReportQuestions, error: InputError | None, **about: Any) -> Response:
    status = 200 if error is None else error_status(error)
    return visit.page(
        "followed/follow-up-patient.html", status, error=error, asked=asked, sent=dict(visit.sent), **about
    )


def _save_report(visit: ClinicRequest) -> Response:
    desk, one = visit.desk, visit.desk.follow_ups.get(visit.path("follow_up"))
    try:
        desk.follow_ups.save_report(one.id, _parse_answers(visit, _find_questions(desk, one)))
    except InputError as error:
        if error_status(error) != 422:
            raise
        return _show_report_form(visit, error)
    return visit.redirect(f"/follow-ups/{one.id}")


def _hand_over(visit: ClinicRequest) -> Response:
    """Give the browser the questions, and take the session from it."""
    token = PatientHandover(visit.house.database).hand_over(visit.signed.member, visit.path("follow_up"))
    visit.house.door.sign_out(visit.signed.token)
    answer = visit.redirect("/asked")
    drop_cookie(visit.request, answer, SESSION_COOKIE)
    set_cookie(visit.request, answer, HANDOVER_COOKIE, token)
    return answer


def _show_handover(visit: ClinicRequest, error: InputError | None = None) -> Response:
    """The questions that the browser was given; without any, that there is nothing to answer."""
    visit.who = None  # it stands outside, also for who is signed in
    try:
        asked = PatientHandover(visit.house.database).asked(read_cookie(visit.request, HANDOVER_COOKIE))
    except RecordNotFoundError:
        return visit.page("followed/asked.html", answered=False)
    return _report_form(visit, asked, error, here="/asked")


def _save_report_alone(visit: ClinicRequest) -> Response:
    handed, token = PatientHandover(visit.house.database), read_cookie(visit.request, HANDOVER_COOKIE)
    try:
        handed.save_report(token, _parse_answers(visit, handed.asked(token)))
    except RecordNotFoundError:
        return _show_handover(visit)
    except InputError as error:
        if error_status(error) != 422:
            raise
        return _show_handover(visit, error)
    visit.who = None
    answer = visit.page("followed/asked.html", answered=True)
    drop_cookie(visit.request, answer, HANDOVER_COOKIE)
    return answer


def _find_questions(desk: ClinicRepositories, one: FollowUp) -> ReportQuestions:
    """What is asked; what was before is asked afterwards where nobody did then."""
    return report_questions(one, desk.follow_ups.before(one.id) if one.moment is FollowUpMoment.AFTER else None)


def _parse_answers(visit: ClinicRequest, asked: ReportQuestions) -> PatientAnswers:
    """The answers; of after a treatment every choice is asked for.

    Raises
    ------
    InputError : `bad-answer`: one is missing, or none of those that were offered.
    """
    words = visit.said("words")
    if asked.moment is FollowUpMoment.BEFORE:
        return PatientAnswers(_parse_rating(visit, "now"), words=words)
    try:
        quarter, change = ImprovementQuarter(visit.said("quarter")), AestheticChange(_parse_number(visit, "change"))
    except ValueError:
        raise clinic_error("bad-answer", "quarter") from None
    before = _parse_rating(visit, "before") if asked.remember and visit.said("before.confidence") else None
    return PatientAnswers(
        _parse_rating(visit, "now"), before, quarter, change, _parse_number(visit, "satisfied"), words
    )


def _parse_rating(visit: ClinicRequest, when: str) -> SelfRating:
    return SelfRating(_parse_number(visit, f"{when}.confidence"), _parse_number(visit, f"{when}.pain"))


def _parse_number(visit: ClinicRequest, name: str) -> int:
    typed = visit.said(name)
    if not (typed.isascii() and typed.isdecimal() and len(typed) <= 2):
        raise clinic_error("bad-answer", name)
    return int(typed)
