"""What a photograph suggests to treat: read when a clinician asks, and each taken over as a concern or dismissed."""

import tempfile
from pathlib import Path

from fastapi.responses import Response

from skinbeam.app.clinic.answers import kept_answers, submission_of
from skinbeam.app.clinic.consultations import conflict_page, filled_form, saved_answers
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Visit, status_of
from skinbeam.app.forms import Submission, row_of
from skinbeam.app.points import ONE_PHOTOGRAPH, points_of
from skinbeam.errors import InputError
from skinbeam.estimate import Unknown
from skinbeam.files.unfinished import work_folder
from skinbeam.messages import Message, text
from skinbeam.photo.findings.suggestion import suggested
from skinbeam.photo.look import look_at
from skinbeam.photo.reading.read import read
from skinbeam.records.faults import ConflictError, fault
from skinbeam.records.kept import Consultation
from skinbeam.records.suggested import Decision, SuggestedConcern

__all__ = ["add_suggestions"]

_PHOTOGRAPH = "photograph"  # this name is told in complaints


def add_suggestions(gate: Gate) -> None:
    """Open the routes of suggestions."""
    gate.add("POST", "/consultations/{consultation}/suggestions", _look)
    gate.add("POST", "/consultations/{consultation}/suggestions/{suggestion}/kept", _keep)
    gate.add("POST", "/consultations/{consultation}/suggestions/{suggestion}/dismissed", _dismiss)


def _look(visit: Visit) -> Response:
    """Save what stands in the form, read its photograph, and keep what it suggests."""
    try:
        kept = saved_answers(visit)
    except ConflictError as error:
        return conflict_page(visit, error)
    here, photographs = f"/consultations/{kept.id}", visit.desk.photographs.of(kept.id)
    try:
        if not photographs:
            raise _refused("no-photograph", text("suggest.no-photograph"))
        photograph = kept.answers.get("photograph") or photographs[-1].id
        found = visit.desk.suggestions.add(
            kept.id, photograph, _suggestions(visit, photograph, submission_of(kept.answers))
        )
    except InputError as error:
        return visit.html(filled_form(visit, kept, error), status_of(error))
    return visit.go(f"{here}#suggested" if found else f"{here}?suggested=none#photograph")


def _suggestions(visit: Visit, photograph: str, sent: Submission) -> list[dict[str, object]]:
    """What a photograph suggests, by the points that were set on it if it is that of the form.

    Raises
    ------
    InputError : it or its points cannot be read, or it shows no face that can be used.
    """
    points = points_of(sent) if sent.photo == photograph else None
    with ONE_PHOTOGRAPH, work_folder(Path(tempfile.gettempdir()), "skinbeam-clinic") as home:
        file = home / _PHOTOGRAPH
        file.write_bytes(visit.desk.photographs.content(photograph)[1])
        skin = look_at(read(file), points=points).skin
    if isinstance(skin, Unknown):
        raise _refused("photograph-not-usable", skin.reason)
    return [{**one.as_record(), "told": [_told(seen) for seen in one.seen]} for one in suggested(skin.findings)]


def _told(message: Message) -> dict[str, object]:
    """A message as JSON, so that it can be said in every language later."""
    params = {name: _told(one) if isinstance(one, Message) else one for name, one in message.params.items()}
    return {"id": message.id, "params": params}


def _keep(visit: Visit) -> Response:
    """Save what stands in the form with the suggestion as one more concern."""
    return _decide(visit, Decision.KEPT)


def _dismiss(visit: Visit) -> Response:
    """Save what stands in the form, and say that the suggestion was dismissed."""
    return _decide(visit, Decision.DISMISSED)


def _decide(visit: Visit, decision: Decision) -> Response:
    name = visit.path("suggestion")
    shown = visit.desk.suggestions.of(visit.path("consultation"))
    suggestion = next((one for one in shown if one.id == name), None)
    if suggestion is None:
        raise fault("absent", "suggestion")
    try:
        kept = saved_answers(visit)
        if suggestion.decision is None and decision == Decision.KEPT:
            kept = _with_concern(visit, kept, suggestion)
        visit.desk.suggestions.decide(suggestion.id, decision)
    except ConflictError as error:
        return conflict_page(visit, error)
    return visit.go(f"/consultations/{kept.id}#suggested")


def _with_concern(visit: Visit, kept: Consultation, suggestion: SuggestedConcern) -> Consultation:
    """Save the answers with the suggested concern in the first free place; one that stands there already stays."""
    sent = submission_of(kept.answers)
    if any(
        (one.get("condition"), one.get("site")) == (suggestion.condition, suggestion.site)
        for one in sent.tables.get("concern", ())
    ):
        return kept
    used = {row.number for name, _ in sent.entries if (row := row_of(name)) and row.kind == "concern"}
    place = next(number for number in range(len(used) + 1) if number not in used)
    added = {"condition": suggestion.condition, "site": suggestion.site, "severity": suggestion.severity}
    entries = tuple((f"concern.{place}.{key}", value) for key, value in added.items() if value)
    answers = kept_answers(Submission((*sent.entries, *entries), sent.photo))
    return visit.desk.consultations.save(kept.id, answers, revision=kept.revision)


def _refused(code: str, message: str) -> InputError:
    return InputError(code, message, field="photo", hint=text("suggest.hint"))
