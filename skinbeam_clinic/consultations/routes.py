"""A consultation: the form bound to a record, saved as it is filled in, and its plan, which is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import tomli_w
from fastapi.responses import JSONResponse, Response

from skinbeam.app.case import case_of
from skinbeam.app.clinic.answers import REVISION, differences, kept_answers, sent_answers, submission_of
from skinbeam.app.clinic.apart import PHOTOGRAPH
from skinbeam.app.clinic.course.history import joined, recorded_history
from skinbeam.app.clinic.course.told import fact_told
from skinbeam.app.clinic.gate import Gate
from skinbeam.app.clinic.visit import Upload, Visit, status_of
from skinbeam.app.clinic.worker import PLAN
from skinbeam.app.forms import Submission
from skinbeam.app.live import live_page
from skinbeam.app.pages import form_page
from skinbeam.app.points import ONE_PHOTOGRAPH, ShownFace, shown_face
from skinbeam.errors import InputError
from skinbeam.messages import Message, retold, spoken, text
from skinbeam.photo.reading.read import decode
from skinbeam.records.desk.consultations import State
from skinbeam.records.faults import ConflictError
from skinbeam.records.kept import Consultation, Permissions
from skinbeam.records.roles import Act
from skinbeam.records.store.columns import now
from skinbeam.records.suggested import SuggestedConcern
from skinbeam.schema.names import table

__all__ = ["add_consultations", "conflict_page", "filled_form", "kind_of", "saved_answers"]

_KINDS = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png", b"RIFF": "image/webp"}


def add_consultations(gate: Gate) -> None:
    """Open the routes of consultations."""
    gate.add("GET", "/consultations/{consultation}", _form)
    gate.add("POST", "/consultations/{consultation}/answers", _save)
    gate.add("POST", "/suitability", _suitability)
    gate.add("POST", "/consultations/{consultation}/plan", _plan)
    gate.add("POST", "/consultations/{consultation}/closing", _close)
    gate.add("POST", "/consultations/{consultation}/opening", _reopen)
    gate.add("GET", "/consultations/{consultation}/case.toml", _case)
    gate.add("GET", "/photographs/{photograph}", _photograph)
    gate.add("GET", "/photographs/{photograph}/uses", _uses)
    gate.add("POST", "/photographs/{photograph}/uses", _set_uses)


def _form(visit: Visit) -> Response:
    kept = visit.desk.consultations.get(visit.path("consultation"))
    if "points" not in visit.request.query_params:
        return visit.html(filled_form(visit, kept))
    try:
        return visit.html(_page(visit, kept, submission_of(kept.answers), None, face=_face(visit, kept)))
    except InputError as error:
        return visit.html(filled_form(visit, kept, error), status_of(error))


def _face(visit: Visit, kept: Consultation) -> ShownFace | None:
    """The photograph of the answers with the points of its face; None without a photograph.

    Raises
    ------
    InputError : it cannot be read.
    """
    sent = submission_of(kept.answers)
    if not sent.photo:
        return None
    with ONE_PHOTOGRAPH:
        _, content = visit.desk.photographs.content(sent.photo)
        return shown_face(decode(content, name=PHOTOGRAPH), sent)


def filled_form(visit: Visit, kept: Consultation, error: InputError | None = None) -> str:
    """Return the form with the answers that are kept, and what is wrong with them."""
    return _page(visit, kept, submission_of(kept.answers), error)


def _page(
    visit: Visit,
    kept: Consultation,
    sent: Submission,
    error: InputError | None,
    *,
    conflict: bool = False,
    face: ShownFace | None = None,
) -> str:
    """The form with these answers; after a conflict with those that were saved meanwhile beside them."""
    desk, here = visit.desk, f"/consultations/{kept.id}"
    return form_page(
        sent,
        None if conflict else error,
        action=f"{here}/plan",
        template="clinic/consultation.html",
        read_only=kept.state == State.CLOSED or not visit.may(Act.WRITE),
        face=face,
        here=here,
        kept=kept,
        conflict=differences(sent, submission_of(kept.answers)) if conflict else None,
        told=error if conflict else None,
        patient=desk.patients.get(kept.patient_id),
        photographs=desk.photographs.of(kept.id),
        plans=desk.plans.of(kept.id)[::-1],
        suggestions=tuple(map(_suggestion_shown, desk.suggestions.of(kept.id))),
        nothing_suggested=visit.request.query_params.get("suggested") == "none",
        recorded=tuple(map(fact_told, recorded_history(desk, kept.patient_id))),
        **visit.around(),
    )


@dataclass(frozen=True)
class _Shown:
    """A suggestion as the page tells it."""

    id: str
    title: str
    seen: tuple[str, ...]
    decision: str


def _suggestion_shown(one: SuggestedConcern) -> _Shown:
    """Return a suggestion in words."""
    condition = retold(table("condition")[one.condition]["title"])
    site = retold(table("site")[one.site]["title"])
    title = text("suggest.concern", {"condition": condition, "site": site.lower()})
    decision = "" if one.decision is None else text(f"suggest.{one.decision}", {"by": one.decided_by})
    return _Shown(one.id, title, tuple(_message(told).text for told in one.told), decision)


def _message(told: Any) -> Message:
    """The message of its JSON; its parameters may be messages."""
    params = {name: _message(one) if isinstance(one, Mapping) else one for name, one in told["params"].items()}
    return Message(told["id"], params)


def _save(visit: Visit) -> Response:
    """Save, and tell a page that saves by itself the new revision; a conflict comes back as the form with both."""
    try:
        kept = saved_answers(visit)
    except ConflictError as error:
        return conflict_page(visit, error)
    if "application/json" in visit.request.headers.get("accept", ""):
        return JSONResponse(
            {"revision": kept.revision, "photograph": kept.answers["photograph"] if "photo" in visit.uploads else ""}
        )
    asked = "?points=" if "points" in visit.request.query_params else ""
    return visit.go(f"/consultations/{kept.id}{asked}")


def saved_answers(visit: Visit) -> Consultation:
    """Save what stands in the form, with a photograph that came with it.

    Raises
    ------
    ConflictError : somebody else saved since.
    """
    id, desk, revision = visit.path("consultation"), visit.desk, visit.said(REVISION)
    upload = visit.uploads.get("photo")
    photograph = ""
    if upload is not None:
        photograph = desk.photographs.add(id, upload.content, kind_of(upload), Permissions()).id
    answers = kept_answers(sent_answers(visit.sent, photograph))
    return desk.consultations.save(id, answers, revision=int(revision[:9]) if revision.isdecimal() else 0)


def conflict_page(visit: Visit, error: ConflictError) -> Response:
    """Return the form with both answers."""
    kept = visit.desk.consultations.get(visit.path("consultation"))
    return visit.html(_page(visit, kept, sent_answers(visit.sent), error, conflict=True), status_of(error))


def _close(visit: Visit) -> Response:
    """Save what stands in the form, and close it."""
    try:
        kept = saved_answers(visit)
        visit.desk.consultations.close(kept.id, revision=kept.revision)
    except ConflictError as error:
        return conflict_page(visit, error)
    return visit.go(f"/consultations/{kept.id}")


def _reopen(visit: Visit) -> Response:
    return visit.go(f"/consultations/{visit.desk.consultations.reopen(visit.path('consultation')).id}")


def _suitability(visit: Visit) -> Response:
    """Nothing of a record is read or kept: what was sent is judged."""
    return visit.html(live_page(sent_answers(visit.sent)))


def _plan(visit: Visit) -> Response:
    """Save the answers, and ask for their plan; what is wrong with them is said at once."""
    try:
        kept = saved_answers(visit)
    except ConflictError as error:
        return conflict_page(visit, error)
    try:
        case_of(joined(submission_of(kept.answers), recorded_history(visit.desk, kept.patient_id)), Path())
        names = {"consultation": kept.id, "revision": kept.revision, "language": spoken()}
        job = visit.desk.jobs.add(PLAN, names)
    except InputError as error:
        return visit.html(filled_form(visit, kept, error), status_of(error))
    visit.house.worker.wake()
    return visit.go(f"/jobs/{job.id}")


def _case(visit: Visit) -> Response:
    """The form as a case file; a photograph goes with `--photo`, and who the patient is stands nowhere in it."""
    kept = visit.desk.consultations.export(visit.path("consultation"))
    about = "".join(f"# {text(f'clinic.case-about-{number}')}\n" for number in (1, 2))
    sent = joined(submission_of(kept.answers), recorded_history(visit.desk, kept.patient_id))
    content = about + "\n" + tomli_w.dumps(sent.tables)
    date = now().date().isoformat()
    return visit.download(content.encode(), f"case-{date}.toml", "application/toml")


def _photograph(visit: Visit) -> Response:
    photograph, content = visit.desk.photographs.content(visit.path("photograph"))
    return Response(content, media_type=photograph.media_type)


def _uses(visit: Visit) -> Response:
    return visit.page("uses.html", one=visit.desk.photographs.get(visit.path("photograph")))


def _set_uses(visit: Visit) -> Response:
    """Change what a photograph may be used for; that is possible at any time, of a closed consultation, too."""
    permissions = Permissions(**{use.name: visit.said(f"use.{use.name}") == "true" for use in fields(Permissions)})
    changed = visit.desk.photographs.permit(visit.path("photograph"), permissions)
    return visit.go(f"/consultations/{changed.consultation_id}")


def kind_of(upload: Upload) -> str:
    """Return the kind of a picture, by how it begins; what its name says counts for nothing."""
    return next((kind for start, kind in _KINDS.items() if upload.content.startswith(start)), "unknown")
