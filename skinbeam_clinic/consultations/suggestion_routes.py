"""Routes of suggested concerns: analyse a photograph on request, and accept or dismiss each suggestion."""

import tempfile
from functools import partial
from pathlib import Path

from fastapi.responses import Response

from skinbeam.model.atomic_files import work_folder
from skinbeam.model.errors import InputError
from skinbeam.model.estimate import Unknown
from skinbeam.photo.analysis import PhotoAnalysis, analyse_photograph
from skinbeam.photo.decoding.photograph import read_photograph
from skinbeam.photo.findings.finding import group_suggested, suggest_concerns
from skinbeam.text import render_message
from skinbeam_clinic.consultations.face_points import PHOTOGRAPH_LOCK, read_points
from skinbeam_clinic.consultations.forms import Submission, parse_row_field
from skinbeam_clinic.consultations.photograph_marks import add_found_marks
from skinbeam_clinic.consultations.routes import save_answers, show_conflict, show_filled_form
from skinbeam_clinic.consultations.suggestion_marks import suggestion_support
from skinbeam_clinic.consultations.suggestions import SuggestedConcern, SuggestionContent, SuggestionDecision
from skinbeam_clinic.errors import ConflictError, clinic_error
from skinbeam_clinic.models import ConsultationRecord
from skinbeam_clinic.web.request import ClinicRequest
from skinbeam_clinic.web.routing import ClinicRouter

__all__ = ["add_suggestion_routes"]

_PHOTOGRAPH_FILE = "photograph"  # error messages name this file


def add_suggestion_routes(router: ClinicRouter) -> None:
    """Open the routes of suggestions."""
    here = "/consultations/{consultation}/suggestions"
    router.add("POST", here, _read_suggestions, form=show_conflict)
    for decision in SuggestionDecision:
        handler = partial(_decide_suggestion, decision)
        router.add("POST", f"{here}/{{suggestion}}/{decision}", handler, form=show_conflict)


def _read_suggestions(request: ClinicRequest) -> Response:
    """Save what stands in the form, read its photograph, and keep what it suggests."""
    consultation = save_answers(request)
    here, photographs = f"/consultations/{consultation.id}", request.repositories.photographs.of(consultation.id)
    try:
        if not photographs:
            raise _suggestion_error("no-photograph", render_message("suggest.no-photograph"))
        photograph = consultation.answers.photo or photographs[-1].id
        analysis = _analyse(request, photograph, consultation.answers)
        _save_marks(request, consultation, photograph, analysis)
        suggestions = request.repositories.suggestions.add(consultation.id, photograph, _suggest_concerns(analysis))
    except ConflictError as error:  # somebody saved during the analysis
        return show_conflict(request, error, consultation.answers)
    except InputError as error:
        return show_filled_form(request, consultation, error)
    return request.redirect(f"{here}#suggested" if suggestions else f"{here}?suggested=none#photograph")


def _save_marks(
    request: ClinicRequest, consultation: ConsultationRecord, photograph: str, analysis: PhotoAnalysis
) -> None:
    """Save the answers with the marks that were found, if the photograph is that of the form."""
    if (
        consultation.answers.photo == photograph
        and (marked := add_found_marks(consultation.answers, analysis)) != consultation.answers
    ):
        request.repositories.consultations.save(consultation.id, marked, revision=consultation.revision)


def _analyse(request: ClinicRequest, photograph: str, submission: Submission) -> PhotoAnalysis:
    """Analyse a photograph by the points that were set on it, if it is that of the form.

    Raises
    ------
    InputError : the photograph or its points cannot be read, or it shows no usable face.
    """
    points = read_points(submission) if submission.photo == photograph else None
    _, content = request.repositories.photographs.read_content(photograph)
    with PHOTOGRAPH_LOCK, work_folder(Path(tempfile.gettempdir()), "skinbeam-clinic") as home:
        file = home / _PHOTOGRAPH_FILE
        file.write_bytes(content)
        analysis = analyse_photograph(read_photograph(file), points=points)
    if isinstance(analysis.skin, Unknown):
        raise _suggestion_error("photograph-not-usable", analysis.skin.reason)
    return analysis


def _suggest_concerns(analysis: PhotoAnalysis) -> list[SuggestionContent]:
    """Return what a photograph suggests."""
    assert not isinstance(analysis.skin, Unknown)
    behind = group_suggested(analysis.skin.findings)
    return [
        SuggestionContent(
            condition=concern.condition,
            site=concern.site,
            findings=tuple(seen.english for seen in concern.seen),
            messages=concern.seen,
            severity=concern.severity or "",
            finding_regions=tuple(
                (finding.kind, finding.region) for finding in behind[concern.condition, concern.site]
            ),
            to_be_seen=sum(finding.to_be_seen or 0 for finding in behind[concern.condition, concern.site]),
        )
        for concern in suggest_concerns(analysis.skin.findings)
    ]


def _decide_suggestion(decision: SuggestionDecision, request: ClinicRequest) -> Response:
    """Save what stands in the form, with an accepted suggestion as one more concern, and the decision."""
    name = request.path_parameter("suggestion")
    shown = request.repositories.suggestions.of(request.path_parameter("consultation"))
    suggestion = next((concern for concern in shown if concern.id == name), None)
    if suggestion is None:
        raise clinic_error("absent", "suggestion")
    consultation = save_answers(request)
    if suggestion.decision is None and decision == SuggestionDecision.ACCEPTED:
        support = suggestion_support(suggestion, consultation.answers)
        if support is not None and not support.is_enough:  # its marks were struck in the form that was just sent
            error = clinic_error("too-few-marks", "suggestion", counted=support.counted, count=support.marks)
            return show_filled_form(request, consultation, error)
        severity = suggestion.severity if support is None else support.severity
        consultation = _add_concern(request, consultation, suggestion, severity)
    request.repositories.suggestions.decide(suggestion.id, decision)
    return request.redirect(f"/consultations/{consultation.id}#suggested")


def _add_concern(
    request: ClinicRequest, consultation: ConsultationRecord, suggestion: SuggestedConcern, severity: str
) -> ConsultationRecord:
    """Save the answers with the suggested concern in the first free place; one that stands there already stays."""
    sent = consultation.answers
    if any(
        (table.get("condition"), table.get("site")) == (suggestion.condition, suggestion.site)
        for table in sent.tables.get("concern", ())
    ):
        return consultation
    used = {row.number for name, _ in sent.entries if (row := parse_row_field(name)) and row.kind == "concern"}
    place = next(number for number in range(len(used) + 1) if number not in used)
    added = {"condition": suggestion.condition, "site": suggestion.site, "severity": severity}
    entries = tuple((f"concern.{place}.{key}", value) for key, value in added.items() if value)
    answers = Submission((*sent.entries, *entries), sent.photo)
    return request.repositories.consultations.save(consultation.id, answers, revision=consultation.revision)


def _suggestion_error(code: str, message: str) -> InputError:
    return InputError(code, message, field="photo", hint=render_message("suggest.hint"))
