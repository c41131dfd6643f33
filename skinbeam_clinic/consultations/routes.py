"""Routes of consultations: the form, saved while it is filled in, its photographs, and the request for a plan."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, fields

import tomli_w
from fastapi.responses import JSONResponse, Response

from skinbeam.model.errors import InputError
from skinbeam.model.vocabulary import vocabulary_table
from skinbeam.photo.decoding.photograph import decode_photograph
from skinbeam.report.formatting import title_at_site
from skinbeam.text import Formatter, current_language, render_message, to_local_time, translate
from skinbeam_clinic.access import AccessRight
from skinbeam_clinic.consultations.answers import (
    REVISION,
    SAME_PERSON,
    check_typed_numbers,
    counts_until_typed,
    find_differences,
    read_form_answers,
)
from skinbeam_clinic.consultations.case_files import case_from_form, case_tables_of
from skinbeam_clinic.consultations.creams_advice import CreamsAdvice, read_creams_advice
from skinbeam_clinic.consultations.earlier_pulses import check_earlier_pulses
from skinbeam_clinic.consultations.face_points import PHOTOGRAPH_LOCK, FacePointsView, make_face_points_view
from skinbeam_clinic.consultations.forms import Submission
from skinbeam_clinic.consultations.person_differences import PersonDifference, find_person_differences
from skinbeam_clinic.consultations.photograph_marks import keep_stored_marks, make_marks_view
from skinbeam_clinic.consultations.repository import OTHER_PICTURE, PAGE_MEDIA_TYPES, ConsultationState
from skinbeam_clinic.consultations.suggestion_marks import suggestion_support
from skinbeam_clinic.consultations.suggestions import SuggestedConcern
from skinbeam_clinic.consultations.suitability import render_suitability
from skinbeam_clinic.database.columns import now
from skinbeam_clinic.errors import ConflictError, clinic_error
from skinbeam_clinic.jobs.plan_requests import request_plan
from skinbeam_clinic.machines.clinic_devices import CATALOGUE
from skinbeam_clinic.models import ConsultationRecord, PhotographPermissions
from skinbeam_clinic.patients.contact_details import check_age
from skinbeam_clinic.patients.history_join import join_history
from skinbeam_clinic.patients.record_lines import describe_fact, describe_incomplete_row
from skinbeam_clinic.patients.recorded_history import read_history
from skinbeam_clinic.plans.plan_subprocess import PHOTOGRAPH_FILE
from skinbeam_clinic.repositories import ClinicRepositories
from skinbeam_clinic.web.pages import render_form
from skinbeam_clinic.web.request import ClinicRequest, UploadedFile, error_status, skips_altered_rows
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = [
    "add_consultation_routes",
    "image_type",
    "readable_type",
    "save_answers",
    "show_conflict",
    "show_filled_form",
    "view_face",
]

_OLD_ANSWERS = datetime.timedelta(weeks=1)  # the unit of a time since a session
_IMAGE_SIGNATURES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}


def add_consultation_routes(router: ClinicRouter) -> None:
    """Open the routes of consultations."""
    router.add("GET", "/consultations/{consultation}", _show_form)  # with points it waits for a photograph
    router.add("POST", "/consultations/{consultation}/answers", _save_form, form=show_conflict)
    router.add("POST", "/suitability", _show_suitability)
    router.add("POST", "/consultations/{consultation}/plan", _request_plan, form=show_conflict)
    router.add("POST", "/consultations/{consultation}/closing", _close_consultation, form=show_conflict)
    router.add("POST", "/consultations/{consultation}/opening", _reopen_consultation)
    router.add("GET", "/consultations/{consultation}/case.toml", _download_case)
    router.add("GET", "/photographs/{photograph}", _download_photograph)
    router.add("GET", "/photographs/{photograph}/uses", _show_permissions)
    router.add("POST", "/photographs/{photograph}/uses", _save_permissions, form=_show_permissions)


def _show_form(request: ClinicRequest) -> Response:
    repositories, id = request.repositories, request.path_parameter("consultation")
    if "points" not in request.http_request.query_params:
        with repositories.reading_one_moment():
            return show_filled_form(request, repositories.consultations.get(id))
    consultation = repositories.consultations.get(id)
    try:
        return request.html(
            _render_page(
                request, consultation, consultation.answers, None, face=view_face(repositories, consultation.answers)
            )
        )
    except InputError as error:
        return show_filled_form(request, consultation, error)


def view_face(repositories: ClinicRepositories, answers: Submission) -> FacePointsView | None:
    """Return the photograph of the answers with the points of its face; None without a photograph.

    Raises
    ------
    InputError : the photograph cannot be read.
    """
    if not answers.photo:
        return None
    _, content = repositories.photographs.read_content(answers.photo)
    with PHOTOGRAPH_LOCK:
        return make_face_points_view(decode_photograph(content, name=PHOTOGRAPH_FILE), answers)


def show_filled_form(
    request: ClinicRequest, consultation: ConsultationRecord, error: InputError | None = None
) -> Response:
    """Answer with the form, the stored answers and their errors."""
    page = _render_page(request, consultation, consultation.answers, error)
    return request.html(page, 200 if error is None else error_status(error))


@skips_altered_rows
def _render_page(
    request: ClinicRequest,
    consultation: ConsultationRecord,
    submission: Submission,
    error: InputError | None,
    *,
    conflict: bool = False,
    face: FacePointsView | None = None,
) -> str:
    """Render the form with these answers; after a conflict, with the answers saved in the meantime beside them."""
    repositories, here = request.repositories, f"/consultations/{consultation.id}"
    patient = repositories.patients.get(consultation.patient_id)
    context = request.page_context(named={patient.id}, patient=patient)
    closed = consultation.state == ConsultationState.CLOSED or context["replaced_by"] is not None
    history, devices = read_history(repositories, consultation.patient_id), repositories.own_devices.read()
    is_other_person = error is not None and error.field == SAME_PERSON
    is_old = now() - consultation.created_at >= _OLD_ANSWERS
    return render_form(
        submission,
        None if conflict else error,
        action=f"{here}/plan",
        template="clinic/consultation.html",
        read_only=closed or not request.has_right(AccessRight.WRITE),
        face=face,
        creams=() if closed else _describe_creams(read_creams_advice(repositories, consultation.patient_id)),
        devices=devices,
        here=here,
        consultation=consultation,
        conflict=find_differences(submission, consultation.answers) if conflict else None,
        told=error if conflict else None,
        patient=patient,
        photographs=repositories.photographs.of(consultation.id),
        plans=repositories.plans.of(consultation.id)[::-1],
        typed_from=consultation.created_at if is_old and counts_until_typed(submission) else None,
        marks=make_marks_view(submission),
        suggestions=tuple(
            _suggestion_view(concern, consultation.answers) for concern in repositories.suggestions.of(consultation.id)
        ),
        same_person=_facts_text(_find_differences(request, consultation)) if is_other_person else "",
        nothing_suggested=request.http_request.query_params.get("suggested") == "none",
        recorded=tuple(describe_fact(devices, fact) for fact in history.facts),
        incomplete=tuple(map(describe_incomplete_row, history.list_incomplete(submission))),
        **context,
    )


def _describe_creams(advice: Sequence[CreamsAdvice]) -> tuple[str, ...]:
    """Return for how many months creams may have been used by now, by the plans that advised them."""
    today = now()
    return tuple(
        render_message(
            "clinic.creams-since",
            {
                "concern": title_at_site(translate(vocabulary_table("condition")[each.condition]["title"]), each.site),
                "at": Formatter().date(to_local_time(each.planned_at).date()),
                "months": each.months_until(today),
            },
        )
        for each in advice
        if each.is_worth_telling(today)
    )


@dataclass(frozen=True)
class _SuggestionView:
    """A suggested concern for display.

    Parameters
    ----------
    support : what decisions about its marks leave of it, in words; empty where they leave all of it.
    stands : whether it can still be taken over.
    """

    id: str
    title: str
    findings: tuple[str, ...]
    decision: str
    support: str
    stands: bool


def _suggestion_view(suggestion: SuggestedConcern, answers: Submission) -> _SuggestionView:
    """Return a suggestion in words, as far as the saved decisions about its marks leave it."""
    condition = translate(vocabulary_table("condition")[suggestion.condition]["title"])
    title = render_message("suggest.concern", {"concern": title_at_site(condition, suggestion.site)})
    decision = (
        ""
        if suggestion.decision is None
        else render_message(f"suggest.{suggestion.decision}", {"by": suggestion.decided_by})
    )
    support, stands, words = suggestion_support(suggestion, answers), True, ""
    if support is not None and suggestion.decision is None:
        stands = support.is_enough
        count = {"count": support.marks, "counted": support.counted}
        words = render_message("suggest.counted" if stands else "suggest.too-few", count)
        if suggestion.to_be_seen:
            words = f"{words} {render_message('suggest.to-be-seen')}"
    findings = tuple(message.text for message in suggestion.told)
    return _SuggestionView(suggestion.id, title, findings, decision, words, stands)


def _save_form(request: ClinicRequest) -> Response:
    """Save, and tell a page that saves by itself the new revision; a conflict comes back as the form with both."""
    consultation = save_answers(request)
    if "application/json" in request.http_request.headers.get("accept", ""):
        return JSONResponse(
            {
                "revision": consultation.revision,
                "photograph": consultation.answers.photo if "photo" in request.uploads else "",
            }
        )
    asked = "?points=" if "points" in request.http_request.query_params else ""
    return request.redirect(f"/consultations/{consultation.id}{asked}")


def save_answers(request: ClinicRequest) -> ConsultationRecord:
    """Save what stands in the form, with a photograph that came with it.

    Raises
    ------
    ConflictError : somebody else saved in the meantime.
    """
    id, repositories = request.path_parameter("consultation"), request.repositories
    upload = request.uploads.get("photo")
    repositories.consultations.require_open(id)  # said before a photograph is stored
    photograph = ""
    if upload is not None:
        is_guest = request.services.guests is not None
        kind = readable_type(upload) if is_guest else image_type(upload)
        accepted = (*PAGE_MEDIA_TYPES, OTHER_PICTURE) if is_guest else PAGE_MEDIA_TYPES
        permissions = PhotographPermissions()
        photograph = repositories.photographs.add(id, upload.content, kind, permissions, accepted=accepted).id
    answers = read_form_answers(request.fields, photograph)
    if not request.has_right(AccessRight.TREAT):
        answers = keep_stored_marks(answers, repositories.consultations.get(id).answers)
    return repositories.consultations.save(id, answers, revision=request.whole_number(REVISION) or 0)


def show_conflict(request: ClinicRequest, error: InputError, submission: Submission | None = None) -> Response:
    """Answer a conflict with the form with both answers; `mine` are those that were sent, unless others are passed.

    Raises
    ------
    InputError : the error, where it is no conflict.
    """
    if not isinstance(error, ConflictError):
        raise error
    consultation = request.repositories.consultations.get(request.path_parameter("consultation"))
    submission = submission or read_form_answers(request.fields)
    return request.html(_render_page(request, consultation, submission, error, conflict=True), error_status(error))


def _close_consultation(request: ClinicRequest) -> Response:
    """Save what stands in the form, and close it."""
    consultation = save_answers(request)
    request.repositories.consultations.close(consultation.id, revision=consultation.revision)
    return request.redirect(f"/consultations/{consultation.id}")


def _reopen_consultation(request: ClinicRequest) -> Response:
    return request.redirect(
        f"/consultations/{request.repositories.consultations.reopen(request.path_parameter('consultation')).id}"
    )


def _show_suitability(request: ClinicRequest) -> Response:
    """Nothing of a record is read or kept: what was sent is judged."""
    devices = CATALOGUE if request.session is None else request.repositories.own_devices.read()
    return request.html(render_suitability(read_form_answers(request.fields), devices))


def _request_plan(request: ClinicRequest) -> Response:
    """Save the answers, and request their plan; errors in them are shown at once."""
    consultation = save_answers(request)
    try:
        devices = request.repositories.own_devices.read()
        check_typed_numbers(consultation.answers)
        check_earlier_pulses(consultation.answers, devices)
        facts = read_history(request.repositories, consultation.patient_id).facts
        with devices.open_folder() as home:
            case = case_from_form(join_history(consultation.answers, facts, now()), home).case
        if case.patient is not None:
            patient = request.repositories.patients.get(consultation.patient_id)
            check_age(case.patient.age_years, patient.year_of_birth)
            _check_person(request, consultation)
        names = {"consultation": consultation.id, "revision": consultation.revision, "language": current_language()}
        job = request_plan(request, names)
    except InputError as error:
        return show_filled_form(request, consultation, error)
    return request.redirect(f"/jobs/{job.id}")


def _check_person(request: ClinicRequest, consultation: ConsultationRecord) -> None:
    """Raise an InputError if an earlier consultation says otherwise who the person is, until somebody confirms it."""
    differences = _find_differences(request, consultation)
    if differences and request.text(SAME_PERSON) != _facts_text(differences):
        raise clinic_error("person-differs", SAME_PERSON, facts="; ".join(each.text for each in differences))


def _find_differences(request: ClinicRequest, consultation: ConsultationRecord) -> tuple[PersonDifference, ...]:
    known = request.repositories.consultations.of_person(consultation.patient_id)
    earlier = [each for each in known if each.id != consultation.id and each.created_at <= consultation.created_at]
    return find_person_differences(consultation.answers, earlier)


def _facts_text(differences: Sequence[PersonDifference]) -> str:
    """Return what is confirmed, so that other answers are confirmed again."""
    return " ".join(f"{each.field}={each.now}" for each in differences)


def _download_case(request: ClinicRequest) -> Response:
    """The form as a case file; a photograph goes with `--photo`, and who the patient is stands nowhere in it."""
    consultation = request.repositories.consultations.export(request.path_parameter("consultation"))
    about = "".join(f"# {render_message(f'clinic.case-about-{number}')}\n" for number in (1, 2))
    facts = read_history(request.repositories, consultation.patient_id).facts
    sent = join_history(consultation.answers, facts, now())
    own = [own.name for own in request.repositories.own_devices.read().own]
    content = about + "\n" + tomli_w.dumps(case_tables_of(sent, own))
    date = to_local_time(now()).date().isoformat()
    return request.download(content.encode(), f"case-{date}.toml", "application/toml")


def _download_photograph(request: ClinicRequest) -> Response:
    photograph, content = request.repositories.photographs.read_content(request.path_parameter("photograph"))
    return Response(content, media_type=photograph.media_type)


def _show_permissions(request: ClinicRequest, error: InputError | None = None) -> Response:
    photograph = request.repositories.photographs.get(request.path_parameter("photograph"))
    return request.page("uses.html", error=error, photograph=photograph)


def _save_permissions(request: ClinicRequest) -> Response:
    """Change what a photograph may be used for; that is possible at any time, of a closed consultation, too."""
    permissions = PhotographPermissions(
        **{use.name: request.text(f"use.{use.name}") == "true" for use in fields(PhotographPermissions)}
    )
    id, version = request.path_parameter("photograph"), request.text("version")
    changed = request.repositories.photographs.set_permissions(id, permissions, version=version)
    return request.redirect(f"/consultations/{changed.consultation_id}")


def image_type(upload: UploadedFile) -> str:
    """Return the media type of an image by its first bytes; the file name is ignored."""
    return next((kind for start, kind in _IMAGE_SIGNATURES.items() if upload.content.startswith(start)), "unknown")


def readable_type(upload: UploadedFile) -> str:
    """Return the media type of an image that a guest sent; it may be one that browsers do not show.

    Raises
    ------
    InputError : it cannot be read.
    """
    kind = image_type(upload)
    if kind in PAGE_MEDIA_TYPES:
        return kind
    with PHOTOGRAPH_LOCK:
        decode_photograph(upload.content, name=PHOTOGRAPH_FILE)
    return OTHER_PICTURE
